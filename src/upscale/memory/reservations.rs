//! Memory that images reserve before they are decoded, first come first served.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::memory;

/// The memory that images may hold together.
pub struct Reservations(Mutex<Ledger>);

/// In bytes.
struct Ledger {
    limit: u64,
    reserved: u64,
    /// The part of it that images hold whose readers delay them.
    stalled: u64,
    next: u64,
    /// In the order in which they came.
    waiting: BTreeMap<u64, Waiting>,
}

struct Waiting {
    bytes: u64,
    sender: oneshot::Sender<Reserved>,
}

/// Memory that is reserved for an image; released when dropped.
pub struct Reserved {
    of: Arc<Reservations>,
    bytes: u64,
    stalled: AtomicBool,
}

impl Reservations {
    /// Those of the process, within its limit.
    pub fn global() -> &'static Arc<Reservations> {
        static GLOBAL: Lazy<Arc<Reservations>> = Lazy::new(|| Reservations::new(memory::limit()));
        &GLOBAL
    }

    /// `limit` bytes, of which nothing is reserved.
    fn new(limit: u64) -> Arc<Reservations> {
        let ledger = Ledger { limit, reserved: 0, stalled: 0, next: 0, waiting: BTreeMap::new() };
        Arc::new(Reservations(Mutex::new(ledger)))
    }

    /// Waits until `bytes` are free, or for more than the whole limit until all are.
    pub async fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Reserved, Error> {
        let (sender, receiver) = oneshot::channel();
        let key = self.ledger().enter(bytes, sender);
        let _entry = ReservationEntry { reservations: self, key };
        self.serve();
        receiver.await.map_err(|_| Error::Aborted)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves what there is for images that wait.
    fn serve(self: &Arc<Self>) {
        let next = || self.ledger().next();
        while let Some(Waiting { bytes, sender }) = next() {
            let reserved = Reserved { of: self.clone(), bytes, stalled: AtomicBool::new(false) };
            // If the image is gone, it is dropped and goes to another.
            drop(sender.send(reserved));
        }
    }
}

impl Ledger {
    fn enter(&mut self, bytes: u64, sender: oneshot::Sender<Reserved>) -> u64 {
        let key = self.next;
        self.next += 1;
        self.waiting.insert(key, Waiting { bytes: bytes.min(self.limit), sender });
        key
    }

    /// The first image that waits, if there is memory for it. One that needs what images hold whose readers delay them is
    /// passed over: nobody knows for how long, and all that came after it would wait as well.
    fn next(&mut self) -> Option<Waiting> {
        let within_reach = self.limit - self.stalled;
        let (&key, first) = self.waiting.iter().find(|(_, waiting)| waiting.bytes <= within_reach)?;
        if first.bytes > self.limit - self.reserved {
            return None;
        }
        self.reserved += first.bytes;
        self.waiting.remove(&key)
    }
}

impl Reserved {
    /// Its image waits for a reader.
    pub fn stall(&self) {
        if !self.stalled.swap(true, Ordering::Relaxed) {
            self.of.ledger().stalled += self.bytes;
            self.of.serve();
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut ledger = self.of.ledger();
        ledger.reserved -= self.bytes;
        if *self.stalled.get_mut() {
            ledger.stalled -= self.bytes;
        }
        drop(ledger);
        self.of.serve();
    }
}

/// Removes an image from those that wait when its future is dropped.
struct ReservationEntry<'a> {
    reservations: &'a Arc<Reservations>,
    key: u64,
}

impl Drop for ReservationEntry<'_> {
    fn drop(&mut self) {
        self.reservations.ledger().waiting.remove(&self.key);
        // What came after it may fit.
        self.reservations.serve();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upscale::tests::poll;

    #[tokio::test]
    async fn first_come_first_served_and_what_leaves_makes_room() {
        let all = Reservations::new(100);
        let sixty = all.reserve(60).await.unwrap();
        let mut large = Box::pin(all.reserve(1000));
        let mut small = Box::pin(all.reserve(10));
        assert!(poll(&mut large).await.is_none());
        assert!(poll(&mut small).await.is_none(), "it would fit, but came later");
        drop(large);
        let small = poll(&mut small).await.unwrap();
        let mut large = Box::pin(all.reserve(1000));
        drop(sixty);
        assert!(poll(&mut large).await.is_none());
        drop(small);
        let large = poll(&mut large).await.unwrap();
        drop(large);
        assert_eq!(all.ledger().reserved, 0);
    }

    #[tokio::test]
    async fn what_needs_memory_of_stalled_images_holds_nobody_up() {
        let all = Reservations::new(100);
        let unread = all.reserve(20).await.unwrap();
        unread.stall();
        let mut large = Box::pin(all.reserve(90));
        let mut fits = Box::pin(all.reserve(80));
        assert!(poll(&mut large).await.is_none());
        let fits = poll(&mut fits).await.unwrap();
        let mut next = Box::pin(all.reserve(80));
        assert!(poll(&mut next).await.is_none());
        drop(unread);
        drop(fits);
        assert!(poll(&mut next).await.is_none(), "the large one came before it");
        let large = poll(&mut large).await.unwrap();
        drop(large);
        assert!(poll(&mut next).await.is_some());
        drop(next);
        let ledger = all.ledger();
        assert_eq!((ledger.reserved, ledger.stalled), (0, 0));
    }
}
