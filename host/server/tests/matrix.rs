//! Who may call what, cell by cell, over real certificates and connections.

mod common;

use common::{Lab, call, methods};
use std::fs;
use tonic::Code;
use tonic_types::StatusExt;
use whorl_server::identity::Role;
use whorl_server::pki::{Authority, Pair, Validity};

/// What each role may call; all else it may not. Written by hand, apart from the table that is tested.
const MAY: [(Role, &[&str]); 5] = [
    (
        Role::Enroller,
        &[
            "Gallery/Enroll",
            "Gallery/EnrollStream",
            "Gallery/GetEncounter",
            "Gallery/SetStatus",
            "Gallery/Expunge",
            "Gallery/Count",
            "Gallery/ListPartitions",
        ],
    ),
    (
        Role::Searcher,
        &[
            "Search/Identify",
            "Search/IdentifyStream",
            "Search/Verify",
            "Search/Cancel",
            "Gallery/Count",
            "Gallery/ListPartitions",
        ],
    ),
    (
        Role::Examiner,
        &[
            "Search/Identify",
            "Search/IdentifyStream",
            "Search/Verify",
            "Search/Cancel",
            "Search/Replay",
            "Gallery/GetEncounter",
            "Gallery/Count",
            "Gallery/ListPartitions",
        ],
    ),
    (
        Role::Operator,
        &[
            "Cards/List",
            "Cards/Get",
            "Cards/Drain",
            "Cards/Resume",
            "Cards/Reset",
            "Cards/SelfTest",
            "Cards/Watch",
            "Gallery/Count",
            "Gallery/ListPartitions",
        ],
    ),
    (
        Role::Auditor,
        &[
            "Audit/Query",
            "Audit/VerifyChain",
            "Search/Replay",
            "Cards/List",
            "Cards/Get",
            "Gallery/Count",
            "Gallery/ListPartitions",
        ],
    ),
];

/// Open to every role.
const COMMON: [&str; 3] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

