//! Who calls, and in which roles: both from the certificate.

use ring::digest::{SHA256, digest};
use std::collections::BTreeSet;
use std::fmt::{self, Write};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What the URI of a role in a certificate's subject alternative names begins with.
pub const ROLE_URI: &str = "urn:whorl:role:";
/// Bytes of a client's name at most.
const NAME_BYTES_MAX: usize = 64;

/// What somebody may do; [`crate::roles`] says what that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Enrols, seals and expunges.
    Enroller,
    /// Searches and verifies.
    Searcher,
    /// Evaluates candidates: searches, reads encounters back, replays.
    Examiner,
    /// Looks after engines.
    Operator,
    /// Reads the audit log and replays.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Enroller, Self::Searcher, Self::Examiner, Self::Operator, Self::Auditor];

    /// Its name in certificates and configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enroller => "enroller",
            Self::Searcher => "searcher",
            Self::Examiner => "examiner",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate's common name.
    pub name: String,
    /// SHA-256 of the certificate, in hexadecimal; empty where there is none.
    pub fingerprint: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
}

/// Why a certificate names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It is no X.509 certificate.
    #[error("the client's certificate cannot be read: {what}")]
    Malformed {
        /// Why not.
        what: String,
    },
    /// Its common name is missing, too long or not printable.
    #[error("the client's certificate needs one common name of 1 to {NAME_BYTES_MAX} bytes of printable ASCII")]
    Name,
    /// It carries a role that this version does not know.
    #[error("the client's certificate has the role {uri}, which is not known")]
    Role {
        /// The name that it has.
        uri: String,
    },
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a string takes text
        text
    })
}

impl Identity {
    /// Reads a certificate that was verified already.
    ///
    /// # Errors
    /// [`IdentityError`]: it names nobody.
    pub fn from_certificate(der: &[u8]) -> Result<Self, IdentityError> {
        let malformed = |error: &dyn fmt::Display| IdentityError::Malformed { what: error.to_string() };
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(&error))?;
        let mut names = certificate.subject().iter_common_name();
        let (Some(name), None) = (names.next(), names.next()) else { return Err(IdentityError::Name) };
        let name = name.as_str().map_err(|error| malformed(&error))?;
        let printable = name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !printable {
            return Err(IdentityError::Name);
        }
        let alternative = certificate.subject_alternative_name().map_err(|error| malformed(&error))?;
        let mut roles = BTreeSet::new();
        for general in alternative.iter().flat_map(|extension| &extension.value.general_names) {
            let GeneralName::URI(uri) = general else { continue };
            let Some(role) = uri.strip_prefix(ROLE_URI) else { continue };
            roles.insert(Role::of(role).ok_or_else(|| IdentityError::Role { uri: (*uri).to_owned() })?);
        }
        Ok(Self { name: name.to_owned(), fingerprint: hex(digest(&SHA256, der).as_ref()), roles })
    }

    /// Who calls over the loopback where there is no TLS.
    pub fn loopback(roles: BTreeSet<Role>) -> Self {
        Self { name: "loopback".into(), fingerprint: String::new(), roles }
    }
}
