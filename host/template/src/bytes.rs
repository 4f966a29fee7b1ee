//! A cursor over outside bytes that names the field it was asked for when they run out.

use crate::error::TemplateError;

/// Big-endian reader; it never reads past its slice.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize, // of the next byte to read, at most bytes.len()
    /// Fields whose reserved bits were set, and were dropped.
    pub(crate) dropped: u32,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, dropped: 0 }
    }

    /// Offset of the next byte from the start of the file.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes that are left.
    pub(crate) fn available(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], TemplateError> {
        let rest = &self.bytes[self.offset..];
        let Some(taken) = rest.get(..count) else {
            return Err(TemplateError::Truncated { field, offset: self.offset, needed: count, available: rest.len() });
        };
        self.offset += count;
        Ok(taken)
    }

    /// The next `N` bytes by value.
    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], TemplateError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, TemplateError> {
        Ok(u8::from_be_bytes(self.array(field)?))
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, TemplateError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, TemplateError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }
}
