//! The files of a log.

use super::entry::{Entry, NO_HASH};
use std::io;
use std::path::{Path, PathBuf};
use whorl_gallery::Storage;

/// Bytes of a line at most; a longer one is damage.
const LINE_BYTES_MAX: usize = 16 << 10;
/// Bytes of a file at most; a larger one is damage, as the log begins a new one before.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 30;

/// What is wrong with a log, and where.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// A line that cannot have been written as it stands there.
    #[error("{}, line {line}, offset {offset}: {what}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// Where the line begins, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// A file is missing, or too large.
    #[error("{}: {what}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file cannot be read.
    #[error("{}", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// An intact log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Entries.
    pub entries: u64,
    /// Hash of the last; [`NO_HASH`] of an empty log. Kept elsewhere, it shows that nothing was cut off since.
    pub head: String,
    /// Bytes of an unfinished line at the end, which was never acknowledged.
    pub torn_bytes: u64,
}

/// Which entries are wanted; empty texts and zeros fit all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From then on, in milliseconds since 1970.
    pub from_unix_ms: u64,
    /// Before then; 0: no end.
    pub until_unix_ms: u64,
    /// Name of the caller.
    pub identity: String,
    /// The method.
    pub method: String,
    /// The caller's id.
    pub request_id: String,
    /// Larger numbers only.
    pub after: u64,
    /// Entries at most.
    pub limit: usize,
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        let is = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        entry.number > self.after
            && entry.unix_ms >= self.from_unix_ms
            && (self.until_unix_ms == 0 || entry.unix_ms < self.until_unix_ms)
            && is(&self.identity, &entry.event.identity)
            && is(&self.method, &entry.event.method)
            && is(&self.request_id, &entry.event.request_id)
    }
}

/// Name of the `number`-th file, from 1.
pub(super) fn name(number: u64) -> String {
    format!("audit-{number:06}.jsonl")
}

/// Numbers of a log's files, ascending.
pub(super) fn numbers(storage: &dyn Storage, folder: &Path) -> Result<Vec<u64>, AuditFault> {
    let names = storage.list(folder).map_err(|source| AuditFault::Read { file: folder.to_owned(), source })?;
    let number = |file: &String| {
        let number: u64 = file.strip_prefix("audit-")?.strip_suffix(".jsonl")?.parse().ok()?;
        (name(number) == *file).then_some(number)
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Where a log ends.
#[derive(Debug)]
pub(super) struct End {
    pub(super) entries: u64,
    pub(super) head: String,
    pub(super) last_file: u64,
    /// The last file, and its bytes that hold whole entries.
    pub(super) tail: Option<(PathBuf, u64)>,
    pub(super) torn_bytes: u64,
}

/// Reads every entry in order and checks the chain. `each` says whether to go on.
pub(super) fn walk(
    storage: &dyn Storage,
    folder: &Path,
    mut each: impl FnMut(&Entry) -> bool,
) -> Result<End, AuditFault> {
    let numbers = numbers(storage, folder)?;
    let mut end = End { entries: 0, head: NO_HASH.into(), last_file: 0, tail: None, torn_bytes: 0 };
    for (place, &number) in numbers.iter().enumerate() {
        let file = folder.join(name(number));
        if number != place as u64 + 1 {
            let what = format!("it comes after {}: files between them are missing", name(place as u64));
            return Err(AuditFault::File { file, what });
        }
        let bytes = read(storage, &file)?;
        let mut offset = 0;
        for (nth, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let fault = |what: String| AuditFault::Line {
                file: file.clone(),
                line: nth as u64 + 1,
                offset: offset as u64,
                what,
            };
            let Some(line) = line.strip_suffix(b"\n") else {
                if place + 1 < numbers.len() {
                    return Err(fault("the line has no end".into()));
                }
                if ends_otherwise(line) {
                    return Err(fault("an entry whose end of line was changed".into()));
                }
                end.torn_bytes = line.len() as u64;
                break;
            };
            if line.len() > LINE_BYTES_MAX {
                return Err(fault(format!("{} bytes, more than the {LINE_BYTES_MAX} of a line", line.len())));
            }
            let text = std::str::from_utf8(line).map_err(|error| fault(error.to_string()))?;
            let entry = Entry::read(text).map_err(fault)?;
            if entry.previous != end.head || entry.number != end.entries + 1 {
                return Err(fault(format!("entry {} does not follow entry {}", entry.number, end.entries)));
            }
            offset += line.len() + 1;
            (end.entries, end.head) = (entry.number, entry.hash.clone());
            if !each(&entry) {
                return Ok(end);
            }
        }
        end.tail = Some((file, offset as u64));
        end.last_file = number;
    }
    Ok(end)
}

/// Whether a line without an end is a whole entry with another byte after it. A write that was interrupted leaves a part of
/// an entry, or all of it and nothing more; only a change leaves this.
fn ends_otherwise(line: &[u8]) -> bool {
    let entry = line.split_last().and_then(|(_, entry)| std::str::from_utf8(entry).ok());
    entry.is_some_and(|entry| Entry::read(entry).is_ok())
}

fn read(storage: &dyn Storage, file: &Path) -> Result<Vec<u8>, AuditFault> {
    let fault = |source| AuditFault::Read { file: file.to_owned(), source };
    let open = storage.open(file).map_err(fault)?;
    let length = open.bytes().map_err(fault)?;
    if length > FILE_BYTES_MAX {
        let what = format!("{length} bytes, more than the {FILE_BYTES_MAX} of a file");
        return Err(AuditFault::File { file: file.to_owned(), what });
    }
    let mut bytes = vec![0; length as usize];
    open.read_at(0, &mut bytes).map_err(fault)?;
    Ok(bytes)
}

/// Checks every byte of a log, which a server may be writing.
///
/// # Errors
/// [`AuditFault`]: the first thing that is wrong.
pub fn verify(storage: &dyn Storage, folder: &Path) -> Result<Verified, AuditFault> {
    verify_with(storage, folder, |_| {})
}

/// The same, and shows each entry.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(storage: &dyn Storage, folder: &Path, mut each: impl FnMut(&Entry)) -> Result<Verified, AuditFault> {
    let end = walk(storage, folder, |entry| {
        each(entry);
        true
    })?;
    Ok(Verified { entries: end.entries, head: end.head, torn_bytes: end.torn_bytes })
}

/// Entries that fit, oldest first.
///
/// # Errors
/// [`AuditFault`]: the log is not intact up to the last of them.
pub fn query(storage: &dyn Storage, folder: &Path, filter: &Filter) -> Result<Vec<Entry>, AuditFault> {
    let mut found = Vec::new();
    walk(storage, folder, |entry| {
        if filter.fits(entry) {
            found.push(entry.clone());
        }
        found.len() < filter.limit
    })?;
    Ok(found)
}
