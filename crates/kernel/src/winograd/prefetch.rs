//! Which memory is prefetched, and when.
//!
//! The product keeps the multipliers busy and reads little from outside the caches. The transforms compute little, and
//! where activations lie beyond the second-level cache they wait for every line. So the product prefetches into that
//! cache: what the next group of tiles reads, and what the results of this group are stored to or added to. The
//! transforms prefetch from there into the first-level cache, a few tiles ahead.

use std::ops::Range;

use super::{M, Outputs, TileGrid, Tiles};
use crate::gemm::even_share;
use crate::lanes::Lanes;
use crate::layout::Pixel;

/// How many tiles ahead of the one that it works on a transform prefetches.
pub(super) const PREFETCH_TILES: usize = 8;

/// What is read and written beside the products of a group of tiles.
pub(super) struct Prefetch<'a, 'b> {
    pub inputs: &'a [&'a [Pixel]],
    /// The tiles that come next.
    pub next: &'a Tiles,
    pub results: &'a Outputs<'b>,
    /// The tiles whose products are computed.
    pub tiles: &'a Tiles,
}

impl Prefetch<'_, '_> {
    /// Prefetches one of `parts` about equal parts of it. `side` is that of an input tile.
    pub fn part<L: Lanes>(&self, l: L, side: usize, part: usize, parts: usize) {
        let share = |planes: usize, tiles: &Tiles| even_share(planes * tiles.range.len(), part, parts);
        let TileGrid { width, out_width, padding, first_row, upsample, .. } = self.results.grid;
        // Of a tile's pixels those that neither the tile above it nor the one before it reads.
        let first = side - M - padding;
        for (plane, row, column) in tile_corners(self.next, share(self.inputs.len(), self.next)) {
            let at = (row + first - first_row) / upsample * (width / upsample) + (column + first) / upsample;
            let (corner, side) = (self.inputs[plane].as_ptr().wrapping_add(at), M / upsample);
            prefetch_window(corner, width / upsample, side, 0..side, |at| l.prefetch_l2(at));
        }
        let Outputs { first_row, planes, residuals, .. } = self.results;
        for (plane, row, column) in tile_corners(self.tiles, share(planes.len(), self.tiles)) {
            let at = (row - first_row) * out_width + column;
            let residual = residuals.get(plane).map(|residual| residual.as_ptr());
            for plane in [planes[plane].as_ptr()].into_iter().chain(residual) {
                prefetch_window(plane.wrapping_add(at), out_width, M, 0..M, |at| l.prefetch_l2(at));
            }
        }
    }
}

/// Some of the tiles of some planes, plane after plane: which plane, and the row and column of the picture that a tile's
/// results begin with.
#[inline(always)]
fn tile_corners(tiles: &Tiles, range: Range<usize>) -> impl Iterator<Item = (usize, usize, usize)> {
    let Tiles { range: all, across } = tiles;
    range.map(move |index| {
        let tile = all.start + index % all.len();
        (index / all.len(), tile / across * M, tile % across * M)
    })
}

/// Prefetches columns of rows that begin at `corner` and are `stride` pixels apart: the rows of a tile and the
/// coefficients of its transform are more streams than hardware prefetchers follow.
#[inline(always)]
pub(super) fn prefetch_window(
    corner: *const Pixel,
    stride: usize,
    rows: usize,
    columns: Range<usize>,
    prefetch: impl Fn(*const Pixel),
) {
    for row in 0..rows {
        for column in columns.clone() {
            prefetch(corner.wrapping_add(row * stride + column));
        }
    }
}
