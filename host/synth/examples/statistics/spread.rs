//! How minutiae lie in templates: counts, distances, directions, kinds and qualities.

use whorl_template::{Minutia, MinutiaKind, Template};

/// Upper ends of the distance classes of [`Spread::neighbours`], px; the first class begins at 10 px.
pub const DISTANCES_PX: [f64; 7] = [20.0, 30.0, 40.0, 60.0, 80.0, 110.0, 200.0];

/// Where the first distance class begins, px: nearer pairs are rare and mostly faults of the extractor.
const DISTANCE_MIN_PX: f64 = 10.0;

/// Square pixels at 500 ppi in a square millimetre.
const PX2_PER_MM2: f64 = 19.685 * 19.685;

/// Directions of pairs of minutiae in one distance class.
#[derive(Debug, Clone, Copy, Default)]
pub struct Neighbours {
    pub pairs: u32,
    cosine_sum: f64,
    opposite: u32,
}

impl Neighbours {
    /// Mean cosine of twice the difference of directions: 1 if all run along one line, 0 if at random.
    pub fn alignment(&self) -> f64 {
        self.cosine_sum / f64::from(self.pairs)
    }

    /// Share of pairs whose directions differ by more than a quarter turn.
    pub fn opposite(&self) -> f64 {
        f64::from(self.opposite) / f64::from(self.pairs)
    }
}

/// Statistics of a set of templates. Every list is sorted.
#[derive(Debug, Clone, Default)]
pub struct Spread {
    pub counts: Vec<f64>,
    pub nearest_px: Vec<f64>,
    pub widths_px: Vec<f64>,
    pub heights_px: Vec<f64>,
    pub hulls_px2: Vec<f64>,
    pub densities_per_mm2: Vec<f64>,
    pub qualities: Vec<f64>,
    pub neighbours: [Neighbours; DISTANCES_PX.len()],
    kinds: [u32; 3],
}

impl Spread {
    /// Statistics of the first view of every template.
    pub fn of<'a>(templates: impl IntoIterator<Item = &'a Template>) -> Self {
        let mut spread = Self::default();
        for template in templates {
            spread.add(&template.views[0].minutiae);
        }
        for list in [
            &mut spread.counts,
            &mut spread.nearest_px,
            &mut spread.widths_px,
            &mut spread.heights_px,
            &mut spread.hulls_px2,
            &mut spread.densities_per_mm2,
            &mut spread.qualities,
        ] {
            list.sort_by(f64::total_cmp);
        }
        spread
    }

    /// Share of a kind among all minutiae.
    pub fn share(&self, kind: MinutiaKind) -> f64 {
        f64::from(self.kinds[kind as usize]) / f64::from(self.kinds.iter().sum::<u32>())
    }

    fn add(&mut self, minutiae: &[Minutia]) {
        self.counts.push(minutiae.len() as f64);
        for (i, &minutia) in minutiae.iter().enumerate() {
            self.kinds[minutia.kind as usize] += 1;
            self.qualities.push(f64::from(minutia.quality));
            let mut nearest = f64::INFINITY;
            for (j, &other) in minutiae.iter().enumerate() {
                if i != j {
                    let distance = distance(minutia, other);
                    nearest = nearest.min(distance);
                    if i < j {
                        self.add_pair(distance, minutia.angle.wrapping_sub(other.angle) as i8);
                    }
                }
            }
            if nearest.is_finite() {
                self.nearest_px.push(nearest);
            }
        }
        if minutiae.len() >= 3 {
            let extent = |of: fn(&Minutia) -> u16| {
                let (low, high) = minutiae.iter().map(of).fold((u16::MAX, 0), |(l, h), v| (l.min(v), h.max(v)));
                f64::from(high - low)
            };
            self.widths_px.push(extent(|m| m.x));
            self.heights_px.push(extent(|m| m.y));
            let area = hull_area(minutiae);
            self.hulls_px2.push(area);
            if area > 0.0 {
                self.densities_per_mm2.push(minutiae.len() as f64 / area * PX2_PER_MM2);
            }
        }
    }

    fn add_pair(&mut self, distance: f64, difference: i8) {
        let class = DISTANCES_PX.iter().position(|&end| distance < end);
        if let Some(class) = class.filter(|_| distance >= DISTANCE_MIN_PX) {
            let neighbours = &mut self.neighbours[class];
            neighbours.pairs += 1;
            neighbours.cosine_sum += (f64::from(difference) / 128.0 * std::f64::consts::TAU).cos();
            neighbours.opposite += u32::from(difference.unsigned_abs() > 64);
        }
    }
}

/// The value that this share of a sorted list does not exceed; not a number for an empty list.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        count => sorted[(share * (count - 1) as f64) as usize],
    }
}

/// Mean of a list; not a number for an empty list.
pub fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len() as f64
}

fn distance(a: Minutia, b: Minutia) -> f64 {
    let (dx, dy) = (f64::from(a.x) - f64::from(b.x), f64::from(a.y) - f64::from(b.y));
    (dx * dx + dy * dy).sqrt()
}

/// Area of the convex hull, px^2 (monotone chain).
fn hull_area(minutiae: &[Minutia]) -> f64 {
    let mut points: Vec<(i64, i64)> = minutiae.iter().map(|m| (i64::from(m.x), i64::from(m.y))).collect();
    points.sort_unstable();
    let mut hull = half_hull(points.iter().copied());
    hull.extend(half_hull(points.iter().rev().copied()));
    let next = hull.iter().cycle().skip(1);
    let doubled: i64 = hull.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    doubled.abs() as f64 / 2.0
}

/// One side of the hull without its last point, where the other side begins.
fn half_hull(points: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut side: Vec<(i64, i64)> = Vec::new();
    for point in points {
        while let [.., a, b] = side[..] {
            if (b.0 - a.0) * (point.1 - a.1) > (b.1 - a.1) * (point.0 - a.0) {
                break;
            }
            side.pop();
        }
        side.push(point);
    }
    side.pop();
    side
}
