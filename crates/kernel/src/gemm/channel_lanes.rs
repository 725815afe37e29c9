//! The product of layers with few output channels, as the last layer of most networks is.
//!
//! Elsewhere the lanes of a vector are output channels; with three outputs, thirteen lanes would compute nothing. Here
//! they are input channels: for each coefficient a lane sums its own channel of every plane. The inverse transform is
//! linear and takes such partial sums as they are; the lanes of each output pixel are added last, by the caller.

use super::{Gemm, OutputPanel, TILE_BLOCK, store};
use crate::lanes::{Block, Lanes, SimdTask};

/// Output channels at most: each costs an inverse transform.
pub(crate) const MAX_OUTPUTS: usize = 4;

/// Input channels at least: with fewer there is little to gain.
const MIN_INPUTS: usize = 32;

/// Whether a layer gains from lanes that are input channels.
pub(super) fn suits(inputs: usize, outputs: usize) -> bool {
    outputs <= MAX_OUTPUTS && inputs >= MIN_INPUTS
}

/// The weights: for each matrix one row of `outputs` blocks for each of `planes` input planes; zero in channels that only
/// pad it. `places` are plane and lane of every input channel.
pub(super) fn pack(
    matrices: usize,
    places: &[(usize, usize)],
    planes: usize,
    outputs: usize,
    entry: impl Fn(usize, usize) -> Vec<f64>,
) -> OutputPanel {
    let mut blocks = vec![Block::ZERO; matrices * planes * outputs];
    for output in 0..outputs {
        for (input, &(plane, lane)) in places.iter().enumerate() {
            for (matrix, value) in entry(output, input).into_iter().enumerate() {
                blocks[(matrix * planes + plane) * outputs + output].0[lane] = value as f32;
            }
        }
    }
    OutputPanel { first: 0, vectors: outputs, blocks }
}

/// The products, laid out as those of [`Gemm`], with one vector of partial sums for each output channel.
pub(super) struct GemmChannelLanes<'a, const NN: usize>(pub Gemm<'a, NN>);

impl<const NN: usize> SimdTask for GemmChannelLanes<'_, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let few_registers = L::REGISTERS < 32;
        match self.0.panel.vectors {
            1 if few_registers => l.run(ChannelMicrokernel::<NN, 6, 1>(self.0)),
            1 => l.run(ChannelMicrokernel::<NN, 12, 1>(self.0)),
            2 if few_registers => l.run(ChannelMicrokernel::<NN, 3, 2>(self.0)),
            2 => l.run(ChannelMicrokernel::<NN, 6, 2>(self.0)),
            3 if few_registers => l.run(ChannelMicrokernel::<NN, 2, 3>(self.0)),
            3 => l.run(ChannelMicrokernel::<NN, 4, 3>(self.0)),
            _ if few_registers => l.run(ChannelMicrokernel::<NN, 1, 4>(self.0)),
            _ => l.run(ChannelMicrokernel::<NN, 4, 4>(self.0)),
        }
    }
}

/// The product with MR tiles by NR outputs in registers; MR divides TILE_BLOCK.
struct ChannelMicrokernel<'a, const NN: usize, const MR: usize, const NR: usize>(Gemm<'a, NN>);

impl<const NN: usize, const MR: usize, const NR: usize> SimdTask for ChannelMicrokernel<'_, NN, MR, NR> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Gemm { inputs, weights, panel, products, tiles, before } = self.0;
        let products = products.as_chunks_mut::<NR>().0;
        for coefficient in 0..NN {
            before(coefficient);
            if weights.is_zero(coefficient) {
                continue;
            }
            let matrix = panel.matrix::<NR>(coefficient, NN);
            for first in (0..tiles).step_by(MR) {
                let mut sums = [[l.splat(0.0); NR]; MR];
                let planes = &inputs[first / TILE_BLOCK * weights.planes..][..weights.planes];
                for (plane, weights) in planes.iter().zip(matrix) {
                    let pixels = &plane[coefficient][first % TILE_BLOCK..][..MR];
                    let mut w = [l.splat(0.0); NR];
                    for n in 0..NR {
                        w[n] = l.load(&weights[n]);
                    }
                    for m in 0..MR {
                        let x = l.load(&pixels[m]);
                        for n in 0..NR {
                            sums[m][n] = l.mul_add(x, w[n], sums[m][n]);
                        }
                    }
                }
                store(l, &sums, &mut products[first..], coefficient);
            }
        }
    }
}
