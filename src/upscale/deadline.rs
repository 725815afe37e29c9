//! Earliest-deadline-first admission of images with a deadline. A few run at once: if all of them shared the workers, none
//! would finish in time. An image whose deadline cannot be met is refused as soon as that is known, not when it expires.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use crate::error::Error;

/// Images at once beyond the number of workers: while one waits for its last row, another begins.
const EXTRA_ACTIVE: usize = 1;

/// An image is expected to take this share of the time per pixel of those before it: pictures differ, and one that could
/// have been done must not be refused.
const OPTIMISM: f64 = 0.8;

/// The weight of the last image in the moving average of the time per pixel.
const AVERAGE_WEIGHT: f64 = 0.3;

/// Networks whose times are remembered: more than are used at one time.
const MAX_NETWORKS: usize = 64;

/// The longest expected time of an image; sums of it are far from overflowing.
const MAX_EXPECTED: Duration = Duration::from_secs(24 * 3600);

/// Orders the queue: the earliest deadline first, of equal ones the earliest call.
type QueueKey = (Instant, u64);

struct Queue {
    workers: usize,
    next: u64,
    /// The expected time of images in progress.
    active: BTreeMap<QueueKey, Duration>,
    waiting: BTreeMap<QueueKey, QueuedImage>,
}

struct QueuedImage {
    work: Duration,
    permit: oneshot::Sender<Result<DeadlinePermit, Error>>,
}

/// Permits an image to run; passed on to the next when dropped.
pub struct DeadlinePermit(QueueKey);

static QUEUE: Lazy<Mutex<Queue>> = Lazy::new(|| {
    Mutex::new(Queue { workers: 1, next: 0, active: BTreeMap::new(), waiting: BTreeMap::new() })
});

/// Seconds for each input pixel, by the name of the network.
static RATES: Lazy<Mutex<HashMap<String, f64>>> = Lazy::new(Mutex::default);

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The expected time of an image, of all workers together; 0 for the first image of a network.
pub fn expected(network: &str, pixels: u64) -> Duration {
    let rates = RATES.lock().unwrap_or_else(PoisonError::into_inner);
    let rate = rates.get(network).copied().unwrap_or(0.0);
    Duration::try_from_secs_f64(rate * pixels as f64 * OPTIMISM).unwrap_or(MAX_EXPECTED).min(MAX_EXPECTED)
}

/// Records the time that an image took.
pub fn learn(network: &str, pixels: u64, took: Duration) {
    let mut rates = RATES.lock().unwrap_or_else(PoisonError::into_inner);
    let rate = took.as_secs_f64() / pixels.max(1) as f64;
    if let Some(known) = rates.get_mut(network) {
        *known += (rate - *known) * AVERAGE_WEIGHT;
    } else if rates.len() < MAX_NETWORKS {
        rates.insert(network.to_owned(), rate);
    }
}

/// Waits for the permit of an image that must be done by `deadline` and is expected to take `work`.
///
/// # Errors
/// [`Error::Timeout`] as soon as it is known that it cannot be done by then.
pub async fn acquire(deadline: Instant, work: Duration, workers: usize) -> Result<DeadlinePermit, Error> {
    let (sender, receiver) = oneshot::channel();
    let key = {
        let mut queue = queue();
        queue.workers = workers.max(1);
        let key = (deadline, queue.next);
        queue.next += 1;
        if queue.expected_end(key, work) > deadline {
            return Err(too_late());
        }
        queue.waiting.insert(key, QueuedImage { work, permit: sender });
        key
    };
    let _entry = QueueEntry(key);
    admit_next();
    receiver.await.unwrap_or(Err(Error::Aborted))
}

/// Removes an image from the queue when its future is dropped.
struct QueueEntry(QueueKey);

impl Drop for QueueEntry {
    fn drop(&mut self) {
        queue().waiting.remove(&self.0);
    }
}

