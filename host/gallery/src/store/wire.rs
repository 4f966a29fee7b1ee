//! Little-endian fields of the files, read with every length checked.

/// Takes fields from bytes, front to back; `None` where they end too early.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A text behind a byte with its length, at least 1.
    pub(crate) fn name(&mut self, bytes_max: usize) -> Option<&'a str> {
        let bytes = usize::from(self.u8()?);
        if bytes == 0 || bytes > bytes_max {
            return None;
        }
        std::str::from_utf8(self.take(bytes)?).ok()
    }

    /// Bytes behind a word with their number.
    pub(crate) fn bytes(&mut self, bytes_max: usize) -> Option<&'a [u8]> {
        let bytes = self.u32()? as usize;
        if bytes > bytes_max { None } else { self.take(bytes) }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Appends a name behind its length; a name's limit lies below 256.
pub(crate) fn put_name(out: &mut Vec<u8>, name: &str) {
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
}

/// Appends bytes behind their number; their limits lie below 2^32.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
