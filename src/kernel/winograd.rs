//! Convolution by Winograd's minimal filtering, tile by tile.
//!
//! The output is cut into tiles of M by M pixels, M = 4, each computed from the N by N input pixels around it. For a block of
//! tiles: transform the input tiles (Bᵀ d B), multiply (for each of the N² coefficients, tiles by input channels times
//! input channels by output channels), transform back (Aᵀ m A), finish (bias, activation, residual). What lies outside
//! the picture is zero, as data: the arithmetic of an output pixel depends on its place in its tile and on nothing else.

use std::ops::Range;

use super::enlarged;
use super::epilogue::Packed;
use super::isa::Isa;
use super::lanes::{Block, Lanes, Task};
use super::narrow::SumLanes;
use super::plane::{Pixel, Scratch};
use super::points::{filter_transform, sandwich};
use super::product::{GROUP, Multiply, Transformed, Weights};
use super::transform;

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

/// Pixels of scratch for the transformed inputs and for the products.
fn scratch_pixels(n: usize, weights: &Weights) -> (usize, usize) {
    let tiles = tiles_at_once(weights);
    (n * n * tiles * weights.planes, n * n * tiles * weights.widest_group())
}

/// Bytes of scratch that [`Winograd`] takes.
pub(super) fn scratch_bytes(n: usize, weights: &Weights) -> usize {
    let (inputs, products) = scratch_pixels(n, weights);
    (inputs + products) * size_of::<Pixel>()
}

/// A range of output rows of one convolution: F(M, N + 1 - M), NN = N².
pub(super) struct Winograd<'a, const N: usize, const NN: usize> {
    pub grid: Grid,
    pub planes: Planes<'a>,
    pub weights: &'a Weights,
    pub bias: &'a [Block],
    pub epilogue: &'a Packed,
    /// Output rows; they begin on a multiple of M.
    pub rows: Range<usize>,
    /// Those rows of each output plane.
    pub outputs: &'a mut [&'a mut [Pixel]],
    pub scratch: &'a mut Scratch,
}

impl<const N: usize, const NN: usize> Task for Winograd<'_, N, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Winograd { grid, planes, weights, bias, epilogue, rows, outputs, scratch } = self;
        let across = grid.out_width.div_ceil(M);
        let (first, end) = (rows.start / M * across, rows.end.div_ceil(M) * across);
        let (inputs, products) = scratch_pixels(N, weights);
        let transformed = scratch.inputs.take(inputs).as_chunks_mut().0.as_chunks_mut().0;
        let products = scratch.products.take(products).as_chunks_mut().0;
        let mut last =
            Last { grid, residuals: planes.residuals, bias, epilogue, first_row: rows.start, outputs };
        let at_once = tiles_at_once(weights);
        for first in (first..end).step_by(at_once) {
            let tiles = Tiles { range: first..end.min(first + at_once), across };
            let (tiles, planes, out) = (&tiles, planes.inputs, &mut *transformed);
            match grid.factor {
                enlarged::FACTOR => {
                    l.run(InputTransform::<N, NN, { enlarged::FACTOR }> { grid, tiles, planes, out });
                }
                _ => l.run(InputTransform::<N, NN, 1> { grid, tiles, planes, out }),
            }
            for group in &weights.groups {
                Multiply { inputs: transformed, weights, group, products, tiles: tiles.range.len() }.run(l);
                if weights.narrow {
                    l.run(last.plane(0, SumLanes::<N>, products, group.columns, tiles));
                    continue;
                }
                for column in 0..group.columns {
                    let plane = group.first + column;
                    l.run(last.plane(plane, Column::<N>(column), products, group.columns, tiles));
                }
            }
        }
    }
}

/// The last phase of a convolution.
struct Last<'a> {
    grid: Grid,
    residuals: &'a [&'a [Pixel]],
    bias: &'a [Block],
    epilogue: &'a Packed,
    /// The picture's row that the outputs begin with.
    first_row: usize,
    outputs: &'a mut [&'a mut [Pixel]],
}

impl Last<'_> {
    /// The work for one output plane.
    fn plane<'b, U, const NN: usize>(
        &'b mut self,
        plane: usize,
        untransform: U,
        products: &'b [[Pixel; NN]],
        columns: usize,
        tiles: &'b Tiles,
    ) -> OutputTransform<'b, U, NN> {
        OutputTransform {
            grid: self.grid,
            tiles,
            products,
            columns,
            untransform,
            bias: &self.bias[plane],
            epilogue: self.epilogue,
            plane,
            residual: self.residuals.get(plane).copied(),
            first_row: self.first_row,
            out: self.outputs[plane],
        }
    }
}

