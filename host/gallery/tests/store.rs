//! What a store promises its callers, in memory and after it is opened again.

mod common;

use common::*;
use std::fs;
use std::sync::Arc;
use whorl_gallery::{
    Directory, Enrolled, Entry, KeyError, MasterKey, Operation, Status, Store, StoreError, StoreOptions, Thing,
};

#[test]
fn what_is_acknowledged_is_in_every_later_snapshot_and_still_there_when_opened_again() {
    for key in [None, key()] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(key);
        let store = Store::create(folder.path(), options.clone()).expect("a new store");
        let receipt = done(&store, enrolment("r1", "g", "anna", "e1", &[1, 2, 0]));
        assert_eq!((receipt.sequence, receipt.replayed, receipt.references), (1, false, 3));
        done(&store, enrolment("r2", "g", "bert", "e1", &[2]));
        done(&store, enrolment("r3", "other", "anna", "e1", &[2]));
        let check = |store: &Store| {
            let snapshot = store.snapshot("g").expect("the gallery");
            assert_eq!((snapshot.subjects(), snapshot.references(), snapshot.generation()), (2, 4, 2));
            assert_eq!(snapshot.gallery(), "g");
            let of_two = snapshot.shards_of(&[2]);
            assert_eq!(of_two.iter().map(|shard| shard.records()).sum::<u32>(), 2);
            let indices = snapshot.references_named("anna");
            assert_eq!(indices.len(), 3);
            for (&index, position) in indices.iter().zip([1, 2, 0]) {
                let reference = snapshot.reference(index).expect("a reference");
                assert_eq!((reference.subject.as_str(), reference.encounter.as_str()), ("anna", "e1"));
                assert_eq!((reference.position, reference.view), (position, position % 3));
                let shard = snapshot.shards().iter().find_map(|shard| shard.record(index)).expect("a record");
                assert_eq!(shard, marked_record("anna", "e1", position));
                let Some(Entry::Enrolled(Enrolled { subject, position: found })) = snapshot.entry(index) else {
                    panic!("not enrolled")
                };
                assert_eq!((found, snapshot.subject_name(subject).as_deref()), (position, Some("anna")));
                assert_eq!(snapshot.references_of(subject), indices);
            }
            let encounter = store.encounter("g", "anna", "e1").expect("the encounter");
            assert_eq!(encounter.templates[1], mark("template", "anna", "e1", 2));
            assert_eq!(encounter.fingers[1].record, marked_record("anna", "e1", 2));
            assert_eq!((encounter.sequence, encounter.status, encounter.status_unix_ms), (1, Status::Active, None));
            assert_eq!(encounter.enrolled_unix_ms, receipt.unix_ms);
            let again = done(store, enrolment("r1", "g", "anna", "e1", &[1, 2, 0]));
            assert_eq!(again, whorl_gallery::Receipt { replayed: true, ..receipt });
            assert_eq!(store.count(None).expect("counts").references, 5);
        };
        check(&store);
        drop(store);
        check(&open(folder.path(), &options).expect("the store"));
        check(&open(folder.path(), &options).expect("the store, with an empty segment behind it"));
    }
}

