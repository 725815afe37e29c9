//! Which input pixels have got a colour that nothing around them has.
//!
//! A network that blows up a little sets single output pixels of wrong colour beside letters and thin lines. They average
//! out over a block, and letters have every brightness around them; but where the input is grey, or shades between two
//! colours, a faithful result is too.
//!
//! Colour is judged by the differences of two planes, which sharpening moves little. Of a million pixels of 51 photographs
//! SPAN 2x leaves 2 further than 50 levels outside what 3x3 input pixels have in red or blue against green, and 5 further
//! than 64 in red against blue.

use super::blocks::{Blocks, higher, lower};
use super::residual::NEAR;
use super::view::View;

/// Two of the three planes, and how far their difference may lie outside the local range, in levels of 255. Red against blue
/// is the difference of the two others and errs by both.
const PAIRS: [(usize, usize, f32); 3] = [(0, 1, 50.0), (2, 1, 50.0), (0, 2, 64.0)];

/// Sets the flags of those blocks of a row that may be blown, found without a look around, and clears the others.
///
/// `inputs`: the row of input pixels, `blocks`: the planes of the result.
pub fn suspects(view: &View, inputs: [&[f32]; 3], blocks: &[Blocks], flags: &mut [u32]) {
    let ((factor, _), (black, white)) = (view.output_affine(), view.output_range);
    let shown = |value: f32| lower(white, higher(black, value));
    flags.fill(0);
    for (first, second, most) in PAIRS {
        let most = most * view.level();
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
    PAIRS.iter().any(|(first, second, most)| {
        let (input, other) = (inputs[*first], inputs[*second]);
        let (low, high) = range(view.near(at, NEAR).map(|place| (input[place] - other[place]) * factor));
        let line = |plane: usize, line: usize| view.output_row(outputs[plane], (at.0, line), (at.1, 1));
        let lines = (0..view.scale).flat_map(|index| line(*first, index).iter().zip(line(*second, index)));
        let shown = lines.map(|(value, other)| view.clamped(*value) - view.clamped(*other));
        let (lowest, highest) = range(shown);
        (highest - high).max(low - lowest) > most * view.level()
    })
}

/// The lowest and highest of some values.
fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
