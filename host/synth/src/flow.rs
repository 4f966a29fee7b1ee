//! Orientation field of the ridges: where the pattern's cores and deltas are and which way ridges run.
//!
//! Zero-pole model (Sherlock and Monro, 1993): every core turns the ridges by half its angle, every delta turns
//! them back. Two terms make it less regular: ridges bend around the fingertip, which the model lets run flat,
//! and a few long waves, different in every finger, tilt them a little.
//! Coordinates are in pixels at 500 ppi from the middle of the finger pad, y up; orientations in turns.

use crate::pattern::PatternClass;
use crate::stream::Stream;
use crate::trigonometry::{direction, sin_cos};

/// Long waves per finger.
const WAVES: usize = 4;

/// A core or a delta.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Singularity {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// +1 for a core, -1 for a delta.
    pub(crate) sign: f64,
}

#[derive(Debug, Clone, Copy)]
struct Wave {
    /// Cycles per pixel.
    along_x: f64,
    along_y: f64,
    phase: f64,
    /// Largest tilt, turns.
    tilt: f64,
}

/// Orientation of the ridges at every point of one finger.
#[derive(Debug, Clone)]
pub(crate) struct OrientationField {
    singularities: Vec<Singularity>,
    waves: [Wave; WAVES],
    /// Tilt of the ridges far left and right of the tip, turns.
    tip_bend: f64,
    /// Height over which the bend builds up, px.
    tip_height: f64,
    /// Half-width of the bend, px.
    tip_width: f64,
    /// Slope of an arch without core and delta; 0 for every other class.
    arch_slope: f64,
}

impl OrientationField {
    pub(crate) fn draw(class: PatternClass, stream: &mut Stream) -> Self {
        let singularities = singularities(class, stream);
        let waves = std::array::from_fn(|_| {
            let (sine, cosine) = sin_cos(stream.unit());
            let frequency = 1.0 / stream.uniform(140.0, 420.0);
            Wave {
                along_x: frequency * cosine,
                along_y: frequency * sine,
                phase: stream.unit(),
                tilt: stream.uniform(0.0, 0.01),
            }
        });
        Self {
            singularities,
            waves,
            tip_bend: stream.uniform(0.10, 0.17),
            tip_height: stream.uniform(150.0, 260.0),
            tip_width: stream.uniform(90.0, 150.0),
            arch_slope: if class == PatternClass::Arch { stream.uniform(0.6, 1.3) } else { 0.0 },
        }
    }

    pub(crate) fn singularities(&self) -> &[Singularity] {
        &self.singularities
    }

    /// Orientation of the ridges at a point, in turns, modulo half a turn.
    pub(crate) fn at(&self, x: f64, y: f64) -> f64 {
        let mut turns = 0.0;
        for s in &self.singularities {
            turns += 0.5 * s.sign * direction(y - s.y, x - s.x);
        }
        let side = x / (x * x + self.tip_width * self.tip_width).sqrt();
        let rise = ((y + 130.0) / self.tip_height).clamp(0.0, 1.0);
        turns -= self.tip_bend * side * rise;
        if self.arch_slope > 0.0 {
            let along = (x / 320.0).clamp(-0.5, 0.5);
            let (sine, _) = sin_cos(along);
            let height = (1.0 - (y + 60.0).abs() / 260.0).max(0.0);
            turns += direction(-self.arch_slope * height * sine, 1.0);
        }
        for w in &self.waves {
            turns += w.tilt * sin_cos(w.along_x * x + w.along_y * y + w.phase).0;
        }
        turns
    }

    /// Divergence (1/px) of the unit vector along the ridges, pointing to `at(x, y)` itself.
    ///
    /// Where ridges fan out their number grows, and minutiae must point that way: the net number of minutiae
    /// per area is this divergence over the ridge period.
    pub(crate) fn divergence(&self, x: f64, y: f64) -> f64 {
        const STEP: f64 = 10.0; // px
        let here = self.at(x, y);
        let (sine, cosine) = sin_cos(here);
        let ahead = self.at(x - STEP * sine, y + STEP * cosine);
        let behind = self.at(x + STEP * sine, y - STEP * cosine);
        let change = (ahead - behind) * 2.0;
        let change = (change - (change + 0.5).floor()) / 2.0; // orientations repeat after half a turn
        change * std::f64::consts::TAU / (2.0 * STEP)
    }
}

