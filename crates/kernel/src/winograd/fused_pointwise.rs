//! A 1x1 convolution of a Winograd convolution's result, fused with it: the result is staged in a cache, never stored.
//!
//! The staging buffer holds pixels of the same place in TILE_BLOCK tiles side by side, as a 1x1 convolution by itself
//! reads pixels: the product is the same one, in the same order, and has the same bits.

use super::output::TileValues;
use super::{M, Outputs, Tiles};
use crate::gemm::{Gemm, TILE_BLOCK, TransformedTiles};
use crate::lanes::{Block, Lanes, SimdTask};
use crate::layer::PackedLayer;
use crate::layout::Pixel;
use crate::pointwise::FinishPixels;

/// Pixels of a tile.
const PLACES: usize = M * M;

/// Pixels of scratch for the staging buffer of `tiles` tiles, and for the products.
pub(super) fn scratch_pixels(tiles: usize, layer: &PackedLayer) -> (usize, usize) {
    (tiles * PLACES * layer.weights.planes, TILE_BLOCK * M * layer.weights.widest_panel())
}

/// Applies the first convolution's epilogue to the tiles of one plane and puts them into the staging buffer.
struct StageTiles<'a, V> {
    tiles: usize,
    values: V,
    layer: &'a PackedLayer,
    plane: usize,
    /// `[block of tiles][place][plane]`
    staging: &'a mut [TransformedTiles<1>],
}

/// Finishes the tiles of one plane and puts them into the staging buffer.
#[inline(always)]
pub(super) fn stage<L: Lanes>(
    l: L,
    tiles: usize,
    layer: &PackedLayer,
    plane: usize,
    values: impl TileValues,
    staging: &mut [TransformedTiles<1>],
) {
    l.run(StageTiles { tiles, values, layer, plane, staging });
}

impl<V: TileValues> SimdTask for StageTiles<'_, V> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (planes, bias) = (self.layer.bias.len(), l.load(&self.layer.bias[self.plane].0));
        for tile in 0..self.tiles {
            let values = self.values.tile(l, tile, bias);
            let mut window = [Block::ZERO; PLACES];
            let window = Block::as_pixels_mut(&mut window);
            self.layer.epilogue.finish(l, self.plane, &values, None, window, M);
            let block = &mut self.staging[tile / TILE_BLOCK * PLACES * planes..];
            for (place, pixel) in window.iter().enumerate() {
                let staged = &mut block[place * planes + self.plane][0][tile % TILE_BLOCK];
                l.store(l.load(pixel), staged);
            }
        }
    }
}

/// The 1x1 convolution of staged tiles, a row of their pixels at a time: one segment of an output row, and products that
/// stay in a first-level cache.
#[inline(always)]
pub(super) fn convolve<L: Lanes>(
    l: L,
    layer: &PackedLayer,
    tiles: &Tiles,
    staging: &[TransformedTiles<1>],
    products: &mut [Pixel],
    out: &mut Outputs,
) {
    let weights = &layer.weights;
    let blocks = tiles.range.clone().step_by(TILE_BLOCK).zip(staging.chunks_exact(PLACES * weights.planes));
    for (first, staged) in blocks {
        let tiles = Tiles { range: first..tiles.range.end.min(first + TILE_BLOCK), across: tiles.across };
        for (y, staged) in staged.chunks_exact(M * weights.planes).enumerate() {
            for panel in &weights.panels {
                for (x, inputs) in staged.chunks_exact(weights.planes).enumerate() {
                    let products = products[x * TILE_BLOCK * panel.vectors..].as_chunks_mut().0;
                    let tiles = tiles.range.len();
                    Gemm { inputs, weights, panel, products, tiles, before: &|_| () }.run(l);
                }
                for vector in 0..panel.vectors {
                    let products = &products[vector..];
                    store(l, layer, (panel.first + vector, panel.vectors), &tiles, y, products, out);
                }
            }
        }
    }
}

/// Finishes and stores row `y` of all tiles in one plane, to which every `vectors`-th product belongs.
#[inline(always)]
fn store<L: Lanes>(
    l: L,
    layer: &PackedLayer,
    (plane, vectors): (usize, usize),
    tiles: &Tiles,
    y: usize,
    products: &[Pixel],
    out: &mut Outputs,
) {
    for (first, row, across) in tiles.rows() {
        let Some((residual, out)) = out.row_segment(plane, (row, across), y) else { continue };
        let products = &products[first * vectors..];
        l.run(FinishPixels {
            products,
            place: |pixel| (pixel % M * TILE_BLOCK + pixel / M) * vectors,
            layer,
            plane,
            residual,
            out,
        });
    }
}
