//! How many images are worked on at the same time, and the counts of what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::sync::OnceCell;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Error;
use crate::workers::Cancel;

/// Images that may be decoded at the same time, per worker: enough that the fair queue has a thumbnail to prefer,
/// few enough that a flood of posters waits outside memory.
const ACTIVE_PER_WORKER: usize = 8;

/// What all images together may hold by default, in bytes: decoded pictures, rows in the making and files.
const DEFAULT_MEMORY: u64 = 4 << 30;

/// Semaphores count in units of this, because they are limited to 2^29 permits on 32-bit machines.
const UNIT: u64 = 1 << 20;

static MEMORY: OnceCell<u64> = OnceCell::new();
static GATE: OnceCell<Gate> = OnceCell::new();

struct Gate {
    slots: Semaphore,
    memory: Semaphore,
    units: u32,
}

/// Sets the memory that all images together may hold, in bytes, before the first image.
///
/// # Errors
/// [`Error::InvalidArgument`] if it was set to something else before.
pub fn configure_memory(bytes: u64) -> Result<(), Error> {
    match *MEMORY.get_or_init(|| bytes) {
        found if found == bytes => Ok(()),
        found => Err(Error::InvalidArgument(format!(
            "Expected maxMemory to be configured once, before the first image, but it was set to {found} already"
        ))),
    }
}

/// The memory that all images together may hold, in bytes.
pub fn memory_limit() -> u64 {
    *MEMORY.get_or_init(|| DEFAULT_MEMORY)
}

/// Leave to be worked on; given back when dropped.
pub struct Admitted {
    gate: &'static Gate,
    _slot: SemaphorePermit<'static>,
}

/// Memory that an image may use; given back when dropped.
pub struct Reserved(#[allow(dead_code, reason = "held for its Drop")] SemaphorePermit<'static>);

/// Waits, first come first served, until there is a place for one more image.
pub async fn admit(workers: usize) -> Result<Admitted, Error> {
    let gate = GATE.get_or_init(|| {
        let units = (memory_limit() / UNIT).clamp(1, u64::from(u32::MAX >> 4)) as u32;
        Gate {
            slots: Semaphore::new(workers * ACTIVE_PER_WORKER),
            memory: Semaphore::new(units as usize),
            units,
        }
    });
    Ok(Admitted { gate, _slot: gate.slots.acquire().await.map_err(|_| Error::Aborted)? })
}

impl Admitted {
    /// Waits until `bytes` are to be had. An image larger than the whole budget runs alone.
    pub async fn reserve(&self, bytes: u64) -> Result<Reserved, Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.gate.units);
        self.gate.memory.acquire_many(units).await.map(Reserved).map_err(|_| Error::Aborted)
    }
}

/// What became of images so far.
#[derive(Debug, Default)]
pub struct Counters {
    queued: AtomicU64,
    running: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    aborted: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting to be worked on.
    pub queued: u64,
    /// Being worked on.
    pub running: u64,
    /// Finished.
    pub done: u64,
    /// Ended with an error other than a cancel.
    pub failed: u64,
    /// Cancelled by their callers.
    pub aborted: u64,
}

impl Counters {
    /// The counts of all images in this process.
    pub fn global() -> &'static Counters {
        static GLOBAL: OnceCell<Counters> = OnceCell::new();
        GLOBAL.get_or_init(Counters::default)
    }

    /// The counts at this moment.
    pub fn counts(&self) -> Counts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            queued: load(&self.queued),
            running: load(&self.running),
            done: load(&self.done),
            failed: load(&self.failed),
            aborted: load(&self.aborted),
        }
    }
}

/// One image's place in the counters of its instance and of the process.
pub struct Ticket {
    counters: Arc<Counters>,
    running: bool,
    outcome: Outcome,
}

/// How an image's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed,
    Aborted,
}

impl<T> From<&Result<T, Error>> for Outcome {
    fn from(result: &Result<T, Error>) -> Outcome {
        match result {
            Ok(_) => Outcome::Done,
            Err(Error::Aborted) => Outcome::Aborted,
            Err(_) => Outcome::Failed,
        }
    }
}

impl Ticket {
    /// Counts a queued image, unless `max_pending` are queued already.
    ///
    /// # Errors
    /// [`Error::QueueFull`].
    pub fn new(counters: &Arc<Counters>, max_pending: u64) -> Result<Ticket, Error> {
        let full = |_: u64| {
            Error::QueueFull(format!(
                "Expected at most {max_pending} images to be waiting (maxPending) but the queue is full"
            ))
        };
        let grow = |queued: u64| (queued < max_pending).then_some(queued + 1);
        counters.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).map_err(full)?;
        Counters::global().queued.fetch_add(1, Ordering::Relaxed);
        Ok(Ticket { counters: counters.clone(), running: false, outcome: Outcome::Aborted })
    }

    fn each(&self, count: impl Fn(&Counters)) {
        count(&self.counters);
        count(Counters::global());
    }

    /// The image is being worked on.
    pub fn start(&mut self) {
        self.running = true;
        self.each(|counters| {
            counters.queued.fetch_sub(1, Ordering::Relaxed);
            counters.running.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// The image's work has ended.
    pub fn settle(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Ticket {
    /// A call whose future was dropped counts as aborted.
    fn drop(&mut self) {
        self.each(|counters| {
            let left = if self.running { &counters.running } else { &counters.queued };
            left.fetch_sub(1, Ordering::Relaxed);
            let reached = match self.outcome {
                Outcome::Done => &counters.done,
                Outcome::Failed => &counters.failed,
                Outcome::Aborted => &counters.aborted,
            };
            reached.fetch_add(1, Ordering::Relaxed);
        });
    }
}

/// Waits for `work`, but not longer than until `cancel` is tripped.
pub async fn until<T>(cancel: &Cancel, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        biased;
        error = cancel.aborted() => Err(error),
        result = work => result,
    }
}