#[test]
fn refusals_say_what_is_wrong_and_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("r1", "g", "anna", "e1", &[1]));
    let refused = |operation: Operation| store.apply(operation).expect_err("refused");
    let field = |operation: Operation| match refused(operation) {
        StoreError::Invalid { field, .. } => field,
        other => panic!("{other}"),
    };
    let long = "x".repeat(65);
    assert_eq!(field(enrolment("", "g", "a", "e", &[1])), "request_id");
    assert_eq!(field(enrolment("r", &long[..33], "a", "e", &[1])), "gallery");
    assert_eq!(field(enrolment("r", "g", &long, "e", &[1])), "subject");
    assert_eq!(field(enrolment("r", "g", "a", "e\n", &[1])), "encounter");
    assert_eq!(field(enrolment("r", "g", "a", "é", &[1])), "encounter");
    assert_eq!(field(enrolment("r", "g", "a", "e", &[])), "fingers");
    assert_eq!(field(enrolment("r", "g", "a", "e", &[11])), "fingers.position");
    assert_eq!(field(enrolment("r", "g", "a", "e", &[1; 33])), "templates");
    assert_eq!(field(keep("r", "d", &vec![0; (1 << 20) + 1])), "document");
    let Operation::Enroll(mut wrong) = enrolment("r", "g", "a", "e", &[1]) else { unreachable!() };
    wrong.fingers[0].record[63] = 0x80;
    assert_eq!(field(Operation::Enroll(wrong.clone())), "fingers.record");
    wrong.fingers[0].template = 1;
    assert_eq!(field(Operation::Enroll(wrong)), "fingers.template");
    assert!(matches!(refused(enrolment("r", "g", "anna", "e1", &[1])), StoreError::AlreadyExists(Thing::Encounter)));
    assert!(matches!(refused(enrolment("r1", "g", "anna", "e2", &[1])), StoreError::RequestReused { sequence: 1 }));
    let missing = |operation| match refused(operation) {
        StoreError::NotFound(thing) => thing,
        other => panic!("{other}"),
    };
    assert_eq!(missing(expunge("r", "h", "anna", None)), Thing::Gallery);
    assert_eq!(missing(expunge("r", "g", "bert", None)), Thing::Subject);
    assert_eq!(missing(set_status("r", "g", "anna", Some("e2"), Status::Sealed)), Thing::Encounter);
    assert_eq!((store.stats().sequence, store.count(None).expect("counts").encounters), (1, 1));
}

#[test]
fn what_is_sealed_is_hidden_and_comes_back_under_new_indices() {
    for reopen in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(key());
        let mut store = Store::create(folder.path(), options.clone()).expect("a new store");
        done(&store, enrolment("r1", "g", "anna", "e1", &[1]));
        done(&store, enrolment("r2", "g", "anna", "e2", &[1]));
        let before = store.snapshot("g").expect("the gallery");
        let first = before.references_named("anna")[0];
        let sealed = done(&store, set_status("r3", "g", "anna", Some("e1"), Status::Sealed));
        assert_eq!(sealed.references, 1);
        assert_eq!(before.entry(first), Some(Entry::Withdrawn));
        assert_eq!(before.reference(first), None);
        assert_eq!(before.references_named("anna").len(), 1);
        assert_eq!(searched(&store, "g"), [marked_record("anna", "e2", 1)]);
        if reopen {
            drop(store);
            store = open(folder.path(), &options).expect("the store");
            assert_eq!(searched(&store, "g"), [marked_record("anna", "e2", 1)]);
        }
        let counts = store.count(Some("g")).expect("counts");
        assert_eq!((counts.encounters, counts.references, counts.sealed), (2, 1, 1));
        let encounter = store.encounter("g", "anna", "e1").expect("it is kept");
        assert_eq!((encounter.status, encounter.status_unix_ms), (Status::Sealed, Some(sealed.unix_ms)));
        let unsealed = done(&store, set_status("r4", "g", "anna", None, Status::Active));
        assert_eq!(unsealed.references, 1);
        let check = |store: &Store| {
            let counts = store.count(Some("g")).expect("counts");
            assert_eq!((counts.encounters, counts.references, counts.sealed), (2, 2, 0));
            assert_eq!(searched(store, "g"), [marked_record("anna", "e1", 1), marked_record("anna", "e2", 1)]);
        };
        check(&store);
        let after = store.snapshot("g").expect("the gallery");
        assert!(!after.references_named("anna").contains(&first) || reopen);
        drop(store);
        check(&open(folder.path(), &options).expect("the store"));
    }
}

