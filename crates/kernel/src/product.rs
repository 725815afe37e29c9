//! The matrix product that all convolutions come down to, register-blocked, and its weights.

use std::ops::Range;

use super::lanes::{Block, LANES, Lanes, Task};
use super::narrow::{self, MultiplyNarrow};
use super::plane::Pixel;

/// Weights as the product reads them: for each group of output planes, for each matrix, one row of `columns` blocks for
/// each real input channel; or as [`narrow`] has them.
pub(super) struct Weights {
    pub groups: Vec<Group>,
    /// Whether lanes are input channels.
    pub narrow: bool,
    /// Input planes.
    pub planes: usize,
    /// Where each real channel lies in a group of transformed tiles: channels that only pad a plane cost no
    /// multiplication. Empty where lanes are input channels.
    pub offsets: Vec<usize>,
    /// Matrices, one bit each, whose inputs are always zero: there are no products to compute.
    pub vanishing: u64,
}

/// Output planes that are computed together.
pub(super) struct Group {
    /// The first of them.
    pub first: usize,
    /// How many, 1 to 4.
    pub columns: usize,
    pub blocks: Vec<Block>,
}

impl Weights {
    /// Packs `matrices` matrices from `inputs` (channels of each concatenated tensor) to `outputs` channels.
    ///
    /// `entry(output, input)` gives an entry of all matrices. At most `columns` planes make a group, and groups are as
    /// even as can be: 5 planes are 3 + 2, not 4 + 1.
    pub fn pack(
        matrices: usize,
        inputs: &[usize],
        outputs: usize,
        columns: usize,
        entry: impl Fn(usize, usize) -> Vec<f64>,
    ) -> Weights {
        let planes = inputs.iter().map(|segment| segment.div_ceil(LANES)).sum();
        let places = places(inputs);
        if narrow::is_narrow(places.len(), outputs) && matrices > 1 {
            let groups = vec![narrow::pack(matrices, &places, planes, outputs, entry)];
            return Weights { groups, narrow: true, planes, offsets: Vec::new(), vanishing: 0 };
        }
        let offset = |&(plane, lane): &(usize, usize)| plane * matrices * GROUP * LANES + lane;
        let offsets: Vec<usize> = places.iter().map(offset).collect();
        let channels = offsets.len();
        let out_planes = outputs.div_ceil(LANES);
        let count = out_planes.div_ceil(columns);
        let groups = (0..count).map(|index| {
            let Range { start: first, end } = share(out_planes, index, count);
            let columns = end - first;
            let mut blocks = vec![Block::ZERO; matrices * channels * columns];
            for output in first * LANES..outputs.min(end * LANES) {
                let (column, lane) = (output / LANES - first, output % LANES);
                for input in 0..channels {
                    for (matrix, value) in entry(output, input).into_iter().enumerate() {
                        blocks[(matrix * channels + input) * columns + column].0[lane] = value as f32;
                    }
                }
            }
            Group { first, columns, blocks }
        });
        Weights { groups: groups.collect(), narrow: false, planes, offsets, vanishing: 0 }
    }

    /// Output planes of the largest group.
    pub fn widest_group(&self) -> usize {
        self.groups.iter().map(|group| group.columns).max().unwrap_or(0)
    }

    /// Whether there are products to compute of a matrix.
    #[inline(always)]
    pub fn counts(&self, matrix: usize) -> bool {
        self.vanishing >> matrix & 1 == 0
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.groups.iter().map(|group| group.blocks.len() * size_of::<Block>()).sum()
    }
}

/// One of `parts` parts, as even as can be.
#[inline(always)]
pub(super) fn share(all: usize, part: usize, parts: usize) -> Range<usize> {
    all * part / parts..all * (part + 1) / parts
}

/// Plane and lane of every channel of concatenated tensors, each of which begins a plane of its own.
fn places(inputs: &[usize]) -> Vec<(usize, usize)> {
    let (mut places, mut first) = (Vec::new(), 0);
    for &segment in inputs {
        places.extend((0..segment).map(|channel| (first + channel / LANES, channel % LANES)));
        first += segment.div_ceil(LANES);
    }
    places
}

impl Group {
    /// The rows of matrix `index` of `count`, one per real input channel, or per plane where those are the lanes.
    pub fn matrix<const COLUMNS: usize>(&self, index: usize, count: usize) -> &[[Pixel; COLUMNS]] {
        let rows = Block::as_pixels(&self.blocks).as_chunks().0;
        let height = rows.len() / count;
        &rows[index * height..][..height]
    }
}

