//! Many enrolments at once.
//!
//! A request's id is made of the gallery and the file's name, so an import that was interrupted finds what it has done
//! already, and done again it changes nothing.

use super::Place;
use crate::error::CliError;
use crate::input::{Reading, files_of, progress};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rayon::prelude::*;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use whorl_gallery::{EnrolledFinger, Enrolment, Operation, Receipt, Store, StoreError};
use whorl_matcher::{Role, encode};
use whorl_synth::{Distortion, Finger};
use whorl_template::{Template, iso19794_2_2005};

/// Files that are encoded together, in parallel.
const CHUNK: usize = 2048;

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// The gallery
    #[arg(long)]
    gallery: String,
    /// Folder of minutiae files: each is a subject with one encounter, named as the file is
    #[arg(long, value_name = "DIR", group = "source")]
    from: Option<PathBuf>,
    /// So many synthetic fingers, each a subject
    #[arg(long, value_name = "N", group = "source")]
    synthetic: Option<u32>,
    /// Seed of the synthetic fingers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    reading: Reading,
}

/// Where enrolments come from.
pub enum Source {
    /// Minutiae files below a folder.
    Files { root: PathBuf, files: Vec<PathBuf>, reading: Reading },
    /// Made ones.
    Synthetic { seed: u64, fingers: u32 },
}

impl Source {
    fn of(options: &Options) -> Result<Self, CliError> {
        match (&options.from, options.synthetic) {
            (Some(from), _) => {
                let root = if from.is_dir() { from.clone() } else { from.parent().unwrap_or(from).to_owned() };
                Ok(Self::Files { root, files: files_of(from)?, reading: options.reading })
            }
            (None, fingers) => Ok(Self::Synthetic { seed: options.seed, fingers: fingers.unwrap_or(0) }),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Files { files, .. } => files.len(),
            Self::Synthetic { fingers, .. } => *fingers as usize,
        }
    }

    /// The subject's name.
    fn name(&self, nth: usize) -> String {
        match self {
            Self::Files { root, files, .. } => {
                files[nth].strip_prefix(root).unwrap_or(&files[nth]).to_string_lossy().into_owned()
            }
            Self::Synthetic { seed, .. } => format!("synthetic-{seed}-{nth}"),
        }
    }

    fn read(&self, nth: usize) -> Result<(Template, Vec<u8>), CliError> {
        match self {
            Self::Files { files, reading, .. } => {
                let template = reading.template_of_views(&files[nth])?;
                Ok((template, std::fs::read(&files[nth]).map_err(CliError::file(&files[nth]))?))
            }
            Self::Synthetic { seed, .. } => {
                let template = Finger::new(*seed, nth as u32).impression(0, &Distortion::default());
                let path = || Path::new("synthetic finger").join(nth.to_string());
                let bytes =
                    iso19794_2_2005::write(&template).map_err(|source| CliError::Template { path: path(), source })?;
                Ok((template, bytes))
            }
        }
    }

    fn enrolment(&self, nth: usize, gallery: &str) -> Result<Operation, CliError> {
        let (template, bytes) = self.read(nth)?;
        let (x, y) = (template.resolution_x, template.resolution_y);
        let finger = |(view, of): (usize, &whorl_template::FingerView)| EnrolledFinger {
            position: if of.position <= 10 { of.position } else { 0 },
            template: 0,
            view: view as u8,
            record: encode(of, x, y, Role::Reference).to_bytes(),
        };
        Ok(Operation::Enroll(Enrolment {
            request_id: request_id(gallery, &self.name(nth)),
            gallery: gallery.to_owned(),
            subject: self.name(nth),
            encounter: "1".into(),
            templates: vec![bytes],
            fingers: template.views.iter().enumerate().map(finger).collect(),
        }))
    }
}

/// The same for the same file of the same gallery.
fn request_id(gallery: &str, name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("whorl-import:{gallery}/{name}").as_bytes()).to_string()
}

type Reply = Result<Receipt, StoreError>;

/// What an import did.
pub struct Imported {
    /// Subjects enrolled.
    pub enrolled: u64,
    /// Their references.
    pub references: u64,
    /// Subjects that were there already.
    pub before: u64,
    /// Time it took.
    pub seconds: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let source = Source::of(options)?;
    let done = enroll(&options.place.open()?, &source, &options.gallery)?;
    let Imported { enrolled, references, before, seconds } = done;
    let value = json!({"enrolled": enrolled, "references": references, "before": before, "seconds": seconds,
        "per_second": enrolled as f64 / seconds});
    options.place.print(&value, || {
        format!(
            "{enrolled} subjects with {references} fingers in {seconds:.1} s, {:.0}/s, durable; {before} were there before",
            enrolled as f64 / seconds
        )
    })
}

/// Enrols what is not there yet.
pub fn enroll(store: &Store, source: &Source, gallery: &str) -> Result<Imported, CliError> {
    let bar = progress(source.len() as u64, "enrolling");
    let start = Instant::now();
    let (mut enrolled, mut references, mut before) = (0_u64, 0_u64, 0_u64);
    let (replies, received): (Sender<Reply>, Receiver<Reply>) = unbounded();
    let mut waiting = 0_u64;
    let mut settle = |waiting: &mut u64, most: u64| -> Result<(), CliError> {
        while *waiting > most {
            let receipt = received.recv().map_err(|_| StoreError::Closed)??;
            *waiting -= 1;
            enrolled += 1;
            references += u64::from(receipt.references);
            bar.inc(1);
        }
        Ok(())
    };
    // One chunk is encoded while the one before is written.
    let (chunks, encoded) = bounded::<Result<Vec<Operation>, CliError>>(1);
    let known = |nth: &usize| store.knows_request(&request_id(gallery, &source.name(*nth)));
    std::thread::scope(|scope| -> Result<(), CliError> {
        let missing: Vec<usize> = (0..source.len()).filter(|nth| !known(nth)).collect();
        before = (source.len() - missing.len()) as u64;
        bar.inc(before);
        scope.spawn(move || {
            for chunk in missing.chunks(CHUNK) {
                let operations = chunk.par_iter().map(|&nth| source.enrolment(nth, gallery)).collect();
                if chunks.send(operations).is_err() {
                    return; // the other side has failed
                }
            }
        });
        for operations in encoded {
            for operation in operations? {
                settle(&mut waiting, CHUNK as u64)?;
                let reply = replies.clone();
                store.submit(operation, move |result| {
                    let _ = reply.send(result); // after a failure nobody counts any more
                });
                waiting += 1;
            }
        }
        settle(&mut waiting, 0)
    })?;
    bar.finish_and_clear();
    Ok(Imported { enrolled, references, before, seconds: start.elapsed().as_secs_f64() })
}
