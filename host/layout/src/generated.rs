//! Generated from spec/*.rdl by `cargo xtask gen`; do not edit.

use crate::{bits, with_bits};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// First 32 bits of the SHA-256 over the specification.
pub const SPEC_HASH: u32 = 0xb21_4b81;
/// What id_magic reads as: "WHRL" in little-endian bytes.
pub const DEVICE_MAGIC: u32 = 0x4c52_4857;
/// Major interface version; a driver refuses another one.
pub const INTERFACE_MAJOR: usize = 1;
/// Minor interface version; grows with compatible additions.
pub const INTERFACE_MINOR: usize = 0;
/// PCI vendor identifier: the default of the hard IP of the boards in view; a product must bring its own.
pub const PCI_VENDOR_ID: u16 = 0x10ee;
/// PCI device identifier.
pub const PCI_DEVICE_ID: u16 = 0x5748;
/// Size of BAR0: CSRs and doorbells.
pub const BAR0_BYTES: usize = 65536;
/// Bytes of a line: one beat of the host bus.
pub const LINE_BYTES: usize = 64;
/// Minutiae a record line can hold.
pub const LINE_MINUTIAE: usize = 3;
/// Minutiae of a reference at most (MATCHER 2.1).
pub const RECORD_MINUTIAE_MAX: usize = 96;
/// Lines of a record at most.
pub const RECORD_LINES_MAX: usize = 32;
/// Lanes of an engine: minutiae of a probe at most (MATCHER 2.1).
pub const LANES: usize = 48;
/// Record lines of a probe image.
pub const PROBE_LINES: usize = 16;
/// Rotation rows of a probe: one per 4/256 turn (MATCHER 3).
pub const ROTATIONS: usize = 64;
/// Lines of one rotation row.
pub const ROTATION_LINES: usize = 3;
/// Lines of a probe image: PROBE_LINES + ROTATIONS * ROTATION_LINES.
pub const PROBE_IMAGE_LINES: usize = 208;
/// Bytes of a probe image.
pub const PROBE_IMAGE_BYTES: usize = 13312;
/// HT of MATCHER 3: a pair of minutiae at this Hamming distance or more is no candidate.
pub const DISTANCE_CEILING: usize = 59;
/// GATE of MATCHER 3, in 1/256 turn: largest accepted angle difference.
pub const GATE_DEFAULT: usize = 43;
/// Largest gate: every rotation is accepted.
pub const GATE_MAX: usize = 127;
/// Candidates per probe and stream at most.
pub const TOP_K_MAX: usize = 256;
/// Bins of the score histogram.
pub const HISTOGRAM_BINS: usize = 512;
/// Bin of a score: min(HISTOGRAM_BINS - 1, score16 >> HISTOGRAM_SHIFT).
pub const HISTOGRAM_SHIFT: usize = 5;
/// Record streams of a card at most.
pub const STREAMS_MAX: usize = 8;
/// Engines per stream at most.
pub const PROBES_MAX: usize = 16;
/// Channels of card memory at most.
pub const CHANNELS_MAX: usize = 8;
/// Bytes in which the size of a channel is given.
pub const CHANNEL_UNIT_BYTES: usize = 65536;
/// Queue pairs of a card at most, the admin pair included.
pub const QUEUE_PAIRS_MAX: usize = 8;
/// Log2 of the entries of a queue at most.
pub const QUEUE_ENTRIES_LOG2_MAX: usize = 10;
/// Bytes of a submission queue entry.
pub const SQE_BYTES: usize = 64;
/// Bytes of a completion queue entry.
pub const CQE_BYTES: usize = 16;
/// Bytes of an extent descriptor.
pub const EXTENT_BYTES: usize = 64;
/// Lines of an extent at most.
pub const EXTENT_LINES_MAX: usize = 16777215;
/// Lines of a result block's header.
pub const RESULT_HEADER_LINES: usize = 1;
/// Lines of a result block's histogram.
pub const RESULT_HISTOGRAM_LINES: usize = 32;
/// Bytes of a candidate in a result block.
pub const CANDIDATE_BYTES: usize = 8;
/// Bytes of a result block with TOP_K_MAX candidates.
pub const RESULT_BYTES_MAX: usize = 4160;

/// Values of the `opcode` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Fetch a probe image into a probe slot of every stream.
    LoadProbe = 0x01,
    /// Compare the loaded probes of a mask with every record of a list of extents.
    Search = 0x02,
    /// Copy lines between host and card memory, or within either.
    Copy = 0x03,
    /// Admin: create an I/O queue pair.
    CreateQueuePair = 0x80,
    /// Admin: delete an I/O queue pair.
    DeleteQueuePair = 0x81,
    /// Admin: end the command that runs with a tag.
    Abort = 0x82,
    /// Admin: empty an I/O queue pair and start it again at index 0.
    ResetQueuePair = 0x83,
}
impl Opcode {
    /// The value of a byte, `None` for one that the specification does not name.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::LoadProbe),
            0x02 => Some(Self::Search),
            0x03 => Some(Self::Copy),
            0x80 => Some(Self::CreateQueuePair),
            0x81 => Some(Self::DeleteQueuePair),
            0x82 => Some(Self::Abort),
            0x83 => Some(Self::ResetQueuePair),
            _ => None,
        }
    }
}

