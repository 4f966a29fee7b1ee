//! `whorl.v1.Cards`.

use crate::appliance::{About, Appliance, to_the_end};
use crate::guard::Caller;
use crate::proto::cards_server::Cards;
use crate::proto::{self, card};
use crate::refusal;
use crate::serve::CONNECTION_MAX;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};
use whorl_search::{MemberStatus, Role, Service as InService};

/// How often engines are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long an engine may take to finish what it has taken.
const DRAIN_MAX: Duration = Duration::from_mins(1);

/// What can be done to a card that nobody searches with.
pub trait Bench: std::fmt::Debug + Send + Sync {
    /// Resets it, and says how.
    ///
    /// # Errors
    /// Why it is not back, all causes included.
    fn reset(&self) -> Result<String, String>;

    /// Tests all of its parts: the name of each, and what is wrong with it.
    ///
    /// # Errors
    /// Why it could not be tested, all causes included.
    fn self_test(&self) -> Result<Vec<(String, Option<String>)>, String>;
}

/// The service.
#[derive(Debug, Clone)]
pub struct CardsService(pub Arc<Appliance>);

fn message(member: &MemberStatus) -> proto::Card {
    let role = match member.role {
        Role::Worker => card::Role::Worker,
        Role::Spare => card::Role::Spare,
    };
    let (state, reason) = match &member.service {
        InService::InService => (card::State::InService, ""),
        InService::Draining => (card::State::Draining, ""),
        InService::Drained => (card::State::Drained, ""),
        InService::OutOfService { reason } => (card::State::OutOfService, reason.as_str()),
    };
    proto::Card {
        name: member.name.clone(),
        role: role.into(),
        state: state.into(),
        reason: reason.to_owned(),
        comparisons_per_second: member.comparisons_per_second,
    }
}

impl CardsService {
    fn list(&self) -> proto::ListCardsResponse {
        proto::ListCardsResponse { cards: self.0.engines.status().iter().map(message).collect() }
    }

    fn get(&self, name: &str) -> Result<proto::Card, Status> {
        let members = self.0.engines.status();
        members.iter().find(|member| member.name == name).map(message).ok_or_else(|| refusal::not_found("Card", name))
    }

    /// Takes it out of service and waits until it is closed.
    async fn drain(&self, name: &str) -> Result<proto::Card, Status> {
        self.get(name)?;
        self.0.engines.drain(name);
        let patience = Instant::now() + DRAIN_MAX;
        loop {
            let card = self.get(name)?;
            if !matches!(card.state(), card::State::Draining | card::State::InService) {
                return Ok(card);
            }
            if Instant::now() >= patience {
                let what = format!("{name} has not finished its work after {DRAIN_MAX:?}; it takes no more, ask again");
                return Err(refusal::later(Code::Unavailable, "STILL_DRAINING", what, LOOK));
            }
            tokio::time::sleep(LOOK / 10).await;
        }
    }

    async fn resume(&self, name: &str) -> Result<proto::Card, Status> {
        self.get(name)?;
        let (engines, of) = (self.0.engines.clone(), name.to_owned());
        let resumed = tokio::task::spawn_blocking(move || engines.resume(&of)).await.map_err(refusal::broken)?;
        resumed.map_err(|error| refusal::because(Code::FailedPrecondition, "CARD_UNFIT", error.explained()))?;
        self.get(name)
    }

