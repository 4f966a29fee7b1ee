//! Compaction, other keys, copies: what they keep and what they leave no trace of.

mod common;

use common::*;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use whorl_gallery::{KeyError, MasterKey, Status, Store, StoreError, StoreOptions};

#[test]
fn what_is_expunged_is_in_no_file_after_a_compaction() {
    for key in [None, key()] {
        let encrypted = key.is_some();
        let folder = tempfile::tempdir().expect("a folder");
        let options = small(key);
        let store = Store::create(folder.path(), options.clone()).expect("a new store");
        for number in 0..30 {
            let name = format!("subject-{number:02}");
            done(&store, enrolment(&format!("enrol-{number:02}"), "city", &name, "visit", &[1, 2]));
        }
        done(&store, enrolment("enrol-second", "city", "subject-07", "visit-2", &[3]));
        done(&store, set_status("seal-12", "city", "subject-12", None, Status::Sealed));
        for number in [3, 12, 29] {
            done(&store, expunge(&format!("expunge-{number}"), "city", &format!("subject-{number:02}"), None));
        }
        done(&store, expunge("expunge-7", "city", "subject-07", Some("visit-2")));
        let traces = |subject: &str, encounter: &str, position: u8| {
            let template = files_with(folder.path(), &mark("template", subject, encounter, position)).len();
            let record = files_with(folder.path(), &marked_record(subject, encounter, position)).len();
            (template, record, files_with(folder.path(), subject.as_bytes()).len())
        };
        if !encrypted {
            let (template, record, name) = traces("subject-03", "visit", 1);
            assert!(template == 1 && record == 1 && name >= 1, "before");
        }
        let before = searched(&store, "city");
        let stats = store.stats();
        assert!(stats.dead_bytes > 0);
        let compaction = store.compact(&|_| {}).expect("compacted");
        assert!(compaction.bytes_after < compaction.bytes_before && compaction.entries_removed >= 9, "{compaction:?}");
        assert_eq!(store.stats().dead_bytes, 0);
        assert!(store.stats().disk_bytes < stats.disk_bytes);
        let check = |store: &Store| {
            for subject in ["subject-03", "subject-12", "subject-29"] {
                assert_eq!(traces(subject, "visit", 1), (0, 0, 0), "{subject}");
            }
            assert_eq!(traces("subject-07", "visit-2", 3).0, 0);
            assert_eq!(files_with(folder.path(), b"visit-2"), Vec::<String>::new());
            assert_eq!(files_with(folder.path(), b"expunge-3"), Vec::<String>::new());
            if encrypted {
                for bytes in [&b"subject-"[..], b"city", b"visit", b"<template", b"<record"] {
                    assert_eq!(files_with(folder.path(), bytes), Vec::<String>::new());
                }
            } else {
                assert_eq!(traces("subject-04", "visit", 2).0, 1);
            }
            assert_eq!(searched(store, "city"), before);
            let encounter = store.encounter("city", "subject-07", "visit").expect("it is kept");
            assert_eq!(encounter.templates[0], mark("template", "subject-07", "visit", 1));
            assert!(done(store, enrolment("enrol-03", "city", "subject-03", "visit", &[1, 2])).replayed);
            assert!(done(store, expunge("expunge-3", "city", "subject-03", None)).replayed);
            let reused = store.apply(expunge("expunge-3", "city", "subject-04", None));
            assert!(matches!(reused, Err(StoreError::RequestReused { .. })));
        };
        check(&store);
        let again = store.compact(&|_| {}).expect("compacted");
        assert_eq!(again.entries_removed, 0);
        check(&store);
        drop(store);
        check(&open(folder.path(), &options).expect("the store"));
    }
}

#[test]
fn a_compaction_that_succeeds_has_removed_what_an_earlier_one_could_not() {
    for failures in [1, 1000] {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = Watched::default();
        let options = StoreOptions { storage: Arc::new(storage.clone()), ..small(None) };
        let store = Store::create(folder.path(), options).expect("a new store");
        done(&store, enrolment("r1", "g", "anna", "e1", &[1]));
        done(&store, enrolment("r2", "g", "bert", "e1", &[1]));
        done(&store, expunge("x", "g", "anna", None));
        storage.removals_that_fail.store(failures, Ordering::SeqCst);
        let outcome = store.compact(&|_| {});
        assert_eq!(outcome.is_ok(), failures == 1, "one failure is made good: {outcome:?}");
        let trace = mark("template", "anna", "e1", 1);
        assert_eq!(files_with(folder.path(), &trace).is_empty(), outcome.is_ok());
        storage.removals_that_fail.store(0, Ordering::SeqCst);
        assert_eq!(store.compact(&|_| {}).expect("compacted").entries_removed, 0, "nothing is left to rewrite");
        assert_eq!(files_with(folder.path(), &trace), Vec::<String>::new());
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count() as u64, store.stats().segments + 3);
        assert_eq!(searched(&store, "g"), [marked_record("bert", "e1", 1)]);
    }
}

