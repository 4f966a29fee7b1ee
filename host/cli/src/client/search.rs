//! Searches and verifications by an appliance.

use super::gallery::read;
use super::{PurposeWord, print};
use crate::error::CliError;
use crate::input::progress;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tonic::transport::Channel;
use whorl_server::client::ANSWER_BYTES_MAX;
use whorl_server::proto::identify_event::Event;
use whorl_server::proto::search_client::SearchClient;
use whorl_server::proto::{self, Candidate, Positions};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Search one subject's fingers in a gallery
    Identify(Identify),
    /// Compare one subject's fingers with those enrolled under a name
    Verify(Verify),
    /// End a search that waits or runs
    Cancel {
        /// Its id
        search_id: String,
    },
    /// Search again what was searched, and compare the answers
    Replay {
        /// Its id
        search_id: String,
        /// Why
        #[arg(long, value_enum)]
        purpose: PurposeWord,
    },
}

#[derive(clap::Args)]
pub struct Identify {
    #[arg(long)]
    gallery: String,
    /// Why it is searched
    #[arg(long, value_enum)]
    purpose: PurposeWord,
    /// The case it is for
    #[arg(long, default_value = "")]
    case: String,
    /// Id to cancel and replay by; made up if it is not given
    #[arg(long, default_value = "")]
    search_id: String,
    /// 0 to 9, 9 is the most urgent
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=9))]
    priority: u32,
    /// Candidates at most
    #[arg(long, default_value_t = 10)]
    top: u32,
    /// List only candidates with an expected FPIR of at most this
    #[arg(long, value_name = "RATE")]
    fpir: Option<f64>,
    /// Coarse candidates of each finger that the fine stage sees; 0: the server's default
    #[arg(long, default_value_t = 0)]
    keep: u32,
    /// Search each finger only among references of its own or of unknown position
    #[arg(long)]
    declared_positions_only: bool,
    /// Search only so many fingers; 0: all
    #[arg(long, default_value_t = 0)]
    first_pass_fingers: u32,
    /// Return which minutiae correspond
    #[arg(long)]
    correspondences: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Minutiae files of one subject, 1 to 10 finger views in all
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub struct Verify {
    #[arg(long)]
    gallery: String,
    #[arg(long)]
    subject: String,
    /// Why
    #[arg(long, value_enum)]
    purpose: PurposeWord,
    /// The case it is for
    #[arg(long, default_value = "")]
    case: String,
    /// Return which minutiae correspond
    #[arg(long)]
    correspondences: bool,
    /// Minutiae files of one subject
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Runs the command.
pub async fn run(command: &Command, channel: Channel, json: bool) -> Result<(), CliError> {
    let mut client = SearchClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    match command {
        Command::Identify(options) => {
            let answer = identify(options, &mut client).await?;
            print(json, || to_json(&answer), || text(&answer))
        }
        Command::Verify(options) => {
            let request = proto::VerifyRequest {
                gallery: options.gallery.clone(),
                subject: options.subject.clone(),
                templates: read(&options.files)?,
                purpose: options.purpose.into(),
                case_reference: options.case.clone(),
                correspondences: options.correspondences,
            };
            let found = client.verify(request).await?.into_inner();
            let candidate = found.candidate.unwrap_or_default();
            let value = || json!({"candidate": to_json_candidate(&candidate), "generation": found.generation});
            print(json, value, || {
                format!(
                    "{}: LLR {:.2} over {} fingers, positions {}",
                    candidate.subject,
                    candidate.llr,
                    candidate.fingers.len(),
                    positions(&candidate)
                )
            })
        }
        Command::Cancel { search_id } => {
            let request = proto::CancelRequest { search_id: search_id.clone() };
            let cancelled = client.cancel(request).await?.into_inner().cancelled;
            let word = if cancelled { "cancelled" } else { "there is no such search of yours" };
            print(json, || json!({"cancelled": cancelled}), || word.to_owned())
        }
        Command::Replay { search_id, purpose } => {
            let request = proto::ReplayRequest { search_id: search_id.clone(), purpose: (*purpose).into() };
            let found = client.replay(request).await?.into_inner();
            let difference = |d: &proto::ReplayDifference| json!({"subject": d.subject, "what": d.what});
            let value = || {
                json!({"equal": found.equal, "generation": found.generation,
                    "differences": found.differences.iter().map(difference).collect::<Value>(),
                    "recomputed": found.recomputed.as_ref().map(to_json)})
            };
            print(json, value, || {
                let differences = found.differences.iter().map(|d| format!("\n  {}: {}", d.subject, d.what));
                let word = if found.equal { "equal" } else { "NOT equal" };
                format!("{word}, at generation {}{}", found.generation, differences.collect::<String>())
            })?;
            if found.equal { Ok(()) } else { Err(CliError::Mismatch("the replay differs".into())) }
        }
    }
}

async fn identify(options: &Identify, client: &mut SearchClient<Channel>) -> Result<proto::IdentifyResponse, CliError> {
    let mut request = tonic::Request::new(proto::IdentifyRequest {
        search_id: options.search_id.clone(),
        gallery: options.gallery.clone(),
        templates: read(&options.files)?,
        purpose: options.purpose.into(),
        case_reference: options.case.clone(),
        priority: Some(options.priority),
        max_candidates: options.top,
        max_fpir: options.fpir,
        keep: options.keep,
        declared_positions_only: options.declared_positions_only,
        first_pass_fingers: options.first_pass_fingers,
        correspondences: options.correspondences,
    });
    request.set_timeout(Duration::from_secs(options.timeout));
    let mut events = client.identify_stream(request).await?.into_inner();
    let bar = progress(0, "comparisons");
    let mut answer = None;
    while let Some(event) = events.message().await? {
        match event.event {
            Some(Event::Progress(news)) => {
                bar.set_length(news.of);
                bar.set_position(news.compared);
            }
            Some(Event::Answer(whole)) => answer = Some(whole),
            Some(Event::Accepted(_)) | None => {}
        }
    }
    bar.finish_and_clear();
    answer.ok_or_else(|| CliError::Mismatch("the server ended the search without an answer".into()))
}

fn positions(candidate: &Candidate) -> &'static str {
    match candidate.positions() {
        Positions::AsDeclared => "as-declared",
        Positions::HandsSwapped => "hands-swapped",
        Positions::OutOfPlace => "out-of-place",
        Positions::Unknown | Positions::Unspecified => "unknown",
    }
}

