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

use super::mask::REACH;
use super::view::{Area, View};

/// What a reduced result may differ by in a flat area, in levels of 255.
const RESIDUAL: f32 = 26.0;

/// And in addition, for each level of the range of 5x5 pixels.
const RESIDUAL_SLOPE: f32 = 0.12;

/// The same next to a flat area's edge, where 5x5 pixels already see it: whoever loses all detail is half the range of 3x3
/// pixels away.
const NEAR_RESIDUAL: f32 = 24.0;
const NEAR_RESIDUAL_SLOPE: f32 = 0.5;

/// By how much a result may lie outside the local range in a flat area, in levels of 255.
const EXCESS: f32 = 128.0;

/// And in addition, for each level of that range.
const EXCESS_SLOPE: f32 = 0.3;

/// 3x3 and 5x5 pixels.
const NEAR: usize = 1;
const FAR: usize = 2;

/// Blown input pixels around the core.
pub struct Seeds {
    pub area: Area,
    /// `[area.rows, area.columns]`.
    pub blown: Vec<bool>,
}

/// Finds blown pixels within [`REACH`] of the core; `None` if there are none, and then all values there are numbers.
pub fn seeds(view: &View, input: &[f32], output: &[f32]) -> Option<Seeds> {
    let area = view.around_core(REACH as usize);
    let mut blown: Option<Vec<bool>> = None;
    let planes = input.chunks_exact((view.height * view.width).max(1));
    let mut blocks = Blocks::new(area.columns);
    for (input, output) in planes.zip(output.chunks_exact(view.output_plane().max(1))) {
        for row in 0..area.rows {
            let y = area.y + row;
            blocks.reduce(view, output, y, area);
            let from = &input[y * view.width + area.x..][..area.columns];
            for x in blocks.suspects(view, from) {
                if blocks.get(x).is_blown(view, input, output, (y, area.x + x)) {
                    let all = || vec![false; area.rows * area.columns];
                    blown.get_or_insert_with(all)[row * area.columns + x] = true;
                }
            }
        }
    }
    blown.map(|blown| Seeds { area, blown })
}

/// The output pixels of one input pixel.
#[derive(Clone, Copy)]
struct BlockStats {
    mean: f32,
    low: f32,
    high: f32,
}

impl BlockStats {
    fn is_blown(self, view: &View, input: &[f32], output: &[f32], at: (usize, usize)) -> bool {
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
        let excess = (self.high - high).max(low - self.low);
        !(within(self.mean) && within(seen) && excess <= EXCESS * level + EXCESS_SLOPE * range)
    }
}

/// The lowest and highest value within `radius` of an input pixel, within the picture, as values of the output.
fn local_range(view: &View, input: &[f32], (y, x): (usize, usize), radius: usize) -> (f32, f32) {
    let near = |at: usize, from: usize, len: usize| {
        at.saturating_sub(radius).max(from)..(at + radius + 1).min(from + len)
    };
    let picture = view.picture;
    let columns = near(x, picture.x, picture.columns);
    let rows = near(y, picture.y, picture.rows);
    let values = rows.flat_map(|y| &input[y * view.width..][columns.clone()]);
    let range = |(low, high): (f32, f32), value: &f32| (low.min(*value), high.max(*value));
    let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), range);
    (view.as_output(low), view.as_output(high))
}

/// The blocks of one row of input pixels. Every loop over them has neither a branch nor a call, so that the compiler makes
/// vector code of it: nearly all rows end here.
struct Blocks {
    /// Of the lines of output pixels, column by column.
    lines: Reduced,
    /// Of the blocks. Where a value is no number neither is the sum, whatever the lowest and highest are.
    blocks: Reduced,
    /// 1 for a block that may be blown, else 0.
    suspect: Vec<u32>,
    /// Output pixels in a block.
    size: f32,
}

/// Sum, lowest and highest of several values, at each of many places.
struct Reduced {
    sum: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Reduced {
    fn new(len: usize) -> Reduced {
        Reduced { sum: vec![0.0; len], low: vec![0.0; len], high: vec![0.0; len] }
    }
}

impl Blocks {
    fn new(columns: usize) -> Blocks {
        Blocks { lines: Reduced::new(0), blocks: Reduced::new(columns), suspect: vec![0; columns], size: 1.0 }
    }

    fn get(&self, x: usize) -> BlockStats {
        let Reduced { sum, low, high } = &self.blocks;
        BlockStats { mean: sum[x] / self.size, low: low[x], high: high[x] }
    }

