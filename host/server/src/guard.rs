//! The way in: every call is identified, authorised and limited before any service sees it.

use crate::audit::{AuditLog, Event};
use crate::identity::{Identity, IdentityError};
use crate::incoming::Peer;
use crate::metrics;
use crate::refusal;
use crate::request;
use crate::roles;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::transport::server::TlsConnectInfo;
use tonic::{Code, Request, Status};
use tower::{Layer, Service};
use tracing::Instrument;

/// Bytes of a caller's own request id at most; a longer one is not kept.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Who makes a call, and what it is called.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub identity: Arc<Identity>,
    /// The call's own id.
    pub call_id: String,
    /// The caller's id of it, from the `x-request-id` metadata; may be empty.
    pub request_id: String,
    /// When the call came.
    pub arrived: Instant,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Whether the service has taken the call to the audit log, or will.
    on_record: Arc<AtomicBool>,
}

impl Caller {
    /// The caller that the guard found.
    ///
    /// # Errors
    /// INTERNAL where no guard stands before the service.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| refusal::broken("a call came past the guard"))
    }

    /// Notes that the service takes the call to the audit log.
    pub fn is_on_record(&self) {
        self.on_record.store(true, Ordering::Release);
    }
}

/// Who calls where there is no certificate.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Nobody: a certificate is needed.
    Certificates,
    /// This one, over the loopback.
    Everybody(Arc<Identity>),
}

/// What the guard goes by.
#[derive(Clone)]
pub struct Guard(Arc<Rules>);

struct Rules {
    trust: Trust,
    limiter: Option<DefaultKeyedRateLimiter<String>>,
    /// Refusals for the rate that go on record: who calls too often must not fill the log with it.
    refusals: DefaultKeyedRateLimiter<String>,
    audit: AuditLog,
}

/// Why a call may not go on.
struct Refused {
    identity: Option<Arc<Identity>>,
    status: Status,
    /// Whether it goes on record.
    recorded: bool,
}