#[test]
fn what_is_expunged_is_gone_from_searches_at_once_and_its_place_stays_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(None);
    let store = Store::create(folder.path(), options.clone()).expect("a new store");
    for subject in ["anna", "bert", "cleo"] {
        done(&store, enrolment(subject, "g", subject, "e1", &[1, 2]));
    }
    let before = store.snapshot("g").expect("the gallery");
    let indices = before.references_named("bert");
    let cleo = before.references_named("cleo");
    assert_eq!(done(&store, expunge("x", "g", "bert", None)).references, 2);
    for &index in &indices {
        assert_eq!((before.entry(index), before.reference(index)), (Some(Entry::Withdrawn), None));
    }
    let after = store.snapshot("g").expect("the gallery");
    assert_eq!((after.subjects(), after.references(), after.generation()), (2, 4, 4));
    assert_eq!(after.references_named("cleo"), cleo);
    for shard in after.shards() {
        assert_eq!((shard.records(), shard.generation()), (3, 4));
        assert_eq!(shard.iter().nth(1), Some(empty_record().as_slice()));
    }
    assert!(matches!(store.encounter("g", "bert", "e1"), Err(StoreError::NotFound(Thing::Subject))));
    // The request is still known, so a late repetition does not bring the subject back.
    assert!(done(&store, enrolment("bert", "g", "bert", "e1", &[1, 2])).replayed);
    assert_eq!(done(&store, enrolment("new", "g", "bert", "e1", &[1])).references, 1);
    assert_eq!(done(&store, expunge("y", "g", "bert", Some("e1"))).references, 1);
    for subject in ["anna", "cleo"] {
        done(&store, expunge(&format!("x{subject}"), "g", subject, None));
    }
    assert!(matches!(store.snapshot("g"), Err(StoreError::NotFound(Thing::Gallery))));
    drop(store);
    let store = open(folder.path(), &options).expect("the store");
    assert!(matches!(store.count(Some("g")), Err(StoreError::NotFound(Thing::Gallery))));
    assert!(done(&store, expunge("x", "g", "bert", None)).replayed);
}

#[test]
fn much_that_is_expunged_at_once_is_hidden_at_once_and_out_of_the_shards_soon() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("stays", "g", "stays", "e", &[1]));
    let (answer, answers) = std::sync::mpsc::channel();
    for number in 0..1600 {
        let (name, answer) = (number.to_string(), answer.clone());
        // Half of it is one subject's, which goes with one operation.
        let (subject, encounter) = if number % 2 == 0 { (name.as_str(), "e") } else { ("many", name.as_str()) };
        let positions: Vec<u8> = (0..30).map(|place| place % 10 + 1).collect();
        let Operation::Enroll(mut enrolment) = enrolment(&name, "g", subject, encounter, &positions) else {
            unreachable!()
        };
        enrolment.fingers.iter_mut().for_each(|finger| finger.record = record(32, number as u8));
        store.submit(Operation::Enroll(enrolment), move |outcome| answer.send(outcome).expect("somebody listens"));
        if number % 1000 == 999 {
            done(&store, keep(&name.clone().replace("999", "k"), &name, b"waits for all before it"));
        }
    }
    drop(answer);
    assert!(answers.into_iter().all(|outcome| outcome.is_ok()));
    let before = store.snapshot("g").expect("the gallery");
    let bytes: usize = before.shards().iter().map(|shard| shard.bytes().len()).sum();
    assert!(bytes > 2 * (32 << 20), "{bytes} bytes are not much more than are rebuilt in one go");
    let release = hold_writer(&store);
    let (answer, answers) = std::sync::mpsc::channel();
    for number in (0..1600).step_by(2) {
        let answer = answer.clone();
        store.submit(expunge(&format!("x{number}"), "g", &number.to_string(), None), move |outcome| {
            answer.send(outcome).expect("somebody listens");
        });
    }
    drop(release);
    done(&store, expunge("x", "g", "many", None));
    drop(answer);
    assert!(answers.into_iter().all(|outcome| outcome.is_ok()));
    for snapshot in [&before, &store.snapshot("g").expect("the gallery")] {
        let kept = snapshot.references_named("stays");
        for index in snapshot.shards().iter().flat_map(|shard| shard.base_index()..shard.base_index() + shard.records())
        {
            let hidden = snapshot.entry(index) == Some(Entry::Withdrawn);
            let first = snapshot.reference(index).is_some_and(|reference| reference.subject == "first");
            assert!(hidden != (kept.contains(&index) || first), "{index}");
        }
    }
    assert_eq!(store.count(Some("g")).expect("counts").references, 2);
    let begun = std::time::Instant::now();
    while searched(&store, "g").len() > 2 {
        assert!(begun.elapsed().as_secs() < 60, "withdrawn records stay in the shards");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(searched(&store, "g"), [marked_record("first", "e", 1), marked_record("stays", "e", 1)]);
    // A store that is read again has none of them, from the first moment on.
    drop(store);
    assert_eq!(searched(&open(folder.path(), &options(None)).expect("the store"), "g").len(), 2);
}

