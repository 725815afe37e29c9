//! An instance's places: for images that are worked on, and for those that wait beside them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::error::Error;

/// Images of one instance that may wait beside those that are worked on, if it does not say otherwise.
pub const DEFAULT_MAX_PENDING: u64 = 256;

/// How many images of an instance are worked on at the same time, and how many wait.
pub struct Places {
    concurrency: u64,
    max_pending: u64,
    /// Images that have a place of either kind.
    taken: AtomicU64,
    queue: Mutex<PlaceQueue>,
}

struct PlaceQueue {
    free: u64,
    next: u64,
    waiting: BTreeMap<PlaceKey, oneshot::Sender<PlacePermit>>,
}

/// Orders the queue: images with a deadline before those without, the earliest first; then in the order of the calls.
type PlaceKey = (bool, Option<Instant>, u64);

/// Permits an image to be worked on beside others of its instance; passed on to the next when dropped.
pub struct PlacePermit(Arc<Places>);

impl Places {
    /// `concurrency` is at least 1.
    pub fn new(concurrency: usize, max_pending: u64) -> Arc<Places> {
        let concurrency = concurrency.max(1) as u64;
        let queue = PlaceQueue { free: concurrency, next: 0, waiting: BTreeMap::new() };
        Arc::new(Places { concurrency, max_pending, taken: AtomicU64::new(0), queue: Mutex::new(queue) })
    }

    /// Takes a place of either kind, to be given back by [`Places::leave`].
    ///
    /// # Errors
    /// [`Error::QueueFull`].
    pub(super) fn enter(&self) -> Result<(), Error> {
        let all = self.max_pending.saturating_add(self.concurrency);
        let grow = |taken: u64| (taken < all).then_some(taken + 1);
        match self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::QueueFull(format!(
                "Expected at most {} images to wait (maxPending) beside {} that are worked on (concurrency) but there \
                 are as many",
                self.max_pending, self.concurrency
            ))),
        }
    }

    pub(super) fn leave(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }

    /// Waits until an image with this deadline may be worked on.
    pub(super) async fn permit(self: &Arc<Self>, deadline: Option<Instant>) -> Result<PlacePermit, Error> {
        let (sender, receiver) = oneshot::channel();
        let key = {
            let mut queue = self.queue();
            let key = (deadline.is_none(), deadline, queue.next);
            queue.next += 1;
            queue.waiting.insert(key, sender);
            key
        };
        let _entry = PlaceEntry { places: self, key };
        self.admit_next();
        receiver.await.map_err(|_| Error::Aborted)
    }

    fn queue(&self) -> MutexGuard<'_, PlaceQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives free places to images that wait.
    fn admit_next(self: &Arc<Self>) {
        let next = || self.queue().next();
        while let Some(sender) = next() {
            // If the image is gone, the permit is dropped and its place goes to another.
            drop(sender.send(PlacePermit(self.clone())));
        }
    }
}

impl PlaceQueue {
    /// Takes a free place for the first image that waits.
    fn next(&mut self) -> Option<oneshot::Sender<PlacePermit>> {
        let left = self.free.checked_sub(1)?;
        let (_, sender) = self.waiting.pop_first()?;
        self.free = left;
        Some(sender)
    }
}

impl Drop for PlacePermit {
    fn drop(&mut self) {
        self.0.queue().free += 1;
        self.0.admit_next();
    }
}

/// Removes an image from the queue when its future is dropped.
struct PlaceEntry<'a> {
    places: &'a Places,
    key: PlaceKey,
}

impl Drop for PlaceEntry<'_> {
    fn drop(&mut self) {
        self.places.queue().waiting.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::upscale::tests::poll;

    #[tokio::test]
    async fn deadlines_come_first_and_what_is_gone_takes_no_place() {
        let places = Places::new(1, 8);
        let in_seconds = |seconds| Some(Instant::now() + Duration::from_secs(seconds));
        let held = places.permit(None).await.unwrap();
        let mut first = Box::pin(places.permit(None));
        let mut late = Box::pin(places.permit(in_seconds(60)));
        let mut gone = Box::pin(places.permit(in_seconds(10)));
        let mut early = Box::pin(places.permit(in_seconds(30)));
        for turn in [&mut first, &mut late, &mut gone, &mut early] {
            assert!(poll(turn).await.is_none());
        }
        drop(gone);
        drop(held);
        assert!(poll(&mut first).await.is_none() && poll(&mut late).await.is_none());
        let held = poll(&mut early).await.unwrap();
        // Given a place, and gone before it could be told.
        drop(held);
        drop(late);
        assert!(poll(&mut first).await.is_some());
        assert_eq!(places.queue().waiting.len(), 0);
        drop(first);
        assert_eq!(places.queue().free, 1);
    }

    #[test]
    fn more_than_all_places_are_refused() {
        let places = Places::new(2, 1);
        for _ in 0..3 {
            places.enter().unwrap();
        }
        assert_eq!(places.enter().unwrap_err().code(), "ERR_UPSCALER_QUEUE_FULL");
        places.leave();
        places.enter().unwrap();
    }
}
