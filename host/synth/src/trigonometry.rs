//! Sine, cosine and arc tangent that give the same bits on every machine.
//!
//! The C library's functions may differ in the last bit between systems, and one differing bit can move a
//! rounded coordinate. These use only `+ - * /`, `floor` and comparisons, which IEEE 754 rounds correctly
//! and which Rust neither reorders nor fuses. Angles are in turns: 1.0 is a full circle.

use std::f64::consts::TAU;

/// Taylor series of sin(x)/x in x squared, highest power first.
const SINE: [f64; 6] = [-1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0];

/// Taylor series of cos(x) in x squared, highest power first.
const COSINE: [f64; 7] = [1.0 / 479_001_600.0, -1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0];

/// Taylor series of atan(z)/z in z squared, highest power first.
const ARC_TANGENT: [f64; 10] =
    [-1.0 / 19.0, 1.0 / 17.0, -1.0 / 15.0, 1.0 / 13.0, -1.0 / 11.0, 1.0 / 9.0, -1.0 / 7.0, 1.0 / 5.0, -1.0 / 3.0, 1.0];

/// Sine and cosine of an angle in turns, within 1e-9 of the true values.
pub(crate) fn sin_cos(turns: f64) -> (f64, f64) {
    let quarters = (turns * 4.0 + 0.5).floor();
    let x = (turns - quarters * 0.25) * TAU; // within an eighth of a turn of zero
    let x2 = x * x;
    let sine = x * polynomial(x2, &SINE);
    let cosine = polynomial(x2, &COSINE);
    match (quarters as i64).rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// Direction of the vector (x, y) in turns, in -0.5..=0.5, within 1e-9 of the true value; 0 for the zero vector.
pub(crate) fn direction(y: f64, x: f64) -> f64 {
    let (ax, ay) = (x.abs(), y.abs());
    if ax == 0.0 && ay == 0.0 {
        return 0.0;
    }
    let octant = if ay <= ax { arc_tangent(ay / ax) } else { 0.25 - arc_tangent(ax / ay) };
    let half = if x < 0.0 { 0.5 - octant } else { octant };
    if y < 0.0 { -half } else { half }
}

/// Arc tangent in turns of a ratio in 0..=1.
fn arc_tangent(ratio: f64) -> f64 {
    // tan(1/16 turn): above it the angle is taken from 1/8 turn, where the series converges again
    const SIXTEENTH: f64 = 0.414_213_562_373_095_03;
    let (base, z) = if ratio > SIXTEENTH { (0.125, (ratio - 1.0) / (ratio + 1.0)) } else { (0.0, ratio) };
    base + z * polynomial(z * z, &ARC_TANGENT) / TAU
}

/// The polynomial in `x` with these coefficients, highest power first (Horner).
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// The same angle in -0.5..0.5 turns.
pub(crate) fn wrap(turns: f64) -> f64 {
    turns - (turns + 0.5).floor()
}

/// Angle byte of a direction in turns (ISO/IEC 19794-2:2005 7.3: units of 1/256 turn), to the nearest.
pub(crate) fn angle_byte(turns: f64) -> u8 {
    ((turns * 256.0 + 0.5).floor() as i64).rem_euclid(256) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_those_of_the_mathematics_library() {
        for step in -5000..5000 {
            let turns = f64::from(step) / 1237.0;
            let (sine, cosine) = sin_cos(turns);
            assert!((sine - (turns * TAU).sin()).abs() < 1e-9, "sine of {turns}");
            assert!((cosine - (turns * TAU).cos()).abs() < 1e-9, "cosine of {turns}");
        }
    }

    #[test]
    fn direction_is_that_of_the_mathematics_library_in_every_octant() {
        for step in 0..5000 {
            let angle = f64::from(step) / 5000.0 * TAU;
            let (y, x) = (3.0 * angle.sin(), 3.0 * angle.cos());
            let difference = wrap(direction(y, x) - y.atan2(x) / TAU);
            assert!(difference.abs() < 1e-9, "direction of ({x}, {y})");
        }
        assert_eq!(direction(0.0, 0.0).to_bits(), 0.0f64.to_bits());
    }

    #[test]
    fn angle_bytes_round_to_the_nearest_and_wrap() {
        assert_eq!(angle_byte(0.0), 0);
        assert_eq!(angle_byte(-1.0 / 256.0), 255);
        assert_eq!(angle_byte(0.999), 0);
        assert_eq!(angle_byte(1.25 + 0.4 / 256.0), 64);
        assert_eq!(angle_byte(0.25 + 0.6 / 256.0), 65);
    }
}
