//! Where tiles are stitched together: a canvas is a run of rows of the result, shared by the workers that fill it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::raster::Raster;

/// Rows of the result from `y` on, being filled.
#[derive(Clone)]
pub struct Canvas {
    picture: Arc<Mutex<Raster>>,
    y: u32,
}

impl Canvas {
    /// Black rows from `y` on.
    pub fn new(picture: Raster, y: u32) -> Canvas {
        Canvas { picture: Arc::new(Mutex::new(picture)), y }
    }

    /// The first row of the result that it holds.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// The rows themselves, for one worker at a time.
    pub fn picture(&self) -> MutexGuard<'_, Raster> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows, if this is the last handle to them; a copy otherwise.
    pub fn into_picture(self) -> Raster {
        match Arc::try_unwrap(self.picture) {
            Ok(picture) => picture.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => shared.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
