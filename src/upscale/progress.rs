//! Progress reports while an image is being upscaled.

use std::sync::{Arc, Mutex, PoisonError};

use super::options::OutputKind;
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

/// A progress report.
#[derive(Debug)]
pub struct Progress {
    /// Work done, above 0 and at most 1.
    pub fraction: f64,
    /// The tile that is done, for listeners who want slices.
    pub tile: Option<TileDone>,
}

/// A tile is done. Tiles are reported in order, left to right, top to bottom.
#[derive(Debug)]
pub struct TileDone {
    /// The tile's row and column.
    pub row: usize,
    pub column: usize,
    /// What the network saw, in input pixels.
    pub pre: Rect,
    /// What of it was kept, relative to `pre`, in input pixels.
    pub post: Rect,
    /// The kept part, upscaled.
    pub slice: Slice,
}

/// The upscaled pixels of one tile.
#[derive(Debug)]
pub enum Slice {
    /// A PNG.
    Encoded { bytes: Vec<u8>, width: u32, height: u32, channels: u8 },
    /// Pixels.
    Raster(Raster),
}

/// Receives progress, on a worker: it must not block.
#[derive(Clone)]
pub struct Listener {
    /// What slices are made into. With it, each tile is reported when it is done; without, percents are, within tiles too.
    pub slices: Option<OutputKind>,
    /// Called in order.
    pub call: Arc<dyn Fn(Progress) + Send + Sync>,
}

/// Reports without slices are at least this far apart.
const STEP: f64 = 0.01;

/// Measures the progress of a pass for its listener.
pub struct Meter {
    listener: Listener,
    /// The share of the whole job that is done before the pass, and after it.
    before: f64,
    end: f64,
    tiles: f64,
    count: Mutex<Count>,
}

struct Count {
    /// Tiles that are done, with the parts that are done of others.
    done: f64,
    reported: f64,
}

impl Meter {
    /// Of a pass of `tiles` tiles, with the share of the whole job that lies before and in it.
    pub fn new(listener: Listener, (before, share): (f64, f64), tiles: usize) -> Meter {
        // Exactly 1 at the end, whatever the shares add up to.
        let end = if before + share > 1.0 - 1e-9 { 1.0 } else { before + share };
        let count = Mutex::new(Count { done: 0.0, reported: before });
        Meter { listener, before, end, tiles: tiles as f64, count }
    }

    /// What slices are made into, if they are asked for.
    pub fn slices(&self) -> Option<OutputKind> {
        self.listener.slices
    }

    /// The share of the job that is done with so many tiles.
    fn fraction(&self, tiles: f64) -> f64 {
        if tiles == self.tiles {
            return self.end;
        }
        self.before + (self.end - self.before) * tiles / self.tiles
    }

    /// A callback for the progress, from 0 to 1, of one of the `runs` that make a tile.
    pub fn run(self: &Arc<Self>, runs: usize) -> impl Fn(f64) + Send + Sync + use<> {
        let (meter, heard) = (self.clone(), Mutex::new(0.0));
        move |done| {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            meter.add((done - *heard) / runs as f64);
            *heard = done;
        }
    }

    fn add(&self, tiles: f64) {
        if self.slices().is_some() {
            return;
        }
        // Called within the lock, so that reports come in order.
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.done += tiles;
        let fraction = self.fraction(count.done);
        if (count.reported + STEP..=self.end - STEP).contains(&fraction) {
            count.reported = fraction;
            (self.listener.call)(Progress { fraction, tile: None });
        }
    }

    /// A tile is done, and those before it are: `tiles` with it.
    pub fn tile(&self, tiles: usize, tile: TileDone) {
        (self.listener.call)(Progress { fraction: self.fraction(tiles as f64), tile: Some(tile) });
    }

    /// The pass is done.
    pub fn finish(&self) {
        if self.slices().is_none() {
            (self.listener.call)(Progress { fraction: self.end, tile: None });
        }
    }
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
