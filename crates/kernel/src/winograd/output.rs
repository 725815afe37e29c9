//! The output transform: products become pixels, finished and stored.

use super::prefetch::{PREFETCH_TILES, prefetch_window};
use super::{M, TileGrid, Tiles, transform};
use crate::gemm::MAX_OUTPUTS;
use crate::lanes::{Block, LANES, Lanes, SimdTask};
use crate::layer::PackedLayer;
use crate::layout::Pixel;

/// The values of tiles of one output plane, before the epilogue.
pub trait TileValues {
    /// The pixels of a tile, counted from the first of those that are computed together, plus the bias.
    fn tile<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M];
}

/// Aᵀ m A of one vector of each tile's products, whose lanes are output channels.
pub(super) struct VectorOfProducts<'a, const N: usize, const NN: usize> {
    /// `[tile][vector]`
    pub products: &'a [[Pixel; NN]],
    pub vectors: usize,
    pub vector: usize,
}

impl<const N: usize, const NN: usize> TileValues for VectorOfProducts<'_, N, NN> {
    #[inline(always)]
    fn tile<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M] {
        output_transform::<L, N, NN>(l, &self.products[tile * self.vectors + self.vector], bias)
    }
}

/// Aᵀ m A of each tile's products, whose lanes are input channels and are summed; output channels are the vectors.
pub(super) struct ChannelLaneSums<'a, const N: usize, const NN: usize> {
    /// `[tile][vector]`
    pub products: &'a [[Pixel; NN]],
    pub vectors: usize,
}

impl<const N: usize, const NN: usize> TileValues for ChannelLaneSums<'_, N, NN> {
    #[inline(always)]
    fn tile<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M] {
        let products = &self.products[tile * self.vectors..][..self.vectors];
        // A tile has as many pixels as a vector has lanes, and there are no more outputs than lanes.
        let mut pixels = [[0.0; LANES]; M * M];
        for (output, product) in products.iter().enumerate().take(MAX_OUTPUTS) {
            let partial = output_transform::<L, N, NN>(l, product, l.splat(0.0));
            let mut sums = [0.0; LANES];
            l.store(l.horizontal_sums(&partial), &mut sums);
            for (pixel, sum) in pixels.iter_mut().zip(sums) {
                pixel[output] = sum;
            }
        }
        let mut values = [[bias; M]; M];
        for i in 0..M {
            for j in 0..M {
                values[i][j] = l.add(l.load(&pixels[i * M + j]), bias);
            }
        }
        values
    }
}

/// Applies the epilogue to the tiles of one output plane and stores them.
pub(super) struct FinishTiles<'a, V> {
    pub grid: TileGrid,
    pub tiles: &'a Tiles,
    pub values: V,
    pub layer: &'a PackedLayer,
    pub plane: usize,
    /// As many rows as `out`.
    pub residual: Option<&'a [Pixel]>,
    /// The picture's row that `out` begins with.
    pub first_row: usize,
    pub out: &'a mut [Pixel],
}

impl<V: TileValues> SimdTask for FinishTiles<'_, V> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let TileGrid { out_width, .. } = self.grid;
        let bias = l.load(&self.layer.bias[self.plane].0);
        let rows_end = self.first_row + self.out.len() / out_width;
        for (tile, (row, column)) in self.tiles.positions().enumerate() {
            let values = self.values.tile(l, tile, bias);
            let (height, width) = ((rows_end - row * M).min(M), (out_width - column * M).min(M));
            let at = (row * M - self.first_row) * out_width + column * M;
            let residual = self.residual.map(|residual| &residual[at..]);
            let out = &mut self.out[at..];
            if height == M && width == M {
                let columns = PREFETCH_TILES * M..(PREFETCH_TILES + 1) * M;
                prefetch_window(out.as_ptr(), out_width, M, columns, |at| l.prefetch(at));
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
fn output_transform<L: Lanes, const N: usize, const NN: usize>(
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
