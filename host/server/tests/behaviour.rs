//! What callers and operators rely on beside the answers: nothing of who is expunged, calls on record, bounds, health, a good end.

mod common;

use common::{Lab, call};
use prost::Message;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;
use whorl_gallery::Shard;
use whorl_matcher::Backend;
use whorl_search::work::Work;
use whorl_search::{CpuEngine, Engine, EngineError, Search};
use whorl_server::audit::{Entry, Filter};
use whorl_server::proto::cards_client::CardsClient;
use whorl_server::proto::gallery_client::GalleryClient;
use whorl_server::proto::search_client::SearchClient;
use whorl_server::proto::*;
use whorl_synth::{Distortion, Finger};

/// How long a pass of [`Slow`] takes.
const PASS: Duration = Duration::from_millis(600);

/// The CPU, with passes that take their time.
struct Slow(CpuEngine);

impl Engine for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }
    fn probes_per_pass(&self) -> usize {
        1
    }
    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        self.0.load(shard)
    }
    fn shards(&self) -> Vec<Arc<Shard>> {
        self.0.shards()
    }
    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        self.0.keep(wanted);
    }
    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        std::thread::sleep(PASS);
        self.0.run(search, work)
    }
}

fn slow() -> Box<dyn Engine> {
    Box::new(Slow(CpuEngine::new(Backend::Auto)))
}

fn template(finger: u32, impression: u32) -> Vec<u8> {
    let made = Finger::new(77, finger).impression(impression, &Distortion::clean());
    whorl_template::iso19794_2_2005::write(&made).expect("a template")
}

async fn enroll(channel: &Channel, subject: &str, encounter: &str, finger: u32) {
    let request = EnrollRequest {
        request_id: format!("{subject}-{encounter}"),
        gallery: "lab".into(),
        subject: subject.into(),
        encounter: encounter.into(),
        templates: vec![template(finger, 0)],
    };
    GalleryClient::new(channel.clone()).enroll(request).await.expect("it is enrolled");
}

fn identify(search_id: &str, finger: u32) -> IdentifyRequest {
    IdentifyRequest {
        search_id: search_id.into(),
        gallery: "lab".into(),
        templates: vec![template(finger, 1)],
        purpose: Purpose::SystemTest.into(),
        ..Default::default()
    }
}

