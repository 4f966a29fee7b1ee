//! How a service ends.

use super::*;
use whorl_gallery::{Directory, Entry};

#[tokio::test]
async fn an_end_leaves_no_search_without_a_word() {
    let gallery = Gallery::new(10, &[4000]);
    let mut bench = Bench::new(1, small());
    let mut tickets: Vec<Ticket> = (0..5).map(|seed| submit(&bench, gallery.task(seed, 1))).collect();
    bench.next();
    bench.go(1);
    bench.next();
    let patience = Duration::from_millis(20);
    let until = tokio::time::timeout(Duration::from_secs(10), async {
        let ((), ()) = tokio::join!(bench.service.shut_down(patience), async {
            tokio::time::sleep(2 * patience).await;
            let _ = bench.signs.as_ref().map(|signs| signs.send(Sign::Go));
        });
    });
    until.await.expect("it ends");
    for ticket in &mut tickets {
        assert!(matches!(ticket.answer().await, Err(ServiceError::ShuttingDown)));
    }
    assert!(matches!(bench.service.submit(gallery.task(9, 1)), Err(ServiceError::ShuttingDown)));
    bench.free();
}

/// Longer than any wait that is looked at here, and shorter than what ends it otherwise.
const SOON: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_pass_that_goes_on_is_cut_when_patience_is_over() {
    let gallery = Gallery::new(15, &[4000]);
    let mut bench = Bench::new(1, small());
    let mut tickets: Vec<Ticket> = (0..3).map(|seed| submit(&bench, gallery.task(seed, 1))).collect();
    bench.next();
    let begun = Instant::now();
    bench.service.shut_down(Duration::from_millis(50)).await;
    for ticket in &mut tickets {
        let answer = tokio::time::timeout(SOON, ticket.answer()).await.expect("it has a word");
        assert!(matches!(answer, Err(ServiceError::ShuttingDown)), "{answer:?}");
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    bench.free();
}

#[tokio::test]
async fn an_engine_that_loads_for_long_does_not_hold_up_the_end() {
    let gallery = Gallery::new(16, &[400]);
    let (engine, load) = Narrow::new(1);
    let service = Service::start(pool(Box::new(engine)), small()).expect("a thread");
    let mut ticket = service.submit(gallery.task(1, 1)).expect("it is taken");
    let begun = Instant::now();
    service.shut_down(Duration::from_millis(50)).await;
    let answer = tokio::time::timeout(SOON, ticket.answer()).await.expect("it has a word");
    assert!(matches!(answer, Err(ServiceError::ShuttingDown)), "{answer:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    drop(load);
}

/// A fault of the service's thread, as it should have none: the directory of a search ends it.
#[tokio::test]
async fn a_service_whose_thread_has_died_says_so() {
    #[derive(Debug)]
    struct Deadly;
    impl Directory for Deadly {
        fn entry(&self, _: u32) -> Option<Entry> {
            None
        }
        fn references_of(&self, _: u32) -> Vec<u32> {
            Vec::new()
        }
    }
    impl Drop for Deadly {
        fn drop(&mut self) {
            panic!("a directory ends the thread that lets go of it");
        }
    }
    let gallery = Gallery::new(17, &[4000]);
    let bench = Bench::new(1, small());
    assert!(bench.service.status().alive);
    let mut last = submit(&bench, Task { directory: Arc::new(Deadly), ..gallery.task(1, 1) });
    let mut other = submit(&bench, gallery.task(2, 1));
    bench.next();
    last.cancel_handle().cancel();
    bench.go(1);
    assert!(matches!(last.answer().await, Err(ServiceError::Cancelled { .. })));
    assert!(matches!(other.answer().await, Err(ServiceError::Broken)));
    let begun = Instant::now();
    while bench.service.status().alive && begun.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!bench.service.status().alive);
    let refused = bench.service.submit(gallery.task(3, 1));
    assert!(matches!(refused, Err(ServiceError::Broken)), "{refused:?}");
    assert_eq!(bench.service.status().queued, 0);
}

#[tokio::test]
async fn no_time_is_too_long() {
    let gallery = Gallery::new(18, &[600]);
    let mut bench = Bench::new(1, small());
    bench.free();
    let mut task = gallery.task(1, 1);
    task.cascade.timeout = Duration::MAX;
    assert_right(&task, &submit(&bench, task.clone()).answer().await.expect("it is answered"));
    bench.service.shut_down(Duration::MAX).await;
}
