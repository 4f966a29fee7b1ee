//! What all services work with, and the account that each call leaves.

use crate::audit::{AuditLog, Event};
use crate::guard::Caller;
use crate::metrics::{self, code_name};
use crate::proto;
use crate::refusal;
use crate::running::Running;
use crate::services::cards::Bench;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{oneshot, watch};
use tonic::{Code, Status};
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
    /// Searches under way.
    pub(crate) running: Running,
    /// Coarse candidates of a finger that go to the fine stage, where a request does not say.
    pub keep_default: usize,
    /// Becomes true when the server is to end.
    pub stopping: watch::Receiver<bool>,
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
struct Account<'a> {
    audit: &'a AuditLog,
    event: Option<Event>,
    method: &'static str,
    start: Instant,
}

impl Account<'_> {
    fn close(&mut self, code: Code, count: u64) -> Option<Event> {
        let event = self.event.take()?;
        metrics::request(self.method, code, self.start.elapsed());
        Some(Event { outcome: code_name(code).to_owned(), count, ..event })
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if let Some(event) = self.close(Code::Cancelled, 0) {
            self.audit.submit(event, |result| {
                if let Err(error) = result {
                    tracing::error!(%error, "a call that was given up is not on record");
                }
            });
        }
    }
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
        let event = Some(about.event(caller, method, &self.audit));
        let mut account = Account { audit: &self.audit, event, method, start: Instant::now() };
        let result = work.await;
        let (code, count) = match &result {
            Ok((_, count)) => (Code::Ok, *count),
            Err(status) => (status.code(), 0),
        };
        if let Some(event) = account.close(code, count) {
            self.audit.append(event).await.map_err(refusal::unaudited)?;
        }
        result.map(|(value, _)| value)
    }
}