/// Values of the `status` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// The command did all it was asked.
    Success = 0x00,
    /// The opcode is unknown or not allowed on this queue.
    InvalidOpcode = 0x01,
    /// A field of the command is out of range.
    InvalidField = 0x02,
    /// A read was answered with an error, as by an IOMMU; detail is the extent index.
    DmaReadError = 0x03,
    /// A result write was answered with an error.
    DmaWriteError = 0x04,
    /// A CRC-32C did not fit; detail is the extent index.
    CrcMismatch = 0x05,
    /// An extent does not hold well-formed records; detail is the extent index.
    RecordFormat = 0x06,
    /// The mask names an empty probe slot.
    ProbeNotLoaded = 0x07,
    /// The queue index is out of range, in use, or not in use.
    InvalidQueue = 0x08,
    /// Ended by an ABORT command.
    Aborted = 0x09,
    /// A read or write was not answered within bus_timeout; detail as for DMA_READ_ERROR.
    Timeout = 0x0a,
    /// Ended because it ran longer than the watchdog allows.
    Watchdog = 0x0b,
    /// An engine's probe memory lost a bit; detail is stream * 256 + probe slot. The slot must be loaded again.
    ProbeParity = 0x0c,
    /// No such channel of card memory, or an address beyond its end; detail is the extent index.
    AddressRange = 0x0d,
}
impl Status {
    /// The value of a byte, `None` for one that the specification does not name.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x00 => Some(Self::Success),
            0x01 => Some(Self::InvalidOpcode),
            0x02 => Some(Self::InvalidField),
            0x03 => Some(Self::DmaReadError),
            0x04 => Some(Self::DmaWriteError),
            0x05 => Some(Self::CrcMismatch),
            0x06 => Some(Self::RecordFormat),
            0x07 => Some(Self::ProbeNotLoaded),
            0x08 => Some(Self::InvalidQueue),
            0x09 => Some(Self::Aborted),
            0x0a => Some(Self::Timeout),
            0x0b => Some(Self::Watchdog),
            0x0c => Some(Self::ProbeParity),
            0x0d => Some(Self::AddressRange),
            _ => None,
        }
    }
}

