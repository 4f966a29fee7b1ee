//! `whorl.v1.Gallery`.

use crate::appliance::{About, Appliance, Turns, to_the_end};
use crate::guard::Caller;
use crate::metrics;
use crate::proto::gallery_server::Gallery;
use crate::proto::{self, enroll_outcome::Outcome};
use crate::refusal::{self, Violations};
use crate::request;
use crate::templates::{self, VIEWS_MAX};
use prost::Message;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;
use whorl_gallery::{EnrolledFinger, Enrolment, Operation, Receipt, StoreError};
use whorl_matcher::Role;

/// Enrolments of one stream that wait to become durable: enough for one group commit to hold many.
const UNDER_WAY_MAX: usize = 256;

/// A removal waits so long for a compaction or copy that is running,
const REMOVAL_MAX: Duration = Duration::from_mins(10);
/// and looks so often whether it has ended.
const REMOVAL_LOOK: Duration = Duration::from_millis(100);

/// The service.
#[derive(Debug, Clone)]
pub struct GalleryService(pub Arc<Appliance>);

/// Carries a change out and waits until it is durable.
async fn change(appliance: &Appliance, operation: Operation) -> Result<proto::Receipt, Status> {
    let Receipt { sequence, replayed, references, unix_ms } = appliance.change(operation).await?;
    Ok(proto::Receipt { sequence, replayed, references, time: Some(request::timestamp(unix_ms)) })
}

/// The enrolment of a request: templates read, records made.
fn enrolment(request: proto::EnrollRequest) -> Result<Operation, Status> {
    let mut wrong = Violations::default();
    request::name(&mut wrong, "request_id", &request.request_id);
    request::gallery(&mut wrong, &request.gallery);
    request::name(&mut wrong, "subject", &request.subject);
    request::name(&mut wrong, "encounter", &request.encounter);
    wrong.check()?;
    let finger = |view: templates::EncodedView| EnrolledFinger {
        position: view.position,
        template: view.template,
        view: view.number,
        record: view.record.to_bytes(),
    };
    let fingers = templates::views(&request.templates, VIEWS_MAX, Role::Reference)?.into_iter().map(finger).collect();
    let proto::EnrollRequest { request_id, gallery, subject, encounter, templates } = request;
    Ok(Operation::Enroll(Enrolment { request_id, gallery, subject, encounter, templates, fingers }))
}

async fn enroll(
    appliance: Arc<Appliance>,
    caller: Caller,
    request: proto::EnrollRequest,
) -> Result<proto::Receipt, Status> {
    let about = About {
        request_id: request.request_id.clone(),
        gallery: request.gallery.clone(),
        subject: request.subject.clone(),
        ..About::default()
    };
    let work = async {
        // Encoding takes the CPU for about a millisecond a finger.
        let operation = tokio::task::spawn_blocking(move || enrolment(request)).await.map_err(refusal::broken)??;
        let receipt = change(&appliance, operation).await?;
        if !receipt.replayed {
            metrics::enrolled(receipt.references);
        }
        Ok((receipt, u64::from(receipt.references)))
    };
    appliance.audited(&caller, "Gallery/Enroll", about, work).await
}

/// Removes from the files what was expunged, after a compaction or copy that is running. `false`: it is not removed yet.
async fn remove(appliance: &Appliance) -> bool {
    let until = Instant::now() + REMOVAL_MAX;
    loop {
        let store = Arc::clone(&appliance.store);
        match tokio::task::spawn_blocking(move || store.compact(&|_| {})).await {
            Ok(Ok(_)) => return true,
            Ok(Err(StoreError::Compacting)) if Instant::now() < until => tokio::time::sleep(REMOVAL_LOOK).await,
            Ok(Err(error)) => {
                tracing::warn!(%error, "what was expunged is still in the files");
                return false;
            }
            Err(error) => {
                tracing::error!(%error, "a compaction failed");
                return false;
            }
        }
    }
}

/// Encounters are named where one is meant.
fn one(encounter: String) -> Option<String> {
    (!encounter.is_empty()).then_some(encounter)
}

