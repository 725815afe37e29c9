//! A 1x1 convolution of what the tiles became, while they are in a cache.
//!
//! Pixels of the same place in GROUP tiles lie side by side, as the pixels that a 1x1 convolution by itself takes at a
//! time: the product is the same one, in the same order, and has the same bits.

use super::output::Values;
use super::{M, Outputs, Tiles};
use crate::lanes::{Block, Lanes, Task};
use crate::layer::Layer;
use crate::plane::Pixel;
use crate::pointwise::Finish;
use crate::product::{GROUP, Multiply, Transformed};

/// Pixels of a tile.
const PLACES: usize = M * M;

/// Pixels of scratch for `tiles` tiles that are handed over, and for the products.
pub(super) fn scratch_pixels(tiles: usize, layer: &Layer) -> (usize, usize) {
    (tiles * PLACES * layer.weights.planes, GROUP * M * layer.weights.widest_group())
}

/// The tiles of one plane, finished and put where the 1x1 convolution reads them.
struct HandOver<'a, V> {
    tiles: usize,
    values: V,
    layer: &'a Layer,
    plane: usize,
    /// `[group of tiles][place][plane]`
    near: &'a mut [Transformed<1>],
}

/// Finishes the tiles of one plane and puts them where the 1x1 convolution reads them.
#[inline(always)]
pub(super) fn hand_over<L: Lanes>(
    l: L,
    tiles: usize,
    layer: &Layer,
    plane: usize,
    values: impl Values,
    near: &mut [Transformed<1>],
) {
    l.run(HandOver { tiles, values, layer, plane, near });
}

impl<V: Values> Task for HandOver<'_, V> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (planes, bias) = (self.layer.bias.len(), l.load(&self.layer.bias[self.plane].0));
        for tile in 0..self.tiles {
            let values = self.values.of(l, tile, bias);
            let mut window = [Block::ZERO; PLACES];
            let window = Block::as_pixels_mut(&mut window);
            self.layer.epilogue.finish(l, self.plane, &values, None, window, M);
            let group = &mut self.near[tile / GROUP * PLACES * planes..];
            for (place, pixel) in window.iter().enumerate() {
                let near = &mut group[place * planes + self.plane][0][tile % GROUP];
                l.store(l.load(pixel), near);
            }
        }
    }
}

/// The 1x1 convolution of tiles that have been handed over, a row of their pixels at a time: one piece of an output row,
/// and products that stay in a first-level cache.
#[inline(always)]
pub(super) fn follow<L: Lanes>(
    l: L,
    layer: &Layer,
    tiles: &Tiles,
    near: &[Transformed<1>],
    products: &mut [Pixel],
    out: &mut Outputs,
) {
    let weights = &layer.weights;
    for (first, near) in tiles.range.clone().step_by(GROUP).zip(near.chunks_exact(PLACES * weights.planes)) {
        let tiles = Tiles { range: first..tiles.range.end.min(first + GROUP), across: tiles.across };
        for (y, near) in near.chunks_exact(M * weights.planes).enumerate() {
            for group in &weights.groups {
                for (x, inputs) in near.chunks_exact(weights.planes).enumerate() {
                    let products = products[x * GROUP * group.columns..].as_chunks_mut().0;
                    let tiles = tiles.range.len();
                    Multiply { inputs, weights, group, products, tiles, before: &|_| () }.run(l);
                }
                for column in 0..group.columns {
                    let products = &products[column..];
                    store(l, layer, (group.first + column, group.columns), &tiles, y, products, out);
                }
            }
        }
    }
}

/// Finishes and stores row `y` of all tiles in one plane, to which every `columns`-th product belongs.
#[inline(always)]
fn store<L: Lanes>(
    l: L,
    layer: &Layer,
    (plane, columns): (usize, usize),
    tiles: &Tiles,
    y: usize,
    products: &[Pixel],
    out: &mut Outputs,
) {
    for (first, row, across) in tiles.pieces() {
        let Some((residual, out)) = out.piece(plane, (row, across), y) else { continue };
        let products = &products[first * columns..];
        l.run(Finish {
            products,
            place: |pixel| (pixel % M * GROUP + pixel / M) * columns,
            layer,
            plane,
            residual,
            out,
        });
    }
}
