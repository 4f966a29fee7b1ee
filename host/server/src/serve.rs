//! From a configuration to a server that listens, and back.

use crate::appliance::Appliance;
use crate::audit::{AuditError, AuditLog};
use crate::config::{Config, TlsConfig};
use crate::guard::{Guard, Trust};
use crate::identity::Identity;
use crate::metrics;
use crate::proto::DESCRIPTORS;
use crate::proto::audit_server::AuditServer;
use crate::proto::cards_server::CardsServer;
use crate::proto::gallery_server::GalleryServer;
use crate::proto::search_server::SearchServer;
use crate::running::Running;
use crate::services::cards::Bench;
use crate::services::{AuditService, CardsService, GalleryService, SearchService};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Server, ServerTlsConfig};
use tonic_health::server::HealthReporter;
use tracing::{info, warn};
use whorl_gallery::{OsStorage, Store};
use whorl_search::Pool;
use whorl_search::service::{Service, ServiceOptions};
use zeroize::Zeroizing;

/// How often levels are measured, and the store is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// What was expunged leaves the files after this at the latest.
const COMPACT_AFTER: Duration = Duration::from_hours(24);
/// A quiet connection is asked so often whether it lives, and closed if it does not say so within the second.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A certificate or key cannot be read.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The address cannot be listened at.
    #[error("{listen} cannot be listened at")]
    Listen {
        /// Which address.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The audit log cannot be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Certificates do not fit, or the server failed.
    #[error("the server failed")]
    Transport(#[from] tonic::transport::Error),
    /// Metrics cannot be served.
    #[error("metrics cannot be served at {listen}: {what}")]
    Metrics {
        /// Which address.
        listen: SocketAddr,
        /// Why.
        what: String,
    },
    /// The descriptors for reflection, or a thread.
    #[error("the server cannot be set up: {what}")]
    SetUp {
        /// What is missing.
        what: String,
    },
}

/// What a server is made of beside its configuration.
#[derive(Debug)]
pub struct Parts {
    /// The open store.
    pub store: Arc<Store>,
    /// The engines.
    pub pool: Pool,
    /// What can be done to cards, by engine name.
    pub benches: BTreeMap<String, Arc<dyn Bench>>,
}

/// A server that listens.
#[derive(Debug)]
pub struct Serving {
    /// Where.
    pub address: SocketAddr,
    /// Its parts.
    pub appliance: Arc<Appliance>,
    stop: watch::Sender<bool>,
    patience: Duration,
    health: HealthReporter,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ServeError> {
    std::fs::read(path).map(Zeroizing::new).map_err(|source| ServeError::File { path: path.to_owned(), source })
}

fn tls(config: &TlsConfig) -> Result<ServerTlsConfig, ServeError> {
    let (certificate, key) = (read(&config.certificate)?, read(&config.key)?);
    Ok(ServerTlsConfig::new()
        .identity(tonic::transport::Identity::from_pem(&*certificate, &*key))
        .client_ca_root(Certificate::from_pem(&*read(&config.client_ca)?)))
}

/// Starts to serve. Needs a tokio runtime of several threads.
///
/// # Errors
/// [`ServeError`]: nothing is served.
pub async fn start(config: &Config, parts: Parts) -> Result<Serving, ServeError> {
    let audit = AuditLog::open(Arc::new(OsStorage), &config.audit.folder, config.audit.file_mib << 20)?;
    let setup = |error: &dyn std::fmt::Display| ServeError::SetUp { what: error.to_string() };
    let options =
        ServiceOptions { queue_max: config.search.queue_max, slice: Duration::from_millis(config.search.slice_ms) };
    let service = Service::start(parts.pool, options).map_err(|error| setup(&error))?;
    let (stop, stopping) = watch::channel(false);
    let appliance = Arc::new(Appliance {
        store: parts.store,
        engines: service.control(),
        service,
        benches: parts.benches,
        audit: audit.clone(),
        running: Running::default(),
        keep_default: config.search.keep,
        stopping: stopping.clone(),
    });
    let trust = match &config.server.tls {
        Some(_) => Trust::Certificates,
        None => Trust::Everybody(Identity::loopback(config.plaintext_roles())),
    };
    let guard = Guard::new(trust, config.limits.requests_per_second, config.limits.burst, audit);
    if let Some(served) = &config.metrics {
        let failed =
            |error: &dyn std::fmt::Display| ServeError::Metrics { listen: served.listen, what: error.to_string() };
        metrics::install(served.listen).map_err(|error| failed(&error))?;
    }
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen).await.map_err(|source| ServeError::Listen { listen, source })?;
    let address = listener.local_addr().map_err(|source| ServeError::Listen { listen, source })?;

    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<SearchServer<SearchService>>().await;
    health.set_serving::<GalleryServer<GalleryService>>().await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let bytes = config.server.max_request_bytes;
    let mut server = Server::builder()
        .concurrency_limit_per_connection(config.server.calls_per_connection)
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1));
    if let Some(files) = &config.server.tls {
        server = server.tls_config(tls(files)?)?;
    }
    let routes = server
        .layer(guard)
        .add_service(GalleryServer::new(GalleryService(Arc::clone(&appliance))).max_decoding_message_size(bytes))
        .add_service(SearchServer::new(SearchService(Arc::clone(&appliance))).max_decoding_message_size(bytes))
        .add_service(CardsServer::new(CardsService(Arc::clone(&appliance))).max_decoding_message_size(bytes))
        .add_service(AuditServer::new(AuditService(Arc::clone(&appliance))).max_decoding_message_size(bytes))
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(|error| setup(&error))?)
        .add_service(reflection().build_v1alpha().map_err(|error| setup(&error))?);
    let mut ending = stopping.clone();
    let server = tokio::spawn(async move {
        let end = async move {
            let _ = ending.wait_for(|stopping| *stopping).await; // whoever could say so is gone
        };
        routes.serve_with_incoming_shutdown(TcpListenerStream::new(listener), end).await
    });
    tokio::spawn(look_after(Arc::clone(&appliance), stopping));
    let patience = Duration::from_secs(config.server.shutdown_seconds);
    Ok(Serving { address, appliance, stop, patience, health, server })
}

