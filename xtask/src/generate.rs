//! The files generated from spec/: written, or compared with what is committed.

use crate::shell::{TaskError, output, root, run, tool};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes all generated files into the work tree.
pub fn write() -> Result<(), TaskError> {
    generate_into(&root())
}

/// Fails where a generated file in the work tree differs from a fresh one.
pub fn check() -> Result<(), TaskError> {
    let fresh = root().join("target/gen-check");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(TaskError::file(&fresh))?;
    }
    generate_into(&fresh)?;
    let drifted: Vec<_> = files_below(&fresh)?
        .into_iter()
        .filter(|file| fs::read(fresh.join(file)).ok() != fs::read(root().join(file)).ok())
        .collect();
    if drifted.is_empty() {
        println!("generated files agree with spec/");
        return Ok(());
    }
    let names: Vec<_> = drifted.iter().map(|f| f.display().to_string()).collect();
    Err(TaskError::Check(format!(
        "spec/ and these generated files differ: {}; run `cargo xtask gen` and commit them",
        names.join(", ")
    )))
}

fn generate_into(folder: &Path) -> Result<(), TaskError> {
    run(Command::new(tool("python")).arg("spec/gen/generate.py").arg(folder))
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, TaskError> {
    let listing = output(Command::new("find").arg(folder).args(["-type", "f", "-printf", "%P\\n"]))?;
    Ok(listing.lines().map(PathBuf::from).collect())
}
