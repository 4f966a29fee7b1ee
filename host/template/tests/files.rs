//! Real files: what is read is written back byte for byte.

use std::path::{Path, PathBuf};

use whorl_template::{LengthCheck, TemplateError, iso19794_2_2005, read_any};

/// The folder of real data, from `WHORL_DATA` or beside the repository; `None` after saying so.
fn data() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("WHORL_DATA").map_or_else(|| "../shared/data".into(), PathBuf::from);
    let folder = repository.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no real templates at {} (set WHORL_DATA)", folder.display());
    None
}

fn iso_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            iso_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "iso") {
            found.push(path);
        }
    }
}

#[test]
fn well_formed_files_are_written_back_byte_for_byte() {
    let Some(data) = data() else { return };
    let mut paths = Vec::new();
    iso_files(&data.join("fvc"), &mut paths);
    assert_eq!(paths.len(), 1280);
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let template = read_any(&bytes, LengthCheck::Strict).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(iso19794_2_2005::write(&template).unwrap(), bytes, "{}", path.display());
    }
}

#[test]
fn a_sample_with_extended_data_one_byte_short_is_written_back_as_it_came() {
    let Some(data) = data() else { return };
    let bytes = std::fs::read(data.join("samples/fmr/fmr.iso2005")).unwrap();
    let template = read_any(&bytes, LengthCheck::Lenient).unwrap();
    assert_eq!(template.views.iter().map(|view| view.minutiae.len()).collect::<Vec<_>>(), [27, 22]);
    assert_eq!((template.views[0].position, template.views[1].position), (7, 2));
    assert_eq!(template.views[1].extended.len(), 41);
    assert_eq!(template.extended_shortfall, 1);
    assert_eq!(iso19794_2_2005::write(&template).unwrap(), bytes);
    let expected = TemplateError::Truncated { field: "extended data", offset: 330, needed: 42, available: 41 };
    assert_eq!(read_any(&bytes, LengthCheck::Strict), Err(expected));
}

#[test]
fn a_sample_of_a_later_revision_is_named() {
    let Some(data) = data() else { return };
    let bytes = std::fs::read(data.join("samples/fmr/fmr.ansi2007")).unwrap();
    let error = read_any(&bytes, LengthCheck::Lenient).unwrap_err();
    assert!(matches!(error, TemplateError::UnsupportedRevision { .. }));
    assert!(error.to_string().contains("19794-2:2011"), "{error}");
}
