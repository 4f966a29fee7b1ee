//! What an entry of the log holds: its payload before encryption. docs/formats.md draws it.

use super::hash::{Hash, Hasher};
use super::limits::{
    DOCUMENT_BYTES_MAX, FINGERS_MAX, GALLERY_NAME_BYTES_MAX, NAME_BYTES_MAX, TEMPLATES_BYTES_MAX, TEMPLATES_MAX,
};
use super::operation::{Operation, Status};
use super::wire::{Reader, put_bytes, put_name};
use whorl_layout::LINE_BYTES;

/// Kinds of entries, as a frame names them.
pub(crate) mod kind {
    pub(crate) const ENROLL: u8 = 1;
    pub(crate) const STATUS: u8 = 2;
    pub(crate) const EXPUNGE: u8 = 3;
    pub(crate) const KEEP: u8 = 4;
    /// What compaction leaves of an operation without effect: its receipt.
    pub(crate) const DONE: u8 = 5;
}

/// Bytes of a [`Stamp`].
pub(crate) const STAMP_BYTES: usize = 44;

/// What every entry begins with: what a receipt and a repeated request need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) unix_ms: u64,
    pub(crate) references: u32,
    /// Hash of the request id.
    pub(crate) request: Hash,
    /// Hash of what the operation asks for.
    pub(crate) content: Hash,
}

/// A finger in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogFinger<'a> {
    pub(crate) position: u8,
    pub(crate) template: u8,
    pub(crate) view: u8,
    pub(crate) record: &'a [u8],
}

/// An encounter that an operation is about, or all of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) gallery: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) encounter: Option<&'a str>,
}

/// The part of an entry that its kind decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    Enroll {
        gallery: &'a str,
        subject: &'a str,
        encounter: &'a str,
        encoder_version: u16,
        templates: Vec<&'a [u8]>,
        fingers: Vec<LogFinger<'a>>,
    },
    Status {
        target: Target<'a>,
        status: Status,
    },
    Expunge {
        target: Target<'a>,
    },
    Keep {
        id: &'a str,
        gallery: &'a str,
        document: &'a [u8],
    },
    Done,
}

/// An entry, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogEntry<'a> {
    pub(crate) stamp: Stamp,
    pub(crate) body: Body<'a>,
}

/// Kind and payload of an operation; time and number of references are written in by [`Stamp::patch`].
pub(crate) fn encode(operation: &Operation, hasher: &Hasher, encoder_version: u16) -> (u8, Vec<u8>) {
    let stamp = Stamp {
        unix_ms: 0,
        references: 0,
        request: hasher.hash("request", [operation.request_id().as_bytes()]),
        content: content(operation, hasher),
    };
    let mut out = stamp.to_bytes().to_vec();
    let kind = match operation {
        Operation::Enroll(enrolment) => {
            put_name(&mut out, &enrolment.gallery);
            put_name(&mut out, &enrolment.subject);
            put_name(&mut out, &enrolment.encounter);
            out.extend_from_slice(&encoder_version.to_le_bytes());
            out.push(enrolment.templates.len() as u8);
            enrolment.templates.iter().for_each(|template| put_bytes(&mut out, template));
            out.push(enrolment.fingers.len() as u8);
            for finger in &enrolment.fingers {
                out.extend([finger.position, finger.template, finger.view]);
                out.push((finger.record.len() / LINE_BYTES) as u8);
                out.extend_from_slice(&finger.record);
            }
            kind::ENROLL
        }
        Operation::SetStatus { gallery, subject, encounter, status, .. } => {
            put_target(&mut out, gallery, subject, encounter.as_deref());
            out.push(u8::from(*status == Status::Sealed));
            kind::STATUS
        }
        Operation::Expunge { gallery, subject, encounter, .. } => {
            put_target(&mut out, gallery, subject, encounter.as_deref());
            kind::EXPUNGE
        }
        Operation::Keep { id, gallery, document, .. } => {
            put_name(&mut out, id);
            put_name(&mut out, gallery);
            put_bytes(&mut out, document);
            kind::KEEP
        }
    };
    (kind, out)
}

