//! What all services work with, and the account that each call leaves.

use crate::audit::{AuditError, AuditLog, Event};
use crate::guard::{Caller, Guard};
use crate::keeping::Keeping;
use crate::metrics::{self, code_name};
use crate::proto;
use crate::refusal;
use crate::running::Running;
use crate::services::cards::Bench;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore, oneshot, watch};
use tonic::{Code, Status};
use tracing::Instrument;
use whorl_gallery::{Operation, Receipt, Store};
use whorl_search::PoolControl;
use whorl_search::service::Service;

/// The parts of an appliance.
#[derive(Debug)]
pub struct Appliance {
    /// Galleries of record.
    pub store: Arc<Store>,
    /// Searches.
    pub service: Service,
    /// The engines, to look at and take out.
    pub engines: PoolControl,
    /// What can be done to cards, by engine name.
    pub benches: BTreeMap<String, Arc<dyn Bench>>,
    /// Who did what.
    pub audit: AuditLog,
    /// What paces the messages of a stream.
    pub guard: Guard,
    /// Searches under way.
    pub(crate) running: Running,
    /// Answers on their way to the store.
    pub(crate) keeping: Keeping,
    /// Work that many callers at once must not multiply.
    pub(crate) turns: Turns,
    /// Calls whose account is open.
    pub(crate) open: Arc<AtomicUsize>,
    /// Coarse candidates of a finger that go to the fine stage, where a request does not say.
    pub keep_default: usize,
    /// Becomes true when the server is to end.
    pub stopping: watch::Receiver<bool>,
}

/// What stands for the outcome of a search in the entry that it was asked for.
const BEGUN: &str = "BEGUN";
/// Kibibytes of enrolments on streams that may be worked at together.
const STREAMED_KIB: usize = 256 << 10;

/// Work that many callers at once must not multiply: each kind has so many places, and who finds none waits.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Comparisons with one subject's references, which take a thread.
    pub(crate) verify: Arc<Semaphore>,
    /// Readings of the audit log, which go through its files.
    pub(crate) audit: Semaphore,
    /// Kibibytes of enrolments that came on streams and are not durable yet.
    pub(crate) streamed: Arc<Semaphore>,
    /// What is done to a card out of service.
    pub(crate) bench: Mutex<()>,
}

impl Default for Turns {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            verify: Arc::new(Semaphore::new(threads)),
            audit: Semaphore::new(1),
            streamed: Arc::new(Semaphore::new(STREAMED_KIB)),
            bench: Mutex::default(),
        }
    }
}

impl Turns {
    /// Places that a message of so many bytes takes among those of streams; one larger than all of them takes all.
    pub(crate) fn kib(bytes: usize) -> u32 {
        bytes.div_ceil(1 << 10).clamp(1, STREAMED_KIB) as u32
    }
}

/// What a call is about, for the audit log.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The caller's id of the request or search.
    pub request_id: String,
    /// Why, as the request has it.
    pub purpose: i32,
    /// The case it is for.
    pub case_reference: String,
    /// The gallery.
    pub gallery: String,
    /// The subject, which the log keeps as a keyed hash only.
    pub subject: String,
}

/// Bytes of a text from a request that go to the audit log at most: longer ones are refused anyway.
const TEXT_BYTES_MAX: usize = 64;

/// A text of a request that may not have been checked yet, as far as it can be on record.
fn text(of: &str) -> String {
    let printable = of.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' });
    printable.take(TEXT_BYTES_MAX).collect()
}

impl About {
    /// A change of a subject.
    pub fn change(request_id: &str, gallery: &str, subject: &str) -> Self {
        let (request_id, gallery, subject) = (request_id.to_owned(), gallery.to_owned(), subject.to_owned());
        Self { request_id, gallery, subject, ..Self::default() }
    }

    /// The event of a call that is about this.
    fn event(&self, caller: &Caller, method: &str, audit: &AuditLog) -> Event {
        let purpose = match proto::Purpose::try_from(self.purpose) {
            Ok(proto::Purpose::Unspecified) | Err(_) => String::new(),
            Ok(purpose) => purpose.as_str_name().trim_start_matches("PURPOSE_").to_lowercase(),
        };
        Event {
            identity: caller.identity.name.clone(),
            certificate: caller.identity.fingerprint.clone(),
            method: method.to_owned(),
            call_id: caller.call_id.clone(),
            request_id: text(&self.request_id),
            purpose,
            case_reference: text(&self.case_reference),
            gallery: text(&self.gallery),
            subject: audit.hash_name(&self.subject),
            outcome: String::new(),
            count: 0,
        }
    }
}

