//! The 2005 reader and writer on made-up records: round trips, lengths, limits and damage.

use proptest::collection::vec;
use proptest::prelude::*;
use whorl_template::{
    FingerView, LENGTH_SLACK_BYTES, LengthCheck, Minutia, MinutiaKind, Template, TemplateError, iso19794_2_2005,
};

use iso19794_2_2005::{read, write};

fn minutia() -> impl Strategy<Value = Minutia> {
    let kind = prop_oneof![Just(MinutiaKind::Other), Just(MinutiaKind::Ending), Just(MinutiaKind::Bifurcation)];
    (0..=16383_u16, 0..=16383_u16, any::<u8>(), any::<u8>(), kind).prop_map(|(x, y, angle, quality, kind)| Minutia {
        x,
        y,
        angle,
        quality,
        kind,
    })
}

fn view() -> impl Strategy<Value = FingerView> {
    let numbers = (any::<u8>(), 0..=15_u8, 0..=15_u8, any::<u8>());
    (numbers, vec(minutia(), 0..=255), vec(any::<u8>(), 0..200)).prop_map(
        |((position, view_number, impression_type, quality), minutiae, extended)| FingerView {
            position,
            view_number,
            impression_type,
            quality,
            minutiae,
            extended,
        },
    )
}

fn template() -> impl Strategy<Value = Template> {
    let header = (0..=15_u8, 0..=4095_u16, any::<[u16; 4]>());
    (header, vec(view(), 0..5)).prop_map(|((certification, device, numbers), views)| {
        let [size_x, size_y, resolution_x, resolution_y] = numbers;
        Template { certification, device, size_x, size_y, resolution_x, resolution_y, views, extended_shortfall: 0 }
    })
}

/// Two views: one with a minutia and extended data, one with a minutia and none. 54 bytes.
fn sample() -> Template {
    let minutia = Minutia { x: 0x1234, y: 0x0567, angle: 0x89, quality: 0x4b, kind: MinutiaKind::Bifurcation };
    let view = FingerView { position: 7, quality: 80, minutiae: vec![minutia], ..FingerView::default() };
    let mut template = Template::new(388, 374);
    (template.certification, template.device) = (0xa, 0xbcd);
    let extended = vec![1, 0, 0, 4, 0xee, 0xff];
    template.views = vec![FingerView { view_number: 3, impression_type: 8, extended, ..view.clone() }, view];
    template
}

