//! Which shards the engines hold.

use super::super::job::{Job, Reply};
use super::super::scheduler::{Load, Scheduler};
use super::*;
use crate::Service as Standing;
use tokio::sync::{oneshot, watch};

const MINUTE: Duration = Duration::from_mins(1);

/// A scheduler whose thread does not run, with an engine that has room for so many shards.
struct Idle {
    scheduler: Scheduler,
    control: crate::PoolControl,
}

impl Idle {
    fn new(room: usize) -> Self {
        let (engine, load) = Narrow::new(room);
        drop(load);
        let pool = pool(Box::new(engine));
        let control = pool.control();
        Self { scheduler: Scheduler::new(pool, unbounded().1, Arc::new(Load::default()), MINUTE), control }
    }

    fn hold(&mut self, gallery: &Gallery, now: Instant) -> Result<(), ServiceError> {
        let (answer, progress) =
            (oneshot::channel().0, watch::channel(Progress { stage: Stage::Queued, compared: 0, of: 0 }).0);
        let reply = Reply { answer, progress, place: super::super::job::Place(Arc::new(1.into())) };
        let job = Job::new(gallery.task(1, 1), Arc::default(), reply, now, 0).map_err(|(_, error)| error)?;
        self.scheduler.hold(&job, now)
    }

    /// Whether it holds exactly the shards of these.
    fn holds(&self, galleries: &[&Gallery]) -> bool {
        let wanted: Vec<_> = galleries.iter().flat_map(|gallery| &gallery.shards).map(Arc::as_ptr).collect();
        let held = self.scheduler.pool.shards();
        held.len() == wanted.len() && held.iter().all(|shard| wanted.contains(&Arc::as_ptr(shard)))
    }
}

#[test]
fn a_gallery_that_nobody_searches_is_forgotten_when_another_is_searched() {
    let [a, b] = [Gallery::new(19, &[30, 20]), Gallery::new(20, &[40])];
    let (mut idle, start) = (Idle::new(9), Instant::now());
    idle.hold(&a, start).expect("there is room");
    idle.hold(&b, start + 9 * MINUTE).expect("there is room");
    assert!(idle.holds(&[&a, &b]));
    idle.hold(&b, start + 10 * MINUTE).expect("there is room");
    assert!(idle.holds(&[&b]));
    let [gone, kept] = [&a.shards[0], &b.shards[0]].map(Arc::downgrade);
    drop((a, b));
    assert!(gone.upgrade().is_none() && kept.upgrade().is_some());
}

#[test]
fn what_was_searched_before_keeps_no_engine_from_serving() {
    let [a, b, both] = [Gallery::new(21, &[30]), Gallery::new(22, &[40]), Gallery::new(23, &[10, 10])];
    let (mut idle, start) = (Idle::new(1), Instant::now());
    for gallery in [&a, &b, &b, &a] {
        idle.hold(gallery, start).expect("there is room for one");
        assert!(idle.holds(&[gallery]) && idle.control.status()[0].service == Standing::InService);
    }
    // What a search needs must find room, or the engine is of no use to it.
    idle.hold(&both, start).expect_err("there is no room for two");
    assert!(matches!(&idle.control.status()[0].service, Standing::OutOfService { reason } if reason.contains("hold")));
}

#[tokio::test]
async fn a_gallery_that_is_to_be_forgotten_is() {
    let [a, b] = [Gallery::new(24, &[30]), Gallery::new(25, &[40])];
    let mut bench = Bench::new(1, small());
    bench.free();
    for gallery in [&a, &b] {
        submit(&bench, gallery.task(1, 1)).answer().await.expect("it is answered");
    }
    bench.service.forget(&a.name);
    bench.service.forget("a gallery that was never searched");
    // A search comes after what was asked before it.
    submit(&bench, b.task(2, 1)).answer().await.expect("it is answered");
    let [gone, kept] = [&a.shards[0], &b.shards[0]].map(Arc::downgrade);
    drop((a, b));
    assert!(gone.upgrade().is_none() && kept.upgrade().is_some());
}

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
