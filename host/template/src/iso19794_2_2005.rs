//! ISO/IEC 19794-2:2005 finger minutiae records (record format, not the card formats).
//!
//! All fields are big-endian. A record header of 24 bytes is followed by the finger views; each is
//! a view header of 4 bytes, 6 bytes per minutia, and an extended-data block with its length.
//! Clause numbers below are those of the standard.

use crate::bytes::Reader;
use crate::{FingerView, LENGTH_SLACK_BYTES, LengthCheck, MINUTIAE_MAX, Minutia, MinutiaKind, Template, TemplateError};

/// Format identifier (7.3.1).
pub const MAGIC: [u8; 4] = *b"FMR\0";
/// Version number (7.3.2); ANSI INCITS 378-2004 uses the same.
pub const VERSION: [u8; 4] = *b" 20\0";
/// Size of the record header in bytes.
pub const HEADER_BYTES: usize = 24;
/// Most views in a record: 11 finger positions of at most 16 views each (7.3.9).
pub const VIEWS_MAX: usize = 11 * 16;
/// Largest file that is read; views full of minutiae take a quarter of it.
pub const FILE_BYTES_MAX: usize = 1 << 20;

const VIEW_HEADER_BYTES: usize = 4;
const MINUTIA_BYTES: usize = 6;
const LENGTH_OFFSET: usize = 8;
const COORDINATE_BITS: u32 = 14;
const COORDINATE_MASK: u16 = (1 << COORDINATE_BITS) - 1;

/// Reads a record with all its views.
///
/// # Errors
/// [`TemplateError`] names the field and its offset. With [`LengthCheck::Lenient`] a declared
/// length may differ from the real one by up to [`LENGTH_SLACK_BYTES`].
pub fn read(bytes: &[u8], check: LengthCheck) -> Result<Template, TemplateError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(TemplateError::FileTooLarge { bytes: bytes.len(), max: FILE_BYTES_MAX });
    }
    let mut reader = Reader::new(bytes);
    let magic = reader.array("format identifier")?;
    if magic != MAGIC {
        return Err(TemplateError::NotMinutiae { found: magic });
    }
    let version = reader.array("version")?;
    if version != VERSION {
        return Err(TemplateError::UnknownVersion { found: version });
    }
    let declared = reader.u32("record length")? as usize;
    let equipment = reader.u16("capture equipment")?;
    let mut template = Template {
        certification: (equipment >> 12) as u8,
        device: equipment & 0x0fff,
        size_x: reader.u16("image size X")?,
        size_y: reader.u16("image size Y")?,
        resolution_x: reader.u16("resolution X")?,
        resolution_y: reader.u16("resolution Y")?,
        views: Vec::new(),
        extended_shortfall: 0,
    };
    let views_offset = reader.offset();
    let views = usize::from(reader.u8("number of views")?);
    check_range("number of views", views_offset, views, VIEWS_MAX)?;
    let reserved_offset = reader.offset();
    let reserved = reader.u8("reserved byte")?;
    check_reserved(&mut reader, "reserved byte", reserved_offset, reserved, check)?;

    for index in 0..views {
        let is_last = index + 1 == views;
        let (view, shortfall) = read_view(&mut reader, check, is_last)?;
        template.views.push(view);
        template.extended_shortfall = shortfall;
    }
    check_lengths(declared, &reader, check)?;
    if reader.dropped > 0 {
        tracing::warn!(fields = reader.dropped, "reserved bits are set and dropped");
    }
    Ok(template)
}

/// Reads one view; the second value is how many bytes its extended data came short.
fn read_view(reader: &mut Reader, check: LengthCheck, is_last: bool) -> Result<(FingerView, u8), TemplateError> {
    let position = reader.u8("finger position")?;
    let view_and_impression = reader.u8("view number and impression type")?;
    let quality = reader.u8("finger quality")?;
    let count = usize::from(reader.u8("number of minutiae")?);
    let mut minutiae = Vec::with_capacity(count);
    for _ in 0..count {
        minutiae.push(read_minutia(reader, check)?);
    }
    let (extended, shortfall) = read_extended(reader, check, is_last)?;
    let view = FingerView {
        position,
        view_number: view_and_impression >> 4,
        impression_type: view_and_impression & 0x0f,
        quality,
        minutiae,
        extended,
    };
    Ok((view, shortfall))
}

/// Reads one minutia (7.4.3): kind and X, reserved bits and Y, angle, quality.
fn read_minutia(reader: &mut Reader, check: LengthCheck) -> Result<Minutia, TemplateError> {
    let kind_offset = reader.offset();
    let kind_and_x = reader.u16("minutia type and X")?;
    let y_offset = reader.offset();
    let reserved_and_y = reader.u16("minutia Y")?;
    let angle = reader.u8("minutia angle")?;
    let quality = reader.u8("minutia quality")?;
    let code = (kind_and_x >> COORDINATE_BITS) as u8;
    let kind = MinutiaKind::from_code(code).unwrap_or_default();
    let reserved_code = if code == kind as u8 { 0 } else { code };
    check_reserved(reader, "minutia type", kind_offset, reserved_code, check)?;
    let reserved = (reserved_and_y >> COORDINATE_BITS) as u8;
    check_reserved(reader, "minutia reserved bits", y_offset, reserved, check)?;
    Ok(Minutia { x: kind_and_x & COORDINATE_MASK, y: reserved_and_y & COORDINATE_MASK, angle, quality, kind })
}

