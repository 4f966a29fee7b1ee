//! Impressions: what an extractor would report of a finger put on a sensor.

use crate::capture::{Capture, Placed};
use crate::distortion::Distortion;
use crate::finger::{Finger, FingerMinutia};
use crate::stream::Stream;
use crate::trigonometry::angle_byte;
use whorl_template::{FingerView, MINUTIAE_MAX, Minutia, MinutiaKind, Template};

/// An impression with the truth that a template does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The impression, one finger view.
    pub template: Template,
    /// For every minutia of the view, in its order: which of [`Finger::minutiae`] it is; `None` if spurious.
    pub origins: Vec<Option<u16>>,
}

/// A minutia as reported, with its origin.
struct Reported {
    minutia: Minutia,
    origin: Option<u16>,
}

impl Finger {
    /// Impression number `index` as a template of one view, minutiae from top to bottom.
    ///
    /// It depends on the finger, `index` and `distortion` only, in whatever order impressions are asked for. At most
    /// 255 minutiae, all inside the image; there may be none. A field of `distortion` outside its range is taken
    /// at the limit; [`Distortion::validate`] tells whether there is one.
    pub fn impression(&self, index: u32, distortion: &Distortion) -> Template {
        self.observe(index, distortion).template
    }

    /// [`Finger::impression`] together with the origin of every minutia.
    pub fn observe(&self, index: u32, distortion: &Distortion) -> Observation {
        let distortion = &distortion.clamped();
        let stream = &mut Stream::new(self.seed, self.index, Some(index));
        let capture = Capture::draw(distortion, stream);
        let mut reported = self.report_true(&capture, distortion, stream);
        self.report_spurious(&capture, distortion, stream, &mut reported);
        reported.truncate(MINUTIAE_MAX);
        // the order must not tell which minutiae are true, nor their order on the finger
        reported.sort_by_key(|r| (r.minutia.y, r.minutia.x, r.minutia.angle));
        let mut template = Template::new(distortion.canvas_width_px, distortion.canvas_height_px);
        template.views.push(FingerView {
            quality: (100.0 * capture.quality + 0.5).floor() as u8,
            minutiae: reported.iter().map(|r| r.minutia).collect(),
            ..FingerView::default()
        });
        Observation { template, origins: reported.iter().map(|r| r.origin).collect() }
    }

    fn report_true(&self, capture: &Capture, distortion: &Distortion, stream: &mut Stream) -> Vec<Reported> {
        let mut reported = Vec::with_capacity(self.minutiae().len());
        for (origin, minutia) in self.minutiae().iter().enumerate() {
            if !capture.touches(minutia.x, minutia.y) {
                continue;
            }
            let clarity = 0.5 * (capture.quality_at(minutia.x, minutia.y) + minutia.salience);
            // a minutia of middling clarity is missed as often as the average says
            let missed = distortion.missing * (1.0 - clarity) * (1.0 - clarity) / MISSED_AT;
            if stream.chance(missed) {
                continue;
            }
            let mut placed = capture.place(minutia.x, minutia.y, minutia.direction);
            blur(&mut placed, clarity, distortion, stream);
            if stream.chance(distortion.direction_flips) {
                placed.direction += 0.5;
            }
            let kind = if stream.chance(distortion.type_flips) { other(minutia.kind) } else { minutia.kind };
            let quality = quality_byte(clarity, stream);
            if let Some(minutia) = to_image(placed, kind, quality, distortion) {
                reported.push(Reported { minutia, origin: Some(origin as u16) });
            }
        }
        reported
    }

    /// Adds minutiae that the finger does not have, mostly where the skin is bad, mostly along the ridges.
    fn report_spurious(
        &self,
        capture: &Capture,
        distortion: &Distortion,
        stream: &mut Stream,
        reported: &mut Vec<Reported>,
    ) {
        let touching = self.minutiae().iter().filter(|m: &&FingerMinutia| capture.touches(m.x, m.y)).count();
        let tries = (touching as f64 * distortion.spurious / SPURIOUS_AT + 0.5).floor() as usize;
        for _ in 0..tries {
            let Some((x, y)) = capture.somewhere(stream) else { continue };
            let quality = capture.quality_at(x, y);
            if !stream.chance(1.0 - quality) {
                continue;
            }
            let along = self.field.at(x, y) + if stream.chance(0.5) { 0.0 } else { 0.5 };
            let mut placed = capture.place(x, y, along);
            blur(&mut placed, 0.5 * quality, distortion, stream);
            let kind = if stream.chance(0.7) { MinutiaKind::Ending } else { MinutiaKind::Bifurcation };
            let quality = quality_byte(0.55 * quality, stream);
            let Some(minutia) = to_image(placed, kind, quality, distortion) else { continue };
            // an extractor merges what is closer than a ridge
            let apart = self.ridge_period * self.ridge_period;
            let clear = reported.iter().all(|r| {
                let (dx, dy) =
                    (f64::from(r.minutia.x) - f64::from(minutia.x), f64::from(r.minutia.y) - f64::from(minutia.y));
                dx * dx + dy * dy >= apart
            });
            if clear {
                reported.push(Reported { minutia, origin: None });
            }
        }
    }
}

/// What the square of 1 - clarity is on average at the default's quality: `missing` is the share missed there.
const MISSED_AT: f64 = 0.125;

/// Share of tries for a spurious minutia that succeed at the default's quality.
const SPURIOUS_AT: f64 = 0.30;

fn other(kind: MinutiaKind) -> MinutiaKind {
    match kind {
        MinutiaKind::Ending => MinutiaKind::Bifurcation,
        MinutiaKind::Bifurcation => MinutiaKind::Ending,
        MinutiaKind::Other => MinutiaKind::Other,
    }
}

/// Errors of the extractor in place and direction, three times as large where nothing is clear.
fn blur(placed: &mut Placed, clarity: f64, distortion: &Distortion, stream: &mut Stream) {
    let factor = 3.0 - 2.0 * clarity;
    placed.x += factor * distortion.position_jitter_px * stream.normal();
    placed.y += factor * distortion.position_jitter_px * stream.normal();
    placed.direction += factor * distortion.direction_jitter_degrees / 360.0 * stream.normal();
}

/// Quality of a minutia, 11 to 100: near 95 when it is clear, spread lower the less clear it is.
fn quality_byte(clarity: f64, stream: &mut Stream) -> u8 {
    let doubt = 1.0 - clarity;
    let quality = 98.0 - 52.0 * doubt * doubt - 26.0 * doubt * stream.unit() + 1.5 * stream.normal();
    quality.min(100.0).floor() as u8
}

/// The minutia in image coordinates, unless it lies outside the image.
fn to_image(placed: Placed, kind: MinutiaKind, quality: u8, distortion: &Distortion) -> Option<Minutia> {
    let column = (placed.x + 0.5 * f64::from(distortion.canvas_width_px) + 0.5).floor();
    let row = (0.5 * f64::from(distortion.canvas_height_px) - placed.y + 0.5).floor();
    let inside = (0.0..f64::from(distortion.canvas_width_px)).contains(&column)
        && (0.0..f64::from(distortion.canvas_height_px)).contains(&row);
    inside.then(|| Minutia { x: column as u16, y: row as u16, angle: angle_byte(placed.direction), quality, kind })
}