fn to_json_candidate(c: &Candidate) -> Value {
    let minutia = |m: &Option<proto::Minutia>| m.map(|m| json!([m.x, m.y, m.angle]));
    let finger = |f: &proto::FingerScore| {
        json!({"finger": f.finger, "probe_position": f.probe_position, "reference_position": f.reference_position,
            "encounter": f.encounter, "reference_view": f.reference_view, "score": f.coarse_score, "llr": f.llr,
            "corresponding": f.corresponding,
            "transform": f.transform.map(|t| json!({"angle": t.angle, "x": t.x_pixels, "y": t.y_pixels})),
            "correspondences": f.correspondences.iter().map(|c| json!([minutia(&c.probe), minutia(&c.reference)])).collect::<Value>()})
    };
    json!({"rank": c.rank, "subject": c.subject, "encounter": c.encounter, "llr": c.llr, "score": c.coarse_score,
        "fpir": c.fpir.map(|r| r.value), "fpir_low": c.fpir.map(|r| r.low), "fpir_high": c.fpir.map(|r| r.high),
        "positions": positions(c), "penalty": c.penalty, "fingers": c.fingers.iter().map(finger).collect::<Value>()})
}

fn to_json(a: &proto::IdentifyResponse) -> Value {
    let shard = |s: &proto::ShardCoverage| {
        json!({"base_index": s.base_index, "generation": s.generation, "records": s.records,
            "crc32c": format!("{:08x}", s.crc32c), "fingers": s.fingers})
    };
    let coverage = a
        .coverage
        .as_ref()
        .map(|c| json!({"generation": c.generation, "shards": c.shards.iter().map(shard).collect::<Value>()}));
    json!({"search_id": a.search_id, "candidates": a.candidates.iter().map(to_json_candidate).collect::<Value>(),
        "coverage": coverage, "comparisons": a.comparisons, "fine_comparisons": a.fine_comparisons,
        "calibration": a.calibration.as_ref().map(|c| json!({"table": c.table, "subjects": c.subjects})),
        "engines": a.engines.iter().map(|e| json!({"engine": e.engine, "records": e.records})).collect::<Value>(),
        "incidents": a.incidents.iter().map(|i| json!({"engine": i.engine, "what": i.what, "left_service": i.left_service})).collect::<Value>()})
}

fn text(answer: &proto::IdentifyResponse) -> String {
    let mut lines: Vec<String> =
        answer.incidents.iter().map(|i| format!("NOTE: {}: {}; its work was done again", i.engine, i.what)).collect();
    lines.push(format!(
        "search {}: {} comparisons, {} fine",
        answer.search_id, answer.comparisons, answer.fine_comparisons
    ));
    lines.push("  rank      LLR     FPIR  score  fingers  subject".into());
    lines.extend(answer.candidates.iter().map(|c| {
        let fpir = c.fpir.map(|rate| rate.value).unwrap_or_default();
        let speak = c.fingers.iter().filter(|finger| finger.llr > 0.0).count();
        format!(
            "  {:>4}  {:>7.2}  {fpir:>7.1e}  {:>5}  {speak:>7}  {} ({})",
            c.rank, c.llr, c.coarse_score, c.subject, c.encounter
        )
    }));
    lines.push("A candidate list is a lead for an examiner, never a verdict.".into());
    lines.join("\n")
}
