//! Convolution by Winograd's minimal filtering, tile by tile.
//!
//! The output is cut into tiles of M by M pixels, M = 4, each computed from the N by N input pixels around it. For a block of
//! tiles: transform the input tiles (Bᵀ d B), multiply (for each of the N² coefficients, tiles by input channels times
//! input channels by output channels), transform back (Aᵀ m A), finish (bias, activation, residual). What lies outside
//! the picture is zero, as data: the arithmetic of an output pixel depends on its place in its tile and on nothing else.

mod ahead;
mod follow;
mod input;
mod output;

use std::ops::Range;

use super::isa::Isa;
use super::lanes::{Lanes, Task};
use super::layer::Layer;
use super::narrow::SumLanes;
use super::plane::{Pixel, Scratch};
use super::points::{filter_transform, sandwich};
use super::product::{GROUP, Multiply, Transformed, Weights};
use ahead::Ahead;
use input::transform_inputs;
use output::{Column, Output};
pub(super) use output::{Values, untransform};

/// Side of an output tile.
pub(super) const M: usize = 4;

/// Tiles that go through the phases together: enough to use each weight often, few enough that their transforms stay in
/// a second-level cache of 1 MiB or more. Where the weights alone exceed it they come from farther off, and twice the
/// tiles halve that traffic. (On Zen 5 anything from 24 to 96 is within 3 % for 32 to 64 channels; for 5x5 filters
/// twice the tiles are 4 % faster.)
fn tiles_at_once(weights: &Weights) -> usize {
    if weights.bytes() < 1 << 20 { GROUP } else { 2 * GROUP }
}

/// Where a convolution's tiles lie.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub height: usize,
    pub width: usize,
    pub out_width: usize,
    pub padding: usize,
    /// The input row that the planes begin with.
    pub first_row: usize,
    /// How much larger the picture is than the planes, across and down: every pixel of theirs stands for a square.
    pub factor: usize,
}

/// One picture, as pixels: the input rows that are needed, and the residual of the rows that are made.
pub(super) struct Planes<'a> {
    pub inputs: &'a [&'a [Pixel]],
    /// One per output plane, or none at all.
    pub residuals: &'a [&'a [Pixel]],
}

/// Transforms the weights `[output][input][taps][taps]` of F(n + 1 - taps, taps).
pub(super) fn pack(
    n: usize,
    taps: usize,
    weights: &[f32],
    inputs: &[usize],
    outputs: usize,
    isa: Isa,
) -> Weights {
    let g = filter_transform(n, taps).matrix();
    let channels: usize = inputs.iter().sum();
    Weights::pack(n * n, inputs, outputs, isa.columns(), |output, input| {
        let filter = &weights[(output * channels + input) * taps * taps..][..taps * taps];
        let filter: Vec<f64> = filter.iter().map(|&weight| f64::from(weight)).collect();
        sandwich(&g, &filter)
    })
}

/// Pixels of scratch that [`Winograd`] takes.
struct Need {
    /// For the transformed inputs.
    inputs: usize,
    /// For the products.
    products: usize,
    /// For what a follower reads.
    near: usize,
}

impl Need {
    fn of(n: usize, layer: &Layer, follower: Option<&Layer>) -> Need {
        let tiles = tiles_at_once(&layer.weights);
        let products = n * n * tiles * layer.weights.widest_group();
        let (near, followed) = follower.map_or((0, 0), |layer| follow::scratch_pixels(tiles, layer));
        Need { inputs: n * n * tiles * layer.weights.planes, products: products.max(followed), near }
    }
}

/// Bytes of scratch that [`Winograd`] takes.
pub(super) fn scratch_bytes(n: usize, layer: &Layer, follower: Option<&Layer>) -> usize {
    let Need { inputs, products, near } = Need::of(n, layer, follower);
    (inputs + products + near) * size_of::<Pixel>()
}

/// A range of output rows of one convolution: F(M, N + 1 - M), NN = N².
pub(super) struct Winograd<'a, const N: usize, const NN: usize> {
    pub grid: Grid,
    pub planes: Planes<'a>,
    pub layer: &'a Layer,
    /// A 1x1 convolution of the result, if one follows.
    pub follower: Option<&'a Layer>,
    /// Output rows; they begin on a multiple of M.
    pub rows: Range<usize>,
    /// Those rows of each output plane.
    pub outputs: &'a mut [&'a mut [Pixel]],
    pub scratch: &'a mut Scratch,
}

