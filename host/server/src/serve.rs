//! From parts to a server that listens, and back.

use crate::appliance::Appliance;
use crate::guard::Guard;
use crate::proto::audit_server::AuditServer;
use crate::proto::cards_server::CardsServer;
use crate::proto::gallery_server::GalleryServer;
use crate::proto::search_server::SearchServer;
use crate::services::{AuditService, CardsService, GalleryService, SearchService};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Server, ServerTlsConfig};

/// A serving server.
#[derive(Debug)]
pub struct Serving {
    /// Its parts.
    pub appliance: Arc<Appliance>,
    /// How it listens.
    pub listener: Listener,
}
