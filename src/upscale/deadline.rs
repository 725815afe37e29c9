//! Pictures that must be done by some time. They are worked on in the order of their times, a few at once: if all of them
//! shared the workers, none would be done. One that cannot be done in time is refused when that is seen, not when its time
//! is over.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use tokio::sync::oneshot;

use crate::error::Error;

/// Pictures at once beyond the number of workers: while one waits for its last row, another is begun.
const BESIDE: usize = 1;

/// A picture counts with this share of what those before it took per pixel: what is refused must not have been possible, and
/// pictures differ.
const OPTIMISM: f64 = 0.8;

/// The weight of the last picture in what is expected of the next.
const NEWEST: f64 = 0.3;

/// Networks whose times are remembered; more are not used at one time.
const MAX_NETWORKS: usize = 64;

/// More is not expected of any picture; sums of it are far from overflowing.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// First comes the earliest deadline, of equal ones the call that came first.
type Place = (Instant, u64);

struct Queue {
    workers: usize,
    next: u64,
    /// What is expected of those that are worked on.
    active: BTreeMap<Place, Duration>,
    waiting: BTreeMap<Place, Waiting>,
}

struct Waiting {
    work: Duration,
    turn: oneshot::Sender<Result<Turn, Error>>,
}

/// Leave to be worked on; the next one has it when this is dropped.
pub struct Turn(Place);

static QUEUE: Lazy<Mutex<Queue>> = Lazy::new(|| {
    Mutex::new(Queue { workers: 1, next: 0, active: BTreeMap::new(), waiting: BTreeMap::new() })
});

/// Seconds for each input pixel, by what the network is called.
static RATES: Lazy<Mutex<HashMap<String, f64>>> = Lazy::new(Mutex::default);

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a picture is expected to take of the workers; nothing where no picture has been through the network yet.
pub fn expected(network: &str, pixels: u64) -> Duration {
    let rates = RATES.lock().unwrap_or_else(PoisonError::into_inner);
    let rate = rates.get(network).copied().unwrap_or(0.0);
    Duration::try_from_secs_f64(rate * pixels as f64 * OPTIMISM).unwrap_or(LONGEST).min(LONGEST)
}

/// Remembers what a picture took.
pub fn learn(network: &str, pixels: u64, took: Duration) {
    let mut rates = RATES.lock().unwrap_or_else(PoisonError::into_inner);
    let rate = took.as_secs_f64() / pixels.max(1) as f64;
    if let Some(known) = rates.get_mut(network) {
        *known += (rate - *known) * NEWEST;
    } else if rates.len() < MAX_NETWORKS {
        rates.insert(network.to_owned(), rate);
    }
}

/// Waits for the turn of a picture that is to be done by `deadline` and is expected to take `work`.
///
/// # Errors
/// [`Error::Timeout`] as soon as it is seen that it cannot be done by then.
pub async fn turn(deadline: Instant, work: Duration, workers: usize) -> Result<Turn, Error> {
    let (sender, receiver) = oneshot::channel();
    let place = {
        let mut queue = queue();
        queue.workers = workers.max(1);
        let place = (deadline, queue.next);
        queue.next += 1;
        if queue.expected_end(place, work) > deadline {
            return Err(too_late());
        }
        queue.waiting.insert(place, Waiting { work, turn: sender });
        place
    };
    // If this future is dropped, its place is free for others.
    let _place = Entry(place);
    pass_on();
    receiver.await.unwrap_or(Err(Error::Aborted))
}

struct Entry(Place);

impl Drop for Entry {
    fn drop(&mut self) {
        queue().waiting.remove(&self.0);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        queue().active.remove(&self.0);
        pass_on();
    }
}

fn too_late() -> Error {
    Error::Timeout(
        "Expected a result within the timeout but the pictures before this one, and this one, take longer"
            .to_owned(),
    )
}

/// Gives free turns to those that wait, and refuses those that are too late by now.
fn pass_on() {
    while let Some((sender, result)) = next() {
        // Where nobody waits any more, the turn is dropped with the result, and goes to another.
        drop(sender.send(result));
    }
}

type Answer = (oneshot::Sender<Result<Turn, Error>>, Result<Turn, Error>);

fn next() -> Option<Answer> {
    let mut queue = queue();
    if queue.active.len() >= queue.workers + BESIDE {
        return None;
    }
    let (place, Waiting { work, turn }) = queue.waiting.pop_first()?;
    if queue.expected_end(place, work) > place.0 {
        return Some((turn, Err(too_late())));
    }
    queue.active.insert(place, work);
    Some((turn, Ok(Turn(place))))
}

impl Queue {
    /// When a picture would be done, if the workers took up those before it and then this one. Of what is being worked on,
    /// half is done.
    fn expected_end(&self, place: Place, work: Duration) -> Instant {
        let active = self.active.values().sum::<Duration>() / 2;
        let before: Duration = self.waiting.range(..place).map(|(_, waiting)| waiting.work).sum();
        let all = active.saturating_add(before).saturating_add(work) / self.workers as u32;
        Instant::now().checked_add(all).unwrap_or(place.0 + Duration::from_secs(1))
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
        assert_eq!(expected("known", u64::MAX), LONGEST);
    }

    /// The queue is the process's: one test has it to primary.
    #[tokio::test]
    async fn the_earliest_comes_first_and_what_is_too_late_is_refused() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let one = turn(at(100), Duration::from_secs(10), 1).await.unwrap();
        let two = turn(at(100), Duration::from_secs(10), 1).await.unwrap();

        // 10 s are left of the two: 95 s more end after 100 s, 85 s do not.
        let refused = turn(at(100), Duration::from_secs(95), 1).await;
        assert_eq!(refused.err().unwrap().code(), "ERR_UPSCALER_TIMEOUT");
        let mut late = Box::pin(turn(at(100), Duration::from_secs(85), 1));
        let mut early = Box::pin(turn(at(50), Duration::from_secs(30), 1));
        let mut abandoned = Box::pin(turn(at(20), Duration::ZERO, 1));
        async fn poll(
            turn: &mut (impl Future<Output = Result<Turn, Error>> + Unpin),
        ) -> Option<Result<Turn, Error>> {
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
        assert!(turn(at(1), Duration::from_millis(900), 1).await.is_ok());
    }
}
