//! How much of a result another network has given than the one of the pass.

use std::sync::{Mutex, PoisonError};

/// Replaced pixels of one pass, in input pixels, summed over its tiles.
#[derive(Default)]
pub struct ReplacedPixels(Mutex<f64>);

impl ReplacedPixels {
    /// Adds the replaced pixels of one channel run of a tile.
    pub fn add(&self, pixels: f64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += pixels;
    }

    /// The sum so far.
    pub fn pixels(&self) -> f64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The largest replaced share of a pass, 0..=1, of all passes so far.
#[derive(Default)]
pub struct ReplacedShare(Mutex<f64>);

impl ReplacedShare {
    /// Counts a pass over `pixels` input pixels.
    pub fn note(&self, replaced: &ReplacedPixels, pixels: f64) {
        let mut largest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *largest = largest.max(replaced.pixels() / pixels);
    }

    /// The share.
    pub fn share(&self) -> f64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