/// Record line: One 64-byte line of a packed record: up to three minutiae (MATCHER 2.4). A record starts where `line` is 0 and ends where `last` is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct RecordLine {
    /// Descriptor of the line's first minutia, bit b at word b/32, bit b%32.
    pub descriptor_0: [U32; 4],
    /// Packed: `x_0`, `y_0`, `angle_0`.
    pub geometry_0: U32,
    /// Descriptor of the second minutia.
    pub descriptor_1: [U32; 4],
    /// Packed: `x_1`, `y_1`, `angle_1`.
    pub geometry_1: U32,
    /// Descriptor of the third minutia.
    pub descriptor_2: [U32; 4],
    /// Packed: `x_2`, `y_2`, `angle_2`.
    pub geometry_2: U32,
    /// Packed: `meta_0`, `meta_1`, `meta_2`, `count`, `line`, `last`.
    pub tail: U32,
}
const _: () = assert!(size_of::<RecordLine>() == 64);
impl RecordLine {
    /// X, pixels right of the centroid at 500 ppi, two's complement.
    pub const fn x_0(&self) -> u32 {
        bits(self.geometry_0, 0, 12)
    }
    /// Sets `x_0` to the low 12 bits of `value`.
    pub const fn set_x_0(&mut self, value: u32) {
        self.geometry_0 = with_bits(self.geometry_0, 0, 12, value);
    }
    /// Y, pixels above the centroid, two's complement.
    pub const fn y_0(&self) -> u32 {
        bits(self.geometry_0, 12, 12)
    }
    /// Sets `y_0` to the low 12 bits of `value`.
    pub const fn set_y_0(&mut self, value: u32) {
        self.geometry_0 = with_bits(self.geometry_0, 12, 12, value);
    }
    /// Direction, 1/256 turn counter-clockwise from +x.
    pub const fn angle_0(&self) -> u32 {
        bits(self.geometry_0, 24, 8)
    }
    /// Sets `angle_0` to the low 8 bits of `value`.
    pub const fn set_angle_0(&mut self, value: u32) {
        self.geometry_0 = with_bits(self.geometry_0, 24, 8, value);
    }
    /// `x_1` of `geometry_1`.
    pub const fn x_1(&self) -> u32 {
        bits(self.geometry_1, 0, 12)
    }
    /// Sets `x_1` to the low 12 bits of `value`.
    pub const fn set_x_1(&mut self, value: u32) {
        self.geometry_1 = with_bits(self.geometry_1, 0, 12, value);
    }
    /// `y_1` of `geometry_1`.
    pub const fn y_1(&self) -> u32 {
        bits(self.geometry_1, 12, 12)
    }
    /// Sets `y_1` to the low 12 bits of `value`.
    pub const fn set_y_1(&mut self, value: u32) {
        self.geometry_1 = with_bits(self.geometry_1, 12, 12, value);
    }
    /// `angle_1` of `geometry_1`.
    pub const fn angle_1(&self) -> u32 {
        bits(self.geometry_1, 24, 8)
    }
    /// Sets `angle_1` to the low 8 bits of `value`.
    pub const fn set_angle_1(&mut self, value: u32) {
        self.geometry_1 = with_bits(self.geometry_1, 24, 8, value);
    }
    /// `x_2` of `geometry_2`.
    pub const fn x_2(&self) -> u32 {
        bits(self.geometry_2, 0, 12)
    }
    /// Sets `x_2` to the low 12 bits of `value`.
    pub const fn set_x_2(&mut self, value: u32) {
        self.geometry_2 = with_bits(self.geometry_2, 0, 12, value);
    }
    /// `y_2` of `geometry_2`.
    pub const fn y_2(&self) -> u32 {
        bits(self.geometry_2, 12, 12)
    }
    /// Sets `y_2` to the low 12 bits of `value`.
    pub const fn set_y_2(&mut self, value: u32) {
        self.geometry_2 = with_bits(self.geometry_2, 12, 12, value);
    }
    /// `angle_2` of `geometry_2`.
    pub const fn angle_2(&self) -> u32 {
        bits(self.geometry_2, 24, 8)
    }
    /// Sets `angle_2` to the low 8 bits of `value`.
    pub const fn set_angle_2(&mut self, value: u32) {
        self.geometry_2 = with_bits(self.geometry_2, 24, 8, value);
    }
    /// Type (7:6) and half quality (5:0) of the first minutia.
    pub const fn meta_0(&self) -> u32 {
        bits(self.tail, 0, 8)
    }
    /// Sets `meta_0` to the low 8 bits of `value`.
    pub const fn set_meta_0(&mut self, value: u32) {
        self.tail = with_bits(self.tail, 0, 8, value);
    }
    /// The same of the second.
    pub const fn meta_1(&self) -> u32 {
        bits(self.tail, 8, 8)
    }
    /// Sets `meta_1` to the low 8 bits of `value`.
    pub const fn set_meta_1(&mut self, value: u32) {
        self.tail = with_bits(self.tail, 8, 8, value);
    }
    /// The same of the third.
    pub const fn meta_2(&self) -> u32 {
        bits(self.tail, 16, 8)
    }
    /// Sets `meta_2` to the low 8 bits of `value`.
    pub const fn set_meta_2(&mut self, value: u32) {
        self.tail = with_bits(self.tail, 16, 8, value);
    }
    /// Minutiae in this line, 0 only for an empty finger.
    pub const fn count(&self) -> u32 {
        bits(self.tail, 24, 2)
    }
    /// Sets `count` to the low 2 bits of `value`.
    pub const fn set_count(&mut self, value: u32) {
        self.tail = with_bits(self.tail, 24, 2, value);
    }
    /// Line number within the record.
    pub const fn line(&self) -> u32 {
        bits(self.tail, 26, 5)
    }
    /// Sets `line` to the low 5 bits of `value`.
    pub const fn set_line(&mut self, value: u32) {
        self.tail = with_bits(self.tail, 26, 5, value);
    }
    /// Last line of the record.
    pub const fn last(&self) -> u32 {
        bits(self.tail, 31, 1)
    }
    /// Sets `last` to the low 1 bits of `value`.
    pub const fn set_last(&mut self, value: u32) {
        self.tail = with_bits(self.tail, 31, 1, value);
    }
}

/// Rotation entry: One lane of a rotation row of a probe image (MATCHER 3, probe preparation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Rotation {
    /// Packed: `rx`, `ry`.
    pub word: U32,
}
const _: () = assert!(size_of::<Rotation>() == 4);
impl Rotation {
    /// RX[r][j], two's complement.
    pub const fn rx(&self) -> u32 {
        bits(self.word, 0, 13)
    }
    /// Sets `rx` to the low 13 bits of `value`.
    pub const fn set_rx(&mut self, value: u32) {
        self.word = with_bits(self.word, 0, 13, value);
    }
    /// RY[r][j], two's complement.
    pub const fn ry(&self) -> u32 {
        bits(self.word, 16, 13)
    }
    /// Sets `ry` to the low 13 bits of `value`.
    pub const fn set_ry(&mut self, value: u32) {
        self.word = with_bits(self.word, 16, 13, value);
    }
}

