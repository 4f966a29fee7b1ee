//! `cargo xtask mutate`: random faults in the RTL, and whether the benches find them.
//!
//! A fault is one change of one line of a module, in a copy of `hdl/`. It is found when the module's own bench or that
//! of a module that contains it fails, assertions included. Faults that do not elaborate are drawn again.

mod operators;

use crate::shell::{self, TaskError, read, root, tool, write};
use operators::{Mutation, mutations};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Folders whose modules are changed.
const FOLDERS: [&str; 2] = ["match", "queue"];
/// Faults found, in percent, that the benches must reach.
const WANTED: f64 = 95.0;
/// Benches of containing modules that are tried after a module's own.
const BENCHES_MAX: usize = 3;
/// Seconds of processor time after which a simulation is taken to hang: the fault is found. No sound bench and no run of the
/// compiler comes near, however busy the machine.
const PATIENCE: u32 = 90;
/// Survivors that are known, with the reason.
const KNOWN: &str = "testbench/mutants.txt";

/// Options of `cargo xtask mutate`.
#[derive(clap::Args)]
pub struct Options {
    /// Faults to try
    #[arg(long, default_value_t = 120)]
    count: usize,
    /// Other seeds are other faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Change this module only
    #[arg(long)]
    module: Option<String>,
    /// Faults tried at once
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Only print what would be tried
    #[arg(long)]
    list: bool,
}

/// One fault and where it is.
struct Mutant {
    file: PathBuf, // below hdl/
    mutation: Mutation,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// The bench that failed.
    Killed(String),
    Survived,
    /// It does not elaborate.
    Rejected,
}

