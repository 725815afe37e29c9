//! Convolutions of many channels to few, as the last of most networks is.
//!
//! Elsewhere a vector's lanes are output channels, and with three of them thirteen lanes would compute nothing. Here they
//! are input channels to the end: coefficient by coefficient a lane sums up its own channel of every plane, the inverse
//! transform is linear and takes such partial sums as they are, and the lanes of each pixel are summed last.

use super::lanes::{Block, LANES, Lanes, Task};
use super::plane::Pixel;
use super::product::{GROUP, Group, Multiply, store};
use super::winograd::{M, Values, untransform};

/// Output channels at most: each costs an inverse transform.
const MOST_OUTPUTS: usize = 4;

/// Input channels at least: with fewer there is little to gain.
const LEAST_INPUTS: usize = 32;

/// Whether lanes are input channels.
pub(super) fn is_narrow(inputs: usize, outputs: usize) -> bool {
    outputs <= MOST_OUTPUTS && inputs >= LEAST_INPUTS
}

/// The weights: for each matrix one row of `outputs` blocks for each of `planes` input planes; zero in channels that only
/// pad it. `places` are plane and lane of every input.
pub(super) fn pack(
    matrices: usize,
    places: &[(usize, usize)],
    planes: usize,
    outputs: usize,
    entry: impl Fn(usize, usize) -> Vec<f64>,
) -> Group {
    let mut blocks = vec![Block::ZERO; matrices * planes * outputs];
    for output in 0..outputs {
        for (input, &(plane, lane)) in places.iter().enumerate() {
            for (matrix, value) in entry(output, input).into_iter().enumerate() {
                blocks[(matrix * planes + plane) * outputs + output].0[lane] = value as f32;
            }
        }
    }
    Group { first: 0, columns: outputs, blocks }
}

/// The products, as [`Multiply`] orders them, with the outputs as columns.
pub(super) struct MultiplyNarrow<'a, const NN: usize>(pub Multiply<'a, NN>);

impl<const NN: usize> Task for MultiplyNarrow<'_, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let few = L::REGISTERS < 32;
        match self.0.group.columns {
            1 if few => l.run(Blocked::<NN, 6, 1>(self.0)),
            1 => l.run(Blocked::<NN, 12, 1>(self.0)),
            2 if few => l.run(Blocked::<NN, 3, 2>(self.0)),
            2 => l.run(Blocked::<NN, 6, 2>(self.0)),
            3 if few => l.run(Blocked::<NN, 2, 3>(self.0)),
            3 => l.run(Blocked::<NN, 4, 3>(self.0)),
            _ if few => l.run(Blocked::<NN, 1, 4>(self.0)),
            _ => l.run(Blocked::<NN, 4, 4>(self.0)),
        }
    }
}

/// The same with TILES times COLUMNS sums in registers; TILES divides a group.
struct Blocked<'a, const NN: usize, const TILES: usize, const COLUMNS: usize>(Multiply<'a, NN>);

impl<const NN: usize, const TILES: usize, const COLUMNS: usize> Task for Blocked<'_, NN, TILES, COLUMNS> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Multiply { inputs, weights, group, products, tiles, before } = self.0;
        let products = products.as_chunks_mut::<COLUMNS>().0;
        for coefficient in 0..NN {
            before(coefficient);
            if !weights.counts(coefficient) {
                continue;
            }
            let matrix = group.matrix::<COLUMNS>(coefficient, NN);
            for first in (0..tiles).step_by(TILES) {
                let mut sums = [[l.splat(0.0); COLUMNS]; TILES];
                let planes = &inputs[first / GROUP * weights.planes..][..weights.planes];
                for (plane, weights) in planes.iter().zip(matrix) {
                    let pixels = &plane[coefficient][first % GROUP..][..TILES];
                    let mut w = [l.splat(0.0); COLUMNS];
                    for c in 0..COLUMNS {
                        w[c] = l.load(&weights[c]);
                    }
                    for t in 0..TILES {
                        let x = l.load(&pixels[t]);
                        for c in 0..COLUMNS {
                            sums[t][c] = l.mul_add(x, w[c], sums[t][c]);
                        }
                    }
                }
                store(l, &sums, &mut products[first..], coefficient);
            }
        }
    }
}

/// A plane whose lanes are the sums of the columns' lanes.
pub(super) struct SumLanes<'a, const N: usize, const NN: usize> {
    /// `[tile][column]`
    pub products: &'a [[Pixel; NN]],
    pub columns: usize,
}

impl<const N: usize, const NN: usize> Values for SumLanes<'_, N, NN> {
    #[inline(always)]
    fn of<L: Lanes>(&self, l: L, tile: usize, bias: L::V) -> [[L::V; M]; M] {
        let products = &self.products[tile * self.columns..][..self.columns];
        // A tile has as many pixels as a vector has lanes, and there are no more outputs than lanes.
        let mut pixels = [[0.0; LANES]; M * M];
        for (output, product) in products.iter().enumerate().take(MOST_OUTPUTS) {
            let partial = untransform::<L, N, NN>(l, product, l.splat(0.0));
            let mut sums = [0.0; LANES];
            l.store(l.sums(&partial), &mut sums);
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
