//! One synthetic finger: its pattern and every minutia it has.

use crate::flow::OrientationField;
use crate::pattern::PatternClass;
use crate::stream::Stream;
use whorl_template::MinutiaKind;

/// Half-width and half-height of the skin that carries minutiae, px at 500 ppi: 19 by 27 mm.
pub(crate) const PAD: (f64, f64) = (190.0, 265.0);

/// Minutiae per square pixel of an average finger: 0.2 per square millimetre.
const DENSITY: f64 = 5.2e-4;

/// Share of endings among all minutiae (SecuGen's extractor reports 57 % on FVC2002 and FVC2004).
const ENDINGS: f64 = 0.57;

/// No finger has more minutiae.
pub(crate) const MINUTIAE_MAX: usize = 160;

/// A minutia of the finger itself, before any impression of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FingerMinutia {
    /// Pixels at 500 ppi to the right of the middle of the finger pad.
    pub x: f64,
    /// Pixels at 500 ppi above the middle of the finger pad.
    pub y: f64,
    /// Direction in turns, counter-clockwise from +x, as ISO/IEC 19794-2 defines it.
    pub direction: f64,
    /// Ending or bifurcation.
    pub kind: MinutiaKind,
    /// How clearly it shows in every impression, 0 (rarely found) to 1 (almost always).
    pub salience: f64,
}

/// A finger that never existed, the same for the same seed and index on every machine.
///
/// ```
/// use whorl_synth::{Distortion, Finger};
/// let finger = Finger::new(7, 0);
/// let enrolled = finger.impression(0, &Distortion::default());
/// let probe = finger.impression(1, &Distortion::default());
/// assert_ne!(enrolled, probe);
/// assert_eq!(probe, Finger::new(7, 0).impression(1, &Distortion::default()));
/// ```
#[derive(Debug, Clone)]
pub struct Finger {
    pub(crate) seed: u64,
    pub(crate) index: u32,
    pub(crate) field: OrientationField,
    /// Distance between ridges, px at 500 ppi.
    pub(crate) ridge_period: f64,
    class: PatternClass,
    minutiae: Vec<FingerMinutia>,
}

impl Finger {
    /// Finger number `index` of the population that `seed` names.
    pub fn new(seed: u64, index: u32) -> Self {
        let stream = &mut Stream::new(seed, index, None);
        let class = PatternClass::draw(stream);
        let field = OrientationField::draw(class, stream);
        let ridge_period = (9.0 + 0.7 * stream.normal()).clamp(7.2, 11.0);
        let mut finger = Self { seed, index, field, ridge_period, class, minutiae: Vec::new() };
        finger.place_minutiae(stream);
        finger
    }

    /// Class of the ridge pattern.
    pub fn class(&self) -> PatternClass {
        self.class
    }

    /// Distance between neighbouring ridges, pixels at 500 ppi (7.2 to 11).
    pub fn ridge_period(&self) -> f64 {
        self.ridge_period
    }

    /// Everything an ideal rolled impression would show, at most 160 minutiae, in no particular order.
    pub fn minutiae(&self) -> &[FingerMinutia] {
        &self.minutiae
    }

    fn place_minutiae(&mut self, stream: &mut Stream) {
        let spread = (1.0 + 0.17 * stream.normal()).clamp(0.55, 1.6);
        let area = std::f64::consts::PI * PAD.0 * PAD.1;
        let wanted = (DENSITY * area * spread * 9.0 / self.ridge_period) as usize;
        let wanted = wanted.clamp(20, MINUTIAE_MAX);
        let crowding = Crowding::draw(stream);
        // The attempts are bounded: a crowded finger simply stays a little short of what was wanted.
        for _ in 0..30 * wanted {
            if self.minutiae.len() >= wanted {
                break;
            }
            let (x, y) = stream.in_disc();
            let (x, y) = (x * PAD.0, y * PAD.1);
            let intensity = crowding.at(x, y) + self.near_singularities(x, y);
            if !stream.chance(intensity / 3.8) || !self.has_room(x, y, stream) {
                continue;
            }
            let minutia = self.grow(x, y, stream);
            self.minutiae.push(minutia);
            if self.minutiae.len() < wanted && stream.chance(0.10) {
                self.place_partner(minutia, stream);
            }
        }
    }

