//! Memory that is asked for while products are computed.
//!
//! Products keep the multipliers busy and read little that is far. Transforms compute little, and where activations lie
//! beyond the second-level cache they wait for every line. So it is brought there beforehand: what the next tiles read,
//! and what the results of these tiles go to or are added to.

use std::ops::Range;

use super::{Grid, M, Outputs, Tiles};
use crate::kernel::lanes::Lanes;
use crate::kernel::plane::Pixel;
use crate::kernel::product::share;

/// What is read and written beside the products of some tiles.
pub(super) struct Ahead<'a, 'b> {
    pub grid: Grid,
    pub inputs: &'a [&'a [Pixel]],
    /// The tiles that come next.
    pub next: &'a Tiles,
    pub results: &'a Outputs<'b>,
    /// The tiles whose products are computed.
    pub tiles: &'a Tiles,
}

impl Ahead<'_, '_> {
    /// Asks for one of `parts` about equal parts of it.
    ///
    /// `side` is that of a tile of the input.
    pub fn ask<L: Lanes>(&self, l: L, side: usize, part: usize, parts: usize) {
        let share = |planes: usize, tiles: &Tiles| share(planes * tiles.range.len(), part, parts);
        let Grid { width, out_width, padding, first_row, factor, .. } = self.grid;
        // Of a tile's pixels those that neither the tile above it nor the one before it reads.
        let first = side - M - padding;
        for (plane, row, column) in squares(self.next, share(self.inputs.len(), self.next)) {
            let at = (row + first - first_row) / factor * (width / factor) + (column + first) / factor;
            ask(l, self.inputs[plane].as_ptr().wrapping_add(at), width / factor, M / factor);
        }
        let Outputs { first_row, planes, residuals, .. } = self.results;
        for (plane, row, column) in squares(self.tiles, share(planes.len(), self.tiles)) {
            let at = (row - first_row) * out_width + column;
            ask(l, planes[plane].as_ptr().wrapping_add(at), out_width, M);
            if let Some(residual) = residuals.get(plane) {
                ask(l, residual.as_ptr().wrapping_add(at), out_width, M);
            }
        }
    }
}

/// Some of the tiles of some planes, plane after plane: which plane, and the row and column of the picture that a tile's
/// results begin with.
#[inline(always)]
fn squares(tiles: &Tiles, range: Range<usize>) -> impl Iterator<Item = (usize, usize, usize)> {
    let Tiles { range: all, across } = tiles;
    range.map(move |square| {
        let tile = all.start + square % all.len();
        (square / all.len(), tile / across * M, tile % across * M)
    })
}

/// Asks for a square of pixels, in rows that are `stride` apart.
#[inline(always)]
fn ask<L: Lanes>(l: L, corner: *const Pixel, stride: usize, side: usize) {
    for row in 0..side {
        for column in 0..side {
            l.prefetch_l2(corner.wrapping_add(row * stride + column));
        }
    }
}