/// Tries the faults and reports; fails below the wanted share.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let hdl = root().join("hdl");
    let modules = modules(&hdl)?;
    let parents = parents(&hdl)?;
    let mut all = Vec::new();
    for (name, file) in &modules {
        if options.module.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let path = hdl.join(file);
        let text = read(&path)?;
        all.extend(mutations(&text).into_iter().map(|mutation| Mutant { file: file.clone(), mutation }));
    }
    if all.is_empty() {
        return Err(TaskError::Check("no module of that name below hdl/match and hdl/queue".into()));
    }
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(options.seed));
    println!("{} possible faults in {} modules; trying {}", all.len(), modules.len(), options.count);
    if options.list {
        all.iter().take(options.count).for_each(|mutant| println!("{}", shown(mutant)));
        return Ok(());
    }

    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::<(usize, Verdict)>::new());
    let started = Instant::now();
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for job in 0..options.jobs.max(1) {
            let (next, verdicts, failed, all, parents) = (&next, &verdicts, &failed, &all, &parents);
            scope.spawn(move || {
                let copy = root().join(format!("target/mutate/{job}"));
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mutant) = all.get(nth) else { break };
                    // Counted under the lock, so that no job starts a fault too many.
                    let tried =
                        verdicts.lock().expect("no job panics").iter().filter(|v| v.1 != Verdict::Rejected).count();
                    if tried >= options.count || failed.lock().expect("no job panics").is_some() {
                        break;
                    }
                    match attempt(mutant, &copy, parents) {
                        Ok(verdict) => {
                            let minutes = started.elapsed().as_secs_f64() / 60.0;
                            println!("{:>4} {minutes:>5.1} min {verdict:?}: {}", tried + 1, shown(mutant));
                            verdicts.lock().expect("no job panics").push((nth, verdict));
                        }
                        Err(error) => *failed.lock().expect("no job panics") = Some(error),
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().expect("no job panics") {
        return Err(error);
    }
    report(options, &all, &verdicts.into_inner().expect("no job panics"))
}

/// Puts one fault into a copy of the sources and runs benches until one fails.
fn attempt(mutant: &Mutant, copy: &Path, parents: &BTreeMap<String, Vec<String>>) -> Result<Verdict, TaskError> {
    let hdl = copy.join("hdl");
    if hdl.exists() {
        fs::remove_dir_all(&hdl).map_err(TaskError::file(&hdl))?;
    }
    fs::create_dir_all(copy).map_err(TaskError::file(copy))?;
    shell::run(Command::new("cp").arg("-r").arg(root().join("hdl")).arg(&hdl))?;
    let path = hdl.join(&mutant.file);
    let text = read(&path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines[mutant.mutation.line] = &mutant.mutation.after;
    write(&path, &(lines.join("\n") + "\n"))?;

    let module = mutant.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if !elaborates(&hdl, &module)? {
        return Ok(Verdict::Rejected);
    }
    for bench in benches(&module, parents) {
        let status = Command::new("sh")
            .args(["-c", &format!("ulimit -t {PATIENCE}; exec \"$@\""), "sh"])
            .arg(tool("python"))
            .current_dir(root())
            .env("WHORL_HDL", &hdl)
            .env("WHORL_BUILDS", copy.join("builds"))
            // A fault often leaves a signal unused; that alone is not found by a bench.
            .env("WHORL_VERILATOR_OPTIONS", "-Wno-fatal")
            .args(["-m", "pytest", "-q", "-x", &format!("testbench/test_{bench}.py")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|source| TaskError::Start { program: "pytest".into(), source })?;
        if !status.success() {
            return Ok(Verdict::Killed(bench));
        }
    }
    Ok(Verdict::Survived)
}

fn elaborates(hdl: &Path, module: &str) -> Result<bool, TaskError> {
    let mut command = Command::new(tool("verilator"));
    command.current_dir(hdl.parent().unwrap_or(hdl)).args(["--lint-only", "-Wno-fatal", "--assert", "-Ihdl/prim"]);
    command.args(["--top-module", module, "hdl/lint/verilator.vlt", "-f", "hdl/hdl.f"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.map_err(|source| TaskError::Start { program: "verilator".into(), source })?;
    Ok(status.success())
}

/// The bench of `module`, then those of the modules around it, nearest first.
fn benches(module: &str, parents: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found = Vec::new();
    let mut level = vec![module.to_owned()];
    while !level.is_empty() && found.len() < BENCHES_MAX {
        let exists = |m: &&String| root().join(format!("testbench/test_{m}.py")).is_file();
        found.extend(level.iter().filter(exists).cloned());
        level = level.iter().flat_map(|m| parents.get(m).into_iter().flatten().cloned()).collect();
        level.sort();
        level.dedup();
    }
    found.truncate(BENCHES_MAX);
    found
}

/// Module names and files, relative to hdl/.
fn modules(hdl: &Path) -> Result<BTreeMap<String, PathBuf>, TaskError> {
    let mut found = BTreeMap::new();
    for folder in FOLDERS {
        let path = hdl.join(folder);
        for entry in fs::read_dir(&path).map_err(TaskError::file(&path))? {
            let file = entry.map_err(TaskError::file(&path))?.path();
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if file.extension().is_some_and(|e| e == "sv") {
                found.insert(name.clone(), Path::new(folder).join(format!("{name}.sv")));
            }
        }
    }
    Ok(found)
}

/// Who instantiates a module: module to the modules around it.
fn parents(hdl: &Path) -> Result<BTreeMap<String, Vec<String>>, TaskError> {
    let all = modules(hdl)?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (parent, file) in &all {
        let text = read(&hdl.join(file))?;
        for line in text.lines() {
            let first = line.split_whitespace().next().unwrap_or("");
            if first != parent && all.contains_key(first) && (line.contains(" #(") || line.contains(" i_")) {
                found.entry(first.to_owned()).or_default().push(parent.clone());
            }
        }
    }
    Ok(found)
}

fn shown(mutant: &Mutant) -> String {
    let mutation = &mutant.mutation;
    format!("hdl/{}:{}: {}: {}", mutant.file.display(), mutation.line + 1, mutation.what, mutation.after.trim())
}

fn report(options: &Options, all: &[Mutant], verdicts: &[(usize, Verdict)]) -> Result<(), TaskError> {
    let known = read(&root().join(KNOWN))?;
    let killed = verdicts.iter().filter(|v| matches!(v.1, Verdict::Killed(_))).count();
    let survivors: Vec<_> = verdicts.iter().filter(|v| v.1 == Verdict::Survived).map(|v| &all[v.0]).collect();
    // A known survivor changes nothing that can be seen; it is listed by the line that it leaves.
    let (equivalent, open): (Vec<_>, Vec<_>) = survivors.into_iter().partition(|mutant| {
        let file = format!("hdl/{}", mutant.file.display());
        known.lines().any(|line| {
            line.split_once(": ").is_some_and(|(place, _)| {
                place.strip_prefix(&file).is_some_and(|text| text.trim() == mutant.mutation.after.trim())
            })
        })
    });
    let tried = killed + open.len();
    let percent = 100.0 * killed as f64 / tried.max(1) as f64;
    println!(
        "{killed} of {tried} faults found, {percent:.1} %; {} more change nothing that can be seen",
        equivalent.len()
    );
    for mutant in &open {
        println!("survived: {}\n      was: {}", shown(mutant), mutant.mutation.before.trim());
    }
    let entries: Vec<_> = verdicts
        .iter()
        .map(|(nth, verdict)| json!({"fault": shown(&all[*nth]), "before": all[*nth].mutation.before.trim(), "verdict": format!("{verdict:?}")}))
        .collect();
    let value = json!({
        "seed": options.seed, "killed": killed, "survived": open.len(), "equivalent": equivalent.len(),
        "killed_percent": percent, "faults": entries,
    });
    write(&root().join("target/mutate/report.json"), &format!("{value:#}\n"))?;
    if percent >= WANTED {
        Ok(())
    } else {
        Err(TaskError::Check(format!("fewer than {WANTED} % of the faults were found")))
    }
}