    /// Does `work` with a card that is out of service meanwhile, one card at a time. It is back in service afterwards if it was
    /// before and `fit` says that it may be; else it stays drained.
    async fn on_bench<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&dyn Bench) -> Result<T, String> + Send + 'static,
        fit: impl FnOnce(&T) -> bool,
    ) -> Result<(T, proto::Card), Status> {
        let _turn = self.0.turns.bench.lock().await;
        let bench = self.0.benches.get(name).cloned();
        let before = self.get(name)?.state();
        let bench = bench.ok_or_else(|| {
            refusal::because(
                Code::FailedPrecondition,
                "NO_CARD",
                format!("{name} is no card: it can only be drained and resumed"),
            )
        })?;
        self.drain(name).await?;
        let done = tokio::task::spawn_blocking(move || work(&*bench)).await.map_err(refusal::broken)?;
        let done = done.map_err(|what| {
            refusal::because(Code::FailedPrecondition, "CARD_UNFIT", format!("{name}: {what}; it stays drained"))
        })?;
        let back = before != card::State::Drained && fit(&done);
        let card = if back { self.resume(name).await? } else { self.get(name)? };
        Ok((done, card))
    }

    async fn audited<T>(
        &self,
        caller: &Caller,
        method: &'static str,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<Response<T>, Status> {
        let counted = async { Ok((work.await?, 0)) };
        self.0.audited(caller, method, About::default(), counted).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl Cards for CardsService {
    async fn list(
        &self,
        request: Request<proto::ListCardsRequest>,
    ) -> Result<Response<proto::ListCardsResponse>, Status> {
        self.audited(&Caller::of(&request)?, "Cards/List", async { Ok(self.list()) }).await
    }

    async fn get(&self, request: Request<proto::GetCardRequest>) -> Result<Response<proto::Card>, Status> {
        let caller = Caller::of(&request)?;
        self.audited(&caller, "Cards/Get", async { self.get(&request.get_ref().name) }).await
    }

    async fn drain(&self, request: Request<proto::DrainCardRequest>) -> Result<Response<proto::Card>, Status> {
        let caller = Caller::of(&request)?;
        self.audited(&caller, "Cards/Drain", self.drain(&request.get_ref().name)).await
    }

    async fn resume(&self, request: Request<proto::ResumeCardRequest>) -> Result<Response<proto::Card>, Status> {
        let caller = Caller::of(&request)?;
        self.audited(&caller, "Cards/Resume", self.resume(&request.get_ref().name)).await
    }

    async fn reset(&self, request: Request<proto::ResetCardRequest>) -> Result<Response<proto::Card>, Status> {
        let (caller, name, service) = (Caller::of(&request)?, request.into_inner().name, self.clone());
        to_the_end(async move {
            let work = async {
                let (how, card) = service.on_bench(&name, |bench| bench.reset(), |_| true).await?;
                tracing::info!(card = name, how, "reset");
                Ok(card)
            };
            service.audited(&caller, "Cards/Reset", work).await
        })
        .await
    }

    async fn self_test(
        &self,
        request: Request<proto::SelfTestRequest>,
    ) -> Result<Response<proto::SelfTestResponse>, Status> {
        let (caller, name, service) = (Caller::of(&request)?, request.into_inner().name, self.clone());
        let well = |parts: &Vec<(String, Option<String>)>| parts.iter().all(|(_, defect)| defect.is_none());
        let step = |(name, defect): (String, Option<String>)| proto::SelfTestStep {
            name,
            passed: defect.is_none(),
            detail: defect.unwrap_or_default(),
        };
        to_the_end(async move {
            let work = async {
                let (parts, card) = service.on_bench(&name, |bench| bench.self_test(), well).await?;
                let passed = well(&parts);
                Ok(proto::SelfTestResponse { passed, steps: parts.into_iter().map(step).collect(), card: Some(card) })
            };
            service.audited(&caller, "Cards/SelfTest", work).await
        })
        .await
    }

    type WatchStream = ReceiverStream<Result<proto::ListCardsResponse, Status>>;

    async fn watch(&self, request: Request<proto::WatchCardsRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let caller = Caller::of(&request)?;
        self.audited(&caller, "Cards/Watch", async { Ok(()) }).await?;
        let (sender, states) = mpsc::channel(1);
        let (service, mut stopping) = (self.clone(), self.0.stopping.clone());
        tokio::spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            let mut last = None;
            let mut end = std::pin::pin!(tokio::time::sleep(CONNECTION_MAX)); // it must not keep its connection for ever
            loop {
                tokio::select! {
                    _ = look.tick() => {}
                    () = &mut end => return,
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                    () = sender.closed() => return,
                }
                let now = service.list();
                let mut states = now.clone();
                states.cards.iter_mut().for_each(|card| card.comparisons_per_second = 0); // it changes all the time
                if last.as_ref() != Some(&states) {
                    last = Some(states);
                    if sender.send(Ok(now)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(states)))
    }
}
