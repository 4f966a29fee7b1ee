//! Random numbers that are the same on every machine: one ChaCha8 stream per finger and per impression.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What the key spells besides seed and finger: a change of the generator that changes its fingers changes this.
const LABEL: &[u8; 20] = b"whorl synthetic v001";

/// Numbers of one finger (`impression` absent) or of one of its impressions.
///
/// The key is seed, finger and the label; the impression selects the ChaCha stream under it, so that what an
/// impression draws depends on nothing that was drawn before.
#[derive(Debug)]
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub(crate) fn new(seed: u64, finger: u32, impression: Option<u32>) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&finger.to_le_bytes());
        key[12..].copy_from_slice(LABEL);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(impression.map_or(0, |index| u64::from(index) + 1));
        Self(generator)
    }

    /// Uniform in 0..1, a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `low..high`.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// -1.0 or 1.0, equally often.
    pub(crate) fn sign(&mut self) -> f64 {
        if self.chance(0.5) { -1.0 } else { 1.0 }
    }

    /// Mean 0 and variance 1, within -6..6: the sum of twelve uniform numbers, which needs no logarithm.
    pub(crate) fn normal(&mut self) -> f64 {
        let mut sum = 0u64;
        for _ in 0..3 {
            let word = self.0.next_u64();
            sum += (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
        }
        (sum as f64 + 6.0) / 65536.0 - 6.0
    }

    /// Uniform in the unit disc.
    pub(crate) fn in_disc(&mut self) -> (f64, f64) {
        loop {
            let (x, y) = (self.uniform(-1.0, 1.0), self.uniform(-1.0, 1.0));
            if x * x + y * y < 1.0 {
                return (x, y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut stream = Stream::new(1, 2, None);
        let numbers: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 20_000.0;
        let variance = numbers.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn seed_finger_and_impression_each_select_other_numbers() {
        let first = |seed, finger, impression| Stream::new(seed, finger, impression).unit().to_bits();
        let numbers =
            [first(1, 1, None), first(2, 1, None), first(1, 2, None), first(1, 1, Some(0)), first(1, 1, Some(1))];
        for (i, a) in numbers.iter().enumerate() {
            assert!(numbers[i + 1..].iter().all(|b| a != b));
        }
    }
}
