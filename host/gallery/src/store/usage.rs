//! What of a segment is still needed.

use super::segment::Location;

/// Bytes of a segment's entries, and which of them compaction can do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes of all its entries.
    pub(crate) bytes: u64,
    /// Bytes of entries that compaction leaves out or reduces.
    pub(crate) dead_bytes: u64,
    /// Time of the oldest kept document.
    pub(crate) oldest_kept_ms: u64,
    /// Time of the oldest receipt that stands alone.
    pub(crate) oldest_done_ms: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { bytes: 0, dead_bytes: 0, oldest_kept_ms: u64::MAX, oldest_done_ms: u64::MAX }
    }
}

impl Usage {
    pub(crate) fn entered(&mut self, at: Location) {
        self.bytes += u64::from(at.bytes);
    }

    pub(crate) fn died(&mut self, at: Location) {
        self.dead_bytes += u64::from(at.bytes);
    }

    pub(crate) fn kept(&mut self, unix_ms: u64) {
        self.oldest_kept_ms = self.oldest_kept_ms.min(unix_ms);
    }

    pub(crate) fn done(&mut self, unix_ms: u64) {
        self.oldest_done_ms = self.oldest_done_ms.min(unix_ms);
    }
}