/// TILES times COLUMNS sums over all channels: `inputs[offsets[k] + 16 t]` times `weights[k]`.
///
/// Every sum is one chain of fused multiply-adds in the order of the channels, so it does not depend on what is computed
/// beside it. One flat loop over the channels, because the compiler keeps the sums in registers only then.
#[inline(always)]
pub(super) fn product<L: Lanes, const TILES: usize, const COLUMNS: usize>(
    l: L,
    inputs: &[f32],
    offsets: &[usize],
    weights: &[[Pixel; COLUMNS]],
) -> [[L::V; COLUMNS]; TILES] {
    let mut sums = [[l.splat(0.0); COLUMNS]; TILES];
    for (weights, &offset) in weights.iter().zip(offsets) {
        let inputs = &inputs[offset..][..(TILES - 1) * LANES + 1];
        let mut w = [l.splat(0.0); COLUMNS];
        for c in 0..COLUMNS {
            w[c] = l.load(&weights[c]);
        }
        for t in 0..TILES {
            let x = l.splat(inputs[t * LANES]);
            for c in 0..COLUMNS {
                sums[t][c] = l.mul_add(x, w[c], sums[t][c]);
            }
        }
    }
    sums
}

/// Tiles whose transforms lie side by side: a multiple of every register block's height (6, 8, 12 and 24).
pub(super) const GROUP: usize = 24;

/// The transformed tiles of one plane: for each of the N² coefficients, GROUP tiles.
pub(super) type Transformed<const NN: usize> = [[Pixel; GROUP]; NN];

/// One product per coefficient of the transform: `products[tile][column][coefficient]`.
pub(super) struct Multiply<'a, const NN: usize> {
    /// `[group of tiles][input plane]`
    pub inputs: &'a [Transformed<NN>],
    pub weights: &'a Weights,
    pub group: &'a Group,
    /// `[tile][column]`, for whole groups of tiles.
    pub products: &'a mut [[Pixel; NN]],
    /// Tiles that matter; the rest of the last group is left alone or holds junk.
    pub tiles: usize,
    /// Told of each coefficient before its products, if it has any, are computed: a time to ask for memory.
    pub before: &'a dyn Fn(usize),
}

impl<const NN: usize> Task for Multiply<'_, NN> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        for coefficient in (0..NN).filter(|&coefficient| !self.weights.counts(coefficient)) {
            for product in &mut self.products[..self.tiles * self.group.columns] {
                product[coefficient] = [0.0; LANES];
            }
        }
        if self.weights.narrow {
            return MultiplyNarrow(self).run(l);
        }
        // The sums fill three quarters of the registers: 24 of 32 or, as pairs of halves, 6 of 8.
        match self.group.columns {
            1 if L::REGISTERS < 32 => l.run(Blocked::<NN, 6, 1>(self)),
            1 => l.run(Blocked::<NN, 24, 1>(self)),
            2 => l.run(Blocked::<NN, 12, 2>(self)),
            3 => l.run(Blocked::<NN, 8, 3>(self)),
            _ => l.run(Blocked::<NN, 6, 4>(self)),
        }
    }
}

/// The product with blocks of TILES times COLUMNS sums in registers.
struct Blocked<'a, const NN: usize, const TILES: usize, const COLUMNS: usize>(Multiply<'a, NN>);

impl<const NN: usize, const TILES: usize, const COLUMNS: usize> Task for Blocked<'_, NN, TILES, COLUMNS> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Multiply { inputs, weights, group, products, tiles, before } = self.0;
        let inputs = inputs.as_flattened().as_flattened().as_flattened();
        let products = products.as_chunks_mut::<COLUMNS>().0;
        for coefficient in 0..NN {
            before(coefficient);
            if !weights.counts(coefficient) {
                continue;
            }
            let matrix = group.matrix::<COLUMNS>(coefficient, NN);
            for first in (0..tiles).step_by(TILES) {
                let at = (first / GROUP * weights.planes * NN + coefficient) * GROUP + first % GROUP;
                let sums = product::<L, TILES, COLUMNS>(l, &inputs[at * LANES..], &weights.offsets, matrix);
                store(l, &sums, &mut products[first..], coefficient);
            }
        }
    }
}

/// Stores the sums of some tiles: one coefficient of each of their products.
#[inline(always)]
pub(super) fn store<L: Lanes, const NN: usize, const TILES: usize, const COLUMNS: usize>(
    l: L,
    sums: &[[L::V; COLUMNS]; TILES],
    products: &mut [[[Pixel; NN]; COLUMNS]],
    coefficient: usize,
) {
    for (tile, sums) in products[..TILES].iter_mut().zip(sums) {
        for (column, &sum) in tile.iter_mut().zip(sums) {
            l.store(sum, &mut column[coefficient]);
        }
    }
}