    /// Extra intensity around cores and deltas, where the flow forces ridges to begin and end.
    fn near_singularities(&self, x: f64, y: f64) -> f64 {
        const REACH: f64 = 75.0; // px
        let bump = |sx: f64, sy: f64| {
            let r2 = ((x - sx) * (x - sx) + (y - sy) * (y - sy)) / (REACH * REACH);
            if r2 < 1.0 { (1.0 - r2) * (1.0 - r2) } else { 0.0 }
        };
        self.field.singularities().iter().map(|s| 2.0 * bump(s.x, s.y)).sum()
    }

    /// Minutiae keep about a ridge period apart and are rare below two.
    fn has_room(&self, x: f64, y: f64, stream: &mut Stream) -> bool {
        let nearest = self
            .minutiae
            .iter()
            .map(|m| (m.x - x) * (m.x - x) + (m.y - y) * (m.y - y))
            .fold(f64::INFINITY, f64::min)
            .sqrt();
        let near = (nearest / self.ridge_period - 0.8) / 1.2;
        near > 0.0 && (near >= 1.0 || stream.chance(near * near))
    }

    /// A minutia whose direction follows the flow, to the side where ridges fan out more often than not.
    fn grow(&self, x: f64, y: f64, stream: &mut Stream) -> FingerMinutia {
        let along = self.field.at(x, y);
        // net minutiae that the flow asks for here, over all that are here
        let excess = self.field.divergence(x, y) / self.ridge_period / DENSITY;
        let forward = 0.5 + 0.42 * (5.0 * excess).clamp(-1.0, 1.0);
        let half = if stream.chance(forward) { 0.0 } else { 0.5 };
        FingerMinutia {
            x,
            y,
            direction: along + half + 0.018 * stream.normal(),
            kind: draw_kind(stream),
            salience: salience(stream),
        }
    }

    /// The other end of a short ridge or of a break in one: near, along the flow, the opposite direction.
    fn place_partner(&mut self, first: FingerMinutia, stream: &mut Stream) {
        let (sine, cosine) = crate::trigonometry::sin_cos(first.direction + stream.uniform(-0.09, 0.09));
        let distance = self.ridge_period * stream.uniform(1.1, 2.3) * stream.sign();
        let (x, y) = (first.x + distance * cosine, first.y + distance * sine);
        let clear = self
            .minutiae
            .iter()
            .all(|m| (m.x - x) * (m.x - x) + (m.y - y) * (m.y - y) > self.ridge_period * self.ridge_period);
        if clear && (x / PAD.0) * (x / PAD.0) + (y / PAD.1) * (y / PAD.1) < 1.0 {
            let mut partner = self.grow(x, y, stream);
            if crate::trigonometry::wrap(partner.direction - first.direction).abs() < 0.25 {
                partner.direction += 0.5;
            }
            self.minutiae.push(partner);
        }
    }
}

fn draw_kind(stream: &mut Stream) -> MinutiaKind {
    if stream.chance(ENDINGS) { MinutiaKind::Ending } else { MinutiaKind::Bifurcation }
}

/// Most minutiae show well, some hardly: 1 minus the square of a uniform number.
fn salience(stream: &mut Stream) -> f64 {
    let u = stream.unit();
    1.0 - u * u
}

/// Smooth unevenness of the density over one finger.
struct Crowding {
    /// Centre, radius (px) and height of each patch.
    patches: [(f64, f64, f64, f64); 5],
}

impl Crowding {
    fn draw(stream: &mut Stream) -> Self {
        Self {
            patches: std::array::from_fn(|_| {
                let (x, y) = stream.in_disc();
                (x * PAD.0, y * PAD.1, stream.uniform(60.0, 140.0), stream.uniform(-0.7, 0.9))
            }),
        }
    }

    /// Intensity at a point, about 1 on average and at most 1.8.
    fn at(&self, x: f64, y: f64) -> f64 {
        let mut intensity = 1.0;
        for &(px, py, radius, height) in &self.patches {
            let r2 = ((x - px) * (x - px) + (y - py) * (y - py)) / (radius * radius);
            if r2 < 1.0 {
                intensity += height * (1.0 - r2);
            }
        }
        intensity.clamp(0.2, 1.8)
    }
}
