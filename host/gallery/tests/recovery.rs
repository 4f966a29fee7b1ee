//! What interrupted writes, damage and faults of the disk leave of a store.

mod common;

use common::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whorl_gallery::faults::{Fault, FaultyStorage, Plan};
use whorl_gallery::{MasterKey, Status, Store, StoreError, StoreOptions};

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.path().join(entry.file_name())).expect("copied");
    }
    to
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry").path());
    let mut segments: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "segment")).collect();
    segments.sort();
    segments
}

/// A folder as a killed process leaves it, with three enrolments in its only segment.
fn killed(key: Option<MasterKey>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(key)).expect("a new store");
    for subject in ["anna", "bert", "cleo"] {
        done(&store, enrolment(subject, "g", subject, "e1", &[1, 2]));
    }
    copy(folder.path())
}

fn subjects(store: &Store) -> u64 {
    store.count(None).expect("counts").subjects
}

#[test]
fn a_torn_tail_is_cut_at_any_byte_and_nothing_before_it_is_lost() {
    for key in [None, key()] {
        let folder = killed(key.clone());
        let segment = segments(folder.path()).remove(0);
        let whole = fs::read(&segment).expect("readable");
        let entry = (whole.len() - 48) / 3;
        for length in (48..whole.len()).step_by(7).chain([whole.len() - 1, whole.len()]) {
            let torn = copy(folder.path());
            fs::write(torn.path().join(segment.file_name().expect("a name")), &whole[..length]).expect("written");
            let (store, recovery) = Store::open(torn.path(), options(key.clone()), &|_| {}).expect("opens");
            let entries = (length - 48) / entry;
            assert_eq!(recovery.entries, entries as u64, "{length} bytes");
            assert_eq!(recovery.torn_bytes, ((length - 48) % entry) as u64);
            assert_eq!(subjects(&store), entries as u64);
            done(&store, enrolment("more", "g", "more", "e1", &[1]));
            assert_eq!(store.stats().sequence, entries as u64 + 1);
            drop(store);
            assert_eq!(subjects(&open(torn.path(), &options(key.clone())).expect("opens")), entries as u64 + 1);
        }
    }
}

#[test]
fn damage_before_the_tail_is_an_error_that_names_file_and_offset() {
    for key in [None, key()] {
        let folder = killed(key.clone());
        let segment = segments(folder.path()).remove(0);
        let whole = fs::read(&segment).expect("readable");
        let entry = (whole.len() - 48) / 3;
        for at in (0..48 + 2 * entry).step_by(5) {
            let damaged = copy(folder.path());
            let path = damaged.path().join(segment.file_name().expect("a name"));
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            fs::write(&path, &bytes).expect("written");
            let error = open(damaged.path(), &options(key.clone())).expect_err("damaged");
            match error {
                StoreError::Damaged { file, offset, .. } => {
                    assert_eq!(file, path);
                    assert!(
                        offset <= at as u64 && at as u64 <= offset + entry as u64,
                        "{at} is said to be at {offset}"
                    );
                }
                StoreError::Version { .. } if (8..10).contains(&at) => {}
                other => panic!("{at}: {other}"),
            }
            assert_eq!(fs::read(&path).expect("readable"), bytes, "nothing was changed");
            assert!(Store::verify(damaged.path(), &options(key.clone()), &|_| {}).is_err());
        }
    }
}

