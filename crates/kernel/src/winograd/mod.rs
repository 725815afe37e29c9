//! Convolution by Winograd's minimal filtering F(M x M, r x r), tile by tile.
//!
//! The output is cut into tiles of M by M pixels, M = 4, each computed from the N by N input pixels around it, N = M + r - 1.
//! For a group of tiles: the input transform Bᵀ d B; for each of the N² coefficients a matrix product of tiles by input
//! channels with input channels by output channels; the output transform Aᵀ m A; bias and epilogue. What lies outside the
//! picture is zero, as data: the arithmetic of an output pixel depends on its place in its tile and on nothing else.
//!
//! | file | what |
//! |---|---|
//! | `points`, `transform` | where the matrices A, B and G come from; the one-dimensional transforms on vectors |
//! | `input`, `output` | the two-dimensional transforms of tiles |
//! | `fused_pointwise` | a 1x1 convolution of the result, while it is in a cache |
//! | `prefetch` | which memory is prefetched during the product |
//! | `upsample` | coefficients that are zero behind a nearest-neighbour upsample |
//! | here | the loop over groups of tiles |

mod fused_pointwise;
mod input;
mod output;
pub(crate) mod points;
mod prefetch;
pub(crate) mod transform;
pub(crate) mod upsample;

use std::ops::Range;

use crate::gemm::{Gemm, LaneAxis, PackedWeights, TILE_BLOCK, TransformedTiles};
use crate::isa::Isa;
use crate::lanes::{Lanes, SimdTask};
use crate::layer::PackedLayer;
use crate::layout::Pixel;
use crate::scratch::Scratch;
use input::transform_inputs;
use output::{ChannelLaneSums, FinishTiles, TileValues, VectorOfProducts};
use points::{filter_transform, transform_2d};
use prefetch::Prefetch;

/// Side of an output tile.
pub(crate) const M: usize = 4;

/// Tiles that go through the phases together: enough to use each weight often, few enough that their transforms stay in
/// a second-level cache of 1 MiB or more. Where the weights alone exceed it they come from farther off, and twice the
/// tiles halve that traffic. (On Zen 5 anything from 24 to 96 is within 3 % for 32 to 64 channels; for 5x5 filters
/// twice the tiles are 4 % faster.)
fn tiles_at_once(weights: &PackedWeights) -> usize {
    if weights.bytes() < 1 << 20 { TILE_BLOCK } else { 2 * TILE_BLOCK }
}

/// Where a convolution's tiles lie.
#[derive(Clone, Copy)]
pub(crate) struct TileGrid {
    pub height: usize,
    pub width: usize,
    pub out_width: usize,
    pub padding: usize,
    /// The input row that the planes begin with.
    pub first_row: usize,
    /// The nearest-neighbour upsample: `height` and `width` are this many times those of the planes.
    pub upsample: usize,
}

/// The input rows that are needed, and the residual of the rows that are computed.
pub(crate) struct InputPlanes<'a> {
    pub inputs: &'a [&'a [Pixel]],
    /// One per output plane, or none at all.
    pub residuals: &'a [&'a [Pixel]],
}

/// Transforms and packs the weights `[output][input][taps][taps]` of F(n + 1 - taps, taps).
pub(crate) fn pack(
    n: usize,
    taps: usize,
    weights: &[f32],
    inputs: &[usize],
    outputs: usize,
    isa: Isa,
) -> PackedWeights {
    let g = filter_transform(n, taps).matrix();
    let channels: usize = inputs.iter().sum();
    PackedWeights::pack(n * n, inputs, outputs, isa.gemm_vectors(), |output, input| {
        let filter = &weights[(output * channels + input) * taps * taps..][..taps * taps];
        let filter: Vec<f64> = filter.iter().map(|&weight| f64::from(weight)).collect();
        transform_2d(&g, &filter)
    })
}

/// Pixels of scratch that [`Winograd`] takes.
struct ScratchSize {
    /// For the transformed inputs.
    inputs: usize,
    /// For the products.
    products: usize,
    /// For what a fused 1x1 convolution reads.
    staging: usize,
}

impl ScratchSize {
    fn of(n: usize, layer: &PackedLayer, fused: Option<&PackedLayer>) -> ScratchSize {
        let tiles = tiles_at_once(&layer.weights);
        let products = n * n * tiles * layer.weights.widest_panel();
        let (staging, fused) = fused.map_or((0, 0), |layer| fused_pointwise::scratch_pixels(tiles, layer));
        ScratchSize { inputs: n * n * tiles * layer.weights.planes, products: products.max(fused), staging }
    }
}

/// Bytes of scratch that [`Winograd`] takes.
pub(crate) fn scratch_bytes(n: usize, layer: &PackedLayer, fused: Option<&PackedLayer>) -> usize {
    let ScratchSize { inputs, products, staging } = ScratchSize::of(n, layer, fused);
    (inputs + products + staging) * size_of::<Pixel>()
}

/// A range of output rows of one convolution: F(M, N + 1 - M), NN = N².
pub(crate) struct Winograd<'a, const N: usize, const NN: usize> {
    pub grid: TileGrid,
    pub planes: InputPlanes<'a>,
    pub layer: &'a PackedLayer,
    /// A 1x1 convolution of the result, if one is fused.
    pub fused: Option<&'a PackedLayer>,
    /// Output rows; they begin on a multiple of M.
    pub rows: Range<usize>,
    /// Those rows of each output plane.
    pub outputs: &'a mut [&'a mut [Pixel]],
    pub scratch: &'a mut Scratch,
}

