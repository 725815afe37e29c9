//! Weights in the order in which the microkernels read them.

use std::ops::Range;

use super::{TILE_BLOCK, channel_lanes};
use crate::lanes::{Block, LANES};
use crate::layout::Pixel;

/// Packed weights: for each panel, for each matrix, one row of vectors for each input channel that exists; or, where
/// lanes are input channels, as `channel_lanes` packs them.
pub(crate) struct PackedWeights {
    pub panels: Vec<OutputPanel>,
    pub lanes: LaneAxis,
    /// Input planes.
    pub planes: usize,
    /// A bit for each matrix whose inputs are always zero: its products are zero and are not computed.
    pub zero_coefficients: u64,
}

/// Which channels the sixteen lanes of a weight vector are.
pub(crate) enum LaneAxis {
    /// Output channels.
    Outputs {
        /// Where each input channel lies in a block of transformed tiles: channels that only pad a plane cost no
        /// multiplication.
        offsets: Vec<usize>,
    },
    /// Input channels: for layers of few outputs.
    Inputs,
}

/// Output channels that are computed together.
pub(crate) struct OutputPanel {
    /// The first output plane.
    pub first: usize,
    /// Vectors of sums for each tile, the microkernel's NR: 1 to 4.
    pub vectors: usize,
    pub blocks: Vec<Block>,
}

impl PackedWeights {
    /// Packs `matrices` matrices from `inputs` (channels of each concatenated tensor) to `outputs` channels.
    ///
    /// `entry(output, input)` gives an entry of all matrices. A panel has at most `max_vectors` planes, and panels are as
    /// even as can be: 5 planes are 3 + 2, not 4 + 1.
    pub fn pack(
        matrices: usize,
        inputs: &[usize],
        outputs: usize,
        max_vectors: usize,
        entry: impl Fn(usize, usize) -> Vec<f64>,
    ) -> PackedWeights {
        let planes = inputs.iter().map(|segment| segment.div_ceil(LANES)).sum();
        let places = places(inputs);
        if channel_lanes::suits(places.len(), outputs) && matrices > 1 {
            let panels = vec![channel_lanes::pack(matrices, &places, planes, outputs, entry)];
            return PackedWeights { panels, lanes: LaneAxis::Inputs, planes, zero_coefficients: 0 };
        }
        let offset = |&(plane, lane): &(usize, usize)| plane * matrices * TILE_BLOCK * LANES + lane;
        let offsets: Vec<usize> = places.iter().map(offset).collect();
        let channels = offsets.len();
        let out_planes = outputs.div_ceil(LANES);
        let count = out_planes.div_ceil(max_vectors);
        let panels = (0..count).map(|index| {
            let Range { start: first, end } = even_share(out_planes, index, count);
            let vectors = end - first;
            let mut blocks = vec![Block::ZERO; matrices * channels * vectors];
            for output in first * LANES..outputs.min(end * LANES) {
                let (vector, lane) = (output / LANES - first, output % LANES);
                for input in 0..channels {
                    for (matrix, value) in entry(output, input).into_iter().enumerate() {
                        blocks[(matrix * channels + input) * vectors + vector].0[lane] = value as f32;
                    }
                }
            }
            OutputPanel { first, vectors, blocks }
        });
        let panels = panels.collect();
        PackedWeights { panels, lanes: LaneAxis::Outputs { offsets }, planes, zero_coefficients: 0 }
    }

    /// Vectors of the widest panel.
    pub fn widest_panel(&self) -> usize {
        self.panels.iter().map(|panel| panel.vectors).max().unwrap_or(0)
    }

    /// Whether the products of a matrix are all zero.
    #[inline(always)]
    pub fn is_zero(&self, matrix: usize) -> bool {
        self.zero_coefficients >> matrix & 1 != 0
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.panels.iter().map(|panel| panel.blocks.len() * size_of::<Block>()).sum()
    }
}

impl OutputPanel {
    /// The rows of matrix `index` of `count`, one for each input channel, or for each plane where lanes are input channels.
    pub fn matrix<const NR: usize>(&self, index: usize, count: usize) -> &[[Pixel; NR]] {
        let rows = Block::as_pixels(&self.blocks).as_chunks().0;
        let height = rows.len() / count;
        &rows[index * height..][..height]
    }
}

/// Part `part` of `parts` of `0..all`, as even as can be.
#[inline(always)]
pub(crate) fn even_share(all: usize, part: usize, parts: usize) -> Range<usize> {
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
