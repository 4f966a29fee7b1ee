//! An audit log of any bytes, and one that was changed: see README.md for what must hold.

#![no_main]

mod memory;

use libfuzzer_sys::fuzz_target;
use memory::Memory;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use whorl_server::audit::{AuditLog, Event, Filter, query, verify};

const FOLDER: &str = "/audit";

/// A log of four entries.
static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let storage = Memory::default();
    let log = AuditLog::open(Arc::new(storage.clone()), Path::new(FOLDER), 1 << 20).expect("it opens");
    for count in 0..4 {
        let event = Event { method: "Search/Identify".into(), outcome: "OK".into(), count, ..Event::default() };
        log.append_blocking(event).expect("it is entered");
    }
    drop(log);
    let file = whorl_gallery::Storage::open(&storage, &Path::new(FOLDER).join("audit-000001.jsonl")).expect("it is there");
    let mut bytes = vec![0; file.bytes().expect("a length") as usize];
    file.read_at(0, &mut bytes).expect("it is read");
    bytes
});

fuzz_target!(|input: (bool, u16, &[u8])| {
    let (whole, offset, bytes) = input;
    let mut log = if whole { bytes.to_vec() } else { LOG.clone() };
    if !whole {
        let start = usize::from(offset) % (log.len() + 1);
        let end = (start + bytes.len()).min(log.len());
        log.splice(start..end, bytes.iter().copied());
    }
    let storage = Memory::default();
    storage.put(&Path::new(FOLDER).join("audit-000001.jsonl"), log.clone());
    let verified = verify(&storage, Path::new(FOLDER));
    let found = query(&storage, Path::new(FOLDER), &Filter { limit: 100, ..Filter::default() });
    assert_eq!(verified.is_ok(), found.is_ok());
    if let Ok(verified) = &verified {
        let entries = verified.entries as usize;
        // Without the key of the hashes nothing but a part of the log from its begin is intact.
        assert!(LOG.starts_with(&log[..log.len() - verified.torn_bytes as usize]) || entries > 4, "{entries}");
        assert_eq!(found.expect("it is intact").len(), entries.min(100));
    }
    let opened = AuditLog::open(Arc::new(storage), Path::new(FOLDER), 1 << 20);
    assert_eq!(opened.is_ok(), verified.is_ok());
    if let Ok(log) = opened {
        let next = log.append_blocking(Event::default()).expect("it goes on");
        assert_eq!(next, verified.expect("as above").entries + 1);
        log.verify().expect("it is intact");
    }
});
