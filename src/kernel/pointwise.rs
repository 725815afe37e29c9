//! 1x1 convolution: one matrix product, straight from the input planes to the output planes.

use std::ops::Range;

use super::epilogue::Packed;
use super::isa::Isa;
use super::lanes::{Block, LANES, Lanes, Task};
use super::plane::{Pixel, Scratch};
use super::product::{GROUP, Group, Weights, product};

/// A range of pixels of one convolution.
pub(super) struct Pointwise<'a> {
    pub inputs: &'a [&'a [Pixel]],
    /// One per output plane, or none at all.
    pub residuals: &'a [&'a [Pixel]],
    pub weights: &'a Weights,
    pub bias: &'a [Block],
    pub epilogue: &'a Packed,
    /// The pixels to compute.
    pub pixels: Range<usize>,
    /// Those pixels of each output plane.
    pub outputs: &'a mut [&'a mut [Pixel]],
    pub scratch: &'a mut Scratch,
}

/// Packs the weights `[output][input]`.
pub(super) fn pack(weights: &[f32], inputs: &[usize], outputs: usize, isa: Isa) -> Weights {
    let channels: usize = inputs.iter().sum();
    Weights::pack(1, inputs, outputs, isa.columns(), |output, input| {
        vec![f64::from(weights[output * channels + input])]
    })
}

/// Bytes of scratch that [`Pointwise`] takes.
pub(super) fn scratch_bytes(weights: &Weights) -> usize {
    GROUP * weights.planes * size_of::<Pixel>()
}

impl Task for Pointwise<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        // The product wants all planes of a few pixels near each other; they stay in the first-level cache.
        let near = self.scratch.inputs.take(GROUP * self.weights.planes);
        for first in self.pixels.clone().step_by(GROUP) {
            let count = GROUP.min(self.pixels.end - first);
            for (plane, near) in self.inputs.iter().zip(near.chunks_exact_mut(GROUP)) {
                near[..count].copy_from_slice(&plane[first..][..count]);
            }
            for group in &self.weights.groups {
                let strip = Strip {
                    inputs: near.as_flattened(),
                    weights: self.weights,
                    group,
                    bias: self.bias,
                    residuals: self.residuals,
                    epilogue: self.epilogue,
                    pixel: first,
                    first: first - self.pixels.start,
                    count,
                    outputs: self.outputs,
                };
                match group.columns {
                    1 if L::REGISTERS < 32 => l.run(Blocked::<6, 1>(strip)),
                    1 => l.run(Blocked::<24, 1>(strip)),
                    2 => l.run(Blocked::<12, 2>(strip)),
                    3 => l.run(Blocked::<8, 3>(strip)),
                    _ => l.run(Blocked::<6, 4>(strip)),
                }
            }
        }
    }
}

/// Up to GROUP pixels of one group of output planes.
struct Strip<'a, 'o> {
    /// `[plane][GROUP][16]`
    inputs: &'a [f32],
    weights: &'a Weights,
    group: &'a Group,
    bias: &'a [Block],
    residuals: &'a [&'a [Pixel]],
    epilogue: &'a Packed,
    /// The first pixel, in the picture and in `outputs`.
    pixel: usize,
    first: usize,
    count: usize,
    outputs: &'a mut [&'o mut [Pixel]],
}

/// The strip with blocks of PIXELS times COLUMNS sums in registers.
struct Blocked<'a, 'o, const PIXELS: usize, const COLUMNS: usize>(Strip<'a, 'o>);

impl<const PIXELS: usize, const COLUMNS: usize> Task for Blocked<'_, '_, PIXELS, COLUMNS> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Strip { inputs, weights, group, bias, residuals, epilogue, pixel, first, count, outputs } =
            self.0;
        let matrix = group.matrix::<COLUMNS>(0, 1);
        for at in (0..count).step_by(PIXELS) {
            let sums = product::<L, PIXELS, COLUMNS>(l, &inputs[at * LANES..], &weights.offsets, matrix);
            let count = PIXELS.min(count - at);
            for column in 0..COLUMNS {
                let plane = group.first + column;
                let bias = l.load(&bias[plane].0);
                let mut values = [[bias; 1]; PIXELS];
                for i in 0..PIXELS {
                    values[i][0] = l.add(sums[i][column], bias);
                }
                let residual = residuals.get(plane).map(|residual| &residual[pixel + at..]);
                let out = &mut outputs[plane][first + at..];
                if count == PIXELS {
                    epilogue.finish(l, plane, &values, residual, out, 1);
                } else {
                    let mut window = [[0.0; LANES]; PIXELS];
                    let residual = residual.map(|residual| {
                        let mut window = [[0.0; LANES]; PIXELS];
                        window[..count].copy_from_slice(&residual[..count]);
                        window
                    });
                    epilogue.finish(l, plane, &values, residual.as_ref().map(|r| &r[..]), &mut window, 1);
                    out[..count].copy_from_slice(&window[..count]);
                }
            }
        }
    }
}
