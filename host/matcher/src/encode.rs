//! From a finger view to a record: selection, descriptors and geometry (MATCHER 1 and 2).

use std::cmp::Reverse;

use whorl_layout::{LANES, RECORD_MINUTIAE_MAX};
use whorl_template::{FingerView, MINUTIAE_MAX, Minutia, RESOLUTION_500_PPI};

use crate::model::{BITS, BLOCK, CELLS, DIRECTIONS, FEATURES, Model, model};
use crate::record::{Record, RecordMinutia};

/// What a record is for, which decides how many minutiae it may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To be searched for: at most 48 minutiae, one per lane of an engine.
    Probe,
    /// To be enrolled: at most 96 minutiae from a rolled impression, 48 from any other.
    Reference,
}

/// A minutia at 500 ppi, image axes (y down).
#[derive(Debug, Clone, Copy)]
struct Point {
    x: i32,
    y: i32,
    angle: u8,
    quality: u8,
    kind: u8,
}

/// What tells records of different encoders apart: descriptor model m1. A change of any bit of a record needs another number.
pub const ENCODER_VERSION: u16 = 1;

/// Encodes a finger view.
///
/// Resolutions are in pixels per centimetre; 0 means not known and is taken as 500 ppi. A view of
/// more minutiae than any file can hold (255) counts with its first 255.
pub fn encode(view: &FingerView, resolution_x: u16, resolution_y: u16, role: Role) -> Record {
    let points = points(view, (resolution_x, resolution_y));
    let (cx, cy) = centroid(&points);
    let model = model();
    let place = |coordinate: i32| coordinate.clamp(-2047, 2047) as i16;
    let minutiae = select(&points, (cx, cy), kept_max(view, role))
        .into_iter()
        .map(|index| {
            let point = &points[index];
            RecordMinutia {
                x: place(point.x - cx),
                y: place(cy - point.y),
                angle: point.angle,
                descriptor: descriptor(model, &points, index),
                quality: point.quality.min(100) & !1,
                kind: point.kind,
            }
        })
        .collect();
    Record { minutiae }
}

/// Where the minutiae of a record come from, for those who show a comparison on the image that it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// For each minutia of the record, in record order, its index in the view.
    pub indices: Vec<usize>,
    centre: (i32, i32),
    resolution: (u16, u16),
}

impl Origin {
    /// The origin of the record that [`encode`] makes of the same view, resolutions and role.
    pub fn of(view: &FingerView, resolution_x: u16, resolution_y: u16, role: Role) -> Self {
        let resolution = (resolution_x, resolution_y);
        let points = points(view, resolution);
        let centre = centroid(&points);
        Self { indices: select(&points, centre, kept_max(view, role)), centre, resolution }
    }

    /// Where a place of the record (pixels at 500 ppi from the centroid, y up) lies in the view's image: columns and
    /// rows in pixels of the file's own resolution, y down. Right to the pixel that rounding to 500 ppi loses.
    pub fn in_image(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let back = |at: f64, resolution: u16| match resolution {
            0 => at,
            resolution => at * f64::from(resolution) / f64::from(RESOLUTION_500_PPI),
        };
        (back(f64::from(self.centre.0) + x, self.resolution.0), back(f64::from(self.centre.1) - y, self.resolution.1))
    }
}

/// The view's minutiae at 500 ppi.
fn points(view: &FingerView, (resolution_x, resolution_y): (u16, u16)) -> Vec<Point> {
    let point = |m: &Minutia| Point {
        x: at_500_ppi(m.x, resolution_x),
        y: at_500_ppi(m.y, resolution_y),
        angle: m.angle,
        quality: m.quality,
        kind: m.kind as u8,
    };
    view.minutiae.iter().take(MINUTIAE_MAX).map(point).collect()
}

/// How many minutiae a record may keep.
fn kept_max(view: &FingerView, role: Role) -> usize {
    match role {
        Role::Reference if view.is_rolled() => RECORD_MINUTIAE_MAX,
        Role::Reference | Role::Probe => LANES,
    }
}

/// A coordinate scaled to 500 ppi, rounded (MATCHER 1).
fn at_500_ppi(coordinate: u16, resolution: u16) -> i32 {
    let (coordinate, resolution) = (i32::from(coordinate), i32::from(resolution));
    if resolution == 0 {
        return coordinate;
    }
    (coordinate * i32::from(RESOLUTION_500_PPI) + (resolution >> 1)) / resolution
}

/// Mean place of all minutiae, rounded down; the origin if there are none.
fn centroid(points: &[Point]) -> (i32, i32) {
    let count = points.len().max(1) as i32;
    // At most 255 coordinates below 2^24.
    let sum = |coordinate: fn(&Point) -> i32| points.iter().map(|p| i64::from(coordinate(p))).sum::<i64>();
    ((sum(|p| p.x) / i64::from(count)) as i32, (sum(|p| p.y) / i64::from(count)) as i32)
}

/// Indices of the kept minutiae, best first: by quality, then nearness to the centroid, then order.
fn select(points: &[Point], (cx, cy): (i32, i32), kept_max: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&index| {
        let point = &points[index];
        let (dx, dy) = (i64::from(point.x - cx), i64::from(point.y - cy));
        (Reverse(point.quality), dx * dx + dy * dy, index)
    });
    order.truncate(kept_max);
    order
}