/// Extent: A run of whole gallery records in memory: what one search command lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Extent {
    /// Address of the first line, a multiple of 64.
    pub address: U64,
    /// Lines, 1 to EXTENT_LINES_MAX.
    pub lines: U32,
    /// Records; the card refuses an extent that holds another number.
    pub records: U32,
    /// Gallery index of the first record.
    pub base_index: U32,
    /// CRC-32C over all lines.
    pub crc32c: U32,
    /// Packed: `memory`, `known_answer`, `reserved_flags`.
    pub flags: U32,
    /// Zero.
    pub reserved_tail: [U32; 9],
}
const _: () = assert!(size_of::<Extent>() == 64);
impl Extent {
    /// Memory that holds the lines: 0 for the host's, or a channel of card memory counted from 1.
    pub const fn memory(&self) -> u32 {
        bits(self.flags, 0, 8)
    }
    /// Sets `memory` to the low 8 bits of `value`.
    pub const fn set_memory(&mut self, value: u32) {
        self.flags = with_bits(self.flags, 0, 8, value);
    }
    /// Records whose scores are known: they go past every stream, and their scores into the header's signature only.
    pub const fn known_answer(&self) -> u32 {
        bits(self.flags, 8, 1)
    }
    /// Sets `known_answer` to the low 1 bits of `value`.
    pub const fn set_known_answer(&mut self, value: u32) {
        self.flags = with_bits(self.flags, 8, 1, value);
    }
    /// Zero.
    pub const fn reserved_flags(&self) -> u32 {
        bits(self.flags, 9, 23)
    }
    /// Sets `reserved_flags` to the low 23 bits of `value`.
    pub const fn set_reserved_flags(&mut self, value: u32) {
        self.flags = with_bits(self.flags, 9, 23, value);
    }
}

/// Result header: First line of a result block: one per stream and probe slot of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ResultHeader {
    /// Comparisons made.
    pub comparisons: U32,
    /// Candidates that follow the histogram, at most top_k.
    pub candidates: U32,
    /// Comparisons whose score reached the threshold.
    pub passed: U32,
    /// Stream that made the comparisons.
    pub stream: u8,
    /// Probe slot compared.
    pub probe_slot: u8,
    /// Records of known-answer extents compared; stays at all ones.
    pub known_answers: U16,
    /// Cycles while extents were dealt and streamed.
    pub cycles: U64,
    /// Gallery minutiae accepted, one per cycle.
    pub minutiae: U64,
    /// Cycles without a line to read.
    pub stall_starved: U64,
    /// Cycles that waited for an engine's consistency pass.
    pub stall_engine: U64,
    /// Cycles that waited for scores to be collected.
    pub stall_collect: U64,
    /// Lines read.
    pub lines: U32,
    /// Over the known answers' scores in order: signature = rotate_left(signature, 5) ^ score16, 0 at first.
    pub known_answer_signature: U32,
}
const _: () = assert!(size_of::<ResultHeader>() == 64);

/// Candidate: A reference that reached the threshold and the top-K list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Candidate {
    /// Gallery index.
    pub index: U32,
    /// score16: coarse comparison score, higher is more similar.
    pub score: U16,
    /// Zero.
    pub reserved_6: [u8; 2],
}
const _: () = assert!(size_of::<Candidate>() == 8);

/// Submission entry: What all submission entries share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Sqe {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// By opcode.
    pub words: [U32; 15],
}
const _: () = assert!(size_of::<Sqe>() == 64);

/// LOAD_PROBE: Fetches PROBE_IMAGE_BYTES into a probe slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeLoadProbe {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// Probe slot, below the card's `probes`.
    pub probe_slot: u8,
    /// Largest angle difference of this probe's comparisons, 1/256 turn, 0 to GATE_MAX.
    pub gate: u8,
    /// Zero.
    pub reserved_6: [u8; 2],
    /// Address of the image, a multiple of 64.
    pub image_address: U64,
    /// CRC-32C over the image.
    pub crc32c: U32,
    /// Zero.
    pub reserved_tail: [U32; 11],
}
const _: () = assert!(size_of::<SqeLoadProbe>() == 64);

/// SEARCH: Streams extents past the probes of a mask and writes one result block per stream and probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeSearch {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// Probe slots to compare, bit p = slot p; not zero.
    pub probe_mask: U32,
    /// Address of the extent descriptors, a multiple of 64.
    pub extents_address: U64,
    /// Extents, 1 or more.
    pub extent_count: U32,
    /// Smallest score16 of a candidate.
    pub threshold: U16,
    /// Zero.
    pub reserved_22: [u8; 2],
    /// Candidates per block, 1 to TOP_K_MAX.
    pub top_k: U16,
    /// Zero.
    pub reserved_26: [u8; 2],
    /// Bytes from one result block to the next, a multiple of 64 that holds top_k candidates.
    pub result_stride: U32,
    /// Address of the result blocks, a multiple of 64; block (s, p) at s * probes + p strides.
    pub result_address: U64,
    /// Zero.
    pub reserved_tail: [U32; 6],
}
const _: () = assert!(size_of::<SqeSearch>() == 64);

