//! A connection to an appliance, for programs that are its clients.

use std::path::{Path, PathBuf};
use std::time::Duration;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Uri};

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Answers are taken up to this size: a list of 256 candidates with all correspondences has about 2 MiB.
pub const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Where the appliance is, and who the client is.
#[derive(Debug, Clone)]
pub struct Access {
    /// `https://HOST:PORT`, or `http://` on the loopback.
    pub server: String,
    /// The authority that signed the server's certificate, PEM.
    pub ca: Option<PathBuf>,
    /// The client's certificate and key, PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Not an address of a server.
    #[error("{server} is no address of a server; write https://HOST:PORT")]
    Address {
        /// What was given.
        server: String,
    },
    /// The address and the certificates do not fit.
    #[error("{what}")]
    Identity {
        /// What does not fit, and what to do.
        what: String,
    },
    /// A certificate or key cannot be read.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody answers, or the two do not trust each other.
    #[error("{server} cannot be reached")]
    Connect {
        /// Where.
        server: String,
        /// Why.
        source: tonic::transport::Error,
    },
}

fn read(path: &Path) -> Result<Vec<u8>, AccessError> {
    std::fs::read(path).map_err(|source| AccessError::File { path: path.to_owned(), source })
}

impl Access {
    /// Connects.
    ///
    /// # Errors
    /// [`AccessError`], which says what to do.
    pub async fn connect(&self) -> Result<Channel, AccessError> {
        let address = || AccessError::Address { server: self.server.clone() };
        let failed = |source| AccessError::Connect { server: self.server.clone(), source };
        let uri: Uri = self.server.parse().map_err(|_| address())?;
        let mut endpoint =
            Endpoint::from(uri.clone()).connect_timeout(CONNECT_MAX).user_agent("whorl").map_err(failed)?;
        match (uri.scheme_str(), &self.ca, &self.certificate) {
            (Some("https"), Some(ca), Some((certificate, key))) => {
                let tls = ClientTlsConfig::new()
                    .ca_certificate(Certificate::from_pem(read(ca)?))
                    .identity(Identity::from_pem(read(certificate)?, read(key)?));
                endpoint = endpoint.tls_config(tls).map_err(failed)?;
            }
            (Some("https"), ..) => {
                let what = "an https server needs the authority's certificate and the client's own with its key";
                return Err(AccessError::Identity { what: what.into() });
            }
            (Some("http"), None, None) => {}
            (Some("http"), ..) => {
                let what = "certificates are of no use over http; write https, or leave them out";
                return Err(AccessError::Identity { what: what.into() });
            }
            _ => return Err(address()),
        }
        endpoint.connect().await.map_err(failed)
    }
}
