//! Models of a batch: loom tries every order in which members and the pool can meet in it.
//!
//! Time stands still, so no wait ends by itself: a notification that does not come is a deadlock, and loom finds it. What
//! needs time, members that are late and a deadline, the tests of the pool look at.

use std::sync::Arc;

use loom::model::Builder;
use loom::thread;
use whorl_matcher::{Probe, Record};

use crate::batch::{Batch, Entrant, GivesWay, MemberId, Outcome, Role, Seat};
use crate::engine::Search;
use crate::sync::now;
use crate::tally::Tally;
use crate::work::{Found, Piece};
use std::time::Duration;

/// What a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Takes a piece, does it, takes the next.
    Sound,
    /// Has a second piece under way while it does one.
    Pipelined,
    /// Fails with what it holds, so many times, and goes on.
    Failing(u8),
    /// Fails with the first piece and leaves.
    Vanishing,
    /// Dies with the first piece in its hands.
    Dying,
    /// Does pieces as long as there are any, and does not leave before the pool has gone on.
    Staying,
    /// Leaves without having taken anything.
    Draining,
}

fn found() -> Vec<Found> {
    vec![Found { tally: Tally::new(0, 1), cost: None }]
}

/// Follows the course, and then leaves or returns the seat.
fn serve(batch: &Arc<Batch>, member: MemberId, course: Course) -> Option<Seat> {
    let seat = Seat::new(batch, member);
    let mut failures = 0;
    while course != Course::Draining
        && let Some(piece) = batch.take(member, true)
    {
        match course {
            Course::Failing(times) if failures < times => {
                failures += 1;
                batch.give_back(member, true);
            }
            Course::Vanishing => {
                assert_eq!(batch.give_back(member, true), piece.records);
                break;
            }
            Course::Dying => break,
            Course::Pipelined => {
                let second = batch.take(member, false);
                batch.done(member, &piece, found());
                if let Some(second) = second {
                    batch.done(member, &second, found());
                }
            }
            _ => batch.done(member, &piece, found()),
        }
    }
    Some(seat).filter(|_| course == Course::Staying)
}

/// Checks `judge` of the outcome after every course that threads can take.
fn model(
    pieces: usize,
    members: &'static [(Role, Option<f64>, Course)],
    bound: Option<usize>,
    judge: impl Fn(&Outcome) + Send + Sync + 'static,
) {
    let all = move |outcome: &Outcome| {
        let mut nths: Vec<_> = outcome.found.iter().map(|(piece, ..)| piece.nth).collect();
        nths.extend(outcome.missing.iter().map(|piece| piece.nth));
        nths.sort_unstable();
        assert_eq!(nths, (0..pieces).collect::<Vec<_>>(), "every piece is found or missing, once");
        judge(outcome);
    };
    model_pass(pieces, members, bound, &GivesWay::never(), all);
}

