//! The manifest: which segments a store consists of, in order. Replaced as a whole.

use super::error::StoreError;
use super::hash::Hasher;
use super::limits::SEGMENTS_MAX;
use super::wire::Reader;
use std::path::Path;

/// Name of the manifest's file.
pub(crate) const MANIFEST_FILE: &str = "manifest";
/// Version of all files of a store.
pub(crate) const FORMAT_VERSION: u16 = 1;
/// Flag of a file whose store is encrypted.
pub(crate) const FLAG_ENCRYPTED: u16 = 1;
/// Random name of a store, which binds its files together.
pub(crate) type StoreId = [u8; 16];

const MAGIC: [u8; 8] = *b"WHORLMAN";
const HEADER_BYTES: usize = 40;
const ROW_BYTES: usize = 32;
const TAG_BYTES: usize = 32;
const CRC_BYTES: usize = 4;
/// Bytes of a manifest at most.
pub(crate) const MANIFEST_BYTES_MAX: usize = HEADER_BYTES + ROW_BYTES * SEGMENTS_MAX + TAG_BYTES + CRC_BYTES;

/// A segment in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// Number of the segment, never used again.
    pub(crate) id: u32,
    /// Length of a closed one; one that may still grow stands last.
    pub(crate) closed: Option<u64>,
    /// Sequences of its entries lie above this one,
    pub(crate) after: u64,
    /// and, if it is closed, not above this one.
    pub(crate) last: u64,
}

/// The segments of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) store: StoreId,
    pub(crate) encrypted: bool,
    /// Number that the next segment gets.
    pub(crate) next_segment: u32,
    pub(crate) rows: Vec<Row>,
}

impl Manifest {
    /// The file's bytes.
    pub(crate) fn encode(&self, hasher: &Hasher) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&if self.encrypted { FLAG_ENCRYPTED } else { 0 }.to_le_bytes());
        out.extend_from_slice(&(self.rows.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.store);
        out.extend_from_slice(&self.next_segment.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        for row in &self.rows {
            out.extend_from_slice(&row.id.to_le_bytes());
            out.extend_from_slice(&u32::from(row.closed.is_some()).to_le_bytes());
            for word in [row.closed.unwrap_or(0), row.after, row.last] {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
        let tag = hasher.tag(&out);
        out.extend_from_slice(&tag);
        let crc32c = crc32c::crc32c(&out);
        out.extend_from_slice(&crc32c.to_le_bytes());
        out
    }

    /// Reads a manifest; with a hasher it must also be the store's own.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] or [`StoreError::Version`].
    pub(crate) fn decode(bytes: &[u8], file: &Path, hasher: Option<&Hasher>) -> Result<Self, StoreError> {
        let damaged = |offset: usize, reason: &str| StoreError::damaged(file, offset as u64, reason);
        let (body, crc32c) =
            bytes.split_last_chunk::<CRC_BYTES>().ok_or_else(|| damaged(bytes.len(), "it ends too early"))?;
        check_preamble(bytes, MAGIC, file)?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc32c) {
            return Err(damaged(body.len(), "its checksum does not fit"));
        }
        let (body, tag) =
            body.split_last_chunk::<TAG_BYTES>().ok_or_else(|| damaged(body.len(), "it ends too early"))?;
        if hasher.is_some_and(|hasher| !hasher.verify(body, tag)) {
            return Err(damaged(body.len(), "it is not this store's own"));
        }
        Self::read(body).ok_or_else(|| damaged(HEADER_BYTES, "its rows make no sense"))
    }

    fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        reader.take(MAGIC.len() + 2)?;
        let encrypted = reader.u16()? & FLAG_ENCRYPTED != 0;
        let count = reader.u32()? as usize;
        let store = reader.array()?;
        let next_segment = reader.u32()?;
        reader.take(4)?;
        if count == 0 || count > SEGMENTS_MAX {
            return None;
        }
        let rows = (0..count).map(|_| Row::read(&mut reader)).collect::<Option<Vec<_>>>()?;
        // Only the last may grow; sequences rise from segment to segment; no number is used twice or beyond the next.
        let ordered = rows.windows(2).all(|pair| pair[0].closed.is_some() && pair[0].last <= pair[1].after);
        let numbered = rows.iter().all(|row| row.id < next_segment);
        let mut ids: Vec<u32> = rows.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        let distinct = ids.windows(2).all(|pair| pair[0] != pair[1]);
        let whole = rows.iter().all(|row| row.closed.is_none() || row.after <= row.last);
        (ordered && numbered && distinct && whole && reader.is_empty()).then_some(Self {
            store,
            encrypted,
            next_segment,
            rows,
        })
    }
}

impl Row {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (id, flags) = (reader.u32()?, reader.u32()?);
        let (bytes, after, last) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let closed = match flags {
            0 => None,
            1 => Some(bytes),
            _ => return None,
        };
        Some(Self { id, closed, after, last })
    }
}

/// Checks magic and version, which all files of a store begin with.
pub(crate) fn check_preamble(bytes: &[u8], magic: [u8; 8], file: &Path) -> Result<(), StoreError> {
    let mut reader = Reader::new(bytes);
    if reader.array() != Some(magic) {
        return Err(StoreError::damaged(file, 0, "it does not begin as it should"));
    }
    match reader.u16() {
        Some(FORMAT_VERSION) => Ok(()),
        Some(found) => Err(StoreError::Version { file: file.into(), found, supported: FORMAT_VERSION }),
        None => Err(StoreError::damaged(file, bytes.len() as u64, "it ends too early")),
    }
}
