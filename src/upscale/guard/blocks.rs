//! A row of a plane of the result, reduced to the size of the input: sum, lowest and highest of the output pixels of each
//! input pixel.

use crate::upscale::view::{Area, View};

/// The blocks of one row of input pixels. Every loop over them has neither a branch nor a call, so that the compiler makes
/// vector code of it: nearly all rows end here.
pub struct Blocks {
    /// Of the lines of output pixels, column by column.
    lines: Reduced,
    /// Of the blocks. Where a value is no number neither is the sum, whatever the lowest and highest are.
    blocks: Reduced,
    /// Output pixels in a block.
    size: f32,
}

/// Sum, lowest and highest of several values, at each of many places.
pub struct Reduced {
    pub sum: Vec<f32>,
    pub low: Vec<f32>,
    pub high: Vec<f32>,
}

impl Reduced {
    fn new(len: usize) -> Reduced {
        Reduced { sum: vec![0.0; len], low: vec![0.0; len], high: vec![0.0; len] }
    }
}

/// The output pixels of one input pixel.
#[derive(Clone, Copy)]
pub struct BlockStats {
    pub mean: f32,
    pub low: f32,
    pub high: f32,
}

impl Blocks {
    pub fn new(columns: usize) -> Blocks {
        Blocks { lines: Reduced::new(0), blocks: Reduced::new(columns), size: 1.0 }
    }

    pub fn get(&self, x: usize) -> BlockStats {
        let Reduced { sum, low, high } = &self.blocks;
        BlockStats { mean: sum[x] / self.size, low: low[x], high: high[x] }
    }

    /// Of all blocks of the row.
    pub fn all(&self) -> &Reduced {
        &self.blocks
    }

    /// Output pixels in a block.
    pub fn size(&self) -> f32 {
        self.size
    }

    /// Reads the output of input row `y` of a plane.
    pub fn reduce(&mut self, view: &View, output: &[f32], y: usize, area: Area) {
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
pub fn lower(low: f32, value: f32) -> f32 {
    if value < low { value } else { low }
}

/// The same for the other end.
pub fn higher(high: f32, value: f32) -> f32 {
    if value > high { value } else { high }
}

/// The lowest and highest of some values.
pub fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
