//! `whorl.v1.Audit`.

use crate::appliance::{About, Appliance};
use crate::audit::{Entry, Filter};
use crate::guard::Caller;
use crate::proto;
use crate::proto::audit_server::Audit;
use crate::refusal::{self, Violations};
use std::pin::Pin;
use std::sync::Arc;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

/// Entries that one query gives where nothing else is asked for.
const LIMIT_DEFAULT: u32 = 1000;
/// Entries that one query gives at most.
const LIMIT_MAX: u32 = 10_000;

/// The service.
#[derive(Debug, Clone)]
pub struct AuditService(pub Arc<Appliance>);

#[tonic::async_trait]
impl Audit for AuditService {
    type QueryStream = Pin<Box<dyn Stream<Item = Result<proto::AuditEntry, Status>> + Send>>;

    async fn query(&self, request: Request<proto::AuditQueryRequest>) -> Result<Response<Self::QueryStream>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let about = About { request_id: request.request_id.clone(), ..About::default() };
        let work = async {
            let mut wrong = Violations::default();
            wrong.expect(
                request.limit <= LIMIT_MAX,
                "limit",
                format!("must be 1 to {LIMIT_MAX}, or 0 for {LIMIT_DEFAULT}"),
            );
            let from = crate::request::unix_ms(&mut wrong, "from", request.from);
            let until = crate::request::unix_ms(&mut wrong, "until", request.until);
            wrong.check()?;
            let filter = Filter {
                from_unix_ms: from,
                until_unix_ms: until,
                identity: request.identity,
                method: request.method,
                request_id: request.request_id,
                after: request.after,
                limit: if request.limit == 0 { LIMIT_DEFAULT } else { request.limit } as usize,
            };
            let _turn = self.0.turns.audit.acquire().await.map_err(refusal::broken)?;
            let audit = self.0.audit.clone();
            let found = tokio::task::spawn_blocking(move || audit.query(&filter)).await.map_err(refusal::broken)?;
            let found = found.map_err(refusal::unaudited)?;
            let count = found.len() as u64;
            Ok((found, count))
        };
        let found = self.0.audited(&caller, "Audit/Query", about, work).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(found.into_iter().map(|entry| Ok(message(entry)))))))
    }

    async fn verify_chain(
        &self,
        request: Request<proto::VerifyChainRequest>,
    ) -> Result<Response<proto::VerifyChainResponse>, Status> {
        let caller = Caller::of(&request)?;
        let work = async {
            let _turn = self.0.turns.audit.acquire().await.map_err(refusal::broken)?;
            let audit = self.0.audit.clone();
            let verified = tokio::task::spawn_blocking(move || audit.verify()).await.map_err(refusal::broken)?;
            let response = match verified {
                Ok(verified) => proto::VerifyChainResponse {
                    intact: true,
                    entries: verified.entries,
                    head: verified.head,
                    fault: String::new(),
                },
                Err(fault) => proto::VerifyChainResponse { fault: fault.to_string(), ..Default::default() },
            };
            Ok((response, 0))
        };
        self.0.audited(&caller, "Audit/VerifyChain", About::default(), work).await.map(Response::new)
    }
}

fn message(entry: Entry) -> proto::AuditEntry {
    let Entry { number, unix_ms, event, hash, .. } = entry;
    let purpose = proto::Purpose::from_str_name(&format!("PURPOSE_{}", event.purpose.to_uppercase()));
    proto::AuditEntry {
        number,
        time: Some(crate::request::timestamp(unix_ms)),
        identity: event.identity,
        certificate: event.certificate,
        method: event.method,
        call_id: event.call_id,
        request_id: event.request_id,
        purpose: purpose.unwrap_or_default().into(),
        case_reference: event.case_reference,
        gallery: event.gallery,
        subject: event.subject,
        outcome: event.outcome,
        count: event.count,
        hash,
    }
}
