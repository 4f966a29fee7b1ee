//! Named limits on everything that comes from outside or from a file.

use whorl_layout::{LINE_BYTES, RECORD_LINES_MAX};

/// Bytes of the name of a subject, an encounter, a request or a kept document at most.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of the name of a gallery at most.
pub const GALLERY_NAME_BYTES_MAX: usize = 32;
/// Galleries of a store at most: each has chains of shards of its own.
pub const GALLERIES_MAX: usize = 4096;
/// Fingers of an enrolment at most: ten fingers in up to three views each, rounded up.
pub const FINGERS_MAX: usize = 32;
/// Minutiae files of an enrolment at most.
pub const TEMPLATES_MAX: usize = 32;
/// Bytes of all minutiae files of an enrolment together at most: ten fingers of 255 minutiae with generous extended
/// data take a tenth of it.
pub const TEMPLATES_BYTES_MAX: usize = 1 << 20;
/// Bytes of a kept document at most.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// Bytes of a packed record at most.
pub const RECORD_BYTES_MAX: usize = RECORD_LINES_MAX * LINE_BYTES;
/// Bytes of an entry's payload as it is stored at most; the largest enrolment takes 1.1 MiB.
pub const ENTRY_BYTES_MAX: usize = 2 << 20;
/// Segments of a store at most.
pub const SEGMENTS_MAX: usize = 1 << 20;
/// Smallest and largest size at which a segment is closed: offsets in a segment have 32 bits.
pub const SEGMENT_BYTES_RANGE: std::ops::RangeInclusive<u64> = 4096..=(1 << 30);
/// Smallest and largest number of record bytes of a slot, one link in the chain of shards of a finger position.
pub const SHARD_BYTES_RANGE: std::ops::RangeInclusive<usize> = 4096..=(1 << 30);
/// Finger positions: 0 for unknown and the ten fingers.
pub const POSITIONS: usize = 11;

/// Bits of a gallery index that count within a slot; the rest is the slot's number.
pub(crate) const PLACE_BITS: u32 = 17;
/// References of a slot at most.
pub(crate) const SLOT_RECORDS_MAX: usize = 1 << PLACE_BITS;
/// Slots of a gallery at most.
pub(crate) const SLOTS_MAX: usize = 1 << (32 - PLACE_BITS);
/// Operations of a group commit at most; a place in one has 16 bits.
pub(crate) const BATCH_OPERATIONS_MAX: usize = 1024;
/// Stored bytes after which a group commit takes no more operations.
pub(crate) const BATCH_BYTES: usize = 8 << 20;
/// Bytes of shards that are rebuilt at most in one go, so that a commit that withdraws much is answered soon, and so are those
/// behind it.
pub(crate) const REBUILD_BYTES: usize = 32 << 20;
/// Free space that commits leave on the disk, so that a full disk is refused before a write fails half-way.
pub(crate) const DISK_RESERVE_BYTES: u64 = 4 << 20;
/// Operations that may wait for the writer, unless an option says otherwise.
pub(crate) const QUEUE_MAX: usize = 4096;
/// Bytes of operations that may wait for the writer, unless an option says otherwise.
pub(crate) const QUEUE_BYTES_MAX: usize = 256 << 20;