impl Serving {
    /// Takes no more calls, finishes searches or returns them with an error, and returns when that is done, at the latest a little
    /// after `server.shutdown_seconds`.
    ///
    /// # Errors
    /// [`ServeError::Transport`] if the server had failed.
    pub async fn stop(self) -> Result<(), ServeError> {
        info!("ending");
        self.health.set_not_serving::<SearchServer<SearchService>>().await;
        self.health.set_not_serving::<GalleryServer<GalleryService>>().await;
        self.stop.send_replace(true);
        self.appliance.service.shut_down(self.patience).await;
        let mut server = self.server;
        // Answers go out; a client that holds its connection open is not waited for.
        match tokio::time::timeout(Duration::from_secs(2), &mut server).await {
            Ok(Ok(served)) => Ok(served?),
            Ok(Err(panicked)) => Err(ServeError::SetUp { what: panicked.to_string() }),
            Err(_) => {
                server.abort();
                Ok(())
            }
        }
    }

    /// Returns only if the server fails.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn failed(&mut self) -> ServeError {
        match (&mut self.server).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(())) => ServeError::SetUp { what: "it ended by itself".into() },
            Err(panicked) => ServeError::SetUp { what: panicked.to_string() },
        }
    }
}

/// Measures levels, and compacts the store when enough of it is dead, or something has been for a day.
async fn look_after(appliance: Arc<Appliance>, mut stopping: watch::Receiver<bool>) {
    let mut dead_since: Option<Instant> = None;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let (stats, status) = (appliance.store.stats(), appliance.service.status());
        metrics::levels(status.queued, status.running, &status.engines, &stats, &appliance.store.partitions());
        dead_since = if stats.dead_bytes == 0 { None } else { dead_since.or_else(|| Some(Instant::now())) };
        let old = dead_since.is_some_and(|since| since.elapsed() >= COMPACT_AFTER);
        if old || stats.dead_bytes > stats.live_bytes.max(1 << 26) {
            let store = Arc::clone(&appliance.store);
            match tokio::task::spawn_blocking(move || store.compact(&|_| {})).await {
                Ok(Ok(done)) => {
                    info!(bytes_before = done.bytes_before, bytes_after = done.bytes_after, "compacted");
                    dead_since = None;
                }
                Ok(Err(error)) => warn!(%error, "the store is not compacted"),
                Err(error) => warn!(%error, "the compaction failed"),
            }
        }
    }
}
