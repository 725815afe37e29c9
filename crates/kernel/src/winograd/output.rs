//! The last phase: products, transformed back into pixels, finished and stored.

use super::ahead::{AHEAD, pixels};
use super::{Grid, M, Tiles};
use crate::lanes::{Block, Lanes, Task};
use crate::layer::Layer;
use crate::plane::Pixel;
use crate::transform;

/// Where the tiles of one output plane come from.
pub trait Values {
    /// The pixels of a tile, counted from the first of those that are computed together, plus the bias.
    fn of<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M];
}

/// Aᵀ m A of one column of the products, whose lanes are output channels.
pub(super) struct Column<'a, const N: usize, const NN: usize> {
    /// `[tile][column]`
    pub products: &'a [[Pixel; NN]],
    pub columns: usize,
    pub column: usize,
}

impl<const N: usize, const NN: usize> Values for Column<'_, N, NN> {
    #[inline(always)]
    fn of<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M] {
        untransform::<L, N, NN>(l, &self.products[tile * self.columns + self.column], bias)
    }
}

/// The tiles of one output plane, finished and stored.
pub(super) struct Output<'a, V> {
    pub grid: Grid,
    pub tiles: &'a Tiles,
    pub values: V,
    pub layer: &'a Layer,
    pub plane: usize,
    /// As many rows as `out`.
    pub residual: Option<&'a [Pixel]>,
    /// The picture's row that `out` begins with.
    pub first_row: usize,
    pub out: &'a mut [Pixel],
}

impl<V: Values> Task for Output<'_, V> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Grid { out_width, .. } = self.grid;
        let bias = l.load(&self.layer.bias[self.plane].0);
        let rows_end = self.first_row + self.out.len() / out_width;
        for (tile, (row, column)) in self.tiles.positions().enumerate() {
            let values = self.values.of(l, tile, bias);
            let (height, width) = ((rows_end - row * M).min(M), (out_width - column * M).min(M));
            let at = (row * M - self.first_row) * out_width + column * M;
            let residual = self.residual.map(|residual| &residual[at..]);
            let out = &mut self.out[at..];
            if height == M && width == M {
                let columns = AHEAD * M..(AHEAD + 1) * M;
                pixels(out.as_ptr(), out_width, M, columns, |at| l.prefetch(at));
                self.layer.epilogue.finish(l, self.plane, &values, residual, out, out_width);
            } else {
                let mut window = [Block::ZERO; M * M];
                let window = Block::as_pixels_mut(&mut window);
                let residual = residual.map(|residual| {
                    let mut window = [Block::ZERO; M * M];
                    copy(residual, out_width, Block::as_pixels_mut(&mut window), M, height, width);
                    window
                });
                let residual = residual.as_ref().map(|window| Block::as_pixels(window));
                self.layer.epilogue.finish(l, self.plane, &values, residual, window, M);
                copy(window, M, out, out_width, height, width);
            }
        }
    }
}

/// Aᵀ m A, plus the bias.
#[inline(always)]
pub fn untransform<L: Lanes, const N: usize, const NN: usize>(
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
