//! The input transform Bᵀ d B.

use super::prefetch::{PREFETCH_TILES, prefetch_window};
use super::{M, TileGrid, Tiles, transform, upsample};
use crate::gemm::{TILE_BLOCK, TransformedTiles};
use crate::lanes::{Block, Lanes, SimdTask};
use crate::layout::Pixel;

/// Bᵀ d B of every tile and plane, to `[block of tiles][plane]`.
#[inline(always)]
pub(super) fn transform_inputs<L: Lanes, const N: usize, const NN: usize>(
    l: L,
    grid: TileGrid,
    tiles: &Tiles,
    planes: &[&[Pixel]],
    out: &mut [TransformedTiles<NN>],
) {
    match grid.upsample {
        upsample::FACTOR => {
            l.run(InputTransform::<N, NN, { upsample::FACTOR }> { grid, tiles, planes, out });
        }
        _ => l.run(InputTransform::<N, NN, 1> { grid, tiles, planes, out }),
    }
}

/// Bᵀ d B of every tile and plane, of the planes upsampled by FACTOR.
struct InputTransform<'a, const N: usize, const NN: usize, const FACTOR: usize> {
    grid: TileGrid,
    tiles: &'a Tiles,
    planes: &'a [&'a [Pixel]],
    /// `[block of tiles][plane]`
    out: &'a mut [TransformedTiles<NN>],
}

impl<const N: usize, const NN: usize, const FACTOR: usize> SimdTask for InputTransform<'_, N, NN, FACTOR> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let TileGrid { height, width, padding, first_row, .. } = self.grid;
        let stride = width / FACTOR;
        for (index, plane) in self.planes.iter().enumerate() {
            for (tile, (row, column)) in self.tiles.positions().enumerate() {
                let out = &mut self.out[tile / TILE_BLOCK * self.planes.len() + index];
                let (bottom, right) = (row * M + N, column * M + N);
                let inside = row * M >= padding && column * M >= padding;
                if inside && bottom <= height + padding && right <= width + padding {
                    let (top, left) = ((row * M - padding) / FACTOR, (column * M - padding) / FACTOR);
                    let first = (top - first_row / FACTOR) * stride + left;
                    let rows = window::<N, FACTOR>(&plane[first..], stride);
                    let (side, step) = const { (side::<N, FACTOR>(), M / FACTOR) };
                    let columns = PREFETCH_TILES * step + side - step..PREFETCH_TILES * step + side;
                    prefetch_window(plane[first..].as_ptr(), stride, side, columns, |at| l.prefetch(at));
                    // A tile begins with the last of the FACTOR copies of a pixel.
                    let pixel = |i: usize, j: usize| &rows[i.div_ceil(FACTOR)][j.div_ceil(FACTOR)];
                    transform_tile::<L, N, NN>(l, pixel, out, tile % TILE_BLOCK);
                } else {
                    let padded: [Block; NN] = gather::<N, NN>(self.grid, row * M, column * M, |y, x| {
                        plane[(y - first_row) / FACTOR * stride + x / FACTOR]
                    });
                    transform_tile::<L, N, NN>(l, |i, j| &padded[i * N + j].0, out, tile % TILE_BLOCK);
                }
            }
        }
    }
}

/// Pixels along the side of the window that N pixels of the upsampled picture come from.
const fn side<const N: usize, const FACTOR: usize>() -> usize {
    (N - 1).div_ceil(FACTOR) + 1
}

/// The rows, `stride` apart, of the window at the start of `pixels` that N by N pixels of the upsampled picture come from;
/// the rest of the N rows is empty.
#[inline(always)]
fn window<const N: usize, const FACTOR: usize>(pixels: &[Pixel], stride: usize) -> [&[Pixel]; N] {
    let side = const { side::<N, FACTOR>() };
    let mut rows: [&[Pixel]; N] = [&[]; N];
    for i in 0..side {
        rows[i] = &pixels[i * stride..][..side];
    }
    rows
}

/// A tile that extends over the picture's edge, zero outside. `top` and `left` count from the padding's corner; `at`
/// gives the pixel of a row and a column.
///
/// As blocks, because what they lie in is then aligned to cache lines, and with it the vectors that the compiler keeps
/// there for want of registers: one that straddles two lines is read back only when all stores before it are done.
#[inline(never)]
fn gather<const N: usize, const NN: usize>(
    grid: TileGrid,
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
    out: &mut TransformedTiles<NN>,
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