#[test]
fn a_snapshot_of_an_earlier_moment_has_what_was_enrolled_up_to_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("1", "g", "anna", "e1", &[1]));
    done(&store, enrolment("2", "g", "bert", "e1", &[1]));
    done(&store, set_status("3", "g", "anna", None, Status::Sealed));
    done(&store, enrolment("4", "g", "cleo", "e1", &[1, 2]));
    done(&store, set_status("5", "g", "anna", None, Status::Active));
    let now = store.snapshot("g").expect("the gallery");
    let then = now.at(2);
    assert_eq!((then.subjects(), then.references(), then.generation()), (2, 2, 2));
    let records: Vec<&[u8]> = then.shards().iter().flat_map(|shard| shard.iter()).collect();
    let (anna, bert) = (marked_record("anna", "e1", 1), marked_record("bert", "e1", 1));
    let empty = empty_record();
    assert_eq!(records, [empty.as_slice(), &bert, &empty, &anna]);
    assert_eq!(then.references_named("cleo"), Vec::<u32>::new());
    assert_eq!(then.entry(now.references_named("cleo")[0]), Some(Entry::Withdrawn));
    assert_eq!(now.entry(1 << 20), None, "no index of the gallery");
    assert_eq!(then.references_named("anna"), now.references_named("anna"));
    assert_eq!((then.at(1).subjects(), then.at(1).references()), (1, 1));
    assert_eq!(now.at(99).references(), 4);
}

#[test]
fn every_place_of_an_earlier_moment_s_shards_has_an_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("1", "g", "anna", "e1", &[1]));
    done(&store, enrolment("2", "g", "bert", "e1", &[1]));
    done(&store, set_status("3", "g", "anna", None, Status::Sealed));
    done(&store, enrolment("4", "g", "cleo", "e1", &[1]));
    done(&store, set_status("5", "g", "anna", None, Status::Active));
    let then = store.snapshot("g").expect("the gallery").at(2);
    let enrolled = |name: &str, index| {
        let subject = u32::from(!then.references_of(0).contains(&index));
        assert_eq!(then.subject_name(subject).as_deref(), Some(name));
        Some(Entry::Enrolled(Enrolled { subject, position: 1 }))
    };
    let entries: Vec<_> = then
        .shards()
        .iter()
        .flat_map(|shard| shard.base_index()..shard.base_index() + shard.records())
        .map(|index| then.entry(index))
        .collect();
    // A search asks for each place that reaches its list, also the empty one where cleo came between.
    let withdrawn = Some(Entry::Withdrawn);
    assert_eq!(entries, [withdrawn, enrolled("bert", 1), withdrawn, enrolled("anna", 3)]);
}

#[test]
fn a_list_of_encounters_has_all_of_them_in_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    let names: Vec<String> = (0..40_000).map(|number| format!("s{number}")).collect();
    let subjects: Vec<(String, String)> = names.iter().map(|name| (name.clone(), "e".to_owned())).collect();
    for chunk in names.chunks(4000) {
        for name in chunk {
            store.submit(enrolment(name, "g", name, "e", &[1]), |outcome| assert!(outcome.is_ok()));
        }
        done(&store, keep(&chunk[0].replace('s', "k"), &chunk[0], b"waits for all before it"));
    }
    assert!(matches!(store.encounters("h"), Err(StoreError::NotFound(Thing::Gallery))));
    assert!(store.encounters("g").expect("the gallery") == subjects, "some are missing or in another order");
    let now = store.snapshot("g").expect("the gallery");
    let then = now.at(30_000);
    assert_eq!((now.subjects(), then.references(), then.subjects()), (40_000, then.subjects(), then.references()));
    assert!((29_990..=30_000).contains(&then.subjects()), "{} subjects", then.subjects());
}

