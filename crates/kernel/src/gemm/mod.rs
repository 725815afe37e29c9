//! The matrix product of every convolution: packed weights and register-tiled microkernels.
//!
//! For each matrix (one for each coefficient of a Winograd transform, a single one for 1x1) it multiplies tiles by input
//! channels with input channels by output channels. A microkernel keeps MR tiles by NR vectors of output channels in
//! registers.
//!
//! | file | what |
//! |---|---|
//! | `weights` | the packed weights, one panel for each few planes of output channels |
//! | `channel_lanes` | few outputs: lanes are input channels, summed at the end |
//! | here | dispatch on the panel's width, and the microkernel |

mod channel_lanes;
mod weights;

use crate::lanes::{LANES, Lanes, SimdTask};
use crate::layout::Pixel;
use channel_lanes::GemmChannelLanes;
pub(crate) use channel_lanes::MAX_OUTPUTS;
pub(crate) use weights::{LaneAxis, OutputPanel, PackedWeights, even_share};

/// Tiles whose transforms lie side by side: a multiple of every microkernel's MR (6, 8, 12 and 24).
pub(crate) const TILE_BLOCK: usize = 24;

/// The transformed tiles of one plane: for each of the N² coefficients, TILE_BLOCK tiles.
pub(crate) type TransformedTiles<const NN: usize> = [[Pixel; TILE_BLOCK]; NN];

/// The products of some tiles with one panel: `products[tile][vector][coefficient]`.
pub(crate) struct Gemm<'a, const NN: usize> {
    /// `[block of tiles][input plane]`
    pub inputs: &'a [TransformedTiles<NN>],
    pub weights: &'a PackedWeights,
    pub panel: &'a OutputPanel,
    /// `[tile][vector]`, for whole blocks of tiles.
    pub products: &'a mut [[Pixel; NN]],
    /// Tiles whose products are wanted; those of the rest of the last block are undefined.
    pub tiles: usize,
    /// Called with each coefficient before its products are computed: the place to prefetch.
    pub before: &'a dyn Fn(usize),
}

impl<const NN: usize> SimdTask for Gemm<'_, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        for coefficient in (0..NN).filter(|&coefficient| self.weights.is_zero(coefficient)) {
            for product in &mut self.products[..self.tiles * self.panel.vectors] {
                product[coefficient] = [0.0; LANES];
            }
        }
        let offsets = match &self.weights.lanes {
            LaneAxis::Inputs => return GemmChannelLanes(self).run(l),
            LaneAxis::Outputs { offsets } => &offsets[..],
        };
        let gemm = self;
        // The sums fill three quarters of the registers: 24 of 32 or, as pairs of halves, 6 of 8.
        match gemm.panel.vectors {
            1 if L::REGISTERS < 32 => l.run(Microkernel::<NN, 6, 1> { gemm, offsets }),
            1 => l.run(Microkernel::<NN, 24, 1> { gemm, offsets }),
            2 => l.run(Microkernel::<NN, 12, 2> { gemm, offsets }),
            3 => l.run(Microkernel::<NN, 8, 3> { gemm, offsets }),
            _ => l.run(Microkernel::<NN, 6, 4> { gemm, offsets }),
        }
    }
}

/// The product by microkernels of MR by NR; MR divides TILE_BLOCK.
struct Microkernel<'a, const NN: usize, const MR: usize, const NR: usize> {
    gemm: Gemm<'a, NN>,
    offsets: &'a [usize],
}

impl<const NN: usize, const MR: usize, const NR: usize> SimdTask for Microkernel<'_, NN, MR, NR> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Microkernel { gemm, offsets } = self;
        let Gemm { inputs, weights, panel, products, tiles, before } = gemm;
        let inputs = inputs.as_flattened().as_flattened().as_flattened();
        let products = products.as_chunks_mut::<NR>().0;
        for coefficient in 0..NN {
            before(coefficient);
            if weights.is_zero(coefficient) {
                continue;
            }
            let matrix = panel.matrix::<NR>(coefficient, NN);
            for first in (0..tiles).step_by(MR) {
                let at = (first / TILE_BLOCK * weights.planes * NN + coefficient) * TILE_BLOCK
                    + first % TILE_BLOCK;
                let sums = microkernel::<L, MR, NR>(l, &inputs[at * LANES..], offsets, matrix);
                store(l, &sums, &mut products[first..], coefficient);
            }
        }
    }
}

/// MR times NR sums over all input channels: `inputs[offsets[k] + 16 t]` times `weights[k]`.
///
/// Every sum is one chain of fused multiply-adds in the order of the channels, so its bits do not depend on what is
/// computed beside it. One flat loop over the channels: the compiler keeps the sums in registers only then.
#[inline(always)]
fn microkernel<L: Lanes, const MR: usize, const NR: usize>(
    l: L,
    inputs: &[f32],
    offsets: &[usize],
    weights: &[[Pixel; NR]],
) -> [[L::V; NR]; MR] {
    let mut sums = [[l.splat(0.0); NR]; MR];
    for (weights, &offset) in weights.iter().zip(offsets) {
        let inputs = &inputs[offset..][..(MR - 1) * LANES + 1];
        let mut w = [l.splat(0.0); NR];
        for n in 0..NR {
            w[n] = l.load(&weights[n]);
        }
        for m in 0..MR {
            let x = l.splat(inputs[m * LANES]);
            for n in 0..NR {
                sums[m][n] = l.mul_add(x, w[n], sums[m][n]);
            }
        }
    }
    sums
}

/// Stores the sums of some tiles: one coefficient of each of their products.
#[inline(always)]
fn store<L: Lanes, const NN: usize, const MR: usize, const NR: usize>(
    l: L,
    sums: &[[L::V; NR]; MR],
    products: &mut [[[Pixel; NN]; NR]],
    coefficient: usize,
) {
    for (tile, sums) in products[..MR].iter_mut().zip(sums) {
        for (vector, &sum) in tile.iter_mut().zip(sums) {
            l.store(sum, &mut vector[coefficient]);
        }
    }
}
