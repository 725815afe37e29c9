//! Worker threads, and the fair queue that feeds them.
//!
//! Every image has a [`Lane`]. A free worker takes the next task of the lane that has had the least time so far, as
//! Linux' completely fair scheduler does, so that a thumbnail which arrives behind a poster is done after a few tiles.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use tokio::sync::oneshot;

use crate::error::Error;

/// A fixed set of worker threads.
pub struct Pool {
    shared: Arc<Shared>,
    threads: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    lanes: HashMap<u64, Queue>,
    next_lane: u64,
    /// The time served to the lane that was chosen last: where lanes begin that were empty until then.
    clock: Duration,
    closed: bool,
}

struct Queue {
    tasks: VecDeque<Task>,
    served: Duration,
    /// What the lane's last task took: charged in advance, so that two workers do not both favour the same lane.
    expected: Duration,
    running: usize,
    share: Arc<Share>,
    closed: bool,
}

type Task = Box<dyn FnOnce() + Send>;

impl Queue {
    fn may_run(&self) -> bool {
        !self.tasks.is_empty() && *self.share.running() < self.share.limit
    }
}

/// How many workers the lanes of one instance may use at the same time.
pub struct Share {
    limit: usize,
    running: Mutex<usize>,
}

impl Share {
    /// At most `limit` workers, at least one.
    pub fn new(limit: usize) -> Arc<Share> {
        Arc::new(Share { limit: limit.max(1), running: Mutex::new(0) })
    }

    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static THREADS: OnceCell<usize> = OnceCell::new();
static GLOBAL: OnceCell<Pool> = OnceCell::new();

impl Pool {
    /// The process-wide pool, started at its first use.
    ///
    /// # Errors
    /// [`Error::Limit`] if the operating system gives no more threads.
    pub fn global() -> Result<&'static Pool, Error> {
        GLOBAL.get_or_try_init(|| Pool::new(*THREADS.get_or_init(available)))
    }

    /// Sets the number of threads of the process-wide pool, before its first use.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the pool already runs with another number.
    pub fn configure(threads: usize) -> Result<(), Error> {
        match THREADS.get_or_init(|| threads.max(1)) {
            found if *found == threads => Ok(()),
            found => Err(Error::InvalidArgument(format!(
                "Expected threads to be configured once, before the first model, but they were set to {found} already"
            ))),
        }
    }

    /// Starts `threads` workers.
    pub fn new(threads: usize) -> Result<Pool, Error> {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() });
        for index in 0..threads {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(format!("upscaler-{index}"))
                .spawn(move || shared.work())
                .map_err(|error| Error::Limit(format!("Expected to start {threads} threads but: {error}")))?;
        }
        Ok(Pool { shared, threads })
    }

    /// The number of workers.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// A lane for one image, within an instance's share of the workers.
    pub fn lane(&self, share: Arc<Share>) -> Lane {
        let mut state = self.shared.lock();
        let id = state.next_lane;
        state.next_lane += 1;
        let served = state.clock;
        let expected = Duration::ZERO;
        state
            .lanes
            .insert(id, Queue { tasks: VecDeque::new(), served, expected, running: 0, share, closed: false });
        Lane { id, shared: self.shared.clone() }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
    }
}

/// The cores this process may use: the CPU quota of its cgroup and its affinity are respected.
fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One image's queue. Dropping it discards the tasks that have not begun.
pub struct Lane {
    id: u64,
    shared: Arc<Shared>,
}

