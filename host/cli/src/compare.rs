//! `whorl compare`: one comparison, with every intermediate value on request, and as a drawing.

use crate::drawing::{Finger, Picture, degrees, draw};
use crate::error::CliError;
use crate::input::Reading;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use whorl_matcher::fine::{self, FineComparison};
use whorl_matcher::{Backend, Comparator, Comparison, GATE_DEFAULT, Origin, Probe, Record, Role, Taps, encode, taps};
use whorl_template::Template;

/// Options of `whorl compare`.
#[derive(clap::Args)]
pub struct Options {
    /// Minutiae file of the probe
    #[arg(value_name = "A")]
    probe: PathBuf,
    /// Minutiae file of the reference
    #[arg(value_name = "B")]
    reference: PathBuf,
    /// Largest angle difference, 1/256 turn; 127 accepts every rotation
    #[arg(long, default_value_t = GATE_DEFAULT, value_parser = clap::value_parser!(u8).range(0..=127))]
    gate: u8,
    /// Draw both fingers, what corresponds and their common area to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Image of the probe, drawn behind its minutiae: TIFF, PNG, BMP or JPEG
    #[arg(long, value_name = "FILE", requires = "svg")]
    probe_image: Option<PathBuf>,
    /// Image of the reference
    #[arg(long, value_name = "FILE", requires = "svg")]
    reference_image: Option<PathBuf>,
    /// Print distances, slots, weights and sums of every lane as well
    #[arg(long)]
    taps: bool,
    /// Print JSON, with transform and correspondences
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// A file's first finger as it is compared.
struct Side<'a> {
    path: &'a Path,
    template: Template,
    role: Role,
    record: Record,
}

impl<'a> Side<'a> {
    fn read(path: &'a Path, reading: Reading, role: Role) -> Result<Self, CliError> {
        let template = reading.template_of_views(path)?;
        let record = encode(&template.views[0], template.resolution_x, template.resolution_y, role);
        Ok(Self { path, template, role, record })
    }

    fn origin(&self) -> Origin {
        Origin::of(&self.template.views[0], self.template.resolution_x, self.template.resolution_y, self.role)
    }

    fn finger<'b>(&'b self, picture: Option<&'b Picture>) -> Finger<'b> {
        Finger {
            name: self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            template: &self.template,
            view: &self.template.views[0],
            role: self.role,
            record: &self.record,
            picture,
        }
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let a = Side::read(&options.probe, options.reading, Role::Probe)?;
    let b = Side::read(&options.reference, options.reading, Role::Reference)?;
    let probe = Probe::new(&a.record)?;
    let comparison = Comparator::new(Backend::Auto).score(&probe, &b.record.to_bytes(), options.gate)?;
    let taps = taps(&probe, &b.record, options.gate)?;
    let found = fine::compare_tapped(&probe, &b.record, &taps, options.gate)?;
    if let Some(path) = &options.svg {
        let picture = |path: &Option<PathBuf>| path.as_deref().map(Picture::read).transpose();
        let (of_a, of_b) = (picture(&options.probe_image)?, picture(&options.reference_image)?);
        let svg = draw(&a.finger(of_a.as_ref()), &b.finger(of_b.as_ref()), comparison, &found);
        fs::write(path, svg).map_err(CliError::file(path))?;
    }
    let mut out = std::io::stdout().lock();
    if options.json {
        let mut value = json!({
            "score": comparison.score,
            "best": comparison.best,
            "reference_lane": comparison.reference_lane,
            "probe_minutiae": a.record.minutiae.len(),
            "reference_minutiae": b.record.minutiae.len(),
            "fine": fine_value(&a, &b, &found),
        });
        if options.taps {
            value["taps"] = tapped(&taps);
        }
        writeln!(out, "{value}")?;
        return Ok(());
    }
    print(&mut out, (&a, &b), comparison, &found)?;
    if options.taps {
        writeln!(out, "taps {}", tapped(&taps))?;
    }
    Ok(())
}

fn print(
    out: &mut impl Write,
    (a, b): (&Side, &Side),
    comparison: Comparison,
    found: &FineComparison,
) -> Result<(), CliError> {
    writeln!(out, "score {} (0..65535, higher is more similar; a lead, not a verdict)", comparison.score)?;
    let lane = comparison.reference_lane.map_or("none".into(), |lane| lane.to_string());
    writeln!(out, "best sum {} at lane {lane}", comparison.best)?;
    writeln!(out, "minutiae {} and {}", a.record.minutiae.len(), b.record.minutiae.len())?;
    writeln!(out, "log odds {:.4}, log-likelihood ratio {:.4}", found.log_odds, found.log_likelihood_ratio())?;
    let count = found.measurement.correspondences.len();
    if count == 0 {
        writeln!(out, "no correspondences")?;
        return Ok(());
    }
    let transform = &found.measurement.transform;
    writeln!(
        out,
        "{count} correspondences: probe turned by {:.2} degrees counter-clockwise, moved by {:.1} px right and {:.1} px up",
        degrees(transform.angle),
        transform.x,
        transform.y
    )?;
    Ok(())
}

/// The fine stage's outcome. Minutiae are numbered as in the files; the transform is about the centroids of the two
/// files' minutiae, in pixels at 500 ppi, y up.
fn fine_value(a: &Side, b: &Side, found: &FineComparison) -> Value {
    let (of_a, of_b) = (a.origin(), b.origin());
    let minutia = |side: &Side, origin: &Origin, of_record: u8| {
        let index = origin.indices[usize::from(of_record)];
        let minutia = &side.template.views[0].minutiae[index];
        json!({"index": index, "x": minutia.x, "y": minutia.y})
    };
    let correspondences: Vec<_> = found
        .measurement
        .correspondences
        .iter()
        .map(|c| {
            json!({
                "probe": minutia(a, &of_a, c.probe),
                "reference": minutia(b, &of_b, c.reference),
                "distance_px": c.displacement,
                "angle_difference_degrees": degrees(c.angle_difference),
                "hamming": c.hamming,
            })
        })
        .collect();
    let transform = (!correspondences.is_empty()).then(|| {
        json!({
            "rotation_degrees": degrees(found.measurement.transform.angle),
            "x_px": found.measurement.transform.x,
            "y_px": found.measurement.transform.y,
        })
    });
    json!({
        "coefficients": fine::version(),
        "log_odds": found.log_odds,
        "log_likelihood_ratio": found.log_likelihood_ratio(),
        "transform": transform,
        "correspondences": correspondences,
    })
}

fn tapped(taps: &Taps) -> Value {
    let slots: Vec<_> = taps
        .slots
        .iter()
        .map(|slot| slot.map_or(Value::Null, |s| json!({"x": s.x, "y": s.y, "d": s.d, "index": s.index})))
        .collect();
    json!({"distances": taps.distances, "slots": slots, "weights": taps.weights, "sums": taps.sums})
}