    /// Those that may be blown, found without a look around. Where the mean is within nearly half of what is let through,
    /// and no value is clamped by more than that, the mean of what is seen is near enough too. A photograph has some in most
    /// rows, at edges, but few in each.
    fn suspects(&mut self, view: &View, input: &[f32]) -> Vec<usize> {
        let (level, (black, white)) = (view.level(), view.output_range);
        let half = 0.49 * NEAR_RESIDUAL.min(RESIDUAL) * level;
        let (darkest, brightest, excess) = (black - half, white + half, EXCESS * level);
        let (per_pixel, (factor, offset)) = (1.0 / self.size, view.output_affine());
        let Reduced { sum, low, high } = &self.blocks;
        let blocks = sum.iter().zip(low).zip(high);
        for ((suspect, value), ((sum, low), high)) in self.suspect.iter_mut().zip(input).zip(blocks) {
            let value = value * factor + offset;
            let sound = ((sum * per_pixel - value).abs() <= half)
                & (*high <= brightest)
                & (*low >= darkest)
                & (high - value <= excess)
                & (value - low <= excess);
            // Where the mean is no number, nothing is sound.
            *suspect = u32::from(!sound);
        }
        let mut found = Vec::new();
        if self.suspect.iter().sum::<u32>() > 0 {
            let places = self.suspect.iter().enumerate();
            found.extend(places.filter(|(_, suspect)| **suspect != 0).map(|(x, _)| x));
        }
        found
    }

    fn reduce(&mut self, view: &View, output: &[f32], y: usize, area: Area) {
        let line = |line: usize| view.output_row(output, (y, line), (area.x, area.columns));
        let Reduced { sum, low, high } = &mut self.lines;
        for values in [&mut *sum, low, high] {
            values.clear();
            values.extend_from_slice(line(0));
        }
        for index in 1..view.scale {
            let reduced = sum.iter_mut().zip(&mut *low).zip(&mut *high);
            for (value, ((sum, low), high)) in line(index).iter().zip(reduced) {
                *sum += value;
                *low = lower(*low, *value);
                *high = higher(*high, *value);
            }
        }
        self.size = (view.scale * view.scale) as f32;
        match view.scale {
            1 => self.join(1),
            2 => self.join(2),
            3 => self.join(3),
            4 => self.join(4),
            scale => self.join(scale),
        }
    }

    /// Joins `scale` columns to a block. Where that is a constant, the compiler makes vector code of it.
    #[inline(always)]
    fn join(&mut self, scale: usize) {
        let (lines, blocks) = (&self.lines, &mut self.blocks);
        for (sum, columns) in blocks.sum.iter_mut().zip(lines.sum.chunks_exact(scale)) {
            *sum = columns.iter().sum();
        }
        for (low, columns) in blocks.low.iter_mut().zip(lines.low.chunks_exact(scale)) {
            *low = columns[1..].iter().fold(columns[0], |low, value| lower(low, *value));
        }
        for (high, columns) in blocks.high.iter_mut().zip(lines.high.chunks_exact(scale)) {
            *high = columns[1..].iter().fold(columns[0], |high, value| higher(high, *value));
        }
    }
}

/// One instruction, where `f32::min` cares for values that are no number and is five.
fn lower(low: f32, value: f32) -> f32 {
    if value < low { value } else { low }
}

/// The same for the other end.
fn higher(high: f32, value: f32) -> f32 {
    if value > high { value } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Values about the thresholds: steps of a few levels, and results off by up to 200 levels, beyond black and white too.
        #[test]
        fn what_the_first_look_lets_through_is_sound(
            scale in 1usize..5,
            seed in prop::collection::vec((0u8..=255, -200i32..200, 0u8..4), 36),
        ) {
            let all = Area { y: 0, x: 0, rows: 6, columns: 6 };
            let view = View {
                scale, valid_crop: 0, height: 6, width: 6, picture: all, core: all,
                input_range: (0.0, 1.0), output_range: (-1.0, 1.0),
            };
            let input: Vec<f32> = seed.iter().map(|(value, _, _)| f32::from(*value) / 255.0).collect();
            let mut output = vec![0.0; 36 * scale * scale];
            for (at, value) in output.iter_mut().enumerate() {
                let (y, x) = (at / (6 * scale), at % (6 * scale));
                let (_, off, quarter) = seed[y / scale * 6 + x / scale];
                let moved = (y % scale + x % scale) % 4 == usize::from(quarter) % scale;
                let level = input[y / scale * 6 + x / scale] * 255.0 + if moved { off as f32 } else { 0.0 };
                *value = level / 127.5 - 1.0;
            }
            let mut blocks = Blocks::new(6);
            for y in 0..6 {
                blocks.reduce(&view, &output, y, all);
                let suspects = blocks.suspects(&view, &input[y * 6..][..6]);
                for x in (0..6).filter(|x| !suspects.contains(x)) {
                    prop_assert!(!blocks.get(x).is_blown(&view, &input, &output, (y, x)), "{y} {x}");
                }
            }
        }
    }
}