impl<const N: usize, const NN: usize> SimdTask for Winograd<'_, N, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Winograd { grid, planes, layer, fused, rows, outputs, scratch } = self;
        let across = grid.out_width.div_ceil(M);
        let (first, end) = (rows.start / M * across, rows.end.div_ceil(M) * across);
        let size = ScratchSize::of(N, layer, fused);
        let transformed = scratch.inputs.take(size.inputs).as_chunks_mut().0.as_chunks_mut().0;
        let products = scratch.products.take(size.products);
        let staging = scratch.staging.take(size.staging).as_chunks_mut().0.as_chunks_mut().0;
        let (residuals, first_row) = (planes.residuals, rows.start);
        let to = Outputs { grid, residuals, first_row, planes: outputs };
        let mut results = Results { layer, fused: fused.map(|layer| (layer, staging)), to };
        let at_once = tiles_at_once(&layer.weights);
        for first in (first..end).step_by(at_once) {
            let tiles = &Tiles { range: first..end.min(first + at_once), across };
            let next = &Tiles { range: tiles.range.end..end.min(tiles.range.end + at_once), across };
            let (weights, count) = (&layer.weights, tiles.range.len());
            transform_inputs::<L, N, NN>(l, grid, tiles, planes.inputs, transformed);
            for (index, panel) in weights.panels.iter().enumerate() {
                let products: &mut [[Pixel; NN]] = products.as_chunks_mut().0;
                let prefetch = Prefetch { inputs: planes.inputs, next, results: &results.to, tiles };
                let (done, all) = (index * NN, weights.panels.len() * NN);
                let before = &|coefficient| prefetch.part(l, N, done + coefficient, all);
                Gemm { inputs: transformed, weights, panel, products, tiles: count, before }.run(l);
                let vectors = panel.vectors;
                if let LaneAxis::Inputs = weights.lanes {
                    results.finish(l, tiles, 0, ChannelLaneSums::<N, NN> { products, vectors });
                    continue;
                }
                for vector in 0..vectors {
                    let values = VectorOfProducts::<N, NN> { products, vectors, vector };
                    results.finish(l, tiles, panel.first + vector, values);
                }
            }
            results.finish_fused(l, tiles, products);
        }
    }
}

/// What becomes of a convolution's tiles.
struct Results<'a> {
    layer: &'a PackedLayer,
    /// The fused 1x1 convolution, if there is one, and the staging buffer that it reads.
    fused: Option<(&'a PackedLayer, &'a mut [TransformedTiles<1>])>,
    to: Outputs<'a>,
}

impl Results<'_> {
    /// Finishes the tiles of one output plane.
    #[inline(always)]
    fn finish<L: Lanes>(&mut self, l: L, tiles: &Tiles, plane: usize, values: impl TileValues) {
        match &mut self.fused {
            None => self.to.store(l, tiles, self.layer, plane, values),
            Some((_, staging)) => {
                fused_pointwise::stage(l, tiles.range.len(), self.layer, plane, values, staging);
            }
        }
    }

    /// Computes the fused convolution of tiles whose planes have all been staged.
    #[inline(always)]
    fn finish_fused<L: Lanes>(&mut self, l: L, tiles: &Tiles, products: &mut [Pixel]) {
        if let Some((layer, staging)) = &self.fused {
            fused_pointwise::convolve(l, layer, tiles, staging, products, &mut self.to);
        }
    }
}

/// Where results go.
struct Outputs<'a> {
    grid: TileGrid,
    residuals: &'a [&'a [Pixel]],
    /// The picture's row that the planes begin with.
    first_row: usize,
    planes: &'a mut [&'a mut [Pixel]],
}

impl Outputs<'_> {
    /// Row `y` of tiles that lie side by side, in one output plane, and their residual; `None` below the picture.
    fn row_segment(
        &mut self,
        plane: usize,
        (row, columns): (usize, Range<usize>),
        y: usize,
    ) -> Option<(Option<&[Pixel]>, &mut [Pixel])> {
        let width = self.grid.out_width;
        let first = (row * M + y - self.first_row) * width;
        let pixels = first + columns.start * M..first + width.min(columns.end * M);
        let residual = self.residuals.get(plane).and_then(|plane| plane.get(pixels.clone()));
        Some((residual, self.planes[plane].get_mut(pixels)?))
    }

    /// Finishes and stores the tiles of one output plane.
    #[inline(always)]
    fn store<L: Lanes>(
        &mut self,
        l: L,
        tiles: &Tiles,
        layer: &PackedLayer,
        plane: usize,
        values: impl TileValues,
    ) {
        l.run(FinishTiles {
            grid: self.grid,
            tiles,
            values,
            layer,
            plane,
            residual: self.residuals.get(plane).copied(),
            first_row: self.first_row,
            out: self.planes[plane],
        });
    }
}

/// Tiles by number, row after row.
#[derive(Clone)]
struct Tiles {
    range: Range<usize>,
    /// Tiles in a row.
    across: usize,
}

impl Tiles {
    /// Row and column of each tile.
    #[inline(always)]
    fn positions(&self) -> impl Iterator<Item = (usize, usize)> {
        // Counted on: there is a division for every tile and plane otherwise.
        let (mut row, mut column) = (self.range.start / self.across, self.range.start % self.across);
        self.range.clone().map(move |_| {
            let position = (row, column);
            column += 1;
            if column == self.across {
                (row, column) = (row + 1, 0);
            }
            position
        })
    }

    /// The tiles' rows: which tile, counted from the first, each begins with, its row, and its columns.
    fn rows(&self) -> impl Iterator<Item = (usize, usize, Range<usize>)> {
        let Tiles { range, across } = self.clone();
        let rows = range.start / across..range.end.div_ceil(across);
        rows.map(move |row| {
            let first = range.start.max(row * across);
            let end = range.end.min((row + 1) * across);
            (first - range.start, row, first - row * across..end - row * across)
        })
    }
}
