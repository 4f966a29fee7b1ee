//! Stores of earlier versions, kept as files, are read by this one.
//!
//! `tests/vectors` holds one store of each version of the format, in plaintext and encrypted, that went through every
//! kind of operation, a compaction and a loss of power within a write. All of it is made up.

mod common;

use common::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use whorl_gallery::{MasterKey, Status, Store, StoreError, StoreOptions};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

/// The kept stores: folder, key.
fn kept() -> [(&'static str, Option<MasterKey>); 2] {
    [("v1-plain", None), ("v1-encrypted", Some(MasterKey::new([9; 32])))]
}

/// Options under which what is kept does not age.
fn ageless(key: Option<MasterKey>) -> StoreOptions {
    let ever = Duration::from_hours(24 * 366 * 1000);
    StoreOptions { keep_for: ever, remember_requests_for: ever, ..small(key) }
}

/// The store's own life: what the kept files come from. They are those of a process that was killed, its last operation torn by
/// hand.
fn live(folder: &Path, key: Option<MasterKey>) {
    let life = tempfile::tempdir().expect("a folder");
    let first = key.as_ref().map(|_| MasterKey::new([7; 32]));
    let store = Store::create(life.path(), small(first)).expect("a new store");
    for number in 0..6 {
        let name = format!("subject-{number}");
        done(&store, enrolment(&format!("enrol-{number}"), "city", &name, "visit", &[1, 2, 7]));
    }
    done(&store, enrolment("enrol-again", "city", "subject-1", "visit-2", &[0]));
    done(&store, enrolment("enrol-other", "port", "subject-1", "visit", &[10]));
    done(&store, set_status("seal", "city", "subject-2", None, Status::Sealed));
    done(&store, set_status("seal-one", "city", "subject-1", Some("visit"), Status::Sealed));
    done(&store, set_status("unseal-one", "city", "subject-1", Some("visit"), Status::Active));
    done(&store, expunge("expunge", "city", "subject-3", None));
    done(&store, keep("keep", "answer", b"a kept document"));
    store.compact(&|_| {}).expect("compacted");
    if let Some(key) = key {
        store.rotate_key(key).expect("another key");
    }
    done(&store, expunge("expunge-one", "city", "subject-4", Some("visit")));
    done(&store, enrolment("enrol-last", "city", "subject-9", "visit", &[3]));
    fs::create_dir_all(folder).expect("a folder");
    copy(life.path(), folder);
    drop(store);
    let torn = open_segment(folder);
    let mut bytes = fs::read(&torn).expect("readable");
    let frame = bytes.len() - 40;
    bytes.extend_from_within(frame..);
    fs::write(torn, bytes).expect("written");
}

/// The segment that is not closed: the manifest's last row, before tag and checksum, begins with its number.
fn open_segment(folder: &Path) -> PathBuf {
    let manifest = fs::read(folder.join("manifest")).expect("readable");
    let row = &manifest[manifest.len() - 36 - 32..];
    let number = u32::from_le_bytes(row[..4].try_into().expect("4 bytes"));
    folder.join(format!("{number:08x}.segment"))
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the files are there") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
    }
}

/// What is in the kept stores, whoever reads them.
fn check(folder: &Path, options: &StoreOptions) {
    let verified = Store::verify(folder, options, &|_| {}).expect("every byte is right");
    assert_eq!(verified.torn_bytes, 40);
    let (store, recovery) = Store::open(folder, options.clone(), &|_| {}).expect("it opens");
    assert_eq!((recovery.torn_bytes, recovery.encoded_again), (40, 0));
    let counts = store.count(Some("city")).expect("a gallery");
    assert_eq!((counts.subjects, counts.encounters, counts.references, counts.sealed), (5, 6, 11, 1));
    assert_eq!(store.count(Some("port")).expect("a gallery").references, 1);
    for (subject, encounter, position) in
        [("subject-0", "visit", 7), ("subject-1", "visit", 2), ("subject-1", "visit-2", 0), ("subject-9", "visit", 3)]
    {
        assert!(searched(&store, "city").contains(&marked_record(subject, encounter, position)), "{subject}");
        let read = store.encounter("city", subject, encounter).expect("it is kept");
        assert!(read.templates.contains(&mark("template", subject, encounter, position)), "{subject}");
    }
    assert_eq!(store.encounter("city", "subject-2", "visit").expect("it is kept").status, Status::Sealed);
    for gone in ["subject-3", "subject-4"] {
        assert!(matches!(store.encounter("city", gone, "visit"), Err(StoreError::NotFound(_))), "{gone}");
    }
    assert_eq!(store.kept("answer").expect("readable").as_deref(), Some(&b"a kept document"[..]));
    assert!(done(&store, expunge("expunge", "city", "subject-3", None)).replayed, "requests are remembered");
    // It goes on.
    done(&store, enrolment("enrol-new", "city", "subject-3", "visit", &[1]));
    store.compact(&|_| {}).expect("compacted");
    drop(store);
    let again = open(folder, options).expect("it opens");
    assert_eq!(again.count(Some("city")).expect("a gallery").references, 12);
}

#[test]
fn a_store_of_format_1_is_read_and_goes_on() {
    for (name, key) in kept() {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&Path::new(VECTORS).join(name), folder.path());
        check(folder.path(), &ageless(key));
    }
}

/// What this version writes has the contents of the kept files: they are not something else that is read by accident.
#[test]
fn this_version_writes_what_the_vectors_hold() {
    for (_, key) in kept() {
        let folder = tempfile::tempdir().expect("a folder");
        live(folder.path(), key.clone());
        check(folder.path(), &ageless(key));
    }
}

/// Makes the files of a new format version: `cargo test -p whorl-gallery --test compatibility -- --ignored`. Those of a version
/// that was released stay as they are.
#[test]
#[ignore = "writes the vectors of the format's version"]
fn write_vectors() {
    for (name, key) in kept() {
        let folder = Path::new(VECTORS).join(name);
        assert!(!folder.exists(), "{} is there and stays", folder.display());
        live(&folder, key);
        fs::remove_file(folder.join("lock")).expect("a lock's file holds nothing");
    }
}
