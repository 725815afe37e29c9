//! Convolutions behind a nearest-neighbour upsample by two, which is never carried out.
//!
//! Of an upsampled row a tile reads a b b c c d. Apart from its ends that is, as a polynomial, a multiple of 1 + x, which
//! is zero at the interpolation point -1: all coefficients of that point are zero, eleven of the thirty-six of
//! F(4x4, 3x3), and need no products.

/// The upsample's factor, across and down.
pub(crate) const FACTOR: usize = 2;

/// The mask of zero coefficients, those of the point -1: row and column 2 of N by N.
pub(crate) fn zero_coefficient_mask(n: usize) -> u64 {
    (0..n).fold(0, |bits, i| bits | 1 << (2 * n + i) | 1 << (i * n + 2))
}
