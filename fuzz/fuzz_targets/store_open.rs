//! A store with one file of any bytes: see README.md for what must hold.

#![no_main]

mod memory;

use libfuzzer_sys::fuzz_target;
use memory::Memory;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use whorl_gallery::{Store, StoreOptions};

/// Bytes of a segment's header, and of a frame's with the checksum at its end.
const SEGMENT_HEADER: usize = 48;
const FRAME_HEADER: usize = 20;

/// The files of a store that was written by an earlier version.
static FILES: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/gallery/tests/vectors/v1-plain");
    let entries = std::fs::read_dir(folder).expect("the vectors are there");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (Path::new("/store").join(path.file_name().expect("a name")), std::fs::read(path).expect("readable")))
        .collect();
    files.sort();
    files
});

/// Makes the checksum of each frame right, so that what stands in it is read.
fn repair(segment: &mut [u8]) {
    let mut at = SEGMENT_HEADER;
    while let Some(header) = segment.get(at..at + FRAME_HEADER) {
        let length = u32::from_le_bytes(header[..4].try_into().expect("four bytes")) as usize;
        let Some(end) = (at + FRAME_HEADER).checked_add(length).filter(|&end| end <= segment.len()) else { return };
        let crc = crc32c::crc32c_append(crc32c::crc32c(&segment[at..at + 16]), &segment[at + FRAME_HEADER..end]);
        segment[at + 16..at + FRAME_HEADER].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
}

fuzz_target!(|input: (u8, bool, u16, &[u8])| {
    let (which, repaired, offset, bytes) = input;
    let storage = Memory::default();
    for (nth, (path, contents)) in FILES.iter().enumerate() {
        let mut contents = contents.clone();
        if nth == usize::from(which) % FILES.len() {
            let start = usize::from(offset) % (contents.len() + 1);
            contents.truncate(contents.len().max(start + bytes.len()));
            let end = (start + bytes.len()).min(contents.len());
            contents.splice(start..end, bytes.iter().copied());
            if repaired && path.extension().is_some_and(|extension| extension == "segment") {
                repair(&mut contents);
            }
        }
        storage.put(path, contents);
    }
    let options =
        StoreOptions { storage: Arc::new(storage), memory_limit_bytes: Some(1 << 30), ..StoreOptions::default() };
    let folder = Path::new("/store");
    let verified = Store::verify(folder, &options, &|_| {});
    let opened = Store::open(folder, options, &|_| {});
    if let Ok((store, recovery)) = opened {
        let verified = verified.expect("what opens verifies");
        assert_eq!(verified.torn_bytes, recovery.torn_bytes);
        for partition in store.partitions() {
            let snapshot = store.snapshot(&partition.gallery).expect("a gallery that is listed");
            let records: u64 = snapshot.shards().iter().map(|shard| u64::from(shard.records())).sum();
            assert!(records >= snapshot.references());
        }
        store.compact(&|_| {}).expect("what opens compacts");
    }
});
