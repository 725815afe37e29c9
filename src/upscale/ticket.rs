//! One image's place in its instance, and the counters of images.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use once_cell::sync::OnceCell;

use super::places::{PlacePermit, Places};
use crate::error::Error;

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
    /// None of a part, which is counted with the whole.
    account: Option<Account>,
}

/// What is counted of an image, until this is dropped.
struct Account {
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
        places.enter().inspect_err(|_| {
            counters.refuse();
            Counters::global().refuse();
        })?;
        let account = Account {
            places: places.clone(),
            counters: counters.clone(),
            running: false,
            outcome: Outcome::Aborted,
        };
        account.each(|counters| _ = counters.queued.fetch_add(1, Ordering::Relaxed));
        Ok(Ticket { places: places.clone(), account: Some(account) })
    }

    /// That of a part of the same image, such as a frame, which waits for its turn by itself.
    pub fn part(&self) -> Ticket {
        Ticket { places: self.places.clone(), account: None }
    }

    /// Waits until this image may be worked on beside others of its instance, for as long as what is returned is held. Those
    /// with a deadline come before those without, the earliest first.
    pub async fn permit(&self, deadline: Option<Instant>) -> Result<PlacePermit, Error> {
        self.places.permit(deadline).await
    }

    /// The image begins to run.
    pub fn start(&mut self) {
        if let Some(account) = self.account.as_mut().filter(|account| !account.running) {
            account.running = true;
            account.each(|counters| {
                counters.queued.fetch_sub(1, Ordering::Relaxed);
                counters.running.fetch_add(1, Ordering::Relaxed);
            });
        }
    }

    /// The image's work has ended.
    pub fn settle(mut self, outcome: Outcome) {
        if let Some(account) = &mut self.account {
            account.outcome = outcome;
        }
    }
}

impl Account {
    fn each(&self, count: impl Fn(&Counters)) {
        count(&self.counters);
        count(Counters::global());
    }
}

impl Drop for Account {
    /// A call whose future was dropped counts as aborted.
    fn drop(&mut self) {
        self.places.leave();
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
