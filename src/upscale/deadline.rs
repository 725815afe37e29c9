//! Earliest-deadline-first admission of images with a deadline. A few run at once: if all of them shared the workers, none
//! would finish in time. An image whose deadline cannot be met is refused as soon as that is known, not when it expires.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use crate::error::Error;

/// Images at once beyond the number of workers: while one waits for its last row, another begins.
const EXTRA_ACTIVE: usize = 1;

/// Orders the queue: the earliest deadline first, of equal ones the earliest call.
type DeadlineKey = (Instant, u64);

struct DeadlineQueue {
    workers: usize,
    next: u64,
    /// The expected time of images in progress.
    active: BTreeMap<DeadlineKey, Duration>,
    waiting: BTreeMap<DeadlineKey, QueuedImage>,
}

struct QueuedImage {
    work: Duration,
    /// Where its permit goes; none while it waits for a place in its instance.
    permit: Option<oneshot::Sender<Result<DeadlinePermit, Error>>>,
}

/// Permits an image to run; passed on to the next when dropped.
pub struct DeadlinePermit(DeadlineKey);

static QUEUE: Lazy<Mutex<DeadlineQueue>> = Lazy::new(|| {
    Mutex::new(DeadlineQueue { workers: 1, next: 0, active: BTreeMap::new(), waiting: BTreeMap::new() })
});

fn queue() -> MutexGuard<'static, DeadlineQueue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Queues an image that must be done by `deadline` and is expected to take `work`.
///
/// # Errors
/// [`Error::Timeout`] if it is known already that it cannot be done by then.
pub fn enter(deadline: Instant, work: Duration, workers: usize) -> Result<DeadlineEntry, Error> {
    let mut queue = queue();
    queue.workers = workers.max(1);
    let key = (deadline, queue.next);
    queue.next += 1;
    if queue.expected_end(key, work) > deadline {
        return Err(too_late());
    }
    queue.waiting.insert(key, QueuedImage { work, permit: None });
    Ok(DeadlineEntry(key))
}

/// An image in the queue, which others with later deadlines reckon with; it leaves the queue when this is dropped.
pub struct DeadlineEntry(DeadlineKey);

impl DeadlineEntry {
    /// Waits for the permit. An image that cannot begin for another reason does not ask yet: it would keep others from it.
    ///
    /// # Errors
    /// [`Error::Timeout`] as soon as it is known that it cannot be done by its deadline.
    pub async fn permit(self) -> Result<DeadlinePermit, Error> {
        let (sender, receiver) = oneshot::channel();
        if let Some(image) = queue().waiting.get_mut(&self.0) {
            image.permit = Some(sender);
        }
        admit_next();
        receiver.await.unwrap_or(Err(Error::Aborted))
    }
}

impl Drop for DeadlineEntry {
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
    let key = *queue.waiting.iter().find(|(_, image)| image.permit.is_some())?.0;
    let QueuedImage { work, permit } = queue.waiting.remove(&key)?;
    let permit = permit?;
    if queue.expected_end(key, work) > key.0 {
        return Some((permit, Err(too_late())));
    }
    queue.active.insert(key, work);
    Some((permit, Ok(DeadlinePermit(key))))
}

impl DeadlineQueue {
    /// When an image would be done if the workers ran those before it and then this one. Half of the work in progress is
    /// taken as done.
    fn expected_end(&self, key: DeadlineKey, work: Duration) -> Instant {
        let active = self.active.values().sum::<Duration>() / 2;
        let before: Duration = self.waiting.range(..key).map(|(_, waiting)| waiting.work).sum();
        let all = active.saturating_add(before).saturating_add(work) / self.workers as u32;
        Instant::now().checked_add(all).unwrap_or(key.0 + Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upscale::tests::poll;

    async fn acquire(deadline: Instant, work: Duration, workers: usize) -> Result<DeadlinePermit, Error> {
        enter(deadline, work, workers)?.permit().await
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

        // What has no place yet keeps no permit from others, but is reckoned with.
        let placeless = enter(at(10), Duration::from_secs(9), 1).unwrap();
        assert!(acquire(at(100), Duration::from_secs(1), 1).await.is_ok());
        assert!(enter(at(10), Duration::from_secs(2), 1).is_err());
        drop(placeless);
        assert!(enter(at(10), Duration::from_secs(2), 1).is_ok());
        assert!(queue().waiting.is_empty());
    }
}
