//! Logistic regression: weights from terms to natural-log odds.

use nalgebra::{Cholesky, DMatrix, DVector};
use rayon::prelude::*;

/// Weight of the squared weights of standardised terms beside the log likelihood: a prior of unit variance.
const RIDGE: f64 = 1.0;
/// Steps of Newton's method, at most; some ten suffice.
const STEPS: usize = 60;
/// Steps end when no weight of a standardised term changes by more than this.
const CONVERGED: f64 = 1e-9;
/// Observations that are summed at once, in a fixed order on any number of threads.
const BLOCK: usize = 4096;

/// One observation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation<const N: usize> {
    /// Its terms.
    pub terms: [f64; N],
    /// Whether it is of mates.
    pub mated: bool,
}

/// Bias and weights that make the observations most likely, with a ridge on the weights of standardised terms.
///
/// `None` without observations of both kinds.
pub(crate) fn fit<const N: usize>(observations: &[Observation<N>]) -> Option<(f64, [f64; N])> {
    if observations.iter().all(|o| o.mated) || observations.iter().all(|o| !o.mated) {
        return None;
    }
    let scales = standard(observations);
    let mut weights = DVector::zeros(N + 1); // the bias is the last
    for _ in 0..STEPS {
        let blocks: Vec<_> =
            observations.par_chunks(BLOCK).map(|block| derivatives(block, &scales, &weights)).collect();
        let mut gradient = DVector::zeros(N + 1);
        let mut curvature = DMatrix::zeros(N + 1, N + 1);
        for (g, c) in blocks {
            gradient += g;
            curvature += c;
        }
        for term in 0..N {
            gradient[term] -= RIDGE * weights[term];
            curvature[(term, term)] += RIDGE;
        }
        curvature[(N, N)] += f64::EPSILON;
        let step = Cholesky::new(curvature)?.solve(&gradient);
        weights += &step;
        if step.amax() < CONVERGED {
            break;
        }
    }
    let mut bias = weights[N];
    let mut raw = [0.0; N];
    for (term, (mean, deviation)) in scales.iter().enumerate() {
        raw[term] = weights[term] / deviation;
        bias -= raw[term] * mean;
    }
    Some((bias, raw))
}

/// Mean and standard deviation of each term.
fn standard<const N: usize>(observations: &[Observation<N>]) -> [(f64, f64); N] {
    let count = observations.len() as f64;
    std::array::from_fn(|term| {
        let mean = observations.iter().map(|o| o.terms[term]).sum::<f64>() / count;
        let square = observations.iter().map(|o| (o.terms[term] - mean).powi(2)).sum::<f64>() / count;
        (mean, if square > 0.0 { square.sqrt() } else { 1.0 })
    })
}

/// Gradient of the log likelihood and its curvature with the sign turned.
fn derivatives<const N: usize>(
    block: &[Observation<N>],
    scales: &[(f64, f64); N],
    weights: &DVector<f64>,
) -> (DVector<f64>, DMatrix<f64>) {
    let mut gradient = DVector::zeros(N + 1);
    let mut curvature = DMatrix::zeros(N + 1, N + 1);
    let mut terms = DVector::from_element(N + 1, 1.0);
    for o in block {
        for (term, (mean, deviation)) in scales.iter().enumerate() {
            terms[term] = (o.terms[term] - mean) / deviation;
        }
        let likely = 1.0 / (1.0 + (-weights.dot(&terms)).exp());
        gradient.axpy(f64::from(u8::from(o.mated)) - likely, &terms, 1.0);
        curvature.syger(likely * (1.0 - likely), &terms, &terms, 1.0);
    }
    curvature.fill_upper_triangle_with_lower_triangle();
    (gradient, curvature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(term: f64, mated: bool) -> Observation<2> {
        Observation { terms: [term, 7.0], mated }
    }

    #[test]
    fn the_log_odds_of_a_table_are_found() {
        // 3 of 4 mated where the term is 1, 1 of 5 where it is 0; many of each, so that the ridge hardly matters.
        let cells = [(1.0, true, 3), (1.0, false, 1), (0.0, true, 1), (0.0, false, 4)];
        let observations: Vec<_> =
            cells.iter().flat_map(|&(term, mated, times)| vec![of(term, mated); 20_000 * times]).collect();
        let (bias, [weight, constant]) = fit(&observations).unwrap();
        assert!((bias + 7.0 * constant - (1.0_f64 / 4.0).ln()).abs() < 1e-3, "{bias} {constant}");
        assert!((weight - (12.0_f64).ln()).abs() < 1e-3, "{weight}");
    }

    #[test]
    fn separable_observations_have_finite_weights_and_one_kind_has_none() {
        let (bias, [weight, _]) = fit(&[of(1.0, true), of(2.0, true), of(-1.0, false)]).unwrap();
        assert!(weight.is_finite() && weight > 0.0 && bias.is_finite());
        assert!(fit(&[of(1.0, true), of(2.0, true)]).is_none());
    }
}
