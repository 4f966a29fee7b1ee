//! Clock and critical path in the report of nextpnr.

use crate::shell::TaskError;
use serde_json::Value;

/// What placing and routing gave.
#[derive(Debug, PartialEq)]
pub struct Timing {
    /// Highest clock, MHz.
    pub mhz: f64,
    /// Register that the critical path leaves.
    from: String,
    /// Register or cell that it ends in.
    to: String,
    /// Cells of logic on the way.
    levels: usize,
    /// Nanoseconds in cells, set-up included.
    logic_ns: f64,
    /// Nanoseconds between cells.
    routing_ns: f64,
}

impl Timing {
    /// Reads a report with one clock.
    pub fn read(report: &Value) -> Result<Self, TaskError> {
        let error = |what: &str| TaskError::Check(format!("report of nextpnr: {what}"));
        let clocks = report["fmax"].as_object().ok_or_else(|| error("no clocks"))?;
        let achieved = clocks.values().filter_map(|clock| clock["achieved"].as_f64());
        let mhz = achieved.min_by(f64::total_cmp).ok_or_else(|| error("no clock has a frequency"))?;
        let paths = report["critical_paths"].as_array().ok_or_else(|| error("no critical paths"))?;
        let of_clock = |end: &Value| end.as_str().is_some_and(|end| end.starts_with("posedge"));
        let path = paths.iter().find(|path| of_clock(&path["from"]) && of_clock(&path["to"]));
        let steps = path.and_then(|path| path["path"].as_array()).ok_or_else(|| error("no path between registers"))?;
        let sum = |wanted: fn(&str) -> bool| -> f64 {
            let steps = steps.iter().filter(|step| step["type"].as_str().is_some_and(wanted));
            steps.filter_map(|step| step["delay"].as_f64()).sum()
        };
        let cell = |step: Option<&Value>, end: &str| {
            let name = step.and_then(|step| step[end]["cell"].as_str()).ok_or_else(|| error("a path without cells"))?;
            Ok::<_, TaskError>(plain(name))
        };
        Ok(Self {
            mhz,
            from: cell(steps.first(), "from")?,
            to: cell(steps.last(), "to")?,
            levels: steps.iter().filter(|step| step["type"] == "logic").count(),
            logic_ns: sum(|kind| kind != "routing"),
            routing_ns: sum(|kind| kind == "routing"),
        })
    }

    /// The path in words.
    pub fn path(&self) -> String {
        format!(
            "`{}` to `{}`, {} levels, {:.1} ns in cells and {:.1} ns between them",
            self.from, self.to, self.levels, self.logic_ns, self.routing_ns
        )
    }
}

/// A cell's name without what synthesis appended to the register's.
fn plain(name: &str) -> String {
    let end = ["_TRELLIS_FF", "_LUT4", "_PFUMX", "_L6MUX21", "$"].iter().filter_map(|mark| name.find(mark)).min();
    name[..end.unwrap_or(name.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Value {
        let step = |kind: &str, delay: f64, from: &str, to: &str| json!({"type": kind, "delay": delay, "from": {"cell": from, "port": "Q"}, "to": {"cell": to, "port": "D"}});
        json!({
            "fmax": {"$glbnet$clk_i": {"achieved": 160.5, "constraint": 200.0}},
            "critical_paths": [
                {"from": "<async>", "to": "posedge $glbnet$clk_i", "path": []},
                {"from": "posedge $glbnet$clk_i", "to": "posedge $glbnet$clk_i", "path": [
                    step("clk-to-q", 0.5, "copy_0.ones_q_TRELLIS_FF_Q_3", "copy_0.ones_q_TRELLIS_FF_Q_3"),
                    step("routing", 1.5, "copy_0.ones_q_TRELLIS_FF_Q_3", "sum$ccu2c"),
                    step("logic", 0.5, "sum$ccu2c", "sum$ccu2c"),
                    step("routing", 2.0, "sum$ccu2c", "copy_0.distance_q_TRELLIS_FF_Q"),
                    step("setup", 0.25, "copy_0.distance_q_TRELLIS_FF_Q", "copy_0.distance_q_TRELLIS_FF_Q"),
                ]},
            ],
        })
    }

    #[test]
    fn the_path_between_registers_is_read() {
        let timing = Timing::read(&report()).unwrap();
        assert!((timing.mhz - 160.5).abs() < 1e-9, "{timing:?}");
        assert_eq!(
            timing.path(),
            "`copy_0.ones_q` to `copy_0.distance_q`, 1 levels, 1.2 ns in cells and 3.5 ns between them"
        );
    }

    #[test]
    fn reports_without_a_clock_or_path_are_refused() {
        let mut clockless = report();
        clockless["fmax"] = json!({});
        assert!(Timing::read(&clockless).unwrap_err().to_string().contains("no clock has a frequency"));
        let mut pathless = report();
        pathless["critical_paths"] = json!([]);
        assert!(Timing::read(&pathless).unwrap_err().to_string().contains("no path between registers"));
    }
}
