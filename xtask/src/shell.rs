//! Running other programs from the repository's root.

use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A program could not be started.
    #[error("{program} did not start; run `make setup` first")]
    Start {
        /// What was to run.
        program: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A program ended with a failure.
    #[error("{0} failed")]
    Failed(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A netlist's statistics could not be used.
    #[error(transparent)]
    Statistics(#[from] crate::synth::StatError),
    /// A check did not hold.
    #[error("{0}")]
    Check(String),
}

impl TaskError {
    /// For `map_err` on a file operation.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_path_buf(), source }
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root").to_path_buf()
}

/// A program of the Python virtual environment.
pub fn tool(name: &str) -> PathBuf {
    root().join(".venv/bin").join(name)
}

/// Runs a command in the repository's root and waits for success.
pub fn run(command: &mut Command) -> Result<(), TaskError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.current_dir(root()).status().map_err(|source| TaskError::Start { program, source })?;
    if status.success() { Ok(()) } else { Err(TaskError::Failed(shown(command))) }
}

/// Runs a command in the repository's root and returns what it printed.
pub fn output(command: &mut Command) -> Result<String, TaskError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .current_dir(root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|source| TaskError::Start { program, source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(TaskError::Failed(shown(command)))
    }
}

/// Reads a file of text.
pub fn read(path: &Path) -> Result<String, TaskError> {
    fs::read_to_string(path).map_err(TaskError::file(path))
}

/// Reads a file of JSON.
pub fn read_json(path: &Path) -> Result<Value, TaskError> {
    serde_json::from_str(&read(path)?).map_err(|e| TaskError::Check(format!("{}: {e}", path.display())))
}

/// Writes a file, and its folder where that is missing.
pub fn write(path: &Path, text: &str) -> Result<(), TaskError> {
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).map_err(TaskError::file(folder))?;
    fs::write(path, text).map_err(TaskError::file(path))
}

/// The files of `hdl/hdl.f`, in its order, relative to the root.
pub fn hdl_files() -> Result<Vec<String>, TaskError> {
    let list = read(&root().join("hdl/hdl.f"))?;
    Ok(list.lines().filter(|line| line.starts_with("hdl/")).map(str::to_owned).collect())
}

/// A cargo that does not see that another one started us: build scripts that look at these would run again, and all that depends on
/// them would be built again.
pub fn cargo_command() -> Command {
    let mut command = Command::new("cargo");
    let ours = |name: &String| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|set| name.starts_with(set));
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(ours) {
        command.env_remove(name);
    }
    command
}

/// Runs cargo.
pub fn cargo(arguments: &[&str]) -> Result<(), TaskError> {
    run(cargo_command().args(arguments))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    format!("`{program} {}`", arguments.join(" "))
}
