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
mod mask;
mod residual;
mod seeds;
mod view;

pub use mask::REACH;
pub use view::View;

use lanczos::Lanczos;
use mask::{FULL, Mask};

use crate::engine::Signature;

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

/// What takes the place of blown pixels.
pub enum Fallback<'a> {
    /// The input, resampled with a Lanczos kernel of three lobes.
    Lanczos { input: &'a [f32] },
    /// The kept part of another network's result, `[planes, rows, columns]`.
    Planes(&'a [f32]),
}

/// Looks for blown pixels in the kept part of a result and around it; `None` if there are none, as nearly always, and then
/// every value of the kept part is a number.
pub fn inspect(view: &View, input: &[f32], output: &[f32]) -> Option<Blown> {
    let seeds = seeds::seeds(view, input, output)?;
    let mask = Mask::grow(&seeds, view);
    (mask.sum() > 0).then(|| Blown { mask, kept: view.kept(output) })
}

impl Blown {
    /// How many input pixels' worth of the result is replaced.
    pub fn pixels(&self) -> f64 {
        self.mask.sum() as f64 / f64::from(FULL)
    }

    /// The kept part of the result, `[planes, rows, columns]` in output pixels, with the fallback blended in.
    pub fn repaired(mut self, view: &View, fallback: &Fallback) -> Vec<f32> {
        let scale = view.scale;
        let (rows, columns) = (view.core.rows * scale, view.core.columns * scale);
        let lanczos = Lanczos::new(scale);
        let mut block = vec![0.0; scale * scale];
        for (plane, kept) in self.kept.chunks_exact_mut((rows * columns).max(1)).enumerate() {
            for (y, x, weight) in self.mask.core_weights() {
                match fallback {
                    Fallback::Lanczos { input } => lanczos.block(view, input, plane, (y, x), &mut block),
                    Fallback::Planes(planes) => view.kept_block(planes, plane, (y, x), &mut block),
                }
                let share = f32::from(weight) / f32::from(FULL);
                for (line, values) in block.chunks_exact(scale).enumerate() {
                    let at = (y * scale + line) * columns + x * scale;
                    for (out, value) in kept[at..at + scale].iter_mut().zip(values) {
                        *out = blend(view.clamped(*out), view.clamped(*value), share);
                    }
                }
            }
        }
        self.kept
    }
}

/// The kept part of a result, with the resampled input where it has blown up: for what stands in for another.
pub fn sound(view: &View, input: &[f32], output: &[f32]) -> Vec<f32> {
    match inspect(view, input, output) {
        Some(blown) => blown.repaired(view, &Fallback::Lanczos { input }),
        None => view.kept(output),
    }
}

/// `to` where it has all the weight: what it replaces may be no number.
fn blend(from: f32, to: f32, share: f32) -> f32 {
    if share >= 1.0 { to } else { from + (to - from) * share }
}

#[cfg(test)]
mod tests;