fn sample_bytes() -> Vec<u8> {
    write(&sample()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_reads_back(template in template()) {
        let bytes = write(&template).unwrap();
        prop_assert_eq!(read(&bytes, LengthCheck::Strict), Ok(template.clone()));
        prop_assert_eq!(read(&bytes, LengthCheck::Lenient), Ok(template));
    }

    #[test]
    fn damage_gives_a_template_or_an_error(
        template in template(),
        flips in vec(any::<prop::sample::Index>(), 1..8),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = write(&template).unwrap();
        for flip in flips {
            let bit = flip.index(8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let short = &bytes[..keep.index(bytes.len() + 1)];
        for bytes in [&bytes[..], short] {
            if let Ok(template) = read(bytes, LengthCheck::Strict) {
                prop_assert_eq!(&write(&template).unwrap()[..], bytes);
            }
            if let Ok(template) = read(bytes, LengthCheck::Lenient) {
                let written = write(&template).unwrap();
                prop_assert_eq!(read(&written, LengthCheck::Lenient), Ok(template));
            }
        }
    }
}

#[test]
fn the_fields_are_where_the_standard_says() {
    let bytes = sample_bytes();
    let expected = [
        &b"FMR\0 20\0\0\0\0\x36"[..],
        &[0xab, 0xcd, 0x01, 0x84, 0x01, 0x76, 0, 197, 0, 197, 2, 0],
        &[7, 0x38, 80, 1, 0x92, 0x34, 0x05, 0x67, 0x89, 0x4b, 0, 6, 1, 0, 0, 4, 0xee, 0xff],
        &[7, 0x00, 80, 1, 0x92, 0x34, 0x05, 0x67, 0x89, 0x4b, 0, 0],
    ]
    .concat();
    assert_eq!(bytes, expected);
}

#[test]
fn every_truncation_names_the_field_that_is_cut() {
    let bytes = sample_bytes();
    for length in 0..bytes.len() {
        for check in [LengthCheck::Strict, LengthCheck::Lenient] {
            let Err(TemplateError::Truncated { offset, needed, available, .. }) = read(&bytes[..length], check) else {
                panic!("{length} bytes, {check:?}");
            };
            assert_eq!(offset + available, length);
            assert!(available < needed);
        }
    }
}

#[test]
fn the_declared_length_may_differ_a_little_in_lenient_mode_only() {
    let total = sample_bytes().len();
    let with_declared = |declared: usize| {
        let mut bytes = sample_bytes();
        bytes[8..12].copy_from_slice(&(declared as u32).to_be_bytes());
        bytes
    };
    let error = |declared| TemplateError::LengthMismatch { field: "record length", offset: 8, declared, actual: total };
    for difference in 1..=LENGTH_SLACK_BYTES + 1 {
        for declared in [total - difference, total + difference] {
            let bytes = with_declared(declared);
            assert_eq!(read(&bytes, LengthCheck::Strict), Err(error(declared)));
            let expected = if difference <= LENGTH_SLACK_BYTES { Ok(sample()) } else { Err(error(declared)) };
            assert_eq!(read(&bytes, LengthCheck::Lenient), expected);
        }
    }
}

#[test]
fn a_few_trailing_bytes_are_dropped_in_lenient_mode_only() {
    let mut bytes = sample_bytes();
    let offset = bytes.len();
    for count in 1..=LENGTH_SLACK_BYTES + 1 {
        bytes.push(0xaa);
        let error = Err(TemplateError::TrailingBytes { offset, count });
        assert_eq!(read(&bytes, LengthCheck::Strict), error);
        let expected = if count <= LENGTH_SLACK_BYTES { Ok(sample()) } else { error };
        assert_eq!(read(&bytes, LengthCheck::Lenient), expected);
    }
}

#[test]
fn only_the_last_extended_data_may_come_short() {
    let mut template = sample();
    template.views.reverse();
    let whole = write(&template).unwrap();
    for missing in 1..=LENGTH_SLACK_BYTES + 1 {
        let mut bytes = whole[..whole.len() - missing].to_vec();
        bytes[11] -= missing as u8;
        assert!(matches!(read(&bytes, LengthCheck::Strict), Err(TemplateError::Truncated { .. })));
        let lenient = read(&bytes, LengthCheck::Lenient);
        if missing > LENGTH_SLACK_BYTES {
            let expected = TemplateError::Truncated { field: "extended data", offset: 48, needed: 6, available: 1 };
            assert_eq!(lenient, Err(expected));
            continue;
        }
        let lenient = lenient.unwrap();
        assert_eq!(usize::from(lenient.extended_shortfall), missing);
        assert_eq!(write(&lenient).unwrap(), bytes);
    }
    let first_short = &sample_bytes()[..24 + 10 + 2 + 5];
    let expected = TemplateError::Truncated { field: "extended data", offset: 36, needed: 6, available: 5 };
    assert_eq!(read(first_short, LengthCheck::Lenient), Err(expected));
}

#[test]
fn reserved_bits_are_dropped_or_refused() {
    for (at, bits, field, offset, value) in [
        (23, 0x01, "reserved byte", 23, 1),
        (28, 0x40, "minutia type", 28, 3),
        (30, 0x80, "minutia reserved bits", 30, 2),
    ] {
        let mut bytes = sample_bytes();
        bytes[at] |= bits;
        assert_eq!(read(&bytes, LengthCheck::Strict), Err(TemplateError::ReservedSet { field, offset, value }));
        let mut expected = sample();
        if field == "minutia type" {
            expected.views[0].minutiae[0].kind = MinutiaKind::Other;
        }
        assert_eq!(read(&bytes, LengthCheck::Lenient), Ok(expected));
    }
}

#[test]
fn limits_are_kept_on_reading() {
    let mut bytes = sample_bytes();
    bytes[22] = 177;
    let error = TemplateError::FieldRange { field: "number of views", offset: 22, value: 177, min: 0, max: 176 };
    assert_eq!(read(&bytes, LengthCheck::Lenient), Err(error));
    let large = vec![0; (1 << 20) + 1];
    let error = TemplateError::FileTooLarge { bytes: large.len(), max: 1 << 20 };
    assert_eq!(read(&large, LengthCheck::Lenient), Err(error));
}

#[test]
fn limits_are_kept_on_writing() {
    let refused = |change: fn(&mut Template)| {
        let mut template = sample();
        change(&mut template);
        write(&template).unwrap_err()
    };
    let range = |field, offset, value, max| TemplateError::FieldRange { field, offset, value, min: 0, max };
    let certification = range("capture equipment certification", 12, 16, 15);
    assert_eq!(refused(|t| t.certification = 16), certification);
    assert_eq!(refused(|t| t.device = 4096), range("capture device", 12, 4096, 4095));
    assert_eq!(refused(|t| t.views = vec![t.views[0].clone(); 177]), range("number of views", 22, 177, 176));
    assert_eq!(refused(|t| t.views[0].view_number = 16), range("view number", 25, 16, 15));
    assert_eq!(refused(|t| t.views[0].impression_type = 16), range("impression type", 25, 16, 15));
    let minutiae = range("number of minutiae", 27, 256, 255);
    assert_eq!(refused(|t| t.views[0].minutiae = vec![Minutia::default(); 256]), minutiae);
    assert_eq!(refused(|t| t.views[0].minutiae[0].x = 16384), range("minutia X", 28, 16384, 16383));
    assert_eq!(refused(|t| t.views[0].minutiae[0].y = 16384), range("minutia Y", 30, 16384, 16383));
    let extended = range("extended data length", 34, 65536, 65535);
    assert_eq!(refused(|t| t.views[0].extended = vec![0; 65536]), extended);
    assert_eq!(refused(|t| t.extended_shortfall = 5), range("extended data shortfall", 52, 5, 4));
    let too_large = refused(|t| {
        t.views[0].extended = vec![0; 65535];
        t.views = vec![t.views[0].clone(); 17];
    });
    assert!(matches!(too_large, TemplateError::FileTooLarge { .. }));
}
