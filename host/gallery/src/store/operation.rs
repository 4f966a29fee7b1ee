//! Operations on a store, and what comes back.

use super::error::StoreError;
use super::limits::{
    DOCUMENT_BYTES_MAX, FINGERS_MAX, GALLERY_NAME_BYTES_MAX, NAME_BYTES_MAX, POSITIONS, TEMPLATES_BYTES_MAX,
    TEMPLATES_MAX,
};
use crate::shard::check_lines;

/// Whether an encounter's references are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// They are.
    Active,
    /// They are kept and hidden from every search.
    Sealed,
}

/// A finger of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledFinger {
    /// Position code, 1..=10; 0 is unknown.
    pub position: u8,
    /// Index of the minutiae file that it comes from.
    pub template: u8,
    /// Index of the view in that file.
    pub view: u8,
    /// Packed record in card format, as the matcher's encoder gives it.
    pub record: Vec<u8>,
}

/// One occasion on which fingers of a subject were captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Name of the request; a second operation with it is answered like the first.
    pub request_id: String,
    /// Name of the gallery, which is made where there is none.
    pub gallery: String,
    /// Name of the subject in the gallery.
    pub subject: String,
    /// Name of the encounter among the subject's.
    pub encounter: String,
    /// Standard minutiae files, kept byte for byte.
    pub templates: Vec<Vec<u8>>,
    /// The fingers that are searched.
    pub fingers: Vec<EnrolledFinger>,
}

/// A change of a store. Names are 1 to 64 bytes (galleries: 32) of printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Enters an encounter.
    Enroll(Enrolment),
    /// Seals or unseals an encounter, or all that a subject has now.
    SetStatus {
        /// Name of the request.
        request_id: String,
        /// The gallery.
        gallery: String,
        /// The subject.
        subject: String,
        /// The encounter; `None` for all of the subject.
        encounter: Option<String>,
        /// What it shall be.
        status: Status,
    },
    /// Removes an encounter, or a subject with all its encounters: from every search at once, from the files by
    /// the next compaction.
    Expunge {
        /// Name of the request.
        request_id: String,
        /// The gallery.
        gallery: String,
        /// The subject.
        subject: String,
        /// The encounter; `None` for all of the subject.
        encounter: Option<String>,
    },
    /// Keeps a document, such as the answer of a search, until its age ends it.
    Keep {
        /// Name of the request.
        request_id: String,
        /// Name of the document, unique in the store.
        id: String,
        /// The gallery that it is about.
        gallery: String,
        /// The bytes, up to 1 MiB.
        document: Vec<u8>,
    },
}

/// What an operation has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its number in the log.
    pub sequence: u64,
    /// Whether an earlier operation with the same request id did it.
    pub replayed: bool,
    /// References that it entered, sealed, unsealed or removed.
    pub references: u32,
    /// When it was done, in milliseconds since 1970.
    pub unix_ms: u64,
}

impl Operation {
    /// Name of the request.
    pub fn request_id(&self) -> &str {
        match self {
            Self::Enroll(enrolment) => &enrolment.request_id,
            Self::SetStatus { request_id, .. } | Self::Expunge { request_id, .. } | Self::Keep { request_id, .. } => {
                request_id
            }
        }
    }

    /// Checks every field against its range, without regard to what the store holds.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with the first field that is wrong.
    pub fn check(&self) -> Result<(), StoreError> {
        check_name("request_id", self.request_id(), NAME_BYTES_MAX)?;
        match self {
            Self::Enroll(enrolment) => enrolment.check(),
            Self::SetStatus { gallery, subject, encounter, .. } | Self::Expunge { gallery, subject, encounter, .. } => {
                check_name("gallery", gallery, GALLERY_NAME_BYTES_MAX)?;
                check_name("subject", subject, NAME_BYTES_MAX)?;
                encounter.as_deref().map_or(Ok(()), |name| check_name("encounter", name, NAME_BYTES_MAX))
            }
            Self::Keep { id, gallery, document, .. } => {
                check_name("id", id, NAME_BYTES_MAX)?;
                check_name("gallery", gallery, GALLERY_NAME_BYTES_MAX)?;
                check_most("document", "bytes", document.len(), DOCUMENT_BYTES_MAX)
            }
        }
    }
}

impl Enrolment {
    fn check(&self) -> Result<(), StoreError> {
        check_name("gallery", &self.gallery, GALLERY_NAME_BYTES_MAX)?;
        check_name("subject", &self.subject, NAME_BYTES_MAX)?;
        check_name("encounter", &self.encounter, NAME_BYTES_MAX)?;
        check_most("templates", "files", self.templates.len(), TEMPLATES_MAX)?;
        let bytes = self.templates.iter().map(Vec::len).sum();
        check_most("templates", "bytes", bytes, TEMPLATES_BYTES_MAX)?;
        check_most("fingers", "fingers", self.fingers.len(), FINGERS_MAX)?;
        if self.fingers.is_empty() {
            return Err(StoreError::invalid("fingers", "there is none"));
        }
        self.fingers.iter().try_for_each(|finger| finger.check(self.templates.len()))
    }
}

impl EnrolledFinger {
    fn check(&self, templates: usize) -> Result<(), StoreError> {
        if usize::from(self.position) >= POSITIONS {
            let reason = format!("{} is not in 0..={}", self.position, POSITIONS - 1);
            return Err(StoreError::invalid("fingers.position", reason));
        }
        if usize::from(self.template) >= templates {
            let reason = format!("{} of {templates} templates, counted from 0", self.template);
            return Err(StoreError::invalid("fingers.template", reason));
        }
        check_lines(&self.record).map_err(|error| StoreError::invalid("fingers.record", error.to_string()))
    }
}

fn check_most(field: &'static str, what: &str, count: usize, max: usize) -> Result<(), StoreError> {
    if count > max {
        return Err(StoreError::invalid(field, format!("{count} {what} where {max} are allowed")));
    }
    Ok(())
}

/// Checks a name: 1 to `bytes_max` bytes of printable ASCII.
pub(crate) fn check_name(field: &'static str, name: &str, bytes_max: usize) -> Result<(), StoreError> {
    if name.is_empty() || name.len() > bytes_max {
        return Err(StoreError::invalid(field, format!("{} bytes where 1 to {bytes_max} are expected", name.len())));
    }
    match name.bytes().position(|byte| !(b' '..=b'~').contains(&byte)) {
        Some(at) => Err(StoreError::invalid(field, format!("byte {at} is not printable ASCII"))),
        None => Ok(()),
    }
}
