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

/// Finds blown pixels within [`REACH`] of the core; `None` if there are none.
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
            for (x, (value, block)) in from.iter().zip(blocks.iter()).enumerate() {
                if block.is_suspect(view, *value) && block.is_blown(view, input, output, (y, area.x + x)) {
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
struct Block {
    mean: f32,
    low: f32,
    high: f32,
}

impl Block {
    /// Whether it may be blown; false for nearly all pixels, without a look around. Where the mean is within half of what
    /// is let through, and no value is clamped by more than the other half, the mean of what is seen is near enough too.
    fn is_suspect(self, view: &View, input: f32) -> bool {
        let (value, level, (black, white)) = (view.as_output(input), view.level(), view.output_range);
        let half = NEAR_RESIDUAL.min(RESIDUAL) / 2.0 * level;
        let sound = (self.mean - value).abs() <= half
            && self.high <= white + half
            && self.low >= black - half
            && self.high - value <= EXCESS * level
            && value - self.low <= EXCESS * level;
        // Where the mean is no number, nothing is sound.
        !sound
    }

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

/// The blocks of one row of input pixels, reduced lines first, so that the compiler makes vector code of most of it.
struct Blocks {
    sum: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
    blocks: Vec<Block>,
}

impl Blocks {
    fn new(columns: usize) -> Blocks {
        let blocks = vec![Block { mean: 0.0, low: 0.0, high: 0.0 }; columns];
        Blocks { sum: Vec::new(), low: Vec::new(), high: Vec::new(), blocks }
    }

    fn iter(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter()
    }

    fn reduce(&mut self, view: &View, output: &[f32], y: usize, area: Area) {
        let line = |line: usize| view.output_row(output, (y, line), (area.x, area.columns));
        for values in [&mut self.sum, &mut self.low, &mut self.high] {
            values.clear();
            values.extend_from_slice(line(0));
        }
        for index in 1..view.scale {
            let values = line(index).iter();
            let reduced = self.sum.iter_mut().zip(&mut self.low).zip(&mut self.high);
            for (value, ((sum, low), high)) in values.zip(reduced) {
                *sum += value;
                *low = low.min(*value);
                *high = high.max(*value);
            }
        }
        match view.scale {
            1 => self.join::<1>(),
            2 => self.join::<2>(),
            3 => self.join::<3>(),
            4 => self.join::<4>(),
            scale => self.join_any(scale),
        }
    }

    /// Joins `S` columns to a block.
    fn join<const S: usize>(&mut self) {
        let Blocks { sum, low, high, blocks } = self;
        let columns = sum.as_chunks::<S>().0.iter().zip(low.as_chunks::<S>().0).zip(high.as_chunks::<S>().0);
        for (block, ((sum, low), high)) in blocks.iter_mut().zip(columns) {
            *block = joined(sum, low, high);
        }
    }

    fn join_any(&mut self, scale: usize) {
        let Blocks { sum, low, high, blocks } = self;
        let columns = sum.chunks(scale).zip(low.chunks(scale)).zip(high.chunks(scale));
        for (block, ((sum, low), high)) in blocks.iter_mut().zip(columns) {
            *block = joined(sum, low, high);
        }
    }
}

fn joined(sum: &[f32], low: &[f32], high: &[f32]) -> Block {
    Block {
        mean: sum.iter().sum::<f32>() / (sum.len() * sum.len()) as f32,
        low: low.iter().copied().fold(f32::INFINITY, f32::min),
        high: high.iter().copied().fold(f32::NEG_INFINITY, f32::max),
    }
}
