//! One finger of a drawn comparison.

use super::area::Place;
use super::picture::Picture;
use super::{Finger, MARGIN, escape};
use std::f64::consts::PI;
use std::fmt::Write;
use whorl_matcher::Origin;
use whorl_template::{Minutia, MinutiaKind, RESOLUTION_500_PPI};

/// Half the size of a minutia's mark, in units of the drawing.
const MARK: f64 = 4.0;
/// Length of the tick that shows a direction.
const TICK: f64 = 12.0;
/// Room around minutiae that lie outside the image, in its pixels.
const BORDER: f64 = 10.0;
/// Colour of minutiae without a correspondence.
const UNMATCHED: &str = "#5b7083";

/// The part of a correspondence that one of its minutiae shows.
#[derive(Debug, Clone)]
pub struct Link {
    /// Number of the correspondence, from 1, the best first.
    pub number: usize,
    /// Colour of the correspondence.
    pub colour: String,
}

/// Where a finger is drawn.
#[derive(Debug)]
pub struct Panel<'a> {
    finger: &'a Finger<'a>,
    origin: Origin,
    /// Top left of what is shown, in pixels of the file.
    corner: Place,
    /// Size of what is shown, in pixels of the file.
    size: Place,
    /// Top left on the drawing.
    at: Place,
    /// Units of the drawing per pixel of the file, across and down.
    scale: Place,
}

impl<'a> Panel<'a> {
    /// A panel at the drawing's corner, with one unit per pixel at 500 ppi.
    pub fn new(finger: &'a Finger<'a>) -> Self {
        let Finger { template, view, role, picture, .. } = finger;
        let of_header = (f64::from(template.size_x), f64::from(template.size_y));
        let image = picture.map_or(of_header, |Picture { width, height, .. }| ((*width).into(), (*height).into()));
        let (mut low, mut high) = ((0.0_f64, 0.0_f64), (image.0.max(1.0), image.1.max(1.0)));
        for (x, y) in view.minutiae.iter().copied().map(place) {
            low = (low.0.min(x - BORDER), low.1.min(y - BORDER));
            high = (high.0.max(x + BORDER), high.1.max(y + BORDER));
        }
        let unit = |resolution: u16| match resolution {
            0 => 1.0,
            resolution => f64::from(RESOLUTION_500_PPI) / f64::from(resolution),
        };
        Self {
            finger,
            origin: Origin::of(view, template.resolution_x, template.resolution_y, *role),
            corner: low,
            size: (high.0 - low.0, high.1 - low.1),
            at: (0.0, 0.0),
            scale: (unit(template.resolution_x), unit(template.resolution_y)),
        }
    }

    /// Width and height on the drawing.
    pub fn extent(&self) -> Place {
        (self.size.0 * self.scale.0, self.size.1 * self.scale.1)
    }

    /// Magnifies the panel and puts its top left there.
    pub fn arrange(&mut self, zoom: f64, at: Place) {
        self.scale = (self.scale.0 * zoom, self.scale.1 * zoom);
        self.at = at;
    }

    /// Where a place of the file is drawn.
    fn drawn(&self, (x, y): Place) -> Place {
        (self.at.0 + (x - self.corner.0) * self.scale.0, self.at.1 + (y - self.corner.1) * self.scale.1)
    }

    /// Where a minutia of the record is drawn; `None` for one that the record does not have.
    pub fn minutia(&self, of_record: usize) -> Option<Place> {
        let &index = self.origin.indices.get(of_record)?;
        Some(self.drawn(place(self.finger.view.minutiae[index])))
    }

