//! Runs of yosys over the files of hdl/hdl.f.

use crate::shell::{TaskError, hdl_files, read, root, run, tool, write};
use crate::synth::Netlist;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// Device families that yosys maps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// UltraScale+: the vendor's primitives of hdl/prim are in use.
    UltraScalePlus,
    /// 7 series: everything is inferred, for some of those primitives do not exist there.
    Series7,
}

impl Family {
    /// As `synth_xilinx -family` wants it.
    fn name(self) -> &'static str {
        match self {
            Self::UltraScalePlus => "xcup",
            Self::Series7 => "xc7",
        }
    }
}

/// One piece of hardware to be synthesised.
#[derive(Debug, Clone)]
pub struct Run {
    /// Name in the report, and of the files.
    pub name: String,
    /// Module.
    pub top: String,
    /// Parameters of the module.
    pub parameters: Vec<(String, String)>,
    /// Modules inside that are left out.
    pub outside: &'static [&'static str],
    /// What to map to.
    pub family: Family,
}

impl Run {
    /// A whole module for UltraScale+, flattened.
    pub fn whole(top: &str) -> Self {
        Self {
            name: top.to_owned(),
            top: top.to_owned(),
            parameters: Vec::new(),
            outside: &[],
            family: Family::UltraScalePlus,
        }
    }

    /// Commands for yosys: those that read the sources into one file, and those that map that to the device and count.
    fn scripts(&self, sources: &Sources, elaborated: &str, statistics: &str) -> [String; 2] {
        let (define, options) = match self.family {
            Family::UltraScalePlus => (" -D WHORL_XILINX", " -uram"),
            Family::Series7 => ("", ""),
        };
        let read = sources.read(&self.top, &self.parameters, self.outside, define);
        let (family, top) = (self.family.name(), &self.top);
        [
            format!("{read}; write_rtlil {elaborated}"),
            format!(
                "read_rtlil {elaborated}; synth_xilinx -family {family} -noiopad -noclkbuf{options} -flatten -top {top}; \
                 tee -q -o {statistics} stat -json -top {top}"
            ),
        ]
    }

    /// Synthesises, with a line of progress, and returns the cells. What an earlier call made of the same files with the
    /// same commands is taken over.
    pub fn netlist(&self, sources: &Sources) -> Result<Netlist, TaskError> {
        let start = Instant::now();
        let statistics = format!("target/synth/{}.stat.json", self.name);
        let elaborated = format!("target/synth/{}.il", self.name);
        let scripts = self.scripts(sources, &elaborated, &statistics);
        let tools = read(&root().join("tools/requirements.in"))?;
        let key = format!("{}\n{tools}\n{}\n", sources.hash()?, scripts.join("\n"));
        let key_file = root().join(format!("target/synth/{}.key", self.name));
        let known = fs::read_to_string(&key_file).is_ok_and(|text| text == key);
        if !known {
            write(&key_file, "being made\n")?;
            yosys(&format!("{}-read", self.name), &scripts[0])?;
            let elaborated = root().join(elaborated);
            write(&elaborated, &without_parameters(&read(&elaborated)?, self.outside))?;
            yosys(&self.name, &scripts[1])?;
            write(&key_file, &key)?;
        }
        let text = read(&root().join(statistics))?;
        let how = if known { "known".to_owned() } else { format!("in {} s", start.elapsed().as_secs()) };
        eprintln!("synth: {} for {} {how}", self.name, self.family.name());
        Ok(Netlist::parse(&text)?)
    }
}

/// The files that synthesis reads.
#[derive(Debug)]
pub struct Sources {
    files: Vec<String>,
    /// Models of the vendor's primitives, named after them: read for their ports alone.
    primitives: Vec<String>,
}

impl Sources {
    /// From hdl/hdl.f and the folder of models.
    pub fn find() -> Result<Self, TaskError> {
        let files = hdl_files()?;
        let folder = root().join("testbench/vendor");
        let mut primitives = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path: PathBuf = entry.map_err(TaskError::file(&folder))?.path();
            if let (Some("sv"), Some(stem)) = (path.extension().and_then(|e| e.to_str()), path.file_stem()) {
                primitives.push(stem.to_string_lossy().into_owned());
            }
        }
        primitives.sort();
        Ok(Self { files, primitives })
    }

    /// The command that reads all files and elaborates `top`.
    pub fn read(&self, top: &str, parameters: &[(String, String)], outside: &[&str], define: &str) -> String {
        let mut command = format!("read_slang --threads 1 -D SYNTHESIS{define} -I hdl/prim --top {top}");
        let boxes = self.primitives.iter().map(String::as_str).chain(outside.iter().copied());
        let words = parameters.iter().map(|(name, value)| format!("-G {name}={value}"));
        let words = words.chain(boxes.map(|module| format!("--blackboxed-module {module}")));
        let words = words.chain(self.files.iter().cloned());
        let words = words.chain(self.primitives.iter().map(|name| format!("testbench/vendor/{name}.sv")));
        for word in words {
            command.push(' ');
            command.push_str(&word);
        }
        command
    }

    /// A number that changes with the text of any of the files, and that no build of this program changes: FNV-1a.
    pub fn hash(&self) -> Result<String, TaskError> {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for file in &self.files {
            let path = root().join(file);
            let text = fs::read(&path).map_err(TaskError::file(&path))?;
            for byte in file.bytes().chain([0]).chain(text).chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Ok(format!("{hash:016x}"))
    }
}

/// RTLIL without the parameters of all instances of `modules`: those of a module that is left out mean nothing, and yosys
/// refuses them.
fn without_parameters(rtlil: &str, modules: &[&str]) -> String {
    let mut inside = false;
    let mut kept = String::with_capacity(rtlil.len());
    for line in rtlil.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("cell") => inside = words.next().is_some_and(|kind| modules.contains(&kind.trim_start_matches('\\'))),
            Some("end") => inside = false,
            Some("parameter") if inside => continue,
            _ => {}
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Runs commands in yosys from target/synth/NAME.ys, which stays there for a look.
pub fn yosys(name: &str, script: &str) -> Result<(), TaskError> {
    let folder = root().join("target/synth");
    fs::create_dir_all(&folder).map_err(TaskError::file(&folder))?;
    // A file, for the list of sources makes a long command. Its folder is below the working one, for a yosys in
    // WebAssembly sees no other.
    let name = format!("target/synth/{name}.ys");
    write(&root().join(&name), &script.replace("; ", "\n"))?;
    run(Command::new(tool("python")).args(["tools/yosys.py", "-q", "-q", "-s", &name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instances_left_out_lose_their_parameters() {
        let text = "module \\stream\n  cell \\engine \\a\n    parameter \\Rows 1\n    connect \\clk_i \\clk_i\n  end\n  \
                    cell \\LUT6 \\b\n    parameter \\INIT 5\n  end\nend\n";
        let want = text.replace("    parameter \\Rows 1\n", "");
        assert_eq!(without_parameters(text, &["engine"]), want);
        assert_eq!(without_parameters(text, &["collector"]), text);
    }
}
