//! The data keys of a store's segments, wrapped by the master key. Replaced as a whole.

use super::error::{KeyError, StoreError};
use super::frame::{TAG_BYTES, aead_key};
use super::hash::Hasher;
use super::key::{KEY_BYTES, MasterKey, random};
use super::limits::SEGMENTS_MAX;
use super::manifest::{FLAG_ENCRYPTED, FORMAT_VERSION, StoreId, check_preamble};
use super::wire::Reader;
use ring::aead::{Aad, Nonce, Tag};
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// Name of the keys' file.
pub(crate) const KEYS_FILE: &str = "keys";

const MAGIC: [u8; 8] = *b"WHORLKEY";
const HEADER_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// Bytes of a wrapped key: its number, the nonce, the key, the tag.
const ROW_BYTES: usize = 4 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const CRC_BYTES: usize = 4;
/// Bytes of a keys' file at most.
pub(crate) const KEYS_BYTES_MAX: usize = HEADER_BYTES + ROW_BYTES * (2 * SEGMENTS_MAX + 1) + CRC_BYTES;
/// In place of a segment's number: the store's own secret, which names are hashed with.
const SECRET: u32 = u32::MAX;

type Key = Zeroizing<[u8; KEY_BYTES]>;

/// All keys of a store.
#[derive(Debug)]
pub(crate) struct Keyring {
    store: StoreId,
    master: Option<MasterKey>,
    secret: Key,
    keys: BTreeMap<u32, Key>,
}

impl Keyring {
    /// The keyring of a new store.
    pub(crate) fn new(master: Option<MasterKey>) -> Result<Self, KeyError> {
        Ok(Self { store: random()?, master, secret: random()?.into(), keys: BTreeMap::new() })
    }

    pub(crate) const fn store(&self) -> StoreId {
        self.store
    }

    pub(crate) const fn encrypted(&self) -> bool {
        self.master.is_some()
    }

    /// Hashes under the store's secret.
    pub(crate) fn hasher(&self) -> Hasher {
        Hasher::new(self.secret.as_slice())
    }

    /// Makes a data key for a segment, if the store is encrypted.
    pub(crate) fn make(&mut self, segment: u32) -> Result<(), KeyError> {
        if self.encrypted() {
            self.keys.insert(segment, random()?.into());
        }
        Ok(())
    }

    /// Drops all keys but those of these segments.
    pub(crate) fn retain(&mut self, segments: impl Fn(u32) -> bool) {
        self.keys.retain(|&segment, _| segments(segment));
    }

    /// The data key of a segment.
    pub(crate) fn get(&self, segment: u32) -> Option<&[u8; KEY_BYTES]> {
        self.keys.get(&segment).map(|key| &**key)
    }

    /// Takes another master key and returns the one before.
    pub(crate) fn replace_master(&mut self, master: Option<MasterKey>) -> Option<MasterKey> {
        std::mem::replace(&mut self.master, master)
    }

    /// The file's bytes, every key wrapped anew.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, KeyError> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&if self.encrypted() { FLAG_ENCRYPTED } else { 0 }.to_le_bytes());
        out.extend_from_slice(&(self.keys.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.store);
        for (&number, key) in std::iter::once((&SECRET, &self.secret)).chain(&self.keys) {
            out.extend_from_slice(&number.to_le_bytes());
            if let Some(master) = &self.master {
                self.wrap(&mut out, master, number, key)?;
            } else {
                out.extend_from_slice(&[0; NONCE_BYTES]);
                out.extend_from_slice(key.as_slice());
                out.extend_from_slice(&[0; TAG_BYTES]);
            }
        }
        let crc32c = crc32c::crc32c(&out);
        out.extend_from_slice(&crc32c.to_le_bytes());
        Ok(out)
    }

