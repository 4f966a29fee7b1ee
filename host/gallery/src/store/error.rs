//! What can go wrong with a store.

use super::limits::SEGMENTS_MAX;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an operation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A gallery.
    Gallery,
    /// A subject of a gallery.
    Subject,
    /// An encounter of a subject.
    Encounter,
    /// A kept document.
    Document,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Gallery => "gallery",
            Self::Subject => "subject",
            Self::Encounter => "encounter",
            Self::Document => "document",
        })
    }
}

/// What is wrong with a master key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The store is encrypted and no key was given.
    #[error("the store is encrypted and no key was given")]
    Missing,
    /// The key is not the store's.
    #[error("the key is not this store's")]
    Wrong,
    /// A key was given for a store that is not encrypted.
    #[error("a key was given for a store that is not encrypted")]
    Unused,
    /// The file can be read by others than its owner.
    #[error("{file} can be read by others than its owner (mode {mode:o}); a key file has mode 400 or 600")]
    Readable {
        /// The key's file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Neither 64 hexadecimal digits nor 32 bytes.
    #[error("{from} gives neither 64 hexadecimal digits nor 32 bytes")]
    Malformed {
        /// The file or command.
        from: String,
    },
    /// The file cannot be read, or the command cannot be run or failed.
    #[error("{from} gives no key: {reason}")]
    Unavailable {
        /// The file or command.
        from: String,
        /// Why.
        reason: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// Why a store refuses or fails. No variant holds a name that a caller gave: errors end up in logs.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A field of an operation or an option is out of its range.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field, as it is called in the operation.
        field: &'static str,
        /// What is expected and what was given.
        reason: String,
    },
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(Thing),
    /// It was there already, from another request.
    #[error("the {0} exists already and was entered by another request")]
    AlreadyExists(Thing),
    /// The request id belongs to an operation with other content.
    #[error("the request id was used before, for the operation with sequence {sequence}, which had other content")]
    RequestReused {
        /// Sequence of that operation.
        sequence: u64,
    },
    /// As many operations wait as may, or as many bytes.
    #[error("{queued} operations wait already; try again later")]
    Busy {
        /// How many.
        queued: usize,
    },
    /// Another compaction, backup or rotation is running.
    #[error("a compaction or backup of the store is running")]
    Compacting,
    /// The disk is full, or would be.
    #[error("the disk is full: {needed} bytes are needed and {available} are free")]
    DiskFull {
        /// Bytes needed, with the reserve that a store leaves free.
        needed: u64,
        /// Bytes free.
        available: u64,
    },
    /// The gallery would take more memory than allowed.
    #[error("the gallery needs {needed} bytes of memory where {limit} are allowed")]
    MemoryFull {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A count has reached its limit.
    #[error("the store is full at {limit} {what}")]
    LimitReached {
        /// What is counted.
        what: &'static str,
        /// How many there may be.
        limit: u64,
    },
    /// A file does not hold what was written to it.
    #[error("{} is damaged at offset {offset}: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where, in bytes from its begin.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A file of a format that this version does not know.
    #[error("{} has format version {found}; this version reads {supported}", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u16,
        /// What can be read.
        supported: u16,
    },
    /// The records were made by another version of the encoder, and no encoder was given to make them anew.
    #[error("records were encoded by version {stored} where {expected} is expected, and there is no encoder")]
    EncoderVersion {
        /// Version that the log names.
        stored: u16,
        /// Version of the options.
        expected: u16,
    },
    /// A template of the log is refused by the encoder that shall make its record anew.
    #[error("the encoder refuses a template of the entry with sequence {sequence}: {reason}")]
    Encoder {
        /// The entry's sequence.
        sequence: u64,
        /// What the encoder says.
        reason: String,
    },
    /// A matter of the master key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system refuses.
    #[error("{doing} {}: {source}", file.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        file: PathBuf,
        /// The system's answer.
        source: Arc<io::Error>,
    },
    /// A write failed before: what the disk holds is uncertain until the store is opened again.
    #[error("the store takes no more operations until it is opened again: {reason}")]
    Poisoned {
        /// The failure.
        reason: String,
    },
    /// Another process has the store open.
    #[error("{} is in use by another process", folder.display())]
    Locked {
        /// The store's folder.
        folder: PathBuf,
    },
    /// There is no store in the folder.
    #[error("{} holds no store", folder.display())]
    NoStore {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder for a new store holds something already.
    #[error("{} is not empty", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The error of a system call on `file`; a full disk is told apart.
    pub(crate) fn io(doing: &'static str, file: &Path, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
            return Self::DiskFull { needed: 0, available: 0 };
        }
        Self::Io { doing, file: file.into(), source: Arc::new(error) }
    }

    pub(crate) fn damaged(file: &Path, offset: u64, reason: impl Into<String>) -> Self {
        Self::Damaged { file: file.into(), offset, reason: reason.into() }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    pub(crate) const fn too_many_segments() -> Self {
        Self::LimitReached { what: "segments", limit: SEGMENTS_MAX as u64 }
    }
}