/// Writes the entry of a call that is given up on its way, as when its caller goes away.
struct Account {
    audit: AuditLog,
    event: Option<Event>,
    method: &'static str,
    start: Instant,
    deadline: Option<Instant>,
    open: Arc<AtomicUsize>,
}

impl Account {
    fn open(appliance: &Appliance, caller: &Caller, method: &'static str, about: &About) -> Self {
        caller.is_on_record();
        appliance.open.fetch_add(1, Ordering::AcqRel);
        let (audit, open) = (appliance.audit.clone(), Arc::clone(&appliance.open));
        let event = Some(about.event(caller, method, &audit));
        Self { audit, event, method, start: Instant::now(), deadline: caller.deadline, open }
    }

    fn close_with<T>(&mut self, result: &Result<(T, u64), Status>) -> Option<Event> {
        match result {
            Ok((_, count)) => self.close(Code::Ok, *count),
            Err(status) => self.close(status.code(), 0),
        }
    }

    fn close(&mut self, code: Code, count: u64) -> Option<Event> {
        let event = self.event.take()?;
        metrics::request(self.method, code, self.start.elapsed());
        Some(Event { outcome: code_name(code).to_owned(), count, ..event })
    }
}

/// How an entry ended that nobody waits for.
fn lost(entered: Result<u64, AuditError>) {
    if let Err(error) = entered {
        tracing::error!(%error, "the end of a call is not on record");
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let late = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
        if let Some(event) = self.close(if late { Code::DeadlineExceeded } else { Code::Cancelled }, 0) {
            self.audit.submit(event, lost);
        }
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A change, to the end even if the caller goes away: what is done is audited.
///
/// # Errors
/// Those of `work`.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Result<T, Status> {
    tokio::spawn(work.in_current_span()).await.map_err(refusal::broken)?
}

impl Appliance {
    /// Carries a change out and waits until it is durable.
    ///
    /// # Errors
    /// Those of the store, as statuses.
    pub async fn change(&self, operation: Operation) -> Result<Receipt, Status> {
        let (reply, replied) = oneshot::channel();
        self.store.submit(operation, move |result| {
            let _ = reply.send(result); // a caller who went away does not undo the change
        });
        replied.await.map_err(|_| refusal::stopping())?.map_err(refusal::store)
    }

    /// Does `work`, which gives what is returned and a count, and answers only when that is in the audit log.
    ///
    /// # Errors
    /// Those of `work`; UNAVAILABLE if the audit log cannot be written: nothing is answered that is not on record.
    pub async fn audited<T>(
        &self,
        caller: &Caller,
        method: &'static str,
        about: About,
        work: impl Future<Output = Result<(T, u64), Status>>,
    ) -> Result<T, Status> {
        let mut account = Account::open(self, caller, method, &about);
        let result = work.await;
        if let Some(event) = account.close_with(&result) {
            self.audit.append(event).await.map_err(refusal::unaudited)?;
        }
        result.map(|(value, _)| value)
    }

    /// The same for a search: that it was asked for, by whom and why, goes to the log while it runs, and is there before it is
    /// answered. How it ended follows in an entry of its own, which the answer does not wait for. So a search that the server did
    /// not survive is on record too.
    ///
    /// # Errors
    /// As [`audited`](Self::audited).
    pub async fn audited_search<T>(
        &self,
        caller: &Caller,
        method: &'static str,
        about: About,
        work: impl Future<Output = Result<(T, u64), Status>>,
    ) -> Result<T, Status> {
        let mut account = Account::open(self, caller, method, &about);
        let begun = Event { outcome: BEGUN.to_owned(), ..about.event(caller, method, &self.audit) };
        let (begun, result) = tokio::join!(self.audit.append(begun), work);
        if let Some(end) = account.close_with(&result) {
            // In a task of its own: the log's thread, when it is woken, takes the processor that the answer needs.
            tokio::spawn(async move { account.audit.submit(end, lost) });
        }
        begun.map_err(refusal::unaudited)?;
        result.map(|(value, _)| value)
    }

    /// Returns when no call has an open account any more and every answer is kept, or `patience` is over.
    pub(crate) async fn settled(&self, patience: Duration) {
        const LOOK: Duration = Duration::from_millis(5);
        let until = Instant::now() + patience;
        while self.open.load(Ordering::Acquire) + self.keeping.len() > 0 && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
    }
}
