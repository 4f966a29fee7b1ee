//! Which shards the engines hold.

use super::*;

/// Shards that go are forgotten by the engines, those that stay are not loaded again.
#[tokio::test]
async fn engines_hold_the_newest_shards_of_each_gallery() {
    let (mut a, b) = (Gallery::new(12, &[600, 300]), Gallery::new(13, &[400]));
    let mut bench = Bench::new(1, small());
    bench.free();
    submit(&bench, a.task(1, 1)).answer().await.expect("it is answered");
    submit(&bench, b.task(2, 1)).answer().await.expect("it is answered");
    let gone = Arc::downgrade(&a.shards.remove(1));
    a.directory = Gallery::new(12, &[600]).directory;
    assert!(gone.upgrade().is_some(), "the engines hold it still");
    let task = a.task(3, 1);
    assert_right(&task, &submit(&bench, task.clone()).answer().await.expect("it is answered"));
    assert!(gone.upgrade().is_none(), "nobody needs it any more");
}
