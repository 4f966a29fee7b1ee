//! Which fingers search first where not all of them do.

use super::known;

/// Thumb, index and middle finger of either hand: the ones that are captured largest and cleanest.
const PREFERRED: [u8; 6] = [1, 2, 3, 6, 7, 8];

/// Indices of the `count` fingers that a first pass searches, ascending: those of most minutiae among thumbs, index and
/// middle fingers, then among the others; of equals the earlier. `fingers` are position codes and numbers of minutiae;
/// a second view of a position comes after all first ones, since it adds less. An unknown position counts as another
/// finger, and may be a preferred one.
pub fn first_pass(fingers: &[(u8, usize)], count: usize) -> Vec<usize> {
    let is_repeated = |index: usize| {
        let position = fingers[index].0;
        known(position).is_some()
            && fingers.iter().enumerate().any(|(other, &(same, minutiae))| {
                same == position && (minutiae > fingers[index].1 || (minutiae == fingers[index].1 && other < index))
            })
    };
    let is_preferred = |position: u8| PREFERRED.contains(&position) || known(position).is_none();
    let mut order: Vec<usize> = (0..fingers.len()).collect();
    order.sort_by_key(|&index| {
        let (position, minutiae) = fingers[index];
        (is_repeated(index), !is_preferred(position), std::cmp::Reverse(minutiae), index)
    });
    order.truncate(count);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_richest_of_thumbs_index_and_middle_fingers_go_first() {
        let hand = [(1, 30), (2, 41), (3, 40), (4, 70), (5, 60), (7, 45)];
        assert_eq!(first_pass(&hand, 2), [1, 5]);
        assert_eq!(first_pass(&hand, 5), [0, 1, 2, 3, 5]);
        assert_eq!(first_pass(&hand, 99), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_second_view_of_a_finger_waits_for_other_fingers() {
        assert_eq!(first_pass(&[(2, 50), (2, 49), (5, 10)], 2), [0, 2]);
        assert_eq!(first_pass(&[(2, 50), (2, 50), (5, 10)], 1), [0]);
        assert_eq!(first_pass(&[(0, 50), (0, 49), (5, 90)], 2), [0, 1]);
    }
}
