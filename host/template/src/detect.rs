//! Which standard revision a minutiae file is.
//!
//! The version string alone does not decide: ANSI INCITS 378-2004 and ISO/IEC 19794-2:2005 both
//! carry " 20\0" and differ in the width of the length field and in an extra product identifier,
//! so the two are told apart by which structure the bytes fill.

use crate::bytes::Reader;
use crate::{LENGTH_SLACK_BYTES, LengthCheck, Template, TemplateError, iso19794_2_2005};

const INCITS_378_2004: &str = "ANSI INCITS 378-2004";
const VERSION_030: &str = "ISO/IEC 19794-2:2011 or ANSI INCITS 378-2009";
const IMAGE_RECORD: &str = "ISO/IEC 19794-4 finger image record (an image, not minutiae)";
const VERSION_030_BYTES: [u8; 4] = *b"030\0";

/// Reads a minutiae file of whichever revision its first bytes name.
///
/// # Errors
/// [`TemplateError::UnsupportedRevision`] names a revision that is known but not read;
/// otherwise the error of that revision's reader.
pub fn read_any(bytes: &[u8], check: LengthCheck) -> Result<Template, TemplateError> {
    let mut reader = Reader::new(bytes);
    let magic: [u8; 4] = reader.array("format identifier")?;
    if &magic == b"FIR\0" {
        return Err(TemplateError::UnsupportedRevision { name: IMAGE_RECORD });
    }
    if magic != iso19794_2_2005::MAGIC {
        return Err(TemplateError::NotMinutiae { found: magic });
    }
    match reader.array("version")? {
        iso19794_2_2005::VERSION => iso19794_2_2005::read(bytes, check).map_err(|error| {
            if is_incits_378_2004(bytes) { TemplateError::UnsupportedRevision { name: INCITS_378_2004 } } else { error }
        }),
        VERSION_030_BYTES => Err(TemplateError::UnsupportedRevision { name: VERSION_030 }),
        found => Err(TemplateError::UnknownVersion { found }),
    }
}

/// Whether the bytes fill the structure of an INCITS 378-2004 record to within the usual slack.
fn is_incits_378_2004(bytes: &[u8]) -> bool {
    walk_incits_378_2004(bytes).is_ok_and(|(declared, actual)| {
        declared.abs_diff(bytes.len()) <= LENGTH_SLACK_BYTES && actual.abs_diff(bytes.len()) <= LENGTH_SLACK_BYTES
    })
}

/// Declared length and the length that the structure takes.
fn walk_incits_378_2004(bytes: &[u8]) -> Result<(usize, usize), TemplateError> {
    let mut reader = Reader::new(bytes);
    reader.take("format identifier and version", 8)?;
    // Two bytes, or zero and then four bytes for a record that two bytes cannot count.
    let declared = match reader.u16("record length")? {
        0 => reader.u32("long record length")? as usize,
        short => usize::from(short),
    };
    reader.take("product identifier", 4)?;
    reader.take("capture equipment, image size and resolution", 10)?;
    let views = reader.u8("number of views")?;
    reader.take("reserved byte", 1)?;
    for _ in 0..views {
        reader.take("position, view number, impression and quality", 3)?;
        let minutiae = usize::from(reader.u8("number of minutiae")?);
        reader.take("minutiae", 6 * minutiae)?;
        let extended = usize::from(reader.u16("extended data length")?);
        reader.take("extended data", extended)?;
    }
    Ok((declared, reader.offset()))
}
