//! What one impression's capture does to the finger: where it touches, how it is turned and how skin stretches.

use crate::distortion::Distortion;
use crate::finger::PAD;
use crate::stream::Stream;
use crate::trigonometry::sin_cos;

/// Bad patches are drawn one by one, each with the same chance.
const PATCHES_MAX: usize = 8;

/// How much farther off the middle a finger put down without care is, and how much more its skin is distorted.
const CARELESS: f64 = 1.7;

/// Distance from the middle of the contact area at which `plastic_px` is the displacement.
const PLASTIC_REACH_PX: f64 = 150.0;

/// A place and a direction in the image: px right of and above the middle of the image, turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) direction: f64,
}

/// The conditions of one impression.
#[derive(Debug)]
pub(crate) struct Capture {
    /// Middle of the contact area on the finger, px.
    centre: (f64, f64),
    /// Half-axes of the contact area, px.
    half_axes: (f64, f64),
    rotation: f64, // turns
    translation: (f64, f64),
    /// Displacement in x and y: coefficients of x, y, x^2, xy, y^2 with x and y in `PLASTIC_REACH_PX`.
    displacement: [[f64; 5]; 2],
    /// Quality of the whole impression, 0 to 1.
    pub(crate) quality: f64,
    /// Centre, radius (px) and depth of each bad patch.
    patches: Vec<(f64, f64, f64, f64)>,
}

impl Capture {
    pub(crate) fn draw(distortion: &Distortion, stream: &mut Stream) -> Self {
        let scale = (1.0 + distortion.contact_spread * stream.normal()).clamp(0.3, 2.0);
        let shape = (1.0 + 0.5 * distortion.contact_spread * stream.normal()).clamp(0.5, 2.0);
        let half_axes =
            (distortion.contact_half_width_px * scale * shape, distortion.contact_half_height_px * scale / shape);
        let careless = stream.chance(distortion.careless_share);
        let factor = if careless { CARELESS } else { 1.0 };
        let offset = factor * distortion.contact_offset_px;
        let centre = (offset * stream.normal(), offset * stream.normal());
        let deviation = if careless { distortion.careless_degrees } else { distortion.rotation_degrees };
        let limit = distortion.rotation_limit_degrees;
        let rotation = (deviation * stream.normal()).clamp(-limit, limit) / 360.0;
        let translation = (distortion.translation_px * stream.normal(), distortion.translation_px * stream.normal());
        let displacement = std::array::from_fn(|_| {
            std::array::from_fn(|term| {
                let linear = distortion.stretch * PLASTIC_REACH_PX;
                factor * stream.normal() * if term < 2 { linear } else { distortion.plastic_px }
            })
        });
        let quality = (distortion.quality_mean + distortion.quality_deviation * stream.normal()) / 100.0;
        let mut patches = Vec::new();
        for _ in 0..PATCHES_MAX {
            let (x, y) = stream.in_disc();
            let (radius, depth) = (stream.uniform(25.0, 70.0), stream.uniform(0.3, 0.9));
            if stream.chance(distortion.bad_patches / PATCHES_MAX as f64) {
                let x = centre.0 + x * half_axes.0;
                patches.push((x, centre.1 + y * half_axes.1, radius, depth));
            }
        }
        Self { centre, half_axes, rotation, translation, displacement, quality: quality.clamp(0.0, 1.0), patches }
    }

    /// Whether this point of the finger touches the sensor.
    pub(crate) fn touches(&self, x: f64, y: f64) -> bool {
        let (u, v) = ((x - self.centre.0) / self.half_axes.0, (y - self.centre.1) / self.half_axes.1);
        u * u + v * v < 1.0
    }

    /// A point of the finger, uniformly anywhere in the contact area, if there is skin.
    pub(crate) fn somewhere(&self, stream: &mut Stream) -> Option<(f64, f64)> {
        let (u, v) = stream.in_disc();
        let (x, y) = (self.centre.0 + u * self.half_axes.0, self.centre.1 + v * self.half_axes.1);
        let (p, q) = (x / PAD.0, y / PAD.1);
        (p * p + q * q < 1.0).then_some((x, y))
    }

