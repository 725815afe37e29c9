//! When an image may be worked on: beside others of its instance, of the process, and of what they hold in memory.

use std::sync::{Mutex, PoisonError};

use once_cell::sync::OnceCell;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::deadline::{DeadlineEntry, DeadlinePermit};
use super::memory::{Reservations, Reserved};
use super::places::PlacePermit;
use crate::error::Error;
use crate::memory;
use crate::workers::Cancel;

/// Images that may be decoded at the same time, per worker: enough that the fair queue has a thumbnail to prefer,
/// few enough that a flood of posters waits outside memory.
const ACTIVE_PER_WORKER: usize = 8;

/// Pictures of one instance at the same time, per worker: enough that a small one does not wait for large ones before it,
/// with which it shares the workers.
const DEFAULT_PER_WORKER: usize = ACTIVE_PER_WORKER;

/// And as many as there is memory for, if each takes this: 2 megapixels at four times their size do.
const DEFAULT_MEMORY: u64 = 128 << 20;

static SLOTS: OnceCell<Semaphore> = OnceCell::new();

/// An image that is worked on.
pub struct Admitted {
    permits: Mutex<Option<Permits>>,
    reserved: OnceCell<Reserved>,
}

/// What lets others wait.
#[allow(dead_code, reason = "held for their Drop")]
struct Permits {
    place: PlacePermit,
    slot: SlotPermit,
}

/// Permits an image to run beside those of the whole process.
#[allow(dead_code, reason = "held for their Drop")]
pub enum SlotPermit {
    Slot(SemaphorePermit<'static>),
    Deadline(DeadlinePermit),
}

/// Waits, first come first served, until another image of the process may run.
pub async fn slot(workers: usize) -> Result<SlotPermit, Error> {
    let slots = SLOTS.get_or_init(|| Semaphore::new(workers * ACTIVE_PER_WORKER));
    slots.acquire().await.map(SlotPermit::Slot).map_err(|_| Error::Aborted)
}

/// Waits until the image of `entry`, which has its place, may run.
///
/// # Errors
/// [`Error::Timeout`] as soon as it is known that it cannot be done by its deadline.
pub async fn slot_by(entry: DeadlineEntry) -> Result<SlotPermit, Error> {
    entry.permit().await.map(SlotPermit::Deadline)
}

impl Admitted {
    pub fn new(place: PlacePermit, slot: SlotPermit) -> Admitted {
        Admitted { permits: Mutex::new(Some(Permits { place, slot })), reserved: OnceCell::new() }
    }

    /// Waits until `bytes` are free. An image larger than the whole limit runs alone, if the system has that much.
    ///
    /// # Errors
    /// [`Error::Limit`] if it does not.
    pub async fn reserve(&self, bytes: u64) -> Result<(), Error> {
        let reserved = Reservations::global().reserve(bytes).await?;
        memory::check_available(bytes)?;
        _ = self.reserved.set(reserved);
        Ok(())
    }

    /// The image waits for the reader of its result, for nobody knows how long: others are worked on in its place, and those
    /// that need what it holds in memory do not hold up the rest.
    pub fn stall(&self) {
        drop(self.permits.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(reserved) = self.reserved.get() {
            reserved.stall();
        }
    }
}

/// How many images of an instance are worked on at the same time, unless it is told another number.
pub fn default_concurrency(workers: usize) -> usize {
    let held = usize::try_from(memory::limit() / DEFAULT_MEMORY).unwrap_or(usize::MAX);
    (workers * DEFAULT_PER_WORKER).min(held).max(1)
}

/// Waits for `work`, but not longer than until `cancel` is tripped.
pub async fn until<T>(cancel: &Cancel, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        biased;
        error = cancel.aborted() => Err(error.into()),
        result = work => result,
    }
}