/// Reads the extended-data block (7.5) without its length field.
///
/// Only the last block of a file can come short and still be read: any other is followed by a view.
fn read_extended(reader: &mut Reader, check: LengthCheck, is_last: bool) -> Result<(Vec<u8>, u8), TemplateError> {
    let offset = reader.offset();
    let declared = usize::from(reader.u16("extended data length")?);
    let shortfall = declared.saturating_sub(reader.available());
    let tolerated = is_last && check == LengthCheck::Lenient && shortfall <= LENGTH_SLACK_BYTES;
    if shortfall > 0 && tolerated {
        tracing::warn!(offset, declared, shortfall, "extended data is shorter than declared");
        let data = reader.take("extended data", declared - shortfall)?;
        return Ok((data.to_vec(), shortfall as u8));
    }
    Ok((reader.take("extended data", declared)?.to_vec(), 0))
}

/// Compares the declared length and the size of the file with what the structure took.
fn check_lengths(declared: usize, reader: &Reader, check: LengthCheck) -> Result<(), TemplateError> {
    let actual = reader.offset();
    let trailing = reader.available();
    let slack = match check {
        LengthCheck::Lenient => LENGTH_SLACK_BYTES,
        LengthCheck::Strict => 0,
    };
    if declared.abs_diff(actual) > slack {
        return Err(TemplateError::LengthMismatch { field: "record length", offset: LENGTH_OFFSET, declared, actual });
    }
    if trailing > slack {
        return Err(TemplateError::TrailingBytes { offset: actual, count: trailing });
    }
    if declared != actual || trailing > 0 {
        tracing::warn!(declared, actual, trailing, "record length differs from the structure");
    }
    Ok(())
}

fn check_reserved(
    reader: &mut Reader,
    field: &'static str,
    offset: usize,
    value: u8,
    check: LengthCheck,
) -> Result<(), TemplateError> {
    if value == 0 {
        return Ok(());
    }
    match check {
        LengthCheck::Strict => Err(TemplateError::ReservedSet { field, offset, value }),
        LengthCheck::Lenient => {
            reader.dropped += 1; // told once of a file: there may be very many
            Ok(())
        }
    }
}

fn check_range(field: &'static str, offset: usize, value: usize, max: usize) -> Result<(), TemplateError> {
    if value > max {
        return Err(TemplateError::FieldRange { field, offset, value: value as u64, min: 0, max: max as u64 });
    }
    Ok(())
}

/// Writes a record with all its views and with correct lengths.
///
/// # Errors
/// [`TemplateError::FieldRange`] names the first value that its field cannot hold and where it
/// would have been written; [`TemplateError::FileTooLarge`] if the result could not be read back.
pub fn write(template: &Template) -> Result<Vec<u8>, TemplateError> {
    let body: usize = template
        .views
        .iter()
        .map(|v| VIEW_HEADER_BYTES + MINUTIA_BYTES * v.minutiae.len() + 2 + v.extended.len())
        .sum();
    let total = HEADER_BYTES + body;
    if total > FILE_BYTES_MAX {
        return Err(TemplateError::FileTooLarge { bytes: total, max: FILE_BYTES_MAX });
    }
    let mut out = Vec::with_capacity(total);
    out.extend(MAGIC);
    out.extend(VERSION);
    out.extend((total as u32).to_be_bytes());
    let offset = out.len();
    check_range("capture equipment certification", offset, template.certification.into(), 0x0f)?;
    check_range("capture device", offset, template.device.into(), 0x0fff)?;
    let equipment = (u16::from(template.certification) << 12) | template.device;
    for value in [equipment, template.size_x, template.size_y, template.resolution_x, template.resolution_y] {
        out.extend(value.to_be_bytes());
    }
    check_range("number of views", out.len(), template.views.len(), VIEWS_MAX)?;
    out.extend([template.views.len() as u8, 0]);
    for (index, view) in template.views.iter().enumerate() {
        let is_last = index + 1 == template.views.len();
        let shortfall = if is_last { template.extended_shortfall } else { 0 };
        write_view(&mut out, view, shortfall.into())?;
    }
    Ok(out)
}

fn write_view(out: &mut Vec<u8>, view: &FingerView, shortfall: usize) -> Result<(), TemplateError> {
    let offset = out.len();
    check_range("view number", offset + 1, view.view_number.into(), 0x0f)?;
    check_range("impression type", offset + 1, view.impression_type.into(), 0x0f)?;
    check_range("number of minutiae", offset + 3, view.minutiae.len(), MINUTIAE_MAX)?;
    out.extend([
        view.position,
        (view.view_number << 4) | view.impression_type,
        view.quality,
        view.minutiae.len() as u8,
    ]);
    for minutia in &view.minutiae {
        let offset = out.len();
        check_range("minutia X", offset, minutia.x.into(), COORDINATE_MASK.into())?;
        check_range("minutia Y", offset + 2, minutia.y.into(), COORDINATE_MASK.into())?;
        let kind_and_x = ((minutia.kind as u16) << COORDINATE_BITS) | minutia.x;
        out.extend(kind_and_x.to_be_bytes());
        out.extend(minutia.y.to_be_bytes());
        out.extend([minutia.angle, minutia.quality]);
    }
    check_range("extended data shortfall", out.len(), shortfall, LENGTH_SLACK_BYTES)?;
    let declared = view.extended.len() + shortfall;
    check_range("extended data length", out.len(), declared, u16::MAX.into())?;
    out.extend((declared as u16).to_be_bytes());
    out.extend(&view.extended);
    Ok(())
}
