//! Memory that is asked for before it is read or written.
//!
//! Products keep the multipliers busy and read little that is far. Transforms compute little, and where activations lie
//! beyond the second-level cache they wait for every line. So it is brought there while products are computed: what the
//! next tiles read, and what the results of these tiles go to or are added to. The transforms themselves ask for the rest
//! of the way, a few tiles ahead.

use std::ops::Range;

use super::{Grid, M, Outputs, Tiles};
use crate::lanes::Lanes;
use crate::plane::Pixel;
use crate::product::share;

/// How many tiles ahead of the one that is transformed pixels are asked for.
pub(super) const AHEAD: usize = 8;

/// What is read and written beside the products of some tiles.
pub(super) struct Ahead<'a, 'b> {
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
        let Grid { width, out_width, padding, first_row, factor, .. } = self.results.grid;
        // Of a tile's pixels those that neither the tile above it nor the one before it reads.
        let first = side - M - padding;
        for (plane, row, column) in squares(self.next, share(self.inputs.len(), self.next)) {
            let at = (row + first - first_row) / factor * (width / factor) + (column + first) / factor;
            let (corner, side) = (self.inputs[plane].as_ptr().wrapping_add(at), M / factor);
            pixels(corner, width / factor, side, 0..side, |at| l.prefetch_l2(at));
        }
        let Outputs { first_row, planes, residuals, .. } = self.results;
        for (plane, row, column) in squares(self.tiles, share(planes.len(), self.tiles)) {
            let at = (row - first_row) * out_width + column;
            let residual = residuals.get(plane).map(|residual| residual.as_ptr());
            for plane in [planes[plane].as_ptr()].into_iter().chain(residual) {
                pixels(plane.wrapping_add(at), out_width, M, 0..M, |at| l.prefetch_l2(at));
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

/// Asks for pixels of rows that begin at `corner` and are `stride` apart: the rows of a tile, read or written, and the
/// coefficients of its transform are more streams than hardware follows by itself.
#[inline(always)]
pub(super) fn pixels(
    corner: *const Pixel,
    stride: usize,
    rows: usize,
    columns: Range<usize>,
    ask: impl Fn(*const Pixel),
) {
    for row in 0..rows {
        for column in columns.clone() {
            ask(corner.wrapping_add(row * stride + column));
        }
    }
}
