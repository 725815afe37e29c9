//! Convolutions of a picture that is first made twice as large, every pixel a square of four: the enlarged picture is
//! never made.
//!
//! Of an enlarged row a tile sees a b b c c d. Apart from its ends that is a multiple of 1 + x, as a polynomial, which
//! vanishes at the point -1: all coefficients of that point are zero, eleven of the thirty-six of F(4x4, 3x3), and need
//! no products.

use super::lanes::{Lanes, Task};
use super::plane::Pixel;
use super::product::{GROUP, Transformed};
use super::winograd::{Grid, M, Tiles, gather, transform_tile};

/// How much larger, across and down.
pub(super) const FACTOR: usize = 2;

/// The coefficients of the point -1, one bit each: row and column 2 of N by N.
pub(super) fn vanishing(n: usize) -> u64 {
    (0..n).fold(0, |bits, i| bits | 1 << (2 * n + i) | 1 << (i * n + 2))
}

/// Bᵀ d B of every tile and plane.
pub(super) struct EnlargedTransform<'a, const N: usize, const NN: usize> {
    /// Of the enlarged picture.
    pub grid: Grid,
    pub tiles: &'a Tiles,
    /// Of the picture that is to be enlarged.
    pub planes: &'a [&'a [Pixel]],
    /// `[group of tiles][plane]`
    pub out: &'a mut [Transformed<NN>],
}

impl<const N: usize, const NN: usize> Task for EnlargedTransform<'_, N, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Grid { height, width, padding, first_row, .. } = self.grid;
        let stride = width / FACTOR;
        for (index, plane) in self.planes.iter().enumerate() {
            for (tile, (row, column)) in self.tiles.positions().enumerate() {
                let out = &mut self.out[tile / GROUP * self.planes.len() + index];
                let (bottom, right) = (row * M + N, column * M + N);
                let inside = row * M >= padding && column * M >= padding;
                if inside && bottom <= height + padding && right <= width + padding {
                    // The first pixel of a tile is the second of its square.
                    let (top, left) = ((row * M - padding) / FACTOR, (column * M - padding) / FACTOR);
                    let first = (top - first_row / FACTOR) * stride + left;
                    let rows = squares::<N>(&plane[first..], stride);
                    transform_tile::<L, N, NN>(
                        l,
                        |i, j| &rows[i.div_ceil(FACTOR)][j.div_ceil(FACTOR)],
                        out,
                        tile % GROUP,
                    );
                } else {
                    let padded: [Pixel; NN] = gather::<N, NN>(self.grid, row * M, column * M, |y, x| {
                        plane[(y - first_row) / FACTOR * stride + x / FACTOR]
                    });
                    transform_tile::<L, N, NN>(l, |i, j| &padded[i * N + j], out, tile % GROUP);
                }
            }
        }
    }
}

/// The pixels that make up a tile, row by row: N / 2 + 1 each way, and room for as many as a tile has.
#[inline(always)]
fn squares<const N: usize>(pixels: &[Pixel], stride: usize) -> [&[Pixel]; N] {
    let side = N / FACTOR + 1;
    let mut rows: [&[Pixel]; N] = [&[]; N];
    for i in 0..side {
        rows[i] = &pixels[i * stride..][..side];
    }
    rows
}