/// Side of the grid that the cells are cut from.
const GRID: usize = 8;
/// Distance of grid lines, in 1/8 pixel.
const PITCH: i32 = 160;
/// Coordinate of the outermost grid lines, in 1/8 pixel.
const EDGE: i32 = 560;
/// Cells beyond this distance from the minutia do not exist, in 1/8 pixel.
const GRID_RADIUS: i32 = 640;
/// A neighbour counts in cells nearer than this, in 1/8 pixel.
const CELL_RADIUS: i32 = 256;
/// Marks the corners of the grid that hold no cell.
const NO_CELL: u8 = u8::MAX;

/// Index of the cell at grid line p, q, or [`NO_CELL`]: the cells are numbered p outer, q inner.
const CELL_AT: [[u8; GRID]; GRID] = {
    let mut table = [[NO_CELL; GRID]; GRID];
    let mut cell = 0;
    let mut at = 0;
    while at < GRID * GRID {
        let (p, q) = (at / GRID, at % GRID);
        let (cu, cw) = (PITCH * p as i32 - EDGE, PITCH * q as i32 - EDGE);
        if cu * cu + cw * cw <= GRID_RADIUS * GRID_RADIUS {
            table[p][q] = cell;
            cell += 1;
        }
        at += 1;
    }
    assert!(cell as usize == CELLS);
    table
};

/// The grid lines that lie within the cell radius of a coordinate.
fn grid_lines(coordinate: i32) -> std::ops::Range<usize> {
    let first = (coordinate + EDGE - CELL_RADIUS).div_euclid(PITCH) + 1;
    let after = (coordinate + EDGE + CELL_RADIUS - 1).div_euclid(PITCH) + 1;
    first.clamp(0, GRID as i32) as usize..after.clamp(0, GRID as i32) as usize
}

/// The 128 bits that describe the surroundings of minutia `i` among all minutiae (MATCHER 2.2).
fn descriptor(model: &Model, points: &[Point], i: usize) -> [u8; BITS / 8] {
    let features = features(&accumulate(model, points, i));
    let mut bytes = [0; BITS / 8];
    for (b, (&sum, &threshold)) in project(model, &features).iter().zip(&model.thresholds).enumerate() {
        bytes[b / 8] |= u8::from(sum > threshold) << (b % 8);
    }
    bytes
}

/// acc: what the neighbours of minutia `i` add to each cell and direction. At most 254 neighbours
/// add at most 255 * 255 each.
fn accumulate(model: &Model, points: &[Point], i: usize) -> [[u32; DIRECTIONS]; CELLS] {
    let mut acc = [[0; DIRECTIONS]; CELLS];
    let centre = &points[i];
    let (cosine, sine) = (model.cosine[usize::from(centre.angle)], model.sine[usize::from(centre.angle)]);
    for (j, neighbour) in points.iter().enumerate() {
        let (dx, dy) = (neighbour.x - centre.x, centre.y - neighbour.y);
        if j == i || dx.abs() > 160 || dy.abs() > 160 {
            continue;
        }
        let u = (dx * cosine + dy * sine + 1024) >> 11;
        let w = (dy * cosine - dx * sine + 1024) >> 11;
        let shares = &model.direction[usize::from(centre.angle.wrapping_sub(neighbour.angle))];
        for p in grid_lines(u) {
            for q in grid_lines(w) {
                let (cu, cw) = (PITCH * p as i32 - EDGE, PITCH * q as i32 - EDGE);
                let d2 = ((cu - u).pow(2) + (cw - w).pow(2)) >> 6;
                let cell = CELL_AT[p][q];
                if cell == NO_CELL || d2 >= 1024 {
                    continue;
                }
                let g = model.gaussian[d2 as usize];
                for (sum, share) in acc[usize::from(cell)].iter_mut().zip(shares) {
                    *sum += g * share;
                }
            }
        }
    }
    acc
}

/// f: the accumulated values squeezed to 0..=254.
fn features(acc: &[[u32; DIRECTIONS]; CELLS]) -> [i16; FEATURES] {
    let mut features = [0; FEATURES];
    for (feature, &value) in features.iter_mut().zip(acc.as_flattened()) {
        // 255 * 254 * 65025 < 2^32.
        *feature = (255 * value / (value + 4096)) as i16;
    }
    features
}

/// Sums of f * W over the features, by bit; their size is below 2^24.
///
/// Two features at a time and 16 bits at a time: one multiply-add instruction takes pairs of
/// 16-bit factors, and the sums of a block stay in registers.
fn project(model: &Model, features: &[i16; FEATURES]) -> [i32; BITS] {
    let mut sums = [0; BITS];
    for (sums, blocks) in sums.chunks_exact_mut(BLOCK).zip(model.weights.iter()) {
        let mut block_sums = [0_i32; BLOCK];
        for (pair, weights) in features.as_chunks::<2>().0.iter().zip(blocks) {
            let [f0, f1] = pair.map(i32::from);
            for (sum, w) in block_sums.iter_mut().zip(weights) {
                *sum += f0 * i32::from(w[0]) + f1 * i32::from(w[1]);
            }
        }
        sums.copy_from_slice(&block_sums);
    }
    sums
}
