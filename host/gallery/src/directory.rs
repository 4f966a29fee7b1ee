//! The directory of a gallery: whose each reference is.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// Whose a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled {
    /// Number of the subject.
    pub subject: u32,
    /// Position code of the finger, 1..=10; anything else is unknown.
    pub position: u8,
}

/// What a directory knows of a gallery index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A reference that may be listed.
    Enrolled(Enrolled),
    /// One that was expunged, sealed or replaced after the shards were made: a search must not list it any more.
    Withdrawn,
}

/// Whose the references of some shards are.
pub trait Directory: Debug + Sync {
    /// What stands behind the gallery index; `None` if the gallery never had it.
    fn entry(&self, index: u32) -> Option<Entry>;

    /// Gallery indices of a subject's references that are enrolled and lie in the shards, in the order of their entry.
    fn references_of(&self, subject: u32) -> Vec<u32>;
}

/// A directory that was listed once: subject and finger position of each reference, and each subject's references.
#[derive(Debug, Clone, Default)]
pub struct ListedDirectory {
    references: BTreeMap<u32, Enrolled>,
    subjects: BTreeMap<u32, Vec<u32>>,
}

impl ListedDirectory {
    /// Enters the reference of a gallery index. One that is entered again goes over to the new subject.
    pub fn insert(&mut self, index: u32, enrolled: Enrolled) {
        if let Some(before) = self.references.insert(index, enrolled)
            && let Some(own) = self.subjects.get_mut(&before.subject)
        {
            own.retain(|&other| other != index);
        }
        self.subjects.entry(enrolled.subject).or_default().push(index);
    }

    /// Number of references.
    pub fn len(&self) -> usize {
        self.references.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.references.is_empty()
    }
}

impl Directory for ListedDirectory {
    fn entry(&self, index: u32) -> Option<Entry> {
        self.references.get(&index).copied().map(Entry::Enrolled)
    }

    fn references_of(&self, subject: u32) -> Vec<u32> {
        self.subjects.get(&subject).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_one_subject_and_a_subject_all_its_references() {
        let mut directory = ListedDirectory::default();
        for (index, subject, position) in [(7, 1, 2), (3, 1, 7), (5, 0, 2), (3, 0, 8)] {
            directory.insert(index, Enrolled { subject, position });
        }
        assert_eq!(directory.entry(3), Some(Entry::Enrolled(Enrolled { subject: 0, position: 8 })));
        assert_eq!((directory.references_of(0), directory.references_of(1)), (vec![5, 3], vec![7]));
        assert_eq!((directory.entry(4), directory.references_of(9)), (None, Vec::new()));
        assert_eq!((directory.len(), directory.is_empty()), (3, false));
    }
}
