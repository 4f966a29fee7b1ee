//! A segment: one file of the log, written once from front to back.

use super::error::StoreError;
use super::frame::{Cipher, HEADER_BYTES, Header, SALT_BYTES};
use super::key::{KEY_BYTES, random};
use super::limits::{BATCH_BYTES, BATCH_OPERATIONS_MAX, ENTRY_BYTES_MAX};
use super::manifest::{FLAG_ENCRYPTED, FORMAT_VERSION, StoreId, check_preamble};
use super::storage::{ReadFile, Storage};
use super::wire::Reader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"WHORLSEG";
/// Bytes before a segment's first entry.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 48;
/// What is read of a segment in one go.
const READ_BYTES: usize = 4 << 20;
/// Bytes of one write at most: what an interrupted one may leave behind.
pub(crate) const WRITE_BYTES_MAX: usize = BATCH_BYTES + ENTRY_BYTES_MAX + BATCH_OPERATIONS_MAX * HEADER_BYTES;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    /// Bytes of its whole frame.
    pub(crate) bytes: u32,
}

/// A segment's file name.
pub(crate) fn file_name(id: u32) -> String {
    format!("{id:08x}.segment")
}

/// The number in a segment's file name.
pub(crate) fn file_number(name: &str) -> Option<u32> {
    let id = u32::from_str_radix(name.strip_suffix(".segment")?, 16).ok()?;
    (file_name(id) == name).then_some(id)
}

/// The header of a new segment, and its cipher.
pub(crate) fn begin(
    store: StoreId,
    id: u32,
    key: Option<&[u8; KEY_BYTES]>,
) -> Result<([u8; SEGMENT_HEADER_BYTES], Cipher), StoreError> {
    let salt: [u8; SALT_BYTES] = random()?;
    let mut header = [0; SEGMENT_HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    header[10..12].copy_from_slice(&if key.is_some() { FLAG_ENCRYPTED } else { 0 }.to_le_bytes());
    header[12..16].copy_from_slice(&id.to_le_bytes());
    header[16..32].copy_from_slice(&store);
    header[32..36].copy_from_slice(&salt);
    let crc32c = crc32c::crc32c(&header[..44]);
    header[44..].copy_from_slice(&crc32c.to_le_bytes());
    Ok((header, Cipher::new(key, salt)?))
}

/// A segment that can be read.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) id: u32,
    pub(crate) path: PathBuf,
    file: Arc<dyn ReadFile>,
    cipher: Arc<Cipher>,
}

/// An entry that a scan has come to.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) at: Location,
    pub(crate) header: Header,
    pub(crate) payload: &'a [u8],
}

/// Where a scan has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// At the end of the bytes.
    Whole,
    /// At bytes that are no frame.
    Broken { offset: u64, reason: &'static str },
}

impl Segment {
    /// Opens a segment and checks its header.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Damaged`] or [`StoreError::Version`].
    pub(crate) fn open(
        storage: &dyn Storage,
        folder: &Path,
        store: StoreId,
        id: u32,
        key: Option<&[u8; KEY_BYTES]>,
    ) -> Result<Self, StoreError> {
        let (path, file, salt) = open_file(storage, folder, store, id, key.is_some())?;
        Ok(Self { id, path, file, cipher: Arc::new(Cipher::new(key, salt)?) })
    }

    /// Opens a segment without a key: its frames can be checked, and its payloads stay as they are.
    ///
    /// # Errors
    /// As for [`Segment::open`].
    pub(crate) fn open_unread(
        storage: &dyn Storage,
        folder: &Path,
        store: StoreId,
        id: u32,
        encrypted: bool,
    ) -> Result<Self, StoreError> {
        let (path, file, salt) = open_file(storage, folder, store, id, encrypted)?;
        Ok(Self { id, path, file, cipher: Arc::new(Cipher::new(None, salt)?) })
    }

    pub(crate) const fn file(&self) -> &Arc<dyn ReadFile> {
        &self.file
    }

    /// Length of the file.
    pub(crate) fn bytes(&self) -> Result<u64, StoreError> {
        self.file.bytes().map_err(|e| self.io(e))
    }

    pub(crate) const fn cipher(&self) -> &Arc<Cipher> {
        &self.cipher
    }

    /// Reads the payload of one entry.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Damaged`].
    pub(crate) fn read(&self, at: Location) -> Result<(Header, Vec<u8>), StoreError> {
        let damaged = |reason| StoreError::damaged(&self.path, at.offset.into(), reason);
        let mut frame = vec![0; at.bytes as usize];
        self.file.read_at(at.offset.into(), &mut frame).map_err(|e| self.io(e))?;
        let header = Header::read(&frame).filter(|header| header.frame_bytes() == frame.len());
        let header = header.ok_or_else(|| damaged("no frame begins here"))?;
        if !header.fits(&frame) {
            return Err(damaged("the checksum of an entry does not fit"));
        }
        let payload = self.cipher.open(&mut frame, header.sequence).ok_or_else(|| damaged(NOT_AUTHENTIC))?;
        Ok((header, payload.to_vec()))
    }

