//! Engines that come and go.

use super::*;

impl Bench {
    /// Takes a member out; its thread lets go of the engine when it gets to run.
    fn drain(&self, member: usize) {
        assert!(self.pool.control().drain(&self.pool.status()[member].name));
        while self.service(member) == Service::Draining {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(self.service(member), Service::Drained);
    }
}

#[test]
fn a_drained_engine_rests_until_it_is_resumed() {
    let mut bench = bench(&[Temper::Sound, Temper::Sound], false);
    let control = bench.pool.control();
    assert!(control.drain("worker 0") && !control.drain("worker 7"));
    let (shares, incidents) = bench.check();
    assert_eq!((shares, incidents), (vec![("worker 1".to_owned(), 5000)], Vec::new()));
    bench.drain(0);
    control.resume("worker 0").expect("it opens again");
    let before = bench.pieces[0].load(Ordering::Relaxed);
    bench.check_until_taken(0, before);
    assert_eq!(bench.service(0), Service::InService);
    assert!(matches!(control.resume("worker 7"), Err(EngineError::Request { .. })));
    drop(bench);
    assert!(control.status().is_empty() && !control.drain("worker 0"));
}

/// The shards change while a card is opened, which takes a while and holds nobody up.
#[test]
fn an_engine_that_is_resumed_holds_what_the_others_hold_by_then() {
    let mut bench = bench(&[Temper::Sound, Temper::Sound], false);
    bench.drain(0);
    let opened = Arc::clone(&bench.opened);
    let held_up = opened.1.lock();
    let before = opened.0.load(Ordering::Acquire);
    let control = bench.pool.control();
    let resuming = std::thread::spawn(move || control.resume("worker 0"));
    while opened.0.load(Ordering::Acquire) == before {
        std::thread::sleep(Duration::from_millis(1));
    }
    // Of two shards the second stays: it has the place now that the first had.
    let shards = bench.pool.shards();
    bench.pool.hold(vec![Arc::clone(&shards[1])]).expect("worker 1 holds it");
    let mut cpu = CpuEngine::new(Backend::Portable);
    cpu.load(Arc::clone(&shards[1])).expect("the CPU holds it");
    bench.right = cpu.search(&bench.search).expect("the CPU searches");
    assert_eq!(bench.check().0, [("worker 1".to_owned(), 2000)]);
    drop(held_up);
    resuming.join().expect("no panic").expect("it opens");
    bench.check_until_taken(0, 0);
    assert_eq!((bench.service(0), bench.service(1)), (Service::InService, Service::InService));
}
