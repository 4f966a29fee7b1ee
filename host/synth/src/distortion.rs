//! How an impression differs from its finger.

use crate::error::SynthError;

/// Capture conditions and extractor faults of an impression.
///
/// Lengths are pixels at 500 ppi (0.0508 mm). "Deviation" is the standard deviation of what is drawn anew for
/// every impression. The documentation of each field gives its range; [`Distortion::validate`] tests it.
#[derive(Debug, Clone, PartialEq)]
pub struct Distortion {
    /// Width of the image, px, 16 to 16383. Minutiae beyond it are lost.
    pub canvas_width_px: u16,
    /// Height of the image, px, 16 to 16383.
    pub canvas_height_px: u16,
    /// Mean half-width of the elliptic contact area, px, 1 to 1000.
    pub contact_half_width_px: f64,
    /// Mean half-height of the contact area, px, 1 to 1000.
    pub contact_half_height_px: f64,
    /// Deviation of the contact area's half-axes relative to their means, 0 to 1.
    pub contact_spread: f64,
    /// Deviation of the middle of the contact area from the middle of the finger pad, per coordinate, px, 0 to 500.
    pub contact_offset_px: f64,
    /// Deviation of the rotation of a finger put down with care, degrees, 0 to 180.
    pub rotation_degrees: f64,
    /// Share of impressions put down without care, 0 to 1. Their offset and the distortion of their skin deviate
    /// 1.7 times as much as the others'.
    pub careless_share: f64,
    /// Deviation of the rotation of those, degrees, 0 to 180.
    pub careless_degrees: f64,
    /// Largest rotation either way, degrees, 0 to 180; what is drawn beyond it is taken at the limit.
    pub rotation_limit_degrees: f64,
    /// Deviation of the middle of the contact area from the middle of the image, per coordinate, px, 0 to 5000.
    pub translation_px: f64,
    /// Deviation of each of the four terms of the linear part of the skin's distortion, relative, 0 to 0.3.
    pub stretch: f64,
    /// Deviation of each of the six quadratic terms of the skin's distortion: displacement 150 px from the middle
    /// of the contact area, px, 0 to 100.
    pub plastic_px: f64,
    /// Share of the minutiae in the contact area that are missed on average, 0 to 1. Faint minutiae and bad skin
    /// are missed more often.
    pub missing: f64,
    /// Minutiae reported where there are none, per minutia in the contact area, on average, 0 to 5.
    pub spurious: f64,
    /// Deviation of a minutia's position, per coordinate, px, 0 to 100. Bad skin has up to three times as much.
    pub position_jitter_px: f64,
    /// Deviation of a minutia's direction, degrees, 0 to 180. Bad skin has up to three times as much.
    pub direction_jitter_degrees: f64,
    /// Share of minutiae reported with the opposite direction, 0 to 1.
    pub direction_flips: f64,
    /// Share of minutiae whose type is reported wrongly, 0 to 1.
    pub type_flips: f64,
    /// Mean quality of an impression, 0 to 100, as in the finger view.
    pub quality_mean: f64,
    /// Deviation of that quality, 0 to 100.
    pub quality_deviation: f64,
    /// Mean number of patches of dry, wet or dirty skin in a contact area, 0 to 8.
    pub bad_patches: f64,
}

/// A numeric field: its name, where it is and its range.
struct Limit {
    field: &'static str,
    get: fn(&mut Distortion) -> &mut f64,
    min: f64,
    max: f64,
}

macro_rules! limits {
    ($($field:ident: $min:literal, $max:literal;)*) => {
        [$(Limit { field: stringify!($field), get: |d| &mut d.$field, min: $min, max: $max }),*]
    };
}

const LIMITS: [Limit; 20] = limits! {
    contact_half_width_px: 1.0, 1000.0;
    contact_half_height_px: 1.0, 1000.0;
    contact_spread: 0.0, 1.0;
    contact_offset_px: 0.0, 500.0;
    rotation_degrees: 0.0, 180.0;
    careless_share: 0.0, 1.0;
    careless_degrees: 0.0, 180.0;
    rotation_limit_degrees: 0.0, 180.0;
    translation_px: 0.0, 5000.0;
    stretch: 0.0, 0.3;
    plastic_px: 0.0, 100.0;
    missing: 0.0, 1.0;
    spurious: 0.0, 5.0;
    position_jitter_px: 0.0, 100.0;
    direction_jitter_degrees: 0.0, 180.0;
    direction_flips: 0.0, 1.0;
    type_flips: 0.0, 1.0;
    quality_mean: 0.0, 100.0;
    quality_deviation: 0.0, 100.0;
    bad_patches: 0.0, 8.0;
};

/// Range of the sides of an image: what the 14-bit coordinates of ISO/IEC 19794-2:2005 can name.
const CANVAS_PX: (u16, u16) = (16, 16_383);

impl Distortion {
    /// The finger as it is, put down straight and in the middle, every minutia in the contact area found.
    pub fn clean() -> Self {
        Self {
            canvas_width_px: 388,
            canvas_height_px: 374,
            contact_half_width_px: 130.0,
            contact_half_height_px: 175.0,
            contact_spread: 0.0,
            contact_offset_px: 0.0,
            rotation_degrees: 0.0,
            careless_share: 0.0,
            careless_degrees: 0.0,
            rotation_limit_degrees: 0.0,
            translation_px: 0.0,
            stretch: 0.0,
            plastic_px: 0.0,
            missing: 0.0,
            spurious: 0.0,
            position_jitter_px: 0.0,
            direction_jitter_degrees: 0.0,
            direction_flips: 0.0,
            type_flips: 0.0,
            quality_mean: 100.0,
            quality_deviation: 0.0,
            bad_patches: 0.0,
        }
    }

