//! `whorl gallery`: a store of galleries on this machine, while no server has it open.

mod export;
pub mod import;

use crate::error::CliError;
use crate::input::progress;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whorl_gallery::{MasterKey, Recovery, Store, StoreError, StoreOptions};
use whorl_matcher::{Role, encode};
use whorl_server::metrics::resident_bytes;
use whorl_template::{LengthCheck, read_any};

/// Options of `whorl gallery`.
#[derive(clap::Args)]
#[command(after_help = "\
A store is a folder. It has one owner at a time: end `whorl serve` first, or use `whorl client`.

Examples:
  head -c 32 /dev/urandom > gallery.key && chmod 600 gallery.key
  whorl gallery create --folder store --key-file gallery.key
  whorl gallery import --folder store --key-file gallery.key --gallery criminal --from templates
  whorl gallery stats --folder store --key-command 'pass show whorl/gallery' --json
  whorl gallery verify --folder store --key-file gallery.key
  whorl gallery rotate-key --folder store --key-file gallery.key --new-key-file next.key
  whorl gallery backup --folder store --key-file gallery.key --to /backup/2026-11-25")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

/// Which store, and its key.
#[derive(clap::Args, Debug, Clone)]
pub struct Place {
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// The master key: a file of 32 bytes or 64 hexadecimal digits that only its owner can read
    #[arg(long, value_name = "FILE", conflicts_with = "key_command")]
    key_file: Option<PathBuf>,
    /// A command whose output is the master key
    #[arg(long, value_name = "COMMAND")]
    key_command: Option<String>,
    /// Memory that records and index may take, MiB; 80 % of the machine's if it is not given
    #[arg(long, value_name = "MIB")]
    memory_limit_mib: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a new store
    Create {
        #[command(flatten)]
        place: Place,
        /// Keep it in plaintext; without this it needs a key
        #[arg(long, conflicts_with_all = ["key_file", "key_command"])]
        plaintext: bool,
    },
    /// Enrol minutiae files, or synthetic fingers. Started again after an interruption it goes on where it was
    Import(import::Options),
    /// Write the minutiae files of a gallery into a folder
    Export(export::Options),
    /// Read and check every byte
    Verify(Place),
    /// Rewrite the log without what was expunged, replaced or has expired
    Compact(Place),
    /// What is in it, and what it takes on disk, in memory and on a card
    Stats(Place),
    /// Have another master key open the store from now on
    RotateKey {
        #[command(flatten)]
        place: Place,
        /// The new key
        #[arg(long, value_name = "FILE")]
        new_key_file: PathBuf,
    },
    /// Copy the store as it is now
    Backup {
        #[command(flatten)]
        place: Place,
        /// A new folder for the copy
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Make a store of a copy
    Restore {
        /// The copy
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// A new folder for the store
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Options that every opening of a store has, a server's as well: records are made by this version of the encoder.
pub fn options(key: Option<MasterKey>, memory_limit_mib: Option<u64>) -> StoreOptions {
    StoreOptions {
        key,
        memory_limit_bytes: memory_limit_mib.map(|mib| mib.saturating_mul(1 << 20)),
        encoder_version: whorl_matcher::ENCODER_VERSION,
        encoder: Some(Arc::new(|bytes, view| {
            let template = read_any(bytes, LengthCheck::Lenient).map_err(|error| error.to_string())?;
            let of = template.views.get(usize::from(view)).ok_or("the file has no such view")?;
            Ok(encode(of, template.resolution_x, template.resolution_y, Role::Reference).to_bytes())
        })),
        ..StoreOptions::default()
    }
}

/// The master key from a file or a command; `None` where neither is given.
pub fn key(file: Option<&Path>, command: Option<&str>) -> Result<Option<MasterKey>, CliError> {
    let key = match (file, command) {
        (Some(file), _) => MasterKey::from_file(file),
        (None, Some(command)) => MasterKey::from_command(command),
        (None, None) => return Ok(None),
    };
    Ok(Some(key.map_err(StoreError::from)?))
}

impl Place {
    fn options(&self) -> Result<StoreOptions, CliError> {
        let key = key(self.key_file.as_deref(), self.key_command.as_deref())?;
        Ok(options(key, self.memory_limit_mib))
    }

    fn open(&self) -> Result<Store, CliError> {
        Ok(self.open_with_recovery()?.0)
    }

    fn open_with_recovery(&self) -> Result<(Store, Recovery), CliError> {
        let options = self.options()?;
        with_bar("reading the log", |of| Store::open(&self.folder, options, of))
    }

    /// Prints one JSON object, or lines.
    fn print(&self, value: &Value, text: impl FnOnce() -> String) -> Result<(), CliError> {
        print(self.json, value, text)
    }
}

fn print(json: bool, value: &Value, text: impl FnOnce() -> String) -> Result<(), CliError> {
    let line = if json { value.to_string() } else { text() };
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Does long work under a progress bar of bytes.
pub fn with_bar<T, E: Into<CliError>>(
    what: &'static str,
    work: impl FnOnce(&dyn Fn(whorl_gallery::Progress)) -> Result<T, E>,
) -> Result<T, CliError> {
    let bar = progress(0, what);
    let done = work(&|news| {
        bar.set_length(news.of);
        bar.set_position(news.done);
    });
    bar.finish_and_clear();
    done.map_err(Into::into)
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    match &options.command {
        Command::Create { place, plaintext } => {
            let store_options = place.options()?;
            if store_options.key.is_none() && !plaintext {
                let what = "a store holds biometric data: give --key-file or --key-command, or say --plaintext";
                return Err(CliError::Usage(what.into()));
            }
            Store::create(&place.folder, store_options)?;
            let value = json!({"created": place.folder, "encrypted": !plaintext});
            place.print(&value, || format!("a store in {}", place.folder.display()))
        }
        Command::Import(options) => import::run(options),
        Command::Export(options) => export::run(options),
        Command::Verify(place) => {
            let options = place.options()?;
            let found = with_bar("checking", |of| Store::verify(&place.folder, &options, of))?;
            let value = json!({"segments": found.segments, "entries": found.entries, "bytes": found.bytes,
                "torn_bytes": found.torn_bytes, "seconds": found.seconds});
            place.print(&value, || {
                format!(
                    "{} entries in {} segments, {} bytes: all as written; {} bytes of an unfinished write at the end",
                    found.entries, found.segments, found.bytes, found.torn_bytes
                )
            })
        }
        Command::Compact(place) => {
            let store = place.open()?;
            let done = with_bar("compacting", |of| store.compact(of))?;
            let value = json!({"segments_before": done.segments_before, "segments_after": done.segments_after,
                "bytes_before": done.bytes_before, "bytes_after": done.bytes_after,
                "entries_removed": done.entries_removed, "documents_expired": done.documents_expired,
                "seconds": done.seconds});
            place.print(&value, || {
                format!(
                    "{} bytes are {} now; {} entries and {} expired documents are gone",
                    done.bytes_before, done.bytes_after, done.entries_removed, done.documents_expired
                )
            })
        }
        Command::Stats(place) => stats(place),
        Command::RotateKey { place, new_key_file } => {
            let new = MasterKey::from_file(new_key_file).map_err(StoreError::from)?;
            place.open()?.rotate_key(new)?;
            let value = json!({"rotated": true});
            place.print(&value, || format!("{} opens the store now, and the old key does not", new_key_file.display()))
        }
        Command::Backup { place, to } => {
            let store = place.open()?;
            let copied = with_bar("copying", |of| store.backup(to, of))?;
            copy(place.json, &copied, "copied")
        }
        Command::Restore { from, to, json } => {
            let copied = with_bar("copying", |of| Store::restore(from, to, of))?;
            copy(*json, &copied, "restored")
        }
    }
}

fn copy(json: bool, copied: &whorl_gallery::Copied, what: &str) -> Result<(), CliError> {
    let value = json!({"files": copied.files, "bytes": copied.bytes, "sequence": copied.sequence,
        "seconds": copied.seconds});
    print(json, &value, || {
        format!("{what}: {} bytes in {} files, up to operation {}", copied.bytes, copied.files, copied.sequence)
    })
}

fn stats(place: &Place) -> Result<(), CliError> {
    let (store, recovery) = place.open_with_recovery()?;
    let (stats, counts, partitions) = (store.stats(), store.count(None)?, store.partitions());
    let card_bytes: u64 = partitions.iter().map(|partition| partition.bytes).sum();
    let each = |bytes: u64| bytes as f64 / counts.references.max(1) as f64;
    let partition = |p: &whorl_gallery::PartitionStats| {
        json!({"gallery": p.gallery, "position": p.position, "references": p.references, "bytes": p.bytes,
            "shards": p.shards, "generation": p.generation})
    };
    let value = json!({
        "subjects": counts.subjects, "encounters": counts.encounters, "references": counts.references,
        "sealed_encounters": counts.sealed, "encrypted": stats.encrypted, "sequence": stats.sequence,
        "segments": stats.segments, "disk_bytes": stats.disk_bytes, "live_bytes": stats.live_bytes,
        "dead_bytes": stats.dead_bytes, "memory_bytes": stats.memory_bytes,
        "memory_limit_bytes": stats.memory_limit_bytes, "card_bytes": card_bytes,
        "bytes_per_reference": {"disk": each(stats.disk_bytes), "memory": each(stats.memory_bytes), "card": each(card_bytes)},
        "load_seconds": recovery.seconds, "torn_bytes": recovery.torn_bytes, "resident_bytes": resident_bytes(None),
        "partitions": partitions.iter().map(partition).collect::<Value>(),
    });
    place.print(&value, || {
        let mut lines = vec![
            format!(
                "{} references of {} subjects in {} encounters, {} of them sealed",
                counts.references, counts.subjects, counts.encounters, counts.sealed
            ),
            format!(
                "bytes (per reference): {} on disk ({:.0}), {} in memory ({:.0}) of {} allowed, {} on a card ({:.0})",
                stats.disk_bytes,
                each(stats.disk_bytes),
                stats.memory_bytes,
                each(stats.memory_bytes),
                stats.memory_limit_bytes,
                card_bytes,
                each(card_bytes)
            ),
            format!(
                "{} segments, {} bytes of them dead; read in {:.2} s",
                stats.segments, stats.dead_bytes, recovery.seconds
            ),
        ];
        lines.extend(partitions.iter().map(|p| {
            format!(
                "  {:<32}  position {:>2}: {:>9} references in {:>4} shards, generation {}",
                p.gallery, p.position, p.references, p.shards, p.generation
            )
        }));
        lines.join("\n")
    })
}
