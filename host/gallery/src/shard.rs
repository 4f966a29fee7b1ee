//! One shard: records back to back, the place of each, and the extents that a search command lists.

use whorl_layout::{EXTENT_LINES_MAX, LINE_BYTES, RECORD_LINES_MAX};

/// Lines after which a new extent begins: 32 KiB, small enough to spread a few hundred records over a card's
/// streams and large enough that fetching its descriptor is lost in its streaming time.
const EXTENT_LINES: usize = 512;

const _: () = assert!(EXTENT_LINES + RECORD_LINES_MAX <= EXTENT_LINES_MAX);

/// Why bytes are not taken into a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Not one whole record of 1 to [`RECORD_LINES_MAX`] lines.
    #[error("a record has {bytes} bytes where 1 to {RECORD_LINES_MAX} lines of {LINE_BYTES} bytes are expected")]
    RecordSize {
        /// What was given.
        bytes: usize,
    },
    /// The last byte of a line does not number the lines of one record.
    #[error("line {line} of a record is not numbered {line} or does not mark the record's end")]
    LineNumber {
        /// Which line, from 0.
        line: usize,
    },
    /// More records than a gallery index can name, or more lines than a shard can place.
    #[error("a shard is full at {records} records")]
    Full {
        /// How many it holds.
        records: usize,
    },
}

/// A run of whole records: what a card reads in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// First line, counted from the shard's first.
    pub first_line: u32,
    /// Lines, at least 1.
    pub lines: u32,
    /// Records, at least 1.
    pub records: u32,
    /// Gallery index of the first record.
    pub base_index: u32,
    /// CRC-32C over the lines.
    pub crc32c: u32,
}

/// Packed records with consecutive gallery indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    base_index: u32,
    generation: u64,
    bytes: Vec<u8>,
    starts: Vec<u32>, // first line of each record
    extents: Vec<Extent>,
    crc32c: u32,
}

impl Shard {
    /// Gallery index of the first record.
    pub const fn base_index(&self) -> u32 {
        self.base_index
    }

    /// Which state of the gallery it was made of, counted by whoever made it; 0 where there is only one.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Number of records.
    pub fn records(&self) -> u32 {
        self.starts.len() as u32
    }

    /// All lines, back to back.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The extents, in order, together the whole shard.
    pub fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// CRC-32C over all lines: the shard's checksum in a coverage report.
    pub const fn crc32c(&self) -> u32 {
        self.crc32c
    }

    /// The packed record with a gallery index, `None` outside the shard.
    pub fn record(&self, index: u32) -> Option<&[u8]> {
        let place = index.checked_sub(self.base_index)? as usize;
        let first = *self.starts.get(place)? as usize * LINE_BYTES;
        let end = self.starts.get(place + 1).map_or(self.bytes.len(), |&line| line as usize * LINE_BYTES);
        Some(&self.bytes[first..end])
    }

    /// All packed records, in the order of their gallery indices.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let ends = self.starts.iter().skip(1).map(|&line| line as usize * LINE_BYTES);
        let ends = ends.chain(std::iter::once(self.bytes.len()));
        self.starts.iter().zip(ends).map(|(&line, end)| &self.bytes[line as usize * LINE_BYTES..end])
    }

    /// The bytes of the records `places`, counted from the shard's first.
    ///
    /// # Panics
    /// Where the range reaches beyond the shard.
    pub fn slice(&self, places: std::ops::Range<usize>) -> &[u8] {
        let line = |place: usize| self.starts.get(place).map_or(self.bytes.len(), |&line| line as usize * LINE_BYTES);
        assert!(places.end <= self.starts.len(), "the range ends at {} of {} records", places.end, self.starts.len());
        &self.bytes[line(places.start)..line(places.end)]
    }
}