#[test]
fn old_shards_stay_the_same_while_a_gallery_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    let grow = |from: usize, to: usize| {
        for number in from..to {
            let Operation::Enroll(mut enrolment) =
                enrolment(&format!("r{number}"), "g", &format!("s{number}"), "e", &[1])
            else {
                unreachable!()
            };
            enrolment.fingers[0].record = record(32, number as u8);
            store.submit(Operation::Enroll(enrolment), |outcome| assert!(outcome.is_ok()));
        }
        done(&store, keep(&format!("k{to}"), &format!("k{to}"), b"waits for all before it"));
    };
    grow(0, 700);
    let before = store.snapshot("g").expect("the gallery");
    grow(700, 720);
    let after = store.snapshot("g").expect("the gallery");
    let same = after.shards().iter().filter(|shard| before.shards().iter().any(|old| Arc::ptr_eq(old, shard)));
    let kept: usize = same.map(|shard| shard.bytes().len()).sum();
    assert!(kept >= 1 << 20, "{kept} bytes in shards that stayed");
    assert!(after.shards().len() < 20, "{} shards", after.shards().len());
    let mut next = 0;
    for shard in after.shards() {
        assert_eq!(shard.base_index(), next, "shards follow each other");
        next += shard.records();
    }
    assert_eq!((next, after.references()), (720, 720));
    for number in [0, 1, 350, 699, 700, 719] {
        let index = after.references_named(&format!("s{number}"))[0];
        let found = after.shards().iter().find_map(|shard| shard.record(index));
        assert_eq!(found, Some(record(32, number as u8).as_slice()));
    }
}

#[test]
fn the_memory_limit_is_named_when_enrolling_and_when_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let limited = StoreOptions { memory_limit_bytes: Some(100_000), ..options(None) };
    let store = Store::create(folder.path(), limited.clone()).expect("a new store");
    let mut enrolled = 0;
    let error = loop {
        match store.apply(enrolment(&format!("r{enrolled}"), "g", &format!("s{enrolled}"), "e", &[1, 2])) {
            Ok(_) => enrolled += 1,
            Err(error) => break error,
        }
        assert!(enrolled < 1000);
    };
    let StoreError::MemoryFull { needed, limit } = error else { panic!("{error}") };
    assert!(needed > limit && limit == 100_000 && enrolled > 50, "{needed} {enrolled}");
    // What takes no memory still goes.
    done(&store, expunge("x", "g", "s0", None));
    drop(store);
    let error = open(folder.path(), &StoreOptions { memory_limit_bytes: Some(50_000), ..options(None) });
    let StoreError::MemoryFull { needed, limit: 50_000 } = error.expect_err("too little") else { panic!() };
    assert!((60_000..150_000).contains(&needed), "{needed}");
    open(folder.path(), &limited).expect("it fits");
}

#[test]
fn documents_and_statuses_take_memory_too_and_expunging_is_always_allowed() {
    for status in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let limited = StoreOptions { memory_limit_bytes: Some(60_000), ..options(None) };
        let store = Store::create(folder.path(), limited.clone()).expect("a new store");
        done(&store, enrolment("r", "g", "anna", "e", &[1]));
        let mut number = 0;
        let error = loop {
            let request = format!("q{number}");
            let state = if number % 2 == 0 { Status::Sealed } else { Status::Active };
            let operation = if status {
                set_status(&request, "g", "anna", None, state)
            } else {
                keep(&request, &request, b"a document")
            };
            match store.apply(operation) {
                Ok(_) => number += 1,
                Err(error) => break error,
            }
            assert!(number < 1000, "{:?}", store.stats());
        };
        assert!(matches!(error, StoreError::MemoryFull { limit: 60_000, .. }), "{error}");
        assert!(number > 100 && store.stats().memory_bytes <= 60_000);
        drop(store);
        let store = open(folder.path(), &limited).expect("what was taken fits when it is read again");
        done(&store, expunge("x", "g", "anna", None));
    }
}

#[test]
fn a_hash_of_a_name_is_the_store_s_own_and_stays() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let stores = folders.each_ref().map(|folder| Store::create(folder.path(), options(key())).expect("a new store"));
    let hash = stores[0].name_hash("anna");
    assert_eq!(stores[0].name_hash("anna"), hash);
    assert_ne!(stores[0].name_hash("bert"), hash);
    assert_ne!(stores[1].name_hash("anna"), hash, "another store has another secret");
    drop(stores);
    assert_eq!(open(folders[0].path(), &options(key())).expect("the store").name_hash("anna"), hash);
}

