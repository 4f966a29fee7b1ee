//! Records whose scores the CPU knows, planted in every search of a card: an engine that does not reproduce them is
//! broken, and its other scores mean nothing.

use whorl_layout::LINE_BYTES;
use whorl_matcher::{Backend, Comparator, Probe, Record, RecordError, RecordMinutia};

/// Minutiae of the fixed records: the edges of lines, lanes and records, and some in between.
const COUNTS: [usize; 8] = [48, 0, 1, 3, 4, 17, 33, 64];
const SEED: u64 = 0x57_484f_524c;

/// Bits in which a near mate's descriptors differ from the probe's. Every distance is then where one bit more or less
/// changes a lane's weight (MATCHER 3: weights stay at their largest below a distance of 14), and with it the score.
const NEAR_BITS: usize = 20;

/// The planted records of one pass: fixed ones, then every probe of the pass as its own mate, which scores highest, and as
/// a near mate, whose score every bit of the probe has a part in.
#[derive(Debug)]
pub(crate) struct KnownAnswers {
    records: Vec<Vec<u8>>,
}

impl KnownAnswers {
    pub(crate) fn new(probes: &[Probe]) -> Self {
        let mut numbers = Numbers(SEED);
        let fixed = COUNTS.iter().map(|&count| Record { minutiae: (0..count).map(|_| numbers.minutia()).collect() });
        let mates = probes.iter().flat_map(|probe| [probe.record().clone(), near(probe.record())]);
        Self { records: fixed.chain(mates).map(|record| record.to_bytes()).collect() }
    }

    /// Bytes of the planted records of `probes` probes at most.
    pub(crate) fn bytes_max(probes: usize) -> usize {
        let lines = |minutiae: usize| minutiae.div_ceil(whorl_layout::LINE_MINUTIAE).max(1);
        let fixed: usize = COUNTS.iter().map(|&count| lines(count)).sum();
        (fixed + 2 * probes * lines(whorl_layout::LANES)) * LINE_BYTES
    }

    /// The packed records one behind the other.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.records.concat()
    }

    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    /// What an engine that is well signs their scores with `probe` to.
    pub(crate) fn signature(&self, probe: &Probe, gate: u8) -> Result<u32, RecordError> {
        let comparator = Comparator::new(Backend::Auto);
        self.records.iter().try_fold(0_u32, |signature, record| {
            let score = comparator.score(probe, record, gate)?.score;
            Ok(signature.rotate_left(5) ^ u32::from(score))
        })
    }
}

/// The record with [`NEAR_BITS`] bits of every descriptor flipped, others in each.
fn near(record: &Record) -> Record {
    let mut near = record.clone();
    for (lane, minutia) in near.minutiae.iter_mut().enumerate() {
        for nth in 0..NEAR_BITS {
            let bit = (7 * nth + 13 * lane) % 128; // 7 is prime to 128: no bit comes twice
            minutia.descriptor[bit / 8] ^= 1 << (bit % 8);
        }
    }
    near
}

/// A full probe that is always the same for the same `seed`.
pub(crate) fn fixed_probe(seed: u64) -> Result<Probe, RecordError> {
    let mut numbers = Numbers(seed);
    Probe::new(&Record { minutiae: (0..whorl_layout::LANES).map(|_| numbers.minutia()).collect() })
}

/// The same numbers everywhere and always (splitmix64): what is planted must not depend on a library's generator.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn minutia(&mut self) -> RecordMinutia {
        let mut descriptor = [0; 16];
        descriptor[..8].copy_from_slice(&self.next().to_le_bytes());
        descriptor[8..].copy_from_slice(&self.next().to_le_bytes());
        let place = self.next();
        let coordinate = |shift: u32| ((place >> shift & 0x1ff) as i16) - 256;
        RecordMinutia {
            x: coordinate(0),
            y: coordinate(9),
            angle: (place >> 18) as u8,
            descriptor,
            quality: 50,
            kind: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(seed: u64, count: usize) -> Probe {
        let mut numbers = Numbers(seed);
        Probe::new(&Record { minutiae: (0..count).map(|_| numbers.minutia()).collect() }).expect("it fits a probe")
    }

    #[test]
    fn the_planted_records_never_change_and_fit_their_room() {
        let probes = [probe(1, 48), probe(2, 48)];
        let planted = KnownAnswers::new(&probes);
        assert_eq!((planted.records(), planted.bytes().len()), (12, KnownAnswers::bytes_max(2)));
        assert_eq!(planted.bytes(), KnownAnswers::new(&probes).bytes());
        let fixed = KnownAnswers::new(&[]).bytes();
        assert_eq!(crc32c::crc32c(&fixed), 0xaf78_c795, "a planted record changed");
    }

    #[test]
    fn every_bit_of_a_probe_has_a_part_in_its_signature() {
        let probe = probe(1, 48);
        let planted = KnownAnswers::new(std::slice::from_ref(&probe));
        let right = planted.signature(&probe, 43).expect("sound records");
        for lane in 0..48 {
            for bit in 0..128 {
                let mut wrong = probe.record().clone();
                wrong.minutiae[lane].descriptor[bit / 8] ^= 1 << (bit % 8);
                let wrong = Probe::new(&wrong).expect("it fits a probe");
                assert_ne!(planted.signature(&wrong, 43).expect("sound records"), right, "lane {lane}, bit {bit}");
            }
        }
    }

    #[test]
    fn the_signature_tells_probes_and_gates_apart() {
        let probes = [probe(1, 48), probe(2, 30)];
        let planted = KnownAnswers::new(&probes);
        let signed = |probe, gate| planted.signature(probe, gate).expect("sound records");
        assert_ne!(signed(&probes[0], 43), signed(&probes[1], 43));
        assert_ne!(signed(&probes[0], 43), signed(&probes[0], 5));
        // As the card does it: rotate left by five, exclusive or with the score.
        let comparator = Comparator::new(Backend::Portable);
        let mut signature = 0_u64;
        for record in &planted.records {
            let score = comparator.score(&probes[1], record, 43).expect("sound").score;
            signature = (signature << 5 | signature >> 27) & 0xffff_ffff ^ u64::from(score);
        }
        assert_eq!(u64::from(signed(&probes[1], 43)), signature);
        assert!(comparator.score(&probes[0], &probes[0].record().to_bytes(), 43).expect("sound").score > 10_000);
    }
}
