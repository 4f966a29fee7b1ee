//! What cells of Xilinx devices occupy, and the sum over a netlist that yosys counted.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::{Add, Mul};

/// LUTs that a cell of LUT memory occupies (UG474 and UG574, chapter "CLB"): a depth of 64 bits and one output per LUT, or
/// 32 bits and two outputs; each further read port doubles that.
const LUT_MEMORY: [(&str, u64); 26] = [
    ("CFGLUT5", 1),
    ("SRL16E", 1),
    ("SRLC16E", 1),
    ("SRLC32E", 1),
    ("RAM16X1D", 2),
    ("RAM16X1S", 1),
    ("RAM32M", 4),
    ("RAM32M16", 8),
    ("RAM32X16DR8", 8),
    ("RAM32X1D", 2),
    ("RAM32X1S", 1),
    ("RAM32X2S", 1),
    ("RAM64M", 4),
    ("RAM64M8", 8),
    ("RAM64X1D", 2),
    ("RAM64X1S", 1),
    ("RAM64X2S", 2),
    ("RAM64X8SW", 8),
    ("RAM128X1D", 4),
    ("RAM128X1S", 2),
    ("RAM256X1D", 8),
    ("RAM256X1S", 4),
    ("RAM512X1S", 8),
    ("ROM32X1", 1),
    ("ROM64X1", 1),
    ("ROM128X1", 2),
];

/// Cells that occupy nothing of what is counted here: constants, buffers, pads.
const FREE: [&str; 7] = ["GND", "VCC", "BUFG", "BUFGCTRL", "IBUF", "OBUF", "$scopeinfo"];

/// Why a netlist's statistics cannot be used.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum StatError {
    /// The text is no statistics of yosys.
    #[error("no statistics of yosys: {0}")]
    Syntax(String),
    /// A cell that this file has no size for; an unmapped operator is one.
    #[error("{count} cells of unknown type {cell}")]
    UnknownCell {
        /// Type of the cell.
        cell: String,
        /// So many of them.
        count: u64,
    },
    /// The statistics lack the module that was synthesised.
    #[error("no module {0}")]
    NoModule(String),
}

/// What a piece of hardware occupies.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// LUTs of logic. Each counts in full: two small functions are not packed into one LUT as a vendor's tool does.
    pub lut_logic: u64,
    /// LUTs of memory and shift registers.
    pub lut_memory: u64,
    /// Flip-flops.
    pub ff: u64,
    /// Carry chains in pieces of four bits.
    pub carry: u64,
    /// Wide multiplexers beside the LUTs.
    pub mux: u64,
    /// Halves of block RAM, 18 Kib each.
    pub bram18: u64,
    /// UltraRAM blocks.
    pub uram: u64,
    /// DSP slices.
    pub dsp: u64,
}

impl Usage {
    /// LUTs of both kinds.
    pub fn lut(&self) -> u64 {
        self.lut_logic + self.lut_memory
    }

    /// Block RAMs of 36 Kib.
    pub fn bram(&self) -> f64 {
        self.bram18 as f64 / 2.0
    }

    /// As the report shows it.
    pub fn to_json(self) -> Value {
        json!({
            "lut": self.lut(), "lut_logic": self.lut_logic, "lut_memory": self.lut_memory, "ff": self.ff,
            "carry": self.carry, "mux": self.mux, "bram": self.bram(), "uram": self.uram, "dsp": self.dsp,
        })
    }

    /// What `count` cells of one type occupy; `None` where the type is unknown.
    fn of(cell: &str, count: u64) -> Option<Self> {
        let nothing = Self::default();
        if let Some((_, luts)) = LUT_MEMORY.iter().find(|(name, _)| *name == cell) {
            return Some(Self { lut_memory: luts * count, ..nothing });
        }
        Some(match cell {
            "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" | "LUT6_2" | "INV" => {
                Self { lut_logic: count, ..nothing }
            }
            "FDRE" | "FDSE" | "FDCE" | "FDPE" | "FDRE_1" | "FDSE_1" | "FDCE_1" | "FDPE_1" => {
                Self { ff: count, ..nothing }
            }
            "CARRY4" => Self { carry: count, ..nothing },
            "CARRY8" => Self { carry: 2 * count, ..nothing },
            "MUXF7" | "MUXF8" | "MUXF9" => Self { mux: count, ..nothing },
            "RAMB18E1" | "RAMB18E2" => Self { bram18: count, ..nothing },
            "RAMB36E1" | "RAMB36E2" => Self { bram18: 2 * count, ..nothing },
            "URAM288" | "URAM288_BASE" => Self { uram: count, ..nothing },
            "DSP48E1" | "DSP48E2" => Self { dsp: count, ..nothing },
            _ if FREE.contains(&cell) => nothing,
            _ => return None,
        })
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            lut_logic: self.lut_logic + other.lut_logic,
            lut_memory: self.lut_memory + other.lut_memory,
            ff: self.ff + other.ff,
            carry: self.carry + other.carry,
            mux: self.mux + other.mux,
            bram18: self.bram18 + other.bram18,
            uram: self.uram + other.uram,
            dsp: self.dsp + other.dsp,
        }
    }
}

impl Mul<u64> for Usage {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self {
            lut_logic: self.lut_logic * times,
            lut_memory: self.lut_memory * times,
            ff: self.ff * times,
            carry: self.carry * times,
            mux: self.mux * times,
            bram18: self.bram18 * times,
            uram: self.uram * times,
            dsp: self.dsp * times,
        }
    }
}

