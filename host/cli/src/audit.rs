//! `whorl audit`: an appliance's audit log on this machine, with or without its server.

use crate::error::CliError;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use whorl_gallery::OsStorage;
use whorl_server::audit;

/// Options of `whorl audit`.
#[derive(clap::Args)]
#[command(after_help = "\
The log is readable as it is: a folder of JSON lines. Its last hash, kept elsewhere, shows later that nothing was cut off.

Examples:
  whorl audit verify --folder /var/lib/whorl/audit
  jq -r '.event.identity' /var/lib/whorl/audit/audit-*.jsonl | sort | uniq -c")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Recompute every hash
    Verify {
        /// The log's folder
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
        /// The last hash at an earlier time, which must be in the log
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let Command::Verify { folder, head, json } = &options.command;
    // A log that was empty when its head was noted had none.
    let mut seen = head.as_deref().is_none_or(|head| head == audit::NO_HASH);
    let verified = audit::verify_with(&OsStorage, folder, |entry| seen |= Some(&entry.hash) == head.as_ref())?;
    if !seen {
        return Err(CliError::Mismatch(
            "the log is intact in itself, and does not hold the hash given with --head".into(),
        ));
    }
    let mut out = std::io::stdout();
    if *json {
        let value = json!({"intact": true, "entries": verified.entries, "head": verified.head, "torn_bytes": verified.torn_bytes});
        writeln!(out, "{value}")?;
    } else {
        writeln!(out, "intact: {} entries, head {}", verified.entries, verified.head)?;
        if verified.torn_bytes > 0 {
            writeln!(out, "{} bytes at the end are of an entry that was never acknowledged", verified.torn_bytes)?;
        }
    }
    Ok(())
}
