//! Minutiae files and folders of them.

use crate::error::CliError;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whorl_gallery::{Enrolled, ListedDirectory, Shard, ShardBuilder};
use whorl_matcher::{Probe, Record, Role, encode};
use whorl_search::ProbeFinger;
use whorl_search::cascade::FINGERS_MAX;
use whorl_template::iso19794_2_2005::FILE_BYTES_MAX;
use whorl_template::{FingerView, LengthCheck, Template, read_any};

/// File names that count as minutiae files in a folder.
const ENDINGS: [&str; 5] = ["iso", "fmr", "fmd", "ist", "iso2005"];

/// Bytes after which a new shard begins: a card maps each shard as one piece of DMA memory.
const SHARD_BYTES: usize = 64 << 20;

/// How minutiae files are read.
#[derive(clap::Args, Debug, Clone, Copy)]
pub struct Reading {
    /// Refuse files whose header states another length than they have
    #[arg(long)]
    pub strict: bool,
}

impl Reading {
    /// Reads one file.
    pub fn template(self, path: &Path) -> Result<Template, CliError> {
        let size = fs::metadata(path).map_err(CliError::file(path))?.len();
        if size > FILE_BYTES_MAX as u64 {
            let what = format!("{size} bytes, more than the {FILE_BYTES_MAX} that a minutiae file may have");
            return Err(CliError::Unusable { path: path.to_path_buf(), what });
        }
        let bytes = fs::read(path).map_err(CliError::file(path))?;
        let check = if self.strict { LengthCheck::Strict } else { LengthCheck::Lenient };
        read_any(&bytes, check).map_err(|source| CliError::Template { path: path.to_path_buf(), source })
    }

    /// Reads a file with one finger view or more.
    pub fn template_of_views(self, path: &Path) -> Result<Template, CliError> {
        let template = self.template(path)?;
        if template.views.is_empty() {
            return Err(CliError::Unusable { path: path.to_path_buf(), what: "the file holds no finger view".into() });
        }
        Ok(template)
    }

    /// One record per view of a file.
    pub fn records(self, path: &Path, role: Role) -> Result<Vec<Record>, CliError> {
        Ok(self.positioned(path, role)?.into_iter().map(|(_, record)| record).collect())
    }

    /// One record per view of a file, each with its finger position.
    fn positioned(self, path: &Path, role: Role) -> Result<Vec<(u8, Record)>, CliError> {
        let template = self.template_of_views(path)?;
        let encoded = |v: &FingerView| encode(v, template.resolution_x, template.resolution_y, role);
        Ok(template.views.iter().map(|v| (v.position, encoded(v))).collect())
    }

    /// The views of a file as the fingers of one subject.
    pub fn fingers(self, path: &Path) -> Result<Vec<ProbeFinger>, CliError> {
        let template = self.template(path)?;
        if !(1..=FINGERS_MAX).contains(&template.views.len()) {
            let what = format!(
                "{} finger views, must be 1 to {FINGERS_MAX} in a probe; search more of them one by one",
                template.views.len()
            );
            return Err(CliError::Unusable { path: path.to_path_buf(), what });
        }
        let finger = |view: &FingerView| {
            let record = encode(view, template.resolution_x, template.resolution_y, Role::Probe);
            Ok(ProbeFinger { probe: Probe::new(&record)?, position: view.position })
        };
        template.views.iter().map(finger).collect()
    }

    /// The first view of a file as a probe.
    pub fn probe(self, path: &Path) -> Result<Probe, CliError> {
        let records = self.records(path, Role::Probe)?;
        Ok(Probe::new(&records[0])?)
    }
}

/// Minutiae files below a folder, sorted by path; a file stands for itself.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !fs::metadata(path).map_err(CliError::file(path))?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(CliError::file(&folder))? {
            let entry = entry.map_err(CliError::file(&folder))?.path();
            if fs::metadata(&entry).map_err(CliError::file(&entry))?.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known))) {
                files.push(entry);
            }
        }
    }
    if files.is_empty() {
        let what = format!("no minutiae file below this folder (endings: {})", ENDINGS.join(", "));
        return Err(CliError::Unusable { path: path.to_path_buf(), what });
    }
    files.sort_unstable();
    Ok(files)
}

/// References with their names, in shards.
#[derive(Debug)]
pub struct Gallery {
    /// Name of each reference by gallery index: the file's path relative to the gallery, `#n` for the n-th of several views.
    pub names: Vec<String>,
    /// Name of each subject: the file's path relative to the gallery.
    pub subjects: Vec<String>,
    /// Whose each reference is: a file is a subject.
    pub directory: ListedDirectory,
    /// The references themselves.
    pub shards: Vec<Arc<Shard>>,
}

impl Gallery {
    /// Reads and encodes a folder, or one file.
    pub fn read(path: &Path, reading: Reading) -> Result<Self, CliError> {
        let files = files_of(path)?;
        let bar = progress(files.len() as u64, "encoding references");
        let records: Vec<Vec<(u8, Record)>> = files
            .par_iter()
            .map(|file| {
                bar.inc(1);
                reading.positioned(file, Role::Reference)
            })
            .collect::<Result<_, _>>()?;
        bar.finish_and_clear();
        let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let mut names = Vec::new();
        let mut subjects = Vec::new();
        let mut directory = ListedDirectory::default();
        let mut shards = Vec::new();
        let mut builder = ShardBuilder::new(0);
        for (file, views) in files.iter().zip(&records) {
            let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
            let subject = subjects.len() as u32;
            subjects.push(name.to_string());
            for (nth, (position, record)) in views.iter().enumerate() {
                if builder.len_bytes() >= SHARD_BYTES {
                    shards.push(Arc::new(builder.finish()));
                    builder = ShardBuilder::new(names.len() as u32);
                }
                let index = builder.push(&record.to_bytes())?;
                directory.insert(index, Enrolled { subject, position: *position });
                names.push(if views.len() == 1 { name.to_string() } else { format!("{name}#{}", nth + 1) });
            }
        }
        shards.push(Arc::new(builder.finish()));
        Ok(Self { names, subjects, directory, shards })
    }

    /// Bytes of the packed records.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.bytes().len() as u64).sum()
    }
}

/// A progress bar on standard error, hidden where that is no terminal.
pub fn progress(length: u64, what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} eta {eta}")
        .expect("the template is right");
    ProgressBar::new(length).with_style(style).with_message(what)
}
