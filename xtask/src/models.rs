//! What tools other than tests say about threads and `unsafe`: loom's models, and Miri where it is installed.

use crate::shell::{TaskError, cargo_command, run};
use std::process::Stdio;
use std::time::Instant;

/// Crates with models, and what these are of. Their modules are named `*_models`.
const MODELS: &[(&str, &str)] = &[
    ("whorl-device", "submission and completion rings, against a card of atomic words"),
    ("whorl-search", "a pool's batch: members that work, fail and leave"),
];

/// Runs every model of loom. They are built apart: `--cfg loom` changes every crate.
pub fn loom() -> Result<(), TaskError> {
    let cargo = |rest: &[&str]| {
        let mut command = cargo_command();
        command.args(["test", "--quiet", "--release", "--lib", "--target-dir", "target/loom"]);
        // All at once, also to run: crates built one by one get other features of what they share, and are built again.
        command.args(MODELS.iter().flat_map(|(package, _)| ["-p", package])).args(rest);
        run(command.env("RUSTFLAGS", "--cfg loom"))
    };
    let begin = Instant::now();
    cargo(&["--no-run"])?;
    println!("loom: built in {:.1} s", begin.elapsed().as_secs_f64());
    for (package, of) in MODELS {
        println!("loom: {package}, {of}");
    }
    let begin = Instant::now();
    cargo(&["--", "_models"])?;
    println!("loom: every order tried in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// What runs under Miri: crate, targets, and which tests. Left out are files, memory shared with a card, intrinsics (the
/// plain matcher stands in for AVX2), and what repeats itself thousands of times.
const UNDER_MIRI: &[(&str, &[&str], &[&str])] = &[
    ("whorl-layout", &["--lib"], &[]),
    ("whorl-template", &["--lib"], &[]),
    ("whorl-template", &["--test", "iso19794_2_2005"], &["--skip", "what_is_written", "--skip", "damage_gives"]),
    ("whorl-matcher", &["--lib", "--test", "record"], &[]),
    ("whorl-matcher", &["--test", "agreement"], &["a_scan_", "a_score_"]),
    ("whorl-device", &["--lib"], &["error_log::", "results::", "search::", "memory::", "pool::tests::ranges_"]),
];

/// Runs under Miri what can run there, where Miri is installed.
pub fn miri() -> Result<(), TaskError> {
    let mut version = cargo_command();
    version.args(["+nightly", "miri", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        println!("miri: skipped, it is not installed; `rustup toolchain install nightly -c miri,rust-src` does that");
        return Ok(());
    }
    for (package, targets, tests) in UNDER_MIRI {
        println!("miri: {package} {}", targets.join(" "));
        let mut command = cargo_command();
        command.args(["+nightly", "miri", "test", "--quiet", "--target-dir", "target/miri", "-p", package]);
        command.args(*targets).arg("--").args(*tests);
        // Property tests look for earlier failures in files.
        run(command.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "4"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MODELS, UNDER_MIRI};
    use crate::shell::root;
    use std::path::Path;

    /// All sources of a folder, as one text.
    fn sources(folder: &Path) -> String {
        let files = std::fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("readable").path());
        files
            .filter(|path| path.is_file())
            .map(|path| std::fs::read_to_string(path).expect("sources are text"))
            .collect()
    }

    fn crate_folder(package: &str) -> std::path::PathBuf {
        root().join("host").join(package.trim_start_matches("whorl-"))
    }

    #[test]
    fn every_model_is_run() {
        let crates = std::fs::read_dir(root().join("host")).expect("host/ exists");
        for folder in crates.map(|entry| entry.expect("readable").path()) {
            let package = format!("whorl-{}", folder.file_name().expect("a name").to_string_lossy());
            let has_models = sources(&folder.join("src")).contains("#[cfg(all(test, loom))]\nmod ");
            assert_eq!(has_models, MODELS.iter().any(|(model, _)| *model == package), "{package}");
        }
    }

    #[test]
    fn what_miri_is_told_to_run_exists() {
        for (package, targets, tests) in UNDER_MIRI {
            let folder = crate_folder(package);
            for test in targets.iter().filter(|target| !target.starts_with("--")) {
                assert!(folder.join("tests").join(format!("{test}.rs")).is_file(), "{package}: {test}");
            }
            let mut text = sources(&folder.join("src"));
            if folder.join("tests").is_dir() {
                text += &sources(&folder.join("tests"));
            }
            for name in tests.iter().filter(|name| !name.starts_with("--")) {
                let last = name.trim_end_matches("::").rsplit("::").next().unwrap_or(name);
                assert!(
                    text.contains(&format!("fn {last}")) || text.contains(&format!("mod {last};")),
                    "{package}: {name}"
                );
            }
        }
    }
}
