//! The transforms of Winograd's minimal filtering, derived from their interpolation points.
//!
//! F(m, r) computes m outputs of a filter with r taps from n = m + r - 1 inputs with n multiplications
//! (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308):
//!
//! ```text
//! y = Aᵀ [(G g) ⊙ (Bᵀ d)]
//! ```
//!
//! It is Toom-Cook's multiplication of polynomials, transposed: G evaluates the filter at n - 1 points p and at
//! infinity, Aᵀ evaluates a polynomial of degree m - 1 at the same points, and the rows of Bᵀ are the coefficients of
//! the Lagrange numerators Π (x - q), q ≠ p, whose denominators go into G:
//!
//! ```text
//! Aᵀ[j][i] = pᵢ^j             G[i][k] = pᵢ^k / Π (pᵢ - q)        Bᵀ[i] = coefficients of Π (x - q), q ≠ pᵢ
//! Aᵀ[j][∞] = 1 if j = m - 1   G[∞][k] = 1 if k = r - 1           Bᵀ[∞] = coefficients of Π (x - q), all q
//! ```
//!
//! With the points 0, ±1, ±2 these are the matrices printed in the paper for F(4, 3). All entries of Aᵀ and Bᵀ are
//! dyadic rationals, so `f32` holds them exactly.

/// The finite points come as 0, then pairs of opposite sign, in this order. Opposite signs share their sums, and small
/// powers of two keep rounding errors small (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
/// Convolution for Deep Neural Networks", arXiv 1803.10986). The first pair must be ±1: the output transform leaves its
/// factors out.
pub(crate) const PAIRS: [f32; 3] = [1.0, 2.0, 0.5];

/// The `n - 1` finite points of a transform of size `n`: 4, 6 or 8.
pub(crate) fn points(n: usize) -> Vec<f64> {
    let pairs = PAIRS.iter().take(n / 2 - 1);
    std::iter::once(0.0).chain(pairs.flat_map(|&p| [f64::from(p), -f64::from(p)])).collect()
}

/// The filter transform without its denominators: `numerators[i][k] / denominators[i]` is G.
pub(crate) struct FilterTransform {
    pub numerators: Vec<Vec<f64>>,
    pub denominators: Vec<f64>,
}

/// G of F(n + 1 - taps, taps), exact in its two parts.
pub(crate) fn filter_transform(n: usize, taps: usize) -> FilterTransform {
    let points = points(n);
    let mut numerators: Vec<Vec<f64>> =
        points.iter().map(|&p| (0..taps).map(|k| p.powi(k as i32)).collect()).collect();
    numerators.push((0..taps).map(|k| if k + 1 == taps { 1.0 } else { 0.0 }).collect());
    let mut denominators: Vec<f64> =
        points.iter().map(|&p| points.iter().filter(|&&q| q != p).map(|q| p - q).product()).collect();
    denominators.push(1.0);
    FilterTransform { numerators, denominators }
}

impl FilterTransform {
    /// G.
    pub fn matrix(&self) -> Vec<Vec<f64>> {
        let divided = |(row, d): (&Vec<f64>, &f64)| row.iter().map(|x| x / d).collect();
        self.numerators.iter().zip(&self.denominators).map(divided).collect()
    }
}

/// T x Tᵀ of a square x.
pub(crate) fn transform_2d(t: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    let n = t[0].len();
    let mut half = Vec::with_capacity(t.len() * n);
    for row in t {
        half.extend((0..n).map(|j| (0..n).map(|i| row[i] * x[i * n + j]).sum::<f64>()));
    }
    let mut out = Vec::with_capacity(t.len() * t.len());
    for half in half.chunks_exact(n) {
        out.extend(t.iter().map(|row| half.iter().zip(row).map(|(a, b)| a * b).sum::<f64>()));
    }
    out
}

/// Coefficients of x⁰, x², x⁴, … in Π (x² - p²) over the first `pairs` pairs but `skip`; the last one is 1.
pub(crate) const fn even_product(pairs: usize, skip: usize) -> [f32; 4] {
    let mut product = [1.0, 0.0, 0.0, 0.0];
    let mut pair = 0;
    while pair < pairs {
        if pair != skip {
            let square = PAIRS[pair] * PAIRS[pair];
            let mut power = 3;
            while power > 0 {
                product[power] = product[power - 1] - square * product[power];
                power -= 1;
            }
            product[0] *= -square;
        }
        pair += 1;
    }
    product
}

/// `PAIRS[pair]` to the power of `exponent`.
pub(crate) const fn power(pair: usize, exponent: usize) -> f32 {
    let mut result = 1.0;
    let mut i = 0;
    while i < exponent {
        result *= PAIRS[pair];
        i += 1;
    }
    result
}