#[test]
fn superseded_statuses_go_and_those_in_force_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = small(key());
    let mut store = Store::create(folder.path(), options.clone()).expect("a new store");
    done(&store, enrolment("r1", "g", "anna", "e1", &[1]));
    done(&store, enrolment("r2", "g", "anna", "e2", &[2]));
    done(&store, set_status("s1", "g", "anna", None, Status::Sealed));
    done(&store, set_status("s2", "g", "anna", Some("e1"), Status::Active));
    done(&store, set_status("s3", "g", "anna", Some("e1"), Status::Sealed));
    done(&store, set_status("s4", "g", "anna", Some("e1"), Status::Active));
    for round in 0..3 {
        let compaction = store.compact(&|_| {}).expect("compacted");
        assert_eq!(compaction.entries_removed, if round == 0 { 2 } else { 0 }, "s2 and s3; s1 still seals e2");
        drop(store);
        store = open(folder.path(), &options).expect("the store");
        assert_eq!(searched(&store, "g"), [marked_record("anna", "e1", 1)]);
        assert_eq!(store.encounter("g", "anna", "e2").expect("it").status, Status::Sealed);
        assert!(done(&store, set_status("s3", "g", "anna", Some("e1"), Status::Sealed)).replayed);
    }
    done(&store, set_status("s5", "g", "anna", Some("e2"), Status::Active));
    assert_eq!(searched(&store, "g").len(), 2);
    assert_eq!(store.compact(&|_| {}).expect("compacted").entries_removed, 1);
    drop(store);
    assert_eq!(searched(&open(folder.path(), &options).expect("the store"), "g").len(), 2);
}

#[test]
fn documents_and_receipts_go_with_their_age() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = small(None);
    let store = Store::create(folder.path(), options.clone()).expect("a new store");
    done(&store, keep("k1", "answer-1", b"<the first answer>"));
    done(&store, enrolment("r1", "g", "anna", "e1", &[1]));
    done(&store, enrolment("r2", "g", "bert", "e1", &[1]));
    done(&store, expunge("x", "g", "anna", None));
    assert!(matches!(store.apply(keep("k2", "answer-1", b"?")), Err(StoreError::AlreadyExists(_))));
    assert_eq!(store.compact(&|_| {}).expect("compacted").documents_expired, 0);
    let document = store.kept("answer-1").expect("read");
    assert_eq!(document.as_deref(), Some(&b"<the first answer>"[..]));
    assert_eq!(store.kept("answer-2").expect("read"), None);
    let kept_ms = store.stats().oldest_document_unix_ms.expect("there is one");
    std::thread::sleep(Duration::from_millis(3));
    done(&store, keep("k3", "answer-3", b"<a later answer>"));
    assert_eq!(store.stats().oldest_document_unix_ms, Some(kept_ms));
    drop(store);
    std::thread::sleep(Duration::from_millis(20));
    let zero = Duration::from_millis(10);
    let aged = StoreOptions { keep_for: zero, remember_requests_for: zero, ..options };
    let store = open(folder.path(), &aged).expect("the store");
    assert_eq!(store.kept("answer-1").expect("read"), None, "too old to be given out");
    assert_eq!(store.stats().oldest_document_unix_ms, Some(kept_ms), "and still in the files");
    assert_eq!(store.compact(&|_| {}).expect("compacted").documents_expired, 2);
    assert_eq!((store.kept("answer-1").expect("read"), store.stats().oldest_document_unix_ms), (None, None));
    assert_eq!(files_with(folder.path(), b"<the first answer>"), Vec::<String>::new());
    assert_eq!(store.stats().requests, 1, "the one of the enrolment that is there");
    assert!(!done(&store, keep("k1", "answer-1", b"<another>")).replayed);
    drop(store);
    let store = open(folder.path(), &aged).expect("the store");
    assert_eq!((store.stats().requests, store.stats().documents), (2, 1));
    assert_eq!(store.snapshot("g").expect("the gallery").generation(), 3);
}

#[test]
fn operations_and_readers_go_on_while_compacting() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = small(key());
    let store = Store::create(folder.path(), options.clone()).expect("a new store");
    for number in 0..40 {
        done(&store, enrolment(&format!("r{number}"), "g", &format!("s{number}"), "e", &[1, 2]));
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (store, stop) = (&store, &stop);
        let writer = scope.spawn(move || {
            let mut number = 40;
            while !stop.load(Ordering::Relaxed) {
                done(store, enrolment(&format!("r{number}"), "g", &format!("s{number}"), "e", &[1, 2]));
                done(store, expunge(&format!("x{number}"), "g", &format!("s{}", number - 40), None));
                number += 1;
            }
            number
        });
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                for number in 0..200 {
                    match store.encounter("g", &format!("s{number}"), "e") {
                        Ok(encounter) => assert_eq!(encounter.templates.len(), 2),
                        Err(StoreError::NotFound(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        });
        for _ in 0..10 {
            store.compact(&|_| {}).expect("compacted");
        }
        assert!(matches!(store.rotate_key(MasterKey::new([3; 32])), Ok(())));
        stop.store(true, Ordering::Relaxed);
        let number = writer.join().expect("no panic");
        assert_eq!(store.count(None).expect("counts").subjects, 40, "after {number}");
    });
    let expected = searched(&store, "g");
    assert_eq!(expected.len(), 80);
    store.compact(&|_| {}).expect("compacted");
    drop(store);
    let options = StoreOptions { key: Some(MasterKey::new([3; 32])), ..options };
    let store = open(folder.path(), &options).expect("the store");
    assert_eq!(searched(&store, "g"), expected);
    drop(store);
    Store::verify(folder.path(), &options, &|_| {}).expect("all is well");
}

