//! A 1x1 convolution of what the tiles became, while they are in a cache.
//!
//! Pixels of the same place in GROUP tiles lie side by side, as the pixels that a 1x1 convolution by itself takes at a
//! time: the product is the same one, in the same order, and has the same bits.

use super::M;
use super::output::Values;
use crate::kernel::epilogue::Packed;
use crate::kernel::lanes::{Block, Lanes, Task};
use crate::kernel::layer::Layer;
use crate::kernel::plane::Pixel;
use crate::kernel::product::{GROUP, Group, Multiply, Transformed, Weights};

/// Pixels of a tile.
const PLACES: usize = M * M;

/// Pixels of scratch for `tiles` tiles of `planes` planes.
pub(super) fn scratch_pixels(tiles: usize, planes: usize) -> usize {
    tiles * PLACES * planes
}

/// The tiles of one plane, finished and put where the 1x1 convolution reads them.
struct HandOver<'a, V> {
    tiles: usize,
    values: V,
    bias: &'a Block,
    epilogue: &'a Packed,
    plane: usize,
    planes: usize,
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
    let (bias, planes) = (&layer.bias[plane], layer.bias.len());
    l.run(HandOver { tiles, values, bias, epilogue: &layer.epilogue, plane, planes, near });
}

impl<V: Values> Task for HandOver<'_, V> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let bias = l.load(&self.bias.0);
        for tile in 0..self.tiles {
            let values = self.values.of(l, tile, bias);
            let mut window = [Block::ZERO; PLACES];
            let window = Block::as_pixels_mut(&mut window);
            self.epilogue.finish(l, self.plane, &values, None, window, M);
            let group = &mut self.near[tile / GROUP * PLACES * self.planes..];
            for (place, pixel) in window.iter().enumerate() {
                let near = &mut group[place * self.planes + self.plane][0][tile % GROUP];
                l.store(l.load(pixel), near);
            }
        }
    }
}

/// Products of the 1x1 convolution, one column.
pub(super) struct Followed<'a> {
    /// `[group of tiles][place][tile of the group][column]`
    pub products: &'a [Pixel],
    pub columns: usize,
    pub column: usize,
}

impl Values for Followed<'_> {
    #[inline(always)]
    fn of<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M] {
        let first = (tile / GROUP * PLACES * GROUP + tile % GROUP) * self.columns + self.column;
        let products = &self.products[first..][..(PLACES - 1) * GROUP * self.columns + 1];
        let mut values = [[bias; M]; M];
        for (place, value) in values.as_flattened_mut().iter_mut().enumerate() {
            *value = l.add(l.load(&products[place * GROUP * self.columns]), bias);
        }
        values
    }
}

/// The products of all tiles for one group of output planes.
#[inline(always)]
pub(super) fn multiply<L: Lanes>(
    l: L,
    weights: &Weights,
    group: &Group,
    tiles: usize,
    near: &[Transformed<1>],
    products: &mut [Pixel],
) {
    let places = near.chunks_exact(weights.planes).zip(products.chunks_exact_mut(GROUP * group.columns));
    for (index, (inputs, products)) in places.take(tiles.div_ceil(GROUP) * PLACES).enumerate() {
        let tiles = GROUP.min(tiles - index / PLACES * GROUP);
        Multiply { inputs, weights, group, products: products.as_chunks_mut().0, tiles }.run(l);
    }
}