impl Lane {
    /// Queues `task` and returns what it gives. The task is queued at once, not when the future is first polled.
    ///
    /// # Errors
    /// What the task returns; [`Error::Inference`] if it panics; [`Error::Aborted`] if the lane is dropped before it
    /// begins.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        self.push(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(task)).unwrap_or_else(|panic| Err(panicked(&*panic)));
            // The receiver is gone if the image was cancelled: nobody wants the result.
            _ = sender.send(result);
        }));
        async move { receiver.await.unwrap_or(Err(Error::Aborted)) }
    }

    fn push(&self, task: Task) {
        let mut state = self.shared.lock();
        let clock = state.clock;
        if let Some(queue) = state.lanes.get_mut(&self.id) {
            if queue.tasks.is_empty() && queue.running == 0 {
                // Time spent waiting earns no credit.
                queue.served = queue.served.max(clock);
            }
            queue.tasks.push_back(task);
        }
        drop(state);
        self.shared.wake.notify_one();
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let discarded = state.lanes.get_mut(&self.id).map(|queue| {
            queue.closed = true;
            std::mem::take(&mut queue.tasks)
        });
        state.remove_if_done(self.id);
        drop(state);
        // Outside the lock: what the tasks own may be large or have locks of its own.
        drop(discarded);
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| s.to_string())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Error::Inference(format!("Expected the work to finish but it panicked: {}", text.unwrap_or_default()))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        while !state.closed {
            let Some((lane, task)) = state.take() else {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if state.lanes.values().any(Queue::may_run) {
                // A worker that was woken while this lane's instance was at its limit may sleep again.
                self.wake.notify_one();
            }
            drop(state);
            let begun = Instant::now();
            task();
            let took = begun.elapsed();
            state = self.lock();
            state.finish(lane, took);
        }
    }
}

impl State {
    /// The next task of the lane that was served least.
    fn take(&mut self) -> Option<(u64, Task)> {
        let runnable = self.lanes.iter_mut().filter(|(_, queue)| queue.may_run());
        let (&id, queue) = runnable.min_by_key(|(id, queue)| (queue.served, **id))?;
        let task = queue.tasks.pop_front()?;
        self.clock = self.clock.max(queue.served);
        queue.served += queue.expected;
        queue.running += 1;
        *queue.share.running() += 1;
        Some((id, task))
    }

    fn finish(&mut self, id: u64, took: Duration) {
        if let Some(queue) = self.lanes.get_mut(&id) {
            queue.served = (queue.served + took).saturating_sub(queue.expected);
            queue.expected = took;
            queue.running -= 1;
            *queue.share.running() -= 1;
        }
        self.remove_if_done(id);
    }

    fn remove_if_done(&mut self, id: u64) {
        if self.lanes.get(&id).is_some_and(|queue| queue.closed && queue.running == 0) {
            self.lanes.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::sleep;

    fn wait(ms: u64) -> impl FnOnce() -> Result<(), Error> + Send + 'static {
        move || {
            sleep(Duration::from_millis(ms));
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_thumbnail_does_not_wait_for_a_poster() {
        let pool = Pool::new(1).unwrap();
        let (poster, thumbnail) = (pool.lane(Share::new(1)), pool.lane(Share::new(1)));
        let done = Arc::new(AtomicUsize::new(0));
        let tiles: Vec<_> = (0..100)
            .map(|_| {
                let done = done.clone();
                poster.run(move || {
                    sleep(Duration::from_millis(1));
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            })
            .collect();
        thumbnail.run(wait(1)).await.unwrap();
        assert!(done.load(Ordering::SeqCst) < 50, "{done:?} tiles of the poster ran first");
        for tile in tiles {
            tile.await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_instance_keeps_to_its_share() {
        let pool = Pool::new(4).unwrap();
        let lane = pool.lane(Share::new(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (running, most) = (running.clone(), most.clone());
                lane.run(move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_millis(2));
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_worker_lives() {
        let pool = Pool::new(1).unwrap();
        let lane = pool.lane(Share::new(1));
        let error = lane.run::<()>(|| panic!("boom")).await.unwrap_err();
        assert!(error.to_string().contains("boom"));
        assert_eq!(lane.run(|| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn dropping_a_lane_discards_what_has_not_begun() {
        let pool = Pool::new(1).unwrap();
        let busy = pool.lane(Share::new(1));
        let first = busy.run(wait(20));
        let lane = pool.lane(Share::new(1));
        let task = lane.run(|| Ok(()));
        drop(lane);
        assert_eq!(task.await.unwrap_err().code(), "ABORT_ERR");
        first.await.unwrap();
    }
}
