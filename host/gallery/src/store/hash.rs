//! Short keyed hashes of names and contents.

use ring::hmac;

/// A hash: what the log and the index keep of a request id.
pub(crate) type Hash = [u8; 16];

/// Hashes under a secret of the store, so that names cannot be guessed from a hash that stays in the log.
#[derive(Debug, Clone)]
pub(crate) struct Hasher(hmac::Key);

impl Hasher {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Hash of some parts, each with its length; `domain` tells uses apart.
    pub(crate) fn hash<'a>(&self, domain: &'a str, parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(domain.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut hash = Hash::default();
        hash.copy_from_slice(&context.sign().as_ref()[..16]);
        hash
    }

    /// Authenticates a whole file.
    pub(crate) fn tag(&self, bytes: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, bytes).as_ref());
        tag
    }

    /// Whether the tag is that of the bytes.
    pub(crate) fn verify(&self, bytes: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, bytes, tag).is_ok()
    }
}
