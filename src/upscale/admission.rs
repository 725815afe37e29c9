//! How many images run at the same time, and the counters of their outcomes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::deadline::{self, DeadlinePermit};
use crate::error::Error;
use crate::memory;
use crate::workers::Cancel;

/// Images that may be decoded at the same time, per worker: enough that the fair queue has a thumbnail to prefer,
/// few enough that a flood of posters waits outside memory.
const ACTIVE_PER_WORKER: usize = 8;

/// Images of one instance that may wait beside those that are worked on, if it does not say otherwise.
pub const DEFAULT_MAX_PENDING: u64 = 256;

/// Pictures of one instance at the same time, per worker: enough that a small one does not wait for large ones before it,
/// with which it shares the workers.
const DEFAULT_PER_WORKER: usize = ACTIVE_PER_WORKER;

/// And as many as there is memory for, if each takes this: 2 megapixels at four times their size do.
const DEFAULT_MEMORY: u64 = 128 << 20;

/// Semaphores count in units of this, because they are limited to 2^29 permits on 32-bit machines.
const UNIT: u64 = 1 << 20;

static GATE: OnceCell<Gate> = OnceCell::new();

struct Gate {
    slots: Semaphore,
    memory: Semaphore,
    units: u32,
}

/// Permits an image to run; returned when dropped.
pub struct Admitted {
    gate: &'static Gate,
    _permit: Permit,
}

/// The two kinds of permits.
#[allow(dead_code, reason = "held for their Drop")]
enum Permit {
    Slot(SemaphorePermit<'static>),
    Deadline(DeadlinePermit),
}

/// Memory that is reserved for an image; released when dropped.
pub struct Reserved(#[allow(dead_code, reason = "held for its Drop")] SemaphorePermit<'static>);

/// Waits, first come first served, for a free slot.
pub async fn admit(workers: usize) -> Result<Admitted, Error> {
    let gate = gate(workers);
    let slot = gate.slots.acquire().await.map_err(|_| Error::Aborted)?;
    Ok(Admitted { gate, _permit: Permit::Slot(slot) })
}

/// Waits for the permit of an image that must be done by `deadline` and is expected to take `work`.
///
/// # Errors
/// [`Error::Timeout`] as soon as it is known that it cannot be done by then.
pub async fn admit_by(deadline: Instant, work: Duration, workers: usize) -> Result<Admitted, Error> {
    let permit = deadline::acquire(deadline, work, workers).await?;
    Ok(Admitted { gate: gate(workers), _permit: Permit::Deadline(permit) })
}

fn gate(workers: usize) -> &'static Gate {
    GATE.get_or_init(|| {
        let units = (memory::limit() / UNIT).clamp(1, u64::from(u32::MAX >> 4)) as u32;
        Gate {
            slots: Semaphore::new(workers * ACTIVE_PER_WORKER),
            memory: Semaphore::new(units as usize),
            units,
        }
    })
}

impl Admitted {
    /// Waits until `bytes` are free. An image larger than the whole limit runs alone, if the system has that much.
    ///
    /// # Errors
    /// [`Error::Limit`] if it does not.
    pub async fn reserve(&self, bytes: u64) -> Result<Reserved, Error> {
        let reserved = self.wait(bytes).await?;
        memory::check_available(bytes)?;
        Ok(reserved)
    }

    async fn wait(&self, bytes: u64) -> Result<Reserved, Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.gate.units);
        self.gate.memory.acquire_many(units).await.map(Reserved).map_err(|_| Error::Aborted)
    }
}

/// How many images of an instance are worked on at the same time, unless it is told another number.
pub fn default_concurrency(workers: usize) -> usize {
    let held = usize::try_from(memory::limit() / DEFAULT_MEMORY).unwrap_or(usize::MAX);
    (workers * DEFAULT_PER_WORKER).min(held).max(1)
}