fn check_target(request_id: &str, gallery: &str, subject: &str, encounter: &str) -> Violations {
    let mut wrong = Violations::default();
    request::name(&mut wrong, "request_id", request_id);
    request::gallery(&mut wrong, gallery);
    request::name(&mut wrong, "subject", subject);
    request::optional_name(&mut wrong, "encounter", encounter);
    wrong
}

#[tonic::async_trait]
impl Gallery for GalleryService {
    async fn enroll(&self, request: Request<proto::EnrollRequest>) -> Result<Response<proto::EnrollResponse>, Status> {
        let caller = Caller::of(&request)?;
        let receipt = to_the_end(enroll(Arc::clone(&self.0), caller, request.into_inner())).await?;
        Ok(Response::new(proto::EnrollResponse { receipt: Some(receipt) }))
    }

    type EnrollStreamStream = Pin<Box<dyn Stream<Item = Result<proto::EnrollOutcome, Status>> + Send>>;

    async fn enroll_stream(
        &self,
        request: Request<Streaming<proto::EnrollRequest>>,
    ) -> Result<Response<Self::EnrollStreamStream>, Status> {
        let caller = Caller::of(&request)?;
        let mut requests = request.into_inner();
        let appliance = Arc::clone(&self.0);
        // Handles wait in the channel in the order of the requests; its bound is the back-pressure.
        let (sender, waiting) = mpsc::channel(UNDER_WAY_MAX);
        let read = async move {
            loop {
                let next = match requests.next().await {
                    None => return,
                    Some(Err(status)) => Err(status),
                    Some(Ok(request)) => {
                        // Both keep the client from sending more, where calls of their own would be refused.
                        appliance.guard.pace(&caller.identity).await;
                        let kib = Turns::kib(request.encoded_len());
                        let Ok(turn) = Arc::clone(&appliance.turns.streamed).acquire_many_owned(kib).await else {
                            return;
                        };
                        let id = request.request_id.clone();
                        let enrolled = enroll(Arc::clone(&appliance), caller.clone(), request);
                        let work = async move {
                            let _turn = turn;
                            enrolled.await
                        };
                        Ok((id, tokio::spawn(work.in_current_span())))
                    }
                };
                let ends = next.is_err();
                if sender.send(next).await.is_err() || ends {
                    return;
                }
            }
        };
        tokio::spawn(read.in_current_span());
        let outcomes = ReceiverStream::new(waiting).then(|next| async {
            let (request_id, work) = next?;
            let outcome = match work.await.map_err(refusal::broken)? {
                Ok(receipt) => Outcome::Receipt(receipt),
                Err(status) => Outcome::Failure(proto::EnrollFailure {
                    code: status.code().into(),
                    message: status.message().to_owned(),
                }),
            };
            Ok(proto::EnrollOutcome { request_id, outcome: Some(outcome) })
        });
        Ok(Response::new(Box::pin(outcomes)))
    }

