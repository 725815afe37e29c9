//! Which input pixels a network has blown up: those whose result, reduced to one pixel, is not what went in, or runs far
//! beyond everything around it.
//!
//! Both differences may be larger where the picture has contrast: a sharper edge lies elsewhere than a blurred one, and a
//! thin line gets darker than it was. Measured on Set5, Kodak and scikit-image's photographs, in levels of 255: SPAN 2x and
//! 4x leave at most 23 and 19 beyond 0.12 of the range of 5x5 input pixels when reduced, at most 9 beyond half the range of
//! 3x3, and exceed the range of 5x5 by at most 103 and 127 beyond 0.3 of it. Where they blow up all are in the hundreds and
//! thousands, falling off towards the rim over three to five pixels.
//!
//! What is reduced is the result as it is and as it is seen, clamped: values that run away to both sides cancel in one of
//! the two.

use super::blocks::{BlockStats, Blocks, range};
use crate::upscale::view::View;

/// What a reduced result may differ by in a flat area, in levels of 255.
const RESIDUAL: f32 = 26.0;

/// And in addition, for each level of the range of 5x5 pixels.
const RESIDUAL_SLOPE: f32 = 0.12;

/// The same next to a flat area's edge, where 5x5 pixels already see it: whoever loses all detail is half the range of 3x3
/// pixels away.
const NEAR_RESIDUAL: f32 = 24.0;
const NEAR_RESIDUAL_SLOPE: f32 = 0.5;

/// By how much a result may lie outside the local range in a flat area, in levels of 255. More is let through for each level of
/// that range: [`super::Tolerance::overshoot`].
const EXCESS: f32 = 128.0;

/// 3x3 and 5x5 pixels.
const NEAR: usize = 1;
pub const FAR: usize = 2;

/// Sets the flags of those blocks of a row that may be blown, found without a look around, and clears the others. Where the
/// mean is within nearly half of what is let through, and no value is clamped by more than that, the mean of what is seen
/// is near enough too. A photograph has some in most rows, at edges, but few in each.
///
/// `input`: the row of input pixels of the plane, `blocks`: its result.
pub fn suspects(view: &View, input: &[f32], blocks: &Blocks, flags: &mut [u32]) {
    let (level, (black, white)) = (view.level(), view.output_range);
    let half = 0.49 * NEAR_RESIDUAL.min(RESIDUAL) * level;
    let (darkest, brightest, excess) = (black - half, white + half, EXCESS * level);
    let (per_pixel, (factor, offset)) = (1.0 / blocks.size(), view.output_affine());
    let all = blocks.all();
    let places = all.sum.iter().zip(&all.low).zip(&all.high);
    for ((flag, value), ((sum, low), high)) in flags.iter_mut().zip(input).zip(places) {
        let value = value * factor + offset;
        let sound = ((sum * per_pixel - value).abs() <= half)
            & (*high <= brightest)
            & (*low >= darkest)
            & (high - value <= excess)
            & (value - low <= excess);
        // Where the mean is no number, nothing is sound.
        *flag = u32::from(!sound);
    }
}

/// Whether the result of the input pixel `at` (row, column) of a plane, reduced to `block`, is further from it than it may
/// be.
pub fn is_blown(view: &View, input: &[f32], output: &[f32], at: (usize, usize), block: BlockStats) -> bool {
    let ((low, high), (near_low, near_high)) =
        (local_range(view, input, at, FAR), local_range(view, input, at, NEAR));
    let (range, near, level) = (high - low, near_high - near_low, view.level());
    let value = view.as_output(input[at.0 * view.width + at.1]);
    let lines = (0..view.scale).flat_map(|line| view.output_row(output, (at.0, line), (at.1, 1)));
    let seen = lines.map(|value| view.clamped(*value)).sum::<f32>() / (view.scale * view.scale) as f32;
    let within = |mean: f32| {
        let residual = (mean - value).abs();
        residual <= RESIDUAL * level + RESIDUAL_SLOPE * range
            && residual <= NEAR_RESIDUAL * level + NEAR_RESIDUAL_SLOPE * near
    };
    let excess = (block.high - high).max(low - block.low);
    !(within(block.mean) && within(seen) && excess <= EXCESS * level + view.tolerance.overshoot * range)
}

/// The lowest and highest value within `radius` of an input pixel, as values of the output.
fn local_range(view: &View, input: &[f32], at: (usize, usize), radius: usize) -> (f32, f32) {
    let (low, high) = range(view.near(at, radius).map(|place| input[place]));
    (view.as_output(low), view.as_output(high))
}
