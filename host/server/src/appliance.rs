//! What all services work with, and the account that each call leaves.

use crate::answers::Answers;
use crate::audit::{AuditLog, Event};
use crate::guard::Caller;
use crate::metrics::{self, Metrics};
use crate::proto;
use crate::refusal;
use crate::running::Running;
use crate::services::cards::Bench;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tonic::{Code, Status};
use whorl_gallery::Store;
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
    /// Answers that were kept.
    pub answers: Answers,
    /// Searches under way.
    pub running: Running,
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

impl About {
    /// A change of a subject.
    pub fn change(request_id: &str, gallery: &str, subject: &str) -> Self {
        let (request_id, gallery, subject) = (request_id.to_owned(), gallery.to_owned(), subject.to_owned());
        Self { request_id, gallery, subject, ..Self::default() }
    }
}

/// Writes the entry of a call that is given up on its way, as when its caller goes away.
struct Account<'a> {
    appliance: &'a Appliance,
    event: Option<Event>,
    method: &'static str,
    start: Instant,
}

impl Account<'_> {
    fn close(&mut self, code: Code, count: u64) -> Option<Event> {
        metrics::record_request(self.method, code, self.start.elapsed());
        self.event.take().map(|event| Event { outcome: outcome(code).to_owned(), count, ..event })
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if self.event.is_some()
            && let Some(event) = self.close(Code::Cancelled, 0)
        {
            self.appliance.audit.append_later(event);
        }
    }
}

impl Appliance {
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
        let About { request_id, purpose, case_reference, gallery, subject } = about;
        let event = Event {
            identity: caller.identity.name.clone(),
            certificate: caller.identity.fingerprint.clone(),
            method: method.to_owned(),
            call_id: caller.call_id.clone(),
            request_id,
            purpose: proto::Purpose::try_from(purpose).unwrap_or_default(),
            case_reference,
            gallery,
            subject,
            ..Event::default()
        };
        let mut account = Account { appliance: self, event: Some(event), method, start: Instant::now() };
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
