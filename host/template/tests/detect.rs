//! Which revision a file is, told from its first bytes and, where they are shared, its structure.

use whorl_template::{
    FingerView, LengthCheck, Minutia, MinutiaKind, Template, TemplateError, iso19794_2_2005, read_any,
};

const MINUTIA: Minutia = Minutia { x: 300, y: 200, angle: 100, quality: 60, kind: MinutiaKind::Ending };

/// An INCITS 378-2004 record: `views` views of `minutiae` minutiae, 4 bytes of extended data each.
fn incits_378_2004(views: u8, minutiae: u8, long_length: bool) -> Vec<u8> {
    let header = if long_length { 30 } else { 26 };
    let total = header + usize::from(views) * (4 + 6 * usize::from(minutiae) + 2 + 4);
    let mut bytes = b"FMR\0 20\0".to_vec();
    if long_length {
        bytes.extend([0, 0]);
        bytes.extend((total as u32).to_be_bytes());
    } else {
        bytes.extend((total as u16).to_be_bytes());
    }
    bytes.extend([0x00, 0x42, 0x00, 0x11]); // product identifier: owner, type
    bytes.extend([0x00, 0xb5, 0x02, 0x00, 0x02, 0x00, 0x00, 0xc5, 0x00, 0xc5, views, 0]);
    for view in 0..views {
        bytes.extend([7, view << 4, 90, minutiae]);
        for _ in 0..minutiae {
            bytes.extend([0x40, 0x64, 0x00, 0x96, 0x2d, 0x50]);
        }
        bytes.extend([0, 4, 0, 2, 0, 4]);
    }
    assert_eq!(bytes.len(), total);
    bytes
}

fn iso(views: usize, minutiae: usize) -> (Template, Vec<u8>) {
    let mut template = Template::new(500, 500);
    let view = FingerView { position: 1, minutiae: vec![MINUTIA; minutiae], ..FingerView::default() };
    template.views = vec![view; views];
    let bytes = iso19794_2_2005::write(&template).unwrap();
    (template, bytes)
}

fn named(bytes: &[u8], check: LengthCheck) -> &'static str {
    match read_any(bytes, check) {
        Err(TemplateError::UnsupportedRevision { name }) => name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn incits_378_2004_is_told_from_the_iso_record_of_the_same_version() {
    for check in [LengthCheck::Strict, LengthCheck::Lenient] {
        for views in [0, 1, 2, 10] {
            for minutiae in [0, 1, 30, 255] {
                for long_length in [false, true] {
                    let bytes = incits_378_2004(views, minutiae, long_length);
                    assert_eq!(named(&bytes, check), "ANSI INCITS 378-2004", "{views} views of {minutiae}");
                }
                let (template, bytes) = iso(views.into(), minutiae.into());
                assert_eq!(read_any(&bytes, check), Ok(template), "{views} views of {minutiae}");
            }
        }
    }
}

#[test]
fn an_iso_record_longer_than_two_bytes_count_is_read() {
    let (template, bytes) = iso(50, 255);
    assert!(bytes.len() > 65536);
    assert_eq!(read_any(&bytes, LengthCheck::Strict), Ok(template));
}

#[test]
fn a_damaged_iso_record_keeps_its_own_error() {
    let (_, mut bytes) = iso(1, 30);
    bytes.truncate(100);
    let error = read_any(&bytes, LengthCheck::Lenient).unwrap_err();
    assert!(matches!(error, TemplateError::Truncated { offset: 100, .. }), "{error}");
}

#[test]
fn later_revisions_and_image_records_are_named() {
    let later = b"FMR\x00030\0\0\0\0\x18".to_vec();
    assert!(named(&later, LengthCheck::Lenient).contains("19794-2:2011"));
    let image = b"FIR\x00010\0\0\0\0\x18".to_vec();
    assert!(named(&image, LengthCheck::Lenient).contains("19794-4"));
}

#[test]
fn everything_else_is_refused_with_what_was_found() {
    let refused = |bytes: &[u8]| read_any(bytes, LengthCheck::Lenient).unwrap_err();
    assert_eq!(refused(b"\xff\xa0\xff\xa4abcd"), TemplateError::NotMinutiae { found: *b"\xff\xa0\xff\xa4" });
    assert_eq!(refused(b"FMR\0 99\0abcd"), TemplateError::UnknownVersion { found: *b" 99\0" });
    let truncated = |field, offset, needed, available| TemplateError::Truncated { field, offset, needed, available };
    assert_eq!(refused(b"FM"), truncated("format identifier", 0, 4, 2));
    assert_eq!(refused(b"FMR\0 2"), truncated("version", 4, 4, 2));
    let other_magic = iso19794_2_2005::read(b"FIR\0 20\0", LengthCheck::Lenient);
    assert_eq!(other_magic, Err(TemplateError::NotMinutiae { found: *b"FIR\0" }));
}
