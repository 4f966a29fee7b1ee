//! Pattern classes and how often they occur.

use crate::stream::Stream;

/// Class of the ridge pattern of a finger, as in fingerprint classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternClass {
    /// Ridges rise and fall from side to side; no core, no delta.
    Arch,
    /// An arch with one core above one delta.
    TentedArch,
    /// Ridges enter and leave on the left; the delta is on the right.
    LeftLoop,
    /// Ridges enter and leave on the right; the delta is on the left.
    RightLoop,
    /// Closed ridges around two near cores, two deltas.
    Whorl,
    /// Two loops that interlock, two deltas.
    DoubleLoop,
}

impl PatternClass {
    /// Every class with its share among fingers, per thousand.
    ///
    /// Arch, tented arch, left loop, right loop and whorl follow Wilson, Candela and Watson, "Neural network
    /// fingerprint classification" (1994): 3.7, 2.9, 33.8, 31.7 and 27.9 percent. They count double loops as
    /// whorls; that one whorl in five is a double loop is our assumption.
    pub const SHARES: [(Self, u16); 6] = [
        (Self::Arch, 37),
        (Self::TentedArch, 29),
        (Self::LeftLoop, 338),
        (Self::RightLoop, 317),
        (Self::Whorl, 223),
        (Self::DoubleLoop, 56),
    ];

    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let mut left = stream.uniform(0.0, 1000.0);
        for (class, share) in Self::SHARES {
            left -= f64::from(share);
            if left < 0.0 {
                return class;
            }
        }
        Self::LeftLoop // the commonest class takes what rounding leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_a_thousand() {
        assert_eq!(PatternClass::SHARES.iter().map(|(_, share)| share).sum::<u16>(), 1000);
    }

    #[test]
    fn classes_occur_as_often_as_their_shares_say() {
        let mut stream = Stream::new(3, 0, None);
        let drawn: Vec<_> = (0..20_000).map(|_| PatternClass::draw(&mut stream)).collect();
        for (class, share) in PatternClass::SHARES {
            let count = drawn.iter().filter(|&&c| c == class).count() as f64 / 20.0;
            assert!((count - f64::from(share)).abs() < 12.0, "{class:?}: {count} per thousand");
        }
    }
}