impl Drop for DeadlinePermit {
    fn drop(&mut self) {
        queue().active.remove(&self.0);
        admit_next();
    }
}

fn too_late() -> Error {
    Error::Timeout(
        "Expected a result within the timeout but the pictures before this one, and this one, take longer"
            .to_owned(),
    )
}

/// Gives free permits to images that wait, and refuses those that are too late by now.
fn admit_next() {
    while let Some((sender, result)) = next() {
        // If the image is gone, the permit is dropped with the result and goes to another.
        drop(sender.send(result));
    }
}

type Answer = (oneshot::Sender<Result<DeadlinePermit, Error>>, Result<DeadlinePermit, Error>);

fn next() -> Option<Answer> {
    let mut queue = queue();
    if queue.active.len() >= queue.workers + EXTRA_ACTIVE {
        return None;
    }
    let (key, QueuedImage { work, permit }) = queue.waiting.pop_first()?;
    if queue.expected_end(key, work) > key.0 {
        return Some((permit, Err(too_late())));
    }
    queue.active.insert(key, work);
    Some((permit, Ok(DeadlinePermit(key))))
}

impl Queue {
    /// When an image would be done if the workers ran those before it and then this one. Half of the work in progress is
    /// taken as done.
    fn expected_end(&self, key: QueueKey, work: Duration) -> Instant {
        let active = self.active.values().sum::<Duration>() / 2;
        let before: Duration = self.waiting.range(..key).map(|(_, waiting)| waiting.work).sum();
        let all = active.saturating_add(before).saturating_add(work) / self.workers as u32;
        Instant::now().checked_add(all).unwrap_or(key.0 + Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_picture_takes_is_learnt_from_those_before() {
        assert_eq!(expected("unknown", 1 << 20), Duration::ZERO);
        learn("known", 1000, Duration::from_millis(100));
        assert_eq!(expected("known", 2000), Duration::from_millis(160));
        learn("known", 1000, Duration::from_millis(200));
        assert_eq!(expected("known", 1000), Duration::from_millis(104));
        assert_eq!(expected("known", u64::MAX), MAX_EXPECTED);
    }

    /// The queue belongs to the process: one test has it to itself.
    #[tokio::test]
    async fn the_earliest_comes_first_and_what_is_too_late_is_refused() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let one = acquire(at(100), Duration::from_secs(10), 1).await.unwrap();
        let two = acquire(at(100), Duration::from_secs(10), 1).await.unwrap();

        // 10 s are left of the two: 95 s more end after 100 s, 85 s do not.
        let refused = acquire(at(100), Duration::from_secs(95), 1).await;
        assert_eq!(refused.err().unwrap().code(), "ERR_UPSCALER_TIMEOUT");
        let mut late = Box::pin(acquire(at(100), Duration::from_secs(85), 1));
        let mut early = Box::pin(acquire(at(50), Duration::from_secs(30), 1));
        let mut abandoned = Box::pin(acquire(at(20), Duration::ZERO, 1));
        async fn poll(
            turn: &mut (impl Future<Output = Result<DeadlinePermit, Error>> + Unpin),
        ) -> Option<Result<DeadlinePermit, Error>> {
            tokio::select! { biased; result = turn => Some(result), () = std::future::ready(()) => None }
        }
        assert!(poll(&mut late).await.is_none() && poll(&mut early).await.is_none());
        assert!(poll(&mut abandoned).await.is_none());
        drop(abandoned);

        drop(one);
        let early = poll(&mut early).await.unwrap().unwrap();
        // What came first and was possible is not any more: 5 s and 15 s are left of the others, then 85 s.
        drop(two);
        assert_eq!(poll(&mut late).await.unwrap().err().unwrap().code(), "ERR_UPSCALER_TIMEOUT");
        drop(early);
        assert!(queue().active.is_empty() && queue().waiting.is_empty());
        assert!(acquire(at(1), Duration::from_millis(900), 1).await.is_ok());
    }
}
