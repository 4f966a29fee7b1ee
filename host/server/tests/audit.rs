//! The audit log: what is changed is found, what was interrupted is cut, what failed is said.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whorl_gallery::OsStorage;
use whorl_gallery::faults::{Fault, FaultyStorage, Plan};
use whorl_server::audit::{AuditError, AuditFault, AuditLog, Event, Filter, NO_HASH, query, verify};

const FILE_BYTES: u64 = 64 << 20;

fn event(nth: u64) -> Event {
    Event {
        identity: format!("clerk {}", nth % 2),
        method: "Search/Identify".into(),
        request_id: format!("r{nth}"),
        outcome: "OK".into(),
        count: nth,
        ..Event::default()
    }
}

/// A log of so many entries in a folder.
fn written(folder: &Path, entries: u64, file_bytes: u64) -> AuditLog {
    let log = AuditLog::open(Arc::new(OsStorage), folder, file_bytes).expect("it opens");
    for nth in 1..=entries {
        assert_eq!(log.append_blocking(event(nth)).expect("it is written"), nth);
    }
    log
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry").path());
    let logs: BTreeSet<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    logs.into_iter().collect()
}

#[test]
fn every_flipped_bit_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(written(folder.path(), 3, FILE_BYTES));
    let file = &files(folder.path())[0];
    let whole = fs::read(file).expect("readable");
    let head = verify(&OsStorage, folder.path()).expect("it is intact").head;
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(file, changed).expect("written");
        let found = verify(&OsStorage, folder.path());
        assert!(found.is_err(), "bit {} of byte {}: {found:?}", bit % 8, bit / 8);
        if bit % 64 == 0 || bit / 8 + 1 == whole.len() {
            assert!(AuditLog::open(Arc::new(OsStorage), folder.path(), FILE_BYTES).is_err(), "bit {bit} is built upon");
        }
    }
    fs::write(file, whole).expect("written");
    assert_eq!(verify(&OsStorage, folder.path()).expect("it is intact").head, head);
}

#[test]
fn an_interrupted_line_is_cut_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(written(folder.path(), 4, FILE_BYTES));
    let file = files(folder.path())[0].clone();
    let whole = fs::read(&file).expect("readable");
    let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("four lines") + 1;
    for end in [last, last + 1, last + 100, whole.len() - 2, whole.len() - 1] {
        fs::write(&file, &whole[..end]).expect("written");
        let verified = verify(&OsStorage, folder.path()).expect("a torn tail is no damage");
        assert_eq!((verified.entries, verified.torn_bytes), (3, (end - last) as u64));
    }
    let log = written_on(folder.path(), 4);
    assert_eq!(fs::read(&file).expect("readable").len(), last, "it is cut");
    let verified = log.verify().expect("it is intact");
    assert_eq!((verified.entries, verified.torn_bytes), (4, 0));
    assert_eq!(files(folder.path()).len(), 2, "each start begins a file");
}

/// Opens a log that is there and appends one entry, which gets `number`.
fn written_on(folder: &Path, number: u64) -> AuditLog {
    let log = AuditLog::open(Arc::new(OsStorage), folder, FILE_BYTES).expect("it opens");
    assert_eq!(log.append_blocking(event(number)).expect("it is written"), number);
    log
}

#[test]
fn files_follow_one_another_and_none_may_be_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = written(folder.path(), 20, 1000);
    let files = files(folder.path());
    assert!(files.len() > 3, "{files:?}");
    assert_eq!(log.verify().expect("it is intact").entries, 20);
    assert!(matches!(AuditLog::open(Arc::new(OsStorage), folder.path(), 1000), Err(AuditError::Locked { .. })));
    drop(log);
    let moved = folder.path().join("elsewhere");
    for file in &files[..files.len() - 1] {
        fs::rename(file, &moved).expect("renamed");
        assert!(matches!(verify(&OsStorage, folder.path()), Err(AuditFault::File { .. })), "{}", file.display());
        fs::rename(&moved, file).expect("renamed");
    }
    // A whole entry taken out of the middle.
    let text = fs::read_to_string(&files[1]).expect("readable");
    let (_, rest) = text.split_once('\n').expect("lines");
    fs::write(&files[1], rest).expect("written");
    let fault = verify(&OsStorage, folder.path()).expect_err("an entry is missing");
    assert!(fault.to_string().contains("does not follow"), "{fault}");
}

#[test]
fn a_query_filters_and_ends_at_its_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = written(folder.path(), 10, 600);
    let numbers = |filter: Filter| -> Vec<u64> {
        query(&OsStorage, folder.path(), &filter).expect("it is intact").iter().map(|entry| entry.number).collect()
    };
    let all = Filter { limit: 100, ..Filter::default() };
    assert_eq!(numbers(all.clone()), (1..=10).collect::<Vec<_>>());
    assert_eq!(numbers(Filter { identity: "clerk 1".into(), ..all.clone() }), [1, 3, 5, 7, 9]);
    assert_eq!(numbers(Filter { request_id: "r7".into(), ..all.clone() }), [7]);
    assert_eq!(numbers(Filter { after: 8, ..all.clone() }), [9, 10]);
    assert_eq!(numbers(Filter { limit: 2, ..all.clone() }), [1, 2]);
    assert_eq!(numbers(Filter { method: "Cards/List".into(), ..all }), [0; 0]);
    assert_eq!(log.hash_name("anna"), log.hash_name("anna"));
    assert_ne!(log.hash_name("anna"), log.hash_name("bert"));
    let hash = log.hash_name("anna");
    drop(log);
    let again = AuditLog::open(Arc::new(OsStorage), folder.path(), 600).expect("it opens");
    assert_eq!(again.hash_name("anna"), hash, "the key is kept");
}

#[test]
fn after_a_failed_write_nothing_more_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    for fault in [Fault::NoSpace, Fault::SyncError] {
        let folder = folder.path().join(format!("{fault:?}"));
        // The key, its name, the first file and two entries come before it.
        let storage = FaultyStorage::new(Some(Plan { fault, at: 12, seed: 5 }));
        let log = AuditLog::open(Arc::new(storage), &folder, FILE_BYTES).expect("it opens");
        let entered: Vec<_> = (1..20).map(|nth| log.append_blocking(event(nth))).collect();
        let acknowledged = entered.iter().take_while(|entered| entered.is_ok()).count() as u64;
        assert!((1..19).contains(&acknowledged), "{fault:?}: {acknowledged}");
        assert!(entered[acknowledged as usize..].iter().all(Result::is_err), "{fault:?}: none after the first failure");
        assert!(matches!(entered.last(), Some(Err(AuditError::Poisoned { .. }))), "{:?}", entered.last());
        assert!(log.is_poisoned());
        drop(log);
        let verified = verify(&OsStorage, &folder).expect("what is there is intact");
        assert!(verified.entries >= acknowledged, "{fault:?}: {} of {acknowledged}", verified.entries);
    }
}

#[test]
fn an_empty_log_has_no_head() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(AuditLog::open(Arc::new(OsStorage), folder.path(), FILE_BYTES).expect("it opens"));
    let verified = verify(&OsStorage, folder.path()).expect("it is intact");
    assert_eq!((verified.entries, verified.head.as_str()), (0, NO_HASH));
}
