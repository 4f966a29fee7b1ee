//! `whorl.v1.Search`.

use crate::answer::{self, Wanted};
use crate::answers::{self, Asked};
use crate::appliance::{About, Appliance};
use crate::guard::Caller;
use crate::metrics;
use crate::proto::search_server::Search;
use crate::proto::{self, identify_event::Event};
use crate::refusal::{self, Violations};
use crate::request;
use crate::running::Listed;
use crate::templates;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};
use tracing::Instrument;
use whorl_gallery::{Directory, Entry, Snapshot};
use whorl_layout::TOP_K_MAX;
use whorl_search::cascade::FINGERS_MAX;
use whorl_search::service::{Progress, Stage, Ticket};
use whorl_search::{Cascade, ProbeFinger, Searched};

/// Candidates of a list where nothing else is asked for.
const CANDIDATES_DEFAULT: usize = 10;
/// Priority where none is given.
const PRIORITY_DEFAULT: u32 = 5;
/// The most urgent priority.
const PRIORITY_MAX: u32 = 9;
/// News of a stream that wait to be sent.
const NEWS_MAX: usize = 8;
/// Progress is told no more often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// Comparisons of a verification at most, fingers of the probe by references of the subject: some seconds of one core.
const VERIFY_COMPARISONS_MAX: usize = 16_384;

/// The service.
#[derive(Debug, Clone)]
pub struct SearchService(pub Arc<Appliance>);

/// A search that was accepted.
struct Accepted {
    asked: Asked,
    ticket: Ticket,
    _listed: Listed,
}

impl SearchService {
    /// Checks the request and hands it to the engines.
    async fn accept(&self, caller: &Caller, request: proto::IdentifyRequest) -> Result<Accepted, Status> {
        let (cascade, wanted, priority) = self.checked(&request)?;
        let id = if request.search_id.is_empty() {
            caller.call_id.clone()
        } else {
            answers::refuse_known(&self.0, &request.search_id).await?;
            request.search_id
        };
        let snapshot = self.0.store.snapshot(&request.gallery).map_err(refusal::store)?;
        let fingers = fingers(request.templates).await?;
        let asked = Asked { id, fingers, cascade, own: request.declared_positions_only, snapshot, wanted };
        let task = asked.task(Some(request.gallery), priority, caller.deadline);
        let ticket = self.0.service.submit(task).map_err(refusal::service)?;
        let listed =
            self.0.running.list(&asked.id, &caller.identity.name, ticket.cancel_handle()).ok_or_else(|| {
                let what = format!("a search {} is running; choose another search_id", asked.id);
                refusal::because(Code::AlreadyExists, "SEARCH_RUNS", what)
            })?;
        Ok(Accepted { asked, ticket, _listed: listed })
    }

    fn checked(&self, request: &proto::IdentifyRequest) -> Result<(Cascade, Wanted, u8), Status> {
        let mut wrong = Violations::default();
        request::purpose(&mut wrong, request.purpose);
        request::optional_name(&mut wrong, "case_reference", &request.case_reference);
        request::optional_name(&mut wrong, "search_id", &request.search_id);
        request::gallery(&mut wrong, &request.gallery);
        let in_list = |count: u32| usize::try_from(count).is_ok_and(|count| count <= TOP_K_MAX);
        let up_to = format!("must be 1 to {TOP_K_MAX}, or 0 for the default");
        wrong.expect(in_list(request.max_candidates), "max_candidates", up_to.clone());
        wrong.expect(in_list(request.keep), "keep", up_to);
        let priority = request.priority.unwrap_or(PRIORITY_DEFAULT);
        wrong.expect(priority <= PRIORITY_MAX, "priority", "must be 0 to 9, 9 is the most urgent");
        let rate = request.max_fpir.is_none_or(|rate| rate > 0.0 && rate < 1.0);
        wrong.expect(rate, "max_fpir", "must be above 0 and below 1, such as 0.001");
        let first = request.first_pass_fingers as usize;
        wrong.expect(first <= FINGERS_MAX, "first_pass_fingers", format!("must be 1 to {FINGERS_MAX}, or 0 for all"));
        wrong.check()?;
        let or = |count: u32, default: usize| if count == 0 { default } else { count as usize };
        let cascade = Cascade {
            keep: or(request.keep, self.0.keep_default),
            first_pass_fingers: (first > 0).then_some(first),
            correspondences: request.correspondences,
            ..Cascade::default()
        };
        let wanted = Wanted { candidates: or(request.max_candidates, CANDIDATES_DEFAULT), fpir: request.max_fpir };
        Ok((cascade, wanted, priority as u8))
    }
}