    /// Writes the finger: name, image, the polygon (in places of the record) and the minutiae. `link` tells what a
    /// minutia of the record corresponds with.
    pub fn write(&self, svg: &mut String, class: &str, polygon: &[Place], link: impl Fn(usize) -> Option<Link>) {
        let (left, top) = self.at;
        let (width, height) = self.extent();
        let mut put = |text: std::fmt::Arguments| writeln!(svg, "{text}").expect("a string takes text");
        put(format_args!("<g class=\"finger {class}\">"));
        put(format_args!(
            "<text x=\"{left:.1}\" y=\"{:.1}\" font-size=\"13\">{}</text>",
            top - MARGIN / 3.0,
            escape(&format!("{class}: {}", self.finger.name))
        ));
        if let Some(picture) = self.finger.picture {
            let ((x, y), scale) = (self.drawn((0.0, 0.0)), self.scale);
            put(format_args!(
                "<image x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" preserveAspectRatio=\"none\" href=\"{}\"/>",
                f64::from(picture.width) * scale.0,
                f64::from(picture.height) * scale.1,
                picture.uri
            ));
        }
        put(format_args!(
            "<rect class=\"frame\" x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"none\" \
             stroke=\"#999\"/>"
        ));
        if polygon.len() >= 3 {
            let corner = |&at: &Place| {
                let (x, y) = self.drawn(self.origin.in_image(at));
                format!("{x:.1},{y:.1}")
            };
            put(format_args!(
                "<polygon class=\"common\" points=\"{}\" fill=\"#2f7d4f\" fill-opacity=\"0.15\" stroke=\"#2f7d4f\" \
                 stroke-dasharray=\"4 3\"/>",
                polygon.iter().map(corner).collect::<Vec<_>>().join(" ")
            ));
        }
        for (index, minutia) in self.finger.view.minutiae.iter().copied().enumerate() {
            let of_record = self.origin.indices.iter().position(|&of_file| of_file == index);
            put(format_args!("{}", self.mark(index, minutia, of_record, of_record.and_then(&link).as_ref())));
        }
        put(format_args!("</g>"));
    }

    /// A minutia's mark.
    fn mark(&self, index: usize, minutia: Minutia, of_record: Option<usize>, link: Option<&Link>) -> String {
        let (x, y) = self.drawn(place(minutia));
        let (kind, shape) = match minutia.kind {
            MinutiaKind::Ending => ("ending", format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{MARK}\"/>")),
            MinutiaKind::Bifurcation => ("bifurcation", format!("<path d=\"{}\"/>", square(x, y))),
            MinutiaKind::Other => ("other", format!("<path d=\"{}\"/>", diamond(x, y))),
        };
        let radians = f64::from(minutia.angle) * PI / 128.0;
        let (tick_x, tick_y) = (x + TICK * radians.cos(), y - TICK * radians.sin());
        let (state, colour) = match (link, of_record) {
            (Some(link), _) => ("matched", link.colour.as_str()),
            (None, Some(_)) => ("unmatched", UNMATCHED),
            (None, None) => ("unused", UNMATCHED),
        };
        let dashes = if of_record.is_none() { " stroke-dasharray=\"2 2\"" } else { "" };
        let number = link.map_or(String::new(), |link| {
            let (x, y) = (x + 6.0, y + 11.0);
            format!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"9\" stroke=\"none\" fill=\"{colour}\">{}</text>",
                link.number
            )
        });
        format!(
            "<g class=\"minutia {kind} {state}\" data-index=\"{index}\" data-x=\"{x:.2}\" data-y=\"{y:.2}\" fill=\"none\" \
             stroke=\"{colour}\" stroke-width=\"1.4\"{dashes}><title>{kind} {index}: x {}, y {}, {:.0} degrees, quality {}\
             {}</title>{shape}<path d=\"M{x:.2} {y:.2}L{tick_x:.2} {tick_y:.2}\"/>{number}</g>",
            minutia.x,
            minutia.y,
            radians.to_degrees(),
            minutia.quality,
            if of_record.is_none() { ", not in the record" } else { "" }
        )
    }
}

fn place(minutia: Minutia) -> Place {
    (minutia.x.into(), minutia.y.into())
}

/// A square.
fn square(x: f64, y: f64) -> String {
    let half = MARK - 0.5; // as large to the eye as the circle
    format!("M{:.2} {:.2}H{:.2}V{:.2}H{:.2}Z", x - half, y - half, x + half, y + half, x - half)
}

/// A square on its corner.
fn diamond(x: f64, y: f64) -> String {
    format!("M{:.2} {y:.2}L{x:.2} {:.2}L{:.2} {y:.2}L{x:.2} {:.2}Z", x - MARK, y - MARK, x + MARK, y + MARK)
}
