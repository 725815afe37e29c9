//! What a caller learns while an image is being upscaled.

use std::sync::Arc;

use super::options::Output;
use super::plan::Span;
use crate::raster::Raster;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    pub x: i64,
    pub y: i64,
    pub width: u32,
    pub height: u32,
}

/// A tile is done. Tiles are reported in order, left to right, top to bottom.
#[derive(Debug)]
pub struct Progress {
    /// Work done, above 0 and at most 1.
    pub fraction: f64,
    /// The tile's row and column.
    pub row: usize,
    pub column: usize,
    /// What the network saw, in input pixels.
    pub pre: Rect,
    /// What of it was kept, relative to `pre`, in input pixels.
    pub post: Rect,
    /// The kept part, upscaled, if slices were asked for.
    pub slice: Option<Slice>,
}

/// The upscaled pixels of one tile.
#[derive(Debug)]
pub enum Slice {
    /// A PNG.
    Encoded { bytes: Vec<u8>, width: u32, height: u32, channels: u8 },
    /// Pixels.
    Raster(Raster),
}

/// Receives progress on a thread of its choice to leave at once: it must not block.
#[derive(Clone)]
pub struct Listener {
    /// What slices are made into; none are made without it.
    pub slices: Option<Output>,
    /// Called in order.
    pub call: Arc<dyn Fn(Progress) + Send + Sync>,
}

/// The rectangles of one tile.
pub fn rects(rows: Span, columns: Span) -> (Rect, Rect) {
    let pre = Rect { x: columns.source, y: rows.source, width: columns.source_len, height: rows.source_len };
    let post = Rect {
        x: i64::from(columns.core) - columns.source,
        y: i64::from(rows.core) - rows.source,
        width: columns.core_len,
        height: rows.core_len,
    };
    (pre, post)
}
