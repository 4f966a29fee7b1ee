//! Model m1: the tables that MATCHER 2.2 calls normative, as committed under `model/`.

use std::sync::LazyLock;

/// Cells of the neighbourhood grid.
pub(crate) const CELLS: usize = 52;
/// Directions that each cell distinguishes.
pub(crate) const DIRECTIONS: usize = 6;
/// Features of a minutia: z = 6 * cell + k.
pub(crate) const FEATURES: usize = CELLS * DIRECTIONS;
/// Bits of a descriptor.
pub(crate) const BITS: usize = 128;
/// Bits whose sums are formed together: as many as the registers of the oldest x86-64 hold.
pub(crate) const BLOCK: usize = 32;

const TABLES_TEXT: &str = include_str!("../model/enc_tables.txt");
const WEIGHTS_BYTES: &[u8; FEATURES * BITS] = include_bytes!("../model/model_m1_w.i8");
const THRESHOLDS_BYTES: &[u8; 4 * BITS] = include_bytes!("../model/model_m1_thr.i32");

/// The tables in the types that the arithmetic uses.
#[derive(Debug)]
pub(crate) struct Model {
    /// G: weight of a neighbour by its squared distance from a cell in pixels, 0..=255.
    pub gaussian: Box<[u32; 1024]>,
    /// CD: share of each direction by angle difference, 0..=255.
    pub direction: Box<[[u32; DIRECTIONS]; 256]>,
    /// C14: 16384 * cos of an angle in 1/256 turn.
    pub cosine: [i32; 256],
    /// S14: 16384 * sin of an angle in 1/256 turn.
    pub sine: [i32; 256],
    /// W, -127..=127, widened to the factors' type: by block of bits, pair of features, bit in the
    /// block, feature of the pair.
    pub weights: Box<[[[[i16; 2]; BLOCK]; FEATURES / 2]; BITS / BLOCK]>,
    /// THR.
    pub thresholds: [i32; BITS],
}

static MODEL: LazyLock<Model> = LazyLock::new(Model::load);

/// The tables, unpacked on first use.
pub(crate) fn model() -> &'static Model {
    &MODEL
}

impl Model {
    /// Unpacks the committed files; they are part of the program, so a bad one is a broken build.
    fn load() -> Self {
        let mut lines = TABLES_TEXT.lines().map(|line| {
            line.split_ascii_whitespace().map(|number| number.parse().expect("a decimal integer")).collect::<Vec<i32>>()
        });
        let mut table = |length: usize| {
            let line = lines.next().expect("four lines");
            assert_eq!(line.len(), length, "length of an encoder table");
            line
        };
        let gaussian = table(1024);
        let direction = table(256 * DIRECTIONS);
        let cosine = table(256);
        let sine = table(256);
        let weight = |z: usize, b: usize| i16::from(WEIGHTS_BYTES[BITS * z + b] as i8);
        Self {
            gaussian: Box::new(std::array::from_fn(|i| gaussian[i] as u32)),
            direction: Box::new(std::array::from_fn(|a| std::array::from_fn(|k| direction[DIRECTIONS * a + k] as u32))),
            cosine: std::array::from_fn(|i| cosine[i]),
            sine: std::array::from_fn(|i| sine[i]),
            weights: Box::new(std::array::from_fn(|block| {
                std::array::from_fn(|pair| {
                    std::array::from_fn(|bit| std::array::from_fn(|half| weight(2 * pair + half, BLOCK * block + bit)))
                })
            })),
            thresholds: std::array::from_fn(|b| {
                i32::from_le_bytes(std::array::from_fn(|byte| THRESHOLDS_BYTES[4 * b + byte]))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_tables_are_the_normative_ones() {
        assert_eq!(crc32fast::hash(TABLES_TEXT.as_bytes()), 0x61c1_0942);
        assert_eq!(crc32fast::hash(WEIGHTS_BYTES), 0x69a9_ac5d);
        assert_eq!(crc32fast::hash(THRESHOLDS_BYTES), 0x00c0_6fbb);
    }

    #[test]
    fn the_geometric_tables_follow_their_formulas() {
        let model = model();
        for i in 0..256 {
            let turn = std::f64::consts::TAU * i as f64 / 256.0;
            assert_eq!(model.cosine[i], (16384.0 * turn.cos() + 0.5).floor() as i32);
            assert_eq!(model.sine[i], (16384.0 * turn.sin() + 0.5).floor() as i32);
        }
        let spread = 2.0 * (32.0_f64 / 3.0).powi(2);
        for i in 0..1024 {
            let weight = 255.0 * (-(i as f64 + 0.5) / spread).exp() + 0.5;
            assert_eq!(model.gaussian[i], weight.floor() as u32);
        }
    }
}