    /// How well the skin at this point of the finger shows its ridges, 0 to 1.
    pub(crate) fn quality_at(&self, x: f64, y: f64) -> f64 {
        let (u, v) = ((x - self.centre.0) / self.half_axes.0, (y - self.centre.1) / self.half_axes.1);
        let edge = (u * u + v * v).min(1.0);
        let mut quality = self.quality * (1.0 - 0.25 * edge * edge);
        for &(px, py, radius, depth) in &self.patches {
            let r2 = ((x - px) * (x - px) + (y - py) * (y - py)) / (radius * radius);
            if r2 < 1.0 {
                quality *= 1.0 - depth * (1.0 - r2 * r2);
            }
        }
        quality
    }

    /// Where the image shows a place and direction of the finger.
    pub(crate) fn place(&self, x: f64, y: f64, direction: f64) -> Placed {
        let (u, v) = ((x - self.centre.0) / PLASTIC_REACH_PX, (y - self.centre.1) / PLASTIC_REACH_PX);
        let [dx, dy] = self.displacement.map(|[a, b, c, d, e]| a * u + b * v + c * u * u + d * u * v + e * v * v);
        // the direction turns with the derivative of the displacement
        let (sine, cosine) = sin_cos(direction);
        let [sx, sy] = self.displacement.map(|[a, b, c, d, e]| {
            let (along_u, along_v) = (a + 2.0 * c * u + d * v, b + d * u + 2.0 * e * v);
            (along_u * cosine + along_v * sine) / PLASTIC_REACH_PX
        });
        let turned = crate::trigonometry::direction(sine + sy, cosine + sx);
        let (sine, cosine) = sin_cos(self.rotation);
        let (px, py) = (x - self.centre.0 + dx, y - self.centre.1 + dy);
        Placed {
            x: px * cosine - py * sine + self.translation.0,
            y: px * sine + py * cosine + self.translation.1,
            direction: turned + self.rotation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigonometry::wrap;

    fn captures() -> impl Iterator<Item = Capture> {
        (0..50).map(|number| Capture::draw(&Distortion::hard(), &mut Stream::new(9, number, Some(0))))
    }

    #[test]
    fn directions_turn_as_the_skin_does() {
        for capture in captures() {
            for step in 0..16 {
                let direction = f64::from(step) / 16.0;
                let (sine, cosine) = sin_cos(direction);
                let (x, y) = (40.0 + f64::from(step), -30.0);
                let here = capture.place(x, y, direction);
                let ahead = capture.place(x + 0.01 * cosine, y + 0.01 * sine, direction);
                let moved = crate::trigonometry::direction(ahead.y - here.y, ahead.x - here.x);
                assert!(wrap(moved - here.direction).abs() < 1e-3, "{capture:?}");
            }
        }
    }

    #[test]
    fn quality_is_lower_in_a_bad_patch_and_never_outside_its_range() {
        let mut seen = 0;
        for mut capture in captures() {
            let patches = std::mem::take(&mut capture.patches);
            for (x, y, radius, depth) in patches {
                let good = capture.quality_at(x, y);
                capture.patches = vec![(x, y, radius, depth)];
                let bad = capture.quality_at(x, y);
                assert!((0.0..=1.0).contains(&bad));
                assert!((bad - good * (1.0 - depth)).abs() < 1e-9);
                capture.patches.clear();
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen} patches");
    }

    #[test]
    fn a_clean_capture_moves_nothing() {
        let capture = Capture::draw(&Distortion::clean(), &mut Stream::new(1, 1, Some(1)));
        let placed = capture.place(31.0, -47.0, 0.3);
        assert!((placed.x - 31.0).abs() < 1e-9 && (placed.y + 47.0).abs() < 1e-9);
        assert!((placed.direction - 0.3).abs() < 1e-8);
        assert!(capture.touches(129.0, 0.0) && !capture.touches(131.0, 0.0));
    }
}