    /// A dirty sensor, dry or wet fingers, careless placement: the coarse comparison alone misses about a tenth of
    /// the mates at FMR 1 %.
    pub fn hard() -> Self {
        Self {
            contact_half_width_px: 112.0,
            contact_half_height_px: 150.0,
            contact_spread: 0.2,
            contact_offset_px: 24.0,
            rotation_degrees: 8.0,
            careless_share: 0.4,
            careless_degrees: 22.0,
            rotation_limit_degrees: 60.0,
            translation_px: 18.0,
            stretch: 0.02,
            plastic_px: 4.5,
            missing: 0.125,
            spurious: 0.12,
            position_jitter_px: 1.0,
            direction_jitter_degrees: 2.6,
            direction_flips: 0.01,
            type_flips: 0.25,
            quality_mean: 70.0,
            quality_deviation: 24.0,
            bad_patches: 2.5,
            ..Self::clean()
        }
    }

    /// Tests every field against its range.
    ///
    /// # Errors
    /// [`SynthError::FieldRange`] names the first field that is no number or outside its range.
    pub fn validate(&self) -> Result<(), SynthError> {
        let canvas = [("canvas_width_px", self.canvas_width_px), ("canvas_height_px", self.canvas_height_px)];
        for (field, value) in canvas {
            if !(CANVAS_PX.0..=CANVAS_PX.1).contains(&value) {
                let (min, max) = (f64::from(CANVAS_PX.0), f64::from(CANVAS_PX.1));
                return Err(SynthError::FieldRange { field, value: f64::from(value), min, max });
            }
        }
        let mut copy = self.clone();
        for Limit { field, get, min, max } in &LIMITS {
            let value = *get(&mut copy);
            if !(*min..=*max).contains(&value) {
                return Err(SynthError::FieldRange { field, value, min: *min, max: *max });
            }
        }
        Ok(())
    }

    /// The same with every field in its range: at the nearer limit if it was outside, at the lower if no number.
    #[must_use]
    pub fn clamped(&self) -> Self {
        let mut copy = self.clone();
        copy.canvas_width_px = copy.canvas_width_px.clamp(CANVAS_PX.0, CANVAS_PX.1);
        copy.canvas_height_px = copy.canvas_height_px.clamp(CANVAS_PX.0, CANVAS_PX.1);
        for limit in &LIMITS {
            let value = (limit.get)(&mut copy);
            *value = if value.is_nan() { limit.min } else { value.clamp(limit.min, limit.max) };
        }
        copy
    }
}

impl Default for Distortion {
    /// An attended optical sensor of 388 by 374 px: its comparisons are spread like those of FVC2002 and FVC2004.
    fn default() -> Self {
        Self {
            contact_half_width_px: 116.0,
            contact_half_height_px: 180.0,
            contact_spread: 0.18,
            contact_offset_px: 20.0,
            rotation_degrees: 2.5,
            careless_share: 0.3,
            careless_degrees: 17.0,
            rotation_limit_degrees: 45.0,
            translation_px: 8.0,
            stretch: 0.016,
            plastic_px: 4.2,
            missing: 0.065,
            spurious: 0.055,
            position_jitter_px: 0.65,
            direction_jitter_degrees: 1.8,
            direction_flips: 0.002,
            type_flips: 0.1,
            quality_mean: 83.0,
            quality_deviation: 28.0,
            bad_patches: 1.2,
            ..Self::clean()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_in_range() {
        for preset in [Distortion::clean(), Distortion::default(), Distortion::hard()] {
            assert_eq!(preset.validate(), Ok(()));
            assert_eq!(preset.clamped(), preset);
        }
    }

    #[test]
    fn every_field_is_refused_by_name_outside_its_range_and_clamped_into_it() {
        for limit in &LIMITS {
            for (value, expected) in [
                (limit.min - 1.0, limit.min),
                (limit.max + 1.0, limit.max),
                (f64::NAN, limit.min),
                (f64::INFINITY, limit.max),
            ] {
                let mut distortion = Distortion::default();
                *(limit.get)(&mut distortion) = value;
                let error = distortion.validate().unwrap_err();
                assert!(matches!(error, SynthError::FieldRange { field, .. } if field == limit.field));
                let mut clamped = distortion.clamped();
                assert_eq!(clamped.validate(), Ok(()));
                assert!((*(limit.get)(&mut clamped) - expected).abs() < f64::EPSILON);
            }
        }
    }

    #[test]
    fn an_image_that_coordinates_cannot_name_is_refused() {
        for (width, height) in [(15, 374), (388, 0), (16_384, 374), (388, u16::MAX)] {
            let distortion = Distortion { canvas_width_px: width, canvas_height_px: height, ..Distortion::clean() };
            assert!(distortion.validate().unwrap_err().to_string().contains("canvas"));
            assert_eq!(distortion.clamped().validate(), Ok(()));
        }
    }
}