/// Hash of what an operation asks for. Packed records are left out: they follow from the templates, and a request
/// that is repeated after a change of the encoder is the same request.
fn content(operation: &Operation, hasher: &Hasher) -> Hash {
    let target = |gallery: &str, subject: &str, encounter: Option<&str>| {
        let mut bytes = Vec::new();
        put_target(&mut bytes, gallery, subject, encounter);
        bytes
    };
    match operation {
        Operation::Enroll(enrolment) => {
            let names = target(&enrolment.gallery, &enrolment.subject, Some(&enrolment.encounter));
            let fingers: Vec<u8> = enrolment.fingers.iter().flat_map(|f| [f.position, f.template, f.view]).collect();
            let templates = enrolment.templates.iter().map(Vec::as_slice);
            hasher.hash("enroll", [names.as_slice(), &fingers].into_iter().chain(templates))
        }
        Operation::SetStatus { gallery, subject, encounter, status, .. } => {
            let sealed = [u8::from(*status == Status::Sealed)];
            hasher.hash("status", [target(gallery, subject, encounter.as_deref()).as_slice(), &sealed])
        }
        Operation::Expunge { gallery, subject, encounter, .. } => {
            hasher.hash("expunge", [target(gallery, subject, encounter.as_deref()).as_slice()])
        }
        Operation::Keep { id, gallery, document, .. } => {
            hasher.hash("keep", [id.as_bytes(), gallery.as_bytes(), document])
        }
    }
}

fn put_target(out: &mut Vec<u8>, gallery: &str, subject: &str, encounter: Option<&str>) {
    put_name(out, gallery);
    put_name(out, subject);
    out.push(u8::from(encounter.is_some()));
    if let Some(encounter) = encounter {
        put_name(out, encounter);
    }
}

impl Stamp {
    pub(crate) fn to_bytes(self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        bytes[..8].copy_from_slice(&self.unix_ms.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.references.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.request);
        bytes[28..].copy_from_slice(&self.content);
        bytes
    }

    /// Writes time and number of references into an encoded payload.
    pub(crate) fn patch(payload: &mut [u8], unix_ms: u64, references: u32) {
        payload[..8].copy_from_slice(&unix_ms.to_le_bytes());
        payload[8..12].copy_from_slice(&references.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            unix_ms: reader.u64()?,
            references: reader.u32()?,
            request: reader.array()?,
            content: reader.array()?,
        })
    }
}

impl<'a> LogEntry<'a> {
    /// Reads a payload of a kind; `None` if it is not one that [`encode`] writes.
    pub(crate) fn decode(kind: u8, payload: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let stamp = Stamp::read(&mut reader)?;
        let body = match kind {
            kind::ENROLL => Self::enrolment(&mut reader)?,
            kind::STATUS => Body::Status { target: Target::read(&mut reader)?, status: status(reader.u8()?)? },
            kind::EXPUNGE => Body::Expunge { target: Target::read(&mut reader)? },
            kind::KEEP => Body::Keep {
                id: reader.name(NAME_BYTES_MAX)?,
                gallery: reader.name(GALLERY_NAME_BYTES_MAX)?,
                document: reader.bytes(DOCUMENT_BYTES_MAX)?,
            },
            kind::DONE => Body::Done,
            _ => return None,
        };
        reader.is_empty().then_some(Self { stamp, body })
    }

    fn enrolment(reader: &mut Reader<'a>) -> Option<Body<'a>> {
        let gallery = reader.name(GALLERY_NAME_BYTES_MAX)?;
        let subject = reader.name(NAME_BYTES_MAX)?;
        let encounter = reader.name(NAME_BYTES_MAX)?;
        let encoder_version = reader.u16()?;
        let count = usize::from(reader.u8()?);
        if count > TEMPLATES_MAX {
            return None;
        }
        let templates = (0..count).map(|_| reader.bytes(TEMPLATES_BYTES_MAX)).collect::<Option<Vec<_>>>()?;
        let count = usize::from(reader.u8()?);
        if !(1..=FINGERS_MAX).contains(&count) {
            return None;
        }
        let fingers = (0..count).map(|_| LogFinger::read(reader, templates.len())).collect::<Option<_>>()?;
        Some(Body::Enroll { gallery, subject, encounter, encoder_version, templates, fingers })
    }
}

impl<'a> LogFinger<'a> {
    fn read(reader: &mut Reader<'a>, templates: usize) -> Option<Self> {
        let [position, template, view, lines] = reader.array()?;
        let record = reader.take(usize::from(lines) * LINE_BYTES)?;
        let fits = usize::from(position) < super::limits::POSITIONS
            && usize::from(template) < templates
            && crate::shard::check_lines(record).is_ok();
        fits.then_some(Self { position, template, view, record })
    }
}

impl<'a> Target<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self {
            gallery: reader.name(GALLERY_NAME_BYTES_MAX)?,
            subject: reader.name(NAME_BYTES_MAX)?,
            encounter: match reader.u8()? {
                0 => None,
                1 => Some(reader.name(NAME_BYTES_MAX)?),
                _ => return None,
            },
        })
    }
}

fn status(byte: u8) -> Option<Status> {
    match byte {
        0 => Some(Status::Active),
        1 => Some(Status::Sealed),
        _ => None,
    }
}
