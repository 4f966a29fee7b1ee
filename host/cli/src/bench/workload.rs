//! What a benchmark compares: references in shards, and probes.

use crate::error::CliError;
use crate::input::{Reading, files_of, progress};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;
use whorl_gallery::{Shard, ShardBuilder};
use whorl_matcher::{Probe, Record, Role, encode};
use whorl_synth::{Distortion, Finger};

/// References and probes, with what the models need to know of them.
pub struct Workload {
    /// Where they come from.
    pub source: String,
    /// The references.
    pub shard: Arc<Shard>,
    /// The probes.
    pub probes: Vec<Probe>,
    /// Mean over the references of the cycles that a record takes at least: its minutiae, 1 for an empty one.
    pub cycles_bound: f64,
    /// Mean minutiae of a reference.
    pub minutiae: f64,
    /// Mean bytes of a reference.
    pub bytes: f64,
}

/// What is made of the records.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Minutiae of a record at most; the rest is cut off.
    pub minutiae_max: usize,
    /// How often the references stand in the gallery.
    pub repeat: u32,
}

impl Workload {
    /// Synthetic fingers `0..fingers` as references, other impressions of the first `probes` as probes.
    pub fn synthetic(fingers: u32, probes: u32, seed: u64, shape: Shape) -> Result<Self, CliError> {
        let distortion = Distortion::default();
        let record = |index: u32, impression: u32, role: Role| {
            let template = Finger::new(seed, index).impression(impression, &distortion);
            let view = template.views.first().map(|v| encode(v, template.resolution_x, template.resolution_y, role));
            view.unwrap_or_default()
        };
        let bar = progress(u64::from(fingers), "making fingers");
        let references: Vec<Record> = (0..fingers)
            .into_par_iter()
            .map(|index| {
                bar.inc(1);
                record(index, 1, Role::Reference)
            })
            .collect();
        bar.finish_and_clear();
        let searched: Vec<_> =
            (0..probes).map(|index| record(index % fingers, 2 + index / fingers, Role::Probe)).collect();
        Self::new(format!("{fingers} synthetic fingers, seed {seed}"), references, searched, shape)
    }

    /// The files of a folder as references, `probes` of them, evenly spread, as probes.
    pub fn of_folder(folder: &Path, probes: u32, reading: Reading, shape: Shape) -> Result<Self, CliError> {
        let files = files_of(folder)?;
        let records =
            |role| files.par_iter().map(move |file| reading.records(file, role)).collect::<Result<Vec<_>, _>>();
        let references: Vec<_> = records(Role::Reference)?.into_iter().flatten().collect();
        let step = (files.len() / probes as usize).max(1);
        let searched: Vec<_> =
            records(Role::Probe)?.into_iter().step_by(step).take(probes as usize).flatten().collect();
        Self::new(folder.display().to_string(), references, searched, shape)
    }

    fn new(
        source: String,
        mut references: Vec<Record>,
        mut probes: Vec<Record>,
        shape: Shape,
    ) -> Result<Self, CliError> {
        for record in references.iter_mut().chain(&mut probes) {
            record.minutiae.truncate(shape.minutiae_max);
        }
        let count = references.len().max(1) as f64;
        let minutiae: usize = references.iter().map(|r| r.minutiae.len()).sum();
        let bound: usize = references.iter().map(|r| r.minutiae.len().max(1)).sum();
        let mut builder = ShardBuilder::new(0);
        for _ in 0..shape.repeat {
            for record in &references {
                builder.push(&record.to_bytes())?;
            }
        }
        let shard = builder.finish();
        Ok(Self {
            source,
            cycles_bound: bound as f64 / count,
            minutiae: minutiae as f64 / count,
            bytes: shard.bytes().len() as f64 / f64::from(shard.records().max(1)),
            shard: Arc::new(shard),
            probes: probes.iter().map(Probe::new).collect::<Result<_, _>>()?,
        })
    }
}
