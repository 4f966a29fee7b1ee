//! `make demo`: the whole appliance on synthetic fingers, then on real templates where there are any.

use crate::card::SimulatedCard;
use crate::shell::{self, TaskError, output, root};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Options {
    /// The `whorl` program
    #[arg(long, default_value = "target/release/whorl")]
    whorl: PathBuf,
    /// Fingers of the synthetic gallery
    #[arg(long, default_value_t = 2000)]
    fingers: u32,
    /// Mated probes to search
    #[arg(long, default_value_t = 10)]
    probes: u32,
}

/// Runs the demonstration; fails where a score differs from the CPU's or the lists are not what they should be.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let folder = root().join("target/demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(TaskError::file(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(TaskError::file(&folder))?;
    let card = SimulatedCard::start(&options.whorl, &folder.join("card.sock"), None)?;
    println!("== {} synthetic fingers, {} probes of some of them", options.fingers, options.probes);
    let gallery = folder.join("gallery");
    let probes = folder.join("probes");
    let synth = |count: u32, impression: &str, out: &Path| {
        let mut command = Command::new(&options.whorl);
        command.args([
            "synth",
            "--seed",
            "1",
            "--fingers",
            &count.to_string(),
            "--first-impression",
            impression,
            "--out",
        ]);
        shell::run(command.arg(out))
    };
    synth(options.fingers, "1", &gallery)?;
    synth(options.probes, "2", &probes)?;
    search(options, &card, &gallery, &[probes], &|name| name.split_once('_').map(|(finger, _)| finger.to_owned()))?;

    let data = std::env::var_os("WHORL_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let real = data.join("fvc/leader");
    if !real.is_dir() {
        println!("== real templates: skipped, there is no {}; WHORL_DATA names the folder", real.display());
        return Ok(());
    }
    println!("== real templates: the first impression of each finger as gallery, the others as probes");
    let (gallery, probes) = split_impressions(&real, &folder)?;
    search(options, &card, &gallery, &[probes], &|name| name.rsplit_once('_').map(|(finger, _)| finger.to_owned()))
}

/// One search on the card and on the CPU: prints the card's lists, and holds the two against each other.
fn search(
    options: &Options,
    card: &SimulatedCard,
    gallery: &Path,
    probes: &[PathBuf],
    finger: &dyn Fn(&str) -> Option<String>,
) -> Result<(), TaskError> {
    let answers = identify(options, &card.engine(), gallery, probes)?;
    let expected = identify(options, "cpu", gallery, probes)?;
    if answers.len() != expected.len() || answers.is_empty() {
        return Err(TaskError::Check(format!(
            "{} answers from the card, {} from the CPU",
            answers.len(),
            expected.len()
        )));
    }
    let mut ranks = Vec::new();
    for (answer, expected) in answers.iter().zip(&expected) {
        if answer["candidates"] != expected["candidates"] {
            return Err(TaskError::Check(format!("the card's list for {} is not the CPU's", answer["probe"])));
        }
        ranks.push(print_list(answer, probes, finger, answers.len() <= 20));
    }
    // Probes of one pass share its cycles.
    let share = |a: &Value| Some(a["cycles"].as_f64()? / a["cost"]["probes_in_pass"].as_f64()?);
    let cycles: f64 = answers.iter().filter_map(share).sum();
    let comparisons: u64 = answers.iter().filter_map(|a| a["comparisons"].as_u64()).sum();
    let first = ranks.iter().filter(|&&r| r == Some(1)).count();
    let listed = ranks.iter().flatten().count();
    println!("mates: {first} of {} at rank 1, {listed} in the first 10", ranks.len());
    println!(
        "{comparisons} comparisons on the simulated card of 2 streams x 2 probes, {:.2} cycles each",
        cycles / comparisons as f64
    );
    println!("all {} candidate lists equal the CPU's", answers.len());
    let mut check = Command::new(&options.whorl);
    check.args(["crosscheck", "--engine", &card.engine(), "--gallery"]).arg(gallery).arg("--probe").args(probes);
    // Every score of the synthetic search; a sample of the larger real one, of which CI and `make pairs` check more.
    if answers.len() > 20 {
        check.args(["--sample", "4000"]);
    }
    shell::run(&mut check)
}

fn identify(options: &Options, engine: &str, gallery: &Path, probes: &[PathBuf]) -> Result<Vec<Value>, TaskError> {
    let mut command = Command::new(&options.whorl);
    command
        .args(["identify", "--stage", "coarse", "--json", "--engine", engine, "--gallery"])
        .arg(gallery)
        .arg("--probe")
        .args(probes);
    output(&mut command)?
        .lines()
        .map(|line| {
            serde_json::from_str(line).map_err(|e| TaskError::Check(format!("whorl identify printed no JSON: {e}")))
        })
        .collect()
}

/// Prints one candidate list and returns the mate's rank in it.
fn print_list(answer: &Value, probes: &[PathBuf], finger: &dyn Fn(&str) -> Option<String>, print: bool) -> Option<u64> {
    let path = answer["probe"].as_str().unwrap_or_default();
    let name =
        probes.iter().find_map(|p| Path::new(path).strip_prefix(p).ok()).unwrap_or(Path::new(path)).to_string_lossy();
    let wanted = finger(&name);
    let listed = answer["candidates"].as_array().into_iter().flatten();
    let is_mate = |c: &Value| c["reference"].as_str().is_some_and(|r| wanted.is_some() && finger(r) == wanted);
    let rank = listed.clone().find(|c| is_mate(c)).and_then(|c| c["rank"].as_u64());
    if print {
        let shown: Vec<_> = listed
            .take(5)
            .map(|c| {
                let mark = if is_mate(c) { "*" } else { "" };
                format!("{}{mark} {}", c["reference"].as_str().unwrap_or_default(), c["score"])
            })
            .collect();
        let place = rank.map_or("not listed".to_owned(), |r| format!("rank {r}"));
        println!("{name}: mate {place} | {}", shown.join(" | "));
    }
    rank
}

/// Links to the first impression of each finger, and to the others.
fn split_impressions(real: &Path, folder: &Path) -> Result<(PathBuf, PathBuf), TaskError> {
    let (gallery, probes) = (folder.join("real-gallery"), folder.join("real-probes"));
    let listing = output(Command::new("find").arg(real).args(["-name", "*.iso", "-printf", "%P\\n"]))?;
    for name in listing.lines() {
        let target = if name.ends_with("_1.iso") { gallery.join(name) } else { probes.join(name) };
        let parent = target.parent().expect("below a folder");
        fs::create_dir_all(parent).map_err(TaskError::file(parent))?;
        let source = fs::canonicalize(real.join(name)).map_err(TaskError::file(real))?;
        std::os::unix::fs::symlink(source, &target).map_err(TaskError::file(&target))?;
    }
    Ok((gallery, probes))
}
