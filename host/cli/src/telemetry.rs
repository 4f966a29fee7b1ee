//! The counters of a card that a process drives, for other processes: a file in the runtime folder.
//!
//! A card has one owner, so nobody else can read its registers. The owner publishes them; `whorl card top` reads.

use crate::error::CliError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io, process};
use tracing::debug;
use whorl_device::{Activity, Device};

/// Between two publications.
pub const INTERVAL: Duration = Duration::from_millis(500);
/// A published file is larger only by mistake.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What an owner says of its card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The card, as `--engine` named it.
    pub engine: String,
    /// Process that drives it.
    pub pid: u32,
    /// Milliseconds since 1970 at which the counters were read.
    pub unix_ms: u64,
    /// Counters since the card's reset.
    pub activity: Activity,
}

/// Publishes the counters of `device` from now on, until it is dropped. Where the runtime folder cannot be written the
/// card works all the same.
pub fn publish(device: &mut Device, engine: &str) {
    let file = Published { path: path_of(engine) };
    let engine = engine.to_owned();
    device.watch(INTERVAL, move |activity| {
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let snapshot = Snapshot { engine: engine.clone(), pid: process::id(), unix_ms, activity: activity.clone() };
        if let Err(error) = file.write(&snapshot) {
            debug!(path = %file.path.display(), %error, "counters not published");
        }
    });
}

/// The last snapshot of a card, if a living process drives it.
pub fn read(engine: &str) -> Result<Option<Snapshot>, CliError> {
    let path = path_of(engine);
    let bytes = match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
            let what = format!("{} bytes are no counters", metadata.len());
            return Err(CliError::Unusable { path, what });
        }
        _ => fs::read(&path).map_err(CliError::file(&path))?,
    };
    let snapshot: Snapshot = serde_json::from_slice(&bytes)
        .map_err(|error| CliError::Unusable { path, what: format!("no counters: {error}") })?;
    Ok(Path::new("/proc").join(snapshot.pid.to_string()).exists().then_some(snapshot))
}

/// `WHORL_RUNTIME_DIR`, else `whorl` in the user's runtime folder, else `/run/whorl`.
fn folder() -> PathBuf {
    env::var_os("WHORL_RUNTIME_DIR").map_or_else(
        || env::var_os("XDG_RUNTIME_DIR").map_or_else(|| "/run".into(), PathBuf::from).join("whorl"),
        PathBuf::from,
    )
}

fn path_of(engine: &str) -> PathBuf {
    let name: String = engine.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    // Two names may differ only in what was replaced.
    folder().join(format!("{name}-{:08x}.json", crc32fast::hash(engine.as_bytes())))
}

/// The file that says that an operator has taken a card out of service.
pub fn mark_of(engine: &str) -> PathBuf {
    path_of(engine).with_extension("drained")
}

struct Published {
    path: PathBuf,
}

impl Published {
    fn write(&self, snapshot: &Snapshot) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let unfinished = self.path.with_extension(format!("{}.tmp", process::id()));
        fs::write(&unfinished, serde_json::to_vec(snapshot)?)?;
        fs::rename(&unfinished, &self.path)
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        // Nobody drives the card any more; a file that is not there is as good.
        let _ = fs::remove_file(&self.path);
    }
}
