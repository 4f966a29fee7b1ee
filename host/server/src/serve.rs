//! From a configuration to a server that listens, and back.

use crate::appliance::{Appliance, Turns};
use crate::audit::{AuditError, AuditLog};
use crate::config::{Config, TlsConfig};
use crate::guard::{Guard, Trust};
use crate::identity::Identity;
use crate::incoming::connections;
use crate::keeping::Keeping;
use crate::metrics;
use crate::proto::DESCRIPTORS;
use crate::proto::audit_server::AuditServer;
use crate::proto::cards_server::CardsServer;
use crate::proto::gallery_server::GalleryServer;
use crate::proto::search_server::SearchServer;
use crate::running::Running;
use crate::services::cards::Bench;
use crate::services::{AuditService, CardsService, GalleryService, SearchService};
use crate::upkeep::{Health, look_after};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::{Certificate, Server, ServerTlsConfig};
use tracing::info;
use whorl_gallery::{OsStorage, Store};
use whorl_search::Pool;
use whorl_search::service::{Service, ServiceOptions};
use zeroize::Zeroizing;

/// A connection that has not made its handshake by then is closed.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A connection takes no new calls after so long, and its client connects anew: a certificate is judged when a connection begins.
pub(crate) const CONNECTION_MAX: Duration = Duration::from_hours(1);
/// Calls that are done may take so long to be on record when the server ends.
const SETTLE_MAX: Duration = Duration::from_secs(10);
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
    /// Somebody else can read a key.
    #[error("{} can be read by others than its owner (mode {mode:o}); a key's file has mode 400 or 600", path.display())]
    Readable {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
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
    health: Health,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ServeError> {
    std::fs::read(path).map(Zeroizing::new).map_err(|source| ServeError::File { path: path.to_owned(), source })
}

/// Reads a key that nobody else can read.
fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, ServeError> {
    let metadata = std::fs::metadata(path).map_err(|source| ServeError::File { path: path.to_owned(), source })?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(ServeError::Readable { path: path.to_owned(), mode });
    }
    read(path)
}

fn tls(config: &TlsConfig) -> Result<ServerTlsConfig, ServeError> {
    let (certificate, key) = (read(&config.certificate)?, read_key(&config.key)?);
    Ok(ServerTlsConfig::new()
        .timeout(HANDSHAKE_MAX)
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
    let trust = match &config.server.tls {
        Some(_) => Trust::Certificates,
        None => Trust::Everybody(Arc::new(Identity::loopback(config.plaintext_roles()))),
    };
    let guard = Guard::new(trust, config.limits.requests_per_second, config.limits.burst, audit.clone());
    let appliance = Arc::new(Appliance {
        store: parts.store,
        engines: service.control(),
        service,
        benches: parts.benches,
        audit,
        guard: guard.clone(),
        running: Running::default(),
        keeping: Keeping::default(),
        turns: Turns::default(),
        open: Arc::default(),
        keep_default: config.search.keep,
        stopping: stopping.clone(),
    });
    if let Some(served) = &config.metrics {
        let failed =
            |error: &dyn std::fmt::Display| ServeError::Metrics { listen: served.listen, what: error.to_string() };
        metrics::install(served.listen).map_err(|error| failed(&error))?;
    }
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen).await.map_err(|source| ServeError::Listen { listen, source })?;
    let address = listener.local_addr().map_err(|source| ServeError::Listen { listen, source })?;

    let (reporter, health_service) = tonic_health::server::health_reporter();
    let health = Health(reporter);
    health.tell(true).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let bytes = config.server.max_request_bytes;
    let calls = config.server.calls_per_connection;
    let mut server = Server::builder()
        .concurrency_limit_per_connection(calls)
        .max_concurrent_streams(u32::try_from(calls).unwrap_or(u32::MAX))
        .max_connection_age(CONNECTION_MAX)
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
    let incoming = connections(listener, config.server.connections);
    let mut ending = stopping.clone();
    let server = tokio::spawn(async move {
        let end = async move {
            let _ = ending.wait_for(|stopping| *stopping).await; // whoever could say so is gone
        };
        routes.serve_with_incoming_shutdown(incoming, end).await
    });
    let keep_for = Duration::from_hours(24) * u32::try_from(config.search.keep_answers_days).unwrap_or(u32::MAX);
    tokio::spawn(look_after(Arc::clone(&appliance), health.clone(), keep_for, stopping));
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
        self.stop.send_replace(true); // also ends who tells the health
        self.health.tell(false).await;
        self.appliance.service.shut_down(self.patience).await;
        self.appliance.settled(SETTLE_MAX).await;
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
