//! One-to-one assignments: the best one, and how many there are.

/// What each pair of row and column is worth, `None` where it is not allowed; rows are of one length.
pub(super) type Pairs = Vec<Vec<Option<f64>>>;

/// Worse than any sum of log-likelihood ratios: a pair that is not allowed, or a row that stays alone.
const FORBIDDEN: f64 = 1e6;

/// The assignment of most pairs, and of those the one of the largest sum; by row.
///
/// The Hungarian method with potentials (Kuhn 1955, Munkres 1957), rows added one by one: rows^2 x columns steps.
pub(super) fn best(pairs: &Pairs) -> Vec<(usize, usize)> {
    let rows = pairs.len();
    let columns = pairs.first().map_or(0, Vec::len);
    // A column of its own for each row that stays alone.
    let all = columns + rows;
    let cost = |row: usize, column: usize| pairs[row].get(column).copied().flatten().map_or(FORBIDDEN, |worth| -worth);
    // Index 0 of columns stands for "none"; rows and columns count from 1 here.
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; all + 1];
    let mut row_of = vec![0; all + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut slack = vec![f64::INFINITY; all + 1];
        let mut from = vec![0; all + 1];
        let mut done = vec![false; all + 1];
        let mut column = 0;
        while row_of[column] != 0 {
            done[column] = true;
            let here = row_of[column];
            let (mut least, mut next) = (f64::INFINITY, 0);
            for other in (1..=all).filter(|&other| !done[other]) {
                let reduced = cost(here - 1, other - 1) - row_potential[here] - column_potential[other];
                if reduced < slack[other] {
                    slack[other] = reduced;
                    from[other] = column;
                }
                if slack[other] < least {
                    (least, next) = (slack[other], other);
                }
            }
            for other in 0..=all {
                if done[other] {
                    row_potential[row_of[other]] += least;
                    column_potential[other] -= least;
                } else {
                    slack[other] -= least;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
    }
    let mut found: Vec<_> = (1..=columns)
        .filter(|&column| row_of[column] != 0)
        .map(|column| (row_of[column] - 1, column - 1))
        .filter(|&(row, column)| pairs[row][column].is_some())
        .collect();
    found.sort_unstable();
    found
}

/// Natural log of the number of assignments, or of a little more: rows that allow the same columns share them, rows that
/// allow different ones are counted as if they did not meet.
pub(super) fn log_count(pairs: &Pairs) -> f64 {
    let allowed: Vec<Vec<bool>> = pairs.iter().map(|row| row.iter().map(Option::is_some).collect()).collect();
    let mut sum = 0.0;
    for (first, row) in allowed.iter().enumerate() {
        if allowed[..first].contains(row) {
            continue;
        }
        let rows = allowed.iter().filter(|other| *other == row).count();
        let columns = row.iter().filter(|allowed| **allowed).count();
        let (few, many) = (rows.min(columns), rows.max(columns));
        sum += (many - few + 1..=many).map(|choice| (choice as f64).ln()).sum::<f64>();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by trying everything.
    fn tried(pairs: &Pairs, row: usize, taken: &mut Vec<usize>) -> (usize, f64) {
        if row == pairs.len() {
            return (0, 0.0);
        }
        let mut best = tried(pairs, row + 1, taken);
        for (column, worth) in pairs[row].iter().enumerate() {
            let Some(worth) = worth else { continue };
            if taken.contains(&column) {
                continue;
            }
            taken.push(column);
            let (count, sum) = tried(pairs, row + 1, taken);
            taken.pop();
            let with = (count + 1, sum + worth);
            if with.0 > best.0 || (with.0 == best.0 && with.1 > best.1) {
                best = with;
            }
        }
        best
    }

    #[test]
    fn the_best_assignment_is_the_one_that_trying_all_finds() {
        let mut state = 1_u64;
        let mut below = |limit: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        for _ in 0..500 {
            let (rows, columns) = (1 + below(5) as usize, 1 + below(6) as usize);
            let pair = |n: u64| (!n.is_multiple_of(4)).then_some(n as f64 / 8.0 - 14.0);
            let pairs: Pairs = (0..rows).map(|_| (0..columns).map(|_| pair(below(272))).collect()).collect();
            let found = best(&pairs);
            let sum: f64 = found.iter().filter_map(|&(row, column)| pairs[row][column]).sum();
            let (count, most) = tried(&pairs, 0, &mut Vec::new());
            assert_eq!(found.len(), count, "{pairs:?}");
            assert!((sum - most).abs() < 1e-6, "{pairs:?}: {sum}, best {most}");
            assert!(found.iter().all(|a| found.iter().all(|b| a == b || (a.0 != b.0 && a.1 != b.1))), "{found:?}");
        }
    }

    #[test]
    fn assignments_are_counted() {
        let full = |rows: usize, columns: usize| vec![vec![Some(0.0); columns]; rows];
        let count = |pairs: &Pairs| log_count(pairs).exp().round() as u64;
        assert_eq!([count(&full(2, 2)), count(&full(3, 5)), count(&full(5, 3)), count(&full(1, 1))], [2, 60, 60, 1]);
        let own = vec![vec![Some(1.0), None, None], vec![None, Some(1.0), Some(1.0)], vec![None, None, None]];
        assert_eq!(count(&own), 2);
        assert_eq!(count(&Vec::new()), 1);
    }
}