/// The cells per module that `stat -json` of yosys lists.
#[derive(Debug)]
pub struct Netlist {
    /// Name and version of the program that counted.
    pub creator: String,
    modules: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Netlist {
    /// Reads the text of `stat -json`.
    pub fn parse(text: &str) -> Result<Self, StatError> {
        let value: Value = serde_json::from_str(text).map_err(|e| StatError::Syntax(e.to_string()))?;
        let modules =
            value["modules"].as_object().ok_or_else(|| StatError::Syntax("no object `modules`".to_owned()))?;
        let cells_of = |name: &str, module: &Value| {
            let cells = module["num_cells_by_type"].as_object();
            let cells = cells.ok_or_else(|| StatError::Syntax(format!("no cells of module {name}")))?;
            cells
                .iter()
                .map(|(cell, count)| count.as_u64().map(|count| (plain(cell), count)))
                .collect::<Option<_>>()
                .ok_or_else(|| StatError::Syntax(format!("a count of module {name} is no whole number")))
        };
        let modules = modules.iter().map(|(name, module)| Ok((plain(name), cells_of(name, module)?)));
        let creator = value["creator"].as_str().unwrap_or_default().split(" (").next().unwrap_or_default().to_owned();
        Ok(Self { creator, modules: modules.collect::<Result<_, _>>()? })
    }

    /// What `top` occupies with all below it. Instances of `outside` are left out.
    pub fn total(&self, top: &str, outside: &[&str]) -> Result<Usage, StatError> {
        let cells = self.modules.get(top).ok_or_else(|| StatError::NoModule(top.to_owned()))?;
        let mut sum = Usage::default();
        for (cell, &count) in cells {
            if let Some(usage) = Usage::of(cell, count) {
                sum = sum + usage;
            } else if self.modules.contains_key(cell) {
                sum = sum + self.total(cell, outside)? * count;
            } else if !outside.contains(&source_name(cell)) {
                return Err(StatError::UnknownCell { cell: cell.clone(), count });
            }
        }
        Ok(sum)
    }
}

/// A name without yosys' leading backslash.
fn plain(name: &str) -> String {
    name.strip_prefix('\\').unwrap_or(name).to_owned()
}

/// The module's name in the sources: elaboration appends `$` and the instance it was made for.
fn source_name(module: &str) -> &str {
    module.split('$').next().unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_LEVELS: &str = r#"{"creator": "Yosys", "modules": {
        "\\engine": {"num_cells": 5, "num_cells_by_type": {"lane$a": 2, "lane$b": 1, "LUT6_2": 3, "RAM32M16": 2, "GND": 1}},
        "\\lane$a": {"num_cells": 2, "num_cells_by_type": {"LUT2": 10, "FDRE": 4, "RAMB18E2": 1}},
        "\\lane$b": {"num_cells": 2, "num_cells_by_type": {"LUT1": 7, "CARRY8": 1, "RAMB36E2": 1, "DSP48E2": 2}}
    }}"#;

    #[test]
    fn sums_over_instances() {
        let usage = Netlist::parse(TWO_LEVELS).unwrap().total("engine", &[]).unwrap();
        let want = Usage {
            lut_logic: 3 + 2 * 10 + 7,
            lut_memory: 16,
            ff: 8,
            carry: 2,
            mux: 0,
            bram18: 2 + 2,
            uram: 0,
            dsp: 2,
        };
        assert_eq!(usage, want);
        assert_eq!((usage.lut(), usage.bram()), (46, 2.0));
    }

    #[test]
    fn an_elaborated_variant_is_summed_by_itself() {
        let netlist = Netlist::parse(TWO_LEVELS).unwrap();
        let total = |module: &str| netlist.total(module, &[]).unwrap();
        let lanes = total("lane$a") * 2 + total("lane$b");
        assert_eq!(lanes.lut_logic, 27);
        assert_eq!(total("engine"), lanes + Usage { lut_logic: 3, lut_memory: 16, ..Usage::default() });
    }

    #[test]
    fn black_boxes_are_left_out_and_nothing_else() {
        let text = r#"{"modules": {"\\stream": {"num_cells_by_type": {"engine$x": 8, "LUT3": 5}}}}"#;
        let netlist = Netlist::parse(text).unwrap();
        assert_eq!(netlist.total("stream", &["engine"]).unwrap().lut(), 5);
        let unknown = StatError::UnknownCell { cell: "engine$x".to_owned(), count: 8 };
        assert_eq!(netlist.total("stream", &["collector"]), Err(unknown));
    }

    #[test]
    fn an_operator_that_was_not_mapped_is_refused() {
        let text = r#"{"modules": {"\\lane": {"num_cells_by_type": {"$mul": 1}}}}"#;
        let error = Netlist::parse(text).unwrap().total("lane", &[]).unwrap_err();
        assert_eq!(error, StatError::UnknownCell { cell: "$mul".to_owned(), count: 1 });
    }

    #[test]
    fn other_text_is_refused() {
        assert!(matches!(Netlist::parse("ERROR: no such file"), Err(StatError::Syntax(_))));
        assert!(matches!(Netlist::parse(r#"{"modules": {"a": {}}}"#), Err(StatError::Syntax(_))));
        let text = r#"{"modules": {"a": {"num_cells_by_type": {"LUT1": -1}}}}"#;
        assert!(matches!(Netlist::parse(text), Err(StatError::Syntax(_))));
        let netlist = Netlist::parse(r#"{"modules": {}}"#).unwrap();
        assert_eq!(netlist.total("engine", &[]), Err(StatError::NoModule("engine".to_owned())));
    }
}
