//! Memory that JavaScript owns and a worker reads.

use std::sync::{Arc, PoisonError, RwLock};

use crate::error::Error;

/// Whether the memory of an environment (the process's, or a worker thread's) may still be read: it is freed when the
/// environment ends, whoever holds references to it.
#[derive(Clone, Default)]
pub struct Borrow(Arc<RwLock<bool>>);

impl Borrow {
    /// Reads borrowed memory.
    ///
    /// # Errors
    /// [`Error::Aborted`] once the environment ends.
    pub fn read<T>(&self, read: impl FnOnce() -> T) -> Result<T, Error> {
        match *self.0.read().unwrap_or_else(PoisonError::into_inner) {
            false => Ok(read()),
            true => Err(Error::Aborted),
        }
    }

    /// Waits for reads that have begun, and lets no other begin.
    pub fn end(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
}