/// An instance's places: for images that are worked on, and for those that wait beside them.
pub struct Places {
    concurrency: Arc<Semaphore>,
    all: u64,
    max_pending: u64,
    /// Images that have a place of either kind.
    taken: AtomicU64,
}

impl Places {
    /// `concurrency` is at least 1.
    pub fn new(concurrency: usize, max_pending: u64) -> Arc<Places> {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Places {
            concurrency: Arc::new(Semaphore::new(concurrency)),
            all: max_pending.saturating_add(concurrency as u64),
            max_pending,
            taken: AtomicU64::new(0),
        })
    }

    /// Waits, first come first served, until another image of this instance may be worked on.
    async fn acquire(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.concurrency.clone().acquire_owned().await.map_err(|_| Error::Aborted)
    }
}

/// Counters of images by state and outcome.
#[derive(Debug, Default)]
pub struct Counters {
    queued: AtomicU64,
    running: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    aborted: AtomicU64,
    refused: AtomicU64,
}

/// The values of the counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting to run.
    pub queued: u64,
    /// Running.
    pub running: u64,
    /// Finished.
    pub done: u64,
    /// Ended with an error other than a cancel.
    pub failed: u64,
    /// Cancelled by their callers.
    pub aborted: u64,
    /// Of those that failed: refused because the queue was full, or because they could not be done in time.
    pub refused: u64,
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
            refused: load(&self.refused),
        }
    }

    /// Counts an image that was refused before it was queued.
    fn refuse(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// One image's place in an instance, and in the counters of that and of the process.
pub struct Ticket {
    places: Arc<Places>,
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
    /// Failed because it could not be done in time.
    Refused,
}

impl<T> From<&Result<T, Error>> for Outcome {
    fn from(result: &Result<T, Error>) -> Outcome {
        match result {
            Ok(_) => Outcome::Done,
            Err(Error::Aborted) => Outcome::Aborted,
            Err(Error::Timeout(_)) => Outcome::Refused,
            Err(_) => Outcome::Failed,
        }
    }
}

impl Ticket {
    /// Counts a queued image, unless as many as may are worked on and wait already.
    ///
    /// # Errors
    /// [`Error::QueueFull`].
    pub fn new(counters: &Arc<Counters>, places: &Arc<Places>) -> Result<Ticket, Error> {
        let full = |_: u64| {
            counters.refuse();
            Counters::global().refuse();
            Error::QueueFull(format!(
                "Expected at most {} images to wait (maxPending) beside {} that are worked on (concurrency) but there \
                 are as many",
                places.max_pending,
                places.all - places.max_pending
            ))
        };
        let grow = |taken: u64| (taken < places.all).then_some(taken + 1);
        places.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).map_err(full)?;
        let ticket = Ticket {
            places: places.clone(),
            counters: counters.clone(),
            running: false,
            outcome: Outcome::Aborted,
        };
        ticket.each(|counters| _ = counters.queued.fetch_add(1, Ordering::Relaxed));
        Ok(ticket)
    }

    /// Waits until this image may be worked on beside others of its instance, for as long as what is returned is held.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.places.acquire().await
    }

    fn each(&self, count: impl Fn(&Counters)) {
        count(&self.counters);
        count(Counters::global());
    }

    /// The image begins to run.
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
        self.places.taken.fetch_sub(1, Ordering::Relaxed);
        self.each(|counters| {
            let left = if self.running { &counters.running } else { &counters.queued };
            left.fetch_sub(1, Ordering::Relaxed);
            let reached = match self.outcome {
                Outcome::Done => &counters.done,
                Outcome::Failed => &counters.failed,
                Outcome::Aborted => &counters.aborted,
                Outcome::Refused => return counters.refuse(),
            };
            reached.fetch_add(1, Ordering::Relaxed);
        });
    }
}

/// Waits for `work`, but not longer than until `cancel` is tripped.
pub async fn until<T>(cancel: &Cancel, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        biased;
        error = cancel.aborted() => Err(error.into()),
        result = work => result,
    }
}
