//! Engines that say what is not so.

use super::*;

#[test]
fn nothing_is_kept_of_an_engine_with_wrong_scores() {
    for temper in [Temper::Lying(Lie::Score), Temper::Broken(1)] {
        let mut bench = bench(&[temper, Temper::Sound], false);
        let mut checked = bench.check_until_first_leaves();
        let (shares, incidents) = checked.pop().expect("a search");
        assert!(checked.iter().all(|(_, incidents)| incidents.is_empty()), "{temper:?}: {checked:?}");
        if temper == Temper::Lying(Lie::Score) {
            assert_eq!(shares, [("worker 1".to_owned(), 5000)]);
        }
        assert!(matches!(&incidents[..], [incident] if incident.left_service), "{incidents:?}");
        assert!(incidents[0].what.contains("cannot be trusted"), "{incidents:?}");
    }
}

/// Each is found out by what it says of its first piece, though no score is wrong.
#[test]
fn an_engine_that_reports_what_cannot_be_leaves_and_others_do_its_work() {
    for (lie, says) in [
        (Lie::Fewer, "comparisons where there are"),
        (Lie::More, "comparisons where there are"),
        (Lie::NoProbe, "made 0 comparisons where there are"),
        (Lie::Stray, "named the record of gallery index"),
    ] {
        let mut bench = bench(&[Temper::Lying(lie)], true);
        let (shares, incidents) = bench.check();
        assert_eq!(shares, [("spare".to_owned(), 5000)], "{lie:?}");
        assert!(
            matches!(&incidents[..], [incident] if incident.left_service && incident.what.contains(says)),
            "{lie:?}: {incidents:?}"
        );
        assert!(matches!(bench.service(0), Service::OutOfService { reason } if reason.contains(says)), "{lie:?}");
    }
}

#[test]
fn an_engine_alone_that_reports_what_cannot_be_gives_no_answer() {
    let mut bench = bench(&[Temper::Sound], false);
    bench.search.probes.truncate(2);
    for lie in [Lie::Fewer, Lie::More, Lie::NoProbe, Lie::Stray] {
        let inner = CpuEngine::new(Backend::Auto);
        let mut engine = Tempered { inner, temper: Temper::Lying(lie), pieces: Arc::default() };
        for shard in bench.pool.shards() {
            engine.load(shard).expect("it takes any shard");
        }
        let error = engine.search(&bench.search).expect_err("no answer");
        let stray = matches!(error, EngineError::Stray { first: 0, records: 3000, index: 3000, .. });
        assert!(
            if lie == Lie::Stray { stray } else { matches!(error, EngineError::Coverage { .. }) },
            "{lie:?}: {error}"
        );
    }
}

/// A card that forgets a shard, as no engine does: the same places are other records then.
#[test]
fn an_engine_that_holds_other_shards_is_given_no_work() {
    let mut bench = bench(&[Temper::Forgetful], true);
    let (shares, incidents) = bench.check();
    assert_eq!(shares, [("spare".to_owned(), 5000)]);
    assert!(matches!(&incidents[..], [incident] if incident.left_service && incident.what.contains("other shards")));
    assert_eq!(bench.pieces[0].load(Ordering::Relaxed), 0);
}