/// Keeps the writer in a reply until what is returned is dropped, so that it takes what is submitted meanwhile together.
fn hold_writer(store: &Store) -> std::sync::mpsc::Sender<()> {
    let (release, gate) = std::sync::mpsc::channel();
    let (begin, begun) = std::sync::mpsc::channel();
    store.submit(enrolment("first", "g", "first", "e", &[1]), move |_| {
        begin.send(()).expect("somebody waits");
        let _ = gate.recv(); // ends with the other end
    });
    begun.recv().expect("the writer replies");
    release
}

#[test]
fn many_enrolments_of_one_commit_fit_into_a_gallery_that_is_almost_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("r", "g", "anna", "e", &[1]));
    let release = hold_writer(&store);
    let (answer, answers) = std::sync::mpsc::channel();
    for number in 0..1024 {
        let name = number.to_string();
        let Operation::Enroll(mut enrolment) = enrolment(&name, "g", &name, "e", &[1; 32]) else { unreachable!() };
        enrolment.fingers.iter_mut().for_each(|finger| finger.record = record(1, 3));
        let answer = answer.clone();
        store.submit(Operation::Enroll(enrolment), move |outcome| answer.send(outcome).expect("somebody listens"));
    }
    drop((answer, release));
    for outcome in answers {
        outcome.expect("there is room");
    }
    assert_eq!(store.count(Some("g")).expect("counts").references, 2 + 1024 * 32);
}

#[test]
fn a_gallery_that_became_empty_does_not_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    let (answer, answers) = std::sync::mpsc::channel();
    for number in 0..4096 {
        let (answer, name) = (answer.clone(), format!("g{number}"));
        store.submit(enrolment(&name, &name, "anna", "e", &[1]), move |outcome| {
            answer.send(outcome.is_ok()).expect("somebody listens");
        });
    }
    drop(answer);
    assert!(answers.into_iter().all(|done| done));
    let another = || enrolment("another", "another", "anna", "e", &[1]);
    assert!(matches!(store.apply(another()), Err(StoreError::LimitReached { what: "galleries", .. })));
    done(&store, expunge("x", "g7", "anna", None));
    done(&store, another());
    assert!(matches!(store.apply(enrolment("y", "g7", "a", "e", &[1])), Err(StoreError::LimitReached { .. })));
    assert_eq!(store.stats().galleries, 4096);
}

#[test]
fn a_key_is_asked_for_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = tempfile::tempdir().expect("a folder");
    drop(Store::create(folder.path(), options(key())).expect("a new store"));
    drop(Store::create(plain.path(), options(None)).expect("a new store"));
    let refused = |folder: &tempfile::TempDir, key| match open(folder.path(), &options(key)) {
        Err(StoreError::Key(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&folder, None), KeyError::Missing);
    assert_eq!(refused(&folder, Some(MasterKey::new([8; 32]))), KeyError::Wrong);
    assert_eq!(refused(&plain, key()), KeyError::Unused);
    assert!(matches!(Store::create(folder.path(), options(key())), Err(StoreError::NotEmpty { .. })));
    let empty = tempfile::tempdir().expect("a folder");
    assert!(matches!(open(empty.path(), &options(None)), Err(StoreError::NoStore { .. })));
    fs::write(empty.path().join("notes.txt"), "mine").expect("writable");
    assert!(matches!(Store::create(empty.path(), options(None)), Err(StoreError::NotEmpty { .. })));
    let store = open(folder.path(), &options(key())).expect("the key fits");
    assert!(matches!(open(folder.path(), &options(key())), Err(StoreError::Locked { .. })));
    drop(store);
    open(folder.path(), &options(key())).expect("free again");
}

