//! A top for any module that puts registers before its inputs and behind its outputs and needs three pins.

use crate::shell::TaskError;
use serde_json::Value;
use std::fmt::Write;

/// A port of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    name: String,
    input: bool,
    width: usize,
}

impl Port {
    /// The ports of `module` in what `write_json` of yosys wrote.
    pub fn list(netlist: &Value, module: &str) -> Result<Vec<Self>, TaskError> {
        let error = |what: String| TaskError::Check(format!("ports of {module}: {what}"));
        let ports = netlist["modules"][module]["ports"].as_object();
        let ports = ports.ok_or_else(|| error("the netlist has none".to_owned()))?;
        let port = |(name, port): (&String, &Value)| {
            let input = match port["direction"].as_str() {
                Some("input") => true,
                Some("output") => false,
                _ => return Err(error(format!("{name} is neither input nor output"))),
            };
            let bits = port["bits"].as_array().ok_or_else(|| error(format!("{name} has no bits")))?;
            Ok(Self { name: name.clone(), input, width: bits.len() })
        };
        ports.iter().map(port).collect()
    }
}

/// Verilog of module `slice`: a shift register fills the inputs of all copies, each shifted by one place, so that no two
/// copies are merged; the outputs are registered and folded into one bit.
pub fn text(module: &str, ports: &[Port], copies: usize) -> String {
    let width_of = |input: bool| -> usize {
        ports.iter().filter(|p| p.input == input && p.name != "clk_i").map(|p| p.width).sum()
    };
    let (inputs, outputs) = (width_of(true) + copies - 1, width_of(false) * copies);
    let mut text = format!(
        "module slice(input clk_i, input serial_i, output serial_o);\n  \
         reg [{inputs}:0] inputs_q;\n  reg [{outputs}:0] outputs_q, folded_q;\n  wire [{outputs}:0] outputs;\n  \
         always @(posedge clk_i) begin\n    inputs_q <= {{inputs_q, serial_i}};\n    outputs_q <= outputs;\n    \
         folded_q <= {{folded_q, serial_i}} ^ outputs_q;\n  end\n  \
         assign serial_o = folded_q[{outputs}];\n  assign outputs[{outputs}] = 1'b0;\n",
    );
    let mut output = 0;
    for copy in 0..copies {
        let mut input = copy;
        let connections = ports.iter().map(|port| {
            let (place, bus) = match (port.name.as_str(), port.input) {
                ("clk_i", _) => return format!(".{} (clk_i)", escaped(&port.name)),
                (_, true) => (&mut input, "inputs_q"),
                (_, false) => (&mut output, "outputs"),
            };
            let low = *place;
            *place += port.width;
            format!(".{} ({bus}[{} +: {}])", escaped(&port.name), low, port.width)
        });
        let connections: Vec<_> = connections.collect();
        writeln!(text, "  {module} copy_{copy} ({});", connections.join(", ")).expect("text grows");
    }
    text + "endmodule\n"
}

/// Any name as a Verilog identifier.
fn escaped(name: &str) -> String {
    format!("\\{name} ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ports() -> Vec<Port> {
        let netlist = json!({"modules": {"lane": {"ports": {
            "clk_i": {"direction": "input", "bits": [2]},
            "gate_i": {"direction": "input", "bits": [3, 4, 5]},
            "key_o[0]": {"direction": "output", "bits": [6, 7]},
        }}}});
        Port::list(&netlist, "lane").unwrap()
    }

    #[test]
    fn copies_have_inputs_shifted_by_one_and_outputs_of_their_own() {
        let text = text("lane", &ports(), 2);
        assert!(
            text.contains(
                "lane copy_0 (.\\clk_i  (clk_i), .\\gate_i  (inputs_q[0 +: 3]), .\\key_o[0]  (outputs[0 +: 2]));"
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "lane copy_1 (.\\clk_i  (clk_i), .\\gate_i  (inputs_q[1 +: 3]), .\\key_o[0]  (outputs[2 +: 2]));"
            ),
            "{text}"
        );
        assert!(text.contains("reg [4:0] inputs_q;") && text.contains("wire [4:0] outputs;"), "{text}");
    }

    #[test]
    fn an_unknown_module_is_refused() {
        let error = Port::list(&json!({"modules": {}}), "lane").unwrap_err();
        assert_eq!(error.to_string(), "ports of lane: the netlist has none");
        let netlist = json!({"modules": {"lane": {"ports": {"pad": {"direction": "inout", "bits": [2]}}}}});
        assert!(Port::list(&netlist, "lane").unwrap_err().to_string().contains("pad"));
    }
}
