//! Certificates for a laboratory: an authority, a server, and a client of each role.
//!
//! Keys lie unprotected in files of their owner, and nothing is ever revoked but by a new authority. An agency has an authority of
//! its own; what its clients' certificates must carry is said at [`crate::identity`].

use crate::identity::{ROLE_URI, Role};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// Clocks of client and server may differ by this.
const SKEW: Duration = Duration::from_mins(5);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file is there already, or cannot be written or read.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name cannot be in a certificate.
    #[error("the name {name:?} cannot be in a certificate: {what}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        what: String,
    },
    /// A key or certificate cannot be made or read.
    #[error("{what}")]
    Certificate {
        /// What failed.
        what: String,
    },
}

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate { what: error.to_string() }
    }
}

/// When a certificate holds.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    /// From then on.
    pub from: SystemTime,
    /// Until then.
    pub until: SystemTime,
}

impl Validity {
    /// So many days from now on.
    pub fn days(days: u32) -> Self {
        let now = SystemTime::now();
        Self { from: now - SKEW, until: now + Duration::from_hours(24) * days }
    }

    /// Over since yesterday.
    pub fn expired() -> Self {
        let now = SystemTime::now();
        Self { from: now - Duration::from_hours(48), until: now - Duration::from_hours(24) }
    }
}

/// A certificate and its key, PEM.
#[derive(Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: Zeroizing<String>,
}

/// An authority that signs.
#[derive(Debug)]
pub struct Authority {
    certificate: String,
    key: Zeroizing<String>,
}

fn named(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (validity.from.into(), validity.until.into());
    params
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn new(name: &str, validity: Validity) -> Result<Self, PkiError> {
        let mut params = named(name, validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { certificate, key: key.serialize_pem().into() })
    }

    /// The one in a folder.
    ///
    /// # Errors
    /// [`PkiError::File`].
    pub fn read(folder: &Path) -> Result<Self, PkiError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| PkiError::File { path, source })
        };
        Ok(Self { certificate: read("ca.pem")?, key: read("ca.key")?.into() })
    }

    /// Its certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    fn sign(&self, params: &CertificateParams) -> Result<Pair, PkiError> {
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?.pem();
        Ok(Pair { certificate, key: key.serialize_pem().into() })
    }

    /// A server's pair for DNS names and IP addresses.
    ///
    /// # Errors
    /// [`PkiError::Name`] for what is neither.
    pub fn server(&self, names: &[String], validity: Validity) -> Result<Pair, PkiError> {
        let mut params = named(names.first().map_or("whorl", String::as_str), validity);
        for name in names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(ia5(name)?),
            });
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    /// A client's pair.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn client(&self, name: &str, roles: &[Role], validity: Validity) -> Result<Pair, PkiError> {
        let mut params = named(name, validity);
        for role in roles {
            params.subject_alt_names.push(SanType::URI(ia5(&format!("{ROLE_URI}{role}"))?));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }
}

fn ia5(name: &str) -> Result<rcgen::string::Ia5String, PkiError> {
    name.try_into().map_err(|error: rcgen::Error| PkiError::Name { name: name.to_owned(), what: error.to_string() })
}

/// Writes a new file for its owner alone.
fn write(path: &Path, content: &str, mode: u32) -> Result<(), PkiError> {
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = written.and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|source| PkiError::File { path: path.to_owned(), source })
}

impl Pair {
    /// Writes NAME.pem and NAME.key; refuses to overwrite.
    ///
    /// # Errors
    /// [`PkiError::File`].
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), PkiError> {
        write(&folder.join(format!("{name}.key")), &self.key, 0o600)?;
        write(&folder.join(format!("{name}.pem")), &self.certificate, 0o644)
    }
}

/// Makes an authority, a server's pair `server` and a client's pair of each role, named as the role, in a folder that has none.
///
/// # Errors
/// [`PkiError`]; nothing is overwritten.
pub fn init(folder: &Path, server_names: &[String], days: u32) -> Result<(), PkiError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| PkiError::File { path: folder.to_owned(), source })?;
    let validity = Validity::days(days);
    let authority = Authority::new("Whorl laboratory authority", validity)?;
    write(&folder.join("ca.key"), &authority.key, 0o600)?;
    write(&folder.join("ca.pem"), &authority.certificate, 0o644)?;
    authority.server(server_names, validity)?.write(folder, "server")?;
    for role in Role::ALL {
        authority.client(role.name(), &[role], validity)?.write(folder, role.name())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Identity, IdentityError};
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    fn identity(pair: &Pair) -> Result<Identity, IdentityError> {
        let der = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("it is PEM");
        Identity::from_certificate(&der)
    }

    #[test]
    fn a_client_is_who_its_certificate_names() {
        let authority = Authority::new("test", Validity::days(1)).expect("it is made");
        let two = authority.client("Clerk 7", &[Role::Auditor, Role::Searcher], Validity::days(1)).expect("it is made");
        let found = identity(&two).expect("it has a name");
        assert_eq!((found.name.as_str(), found.fingerprint.len()), ("Clerk 7", 64));
        assert_eq!(found.roles.into_iter().collect::<Vec<_>>(), [Role::Searcher, Role::Auditor]);
        let none = authority.client("nobody", &[], Validity::days(1)).expect("it is made");
        assert!(identity(&none).expect("it has a name").roles.is_empty());
        for name in ["", "a\nb", &"x".repeat(65)] {
            let pair = authority.client(name, &[Role::Searcher], Validity::days(1)).expect("it is made");
            assert_eq!(identity(&pair), Err(IdentityError::Name), "{name:?}");
        }
        assert!(matches!(Identity::from_certificate(b"no certificate"), Err(IdentityError::Malformed { .. })));
    }

    #[test]
    fn nothing_is_overwritten_and_keys_are_their_owners() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        init(folder.path(), &["localhost".into(), "127.0.0.1".into()], 1).expect("it is made");
        for name in ["ca", "server", "enroller", "searcher", "examiner", "operator", "auditor"] {
            let key = fs::metadata(folder.path().join(format!("{name}.key"))).expect("a key");
            assert_eq!(key.permissions().mode() & 0o777, 0o600, "{name}");
        }
        let before = fs::read(folder.path().join("ca.key")).expect("a key");
        assert!(matches!(init(folder.path(), &["localhost".into()], 1), Err(PkiError::File { .. })));
        assert_eq!(fs::read(folder.path().join("ca.key")).expect("a key"), before);
    }
}