/// Tiles by number, row after row.
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
}

/// Bᵀ d B of every tile and plane, where the picture is FACTOR times as large as the planes.
struct InputTransform<'a, const N: usize, const NN: usize, const FACTOR: usize> {
    grid: Grid,
    tiles: &'a Tiles,
    planes: &'a [&'a [Pixel]],
    /// `[group of tiles][plane]`
    out: &'a mut [Transformed<NN>],
}

impl<const N: usize, const NN: usize, const FACTOR: usize> Task for InputTransform<'_, N, NN, FACTOR> {
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
                    let (top, left) = ((row * M - padding) / FACTOR, (column * M - padding) / FACTOR);
                    let first = (top - first_row / FACTOR) * stride + left;
                    let rows = window::<N, FACTOR>(&plane[first..], stride);
                    let (side, step) = const { (side::<N, FACTOR>(), M / FACTOR) };
                    let columns = AHEAD * step + side - step..AHEAD * step + side;
                    prefetch(l, &plane[first..], stride, side, columns);
                    // The first pixel of an enlarged tile is the last of its square.
                    let pixel = |i: usize, j: usize| &rows[i.div_ceil(FACTOR)][j.div_ceil(FACTOR)];
                    transform_tile::<L, N, NN>(l, pixel, out, tile % GROUP);
                } else {
                    let padded: [Block; NN] = gather::<N, NN>(self.grid, row * M, column * M, |y, x| {
                        plane[(y - first_row) / FACTOR * stride + x / FACTOR]
                    });
                    transform_tile::<L, N, NN>(l, |i, j| &padded[i * N + j].0, out, tile % GROUP);
                }
            }
        }
    }
}

/// How many tiles ahead of the one that is transformed pixels are asked for.
const AHEAD: usize = 8;

/// Asks for pixels of rows that begin at `pixels` and are `stride` apart: the rows of a tile, read or written, and the
/// coefficients of its transform are more streams than hardware follows by itself.
#[inline(always)]
fn prefetch<L: Lanes>(l: L, pixels: &[Pixel], stride: usize, rows: usize, columns: Range<usize>) {
    for row in 0..rows {
        for column in columns.clone() {
            l.prefetch(pixels.as_ptr().wrapping_add(row * stride + column));
        }
    }
}

/// Pixels along the side of what N pixels of the picture come from.
const fn side<const N: usize, const FACTOR: usize>() -> usize {
    (N - 1).div_ceil(FACTOR) + 1
}

/// The rows of the pixels at the start of `pixels`, `stride` apart, that N by N pixels of the picture come from; what is
/// left of N rows is empty.
#[inline(always)]
fn window<const N: usize, const FACTOR: usize>(pixels: &[Pixel], stride: usize) -> [&[Pixel]; N] {
    let side = const { side::<N, FACTOR>() };
    let mut rows: [&[Pixel]; N] = [&[]; N];
    for i in 0..side {
        rows[i] = &pixels[i * stride..][..side];
    }
    rows
}

/// A tile that reaches over the picture's edge, zero outside. `top` and `left` count from the padding's corner; `at`
/// gives the pixel of a row and a column.
///
/// As blocks, because what they lie in is then aligned to cache lines, and with it the vectors that the compiler keeps
/// there for want of registers: one that straddles two lines is read back only when all stores before it are done.
#[inline(never)]
fn gather<const N: usize, const NN: usize>(
    grid: Grid,
    top: usize,
    left: usize,
    at: impl Fn(usize, usize) -> Pixel,
) -> [Block; NN] {
    let mut window = [Block::ZERO; NN];
    for i in 0..N {
        let Some(y) = (top + i).checked_sub(grid.padding).filter(|&y| y < grid.height) else { continue };
        for j in 0..N {
            let Some(x) = (left + j).checked_sub(grid.padding).filter(|&x| x < grid.width) else { continue };
            window[i * N + j].0 = at(y, x);
        }
    }
    window
}

