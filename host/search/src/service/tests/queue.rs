//! Who finds a place in the queue.

use super::*;

#[tokio::test]
async fn a_full_queue_refuses_and_says_when_to_come_again() {
    let gallery = Gallery::new(8, &[2000]);
    let mut bench = Bench::new(1, ServiceOptions { queue_max: 3, ..small() });
    // The third place is kept for others.
    let mut taken = [submit(&bench, gallery.task(1, 1)), submit(&bench, gallery.task(2, 1))];
    match bench.service.submit(gallery.task(3, 1)) {
        Err(ServiceError::Busy { queued: 2, retry_after }) => assert!(retry_after > Duration::ZERO),
        other => panic!("{other:?}"),
    }
    bench.free();
    for ticket in &mut taken {
        ticket.answer().await.expect("it is answered");
    }
    submit(&bench, gallery.task(3, 1)).answer().await.expect("there is room again");
}

#[tokio::test]
async fn some_places_are_kept_for_urgent_searches() {
    let gallery = Gallery::new(14, &[2000]);
    for (queue_max, kept) in [(1, 0), (2, 1), (16, 2), (24, 3)] {
        let bench = Bench::new(1, ServiceOptions { queue_max, ..small() });
        let ask = |priority: u8| bench.service.submit(Task { priority, ..gallery.task(1, 1) });
        let mut taken = Vec::new();
        for nth in 0..queue_max - kept {
            taken.push(ask([0, 7][nth % 2]).expect("there is a place"));
        }
        for priority in [0, 7] {
            assert!(matches!(ask(priority), Err(ServiceError::Busy { queued, .. }) if queued == queue_max - kept));
        }
        for nth in 0..kept {
            taken.push(ask([8, 9][nth % 2]).expect("a place was kept"));
        }
        assert!(matches!(ask(9), Err(ServiceError::Busy { queued, .. }) if queued == queue_max));
    }
}
