//! Who did what, when and why: a log on disk in which each entry carries the hash of the one before.
//!
//! # Layout
//! - [`entry`]: an entry, its line and its hash.
//! - [`files`]: the files of a log, read entry by entry, and what is wrong with them ([`verify`]).
//! - [`log`]: the log that a server writes ([`AuditLog`]).
//!
//! # On disk
//! A folder with `audit-000001.jsonl`, `audit-000002.jsonl` and so on. A line is an entry, a JSON object; a new file begins
//! whenever the log is opened and when one is full, so nothing is ever appended to what another process wrote. `hash` of an entry is the
//! SHA-256 of its line without `hash`, and the line holds the hash of the entry before as `previous`, 64 zeros in the first. So a
//! line that is changed, left out or moved is found, and with the last hash kept elsewhere a log cut short is too.

pub mod entry;
pub mod files;
pub mod log;

pub use entry::{Entry, Event, NO_HASH};
pub use files::{AuditFault, Filter, Verified, query, verify, verify_with};
pub use log::{AuditError, AuditLog};
