//! One entry of the log.

use crate::identity::hex;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// What a log tells of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Name in the caller's certificate; empty if there was none.
    pub identity: String,
    /// SHA-256 of the certificate in hexadecimal; empty if there was none.
    pub certificate: String,
    /// Such as `Search/Identify`.
    pub method: String,
    /// The server's id of the call.
    pub call_id: String,
    /// The caller's id of the request or search.
    pub request_id: String,
    /// Why, as the protocol names it; empty where no purpose is asked for.
    pub purpose: String,
    /// The case it was for.
    pub case_reference: String,
    /// The gallery.
    pub gallery: String,
    /// A keyed hash of the subject's name ([`AuditLog::hash_name`](super::AuditLog::hash_name)); empty where there is none.
    pub subject: String,
    /// `OK`, or the gRPC code by name; `BEGUN` of a search that was asked for, whose end has an entry of its own.
    pub outcome: String,
    /// Candidates listed, references touched.
    pub count: u64,
}

/// An entry: an event with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// What.
    pub event: Event,
    /// Hash of the entry before, 64 zeros in the first.
    pub previous: String,
    /// Its own hash.
    pub hash: String,
}

/// What an entry's hash is made of: all but the hash.
#[derive(Serialize)]
struct Hashed<'a> {
    number: u64,
    unix_ms: u64,
    event: &'a Event,
    previous: &'a str,
}

/// What stands in the place of a hash before the first entry.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Entry {
    /// The entry after one of hash `previous`.
    pub fn new(number: u64, unix_ms: u64, event: Event, previous: &str) -> Self {
        let hash = hash(number, unix_ms, &event, previous);
        Self { number, unix_ms, event, previous: previous.to_owned(), hash }
    }

    /// Its line, with the end of line.
    pub fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default(); // strings and numbers can be written
        line.push('\n');
        line
    }

    /// Reads a line that was written as it stands there, and checks the hash.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let entry: Self = serde_json::from_str(line).map_err(|error| format!("it is no entry: {error}"))?;
        if entry.line().strip_suffix('\n') != Some(line) {
            return Err("it is not as this log writes entries".into());
        }
        if hash(entry.number, entry.unix_ms, &entry.event, &entry.previous) != entry.hash {
            return Err("its hash is not that of its content".into());
        }
        Ok(entry)
    }
}

fn hash(number: u64, unix_ms: u64, event: &Event, previous: &str) -> String {
    let content = serde_json::to_vec(&Hashed { number, unix_ms, event, previous }).unwrap_or_default(); // as above
    hex(digest(&SHA256, &content).as_ref())
}
