//! The rows of one value that are in memory while a picture streams through a program.

use std::ops::Range;

use crate::error::Error;
use crate::kernel::{Block, LANES};
use crate::memory::vector;

/// A sliding window of rows, `[plane][row][width]` vectors of sixteen channels.
#[derive(Default)]
pub struct RowWindow {
    blocks: Vec<Block>,
    planes: usize,
    width: usize,
    /// Rows that there is room for.
    capacity: usize,
    /// The value's rows that are held.
    held: Range<usize>,
}

impl RowWindow {
    /// Makes sure that `blocks` blocks fit.
    ///
    /// # Errors
    /// `Limit` where the system has no more memory.
    pub fn reserve(&mut self, blocks: usize) -> Result<(), Error> {
        if self.blocks.len() >= blocks {
            return Ok(());
        }
        // The old blocks go before the new ones come.
        self.blocks = Vec::new();
        self.blocks = vector(blocks)?;
        self.blocks.resize(blocks, Block::ZERO);
        Ok(())
    }

    /// Empty, for planes of this width, of which `window` rows are held at a time.
    ///
    /// # Errors
    /// `Limit` where the system has no more memory.
    pub fn reset(&mut self, planes: usize, width: usize, window: usize) -> Result<(), Error> {
        self.reserve(planes * width * window)?;
        (self.planes, self.width, self.held) = (planes, width, 0..0);
        self.capacity = self.blocks.len() / (planes * width).max(1);
        Ok(())
    }

    /// Makes room for `rows` more rows and returns them, one slice per plane; rows before `keep` are dropped. The new rows'
    /// contents are undefined.
    ///
    /// # Errors
    /// `Inference` where the window is too small for that.
    pub fn extend(&mut self, rows: usize, keep: usize) -> Result<Vec<&mut [f32]>, Error> {
        let plane = (self.capacity * self.width).max(1);
        if self.held.len() + rows > self.capacity {
            let keep = keep.clamp(self.held.start, self.held.end);
            let kept = (keep - self.held.start) * self.width..self.held.len() * self.width;
            for plane in self.blocks.chunks_exact_mut(plane).take(self.planes) {
                plane.copy_within(kept.clone(), 0);
            }
            self.held.start = keep;
        }
        if self.held.len() + rows > self.capacity {
            return Err(Error::Inference(format!(
                "Expected a window of {} rows to suffice but {rows} more are needed",
                self.capacity
            )));
        }
        let new = self.held.len() * self.width..(self.held.len() + rows) * self.width;
        self.held.end += rows;
        let planes = self.blocks.chunks_exact_mut(plane).take(self.planes);
        Ok(planes.map(|plane| Block::as_floats_mut(&mut plane[new.clone()])).collect())
    }

    /// The held rows of each plane, and the row that they begin with.
    pub fn rows(&self) -> (usize, impl Iterator<Item = &[f32]>) {
        let held = self.held.len() * self.width;
        let plane = (self.capacity * self.width).max(1);
        let planes = self.blocks.chunks_exact(plane).take(self.planes);
        (self.held.start, planes.map(move |plane| Block::as_floats(&plane[..held])))
    }

    /// Some of the held rows of each plane.
    pub fn part(&self, rows: Range<usize>) -> impl Iterator<Item = &[f32]> {
        let (first, planes) = self.rows();
        let floats = (rows.start - first) * self.width * LANES..(rows.end - first) * self.width * LANES;
        planes.map(move |plane| &plane[floats.clone()])
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
    }
}
