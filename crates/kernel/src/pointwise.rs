//! 1x1 convolution: one matrix product, TILE_BLOCK pixels at a time.

use std::ops::Range;

use super::gemm::{Gemm, PackedWeights, TILE_BLOCK, even_share};
use super::isa::Isa;
use super::lanes::{Lanes, SimdTask};
use super::layer::PackedLayer;
use super::layout::Pixel;
use super::scratch::Scratch;

/// A range of pixels of one convolution.
pub(super) struct Pointwise<'a> {
    pub inputs: &'a [&'a [Pixel]],
    /// One per output plane, or none at all.
    pub residuals: &'a [&'a [Pixel]],
    pub layer: &'a PackedLayer,
    /// The pixels to compute.
    pub pixels: Range<usize>,
    /// Those pixels of each output plane.
    pub outputs: &'a mut [&'a mut [Pixel]],
    pub scratch: &'a mut Scratch,
}

/// Packs the weights `[output][input]`.
pub(super) fn pack(weights: &[f32], inputs: &[usize], outputs: usize, isa: Isa) -> PackedWeights {
    let channels: usize = inputs.iter().sum();
    PackedWeights::pack(1, inputs, outputs, isa.gemm_vectors(), |output, input| {
        vec![f64::from(weights[output * channels + input])]
    })
}

/// Bytes of scratch that [`Pointwise`] takes.
pub(super) fn scratch_bytes(weights: &PackedWeights) -> usize {
    TILE_BLOCK * (weights.planes + weights.widest_panel()) * size_of::<Pixel>()
}

impl SimdTask for Pointwise<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let staged = self.scratch.inputs.take(TILE_BLOCK * self.layer.weights.planes);
        let staged = staged.as_chunks_mut().0.as_chunks_mut().0;
        let products = self.scratch.products.take(TILE_BLOCK * self.layer.weights.widest_panel());
        let products = products.as_chunks_mut().0;
        for first in self.pixels.clone().step_by(TILE_BLOCK) {
            let pixels = first..self.pixels.end.min(first + TILE_BLOCK);
            // The product reads all planes of its pixels side by side.
            for (plane, [staged]) in self.inputs.iter().zip(staged.iter_mut()) {
                staged[..pixels.len()].copy_from_slice(&plane[pixels.clone()]);
            }
            let next = pixels.end..self.pixels.end.min(pixels.end + TILE_BLOCK);
            let (weights, tiles) = (&self.layer.weights, pixels.len());
            for (index, panel) in weights.panels.iter().enumerate() {
                let planes = even_share(self.inputs.len(), index, weights.panels.len());
                let before = &|_| prefetch(l, &self.inputs[planes.clone()], next.clone());
                Gemm { inputs: staged, weights, panel, products, tiles, before }.run(l);
                for vector in 0..panel.vectors {
                    let plane = panel.first + vector;
                    let out = pixels.start - self.pixels.start..pixels.end - self.pixels.start;
                    l.run(FinishPixels {
                        products: products.get(vector..).unwrap_or_default().as_flattened(),
                        place: |pixel| pixel * panel.vectors,
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

/// Prefetches pixels of some planes.
#[inline(always)]
fn prefetch<L: Lanes>(l: L, planes: &[&[Pixel]], pixels: Range<usize>) {
    for pixel in planes.iter().flat_map(|plane| &plane[pixels.clone()]) {
        l.prefetch_l2(pixel);
    }
}

/// Applies the epilogue to pixels of one output plane and stores them.
pub(super) struct FinishPixels<'a, P> {
    pub products: &'a [Pixel],
    /// Where a pixel's product lies.
    pub place: P,
    pub layer: &'a PackedLayer,
    pub plane: usize,
    pub residual: Option<&'a [Pixel]>,
    pub out: &'a mut [Pixel],
}

impl<P: Fn(usize) -> usize> SimdTask for FinishPixels<'_, P> {
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        /// Pixels at a time: the epilogue is chosen once for all of them.
        const PIXELS: usize = 8;
        let whole = self.out.len() / PIXELS * PIXELS;
        for first in (0..whole).step_by(PIXELS) {
            self.block::<L, PIXELS>(l, first);
        }
        for first in whole..self.out.len() {
            self.block::<L, 1>(l, first);
        }
    }
}

impl<P: Fn(usize) -> usize> FinishPixels<'_, P> {
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