/// An answer before it is on record.
struct Answered {
    asked: Asked,
    answer: proto::IdentifyResponse,
}

impl Answered {
    /// The answer as it may be given now that it is on record: without whom was expunged or sealed meanwhile. It is kept for
    /// replays.
    fn given(self, appliance: &Appliance, caller: &Caller) -> proto::IdentifyResponse {
        let Self { asked, mut answer } = self;
        if !asked.snapshot.is_current() {
            answer.candidates.retain(|candidate| !asked.snapshot.references_named(&candidate.subject).is_empty());
            for (rank, candidate) in (1..).zip(&mut answer.candidates) {
                candidate.rank = rank;
            }
        }
        answers::keep(appliance, asked, answer.clone());
        if let Some(timing) = &mut answer.timing {
            timing.total = Some(answer::duration(caller.arrived.elapsed()));
        }
        answer
    }
}

impl Accepted {
    /// Waits for the answer, and for the number of its candidates.
    async fn answer(mut self) -> Result<(Answered, u64), Status> {
        let mut finished = self.ticket.answer().await.map_err(refusal::service)?;
        metrics::searched(&finished);
        let asked = self.asked;
        let (finished, asked) = if answer::is_stale(&finished.identification, &asked.snapshot) {
            let again = move || {
                finished.identification = asked.compared_again(finished.identification)?;
                Ok::<_, Status>((finished, asked))
            };
            tokio::task::spawn_blocking(again).await.map_err(refusal::broken)??
        } else {
            (finished, asked)
        };
        let answer = asked.answer(&finished);
        let count = answer.candidates.len() as u64;
        Ok((Answered { asked, answer }, count))
    }
}

/// Reads and encodes a probe. That takes the CPU for a part of a millisecond a finger: of one or two it is done at once, as waking
/// a thread for it would take as long.
async fn fingers(templates: Vec<Vec<u8>>) -> Result<Vec<ProbeFinger>, Status> {
    const BYTES_AT_ONCE: usize = 4096;
    if templates.iter().map(Vec::len).sum::<usize>() <= BYTES_AT_ONCE {
        return templates::fingers(&templates);
    }
    tokio::task::spawn_blocking(move || templates::fingers(&templates)).await.map_err(refusal::broken)?
}

/// Compares with one subject; takes the CPU for a while.
fn verify(request: &proto::VerifyRequest, snapshot: &Snapshot) -> Result<proto::VerifyResponse, Status> {
    let fingers = templates::fingers(&request.templates)?;
    let unknown = || refusal::not_found("Subject", &request.subject);
    let references = snapshot.references_named(&request.subject);
    let index = *references.first().ok_or_else(unknown)?;
    if fingers.len() * references.len() > VERIFY_COMPARISONS_MAX {
        let what = format!(
            "{} fingers by {} references are more than {VERIFY_COMPARISONS_MAX} comparisons; send fewer fingers",
            fingers.len(),
            references.len()
        );
        return Err(refusal::field("templates", what));
    }
    let Some(Entry::Enrolled(enrolled)) = snapshot.entry(index) else { return Err(unknown()) };
    let cascade = Cascade { correspondences: request.correspondences, ..Cascade::default() };
    let searched = Searched { shards: snapshot.shards(), directory: snapshot };
    let found = cascade.verify(&fingers, enrolled.subject, searched).map_err(refusal::broken)?;
    let candidate = answer::candidate(&found, None, &fingers, snapshot).ok_or_else(unknown)?;
    let candidate = Some(proto::Candidate { rank: 1, ..candidate });
    Ok(proto::VerifyResponse { candidate, generation: snapshot.generation() })
}

fn about(request: &proto::IdentifyRequest) -> About {
    About {
        request_id: request.search_id.clone(),
        purpose: request.purpose,
        case_reference: request.case_reference.clone(),
        gallery: request.gallery.clone(),
        subject: String::new(),
    }
}

/// News of a search as long as there are any and somebody listens.
async fn tell(
    mut progress: tokio::sync::watch::Receiver<Progress>,
    news: mpsc::Sender<Result<proto::IdentifyEvent, Status>>,
) {
    loop {
        let now = *progress.borrow_and_update();
        let message = proto::Progress { stage: stage(now.stage).into(), compared: now.compared, of: now.of };
        let event = proto::IdentifyEvent { event: Some(Event::Progress(message)) };
        if news.send(Ok(event)).await.is_err() || progress.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(PROGRESS_INTERVAL).await;
    }
}