#[test]
fn after_a_rotation_only_the_new_key_opens_and_compaction_changes_the_data_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(key())).expect("a new store");
    done(&store, enrolment("r1", "g", "anna", "e1", &[1]));
    let keys = fs::read(folder.path().join("keys")).expect("readable");
    let new = MasterKey::generate().expect("random");
    store.rotate_key(new.clone()).expect("rotated");
    assert_ne!(fs::read(folder.path().join("keys")).expect("readable"), keys);
    done(&store, enrolment("r2", "g", "bert", "e1", &[1]));
    drop(store);
    assert!(matches!(open(folder.path(), &options(key())), Err(StoreError::Key(KeyError::Wrong))));
    let store = open(folder.path(), &options(Some(new))).expect("the new key opens it");
    assert_eq!(searched(&store, "g").len(), 2);
    let plain = tempfile::tempdir().expect("a folder");
    let store = Store::create(plain.path(), options(None)).expect("a new store");
    assert!(matches!(store.rotate_key(MasterKey::new([1; 32])), Err(StoreError::Key(KeyError::Unused))));
}

#[test]
fn a_backup_is_the_store_as_it_was_and_restores_into_an_empty_folder_only() {
    for key in [None, key()] {
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("a folder")).collect();
        let [live, backup, restored] = [folders[0].path(), folders[1].path(), folders[2].path()];
        let options = small(key);
        let store = Store::create(live, options.clone()).expect("a new store");
        for number in 0..20 {
            done(&store, enrolment(&format!("r{number}"), "g", &format!("s{number}"), "e", &[1, 2]));
        }
        let copied = store.backup(backup, &|_| {}).expect("copied");
        assert_eq!(copied.sequence, 20);
        let expected = searched(&store, "g");
        done(&store, expunge("x", "g", "s3", None));
        assert!(matches!(store.backup(backup, &|_| {}), Err(StoreError::NotEmpty { .. })));
        Store::verify(backup, &options, &|_| {}).expect("all is well");
        let again = Store::restore(backup, restored, &|_| {}).expect("restored");
        assert_eq!((again.sequence, again.files), (20, copied.files));
        assert!(matches!(Store::restore(backup, restored, &|_| {}), Err(StoreError::NotEmpty { .. })));
        let copy = open(restored, &options).expect("the copy");
        assert_eq!(searched(&copy, "g"), expected);
        done(&copy, enrolment("new", "g", "new", "e", &[1]));
        // A copy that is damaged is not restored.
        let segment = fs::read_dir(backup).expect("readable").map(|e| e.expect("an entry").path());
        let segment = segment.filter(|path| path.extension().is_some_and(|e| e == "segment")).min().expect("one");
        let mut bytes = fs::read(&segment).expect("readable");
        bytes[100] ^= 1;
        fs::write(&segment, bytes).expect("written");
        let fourth = tempfile::tempdir().expect("a folder");
        let error = Store::restore(backup, fourth.path(), &|_| {}).expect_err("damaged");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

#[test]
fn folders_that_are_made_for_a_store_or_a_copy_survive_a_loss_of_power() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = Watched::default();
    let options = StoreOptions { storage: Arc::new(storage.clone()), ..small(None) };
    let synced = |folders: &[&Path]| {
        let synced = std::mem::take(&mut *storage.synced.lock().expect("no panic"));
        folders.iter().all(|folder| synced.iter().any(|other| other == folder))
    };
    let base = folder.path();
    let store = Store::create(&base.join("a/b/store"), options).expect("a new store");
    assert!(synced(&[base, &base.join("a"), &base.join("a/b"), &base.join("a/b/store")]));
    store.backup(&base.join("c/copy"), &|_| {}).expect("copied");
    assert!(synced(&[base, &base.join("c"), &base.join("c/copy")]));
}

#[test]
fn small_segments_are_put_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(None);
    for round in 0..6 {
        let store = match round {
            0 => Store::create(folder.path(), options.clone()).expect("a new store"),
            _ => open(folder.path(), &options).expect("the store"),
        };
        done(&store, enrolment(&format!("r{round}"), "g", &format!("s{round}"), "e", &[1]));
    }
    let store = open(folder.path(), &options).expect("the store");
    assert_eq!(store.stats().segments, 7);
    let compaction = store.compact(&|_| {}).expect("compacted");
    assert_eq!((compaction.segments_before, compaction.segments_after, store.stats().segments), (6, 1, 2));
    let compaction = store.compact(&|_| {}).expect("compacted");
    assert_eq!(compaction.segments_before, 0, "nothing to gain");
    assert_eq!(store.count(None).expect("counts").encounters, 6);
    assert!(Arc::strong_count(&store.snapshot("g").expect("the gallery")) == 1);
}
