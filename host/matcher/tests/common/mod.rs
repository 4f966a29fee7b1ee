//! Where the tests find real templates, which are never part of the repository.

#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use std::path::{Path, PathBuf};

use whorl_matcher::{Record, Role, encode};
use whorl_template::{LengthCheck, Template, iso19794_2_2005};

/// The folder of real data, from `WHORL_DATA` or beside the repository; `None` after saying so.
pub fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("WHORL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        |folder| {
            if Path::new(&folder).is_absolute() {
                PathBuf::from(folder)
            } else {
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)
            }
        },
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no real templates at {} (set WHORL_DATA)", folder.display());
    None
}

/// Reads one template file.
pub fn template(path: &Path) -> Template {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    iso19794_2_2005::read(&bytes, LengthCheck::Lenient).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Encodes the first view of a template.
pub fn record(template: &Template, role: Role) -> Record {
    encode(&template.views[0], template.resolution_x, template.resolution_y, role)
}

/// All templates of one minutiae source (`leader`, `mindtct`, ...), in the order of their names.
pub fn source(data: &Path, name: &str) -> Vec<Template> {
    let mut paths = Vec::new();
    let mut folders = vec![data.join("fvc").join(name)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "iso") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| template(path)).collect()
}
