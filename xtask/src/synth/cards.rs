//! How many engines fit a device.

use super::cells::Usage;
use crate::yosys::Family;
use serde_json::{Value, json};

/// A device and what of it is ours.
#[derive(Debug)]
pub struct Device {
    /// Name in the report.
    pub name: &'static str,
    /// Family that its engines are synthesised for.
    pub family: Family,
    /// What the device has.
    pub total: Usage,
    /// Where `total` is from.
    pub source: &'static str,
    /// Share of everything that the shell takes.
    pub shell: f64,
    /// Where `shell` is from.
    pub shell_source: &'static str,
}

/// Devices of the report.
pub const DEVICES: [Device; 3] = [
    Device {
        name: "xc7a200t",
        family: Family::Series7,
        total: total(134_600, 269_200, 365, 0, 740),
        source: "AMD DS180, 7 Series FPGAs Overview",
        shell: 0.15,
        shell_source: "assumed: PCIe endpoint, its AXI bridge and one memory controller",
    },
    Device {
        name: "vu9p",
        family: Family::UltraScalePlus,
        total: total(1_182_240, 2_364_480, 2_160, 960, 6_840),
        source: "AMD DS890, UltraScale Architecture and Product Overview",
        shell: 0.20,
        shell_source: "AWS F1 says of its shell: 20 % of all resources",
    },
    Device {
        name: "vu47p",
        family: Family::UltraScalePlus,
        total: total(1_303_680, 2_607_360, 2_016, 960, 9_024),
        source: "AMD DS890, UltraScale Architecture and Product Overview",
        shell: 0.20,
        shell_source: "assumed as for AWS F1; the small shell of AWS F2 is said to leave more",
    },
];

const fn total(lut: u64, ff: u64, bram: u64, uram: u64, dsp: u64) -> Usage {
    Usage { lut_logic: lut, lut_memory: 0, ff, carry: 0, mux: 0, bram18: 2 * bram, uram, dsp }
}

/// A kind of resource that can run out.
struct Resource {
    name: &'static str,
    /// Share of what the shell leaves that a design may fill and still be routed at speed.
    fill: f64,
    of: fn(&Usage) -> u64,
}

/// All kinds. Fill of LUTs: the project's own goal. The others: the vendor's guideline for large devices (UG949).
const RESOURCES: [Resource; 5] = [
    Resource { name: "LUT", fill: 0.70, of: Usage::lut },
    Resource { name: "FF", fill: 0.50, of: |u| u.ff },
    Resource { name: "BRAM", fill: 0.80, of: |u| u.bram18 },
    Resource { name: "URAM", fill: 0.80, of: |u| u.uram },
    Resource { name: "DSP", fill: 0.80, of: |u| u.dsp },
];

/// Streams of the larger card whose fixed part is synthesised: yosys has no memory for the largest.
pub const FIXED_STREAMS: u64 = 2;

/// What the parts of a card occupy.
#[derive(Debug)]
pub struct Parts {
    /// Everything but the streams, at one stream and at [`FIXED_STREAMS`].
    pub fixed: [Usage; 2],
    /// What the engines of a stream share.
    pub stream: Usage,
    /// Engine and collector, for each variant of the engine.
    pub engines: Vec<(String, Usage)>,
}

/// Sizes that the specification allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Streams of a card at most.
    pub streams: u64,
    /// Engines of a stream at most.
    pub probes: u64,
}

/// A card that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Record streams.
    pub streams: u64,
    /// Engines of each stream, per variant.
    pub mix: Vec<u64>,
    /// What all of it occupies.
    pub usage: Usage,
    /// What keeps the card from more engines.
    pub limit: String,
}

impl Fit {
    /// Engines of the card.
    pub fn engines(&self) -> u64 {
        self.streams * self.mix.iter().sum::<u64>()
    }
}

impl Device {
    /// What of each kind of resource a card may use.
    pub fn budget(&self) -> [u64; 5] {
        RESOURCES.map(|r| ((1.0 - self.shell) * r.fill * (r.of)(&self.total) as f64).floor() as u64)
    }

    /// The card with the most engines; of equals the one with the fewest LUTs.
    pub fn fit(&self, parts: &Parts, limits: Limits) -> Option<Fit> {
        let mut best: Option<Fit> = None;
        for streams in 1..=limits.streams {
            let fixed = parts.fixed_part(streams) + parts.stream * streams;
            for mix in mixes(parts.engines.len(), limits.probes) {
                let usage = parts
                    .engines
                    .iter()
                    .zip(&mix)
                    .fold(fixed, |sum, ((_, usage), count)| sum + *usage * (count * streams));
                if self.fullest(&usage).1 > 1.0 {
                    continue;
                }
                let fit = Fit { streams, mix, usage, limit: String::new() };
                let rank = |fit: &Fit| (fit.engines(), u64::MAX - fit.usage.lut());
                if best.as_ref().is_none_or(|best| rank(&fit) > rank(best)) {
                    best = Some(fit);
                }
            }
        }
        best.map(|fit| {
            let limit = if fit.engines() == limits.streams * limits.probes {
                format!("specification: {} streams of {} engines", limits.streams, limits.probes)
            } else {
                self.fullest(&fit.usage).0.to_owned()
            };
            Fit { limit, ..fit }
        })
    }