#[test]
fn records_of_another_encoder_are_made_anew_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path(), options(None)).expect("a new store");
    done(&store, enrolment("r1", "g", "anna", "e1", &[4]));
    done(&store, enrolment("r2", "g", "bert", "e1", &[4]));
    done(&store, set_status("r3", "g", "bert", None, Status::Sealed));
    drop(store);
    let newer = StoreOptions { encoder_version: 2, ..options(None) };
    let error = open(folder.path(), &newer).expect_err("no encoder");
    assert!(matches!(error, StoreError::EncoderVersion { stored: 1, expected: 2 }));
    let failing = StoreOptions { encoder: Some(Arc::new(|_, _| Err("no".into()))), ..newer.clone() };
    assert!(matches!(open(folder.path(), &failing), Err(StoreError::Encoder { sequence: 1, .. })));
    let encoder = |template: &[u8], view: u8| {
        assert!(template.starts_with(b"<template:"));
        Ok(record(2, view))
    };
    let newer = StoreOptions { encoder: Some(Arc::new(encoder)), ..newer };
    let (store, recovery) = Store::open(folder.path(), newer, &|_| {}).expect("the store");
    assert_eq!(recovery.encoded_again, 2);
    done(&store, set_status("r4", "g", "bert", None, Status::Active));
    assert_eq!(searched(&store, "g"), [record(2, 1), record(2, 1)]);
    assert_eq!(store.encounter("g", "anna", "e1").expect("it").fingers[0].record, marked_record("anna", "e1", 4));
    // A request that is repeated with the new records is still the same request.
    let Operation::Enroll(mut again) = enrolment("r1", "g", "anna", "e1", &[4]) else { unreachable!() };
    again.fingers[0].record = record(2, 1);
    assert!(done(&store, Operation::Enroll(again)).replayed);
}

#[test]
fn many_threads_are_served_by_few_commits_and_each_gets_its_answer() {
    #[derive(Debug, Default)]
    struct Commits(std::sync::Mutex<(usize, usize)>);
    impl whorl_gallery::StoreObserver for Commits {
        fn committed(&self, commit: &whorl_gallery::Commit) {
            let mut counts = self.0.lock().expect("no panic");
            counts.0 += 1;
            counts.1 += commit.operations;
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let commits = Arc::new(Commits::default());
    let options = StoreOptions { observer: Some(commits.clone()), ..options(key()) };
    let store = Store::create(folder.path(), options).expect("a new store");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..50 {
                    let name = format!("{thread}-{number}");
                    let receipt = done(store, enrolment(&name, "g", &name, "e", &[1]));
                    let snapshot = store.snapshot("g").expect("the gallery");
                    assert!(snapshot.generation() >= receipt.sequence);
                    let index = snapshot.references_named(&name)[0];
                    assert!(snapshot.shards().iter().any(|shard| shard.record(index).is_some()));
                }
            });
        }
    });
    assert_eq!(store.count(Some("g")).expect("counts").encounters, 400);
    drop(store); // the observer hears of a commit after its callers do
    let (commits, operations) = *commits.0.lock().expect("no panic");
    assert_eq!(operations, 400);
    assert!(commits < 400, "{commits} commits");
}

#[test]
fn a_full_queue_says_busy() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { queue_max: 1, ..options(None) };
    let store = Store::create(folder.path(), options).expect("a new store");
    let (answer, answers) = std::sync::mpsc::channel();
    for number in 0..200 {
        let answer = answer.clone();
        let name = number.to_string();
        store.submit(enrolment(&name, "g", &name, "e", &[1]), move |outcome| {
            answer.send(outcome).expect("somebody listens");
        });
    }
    let outcomes: Vec<_> = answers.iter().take(200).collect();
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Busy { .. }))).count();
    assert!(busy > 0 && done > 0 && done + busy == 200, "{done} done, {busy} busy");
    assert_eq!(store.stats().sequence, done as u64);
}

#[test]
fn more_bytes_than_may_wait_are_busy() {
    let folder = tempfile::tempdir().expect("a folder");
    let few = StoreOptions { queue_bytes_max: 1 << 20, ..options(None) };
    assert!(matches!(Store::create(folder.path(), few), Err(StoreError::Invalid { field: "queue_bytes_max", .. })));
    let options = StoreOptions { queue_bytes_max: 8 << 20, ..options(None) };
    let store = Store::create(folder.path(), options).expect("a new store");
    let release = hold_writer(&store);
    let (answer, answers) = std::sync::mpsc::channel();
    let document = vec![7; 1 << 20];
    for number in 0..20 {
        let (name, answer) = (format!("k{number}"), answer.clone());
        store.submit(keep(&name, &name, &document), move |outcome| answer.send(outcome).expect("somebody listens"));
    }
    drop((answer, release));
    let outcomes: Vec<_> = answers.into_iter().collect();
    let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Busy { .. }))).count();
    let done_count = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((done_count, busy), (7, 13), "seven of a little more than a MiB fit");
    for number in 20..40 {
        let name = format!("k{number}");
        done(&store, keep(&name, &name, &document));
    }
}
