//! Known answers on the whole card: they show a broken engine, and leave no trace in results.

mod common;

use std::sync::Arc;

use common::{Numbers, Simulator, expected, found, gallery, load, place, request};
use whorl_gallery::{Shard, ShardBuilder};
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Record};
use whorl_search::{Candidacy, CardEngine, CpuEngine, Engine, EngineError, Opener, Pool, Role, Search};
use whorl_sim::FaultKind;

/// Byte of a result block where the signature of its known answers stands.
const SIGNATURE: usize = 0x3c;

fn shard(records: &[Record], base_index: u32) -> Arc<Shard> {
    let mut builder = ShardBuilder::new(base_index);
    for record in records {
        builder.push(&record.to_bytes()).unwrap();
    }
    Arc::new(builder.finish())
}

#[test]
fn every_engine_signs_the_known_answers_and_no_result_knows_of_them() {
    let simulator = Simulator::start((2, 2));
    let mut device = simulator.open();
    let mut numbers = Numbers::new(31);
    let probes = [numbers.record(30), numbers.record(48)];
    load(&mut device, &probes, GATE_DEFAULT).unwrap();
    let records = gallery(&mut numbers, &probes, 40);
    let planted = gallery(&mut numbers, &probes, 25);
    let (_buffer, extents) = place(&mut device, &records, 9, 1000);
    let (_planted, mut known) = place(&mut device, &planted, 13, 0);
    for extent in &mut known {
        extent.known_answer = true;
    }
    // First, in the middle and last.
    for place in [0, 2, extents.len()] {
        let mut listed = extents.clone();
        listed.splice(place..place, known.clone());
        let request = request(2, listed);
        let outcome = device.search(&request).unwrap();
        let comparator = Comparator::new(Backend::Portable);
        for block in &outcome.blocks {
            let probe = Probe::new(&probes[usize::from(block.probe_slot)]).unwrap();
            let signature = planted.iter().fold(0_u32, |signature, record| {
                let score = comparator.score(&probe, &record.to_bytes(), GATE_DEFAULT).unwrap().score;
                signature.rotate_left(5) ^ u32::from(score)
            });
            assert_eq!((block.known_answers, block.known_answer_signature), (25, signature));
        }
        for (slot, probe) in (0..).zip(&probes) {
            assert_eq!(found(&outcome, slot, &request), expected(probe, GATE_DEFAULT, &records, 1000, &request));
        }
    }
    // Known answers alone are a search without a result.
    let outcome = device.search(&request(2, known)).unwrap();
    assert!(outcome.blocks.iter().all(|block| block.comparisons == 0 && block.known_answers == 25));
}

#[test]
fn a_wrong_known_answer_names_its_engine_and_the_spare_does_the_work_again() {
    let simulator = Simulator::start((2, 2));
    let mut numbers = Numbers::new(33);
    let probes = [numbers.record(30), numbers.record(48), numbers.record(5)];
    let records = gallery(&mut numbers, &probes, 60);
    let search = Search::new(probes.iter().map(|probe| Probe::new(probe).unwrap()).collect(), 10);
    let mut cpu = CpuEngine::new(Backend::Portable);
    cpu.load(shard(&records, 7)).unwrap();
    let right = cpu.search(&search).unwrap();

    let mut card = CardEngine::new(simulator.open(), "card".into());
    card.load(shard(&records, 7)).unwrap();
    let answers = card.search(&search).unwrap();
    for (answer, right) in answers.iter().zip(&right) {
        assert_eq!((&answer.candidates, &answer.histogram), (&right.candidates, &right.histogram));
        assert_eq!(answer.comparisons, right.comparisons);
        assert!(answer.cost.is_some_and(|cost| cost.known_answers >= 2 * 10));
    }
    // Writes of a pass: a completion for each of two probes, then the blocks, the first of stream 0 and slot 0.
    simulator.faults.order(FaultKind::WriteFlip(SIGNATURE, 3), 0..u64::MAX, 2);
    let error = card.search(&search).unwrap_err();
    assert!(matches!(error, EngineError::KnownAnswer { stream: 0, probe_slot: 0, .. }), "{error}");
    assert!(card.search(&search).is_ok());

    let cannot: fn() -> Opener = || Box::new(|| Err(EngineError::Request { what: "opened once".into() }));
    let member = |name: &str, role, engine: Box<dyn Engine>| Candidacy {
        name: name.into(),
        role,
        engine: Some(engine),
        open: cannot(),
    };
    card.keep(&[]);
    let mut pool = Pool::new(vec![
        member("card", Role::Worker, Box::new(card)),
        member("cpu", Role::Spare, Box::new(CpuEngine::new(Backend::Portable))),
    ])
    .unwrap();
    pool.load(shard(&records, 7)).unwrap();
    assert!(pool.search(&search).unwrap().iter().all(|answer| answer.incidents.is_empty()));
    simulator.faults.order(FaultKind::WriteFlip(SIGNATURE + 1, 0), 0..u64::MAX, 2);
    let answers = pool.search(&search).unwrap();
    for (answer, right) in answers.iter().zip(&right) {
        assert_eq!((&answer.candidates, &answer.histogram), (&right.candidates, &right.histogram));
        assert_eq!(answer.engines[0].engine, "cpu");
    }
    let incident = &answers[0].incidents[0];
    assert!(incident.left_service && incident.what.contains("stream 0, probe slot 0"), "{incident}");
    assert!(pool.search(&search).unwrap().iter().all(|answer| answer.incidents.is_empty()));
}
