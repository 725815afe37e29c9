//! Blown input pixels: those that one of the criteria finds. Each takes a first look at all blocks of a row and an exact one
//! at the few that it suspects.

use super::blocks::Blocks;
use super::{REACH, colour, residual};
use crate::upscale::mask::Marks;
use crate::upscale::view::View;

/// Finds blown pixels within [`REACH`] of the core; `None` if there are none, and then all values there are numbers.
pub fn seeds(view: &View, input: &[f32], output: &[f32]) -> Option<Marks> {
    let area = view.around_core(REACH as usize);
    let inputs: Vec<&[f32]> = input.chunks_exact((view.height * view.width).max(1)).collect();
    let outputs: Vec<&[f32]> = output.chunks_exact(view.output_plane().max(1)).collect();
    let mut blocks: Vec<Blocks> = outputs.iter().map(|_| Blocks::new(area.columns)).collect();
    let mut flags = vec![0; area.columns];
    let mut blown = vec![false; area.rows * area.columns];
    for row in 0..area.rows {
        let y = area.y + row;
        let at = |x: usize| (y, area.x + x);
        let from = y * view.width + area.x;
        let blown = &mut blown[row * area.columns..][..area.columns];
        for ((blocks, output), input) in blocks.iter_mut().zip(&outputs).zip(&inputs) {
            blocks.reduce(view, output, y, area);
            residual::suspects(view, &input[from..][..area.columns], blocks, &mut flags);
            let places =
                flagged(&flags).filter(|x| residual::is_blown(view, input, output, at(*x), blocks.get(*x)));
            places.for_each(|x| blown[x] = true);
        }
        if let ([red, green, blue, ..], [first, second, third, ..]) = (&*inputs, &*outputs) {
            let rows = [red, green, blue].map(|plane| &plane[from..][..area.columns]);
            colour::suspects(view, rows, &blocks, &mut flags);
            let (colours, results) = ([*red, *green, *blue], [*first, *second, *third]);
            let places = flagged(&flags).filter(|x| colour::is_blown(view, colours, results, at(*x)));
            places.for_each(|x| blown[x] = true);
        }
    }
    blown.contains(&true).then_some(Marks { area, marked: blown })
}

/// Where a flag is set. Most rows have none, which is found faster than each.
fn flagged(flags: &[u32]) -> impl Iterator<Item = usize> {
    let some = flags.iter().fold(0, |some, flag| some | flag) != 0;
    let places = if some { flags } else { &[] };
    places.iter().enumerate().filter(|(_, flag)| **flag != 0).map(|(x, _)| x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIDE: usize = 6;

    proptest! {
        /// Values about the thresholds: steps of a few levels, and results off by up to 200 levels, beyond black and white too.
        #[test]
        fn the_first_looks_let_through_only_what_is_sound(
            scale in 1usize..5,
            seed in prop::collection::vec((0u8..=255, -200i32..200, 0u8..4), 3 * SIDE * SIDE),
            contrast in 0u8..=16,
        ) {
            let view = View { output_range: (-1.0, 1.0), ..View::whole(scale, SIDE, SIDE) };
            let level = |value: u8| 128.0 + (f32::from(value) - 128.0) * f32::from(contrast) / 16.0;
            let input: Vec<f32> = seed.iter().map(|(value, _, _)| level(*value) / 255.0).collect();
            let columns = SIDE * scale;
            let output: Vec<f32> = (0..3 * columns * columns).map(|at| {
                let (plane, y, x) = (at / (columns * columns), at / columns % columns, at % columns);
                let place = plane * SIDE * SIDE + y / scale * SIDE + x / scale;
                let (_, off, quarter) = seed[place];
                let moved = (y % scale + x % scale) % 4 == usize::from(quarter) % scale;
                (input[place] * 255.0 + if moved { off as f32 } else { 0.0 }) / 127.5 - 1.0
            }).collect();
            let found = seeds(&view, &input, &output).map(|seeds| seeds.marked);
            let expected = exact(&view, &input, &output);
            prop_assert_eq!(found.unwrap_or(vec![false; SIDE * SIDE]), expected);
        }
    }

    /// Both exact looks at every pixel.
    fn exact(view: &View, input: &[f32], output: &[f32]) -> Vec<bool> {
        let inputs: [&[f32]; 3] = std::array::from_fn(|plane| &input[plane * SIDE * SIDE..][..SIDE * SIDE]);
        let size = view.output_plane();
        let outputs: [&[f32]; 3] = std::array::from_fn(|plane| &output[plane * size..][..size]);
        let mut blocks = Blocks::new(SIDE);
        let mut blown = |(y, x): (usize, usize)| {
            let mut residual = |plane: usize| {
                blocks.reduce(view, outputs[plane], y, view.core);
                residual::is_blown(view, inputs[plane], outputs[plane], (y, x), blocks.get(x))
            };
            residual(0) || residual(1) || residual(2) || colour::is_blown(view, inputs, outputs, (y, x))
        };
        (0..SIDE * SIDE).map(|at| blown((at / SIDE, at % SIDE))).collect()
    }
}