impl<const N: usize, const NN: usize> Task for Winograd<'_, N, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Winograd { grid, planes, layer, follower, rows, outputs, scratch } = self;
        let across = grid.out_width.div_ceil(M);
        let (first, end) = (rows.start / M * across, rows.end.div_ceil(M) * across);
        let need = Need::of(N, layer, follower);
        let transformed = scratch.inputs.take(need.inputs).as_chunks_mut().0.as_chunks_mut().0;
        let products = scratch.products.take(need.products);
        let near = scratch.near.take(need.near).as_chunks_mut().0.as_chunks_mut().0;
        let (residuals, first_row) = (planes.residuals, rows.start);
        let to = Outputs { grid, residuals, first_row, planes: outputs };
        let mut results = Results { layer, follower: follower.map(|layer| (layer, near)), to };
        let at_once = tiles_at_once(&layer.weights);
        for first in (first..end).step_by(at_once) {
            let tiles = &Tiles { range: first..end.min(first + at_once), across };
            let next = &Tiles { range: tiles.range.end..end.min(tiles.range.end + at_once), across };
            let (weights, count) = (&layer.weights, tiles.range.len());
            transform_inputs::<L, N, NN>(l, grid, tiles, planes.inputs, transformed);
            for (index, group) in weights.groups.iter().enumerate() {
                let products: &mut [[Pixel; NN]] = products.as_chunks_mut().0;
                let ahead = Ahead { inputs: planes.inputs, next, results: &results.to, tiles };
                let (done, all) = (index * NN, weights.groups.len() * NN);
                let before = &|coefficient| ahead.ask(l, N, done + coefficient, all);
                Multiply { inputs: transformed, weights, group, products, tiles: count, before }.run(l);
                let columns = group.columns;
                if weights.narrow {
                    results.take(l, tiles, 0, SumLanes::<N, NN> { products, columns });
                    continue;
                }
                for column in 0..columns {
                    let values = Column::<N, NN> { products, columns, column };
                    results.take(l, tiles, group.first + column, values);
                }
            }
            results.follow(l, tiles, products);
        }
    }
}

/// What becomes of a convolution's tiles.
struct Results<'a> {
    layer: &'a Layer,
    /// The 1x1 convolution that follows, if one does, and what it reads.
    follower: Option<(&'a Layer, &'a mut [Transformed<1>])>,
    to: Outputs<'a>,
}

impl Results<'_> {
    /// Finishes the tiles of one output plane.
    #[inline(always)]
    fn take<L: Lanes>(&mut self, l: L, tiles: &Tiles, plane: usize, values: impl Values) {
        match &mut self.follower {
            None => self.to.store(l, tiles, self.layer, plane, values),
            Some((_, near)) => follow::hand_over(l, tiles.range.len(), self.layer, plane, values, near),
        }
    }

    /// Computes the follower of tiles whose planes have all been taken.
    #[inline(always)]
    fn follow<L: Lanes>(&mut self, l: L, tiles: &Tiles, products: &mut [Pixel]) {
        if let Some((layer, near)) = &self.follower {
            follow::follow(l, layer, tiles, near, products, &mut self.to);
        }
    }
}

/// Where results go.
struct Outputs<'a> {
    grid: Grid,
    residuals: &'a [&'a [Pixel]],
    /// The picture's row that the planes begin with.
    first_row: usize,
    planes: &'a mut [&'a mut [Pixel]],
}

impl Outputs<'_> {
    /// Row `y` of tiles that lie side by side, in one output plane, and their residual; `None` below the picture.
    fn piece(
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
    fn store<L: Lanes>(&mut self, l: L, tiles: &Tiles, layer: &Layer, plane: usize, values: impl Values) {
        l.run(Output {
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

    /// Pieces of rows: which tile, counted from the first, a piece begins with, its row, and its columns.
    fn pieces(&self) -> impl Iterator<Item = (usize, usize, Range<usize>)> {
        let Tiles { range, across } = self.clone();
        let rows = range.start / across..range.end.div_ceil(across);
        rows.map(move |row| {
            let first = range.start.max(row * across);
            let end = range.end.min((row + 1) * across);
            (first - range.start, row, first - row * across..end - row * across)
        })
    }
}