/// COPY: Copies lines and checks their CRC-32C on the way; after every end but SUCCESS the destination holds anything. A memory is 0 for the host's, or a channel of card memory counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeCopy {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// Memory to read.
    pub source_memory: u8,
    /// Memory to write.
    pub destination_memory: u8,
    /// Zero.
    pub reserved_6: [u8; 2],
    /// Address of the first line to read, a multiple of 64.
    pub source_address: U64,
    /// Address of the first line to write, a multiple of 64. The two runs must not overlap.
    pub destination_address: U64,
    /// Lines, 1 to EXTENT_LINES_MAX.
    pub lines: U32,
    /// CRC-32C over all lines.
    pub crc32c: U32,
    /// Zero.
    pub reserved_tail: [U32; 8],
}
const _: () = assert!(size_of::<SqeCopy>() == 64);

/// CREATE_QUEUE_PAIR: Admin queue only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeCreateQueuePair {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// 1 up to the card's `queue_pairs` - 1.
    pub queue_index: u8,
    /// Log2 of the entries of both queues, 1 to QUEUE_ENTRIES_LOG2_MAX.
    pub entries_log2: u8,
    /// Zero.
    pub reserved_6: [u8; 2],
    /// Address of the submission queue, a multiple of 64.
    pub sq_address: U64,
    /// Address of the completion queue, a multiple of 64.
    pub cq_address: U64,
    /// Zero.
    pub reserved_tail: [U32; 10],
}
const _: () = assert!(size_of::<SqeCreateQueuePair>() == 64);

/// DELETE_QUEUE_PAIR: Admin queue only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeDeleteQueuePair {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// The queue pair to delete.
    pub queue_index: u8,
    /// Zero.
    pub reserved_5: [u8; 3],
    /// Zero.
    pub reserved_tail: [U32; 14],
}
const _: () = assert!(size_of::<SqeDeleteQueuePair>() == 64);

/// ABORT: Admin queue only. Always SUCCESS; detail is 1 where the command was running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeAbort {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// Queue the command was submitted to.
    pub queue_index: u8,
    /// Zero.
    pub reserved_5: [u8; 1],
    /// Tag of the command.
    pub target_tag: U16,
    /// Zero.
    pub reserved_tail: [U32; 14],
}
const _: () = assert!(size_of::<SqeAbort>() == 64);

/// RESET_QUEUE_PAIR: Admin queue only. Ends what runs from the pair and drops what was fetched, without completions; both indices are 0 and the phase 1 when it completes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SqeResetQueuePair {
    /// What to do.
    pub opcode: u8,
    /// Zero.
    pub flags: u8,
    /// Opaque; returned in the completion.
    pub tag: U16,
    /// The queue pair to reset.
    pub queue_index: u8,
    /// Zero.
    pub reserved_5: [u8; 3],
    /// Zero.
    pub reserved_tail: [U32; 14],
}
const _: () = assert!(size_of::<SqeResetQueuePair>() == 64);

/// Completion entry: Written by the card; new when its phase differs from the lap before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Cqe {
    /// By status; for an extent's errors its index.
    pub detail: U32,
    /// Submission queue head: entries below it are free.
    pub sq_head: U16,
    /// Queue pair.
    pub queue_index: u8,
    /// Zero.
    pub reserved_7: [u8; 1],
    /// Cycles from dispatch to completion.
    pub cycles: U32,
    /// Packed: `tag`, `status`, `phase`.
    pub outcome: U32,
}
const _: () = assert!(size_of::<Cqe>() == 16);
impl Cqe {
    /// Tag of the submission.
    pub const fn tag(&self) -> u32 {
        bits(self.outcome, 0, 16)
    }
    /// Sets `tag` to the low 16 bits of `value`.
    pub const fn set_tag(&mut self, value: u32) {
        self.outcome = with_bits(self.outcome, 0, 16, value);
    }
    /// How it ended.
    pub const fn status(&self) -> u32 {
        bits(self.outcome, 16, 8)
    }
    /// Sets `status` to the low 8 bits of `value`.
    pub const fn set_status(&mut self, value: u32) {
        self.outcome = with_bits(self.outcome, 16, 8, value);
    }
    /// 1 on the first lap, then changing with each.
    pub const fn phase(&self) -> u32 {
        bits(self.outcome, 31, 1)
    }
    /// Sets `phase` to the low 1 bits of `value`.
    pub const fn set_phase(&mut self, value: u32) {
        self.outcome = with_bits(self.outcome, 31, 1, value);
    }
}

