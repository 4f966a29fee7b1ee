//! `whorl encode`: minutiae files to packed records.

use crate::error::CliError;
use crate::input::{Reading, files_of};
use serde::Serialize;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use whorl_layout::LINE_BYTES;
use whorl_matcher::Role;

/// Options of `whorl encode`.
#[derive(clap::Args)]
pub struct Options {
    /// Minutiae files, or folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Encode as a probe, of at most 48 minutiae; references of rolled fingers may have 96
    #[arg(long)]
    probe: bool,
    /// Write all packed records, back to back, to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object per finger view, with the record in hexadecimal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Serialize)]
struct Encoded<'a> {
    file: &'a str,
    view: usize,
    minutiae: usize,
    lines: usize,
    crc32: String,
    record: String,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let role = if options.probe { Role::Probe } else { Role::Reference };
    let mut out = std::io::stdout().lock();
    let mut packed = Vec::new();
    for argument in &options.files {
        for file in files_of(argument)? {
            for (view, record) in options.reading.records(&file, role)?.iter().enumerate() {
                let bytes = record.to_bytes();
                let encoded = Encoded {
                    file: &file.to_string_lossy(),
                    view: view + 1,
                    minutiae: record.minutiae.len(),
                    lines: bytes.len() / LINE_BYTES,
                    crc32: format!("{:08x}", crc32fast::hash(&bytes)),
                    record: hexadecimal(&bytes),
                };
                if options.json {
                    writeln!(out, "{}", serde_json::json!(encoded))?;
                } else {
                    let Encoded { file, view, minutiae, lines, crc32, .. } = encoded;
                    writeln!(out, "{file} view {view}: {minutiae} minutiae, {lines} lines, crc32 {crc32}")?;
                }
                packed.extend(bytes);
            }
        }
    }
    match &options.out {
        Some(path) => fs::write(path, packed).map_err(CliError::file(path)),
        None => Ok(()),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