fn singularities(class: PatternClass, stream: &mut Stream) -> Vec<Singularity> {
    let core = |x, y| Singularity { x, y, sign: 1.0 };
    let delta = |x, y| Singularity { x, y, sign: -1.0 };
    // where the middle of the pattern lies on the pad
    let (x, y) = (stream.uniform(-18.0, 18.0), stream.uniform(-15.0, 45.0));
    let mut aside = || (stream.uniform(75.0, 155.0), -stream.uniform(95.0, 190.0));
    match class {
        PatternClass::Arch => Vec::new(),
        PatternClass::TentedArch => {
            let (dx, dy) = aside();
            vec![core(x, y - 20.0), delta(x + (dx - 115.0) * 0.25, y + dy * 0.75)]
        }
        PatternClass::LeftLoop => {
            let (dx, dy) = aside();
            vec![core(x, y), delta(x + dx, y + dy)]
        }
        PatternClass::RightLoop => {
            let (dx, dy) = aside();
            vec![core(x, y), delta(x - dx, y + dy)]
        }
        PatternClass::Whorl => {
            let ((lx, ly), (rx, ry)) = (aside(), aside());
            let (half, slant) = (stream.uniform(8.0, 38.0), stream.uniform(-12.0, 12.0));
            vec![core(x + slant, y + half), core(x - slant, y - half), delta(x - lx, y + ly), delta(x + rx, y + ry)]
        }
        PatternClass::DoubleLoop => {
            let ((lx, ly), (rx, ry)) = (aside(), aside());
            let (half, across) = (stream.uniform(20.0, 45.0), stream.sign() * stream.uniform(20.0, 45.0));
            vec![core(x + across, y + half), core(x - across, y - half), delta(x - lx, y + ly), delta(x + rx, y + ry)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigonometry::wrap;

    /// Turns of the ridges along a small circle around a point, counter-clockwise.
    fn index(field: &OrientationField, x: f64, y: f64) -> f64 {
        let steps = 360;
        let at = |step: i32| {
            let (sine, cosine) = sin_cos(f64::from(step) / f64::from(steps));
            field.at(x + 3.0 * cosine, y + 3.0 * sine)
        };
        let turns = |step| wrap((at(step + 1) - at(step)) * 2.0) / 2.0;
        assert!((0..steps).all(|step| turns(step).abs() < 0.01), "a seam at ({x}, {y})");
        (0..steps).map(turns).sum()
    }

    #[test]
    fn ridges_turn_by_half_around_a_core_and_by_minus_half_around_a_delta() {
        for (number, (class, _)) in PatternClass::SHARES.into_iter().enumerate() {
            let field = OrientationField::draw(class, &mut Stream::new(5, number as u32, None));
            for s in field.singularities() {
                assert!((index(&field, s.x, s.y) - 0.5 * s.sign).abs() < 1e-6, "{class:?} {s:?}");
            }
            assert!(index(&field, 300.0, 300.0).abs() < 1e-6, "{class:?} away from its cores");
        }
    }

    #[test]
    fn a_left_loop_opens_to_the_left() {
        let field = OrientationField::draw(PatternClass::LeftLoop, &mut Stream::new(5, 1, None));
        let core = field.singularities()[0];
        // below the core, ridges run from lower left to upper right
        let below = field.at(core.x, core.y - 60.0).rem_euclid(0.5);
        assert!((0.08..0.25).contains(&below), "{below}");
    }

    #[test]
    fn divergence_is_that_of_ridges_that_leave_a_point() {
        // two cores in one place: ridges run out of it like rays, and diverge by one over the distance
        let ray = Singularity { x: 0.0, y: 0.0, sign: 2.0 };
        let mut field = OrientationField::draw(PatternClass::Arch, &mut Stream::new(1, 1, None));
        field.singularities = vec![ray];
        field.waves.iter_mut().for_each(|w| w.tilt = 0.0);
        (field.tip_bend, field.arch_slope) = (0.0, 0.0);
        assert!((field.divergence(80.0, 60.0) - 0.01).abs() < 1e-4);
    }
}
