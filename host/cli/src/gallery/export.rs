//! Minutiae files out of a gallery.

use super::Place;
use crate::error::CliError;
use crate::input::progress;
use serde_json::json;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// The gallery
    #[arg(long)]
    gallery: String,
    /// Folder to write to: SUBJECT/ENCOUNTER/N.iso. Bytes of a name that a file's name should not have are written as %XX
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// A name as a file's: letters, digits, `-`, `_` and inner dots as they are, all else as %XX.
fn file_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (place, byte) in name.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && place > 0) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}"); // a string takes text
        }
    }
    out
}

/// Writes every encounter of the gallery, sealed ones too.
pub fn run(options: &Options) -> Result<(), CliError> {
    let store = options.place.open()?;
    let encounters = store.encounters(&options.gallery)?;
    let bar = progress(encounters.len() as u64, "writing");
    let mut files = 0;
    for (subject, encounter) in &encounters {
        let found = store.encounter(&options.gallery, subject, encounter)?;
        let folder = options.to.join(file_name(subject)).join(file_name(encounter));
        fs::create_dir_all(&folder).map_err(CliError::file(&folder))?;
        for (nth, template) in found.templates.iter().enumerate() {
            let path = folder.join(format!("{nth}.iso"));
            fs::write(&path, template).map_err(CliError::file(&path))?;
            files += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let value = json!({"encounters": encounters.len(), "files": files});
    options.place.print(&value, || format!("{files} files of {} encounters", encounters.len()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_safe_file_names_and_stay_apart() {
        assert_eq!(super::file_name("A-1_b.iso"), "A-1_b.iso");
        assert_eq!(super::file_name("../x y%"), "%2E.%2Fx%20y%25");
        assert_eq!(super::file_name("."), "%2E");
    }
}
