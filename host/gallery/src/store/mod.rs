//! The gallery of record.
#![allow(dead_code)]

mod error;
mod key;
pub mod limits;
mod operation;
mod options;
mod snapshot;
mod storage;

pub use error::{KeyError, StoreError, Thing};
pub use key::MasterKey;
pub use operation::{EnrolledFinger, Enrolment, Operation, Receipt, Status};
pub use options::{
    Commit, Compaction, Copied, Counts, Encoder, Encounter, PartitionStats, Progress, Recovery, Stage, StoreObserver,
    StoreOptions, StoreStats, Verification,
};
pub use snapshot::{Reference, Snapshot};
pub use storage::{AppendFile, Lock, OsStorage, ReadFile, Storage};

use std::path::Path;
use std::sync::Arc;

/// The gallery of record.
#[derive(Debug)]
pub struct Store;

#[allow(
    missing_docs,
    unused_variables,
    clippy::missing_errors_doc,
    clippy::unused_self,
    clippy::needless_pass_by_value
)]
impl Store {
    pub fn create(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        unimplemented!()
    }
    pub fn open(
        folder: &Path,
        options: StoreOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<(Self, Recovery), StoreError> {
        unimplemented!()
    }
    pub fn submit(&self, operation: Operation, reply: impl FnOnce(Result<Receipt, StoreError>) + Send + 'static) {
        unimplemented!()
    }
    pub fn apply(&self, operation: Operation) -> Result<Receipt, StoreError> {
        unimplemented!()
    }
    pub fn snapshot(&self, gallery: &str) -> Result<Arc<Snapshot>, StoreError> {
        unimplemented!()
    }
    pub fn encounter(&self, gallery: &str, subject: &str, encounter: &str) -> Result<Encounter, StoreError> {
        unimplemented!()
    }
    pub fn knows_request(&self, request_id: &str) -> bool {
        unimplemented!()
    }
    pub fn encounters(&self, gallery: &str) -> Result<Vec<(String, String)>, StoreError> {
        unimplemented!()
    }
    pub fn kept(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        unimplemented!()
    }
    pub fn count(&self, gallery: Option<&str>) -> Result<Counts, StoreError> {
        unimplemented!()
    }
    pub fn partitions(&self) -> Vec<PartitionStats> {
        unimplemented!()
    }
    pub fn stats(&self) -> StoreStats {
        unimplemented!()
    }
    pub fn compact(&self, progress: &dyn Fn(Progress)) -> Result<Compaction, StoreError> {
        unimplemented!()
    }
    pub fn rotate_key(&self, new: MasterKey) -> Result<(), StoreError> {
        unimplemented!()
    }
    pub fn verify(
        folder: &Path,
        options: &StoreOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<Verification, StoreError> {
        unimplemented!()
    }
    pub fn backup(&self, to: &Path, progress: &dyn Fn(Progress)) -> Result<Copied, StoreError> {
        unimplemented!()
    }
    pub fn restore(from: &Path, to: &Path, progress: &dyn Fn(Progress)) -> Result<Copied, StoreError> {
        unimplemented!()
    }
}