    async fn get_encounter(
        &self,
        request: Request<proto::GetEncounterRequest>,
    ) -> Result<Response<proto::GetEncounterResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let about = About { purpose: request.purpose, ..About::change("", &request.gallery, &request.subject) };
        let work = async {
            let mut wrong = Violations::default();
            request::purpose(&mut wrong, request.purpose);
            request::gallery(&mut wrong, &request.gallery);
            request::name(&mut wrong, "subject", &request.subject);
            request::name(&mut wrong, "encounter", &request.encounter);
            wrong.check()?;
            let store = Arc::clone(&self.0.store);
            let read = move || store.encounter(&request.gallery, &request.subject, &request.encounter);
            let found = tokio::task::spawn_blocking(read).await.map_err(refusal::broken)?.map_err(refusal::store)?;
            let finger = |f: &whorl_gallery::EnrolledFinger| proto::EnrolledFinger {
                position: f.position.into(),
                template: f.template.into(),
                view: f.view.into(),
            };
            let response = proto::GetEncounterResponse {
                fingers: found.fingers.iter().map(finger).collect(),
                templates: found.templates,
                status: request::status_message(found.status).into(),
                enrolled: Some(request::timestamp(found.enrolled_unix_ms)),
                sequence: found.sequence,
            };
            Ok((response, 1))
        };
        self.0.audited(&caller, "Gallery/GetEncounter", about, work).await.map(Response::new)
    }

    async fn set_status(
        &self,
        request: Request<proto::SetStatusRequest>,
    ) -> Result<Response<proto::SetStatusResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let appliance = Arc::clone(&self.0);
        let receipt = to_the_end(async move {
            let about = About::change(&request.request_id, &request.gallery, &request.subject);
            let work = async {
                let proto::SetStatusRequest { request_id, gallery, subject, encounter, .. } = &request;
                let mut wrong = check_target(request_id, gallery, subject, encounter);
                let status = request::status(request.status);
                wrong.expect(status.is_some(), "status", "must be STATUS_ACTIVE or STATUS_SEALED");
                wrong.check()?;
                let Some(status) = status else { return Err(refusal::field("status", "is required")) };
                let proto::SetStatusRequest { request_id, gallery, subject, encounter, .. } = request;
                let operation =
                    Operation::SetStatus { request_id, gallery, subject, encounter: one(encounter), status };
                let receipt = change(&appliance, operation).await?;
                Ok((receipt, u64::from(receipt.references)))
            };
            appliance.audited(&caller, "Gallery/SetStatus", about, work).await
        });
        Ok(Response::new(proto::SetStatusResponse { receipt: Some(receipt.await?) }))
    }

    async fn expunge(
        &self,
        request: Request<proto::ExpungeRequest>,
    ) -> Result<Response<proto::ExpungeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let appliance = Arc::clone(&self.0);
        let done = to_the_end(async move {
            let about = About::change(&request.request_id, &request.gallery, &request.subject);
            let work = async {
                let proto::ExpungeRequest { request_id, gallery, subject, encounter, wait_for_removal } = request;
                check_target(&request_id, &gallery, &subject, &encounter).check()?;
                let expunged = gallery.clone();
                let operation = Operation::Expunge { request_id, gallery, subject, encounter: one(encounter) };
                let receipt = change(&appliance, operation).await?;
                if appliance.store.count(Some(&expunged)).is_err() {
                    appliance.service.forget(&expunged); // it was the gallery's last
                }
                let removed = wait_for_removal && remove(&appliance).await;
                let count = receipt.references.into();
                Ok((proto::ExpungeResponse { receipt: Some(receipt), removed }, count))
            };
            appliance.audited(&caller, "Gallery/Expunge", about, work).await
        });
        Ok(Response::new(done.await?))
    }

    async fn count(&self, request: Request<proto::CountRequest>) -> Result<Response<proto::CountResponse>, Status> {
        let caller = Caller::of(&request)?;
        let gallery = request.into_inner().gallery;
        let about = About { gallery: gallery.clone(), ..About::default() };
        let work = async {
            if !gallery.is_empty() {
                let mut wrong = Violations::default();
                request::gallery(&mut wrong, &gallery);
                wrong.check()?;
            }
            let counts = self.0.store.count(one(gallery).as_deref()).map_err(refusal::store)?;
            let response = proto::CountResponse {
                subjects: counts.subjects,
                encounters: counts.encounters,
                references: counts.references,
                sealed_encounters: counts.sealed,
            };
            Ok((response, 0))
        };
        self.0.audited(&caller, "Gallery/Count", about, work).await.map(Response::new)
    }

    async fn list_partitions(
        &self,
        request: Request<proto::ListPartitionsRequest>,
    ) -> Result<Response<proto::ListPartitionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let partition = |p: whorl_gallery::PartitionStats| proto::Partition {
            gallery: p.gallery,
            position: p.position.into(),
            references: p.references,
            bytes: p.bytes,
            shards: p.shards.try_into().unwrap_or(u32::MAX),
            generation: p.generation,
        };
        let work = async {
            let partitions = self.0.store.partitions().into_iter().map(partition).collect();
            Ok((proto::ListPartitionsResponse { partitions }, 0))
        };
        self.0.audited(&caller, "Gallery/ListPartitions", About::default(), work).await.map(Response::new)
    }
}
