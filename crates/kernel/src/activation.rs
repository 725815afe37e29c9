//! An activation by itself, for tensors that no convolution makes.

use super::Error;
use super::epilogue::{Activation, Epilogue, PackedEpilogue};
use super::isa::Isa;
use super::lanes::{Lanes, SimdTask};
use super::layout::{Pixel, pixels_mut};

/// An activation, ready to run. The bits are those of the same activation in the epilogue of a convolution.
#[derive(Clone)]
pub struct ActivationKernel {
    isa: Isa,
    packed: PackedEpilogue,
}

impl ActivationKernel {
    /// Prepares an activation of tensors with `channels` channels, to run with `isa`.
    ///
    /// # Errors
    /// `Spec` where the number of slopes is not the number of channels.
    pub fn new(isa: Isa, activation: Activation, channels: usize) -> Result<ActivationKernel, Error> {
        let packed = PackedEpilogue::new(&Epilogue::Activate(activation), channels)?;
        Ok(ActivationKernel { isa, packed })
    }

    /// Applies it to pixels `[pixels][16]` of plane `plane`.
    ///
    /// # Errors
    /// `Shape` where `to` is not as long as `from`, or either is not whole pixels.
    pub fn run(&self, plane: usize, from: &[f32], to: &mut [f32]) -> Result<(), Error> {
        let (from, rest) = from.as_chunks();
        if !rest.is_empty() {
            return Err(Error::Shape(format!(
                "Expected whole pixels of 16 channels but received {} values more",
                rest.len()
            )));
        }
        let to = pixels_mut(to, from.len(), "output", plane)?;
        self.isa.run(Apply { packed: &self.packed, plane, from, to });
        Ok(())
    }
}

struct Apply<'a> {
    packed: &'a PackedEpilogue,
    plane: usize,
    from: &'a [Pixel],
    to: &'a mut [Pixel],
}

impl SimdTask for Apply<'_> {
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        /// Pixels at a time: the activation is chosen once for all of them.
        const PIXELS: usize = 8;
        let whole = self.from.len() / PIXELS * PIXELS;
        for first in (0..whole).step_by(PIXELS) {
            self.block::<L, PIXELS>(l, first);
        }
        for first in whole..self.from.len() {
            self.block::<L, 1>(l, first);
        }
    }
}

impl Apply<'_> {
    #[inline(always)]
    fn block<L: Lanes, const COUNT: usize>(&mut self, l: L, first: usize) {
        let mut values = [[l.splat(0.0); 1]; COUNT];
        for (i, value) in values.iter_mut().enumerate() {
            *value = [l.load(&self.from[first + i])];
        }
        self.packed.finish(l, self.plane, &values, None, &mut self.to[first..], 1);
    }
}