const fn stage(stage: Stage) -> proto::progress::Stage {
    match stage {
        Stage::Queued => proto::progress::Stage::Queued,
        Stage::Coarse => proto::progress::Stage::Coarse,
        Stage::Fine => proto::progress::Stage::Fine,
    }
}

#[tonic::async_trait]
impl Search for SearchService {
    async fn identify(
        &self,
        request: Request<proto::IdentifyRequest>,
    ) -> Result<Response<proto::IdentifyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let about = about(&request);
        let work = async { self.accept(&caller, request).await?.answer().await };
        let answered = self.0.audited_search(&caller, "Search/Identify", about, work).await?;
        Ok(Response::new(answered.given(&self.0, &caller)))
    }

    type IdentifyStreamStream = ReceiverStream<Result<proto::IdentifyEvent, Status>>;

    async fn identify_stream(
        &self,
        request: Request<proto::IdentifyRequest>,
    ) -> Result<Response<Self::IdentifyStreamStream>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let (news, told) = mpsc::channel(NEWS_MAX);
        let service = self.clone();
        let search = async move {
            let about = about(&request);
            let work = async {
                let accepted = service.accept(&caller, request).await?;
                let first = Event::Accepted(proto::Accepted { search_id: accepted.asked.id.clone() });
                let _ = news.send(Ok(proto::IdentifyEvent { event: Some(first) })).await;
                let telling = tokio::spawn(tell(accepted.ticket.progress(), news.clone()));
                let answer = tokio::select! {
                    answer = accepted.answer() => answer,
                    () = news.closed() => Err(Status::cancelled("the caller went away")),
                };
                telling.abort();
                let _ = telling.await; // the answer comes last
                answer
            };
            let last = service.0.audited_search(&caller, "Search/IdentifyStream", about, work).await;
            let event = |answered: Answered| Event::Answer(answered.given(&service.0, &caller));
            let last = last.map(|answered| proto::IdentifyEvent { event: Some(event(answered)) });
            let _ = news.send(last).await; // nobody may listen any more
        };
        tokio::spawn(search.in_current_span());
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn verify(&self, request: Request<proto::VerifyRequest>) -> Result<Response<proto::VerifyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let about = About {
            purpose: request.purpose,
            case_reference: request.case_reference.clone(),
            ..About::change("", &request.gallery, &request.subject)
        };
        let work = async {
            let mut wrong = Violations::default();
            request::purpose(&mut wrong, request.purpose);
            request::optional_name(&mut wrong, "case_reference", &request.case_reference);
            request::gallery(&mut wrong, &request.gallery);
            request::name(&mut wrong, "subject", &request.subject);
            wrong.check()?;
            let turn = Arc::clone(&self.0.turns.verify).acquire_owned().await.map_err(refusal::broken)?;
            let snapshot = self.0.store.snapshot(&request.gallery).map_err(refusal::store)?;
            let compare = move || {
                let _turn = turn; // until the comparison has ended, whether or not somebody waits for it
                verify(&request, &snapshot)
            };
            let verified = tokio::task::spawn_blocking(compare).await;
            Ok((verified.map_err(refusal::broken)??, 1))
        };
        self.0.audited_search(&caller, "Search/Verify", about, work).await.map(Response::new)
    }

    async fn cancel(&self, request: Request<proto::CancelRequest>) -> Result<Response<proto::CancelResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = request.into_inner().search_id;
        let about = About { request_id: id.clone(), ..About::default() };
        let work = async {
            let mut wrong = Violations::default();
            request::name(&mut wrong, "search_id", &id);
            wrong.check()?;
            let cancelled = self.0.running.cancel(&id, &caller.identity.name);
            Ok((proto::CancelResponse { cancelled }, cancelled.into()))
        };
        self.0.audited(&caller, "Search/Cancel", about, work).await.map(Response::new)
    }

    async fn replay(&self, request: Request<proto::ReplayRequest>) -> Result<Response<proto::ReplayResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let about = About { request_id: request.search_id.clone(), purpose: request.purpose, ..About::default() };
        let work = async {
            let mut wrong = Violations::default();
            request::purpose(&mut wrong, request.purpose);
            request::name(&mut wrong, "search_id", &request.search_id);
            wrong.check()?;
            let replayed = answers::replay(&self.0, &request.search_id, caller.deadline).await?;
            let count = replayed.differences.len() as u64;
            Ok((replayed, count))
        };
        self.0.audited_search(&caller, "Search/Replay", about, work).await.map(Response::new)
    }
}