    /// Gives all entries before `end` to `visit`, in order.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Damaged`] for an entry that does not decrypt, and what `visit` returns.
    pub(crate) fn scan(
        &self,
        end: u64,
        mut visit: impl FnMut(Found<'_>) -> Result<(), StoreError>,
    ) -> Result<End, StoreError> {
        let mut window = Window { segment: self, end, offset: SEGMENT_HEADER_BYTES as u64, buffer: Vec::new(), at: 0 };
        while window.offset < end {
            let broken = |offset, reason| Ok(End::Broken { offset, reason });
            if !window.fill(HEADER_BYTES)? {
                return broken(window.offset, "it ends within the header of an entry");
            }
            let Some(header) = Header::read(window.rest()) else {
                return broken(window.offset, "no entry begins here");
            };
            if !window.fill(header.frame_bytes())? {
                return broken(window.offset, "it ends within an entry");
            }
            let frame = &mut window.buffer[window.at..][..header.frame_bytes()];
            if !header.fits(frame) {
                return broken(window.offset, "the checksum of an entry does not fit");
            }
            let at = Location { segment: self.id, offset: window.offset as u32, bytes: frame.len() as u32 };
            let payload = self
                .cipher
                .open(frame, header.sequence)
                .ok_or_else(|| StoreError::damaged(&self.path, at.offset.into(), NOT_AUTHENTIC))?;
            visit(Found { at, header, payload })?;
            window.advance(header.frame_bytes());
        }
        Ok(End::Whole)
    }

    /// Whether what is broken at `offset` is the trace of a write that was interrupted, and so was never acknowledged.
    /// `expected` is the sequence of the entry that should stand there. It is not if a later frame was written when
    /// that entry was on the disk already, or if more follows than one write can leave.
    pub(crate) fn is_torn(&self, offset: u64, end: u64, expected: u64) -> Result<bool, StoreError> {
        let rest = end - offset;
        if rest > WRITE_BYTES_MAX as u64 {
            return Ok(false);
        }
        let mut bytes = vec![0; rest as usize];
        self.file.read_at(offset, &mut bytes).map_err(|e| self.io(e))?;
        let proof = (1..bytes.len().saturating_sub(HEADER_BYTES)).any(|at| {
            let Some(header) = Header::read(&bytes[at..]) else { return false };
            let begun_behind = header.sequence.saturating_sub(header.place.into()) > expected;
            let near = header.sequence - expected.min(header.sequence) <= BATCH_OPERATIONS_MAX as u64 * 64;
            let frame = bytes.get(at..at + header.frame_bytes());
            begun_behind && near && frame.is_some_and(|frame| header.fits(frame))
        });
        Ok(!proof)
    }

    fn io(&self, error: std::io::Error) -> StoreError {
        StoreError::io("reading", &self.path, error)
    }
}

const NOT_AUTHENTIC: &str = "an entry does not decrypt: it was not written with this segment's key";

/// Bytes of a segment that are in memory.
struct Window<'a> {
    segment: &'a Segment,
    end: u64,
    offset: u64, // in the file, of the byte `at`
    buffer: Vec<u8>,
    at: usize,
}

impl Window<'_> {
    fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.offset += bytes as u64;
    }

    /// Brings `bytes` bytes into memory; false if there are fewer.
    fn fill(&mut self, bytes: usize) -> Result<bool, StoreError> {
        if self.rest().len() >= bytes {
            return Ok(true);
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let have = self.buffer.len();
        let more = (READ_BYTES.max(bytes) - have).min((self.end - self.offset) as usize - have);
        self.buffer.resize(have + more, 0);
        let read = self.segment.file.read_at(self.offset + have as u64, &mut self.buffer[have..]);
        read.map_err(|e| self.segment.io(e))?;
        Ok(self.buffer.len() >= bytes)
    }
}

/// A segment's path, file and salt.
type OpenFile = (PathBuf, Arc<dyn ReadFile>, [u8; SALT_BYTES]);

/// Opens a segment's file and reads its header.
fn open_file(
    storage: &dyn Storage,
    folder: &Path,
    store: StoreId,
    id: u32,
    encrypted: bool,
) -> Result<OpenFile, StoreError> {
    let path = folder.join(file_name(id));
    let file = storage.open(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => StoreError::damaged(&path, 0, "it is missing"),
        _ => StoreError::io("opening", &path, e),
    })?;
    let mut header = [0; SEGMENT_HEADER_BYTES];
    file.read_at(0, &mut header).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => StoreError::damaged(&path, 0, "it ends within its header"),
        _ => StoreError::io("reading", &path, e),
    })?;
    let salt = read_header(&header, &path, store, id, encrypted)?;
    Ok((path, file, salt))
}

fn read_header(
    header: &[u8; SEGMENT_HEADER_BYTES],
    path: &Path,
    store: StoreId,
    id: u32,
    encrypted: bool,
) -> Result<[u8; SALT_BYTES], StoreError> {
    check_preamble(header, MAGIC, path)?;
    let fields = (|| {
        let mut reader = Reader::new(&header[10..]);
        let (flags, number) = (reader.u16()?, reader.u32()?);
        let (owner, salt): (StoreId, _) = (reader.array()?, reader.array()?);
        reader.take(8)?;
        let fits = reader.u32()? == crc32c::crc32c(&header[..44]);
        let ours = number == id && owner == store && (flags & FLAG_ENCRYPTED != 0) == encrypted;
        Some((fits, ours, salt))
    })();
    match fields {
        Some((true, true, salt)) => Ok(salt),
        Some((true, false, _)) => Err(StoreError::damaged(path, 10, "it is a segment of another store or place")),
        _ => Err(StoreError::damaged(path, 0, "the checksum of its header does not fit")),
    }
}
