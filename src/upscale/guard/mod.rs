//! Finds where a network that should be faithful has blown up, and replaces its result there.
//!
//! A faithful network invents nothing: its result, reduced to the size of its input, is its input again. Networks whose
//! layers multiply activations (SPAN's attention gates) leave that on some text, saturated flats and single spots of
//! photographs: values run away to many times white. Such places are found in the unclamped result, grown to a mask, and
//! blended with a fallback.
//!
//! Whatever decides about a pixel lies within [`REACH`] of it, so that a tile whose halo is larger by that gives the same
//! bits as the whole picture.

mod blocks;
mod colour;
mod lanczos;
mod residual;
mod seeds;

use lanczos::Lanczos;

use super::mask::{BLUR, Mask};
use super::view::View;
use crate::engine::Signature;
use crate::error::Error;

/// How far a blown pixel of a network that multiplies is grown on each side. Single pixels of a rim are off by 100 levels up
/// to four pixels from the last one that is found.
const RIM: usize = 5;

/// How far a blown pixel reaches, in input pixels.
pub const REACH: u32 = (RIM + BLUR) as u32;

/// What a result may do before it counts as blown up, and how far that reaches.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// How far blown pixels are grown on each side, in input pixels.
    pub dilation: usize,
    /// How far values and colours may lie outside the range of those around a pixel, for each level of that range.
    pub overshoot: f32,
}

impl Tolerance {
    /// Of a network of this scale. What a sum of convolutions gets wrong stays where it is: it is grown just as far as the blurred
    /// mask is full on the pixel itself. And it may give a line of one output pixel its whole colour, of which the input has the
    /// `scale`th part; a network that multiplies has dots of wrong colour as far beyond.
    pub fn of(multiplies: bool, scale: usize) -> Tolerance {
        if multiplies {
            Tolerance { dilation: RIM, overshoot: 0.3 }
        } else {
            Tolerance { dilation: BLUR, overshoot: (scale as f32 - 1.0).max(0.3) }
        }
    }
}

/// The context that tiles of a network get on each side, in input pixels.
pub fn halo(signature: &Signature) -> u32 {
    if signature.guarded { signature.halo + REACH } else { signature.halo }
}

/// A result of which a part is to be replaced.
pub struct Blown {
    mask: Mask,
    /// The kept part of the network's result, `[planes, rows, columns]`.
    kept: Vec<f32>,
}

/// Looks for blown pixels in the kept part of a result and around it; `None` if there are none, as nearly always, and then
/// every value of the kept part is a number.
///
/// # Errors
/// [`Error::Limit`] where there is no memory for what has to be repaired.
pub fn inspect(view: &View, input: &[f32], output: &[f32]) -> Result<Option<Blown>, Error> {
    let seeds = seeds::seeds(view, input, output);
    let mask = seeds.and_then(|seeds| Mask::grow(&seeds, view.core, view.tolerance.dilation));
    mask.map(|mask| Ok(Blown { mask, kept: view.kept(output)? })).transpose()
}

impl Blown {
    /// Leaves alone what `replaced` replaces altogether anyway.
    pub fn beside(self, replaced: &Mask) -> Blown {
        Blown { mask: self.mask.without(replaced), ..self }
    }

    /// How many input pixels' worth of the result is replaced.
    pub fn pixels(&self) -> f64 {
        self.mask.pixels()
    }

    /// What is to be replaced.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The kept part of the result, `[planes, rows, columns]` in output pixels, with another network's blended in: `write` gives
    /// that as [`Mask::blend`] takes it.
    pub fn repaired(mut self, view: &View, write: impl FnMut(usize, (usize, usize), &mut [f32])) -> Vec<f32> {
        self.mask.blend(view, &mut self.kept, write);
        self.kept
    }

    /// The same with the input blended in, resampled with a Lanczos kernel of three lobes.
    pub fn resampled(self, view: &View, input: &[f32]) -> Vec<f32> {
        let lanczos = Lanczos::new(view.scale);
        self.repaired(view, |plane, at, block| lanczos.block(view, input, plane, at, block))
    }
}

/// The kept part of a result, with the resampled input where it has blown up: for what stands in for another.
///
/// # Errors
/// Those of [`inspect`].
pub fn sound(view: &View, input: &[f32], output: &[f32]) -> Result<Vec<f32>, Error> {
    match inspect(view, input, output)? {
        Some(blown) => Ok(blown.resampled(view, input)),
        None => view.kept(output),
    }
}

#[cfg(test)]
mod tests;
