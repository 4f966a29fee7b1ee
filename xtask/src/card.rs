//! A simulated card in a process of its own.

use crate::shell::{TaskError, root};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Bound of its start.
const START_BOUND: Duration = Duration::from_secs(10);

/// A simulated card of 2 streams x 2 probes; its process ends with this value.
#[derive(Debug)]
pub struct SimulatedCard {
    process: Child,
    socket: PathBuf,
}

impl SimulatedCard {
    /// Has the program `whorl` serve a card at `socket`, a path from the repository's root, and write its sessions to
    /// `log`; without one, what goes wrong goes to standard error.
    pub fn start(whorl: &Path, socket: &Path, log: Option<&Path>) -> Result<Self, TaskError> {
        let mut command = Command::new(whorl);
        command.current_dir(root()).args(["sim", "--streams", "2", "--probes", "2", "--socket"]).arg(socket);
        if let Some(log) = log {
            command.arg("-v").stderr(File::create(log).map_err(TaskError::file(log))?);
        }
        let process =
            command.spawn().map_err(|source| TaskError::Start { program: whorl.display().to_string(), source })?;
        let card = Self { process, socket: socket.to_path_buf() };
        let deadline = Instant::now() + START_BOUND;
        while !root().join(socket).exists() {
            if Instant::now() > deadline {
                return Err(TaskError::Check(format!("the simulated card made no socket within {START_BOUND:?}")));
            }
            sleep(Duration::from_millis(10));
        }
        Ok(card)
    }

    /// What `--engine` must say to reach it.
    pub fn engine(&self) -> String {
        format!("unix:{}", self.socket.display())
    }
}

impl Drop for SimulatedCard {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about it here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