fn on_record(lab: &Lab, filter: Filter) -> Vec<Entry> {
    let filter = Filter { limit: 100, ..filter };
    lab.serving.appliance.audit.query(&filter).expect("the log is intact")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_who_is_expunged_neither_a_replay_nor_a_kept_answer_has_the_name() {
    let lab = Lab::new(false, "").await;
    let channel = lab.everybody().await;
    for (subject, finger) in [("Anna", 1), ("Bert", 2), ("Carl", 3)] {
        enroll(&channel, subject, "visit", finger).await;
    }
    let mut search = SearchClient::new(channel.clone());
    let found = search.identify(identify("s1", 2)).await.expect("it is searched").into_inner();
    assert_eq!(found.candidates[0].subject, "Bert");
    let until = Instant::now() + Duration::from_secs(10);
    let kept = loop {
        if let Some(kept) = lab.serving.appliance.store.kept("s1").expect("readable") {
            break kept;
        }
        assert!(Instant::now() < until, "it is not kept");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    for name in ["Anna", "Bert", "Carl", "visit"] {
        assert!(!kept.windows(name.len()).any(|window| window == name.as_bytes()), "{name} is in the kept answer");
    }
    let replay = ReplayRequest { search_id: "s1".into(), purpose: Purpose::SystemTest.into() };
    let again = search.replay(replay.clone()).await.expect("it is replayed").into_inner();
    assert!(again.equal && again.differences.is_empty(), "{:?}", again.differences);
    let expunge = ExpungeRequest {
        request_id: "x".into(),
        gallery: "lab".into(),
        subject: "Bert".into(),
        wait_for_removal: true,
        ..Default::default()
    };
    let gone = GalleryClient::new(channel.clone()).expunge(expunge).await.expect("it is expunged").into_inner();
    assert!(gone.removed);
    let again = search.replay(replay).await.expect("it is replayed").into_inner();
    assert!(!again.equal);
    assert!(again.differences.iter().any(|d| d.subject.is_empty() && d.what.contains("is not now")), "{again:?}");
    let said = again.encode_to_vec();
    assert!(!said.windows(4).any(|window| window == b"Bert"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_expunged_while_an_answer_is_made_is_not_in_it_and_who_loses_an_encounter_stays() {
    let lab = Lab::with(false, "", slow).await;
    let channel = lab.everybody().await;
    for (subject, encounter, finger) in
        [("Anna", "1", 1), ("Bert", "1", 2), ("Bert", "2", 2), ("Carl", "1", 2), ("Dora", "1", 4)]
    {
        enroll(&channel, subject, encounter, finger).await;
    }
    let mut search = SearchClient::new(channel.clone());
    let searching = tokio::spawn(async move { search.identify(identify("s", 2)).await });
    tokio::time::sleep(PASS / 3).await;
    let mut gallery = GalleryClient::new(channel);
    let target = |subject: &str, encounter: &str| ExpungeRequest {
        request_id: format!("x-{subject}"),
        gallery: "lab".into(),
        subject: subject.into(),
        encounter: encounter.into(),
        ..Default::default()
    };
    gallery.expunge(target("Carl", "")).await.expect("it is expunged");
    gallery.expunge(target("Bert", "1")).await.expect("it is expunged");
    let found = searching.await.expect("no panic").expect("it is searched").into_inner();
    let listed: Vec<_> = found.candidates.iter().map(|c| (c.rank, c.subject.as_str())).collect();
    assert_eq!(listed[0], (1, "Bert"), "{listed:?}");
    assert!(listed.iter().all(|(_, subject)| *subject != "Carl"), "{listed:?}");
    assert!(found.candidates[0].fingers.iter().all(|finger| finger.encounter == "2"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_is_on_record_and_one_without_a_purpose_refused() {
    let lab = Lab::new(false, "max_request_bytes = 2048\n").await;
    let channel = lab.everybody().await;
    let broken = call(channel.clone(), "/whorl.v1.Search/Identify", vec![vec![0xff; 9]]).await;
    assert_eq!(broken.code(), Code::Internal, "as gRPC has it: {broken:?}");
    let long = call(channel.clone(), "/whorl.v1.Search/Verify", vec![vec![0; 5000]]).await;
    assert_eq!(long.code(), Code::OutOfRange, "{long:?}");
    let outcome = |method: &str| {
        let found = on_record(&lab, Filter { method: method.into(), ..Filter::default() });
        found.iter().map(|entry| entry.event.outcome.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (outcome("Search/Identify"), outcome("Search/Verify")),
        (vec!["INTERNAL".into()], vec!["OUT_OF_RANGE".into()])
    );
    let requests: [(&str, Vec<u8>); 4] = [
        ("Search/Identify", IdentifyRequest { purpose: 0, ..identify("s", 1) }.encode_to_vec()),
        ("Search/IdentifyStream", IdentifyRequest { purpose: 99, ..identify("s", 1) }.encode_to_vec()),
        ("Search/Replay", ReplayRequest { search_id: "s".into(), purpose: 0 }.encode_to_vec()),
        (
            "Gallery/GetEncounter",
            GetEncounterRequest { gallery: "lab".into(), subject: "A".into(), encounter: "1".into(), purpose: 0 }
                .encode_to_vec(),
        ),
    ];
    for (method, request) in requests {
        let refused = call(channel.clone(), &format!("/whorl.v1.{method}"), vec![request]).await;
        assert_eq!(refused.code(), Code::InvalidArgument, "{method}: {refused:?}");
        let fields = refused.get_details_bad_request().expect("fields").field_violations;
        assert!(fields.iter().any(|violation| violation.field == "purpose"), "{method}: {fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_too_often_does_not_fill_the_log() {
    let lab = Lab::new(false, "[limits]\nrequests_per_second = 1\nburst = 1\n").await;
    let channel = lab.everybody().await;
    let start = Instant::now();
    let mut refused = 0;
    for _ in 0..200 {
        // Refused by the rate before the role is looked at.
        let status = call(channel.clone(), "/whorl.v1.Search/Destroy", vec![Vec::new()]).await;
        refused += usize::from(status.code() == Code::ResourceExhausted);
    }
    let seconds = start.elapsed().as_secs() + 1;
    let entries = on_record(&lab, Filter::default()).len() as u64;
    assert!(refused >= 190, "{refused}");
    assert!(entries <= 2 * seconds + 1, "{entries} entries in {seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_lose_their_place() {
    let lab = Lab::new(true, "connections = 2\n").await;
    let address = lab.serving.address;
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(address).await.expect("it is taken"));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let count = |channel| call(channel, "/whorl.v1.Gallery/Count", vec![Vec::new()]);
    let waiting = tokio::time::timeout(Duration::from_secs(1), lab.connect("pki", Some("searcher"))).await;
    assert!(!matches!(waiting, Ok(Ok(_))), "there is no place");
    // The handshake that does not come is not waited for.
    for socket in &mut silent {
        let closed = tokio::time::timeout(Duration::from_secs(20), socket.read_u8()).await;
        assert!(closed.expect("the server closes it").is_err());
    }
    let channel = lab.connect("pki", Some("searcher")).await.expect("there is a place");
    assert_eq!(count(channel).await.code(), Code::Ok);
}

async fn health(channel: &Channel, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.into() };
    HealthClient::new(channel.clone()).check(request).await.expect("it is told").into_inner().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_follows_the_engines() {
    let lab = Lab::new(false, "").await;
    let channel = lab.everybody().await;
    let mut cards = CardsClient::new(channel.clone());
    for service in ["", "whorl.v1.Search", "whorl.v1.Gallery"] {
        assert_eq!(health(&channel, service).await, ServingStatus::Serving);
    }
    cards.drain(DrainCardRequest { name: "cpu".into() }).await.expect("it is drained");
    let until = Instant::now() + Duration::from_secs(10);
    while health(&channel, "").await == ServingStatus::Serving {
        assert!(Instant::now() < until, "nothing can be searched, and nobody is told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    cards.resume(ResumeCardRequest { name: "cpu".into() }).await.expect("it is back");
    while health(&channel, "whorl.v1.Search").await != ServingStatus::Serving {
        assert!(Instant::now() < until, "it is back, and nobody is told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_when_to_come_again_and_a_search_can_be_ended() {
    let lab = Lab::with(false, "[search]\nqueue_max = 3\n", slow).await; // one of them for urgent searches
    let channel = lab.everybody().await;
    enroll(&channel, "Anna", "1", 1).await;
    let start = |id: &'static str| {
        let mut client = SearchClient::new(channel.clone());
        tokio::spawn(async move { client.identify(identify(id, 1)).await })
    };
    let first = start("first");
    tokio::time::sleep(PASS / 8).await;
    let second = start("second");
    tokio::time::sleep(PASS / 8).await;
    let refused =
        SearchClient::new(channel.clone()).identify(identify("third", 1)).await.expect_err("the queue is full");
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    let retry = refused.get_details_retry_info().and_then(|info| info.retry_delay).expect("when to come again");
    assert!(retry > Duration::ZERO, "{retry:?}");
    let mut client = SearchClient::new(channel.clone());
    let unknown = client.cancel(CancelRequest { search_id: "third".into() }).await.expect("answered").into_inner();
    assert!(!unknown.cancelled);
    let ended = client.cancel(CancelRequest { search_id: "second".into() }).await.expect("answered").into_inner();
    assert!(ended.cancelled);
    assert_eq!(second.await.expect("no panic").expect_err("it was cancelled").code(), Code::Cancelled);
    assert_eq!(first.await.expect("no panic").expect("it is answered").into_inner().candidates[0].subject, "Anna");

    // A deadline that is too short is told by the server, and is on record as one.
    let mut late = Request::new(identify("late", 1));
    late.set_timeout(PASS / 3);
    let late = client.identify(late).await.expect_err("there is no time");
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
    tokio::time::sleep(PASS).await;
    let entries = on_record(&lab, Filter { request_id: "late".into(), ..Filter::default() });
    let outcomes: Vec<_> = entries.iter().map(|entry| entry.event.outcome.as_str()).collect();
    assert_eq!(outcomes, ["BEGUN", "DEADLINE_EXCEEDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_finishes_searches_or_returns_them() {
    for (passes, answered) in [(1, true), (8, false)] {
        let lab = Lab::with(false, "", slow).await; // it waits for two seconds
        let channel = lab.everybody().await;
        enroll(&channel, "Anna", "1", 1).await;
        let searches: Vec<_> = (0..passes)
            .map(|nth| {
                let mut client = SearchClient::new(channel.clone());
                tokio::spawn(async move { client.identify(identify(&format!("s{nth}"), 1)).await })
            })
            .collect();
        tokio::time::sleep(PASS / 4).await;
        let start = Instant::now();
        let audit = lab.serving.appliance.audit.clone();
        let (appliance, serving) = (Arc::clone(&lab.serving.appliance), lab.serving);
        serving.stop().await.expect("it ends");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let mut returned = 0;
        for search in searches {
            match search.await.expect("no panic") {
                Ok(answer) => assert_eq!(answer.into_inner().candidates[0].subject, "Anna"),
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                    returned += 1;
                }
            }
        }
        assert_eq!(returned == 0, answered, "{returned} of {passes} were returned");
        drop(appliance);
        let verified = audit.verify().expect("the log is intact");
        assert_eq!(verified.entries, 1 + 2 * passes, "every search is on record, and its end");
    }
}
