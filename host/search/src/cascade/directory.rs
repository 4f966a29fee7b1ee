//! The directory of a gallery: whose each reference is.

use std::collections::BTreeMap;

/// Whose a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled {
    /// Number of the subject.
    pub subject: u32,
    /// Position code of the finger, 1..=10; anything else is unknown.
    pub position: u8,
}

/// Subject and finger position of each reference by gallery index, and each subject's references.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    references: BTreeMap<u32, Enrolled>,
    subjects: BTreeMap<u32, Vec<u32>>,
}

impl Directory {
    /// Enters the reference of a gallery index. One that is entered again goes over to the new subject.
    pub fn insert(&mut self, index: u32, enrolled: Enrolled) {
        if let Some(before) = self.references.insert(index, enrolled)
            && let Some(own) = self.subjects.get_mut(&before.subject)
        {
            own.retain(|&other| other != index);
        }
        self.subjects.entry(enrolled.subject).or_default().push(index);
    }

    /// Whose the reference is; `None` if the gallery has no such index.
    pub fn enrolled(&self, index: u32) -> Option<Enrolled> {
        self.references.get(&index).copied()
    }

    /// Gallery indices of a subject's references, in the order of their entry.
    pub fn references_of(&self, subject: u32) -> &[u32] {
        self.subjects.get(&subject).map_or(&[], Vec::as_slice)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_one_subject_and_a_subject_all_its_references() {
        let mut directory = Directory::default();
        for (index, subject, position) in [(7, 1, 2), (3, 1, 7), (5, 0, 2), (3, 0, 8)] {
            directory.insert(index, Enrolled { subject, position });
        }
        assert_eq!(directory.enrolled(3), Some(Enrolled { subject: 0, position: 8 }));
        assert_eq!((directory.references_of(0), directory.references_of(1)), (&[5, 3][..], &[7][..]));
        assert_eq!((directory.enrolled(4), directory.references_of(9)), (None, &[][..]));
        assert_eq!((directory.len(), directory.is_empty()), (3, false));
    }
}
