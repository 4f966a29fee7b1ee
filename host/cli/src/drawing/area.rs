//! The area that two fingers have in common, as polygons.
//!
//! Two textbook algorithms on at most 96 points: a geometry library would bring a dozen crates for them.

/// A place: across, then up or down.
pub type Place = (f64, f64);

/// Twice the signed area of the triangle a, b, c: positive if c lies to the left of the way from a to b (y up).
fn turn(a: Place, b: Place, c: Place) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// The convex hull, counter-clockwise (y up), without points on its edges (Andrew's monotone chain).
pub fn hull(places: &[Place]) -> Vec<Place> {
    let mut sorted = places.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull = chain(sorted.iter().copied());
    hull.extend(chain(sorted.iter().rev().copied()));
    hull
}

/// One side of a hull, without its last point, which begins the other side.
fn chain(places: impl Iterator<Item = Place>) -> Vec<Place> {
    let mut chain: Vec<Place> = Vec::new();
    for place in places {
        while let [.., a, b] = chain[..]
            && turn(a, b, place) <= 0.0
        {
            chain.pop();
        }
        chain.push(place);
    }
    chain.pop();
    chain
}

/// The common part of two convex polygons that run counter-clockwise (Sutherland and Hodgman); fewer than three corners
/// if they have no area in common.
pub fn common(a: &[Place], b: &[Place]) -> Vec<Place> {
    if a.len() < 3 || b.len() < 3 {
        return Vec::new();
    }
    let mut left = a.to_vec();
    for (nth, &from) in b.iter().enumerate() {
        let to = b[(nth + 1) % b.len()];
        let corners = std::mem::take(&mut left);
        for (nth, &corner) in corners.iter().enumerate() {
            let next = corners[(nth + 1) % corners.len()];
            let (here, there) = (turn(from, to, corner), turn(from, to, next));
            if here >= 0.0 {
                left.push(corner);
            }
            if (here > 0.0 && there < 0.0) || (here < 0.0 && there > 0.0) {
                let share = here / (here - there);
                left.push((corner.0 + share * (next.0 - corner.0), corner.1 + share * (next.1 - corner.1)));
            }
        }
    }
    left
}

/// Area of a polygon that runs counter-clockwise.
pub fn size(polygon: &[Place]) -> f64 {
    let Some(&first) = polygon.first() else { return 0.0 };
    polygon.windows(2).map(|edge| turn(first, edge[0], edge[1])).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Place; 4] = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)];

    #[test]
    fn a_hull_keeps_corners_only() {
        let mut places = vec![(2.0, 2.0), (4.0, 2.0), (1.0, 3.0), (0.0, 4.0), (0.0, 4.0)];
        places.extend([(4.0, 4.0), (0.0, 0.0), (4.0, 0.0), (2.0, 0.0)]);
        assert_eq!(hull(&places), SQUARE);
        assert_eq!(hull(&[(1.0, 1.0), (1.0, 1.0), (0.0, 0.0)]), [(0.0, 0.0), (1.0, 1.0)]);
        assert!(hull(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]).len() < 3, "points on a line span nothing");
    }

    #[test]
    fn the_common_part_is_counted_by_hand() {
        let moved = SQUARE.map(|(x, y)| (x + 3.0, y - 1.0));
        let found = common(&SQUARE, &moved);
        assert!((size(&found) - 3.0).abs() < 1e-12, "{found:?}");
        assert!((size(&common(&SQUARE, &SQUARE)) - 16.0).abs() < 1e-12);
        // A square that stands on its corner cuts the corners off: 16 less four triangles of 1/2.
        let diamond = [(2.0, -1.0), (5.0, 2.0), (2.0, 5.0), (-1.0, 2.0)];
        assert!((size(&common(&SQUARE, &diamond)) - 14.0).abs() < 1e-12);
        assert!((size(&common(&diamond, &SQUARE)) - 14.0).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_meet_has_nothing_in_common() {
        let far = SQUARE.map(|(x, y)| (x + 9.0, y));
        assert!(common(&SQUARE, &far).is_empty());
        assert!(common(&SQUARE, &SQUARE[..2]).is_empty());
        assert!(size(&[]).abs() < 1e-12);
    }
}