#[test]
fn damage_at_the_end_of_a_closed_store_is_no_torn_tail() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("r", "g", "anna", "e1", &[1]));
    drop(store);
    let segment = segments(folder.path()).remove(0);
    let whole = fs::read(&segment).expect("readable");
    for length in [whole.len() - 1, 48, 10] {
        fs::write(&segment, &whole[..length]).expect("written");
        assert!(matches!(open(folder.path(), &options(None)), Err(StoreError::Damaged { .. })), "{length}");
    }
    fs::remove_file(&segment).expect("removed");
    assert!(matches!(open(folder.path(), &options(None)), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_store_that_lost_its_manifest_is_not_made_anew() {
    let traces = |entries: usize, segments: usize| {
        let folder = tempfile::tempdir().expect("a folder");
        for round in 0..segments {
            let store = match round {
                0 => Store::create(folder.path(), options(key())).expect("a new store"),
                _ => open(folder.path(), &options(key())).expect("the store"),
            };
            for number in 0..entries {
                let name = format!("{round}-{number}");
                done(&store, enrolment(&name, "g", &name, "e", &[1]));
            }
        }
        fs::remove_file(folder.path().join("manifest")).expect("removed");
        folder
    };
    for (entries, rounds) in [(1, 1), (3, 1), (2, 2)] {
        let folder = traces(entries, rounds);
        let before = segments(folder.path());
        let error = Store::create(folder.path(), options(key())).expect_err("somebody's entries are there");
        assert!(matches!(error, StoreError::NotEmpty { .. }), "{error}");
        assert_eq!(segments(folder.path()), before, "nothing was removed");
    }
    // Two segments without entries are more than one attempt leaves, too.
    let folder = traces(0, 1);
    let segment = segments(folder.path()).remove(0);
    fs::copy(&segment, folder.path().join("00000001.segment")).expect("copied");
    assert!(matches!(Store::create(folder.path(), options(key())), Err(StoreError::NotEmpty { .. })));
    Store::create(traces(0, 1).path(), options(key())).expect("an attempt that was interrupted is not in the way");
}

#[test]
fn a_flipped_bit_in_manifest_or_keys_is_found() {
    for key in [None, key()] {
        let folder = killed(key.clone());
        for name in ["manifest", "keys"] {
            let whole = fs::read(folder.path().join(name)).expect("readable");
            for bit in 0..whole.len() * 8 {
                let mut bytes = whole.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                fs::write(folder.path().join(name), &bytes).expect("written");
                let error = open(folder.path(), &options(key.clone())).expect_err("found");
                assert!(matches!(error, StoreError::Damaged { .. } | StoreError::Version { .. }), "{bit}: {error}");
            }
            for length in 0..whole.len() {
                fs::write(folder.path().join(name), &whole[..length]).expect("written");
                assert!(matches!(open(folder.path(), &options(key.clone())), Err(StoreError::Damaged { .. })));
            }
            fs::write(folder.path().join(name), &whole).expect("written");
        }
        assert_eq!(subjects(&open(folder.path(), &options(key)).expect("whole again")), 3);
    }
}

#[test]
fn a_manifest_of_someone_without_the_key_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), small(key())).expect("a new store");
    for number in 0..20 {
        done(&store, enrolment(&number.to_string(), "g", &number.to_string(), "e", &[1, 2]));
    }
    drop(store);
    // A segment is left out, the checksum is right: only the authentication can tell.
    let path = folder.path().join("manifest");
    let mut bytes = fs::read(&path).expect("readable");
    bytes.truncate(bytes.len() - 4);
    let count = u32::from_le_bytes(bytes[12..16].try_into().expect("4 bytes"));
    assert!(count > 2);
    bytes[12..16].copy_from_slice(&(count - 1).to_le_bytes());
    bytes.drain(40 + 32..40 + 64);
    let crc = crc32c::crc32c(&bytes);
    bytes.extend(crc.to_le_bytes());
    fs::write(&path, bytes).expect("written");
    let error = open(folder.path(), &small(key())).expect_err("refused");
    assert!(error.to_string().contains("not this store's own"), "{error}");
}

fn faulty(fault: Fault, at: u64, seed: u64) -> (FaultyStorage, StoreOptions) {
    let storage = FaultyStorage::new(Some(Plan { fault, at, seed }));
    let options = StoreOptions { storage: Arc::new(storage.clone()), ..small(key()) };
    (storage, options)
}

#[test]
fn a_failed_write_poisons_the_store_and_leaves_all_or_nothing() {
    for fault in [Fault::Kill, Fault::TornWrite, Fault::NoSpace, Fault::SyncError] {
        for at in 0..60 {
            let folder = tempfile::tempdir().expect("a folder");
            let (_, options) = faulty(fault, at, at * 77 + 5);
            let Ok(store) = Store::create(folder.path(), options) else {
                // Nothing was promised; a second attempt must not be in the way of the first one's traces.
                match open(folder.path(), &small(key())) {
                    Ok(store) => assert_eq!(subjects(&store), 0),
                    Err(StoreError::NoStore { .. }) => {
                        Store::create(folder.path(), small(key())).expect("over the traces of the first attempt");
                    }
                    Err(other) => panic!("{fault:?} at {at}: {other}"),
                }
                continue;
            };
            let mut acknowledged = Vec::new();
            let mut failed = None;
            for number in 0..40 {
                let name = format!("s{number}");
                match store.apply(enrolment(&name, "g", &name, "e", &[1, 2])) {
                    Ok(_) => acknowledged.push(name),
                    Err(error) => {
                        failed = Some(name);
                        let full = matches!(error, StoreError::DiskFull { .. });
                        assert!(full == (fault == Fault::NoSpace), "{fault:?}: {error}");
                        let after = store.apply(enrolment("after", "g", "after", "e", &[1])).expect_err("poisoned");
                        assert!(matches!(after, StoreError::Poisoned { .. }), "{after}");
                        assert!(store.stats().poisoned.is_some());
                        break;
                    }
                }
            }
            assert!(failed.is_some(), "{fault:?} at {at} did not happen");
            assert_eq!(subjects(&store), acknowledged.len() as u64);
            drop(store);
            let store = open(folder.path(), &small(key())).expect("it opens again");
            let snapshot = store.snapshot("g").ok();
            for name in &acknowledged {
                let references = snapshot.as_ref().expect("a gallery").references_named(name);
                assert_eq!(references.len(), 2, "{fault:?} at {at}: {name}");
                store.encounter("g", name, "e").expect("it is whole");
            }
            let name = failed.expect("one failed");
            let half = snapshot.as_ref().map_or(0, |snapshot| snapshot.references_named(&name).len());
            assert!(half == 0 || half == 2, "{fault:?} at {at}: {half} of 2 references");
            assert_eq!(subjects(&store), acknowledged.len() as u64 + u64::from(half == 2));
            assert_eq!(done(&store, enrolment(&name, "g", &name, "e", &[1, 2])).replayed, half == 2);
        }
    }
}

