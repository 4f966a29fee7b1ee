//! How a service ends.

use super::*;

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
