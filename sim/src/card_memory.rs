//! A channel of the card's own memory: contents that outlive every reset, and a line that may be bad.

use std::cell::RefCell;
use std::collections::HashMap;

use whorl_layout::LINE_BYTES;

use crate::link::Memory;

/// Memory is had from the host in pieces of this many bytes, when they are first written.
const PAGE_BYTES: u64 = 4096;

/// One channel. Reads as zero where nothing was written.
#[derive(Debug)]
pub(crate) struct Channel {
    bytes: u64,
    bad_line: Option<u64>,
    pages: RefCell<HashMap<u64, Box<[u8; PAGE_BYTES as usize]>>>,
}

impl Channel {
    /// A channel of `bytes`; every access to the line at `bad_line` fails.
    pub(crate) fn new(bytes: u64, bad_line: Option<u64>) -> Self {
        Self { bytes, bad_line, pages: RefCell::default() }
    }

    /// Whether a burst can be carried out: inside the channel, clear of the bad line, and within one page.
    fn answers(&self, address: u64, bytes: usize) -> bool {
        let Some(end) = address.checked_add(bytes as u64) else { return false };
        let bad = self.bad_line.is_some_and(|line| address < line + LINE_BYTES as u64 && line < end);
        end <= self.bytes && !bad && address % PAGE_BYTES + bytes as u64 <= PAGE_BYTES
    }
}

impl Memory for Channel {
    fn read(&self, address: u64, data: &mut [u8]) -> bool {
        if !self.answers(address, data.len()) {
            return false;
        }
        match self.pages.borrow().get(&(address / PAGE_BYTES)) {
            Some(page) => data.copy_from_slice(&page[(address % PAGE_BYTES) as usize..][..data.len()]),
            None => data.fill(0),
        }
        true
    }

    fn write(&self, address: u64, data: &[u8]) -> bool {
        if !self.answers(address, data.len()) {
            return false;
        }
        let mut pages = self.pages.borrow_mut();
        let page = pages.entry(address / PAGE_BYTES).or_insert_with(|| Box::new([0; PAGE_BYTES as usize]));
        page[(address % PAGE_BYTES) as usize..][..data.len()].copy_from_slice(data);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_rest_is_zero() {
        let channel = Channel::new(1 << 40, None);
        assert!(channel.write((1 << 40) - 64, &[7; 64]) && channel.write(4096 + 128, &[9; 32]));
        let read = |address| {
            let mut data = [1; 64];
            assert!(channel.read(address, &mut data));
            data
        };
        assert_eq!((read((1 << 40) - 64), read(0), read(4096)), ([7; 64], [0; 64], [0; 64]));
        assert_eq!(read(4096 + 128)[..33], [[9; 32].as_slice(), &[0]].concat());
        assert_eq!(channel.pages.borrow().len(), 2);
    }

    #[test]
    fn nothing_outside_and_no_bad_line_is_read_or_written() {
        let channel = Channel::new(1 << 16, Some(8192));
        for (address, bytes) in
            [((1 << 16) - 64, 128), (1 << 16, 64), (u64::MAX - 63, 64), (8192, 64), (8128, 128), (8192 + 32, 64)]
        {
            assert!(
                !channel.read(address, &mut vec![0; bytes]) && !channel.write(address, &vec![0; bytes]),
                "{address:#x}"
            );
        }
        for address in [8128, 8192 + 64, (1 << 16) - 64] {
            assert!(channel.read(address, &mut [0; 64]) && channel.write(address, &[0; 64]), "{address:#x}");
        }
    }
}