/// BAR0 offsets of the control and status registers and the places of their fields.
pub mod csr {
    /// DEVICE_MAGIC. All ones: the card is gone.
    pub const ID_MAGIC: u32 = 0x0000;
    /// Version of this interface; the driver refuses another major one.
    pub const ID_VERSION: u32 = 0x0004;
    /// Lowest bit of `minor`: see the register.
    pub const ID_VERSION_MINOR_SHIFT: u32 = 0;
    /// Mask of `minor`, in place.
    pub const ID_VERSION_MINOR_MASK: u32 = 0xffff;
    /// Lowest bit of `major`: see the register.
    pub const ID_VERSION_MAJOR_SHIFT: u32 = 16;
    /// Mask of `major`, in place.
    pub const ID_VERSION_MAJOR_MASK: u32 = 0xffff_0000;
    /// First 32 bits of the SHA-256 over spec/*.rdl; the driver refuses another.
    pub const ID_SPEC_HASH: u32 = 0x0008;
    /// Build identity, 0 where none was given.
    pub const ID_BUILD: u32 = 0x000c;
    /// Register `capability0`.
    pub const CAPABILITY0: u32 = 0x0010;
    /// Lowest bit of `streams`: Record streams.
    pub const CAPABILITY0_STREAMS_SHIFT: u32 = 0;
    /// Mask of `streams`, in place.
    pub const CAPABILITY0_STREAMS_MASK: u32 = 0xff;
    /// Lowest bit of `probes`: Engines per stream: probe slots.
    pub const CAPABILITY0_PROBES_SHIFT: u32 = 8;
    /// Mask of `probes`, in place.
    pub const CAPABILITY0_PROBES_MASK: u32 = 0xff00;
    /// Lowest bit of `queue_pairs`: Queue pairs, the admin pair included.
    pub const CAPABILITY0_QUEUE_PAIRS_SHIFT: u32 = 16;
    /// Mask of `queue_pairs`, in place.
    pub const CAPABILITY0_QUEUE_PAIRS_MASK: u32 = 0xff_0000;
    /// Lowest bit of `lanes`: Lanes per engine.
    pub const CAPABILITY0_LANES_SHIFT: u32 = 24;
    /// Mask of `lanes`, in place.
    pub const CAPABILITY0_LANES_MASK: u32 = 0xff00_0000;
    /// Register `capability1`.
    pub const CAPABILITY1: u32 = 0x0014;
    /// Lowest bit of `top_k_max`: Candidates per result block at most.
    pub const CAPABILITY1_TOP_K_MAX_SHIFT: u32 = 0;
    /// Mask of `top_k_max`, in place.
    pub const CAPABILITY1_TOP_K_MAX_MASK: u32 = 0xffff;
    /// Lowest bit of `queue_entries_log2_max`: Log2 of a queue's entries at most.
    pub const CAPABILITY1_QUEUE_ENTRIES_LOG2_MAX_SHIFT: u32 = 16;
    /// Mask of `queue_entries_log2_max`, in place.
    pub const CAPABILITY1_QUEUE_ENTRIES_LOG2_MAX_MASK: u32 = 0xff_0000;
    /// Lowest bit of `memory_channels`: Card memory channels.
    pub const CAPABILITY1_MEMORY_CHANNELS_SHIFT: u32 = 24;
    /// Mask of `memory_channels`, in place.
    pub const CAPABILITY1_MEMORY_CHANNELS_MASK: u32 = 0xff00_0000;
    /// Register `control`.
    pub const CONTROL: u32 = 0x0020;
    /// Lowest bit of `enable`: Rising: the admin queue starts at index 0, phase 1. Falling: fetching stops, all queues are forgotten.
    pub const CONTROL_ENABLE_SHIFT: u32 = 0;
    /// Mask of `enable`, in place.
    pub const CONTROL_ENABLE_MASK: u32 = 0x1;
    /// Lowest bit of `reset`: Drains the bus, then resets all but these registers.
    pub const CONTROL_RESET_SHIFT: u32 = 1;
    /// Mask of `reset`, in place.
    pub const CONTROL_RESET_MASK: u32 = 0x2;
    /// Lowest bit of `clear_errors`: Clears the error log.
    pub const CONTROL_CLEAR_ERRORS_SHIFT: u32 = 2;
    /// Mask of `clear_errors`, in place.
    pub const CONTROL_CLEAR_ERRORS_MASK: u32 = 0x4;
    /// Register `status`.
    pub const STATUS: u32 = 0x0024;
    /// Lowest bit of `ready`: Not in reset.
    pub const STATUS_READY_SHIFT: u32 = 0;
    /// Mask of `ready`, in place.
    pub const STATUS_READY_MASK: u32 = 0x1;
    /// Lowest bit of `busy`: A command runs.
    pub const STATUS_BUSY_SHIFT: u32 = 1;
    /// Mask of `busy`, in place.
    pub const STATUS_BUSY_MASK: u32 = 0x2;
    /// Lowest bit of `dma_idle`: No read or write is in flight.
    pub const STATUS_DMA_IDLE_SHIFT: u32 = 2;
    /// Mask of `dma_idle`, in place.
    pub const STATUS_DMA_IDLE_MASK: u32 = 0x4;
    /// Lowest bit of `fault`: The error log holds an error.
    pub const STATUS_FAULT_SHIFT: u32 = 3;
    /// Mask of `fault`, in place.
    pub const STATUS_FAULT_MASK: u32 = 0x8;
    /// Lowest bit of `hung`: A memory port waits for an answer beyond bus_timeout. Its client gets errors until the answer comes, or the function is reset.
    pub const STATUS_HUNG_SHIFT: u32 = 4;
    /// Mask of `hung`, in place.
    pub const STATUS_HUNG_MASK: u32 = 0x10;
    /// Register `error_log`.
    pub const ERROR_LOG: u32 = 0x0030;
    /// Lowest bit of `code`: Status code of the first error since the last clear, 0 for none.
    pub const ERROR_LOG_CODE_SHIFT: u32 = 0;
    /// Mask of `code`, in place.
    pub const ERROR_LOG_CODE_MASK: u32 = 0xff;
    /// Lowest bit of `queue_index`: Its queue pair.
    pub const ERROR_LOG_QUEUE_INDEX_SHIFT: u32 = 8;
    /// Mask of `queue_index`, in place.
    pub const ERROR_LOG_QUEUE_INDEX_MASK: u32 = 0xff00;
    /// Lowest bit of `tag`: Its tag.
    pub const ERROR_LOG_TAG_SHIFT: u32 = 16;
    /// Mask of `tag`, in place.
    pub const ERROR_LOG_TAG_MASK: u32 = 0xffff_0000;
    /// Address the first error belongs to, low half: the host's, or within the memory that the command or extent names.
    pub const ERROR_ADDRESS_LO: u32 = 0x0034;
    /// High half.
    pub const ERROR_ADDRESS_HI: u32 = 0x0038;
    /// Admin submission queue, low half; written while not enabled.
    pub const ADMIN_SQ_BASE_LO: u32 = 0x0040;
    /// High half.
    pub const ADMIN_SQ_BASE_HI: u32 = 0x0044;
    /// Admin completion queue, low half.
    pub const ADMIN_CQ_BASE_LO: u32 = 0x0048;
    /// High half.
    pub const ADMIN_CQ_BASE_HI: u32 = 0x004c;
    /// Register `admin_queue`.
    pub const ADMIN_QUEUE: u32 = 0x0050;
    /// Lowest bit of `entries_log2`: Log2 of the entries of both admin queues, 1 to QUEUE_ENTRIES_LOG2_MAX.
    pub const ADMIN_QUEUE_ENTRIES_LOG2_SHIFT: u32 = 0;
    /// Mask of `entries_log2`, in place.
    pub const ADMIN_QUEUE_ENTRIES_LOG2_MASK: u32 = 0xf;
    /// Cycles after which a burst without an answer counts as failed, found out after twice as many at the latest; 0: never. 10 ms at 250 MHz after reset.
    pub const BUS_TIMEOUT: u32 = 0x0060;
    /// Units of 1024 cycles after which a command is ended with WATCHDOG; 0: never.
    pub const WATCHDOG: u32 = 0x0064;
    /// Errors since the last clear, the first included; stays at all ones.
    pub const ERROR_COUNT: u32 = 0x0068;
    /// Register `last_error`.
    pub const LAST_ERROR: u32 = 0x006c;
    /// Lowest bit of `code`: Status code of the latest error since the last clear, 0 for none.
    pub const LAST_ERROR_CODE_SHIFT: u32 = 0;
    /// Mask of `code`, in place.
    pub const LAST_ERROR_CODE_MASK: u32 = 0xff;
    /// Lowest bit of `queue_index`: Its queue pair.
    pub const LAST_ERROR_QUEUE_INDEX_SHIFT: u32 = 8;
    /// Mask of `queue_index`, in place.
    pub const LAST_ERROR_QUEUE_INDEX_MASK: u32 = 0xff00;
    /// Lowest bit of `tag`: Its tag.
    pub const LAST_ERROR_TAG_SHIFT: u32 = 16;
    /// Mask of `tag`, in place.
    pub const LAST_ERROR_TAG_MASK: u32 = 0xffff_0000;
    /// Host address the latest error belongs to, low half.
    pub const LAST_ERROR_ADDRESS_LO: u32 = 0x0070;
    /// High half.
    pub const LAST_ERROR_ADDRESS_HI: u32 = 0x0074;
    /// Size of a channel of card memory in CHANNEL_UNIT_BYTES; 0 where the card has no such channel.
    pub const MEMORY_UNITS: u32 = 0x0080;
    /// Cycles since reset.
    pub const CYCLES_LO: u32 = 0x0100;
    /// Register `cycles_hi`.
    pub const CYCLES_HI: u32 = 0x0104;
    /// Cycles in which a command ran.
    pub const BUSY_CYCLES_LO: u32 = 0x0108;
    /// Register `busy_cycles_hi`.
    pub const BUSY_CYCLES_HI: u32 = 0x010c;
    /// 64-byte beats read from the host.
    pub const READ_BEATS_LO: u32 = 0x0110;
    /// Register `read_beats_hi`.
    pub const READ_BEATS_HI: u32 = 0x0114;
    /// Beats written to the host.
    pub const WRITE_BEATS_LO: u32 = 0x0118;
    /// Register `write_beats_hi`.
    pub const WRITE_BEATS_HI: u32 = 0x011c;
    /// Records streamed, over all streams.
    pub const RECORDS_LO: u32 = 0x0120;
    /// Register `records_hi`.
    pub const RECORDS_HI: u32 = 0x0124;
    /// Gallery minutiae streamed, over all streams.
    pub const MINUTIAE_LO: u32 = 0x0128;
    /// Register `minutiae_hi`.
    pub const MINUTIAE_HI: u32 = 0x012c;
    /// Read bursts answered with an error.
    pub const READ_ERRORS: u32 = 0x0130;
    /// Write bursts answered with an error.
    pub const WRITE_ERRORS: u32 = 0x0134;
    /// Commands completed.
    pub const COMMANDS: u32 = 0x0138;
    /// Comparisons started: engines that took part, summed over the records streamed.
    pub const COMPARISONS_LO: u32 = 0x0140;
    /// Register `comparisons_hi`.
    pub const COMPARISONS_HI: u32 = 0x0144;
    /// Comparisons whose score reached the threshold.
    pub const CANDIDATES_LO: u32 = 0x0148;
    /// Register `candidates_hi`.
    pub const CANDIDATES_HI: u32 = 0x014c;
    /// Cycles in which reads were under way and no beat came: latency, or a link slower than the card.
    pub const READ_WAIT_LO: u32 = 0x0150;
    /// Register `read_wait_hi`.
    pub const READ_WAIT_HI: u32 = 0x0154;
    /// Cycles in which a read burst was offered and not taken by the host.
    pub const READ_HOLD_LO: u32 = 0x0158;
    /// Register `read_hold_hi`.
    pub const READ_HOLD_HI: u32 = 0x015c;
    /// Cycles in which the stream was fed.
    pub const STREAM_ACTIVE_LO: u32 = 0x0200;
    /// Register `stream_active_hi`.
    pub const STREAM_ACTIVE_HI: u32 = 0x0204;
    /// Gallery minutiae taken, one per cycle: over `active` the stream's efficiency.
    pub const STREAM_MINUTIAE_LO: u32 = 0x0208;
    /// Register `stream_minutiae_hi`.
    pub const STREAM_MINUTIAE_HI: u32 = 0x020c;
    /// Records taken to their end.
    pub const STREAM_RECORDS_LO: u32 = 0x0210;
    /// Register `stream_records_hi`.
    pub const STREAM_RECORDS_HI: u32 = 0x0214;
    /// Lines taken.
    pub const STREAM_LINES_LO: u32 = 0x0218;
    /// Register `stream_lines_hi`.
    pub const STREAM_LINES_HI: u32 = 0x021c;
    /// Cycles lost without a line to read.
    pub const STREAM_STARVED_LO: u32 = 0x0220;
    /// Register `stream_starved_hi`.
    pub const STREAM_STARVED_HI: u32 = 0x0224;
    /// Cycles lost to the consistency pass of an earlier record.
    pub const STREAM_STALL_ENGINE_LO: u32 = 0x0228;
    /// Register `stream_stall_engine_hi`.
    pub const STREAM_STALL_ENGINE_HI: u32 = 0x022c;
    /// Cycles lost to the collection of scores.
    pub const STREAM_STALL_COLLECT_LO: u32 = 0x0230;
    /// Register `stream_stall_collect_hi`.
    pub const STREAM_STALL_COLLECT_HI: u32 = 0x0234;
    /// Register `queue_pair_sq_tail`.
    pub const QUEUE_PAIR_SQ_TAIL: u32 = 0x1000;
    /// Register `queue_pair_cq_head`.
    pub const QUEUE_PAIR_CQ_HEAD: u32 = 0x1004;
    /// Register `queue_pair_sq_head`.
    pub const QUEUE_PAIR_SQ_HEAD: u32 = 0x1008;
    /// Register `queue_pair_cq_tail`.
    pub const QUEUE_PAIR_CQ_TAIL: u32 = 0x100c;
    /// Number of `memory` register groups in the map.
    pub const MEMORY_COUNT: u32 = 8;
    /// Bytes from one `memory` group to the next.
    pub const MEMORY_STRIDE: u32 = 0x4;
    /// Number of `stream` register groups in the map.
    pub const STREAM_COUNT: u32 = 8;
    /// Bytes from one `stream` group to the next.
    pub const STREAM_STRIDE: u32 = 0x40;
    /// Number of `queue_pair` register groups in the map.
    pub const QUEUE_PAIR_COUNT: u32 = 8;
    /// Bytes from one `queue_pair` group to the next.
    pub const QUEUE_PAIR_STRIDE: u32 = 0x20;
}