    fn wrap(&self, out: &mut Vec<u8>, master: &MasterKey, number: u32, key: &Key) -> Result<(), KeyError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let mut wrapped = key.clone();
        let tag = aead_key(master.bytes())?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose(&self.store, number)),
                wrapped.as_mut_slice(),
            )
            .map_err(|_| KeyError::Wrong)?; // only for payloads beyond 64 GiB
        out.extend_from_slice(&nonce);
        out.extend_from_slice(wrapped.as_slice());
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Reads and unwraps the keys.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Version`] or [`StoreError::Key`].
    pub(crate) fn decode(bytes: &[u8], file: &Path, master: Option<MasterKey>) -> Result<Self, StoreError> {
        let damaged = |offset: usize, reason: &str| StoreError::damaged(file, offset as u64, reason);
        check_file(bytes, file)?;
        let mut reader = Reader::new(&bytes[..bytes.len() - CRC_BYTES]);
        let header = (|| {
            reader.take(MAGIC.len() + 2)?;
            let encrypted = reader.u16()? & FLAG_ENCRYPTED != 0;
            Some((encrypted, reader.u32()? as usize, reader.array()?))
        })();
        let (encrypted, count, store): (bool, usize, StoreId) =
            header.ok_or_else(|| damaged(bytes.len(), "it ends too early"))?;
        match (encrypted, master.is_some()) {
            (true, false) => return Err(KeyError::Missing.into()),
            (false, true) => return Err(KeyError::Unused.into()),
            _ => {}
        }
        if count > 2 * SEGMENTS_MAX {
            return Err(damaged(12, "it claims too many keys"));
        }
        let mut ring = Self { store, master, secret: Key::default(), keys: BTreeMap::new() };
        for row in 0..=count {
            let offset = HEADER_BYTES + row * ROW_BYTES;
            let fields = reader.u32().and_then(|n| Some((n, reader.array()?, reader.array()?, reader.array()?)));
            let (number, nonce, key, tag) = fields.ok_or_else(|| damaged(offset, "it ends too early"))?;
            let key = ring.unwrap(number, nonce, key, tag)?;
            match (row, number) {
                (0, SECRET) => ring.secret = key,
                (0, _) | (_, SECRET) => return Err(damaged(offset, "a key has the wrong number")),
                _ => {
                    ring.keys.insert(number, key);
                }
            }
        }
        if reader.is_empty() { Ok(ring) } else { Err(damaged(HEADER_BYTES, "it is longer than its keys")) }
    }

    fn unwrap(
        &self,
        number: u32,
        nonce: [u8; NONCE_BYTES],
        key: [u8; KEY_BYTES],
        tag: [u8; TAG_BYTES],
    ) -> Result<Key, KeyError> {
        let mut key = Zeroizing::new(key);
        if let Some(master) = &self.master {
            let aad = Aad::from(purpose(&self.store, number));
            let nonce = Nonce::assume_unique_for_key(nonce);
            aead_key(master.bytes())?
                .open_in_place_separate_tag(nonce, aad, Tag::from(tag), key.as_mut_slice(), 0..)
                .map_err(|_| KeyError::Wrong)?;
        }
        Ok(key)
    }
}

/// Checks what can be checked of a keys' file without a key.
pub(crate) fn check_file(bytes: &[u8], file: &Path) -> Result<(), StoreError> {
    let damaged = |offset: usize, reason: &str| StoreError::damaged(file, offset as u64, reason);
    check_preamble(bytes, MAGIC, file)?;
    let (body, crc32c) =
        bytes.split_last_chunk::<CRC_BYTES>().ok_or_else(|| damaged(bytes.len(), "it ends too early"))?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc32c) {
        return Err(damaged(body.len(), "its checksum does not fit"));
    }
    Ok(())
}

/// What a wrapped key is bound to: its store and its segment.
fn purpose(store: &StoreId, number: u32) -> [u8; 20] {
    let mut purpose = [0; 20];
    purpose[..16].copy_from_slice(store);
    purpose[16..].copy_from_slice(&number.to_le_bytes());
    purpose
}