    /// The resource of which the largest share of its budget is used.
    fn fullest(&self, usage: &Usage) -> (&'static str, f64) {
        let shares = RESOURCES.iter().zip(self.budget()).map(|(resource, budget)| {
            let used = (resource.of)(usage);
            (resource.name, if used == 0 { 0.0 } else { used as f64 / budget as f64 })
        });
        shares.max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are resources")
    }
}

impl Parts {
    /// Everything but the streams, on a line through the two sizes that were synthesised.
    fn fixed_part(&self, streams: u64) -> Usage {
        let [small, large] = self.fixed;
        let between = |of: fn(&Usage) -> u64| {
            let (small, large) = (of(&small), of(&large));
            small + (large.saturating_sub(small) * (streams - 1)).div_ceil(FIXED_STREAMS - 1)
        };
        Usage {
            lut_logic: between(|u| u.lut_logic),
            lut_memory: between(|u| u.lut_memory),
            ff: between(|u| u.ff),
            carry: between(|u| u.carry),
            mux: between(|u| u.mux),
            bram18: between(|u| u.bram18),
            uram: between(|u| u.uram),
            dsp: between(|u| u.dsp),
        }
    }
}

/// All ways to make up 1 to `most` engines of `kinds` kinds.
fn mixes(kinds: usize, most: u64) -> Vec<Vec<u64>> {
    let mut all = vec![Vec::new()];
    for _ in 0..kinds {
        all = all
            .into_iter()
            .flat_map(|mix: Vec<u64>| {
                let left = most - mix.iter().sum::<u64>();
                (0..=left).map(move |count| mix.iter().copied().chain([count]).collect())
            })
            .collect();
    }
    all.retain(|mix| mix.iter().any(|&count| count > 0));
    all
}

/// Part of the report on a device: what it has, what is reserved, and what may be used of the rest.
pub fn device_json(device: &Device) -> Value {
    let budget = device.budget();
    let total = device.total;
    json!({
        "device": {"lut": total.lut(), "ff": total.ff, "bram": total.bram(), "uram": total.uram, "dsp": total.dsp,
                   "source": device.source},
        "shell": {"share": device.shell, "source": device.shell_source},
        "budget": {"lut": budget[0], "ff": budget[1], "bram": budget[2] as f64 / 2.0, "uram": budget[3], "dsp": budget[4]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(engines: &[(&str, Usage)]) -> Parts {
        let fixed = |lut| Usage { lut_logic: lut, ..Usage::default() };
        Parts {
            fixed: [fixed(1_000), fixed(2_000)],
            stream: fixed(500),
            engines: engines.iter().map(|(name, usage)| ((*name).to_owned(), *usage)).collect(),
        }
    }

    fn device(lut: u64, bram: u64) -> Device {
        Device {
            name: "small",
            family: Family::UltraScalePlus,
            total: total(lut, 1_000_000, bram, 0, 0),
            source: "",
            shell: 0.0,
            shell_source: "",
        }
    }

    const LIMITS: Limits = Limits { streams: 8, probes: 8 };

    #[test]
    fn luts_limit_the_engines() {
        // 70,000 LUTs: one stream costs 1,500 beside its engines, two cost 3,000.
        let engine = Usage { lut_logic: 10_000, ..Usage::default() };
        let fit = device(100_000, 0).fit(&parts(&[("plain", engine)]), LIMITS).unwrap();
        assert_eq!((fit.streams, fit.engines(), fit.limit.as_str()), (1, 6, "LUT"));
        assert_eq!(fit.usage.lut(), 61_500);
    }

    #[test]
    fn a_second_variant_takes_what_the_first_has_no_memory_for() {
        let block = Usage { lut_logic: 5_000, bram18: 40, ..Usage::default() };
        let plain = Usage { lut_logic: 7_000, ..Usage::default() };
        // 80 half block RAMs: two engines with block RAM; 70,000 - 1,500 - 10,000 leave eight plain ones.
        let fit =
            device(100_000, 50).fit(&parts(&[("block", block), ("plain", plain)]), Limits { streams: 1, probes: 20 });
        let fit = fit.unwrap();
        assert_eq!((fit.streams, fit.mix), (1, vec![2, 8]));
    }

    #[test]
    fn the_specification_limits_a_card_that_has_room() {
        let engine = Usage { lut_logic: 10, ..Usage::default() };
        let fit = device(100_000, 0).fit(&parts(&[("plain", engine)]), LIMITS).unwrap();
        assert_eq!(fit.engines(), 64);
        assert!(fit.limit.starts_with("specification"), "{}", fit.limit);
    }

    #[test]
    fn a_resource_that_the_device_lacks_fits_nothing() {
        let engine = Usage { dsp: 1, ..Usage::default() };
        assert_eq!(device(100_000, 0).fit(&parts(&[("dsp", engine)]), LIMITS), None);
    }

    #[test]
    fn the_fixed_part_grows_with_the_streams() {
        let parts = parts(&[]);
        assert_eq!([1, 2, 8].map(|s| parts.fixed_part(s).lut()), [1_000, 2_000, 8_000]);
    }
}
