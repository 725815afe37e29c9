//! The one-dimensional input and output transforms, on vectors of sixteen channels.
//!
//! Points of opposite sign share their work. For a pair ±p the rows of Bᵀ are the coefficients of
//! `x (x ± p) Q(x²)` with `Q = Π (x² - q²)` over the other pairs, so both are an even part plus or minus p times an odd
//! part; in Aᵀ the powers of ±p differ only in sign for odd exponents.

use super::points::{even_product, power};
use crate::lanes::Lanes;

/// Bᵀ d.
#[inline(always)]
pub(crate) fn input<L: Lanes, const N: usize>(l: L, d: &[L::V; N]) -> [L::V; N] {
    let pairs = const { N / 2 - 1 };
    let all = const { even_product(N / 2 - 1, usize::MAX) };
    let others =
        const { [even_product(N / 2 - 1, 0), even_product(N / 2 - 1, 1), even_product(N / 2 - 1, 2)] };
    let mut out = [l.splat(0.0); N];
    out[0] = every_other(l, d, 0, &all, pairs);
    for pair in 0..pairs {
        let even = every_other(l, d, 2, &others[pair], pairs - 1);
        let odd = every_other(l, d, 1, &others[pair], pairs - 1);
        let p = l.splat(power(pair, 1));
        out[1 + 2 * pair] = l.mul_add(p, odd, even);
        out[2 + 2 * pair] = l.neg_mul_add(p, odd, even);
    }
    out[N - 1] = every_other(l, d, 1, &all, pairs);
    out
}

/// `Σ coefficients[k] d[first + 2k]` for k to `degree`, whose coefficient is 1.
#[inline(always)]
fn every_other<L: Lanes, const N: usize>(
    l: L,
    d: &[L::V; N],
    first: usize,
    coefficients: &[f32; 4],
    degree: usize,
) -> L::V {
    let mut sum = d[first + 2 * degree];
    for k in 0..degree {
        sum = l.mul_add(l.splat(coefficients[k]), d[first + 2 * k], sum);
    }
    sum
}

/// Aᵀ m.
#[inline(always)]
pub(crate) fn output<L: Lanes, const N: usize, const M: usize>(l: L, m: &[L::V; N]) -> [L::V; M] {
    let pairs = const { N / 2 - 1 };
    let mut sums = [[l.splat(0.0); 3]; 2];
    for pair in 0..pairs {
        sums[0][pair] = l.add(m[1 + 2 * pair], m[2 + 2 * pair]);
        sums[1][pair] = l.sub(m[1 + 2 * pair], m[2 + 2 * pair]);
    }
    let mut out = [l.splat(0.0); M];
    for j in 0..M {
        let mut y = sums[j % 2][0];
        for pair in 1..pairs {
            y = l.mul_add(l.splat(power(pair, j)), sums[j % 2][pair], y);
        }
        if j == 0 {
            y = l.add(y, m[0]);
        }
        if j == M - 1 {
            y = l.add(y, m[N - 1]);
        }
        out[j] = y;
    }
    out
}
