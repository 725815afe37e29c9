//! Which input pixels have got a colour that nothing around them has.
//!
//! A network that blows up a little sets single output pixels of wrong colour beside letters and thin lines. They average
//! out over a block, and letters have every brightness around them; but where the input is grey, or shades between two
//! colours, a faithful result is too.
//!
//! Colour is judged by the differences of two planes. Sharpening moves them little, except in small coloured things, so that
//! more is let through where colours differ. Of 585 photographs of the stress set, many of them 96 to 256 pixels wide, the
//! limits below find something in 4 after SPAN 2x; in text and line art that SPAN 2x blew up a little they find 20 to 40
//! places a picture, and none after a network without gates.

use super::blocks::{Blocks, higher, lower, range};
use super::residual::FAR;
use crate::upscale::view::View;

/// How far the difference of two planes may lie outside the range of 5x5 input pixels where that is empty, in levels of 255. Where
/// it is not, more is let through for each level of it: [`super::Tolerance::overshoot`].
const EXCESS: f32 = 36.0;

/// Two of the three planes, and how many times that their difference may be off. Red against blue is the difference of the
/// two others and errs by both.
const PAIRS: [(usize, usize, f32); 3] = [(0, 1, 1.0), (2, 1, 1.0), (0, 2, 1.3)];

/// Sets the flags of those blocks of a row that may be blown, found without a look around, and clears the others.
///
/// `inputs`: the row of input pixels, `blocks`: the planes of the result.
pub fn suspects(view: &View, inputs: [&[f32]; 3], blocks: &[Blocks], flags: &mut [u32]) {
    let ((factor, _), (black, white)) = (view.output_affine(), view.output_range);
    let shown = |value: f32| lower(white, higher(black, value));
    flags.fill(0);
    for (first, second, times) in PAIRS {
        let most = EXCESS * view.level() * times;
        let inputs = inputs[first].iter().zip(inputs[second]);
        let (first, second) = (blocks[first].all(), blocks[second].all());
        let first = first.low.iter().zip(&first.high);
        let second = second.low.iter().zip(&second.high);
        for (((flag, input), first), second) in flags.iter_mut().zip(inputs).zip(first).zip(second) {
            let own = (input.0 - input.1) * factor;
            let highest = shown(*first.1) - shown(*second.0);
            let lowest = shown(*first.0) - shown(*second.1);
            *flag |= u32::from((highest - own > most) | (own - lowest > most));
        }
    }
}

/// Whether the result of the input pixel `at` (row, column) is further from the colours around it than it may be.
pub fn is_blown(view: &View, inputs: [&[f32]; 3], outputs: [&[f32]; 3], at: (usize, usize)) -> bool {
    let (factor, _) = view.output_affine();
    PAIRS.iter().any(|(first, second, times)| {
        let difference = |place: usize| (inputs[*first][place] - inputs[*second][place]) * factor;
        let line = |plane: usize, line: usize| view.output_row(outputs[plane], (at.0, line), (at.1, 1));
        let lines = (0..view.scale).flat_map(|index| line(*first, index).iter().zip(line(*second, index)));
        let shown = lines.map(|(value, other)| view.clamped(*value) - view.clamped(*other));
        let (lowest, highest) = range(shown);
        let beyond = |low: f32, high: f32| {
            let most = (EXCESS * view.level() + view.tolerance.overshoot * (high - low)) * times;
            (highest - high).max(low - lowest) > most
        };
        let own = difference(at.0 * view.width + at.1);
        // What is near the pixel itself needs no look around.
        beyond(own, own) && {
            let (low, high) = range(view.near(at, FAR).map(difference));
            beyond(low, high)
        }
    })
}
