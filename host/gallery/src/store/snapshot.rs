//! A gallery at one moment, as searches use it.

use crate::{Directory, Entry, Shard};
use std::sync::Arc;

/// Whose a reference of a gallery is, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the subject.
    pub subject: String,
    /// Name of the encounter.
    pub encounter: String,
    /// Finger position, 0..=10.
    pub position: u8,
    /// Index of the view in its minutiae file.
    pub view: u8,
}

/// A gallery at one moment.
#[derive(Debug)]
pub struct Snapshot {
    gallery: Arc<str>,
}

#[allow(missing_docs, unused_variables, clippy::unused_self)]
impl Snapshot {
    pub fn gallery(&self) -> &str {
        &self.gallery
    }
    pub fn generation(&self) -> u64 {
        unimplemented!()
    }
    pub fn shards(&self) -> &[Arc<Shard>] {
        unimplemented!()
    }
    pub fn shards_of(&self, positions: &[u8]) -> Vec<Arc<Shard>> {
        unimplemented!()
    }
    pub fn subjects(&self) -> u64 {
        unimplemented!()
    }
    pub fn references(&self) -> u64 {
        unimplemented!()
    }
    pub fn reference(&self, index: u32) -> Option<Reference> {
        unimplemented!()
    }
    pub fn subject_name(&self, number: u32) -> Option<String> {
        unimplemented!()
    }
    pub fn references_named(&self, subject: &str) -> Vec<u32> {
        unimplemented!()
    }
    #[must_use]
    pub fn at(&self, generation: u64) -> Self {
        unimplemented!()
    }
}

#[allow(unused_variables)]
impl Directory for Snapshot {
    fn entry(&self, index: u32) -> Option<Entry> {
        unimplemented!()
    }
    fn references_of(&self, subject: u32) -> Vec<u32> {
        unimplemented!()
    }
}
