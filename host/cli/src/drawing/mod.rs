//! A comparison as a drawing: both fingers side by side, each in the pixels of its file, and what was taken for the same.
//!
//! - this file: the sheet, with correspondences between the panels and the caption.
//! - `panel`: one finger.
//! - `area`: the area that both fingers show.
//! - `picture`: the images behind the minutiae.

mod area;
mod panel;
mod picture;

use area::{Place, common, hull, size};
use panel::{Link, Panel};
pub use picture::{Picture, SIDE_MAX};
use std::fmt::Write;
pub use whorl_eval::chart::escape;
use whorl_matcher::fine::{self, FineComparison, Transform};
use whorl_matcher::{Comparison, Record, RecordMinutia, Role};
use whorl_template::{FingerView, Template};

/// Room around and between the panels, in units of the drawing.
const MARGIN: f64 = 24.0;
/// Room between the panels, which the lines cross.
const GAP: f64 = 60.0;
/// Largest panel.
const PANEL: Place = (560.0, 640.0);
/// Least width, for the caption's sake.
const WIDTH_MIN: f64 = 820.0;
/// From line to line of the caption.
const LINE: f64 = 17.0;
/// A step on the circle of colours, in degrees, that keeps near numbers apart: the golden angle.
const HUE_STEP: f64 = 137.508;

/// One finger as it is drawn.
#[derive(Debug)]
pub struct Finger<'a> {
    /// What to call it.
    pub name: String,
    /// The file that holds it.
    pub template: &'a Template,
    /// The view that was compared.
    pub view: &'a FingerView,
    /// What it was encoded as.
    pub role: Role,
    /// The record that was compared.
    pub record: &'a Record,
    /// The image that the minutiae were found in.
    pub picture: Option<&'a Picture>,
}

/// Draws a comparison as SVG.
pub fn draw(probe: &Finger, reference: &Finger, coarse: Comparison, found: &FineComparison) -> String {
    let (mut left, mut right) = (Panel::new(probe), Panel::new(reference));
    let (a, b) = (left.extent(), right.extent());
    let zoom = (PANEL.0 / a.0.max(b.0)).min(PANEL.1 / a.1.max(b.1)); // both by the same: sizes stay comparable
    let top = 2.0 * MARGIN;
    left.arrange(zoom, (MARGIN, top));
    right.arrange(zoom, (MARGIN + a.0 * zoom + GAP, top));
    let width = (2.0 * MARGIN + (a.0 + b.0) * zoom + GAP).max(WIDTH_MIN);
    let below = top + a.1.max(b.1) * zoom + MARGIN;
    let overlap = overlap(probe.record, reference.record, found);
    let caption = caption(probe, reference, coarse, found, &overlap);
    let height = below + LINE * caption.len() as f64;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let link = |of: fn(&fine::Correspondence) -> u8| {
        move |index: usize| {
            let nth = found.measurement.correspondences.iter().position(|c| usize::from(of(c)) == index)?;
            Some(Link { number: nth + 1, colour: colour(nth) })
        }
    };
    let in_probe: Vec<Place> = overlap.iter().map(|&at| undo(&found.measurement.transform, at)).collect();
    left.write(&mut svg, "probe", &in_probe, link(|c| c.probe));
    right.write(&mut svg, "reference", &overlap, link(|c| c.reference));
    svg.push_str("<g class=\"correspondences\" stroke-opacity=\"0.45\">\n");
    for (nth, c) in found.measurement.correspondences.iter().enumerate() {
        let ends = (left.minutia(c.probe.into()), right.minutia(c.reference.into()));
        let (Some((x1, y1)), Some((x2, y2))) = ends else { continue };
        writeln!(
            svg,
            "<line x1=\"{x1:.2}\" y1=\"{y1:.2}\" x2=\"{x2:.2}\" y2=\"{y2:.2}\" stroke=\"{}\"><title>{}: {:.1} px and {:.0} degrees \
             apart, descriptors differ in {} of 128 bits</title></line>",
            colour(nth),
            nth + 1,
            c.distance,
            degrees(c.angle_difference),
            c.hamming
        )
        .expect("a string takes text");
    }
    svg.push_str("</g>\n");
    for (nth, line) in caption.iter().enumerate() {
        let y = below + LINE * nth as f64;
        writeln!(svg, "<text class=\"caption\" x=\"{MARGIN}\" y=\"{y:.1}\">{}</text>", escape(line))
            .expect("a string takes text");
    }
    svg.push_str("</svg>\n");
    svg
}

/// An angle of 1/256 turn in degrees.
pub fn degrees(angle: f64) -> f64 {
    angle * 360.0 / 256.0
}

/// Colour of the nth correspondence.
fn colour(nth: usize) -> String {
    format!("hsl({:.0},85%,38%)", (nth as f64 * HUE_STEP) % 360.0)
}

/// The area that the minutiae of both records span, in places of the reference; nothing where nothing corresponds, as
/// there is no transform then.
fn overlap(probe: &Record, reference: &Record, found: &FineComparison) -> Vec<Place> {
    if found.measurement.correspondences.is_empty() {
        return Vec::new();
    }
    let place = |m: &RecordMinutia| (f64::from(m.x), f64::from(m.y));
    let moved: Vec<Place> = probe.minutiae.iter().map(|m| found.measurement.transform.apply(place(m))).collect();
    let still: Vec<Place> = reference.minutiae.iter().map(place).collect();
    common(&hull(&moved), &hull(&still))
}

/// Where the transform takes this place from.
fn undo(transform: &Transform, (x, y): Place) -> Place {
    let (x, y) = (x - transform.x, y - transform.y);
    (x * transform.cosine + y * transform.sine, y * transform.cosine - x * transform.sine)
}

fn caption(
    probe: &Finger,
    reference: &Finger,
    coarse: Comparison,
    found: &FineComparison,
    overlap: &[Place],
) -> Vec<String> {
    let transform = &found.measurement.transform;
    let moved = if found.measurement.correspondences.is_empty() {
        "No transform was found.".to_owned()
    } else {
        format!(
            "Probe to reference: turned by {:.1} degrees counter-clockwise about the centroid, then centroid to centroid and {:.1} px \
             right, {:.1} px up (500 ppi). Common area (shaded): {:.0} px squared.",
            degrees(transform.angle),
            transform.x,
            transform.y,
            size(overlap)
        )
    };
    vec![
        format!(
            "Coarse score {} (0 to 65535, higher is more similar). Fine stage ({}): log odds {:.2}, log-likelihood ratio {:.2}.",
            coarse.score,
            fine::version(),
            found.log_odds,
            found.log_likelihood_ratio()
        ),
        format!(
            "{} correspondences between {} and {} minutiae compared, of {} and {} in the files.",
            found.measurement.correspondences.len(),
            probe.record.minutiae.len(),
            reference.record.minutiae.len(),
            probe.view.minutiae.len(),
            reference.view.minutiae.len()
        ),
        moved,
        "Circle: ending. Square: bifurcation. Diamond: other. Coloured and numbered: corresponding. Grey: not. Dashed: not compared."
            .to_owned(),
        "A lead for an examiner, never a verdict.".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoing_leads_back() {
        let transform = Transform { angle: 32.0, cosine: 0.6, sine: 0.8, x: 11.0, y: -7.0 };
        let (x, y) = undo(&transform, transform.apply((30.0, 50.0)));
        assert!((x - 30.0).abs() < 1e-9 && (y - 50.0).abs() < 1e-9, "{x}, {y}");
    }
}