#[test]
fn what_is_acknowledged_after_a_failed_sync_survives_a_loss_of_power() {
    let mut half_way = 0;
    for at in 0..60 {
        let folder = tempfile::tempdir().expect("a folder");
        let (storage, options) = faulty(Fault::SyncLost, at, at * 77 + 5);
        let Ok(store) = Store::create(folder.path(), options.clone()) else { continue };
        let enroll = |store: &Store, name: &str| store.apply(enrolment(name, "g", name, "e", &[1, 2]));
        let names: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
        let failed = names.iter().position(|name| enroll(&store, name).is_err()).expect("a sync failed");
        drop(store);
        // The machine goes on, and so what was not synced can be read.
        let store = open(folder.path(), &options).expect("it opens again");
        half_way += u64::from(store.stats().sequence > failed as u64);
        for name in &names[..=failed] {
            enroll(&store, name).expect("done before or now");
        }
        storage.kill();
        drop(store);
        let store = open(folder.path(), &small(key())).expect("it opens after the loss of power");
        assert_eq!(subjects(&store), failed as u64 + 1, "{at}");
    }
    assert!(half_way > 5, "{half_way} entries that were not synced were found again");
}

#[test]
fn faults_in_compaction_and_rotation_lose_nothing() {
    for fault in [Fault::Kill, Fault::TornWrite, Fault::NoSpace, Fault::SyncError] {
        for at in 0..80 {
            let folder = tempfile::tempdir().expect("a folder");
            let (old, new) = (key(), Some(MasterKey::new([9; 32])));
            let store = Store::create(folder.path(), small(old.clone())).expect("a new store");
            for number in 0..24 {
                let name = format!("s{number}");
                done(&store, enrolment(&name, "g", &name, "e", &[1, 2]));
            }
            for number in (0..24).step_by(3) {
                done(&store, expunge(&format!("x{number}"), "g", &format!("s{number}"), None));
            }
            for number in (1..24).step_by(3) {
                let name = format!("s{number}");
                done(&store, set_status(&format!("t{number}"), "g", &name, None, Status::Sealed));
            }
            let searched_before = searched(&store, "g");
            drop(store);
            let (storage, options) = faulty(fault, at, at * 131 + 3);
            let outcome = open(folder.path(), &options).map(|store| {
                let compacted = store.compact(&|_| {});
                let rotated = store.rotate_key(new.clone().expect("a key"));
                (compacted.is_ok(), rotated.is_ok())
            });
            drop(options);
            let opened = open(folder.path(), &small(new.clone()));
            let (key, store) = match opened {
                Ok(store) => (new, store),
                Err(StoreError::Key(_)) => {
                    assert!(!matches!(outcome, Ok((_, true))), "{fault:?} at {at}: rotation was acknowledged");
                    (old.clone(), open(folder.path(), &small(old)).expect("either key opens it"))
                }
                Err(other) => panic!("{fault:?} at {at}: {other}"),
            };
            assert_eq!(searched(&store, "g"), searched_before, "{fault:?} at {at}");
            let counts = store.count(None).expect("counts");
            assert_eq!((counts.encounters, counts.sealed), (16, 8));
            store.compact(&|_| {}).expect("nothing is in the way");
            assert_eq!(searched(&store, "g"), searched_before);
            assert!(done(&store, enrolment("s0", "g", "s0", "e", &[1, 2])).replayed);
            drop(store);
            let verified = Store::verify(folder.path(), &small(key), &|_| {}).expect("all is well");
            assert!(verified.entries > 0);
            let files = fs::read_dir(folder.path()).expect("readable").count();
            assert!(files as u64 <= verified.segments + 3, "{files} files for {} segments", verified.segments);
            let _ = storage.operations();
        }
    }
}