impl Refused {
    const fn new(identity: Option<Arc<Identity>>, status: Status) -> Self {
        Self { identity, status, recorded: true }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("trust", &self.0.trust).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard that lets each identity make `per_second` calls, `burst` of them at once; 0: any number.
    pub fn new(trust: Trust, per_second: u32, burst: u32, audit: AuditLog) -> Self {
        let quota = NonZeroU32::new(per_second).map(Quota::per_second);
        let quota = quota.map(|quota| NonZeroU32::new(burst).map_or(quota, |burst| quota.allow_burst(burst)));
        let refusals = RateLimiter::keyed(Quota::per_second(NonZeroU32::MIN));
        Self(Arc::new(Rules { trust, limiter: quota.map(RateLimiter::keyed), refusals, audit }))
    }

    /// Waits until one more message of a stream may be worked at: within a call there is back-pressure where a call of its own
    /// would be refused.
    pub async fn pace(&self, identity: &Identity) {
        if let Some(limiter) = &self.0.limiter {
            limiter.until_key_ready(&identity.name).await;
        }
    }

    /// Forgets identities that have not called for a while.
    pub fn forget_idle(&self) {
        for limiter in self.0.limiter.iter().chain([&self.0.refusals]) {
            limiter.retain_recent();
        }
    }

    /// The caller, if the call may go on.
    fn admit<B>(&self, request: &http::Request<B>) -> Result<Caller, Box<Refused>> {
        let arrived = Instant::now();
        let identity = self.identify(request).map_err(|error| {
            Box::new(Refused::new(None, refusal::because(Code::Unauthenticated, "CERTIFICATE", error.to_string())))
        })?;
        let Some(identity) = identity else {
            let what = "no client certificate; a role comes with one";
            return Err(Box::new(Refused::new(None, refusal::because(Code::Unauthenticated, "NO_CERTIFICATE", what))));
        };
        if let Some(limiter) = &self.0.limiter
            && let Err(until) = limiter.check_key(&identity.name)
        {
            let after = until.wait_time_from(DefaultClock::default().now());
            let status = refusal::later(Code::ResourceExhausted, "RATE", "too many calls in too short a time", after);
            let recorded = self.0.refusals.check_key(&identity.name).is_ok();
            return Err(Box::new(Refused { identity: Some(identity), status, recorded }));
        }
        let method = request.uri().path();
        if !roles::may(&identity, method) {
            let able = roles::allowed(method).iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
            let what = if able.is_empty() {
                "there is no such method".to_owned()
            } else {
                format!("this needs one of the roles {able}")
            };
            return Err(Box::new(Refused::new(Some(identity), refusal::because(Code::PermissionDenied, "ROLE", what))));
        }
        let request_id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        let request_id = request_id.filter(|id| id.len() <= REQUEST_ID_BYTES_MAX).unwrap_or_default().to_owned();
        let deadline = request.headers().get("grpc-timeout").and_then(|timeout| timeout.to_str().ok());
        Ok(Caller {
            identity,
            call_id: uuid::Uuid::now_v7().to_string(),
            request_id,
            arrived,
            deadline: deadline.and_then(request::deadline),
            on_record: Arc::default(),
        })
    }

    /// Puts a call on record that no service has: one that was refused, or whose request could not be read.
    async fn record(&self, identity: Option<Arc<Identity>>, call_id: &str, method: &str, status: Status) -> Status {
        let (identity, certificate) = identity.map(|of| (of.name.clone(), of.fingerprint.clone())).unwrap_or_default();
        let event = Event {
            identity,
            certificate,
            method: method.trim_start_matches("/whorl.v1.").to_owned(),
            call_id: call_id.to_owned(),
            outcome: metrics::code_name(status.code()).to_owned(),
            ..Event::default()
        };
        self.0.audit.append(event).await.map_or_else(refusal::unaudited, |_| status)
    }

    fn identify<B>(&self, request: &http::Request<B>) -> Result<Option<Arc<Identity>>, IdentityError> {
        match &self.0.trust {
            Trust::Everybody(identity) => Ok(Some(Arc::clone(identity))),
            Trust::Certificates => {
                let Some(connection) = request.extensions().get::<TlsConnectInfo<Peer>>() else { return Ok(None) };
                let certificates = connection.peer_certs();
                let own = certificates.as_deref().and_then(|chain| chain.first());
                own.map(|certificate| connection.get_ref().identity(certificate)).transpose()
            }
        }
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.clone(), inner }
    }
}

/// A service behind the guard.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S, B> Service<http::Request<B>> for Guarded<S>
where
    S: Service<http::Request<B>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send,
    B: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let method = roles::known(request.uri().path()).unwrap_or("unknown");
        match self.guard.admit(&request) {
            Ok(caller) => {
                let span = tracing::info_span!(
                    "call",
                    method,
                    call = caller.call_id,
                    identity = caller.identity.name,
                    request = caller.request_id
                );
                request.extensions_mut().insert(caller.clone());
                // The clone that was ready is used, the fresh one waits its turn.
                let fresh = self.inner.clone();
                let mut ready = std::mem::replace(&mut self.inner, fresh);
                let guard = self.guard.clone();
                let answered = async move {
                    let response = ready.call(request).await?;
                    // A request that no service could read is refused before one sees it.
                    match Status::from_header_map(response.headers()) {
                        Some(status) if status.code() != Code::Ok && !caller.on_record.load(Ordering::Acquire) => {
                            metrics::refused(method, status.code());
                            let status = guard.record(Some(caller.identity), &caller.call_id, method, status).await;
                            Ok(status.into_http())
                        }
                        _ => Ok(response),
                    }
                };
                Box::pin(answered.instrument(span))
            }
            Err(refused) => {
                let Refused { identity, status, recorded } = *refused;
                let guard = self.guard.clone();
                Box::pin(async move {
                    metrics::refused(method, status.code());
                    let status = if recorded { guard.record(identity, "", method, status).await } else { status };
                    Ok(status.into_http())
                })
            }
        }
    }
}
