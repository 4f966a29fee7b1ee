//! What the driver's tests share: a device over the model of the card, and a search for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use whorl_layout::LINE_BYTES;

use crate::mock::{self, MockCard};
use crate::{Device, DeviceError, ExtentRequest, GalleryBuffer, Memory, SearchRequest};

pub(crate) type Card = Arc<Mutex<MockCard>>;

pub(crate) fn open() -> (Device, Card) {
    let (transport, card) = mock::mock();
    (Device::open(Box::new(transport)).unwrap(), card)
}

pub(crate) fn open_with(change: impl FnOnce(&mut MockCard)) -> (DeviceError, Card) {
    let (transport, card) = mock::mock();
    change(&mut card.lock().unwrap());
    (Device::open(Box::new(transport)).unwrap_err(), card)
}

/// Extents of `records` records each, one line a record, one behind the other in one buffer.
pub(crate) fn request(device: &mut Device, extents: &[u32]) -> (SearchRequest, GalleryBuffer) {
    let lines: u32 = extents.iter().sum();
    let mut buffer = device.alloc_gallery(lines as usize * LINE_BYTES).unwrap();
    let mut requests = Vec::new();
    let mut first = 0;
    for &records in extents {
        let data: Vec<u8> = (0..records as usize * LINE_BYTES).map(|byte| (byte * 7 + first as usize) as u8).collect();
        let offset = first as usize * LINE_BYTES;
        buffer.write(offset, &data);
        requests.push(ExtentRequest {
            memory: Memory::Host,
            address: buffer.address(offset),
            lines: records,
            records,
            base_index: 1000 + first,
            crc32c: crc32c::crc32c(&data),
            known_answer: false,
        });
        first += records;
    }
    let request = SearchRequest {
        probe_mask: 3,
        threshold: 500,
        top_k: 10,
        extents: requests,
        timeout: Duration::from_millis(60),
    };
    (request, buffer)
}