/// Bᵀ d B of N by N pixels, given by row and column, to place `slot` of `out`.
#[inline(always)]
fn transform_tile<'a, L: Lanes, const N: usize, const NN: usize>(
    l: L,
    pixel: impl Fn(usize, usize) -> &'a Pixel,
    out: &mut Transformed<NN>,
    slot: usize,
) {
    let mut half = [[l.splat(0.0); N]; N];
    for j in 0..N {
        let mut column = [l.splat(0.0); N];
        for i in 0..N {
            column[i] = l.load(pixel(i, j));
        }
        let column = transform::input(l, &column);
        for i in 0..N {
            half[i][j] = column[i];
        }
    }
    for i in 0..N {
        let row = transform::input(l, &half[i]);
        for j in 0..N {
            l.store(row[j], &mut out[i * N + j][slot]);
        }
    }
}

/// Aᵀ m A of every tile of one output plane, finished and stored.
struct OutputTransform<'a, U, const NN: usize> {
    grid: Grid,
    tiles: &'a Tiles,
    /// `[tile][column]`
    products: &'a [[Pixel; NN]],
    columns: usize,
    /// Makes the plane of a tile's columns.
    untransform: U,
    bias: &'a Block,
    epilogue: &'a Packed,
    plane: usize,
    /// As many rows as `out`.
    residual: Option<&'a [Pixel]>,
    /// The picture's row that `out` begins with.
    first_row: usize,
    out: &'a mut [Pixel],
}

/// What becomes of the products of one tile.
pub(super) trait Untransform<const NN: usize> {
    /// The tile's pixels in one output plane, from the products `[column][coefficient]`.
    fn values<L: Lanes>(&self, l: L, products: &[[Pixel; NN]], bias: L::V) -> [[L::V; M]; M];
}

/// A plane from the column of that number, whose lanes are output channels.
struct Column<const N: usize>(usize);

impl<const N: usize, const NN: usize> Untransform<NN> for Column<N> {
    #[inline(always)]
    fn values<L: Lanes>(&self, l: L, products: &[[Pixel; NN]], bias: L::V) -> [[L::V; M]; M] {
        untransform::<L, N, NN>(l, &products[self.0], bias)
    }
}

impl<U: Untransform<NN>, const NN: usize> Task for OutputTransform<'_, U, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Grid { out_width, .. } = self.grid;
        let bias = l.load(&self.bias.0);
        let rows_end = self.first_row + self.out.len() / out_width;
        for (products, (row, column)) in self.products.chunks_exact(self.columns).zip(self.tiles.positions())
        {
            let values = self.untransform.values(l, products, bias);
            let (height, width) = ((rows_end - row * M).min(M), (out_width - column * M).min(M));
            let at = (row * M - self.first_row) * out_width + column * M;
            let residual = self.residual.map(|residual| &residual[at..]);
            let out = &mut self.out[at..];
            if height == M && width == M {
                prefetch(l, out, out_width, M, AHEAD * M..(AHEAD + 1) * M);
                self.epilogue.finish(l, self.plane, &values, residual, out, out_width);
            } else {
                let mut window = [Block::ZERO; M * M];
                let window = Block::as_pixels_mut(&mut window);
                let residual = residual.map(|residual| {
                    let mut window = [Block::ZERO; M * M];
                    copy(residual, out_width, Block::as_pixels_mut(&mut window), M, height, width);
                    window
                });
                let residual = residual.as_ref().map(|window| Block::as_pixels(window));
                self.epilogue.finish(l, self.plane, &values, residual, window, M);
                copy(window, M, out, out_width, height, width);
            }
        }
    }
}

/// Aᵀ m A, plus the bias.
#[inline(always)]
pub(super) fn untransform<L: Lanes, const N: usize, const NN: usize>(
    l: L,
    product: &[Pixel; NN],
    bias: L::V,
) -> [[L::V; M]; M] {
    let mut half = [[l.splat(0.0); N]; M];
    for j in 0..N {
        let mut column = [l.splat(0.0); N];
        for i in 0..N {
            column[i] = l.load(&product[i * N + j]);
        }
        let column: [L::V; M] = transform::output(l, &column);
        for i in 0..M {
            half[i][j] = column[i];
        }
    }
    let mut values = [[bias; M]; M];
    for i in 0..M {
        let row: [L::V; M] = transform::output(l, &half[i]);
        for j in 0..M {
            values[i][j] = l.add(row[j], bias);
        }
    }
    values
}

/// Copies a window between pictures whose rows are `from_stride` and `to_stride` pixels apart.
#[inline(never)]
fn copy(from: &[Pixel], from_stride: usize, to: &mut [Pixel], to_stride: usize, height: usize, width: usize) {
    for y in 0..height {
        to[y * to_stride..][..width].copy_from_slice(&from[y * from_stride..][..width]);
    }
}
