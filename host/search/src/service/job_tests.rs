//! Which job is the most urgent, and what leaves.

use super::*;
use crate::work::Found;
use crate::{Cascade, ProbeFinger};
use whorl_gallery::{ListedDirectory, ShardBuilder};
use whorl_matcher::{Probe, Record};

type Answered = oneshot::Receiver<Result<Finished, ServiceError>>;

/// A shard of so many records without minutiae.
fn shard(records: usize) -> Arc<Shard> {
    let mut builder = ShardBuilder::new(0);
    for _ in 0..records {
        builder.push(&Record { minutiae: Vec::new() }.to_bytes()).expect("a whole record");
    }
    Arc::new(builder.finish())
}

/// The job number `number` of one finger.
fn job(number: u64, priority: u8, deadline: Option<Instant>, arrived: Instant, shard: &Arc<Shard>) -> (Job, Answered) {
    let probe = Probe::new(&Record { minutiae: Vec::new() }).expect("a probe");
    let task = Task {
        gallery: None,
        fingers: vec![ProbeFinger { probe, position: 1 }],
        cascade: Cascade::default(),
        shards: vec![Arc::clone(shard)],
        shards_of_finger: None,
        directory: Arc::new(ListedDirectory::default()),
        priority,
        deadline,
    };
    let (answer, answered) = oneshot::channel();
    let (progress, _) = watch::channel(Progress { stage: Stage::Queued, compared: 0, of: 0 });
    let reply = Reply { answer, progress, place: Place(Arc::new(AtomicUsize::new(1))) };
    (Job::new(task, Arc::default(), reply, arrived, number).expect("it can be searched"), answered)
}

/// The numbers of jobs in the order of their urgency.
fn order(jobs: &[Job], now: Instant) -> Vec<u64> {
    let mut order: Vec<&Job> = jobs.iter().collect();
    order.sort_by_key(|job| job.urgency(now));
    order.into_iter().map(|job| job.number).collect()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_more_urgent_comes_first_then_what_is_due_first_then_what_came_first() {
    let (start, shard) = (Instant::now(), shard(1));
    let due = |seconds: u32| Some(start + seconds * SECOND);
    let of = |number, priority, deadline| job(number, priority, deadline, start, &shard).0;
    let jobs = [of(0, 3, None), of(1, 3, None), of(2, 3, due(59)), of(3, 3, due(61)), of(4, 9, None), of(5, 0, due(1))];
    assert_eq!(order(&jobs, start), [4, 2, 0, 1, 3, 5]);
}

#[test]
fn those_without_a_deadline_do_not_wait_for_all_that_have_one() {
    let (start, shard) = (Instant::now(), shard(1));
    let mut jobs = vec![job(0, 9, None, start, &shard).0];
    // Each second one comes that has ten; those of the first 49 are due before the one without.
    for second in 1..=60 {
        let arrived = start + second * SECOND;
        jobs.push(job(second.into(), 9, Some(arrived + 10 * SECOND), arrived, &shard).0);
        let before = order(&jobs, arrived).iter().position(|&number| number == 0);
        assert_eq!(before, Some(second.min(49) as usize), "at {second} s");
    }
}

#[test]
fn a_search_gains_a_level_with_time_and_the_urgent_ones_wait_for_a_slice_of_it_at_most() {
    let (start, shard) = (Instant::now(), shard(1));
    let mut old = job(0, 0, None, start, &shard).0;
    let levels = |job: &Job| [0, 29, 30, 239, 240, 270, 100_000].map(|seconds| job.level(start + seconds * SECOND));
    assert_eq!(levels(&old), [0, 0, 1, 7, 8, 9, 9]);
    assert_eq!(levels(&job(0, 9, None, start, &shard).0), [9; 7]);
    assert_eq!(levels(&job(0, 8, None, start, &shard).0), [8, 8, 9, 9, 9, 9, 9]);
    // Nobody served it for long, and then somebody did.
    let late = start + 300 * SECOND;
    let fresh = |number, priority| job(number, priority, None, late, &shard).0;
    let mut jobs = vec![old, fresh(1, 9), fresh(2, 7), fresh(3, 6)];
    assert_eq!(order(&jobs, late), [0, 1, 2, 3]);
    old = jobs.remove(0);
    old.begin(false, late);
    jobs.push(old);
    assert_eq!(order(&jobs, late), [1, 0, 2, 3]);
    assert_eq!(jobs[3].level(late + 270 * SECOND), 9);
}

#[tokio::test]
async fn an_answer_that_would_be_partial_does_not_leave() {
    let (start, shard) = (Instant::now(), shard(600));
    let whole = Slice { shard: Arc::clone(&shard), extents: 0..2 };
    for (slice, comparisons, partial) in [
        (Some(&whole), 600, None),
        (Some(&whole), 599, Some((599, 600))),
        (Some(&whole), 601, Some((601, 600))),
        (None, 0, Some((0, 600))),
    ] {
        let (mut job, answered) = job(0, 5, None, start, &shard);
        if let Some(slice) = slice {
            let mut tally = Tally::new(0, 100);
            tally.merge(comparisons, [], []);
            let part = Part { found: Found { tally, cost: None }, engines: Vec::new(), incidents: Vec::new() };
            job.take(0, std::slice::from_ref(slice), &part);
            assert!(job.is_done() && job.runs().next().is_none());
        }
        job.finish(start);
        match (partial, answered.await.expect("a word")) {
            (None, Ok(finished)) => assert_eq!(finished.identification.coarse[0].1.comparisons, 600),
            (Some((few, all)), Err(ServiceError::Engine(error))) => {
                assert!(matches!(*error, EngineError::Coverage { made, wanted, .. } if (made, wanted) == (few, all)));
            }
            (_, other) => panic!("{other:?}"),
        }
    }
}
