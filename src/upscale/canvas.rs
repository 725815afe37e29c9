//! Canvases: rows of the result onto which workers stitch their tiles.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::Error;
use crate::raster::{Depth, Raster};

/// Rows of the result from `y` on, being filled.
#[derive(Clone)]
pub struct Canvas {
    rows: Arc<SharedRows>,
    y: u32,
}

/// The memory that all handles to a canvas share.
struct SharedRows {
    picture: Mutex<Raster>,
    /// The pool that the memory returns to.
    pool: Weak<Mutex<Vec<Raster>>>,
}

/// A pool of canvases for one pass. Freeing and allocating large blocks again and again would fragment the heap.
#[derive(Default)]
pub struct Canvases(Arc<Mutex<Vec<Raster>>>);

impl Canvases {
    /// A canvas of this size from row `y` on; its contents are undefined until tiles fill it.
    ///
    /// # Errors
    /// [`Error::Limit`] if there is no memory for it.
    pub fn canvas(
        &self,
        (width, height): (u32, u32),
        channels: u8,
        depth: Depth,
        y: u32,
    ) -> Result<Canvas, Error> {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let fits = |used: &Raster| (used.width, used.height, used.channels) == (width, height, channels);
        let picture = match used.filter(fits) {
            Some(picture) => picture,
            None => Raster::blank(width, height, channels, depth)?,
        };
        Ok(Canvas {
            rows: Arc::new(SharedRows { picture: Mutex::new(picture), pool: Arc::downgrade(&self.0) }),
            y,
        })
    }
}

impl Canvas {
    /// The rows of `picture`, from row `y` of the result on.
    pub fn new(picture: Raster, y: u32) -> Canvas {
        Canvas { rows: Arc::new(SharedRows { picture: Mutex::new(picture), pool: Weak::new() }), y }
    }

    /// The first row of the result that it holds.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// The rows themselves, for one worker at a time.
    pub fn picture(&self) -> MutexGuard<'_, Raster> {
        self.rows.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows, if this is the last handle to them; a copy otherwise.
    pub fn into_picture(self) -> Raster {
        match Arc::try_unwrap(self.rows) {
            Ok(mut rows) => rows.take(),
            Err(shared) => shared.picture.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl SharedRows {
    fn take(&mut self) -> Raster {
        let picture = self.picture.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(picture, Raster::empty())
    }
}

impl Drop for SharedRows {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            let picture = self.take();
            pool.lock().unwrap_or_else(PoisonError::into_inner).push(picture);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Samples;

    fn address(canvas: &Canvas) -> usize {
        match &canvas.picture().samples {
            Samples::U8(samples) => samples.as_ptr() as usize,
            _ => 0,
        }
    }

    #[test]
    fn a_used_canvas_is_reused_if_it_fits() {
        let canvases = Canvases::default();
        let canvas = |height, y| canvases.canvas((64, height), 3, Depth::Eight, y).unwrap();
        let first = canvas(16, 0);
        let (place, other) = (address(&first), first.clone());
        drop(first);
        assert_ne!(address(&canvas(16, 16)), place, "a handle is left");
        drop(other);
        assert_eq!(address(&canvas(16, 32)), place);
        assert_eq!(canvas(8, 48).picture().height, 8);
        let last = canvas(16, 56);
        drop(canvases);
        assert_eq!(last.into_picture().height, 16);
    }
}