/// The same of a pass that may give way.
fn model_pass(
    pieces: usize,
    members: &'static [(Role, Option<f64>, Course)],
    bound: Option<usize>,
    gives_way: &GivesWay,
    judge: impl Fn(&Outcome) + Send + Sync + 'static,
) {
    let gives_way = gives_way.clone();
    let probe = Probe::new(&Record { minutiae: Vec::new() }).expect("an empty record is a probe");
    let search = Search::new(vec![probe], 1);
    let mut builder = Builder::new();
    builder.preemption_bound = bound;
    builder.check(move || {
        let piece = |nth| Piece { nth, shard: 0, extents: nth..nth + 1, first: 10 * nth as u32, records: 10 };
        let entrants = members.iter().map(|&(role, rate, _)| Entrant { role, live: true, rate }).collect();
        let batch = Arc::new(Batch::new(search.clone(), (0..pieces).map(piece).collect(), entrants, gives_way.clone()));
        let start = |(member, &(_, _, course))| {
            let batch = Arc::clone(&batch);
            thread::spawn(move || serve(&batch, member, course))
        };
        let threads: Vec<_> = members.iter().enumerate().map(start).collect();
        let outcome = batch.finish(now() + Duration::from_secs(1));
        assert!(!outcome.timed_out && outcome.late.is_empty(), "time stands still");
        judge(&outcome);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

fn whole(outcome: &Outcome) {
    assert!(outcome.missing.is_empty(), "{:?} of a batch that members are left for", outcome.missing);
}

#[test]
fn two_workers_do_every_piece_once() {
    model(3, &[(Role::Worker, None, Course::Sound), (Role::Worker, None, Course::Sound)], BOUND, whole);
}

#[test]
fn the_last_result_ends_everybodys_wait() {
    model(2, &[(Role::Worker, None, Course::Staying), (Role::Worker, None, Course::Sound)], BOUND, whole);
}

/// What members have taken is done, also where one fails with it; and something is taken.
#[test]
fn a_pass_that_gives_way_ends_with_what_was_taken() {
    let workers = &[(Role::Worker, None, Course::Pipelined), (Role::Worker, None, Course::Failing(1))];
    model_pass(4, workers, BOUND, &GivesWay::when(|| true), |outcome| {
        whole(outcome);
        assert!((1..4).contains(&outcome.found.len()), "{}", outcome.found.len());
    });
}

#[test]
fn pieces_under_way_in_an_engine_are_done_too() {
    model(3, &[(Role::Worker, None, Course::Pipelined), (Role::Worker, None, Course::Sound)], BOUND, whole);
}

#[test]
fn a_faster_worker_takes_over_and_the_first_result_counts() {
    let fast_and_slow = &[(Role::Worker, Some(1e9), Course::Sound), (Role::Worker, Some(1.0), Course::Pipelined)];
    model(2, fast_and_slow, BOUND, whole);
}

#[test]
fn what_one_gives_back_another_does() {
    model(2, &[(Role::Worker, None, Course::Failing(1)), (Role::Worker, None, Course::Sound)], BOUND, whole);
}

#[test]
fn a_member_gives_up_what_it_has_failed_with_twice() {
    model(2, &[(Role::Worker, None, Course::Failing(2)), (Role::Worker, None, Course::Sound)], BOUND, whole);
}

#[test]
fn two_that_fail_once_each_finish_together() {
    model(2, &[(Role::Worker, None, Course::Failing(1)), (Role::Worker, None, Course::Failing(1))], BOUND, whole);
}

#[test]
fn what_a_member_leaves_behind_the_others_do() {
    model(2, &[(Role::Worker, None, Course::Vanishing), (Role::Worker, None, Course::Sound)], BOUND, whole);
    model(2, &[(Role::Worker, None, Course::Dying), (Role::Spare, None, Course::Sound)], BOUND, whole);
}

#[test]
fn a_spare_does_everything_when_the_last_worker_has_left() {
    model(2, &[(Role::Worker, None, Course::Vanishing), (Role::Spare, None, Course::Sound)], BOUND, whole);
    model(2, &[(Role::Worker, None, Course::Draining), (Role::Spare, None, Course::Sound)], BOUND, whole);
}

#[test]
fn a_spare_leaves_sound_workers_their_pieces() {
    let worker_and_spare = &[(Role::Worker, None, Course::Sound), (Role::Spare, None, Course::Sound)];
    model(2, worker_and_spare, BOUND, |outcome| {
        whole(outcome);
        assert!(outcome.found.iter().all(|&(_, member, _)| member == 0), "the spare took what nobody gave back");
    });
}

#[test]
fn a_batch_that_everybody_leaves_ends() {
    model(2, &[(Role::Worker, None, Course::Vanishing), (Role::Worker, None, Course::Vanishing)], BOUND, |outcome| {
        assert_eq!(outcome.missing.len(), 2);
    });
    model(1, &[(Role::Worker, None, Course::Failing(2)), (Role::Spare, None, Course::Failing(2))], BOUND, |outcome| {
        assert_eq!(outcome.missing.len(), 1);
    });
}

/// Interruptions of threads that are tried; more change nothing but the time that it takes.
const BOUND: Option<usize> = Some(3);