/// Collects records into a [`Shard`].
#[derive(Debug)]
pub struct ShardBuilder {
    base_index: u32,
    generation: u64,
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl ShardBuilder {
    /// A shard whose first record will have gallery index `base_index`.
    pub const fn new(base_index: u32) -> Self {
        Self { base_index, generation: 0, bytes: Vec::new(), starts: Vec::new() }
    }

    /// The same with room for so many records and bytes.
    pub(crate) fn with_capacity(base_index: u32, records: usize, bytes: usize) -> Self {
        let (bytes, starts) = (Vec::with_capacity(bytes), Vec::with_capacity(records));
        Self { bytes, starts, ..Self::new(base_index) }
    }

    /// The same for a state of the gallery that is numbered `generation`.
    #[must_use]
    pub fn generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// Appends one packed record and returns its gallery index.
    ///
    /// # Errors
    /// [`ShardError`]: the builder is as it was.
    pub fn push(&mut self, record: &[u8]) -> Result<u32, ShardError> {
        check_lines(record)?;
        let full = ShardError::Full { records: self.starts.len() };
        let index = u32::try_from(self.starts.len()).ok().and_then(|n| self.base_index.checked_add(n)).ok_or(full)?;
        let line = u32::try_from(self.bytes.len() / LINE_BYTES).map_err(|_| full)?;
        self.starts.push(line);
        self.bytes.extend_from_slice(record);
        Ok(index)
    }

    /// Bytes collected so far.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The finished shard.
    pub fn finish(mut self) -> Shard {
        // A shard lives long: what its vectors took beyond their length goes back.
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
        let mut extents: Vec<Extent> = Vec::new();
        let total = self.bytes.len() / LINE_BYTES;
        for (place, &start) in self.starts.iter().enumerate() {
            let end = self.starts.get(place + 1).map_or(total, |&next| next as usize);
            let lines = end as u32 - start;
            match extents.last_mut() {
                Some(extent) if (extent.lines as usize) < EXTENT_LINES => {
                    extent.lines += lines;
                    extent.records += 1;
                }
                _ => extents.push(Extent {
                    first_line: start,
                    lines,
                    records: 1,
                    base_index: self.base_index + place as u32,
                    crc32c: 0,
                }),
            }
        }
        for extent in &mut extents {
            let first = extent.first_line as usize * LINE_BYTES;
            extent.crc32c = crc32c::crc32c(&self.bytes[first..first + extent.lines as usize * LINE_BYTES]);
        }
        let crc32c = crc32c::crc32c(&self.bytes);
        let (base_index, generation) = (self.base_index, self.generation);
        Shard { base_index, generation, bytes: self.bytes, starts: self.starts, extents, crc32c }
    }
}

/// Checks what the card checks of a record's frame: line numbers and the end mark (MATCHER 2.4).
pub(crate) fn check_lines(record: &[u8]) -> Result<(), ShardError> {
    let lines = record.len() / LINE_BYTES;
    if !record.len().is_multiple_of(LINE_BYTES) || !(1..=RECORD_LINES_MAX).contains(&lines) {
        return Err(ShardError::RecordSize { bytes: record.len() });
    }
    for (line, bytes) in record.chunks_exact(LINE_BYTES).enumerate() {
        let tail = usize::from(bytes[LINE_BYTES - 1]);
        if (tail >> 2) & 0x1f != line || (tail >> 7 == 1) != (line + 1 == lines) {
            return Err(ShardError::LineNumber { line });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record frame of `lines` lines, filled with `fill`.
    fn record(lines: usize, fill: u8) -> Vec<u8> {
        let mut bytes = vec![fill; lines * LINE_BYTES];
        for (line, chunk) in bytes.chunks_exact_mut(LINE_BYTES).enumerate() {
            chunk[LINE_BYTES - 1] = 3 | (line as u8) << 2 | u8::from(line + 1 == lines) << 7;
        }
        bytes
    }

    #[test]
    fn records_are_found_by_their_gallery_index() {
        let mut builder = ShardBuilder::new(100);
        let records: Vec<_> = (0..20).map(|i| record(1 + i % 7, i as u8)).collect();
        for (place, bytes) in records.iter().enumerate() {
            assert_eq!(builder.push(bytes), Ok(100 + place as u32));
        }
        let shard = builder.finish();
        assert_eq!(shard.records(), 20);
        for (place, bytes) in records.iter().enumerate() {
            assert_eq!(shard.record(100 + place as u32), Some(bytes.as_slice()));
        }
        assert_eq!(shard.record(99), None);
        assert_eq!(shard.record(120), None);
        assert_eq!(shard.slice(3..5), [records[3].clone(), records[4].clone()].concat());
    }

    #[test]
    fn extents_cover_the_shard_without_gap_and_cut_no_record() {
        let mut builder = ShardBuilder::new(7);
        for i in 0..3000 {
            builder.push(&record(1 + i % 32, i as u8)).expect("the frame is right");
        }
        let shard = builder.finish();
        let (mut line, mut index) = (0, 7);
        for extent in shard.extents() {
            assert_eq!((extent.first_line, extent.base_index), (line, index));
            let first = extent.first_line as usize * LINE_BYTES;
            let bytes = &shard.bytes()[first..][..extent.lines as usize * LINE_BYTES];
            assert_eq!(bytes[LINE_BYTES - 1] >> 2 & 0x1f, 0);
            assert_eq!(bytes[bytes.len() - 1] >> 7, 1);
            assert_eq!(extent.crc32c, crc32c::crc32c(bytes));
            line += extent.lines;
            index += extent.records;
        }
        assert_eq!(line as usize * LINE_BYTES, shard.bytes().len());
        assert_eq!(index - 7, shard.records());
        assert!(shard.extents().len() > 5);
    }

    #[test]
    fn a_broken_frame_is_refused_and_changes_nothing() {
        let mut builder = ShardBuilder::new(0);
        assert_eq!(builder.push(&[]), Err(ShardError::RecordSize { bytes: 0 }));
        assert_eq!(builder.push(&[0; 65]), Err(ShardError::RecordSize { bytes: 65 }));
        assert_eq!(builder.push(&record(33, 0)), Err(ShardError::RecordSize { bytes: 33 * 64 }));
        let mut unfinished = record(2, 0);
        unfinished[127] &= 0x7f;
        assert_eq!(builder.push(&unfinished), Err(ShardError::LineNumber { line: 1 }));
        let mut two = record(1, 0);
        two.extend(record(1, 0));
        assert_eq!(builder.push(&two), Err(ShardError::LineNumber { line: 0 }));
        assert_eq!(builder.len_bytes(), 0);
        assert_eq!(builder.push(&record(1, 0)), Ok(0));
    }

    #[test]
    fn an_empty_shard_has_no_extents() {
        let shard = ShardBuilder::new(0).finish();
        assert_eq!((shard.records(), shard.extents().len()), (0, 0));
    }

    #[test]
    fn indices_end_with_the_index_type() {
        let mut builder = ShardBuilder::new(u32::MAX);
        assert_eq!(builder.push(&record(1, 0)), Ok(u32::MAX));
        assert_eq!(builder.push(&record(1, 0)), Err(ShardError::Full { records: 1 }));
    }
}