fn write(lab: &Lab, name: &str, pair: &Pair) {
    pair.write(&lab.path("pki"), name).expect("a pair is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_call_what_it_may_and_nothing_else() {
    let lab = Lab::new(true, "").await;
    let authority = Authority::read(&lab.path("pki")).expect("the authority");
    let mut cells = 0;
    for (role, may) in MAY {
        let channel = lab.connect("pki", Some(role.name())).await.expect("it is reached");
        for (path, _) in methods() {
            let short = path.trim_start_matches("/whorl.v1.");
            let status = call(channel.clone(), &path, vec![Vec::new()]).await;
            let refused = status.code() == Code::PermissionDenied;
            assert_eq!(refused, !may.contains(&short), "{role} calls {short}: {status:?}");
            assert_ne!(status.code(), Code::Unauthenticated, "{role} calls {short}");
            if refused {
                let info = status.get_details_error_info().expect("a reason");
                assert_eq!((info.reason.as_str(), info.domain.as_str()), ("ROLE", "whorl"), "{role} calls {short}");
            }
            cells += 1;
        }
        for path in COMMON {
            let status = call(channel.clone(), path, vec![Vec::new()]).await;
            assert_ne!(status.code(), Code::PermissionDenied, "{role} calls {path}");
            cells += 1;
        }
        let status = call(channel, "/whorl.v1.Search/Destroy", vec![Vec::new()]).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{role} calls what does not exist");
    }
    assert_eq!(cells, MAY.len() * (methods().len() + COMMON.len()));

    // A client of two roles may do what either may; one of none, nothing.
    let two = authority.client("two", &[Role::Searcher, Role::Auditor], Validity::days(1)).expect("a pair");
    write(&lab, "two", &two);
    write(&lab, "none", &authority.client("none", &[], Validity::days(1)).expect("a pair"));
    for (name, path, code) in [
        ("two", "/whorl.v1.Search/Cancel", Code::InvalidArgument),
        ("two", "/whorl.v1.Audit/VerifyChain", Code::Ok),
        ("two", "/whorl.v1.Gallery/Enroll", Code::PermissionDenied),
        ("none", "/whorl.v1.Gallery/Count", Code::PermissionDenied),
        ("none", COMMON[0], Code::PermissionDenied),
    ] {
        let channel = lab.connect("pki", Some(name)).await.expect("it is reached");
        assert_eq!(call(channel, path, vec![Vec::new()]).await.code(), code, "{name} calls {path}");
    }
    let refusals = lab.serving.appliance.audit.query(&whorl_server::audit::Filter {
        identity: "none".into(),
        limit: 10,
        ..Default::default()
    });
    let refusals = refusals.expect("the log is intact");
    assert_eq!(refusals.len(), 2, "refusals are on record");
    assert!(refusals.iter().all(|entry| entry.event.outcome == "PERMISSION_DENIED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_certificate_nothing_is_answered() {
    let lab = Lab::new(true, "").await;
    let authority = Authority::read(&lab.path("pki")).expect("the authority");
    write(&lab, "expired", &authority.client("expired", &[Role::Searcher], Validity::expired()).expect("a pair"));
    let stranger = Authority::new("another authority", Validity::days(1)).expect("an authority");
    write(&lab, "stranger", &stranger.client("stranger", &[Role::Searcher], Validity::days(1)).expect("a pair"));
    // A server's certificate is no client's.
    fs::copy(lab.path("pki/server.pem"), lab.path("pki/as-client.pem")).expect("a copy");
    fs::copy(lab.path("pki/server.key"), lab.path("pki/as-client.key")).expect("a copy");
    for name in ["expired", "stranger", "as-client"] {
        for (path, _) in methods() {
            let status = match lab.connect("pki", Some(name)).await {
                Ok(channel) => call(channel, &path, vec![Vec::new()]).await,
                Err(_) => continue, // the connection was refused at once
            };
            assert!(
                matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled),
                "{name} calls {path}: {status:?}"
            );
        }
    }
    // None at all: our own client has no such thing, so one is made by hand.
    let ca = fs::read(lab.path("pki/ca.pem")).expect("the authority");
    let tls = tonic::transport::ClientTlsConfig::new().ca_certificate(tonic::transport::Certificate::from_pem(ca));
    let server = format!("https://localhost:{}", lab.serving.address.port());
    let endpoint =
        tonic::transport::Endpoint::from_shared(server).expect("an address").tls_config(tls).expect("it fits");
    if let Ok(channel) = endpoint.connect().await {
        let status = call(channel, "/whorl.v1.Gallery/Count", vec![Vec::new()]).await;
        assert!(matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled), "{status:?}");
    }
    let log = lab.serving.appliance.audit.verify().expect("the log is intact");
    assert_eq!(log.entries, 0, "none of them came as far as the guard");
    assert!(
        call(
            lab.connect("pki", Some("searcher")).await.expect("it lives"),
            "/whorl.v1.Gallery/Count",
            vec![Vec::new()]
        )
        .await
        .code()
            == Code::Ok
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_needs_a_purpose_and_a_client_its_rate() {
    let lab = Lab::new(true, "[limits]\nrequests_per_second = 1\nburst = 3\n").await;
    let channel = lab.connect("pki", Some("searcher")).await.expect("it is reached");
    for path in ["/whorl.v1.Search/Identify", "/whorl.v1.Search/Verify"] {
        let status = call(channel.clone(), path, vec![Vec::new()]).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        let wrong = status.get_details_bad_request().expect("the fields");
        assert!(wrong.field_violations.iter().any(|violation| violation.field == "purpose"), "{path}: {wrong:?}");
    }
    let mut last = call(channel.clone(), "/whorl.v1.Gallery/Count", vec![Vec::new()]).await;
    assert_eq!(last.code(), Code::Ok);
    last = call(channel, "/whorl.v1.Gallery/Count", vec![Vec::new()]).await;
    assert_eq!(last.code(), Code::ResourceExhausted);
    let retry = last.get_details_retry_info().and_then(|info| info.retry_delay).expect("when to come again");
    assert!(retry > std::time::Duration::ZERO && retry <= std::time::Duration::from_secs(1), "{retry:?}");
    // Another client has a rate of its own.
    let other = lab.connect("pki", Some("examiner")).await.expect("it is reached");
    assert_eq!(call(other, "/whorl.v1.Gallery/Count", vec![Vec::new()]).await.code(), Code::Ok);
}
