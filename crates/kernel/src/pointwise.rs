//! 1x1 convolution: one matrix product, GROUP pixels at a time.

use std::ops::Range;

use super::isa::Isa;
use super::lanes::{Lanes, Task};
use super::layer::Layer;
use super::plane::{Pixel, Scratch};
use super::product::{GROUP, Multiply, Weights, share};

/// A range of pixels of one convolution.
pub(super) struct Pointwise<'a> {
    pub inputs: &'a [&'a [Pixel]],
    /// One per output plane, or none at all.
    pub residuals: &'a [&'a [Pixel]],
    pub layer: &'a Layer,
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
    GROUP * (weights.planes + weights.widest_group()) * size_of::<Pixel>()
}

impl Task for Pointwise<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let near = self.scratch.inputs.take(GROUP * self.layer.weights.planes);
        let near = near.as_chunks_mut().0.as_chunks_mut().0;
        let products = self.scratch.products.take(GROUP * self.layer.weights.widest_group());
        let products = products.as_chunks_mut().0;
        for first in self.pixels.clone().step_by(GROUP) {
            let pixels = first..self.pixels.end.min(first + GROUP);
            // The product wants all planes of its pixels near each other.
            for (plane, [near]) in self.inputs.iter().zip(near.iter_mut()) {
                near[..pixels.len()].copy_from_slice(&plane[pixels.clone()]);
            }
            let next = pixels.end..self.pixels.end.min(pixels.end + GROUP);
            let (weights, tiles) = (&self.layer.weights, pixels.len());
            for (index, group) in weights.groups.iter().enumerate() {
                let planes = share(self.inputs.len(), index, weights.groups.len());
                let before = &|_| ask(l, &self.inputs[planes.clone()], next.clone());
                Multiply { inputs: near, weights, group, products, tiles, before }.run(l);
                for column in 0..group.columns {
                    let plane = group.first + column;
                    let out = pixels.start - self.pixels.start..pixels.end - self.pixels.start;
                    l.run(Finish {
                        products: products.get(column..).unwrap_or_default().as_flattened(),
                        place: |pixel| pixel * group.columns,
                        layer: self.layer,
                        plane,
                        residual: self.residuals.get(plane).map(|residual| &residual[pixels.clone()]),
                        out: &mut self.outputs[plane][out],
                    });
                }
            }
        }
    }
}

/// Asks for pixels of some planes.
#[inline(always)]
fn ask<L: Lanes>(l: L, planes: &[&[Pixel]], pixels: Range<usize>) {
    for pixel in planes.iter().flat_map(|plane| &plane[pixels.clone()]) {
        l.prefetch_l2(pixel);
    }
}

/// Pixels of one output plane, finished and stored.
pub(super) struct Finish<'a, P> {
    pub products: &'a [Pixel],
    /// Where a pixel's product lies.
    pub place: P,
    pub layer: &'a Layer,
    pub plane: usize,
    pub residual: Option<&'a [Pixel]>,
    pub out: &'a mut [Pixel],
}

impl<P: Fn(usize) -> usize> Task for Finish<'_, P> {
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        /// Pixels at a time, so that the choice of epilogue is made seldom.
        const MANY: usize = 8;
        let whole = self.out.len() / MANY * MANY;
        for first in (0..whole).step_by(MANY) {
            self.block::<L, MANY>(l, first);
        }
        for first in whole..self.out.len() {
            self.block::<L, 1>(l, first);
        }
    }
}

impl<P: Fn(usize) -> usize> Finish<'_, P> {
    #[inline(always)]
    fn block<L: Lanes, const COUNT: usize>(&mut self, l: L, first: usize) {
        let bias = l.load(&self.layer.bias[self.plane].0);
        let mut values = [[bias; 1]; COUNT];
        for (i, value) in values.iter_mut().enumerate() {
            *value = [l.add(l.load(&self.products[(self.place)(first + i)]), bias)];
        }
        let residual = self.residual.map(|residual| &residual[first..]);
        self.layer.epilogue.finish(l, self.plane, &values, residual, &mut self.out[first..], 1);
    }
}
