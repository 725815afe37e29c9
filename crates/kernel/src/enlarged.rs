//! Convolutions of a picture that is first made twice as large, every pixel a square of four: the enlarged picture is
//! never made.
//!
//! Of an enlarged row a tile sees a b b c c d. Apart from its ends that is a multiple of 1 + x, as a polynomial, which
//! vanishes at the point -1: all coefficients of that point are zero, eleven of the thirty-six of F(4x4, 3x3), and need
//! no products.

/// How much larger, across and down.
pub(super) const FACTOR: usize = 2;

/// The coefficients of the point -1, one bit each: row and column 2 of N by N.
pub(super) fn vanishing(n: usize) -> u64 {
    (0..n).fold(0, |bits, i| bits | 1 << (2 * n + i) | 1 << (i * n + 2))
}
