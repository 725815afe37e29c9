//! The worker threads, and the lanes in which images queue for them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use once_cell::sync::OnceCell;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::queue::{LaneQueue, QueueState, Task, max_begun};
use crate::slot::{self, WorkerSlot};
use crate::sync::{Condvar, Instant, Mutex, MutexGuard, thread};

/// A fixed set of worker threads.
pub struct Pool {
    shared: Arc<SharedQueue>,
    threads: usize,
}

pub(super) struct SharedQueue {
    state: Mutex<QueueState>,
    pub(super) wake: Condvar,
    idle_trim: Option<IdleTrim>,
}

/// Called once when nothing has run for a while.
#[derive(Clone, Copy)]
pub(super) struct IdleTrim {
    pub after: Duration,
    pub trim: fn(),
}

/// Pictures that follow each other within this time reuse the memory of the last one; to allocate it again takes up to a
/// fifth of their time.
const IDLE: Duration = Duration::from_secs(15);

/// How many workers the lanes of one instance may use at the same time.
pub struct Share {
    pub(super) limit: usize,
    running: Mutex<usize>,
}

impl Share {
    /// At most `limit` workers, at least one.
    pub fn new(limit: usize) -> Arc<Share> {
        Arc::new(Share { limit: limit.max(1), running: Mutex::new(0) })
    }

    pub(super) fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static IDLE_MEMORY: OnceCell<fn()> = OnceCell::new();

/// Sets what the process-wide pool calls when nothing has run for a while: to give memory back to the system. The first
/// one stays.
pub fn set_idle_trim(trim: fn()) {
    _ = IDLE_MEMORY.set(trim);
}

fn trim_idle_memory() {
    if let Some(trim) = IDLE_MEMORY.get() {
        trim();
    }
}

static THREADS: OnceCell<usize> = OnceCell::new();
static GLOBAL: OnceCell<Pool> = OnceCell::new();

impl Pool {
    /// The process-wide pool, started at its first use.
    ///
    /// # Errors
    /// [`Error::Threads`] if the operating system gives no more threads.
    pub fn global() -> Result<&'static Pool, Error> {
        let idle_trim = IdleTrim { after: IDLE, trim: trim_idle_memory };
        GLOBAL.get_or_try_init(|| Pool::start(*THREADS.get_or_init(available), Some(idle_trim)))
    }

    /// Sets the number of threads of the process-wide pool, before its first use.
    ///
    /// # Errors
    /// [`Error::Configured`] if the pool already runs with another number.
    pub fn configure(threads: usize) -> Result<(), Error> {
        match THREADS.get_or_init(|| threads.max(1)) {
            found if *found == threads => Ok(()),
            found => Err(Error::Configured { found: *found }),
        }
    }

    /// Starts `threads` workers.
    pub fn new(threads: usize) -> Result<Pool, Error> {
        Pool::start(threads, None)
    }

    pub(super) fn start(threads: usize, idle_trim: Option<IdleTrim>) -> Result<Pool, Error> {
        let shared = Arc::new(SharedQueue {
            state: Mutex::new(QueueState::new(threads)),
            wake: Condvar::new(),
            idle_trim,
        });
        for _ in 0..threads {
            let mut state = shared.lock();
            shared.spawn(&mut state).map_err(|source| Error::Threads { threads, source })?;
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
        let served = state.clock();
        let (spent, expected) = (Duration::ZERO, Duration::ZERO);
        let tasks = VecDeque::new();
        let queue = LaneQueue { tasks, served, spent, expected, running: 0, parked: 0, share, closed: false };
        state.lanes.insert(id, queue);
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
    shared: Arc<SharedQueue>,
}

impl Lane {
    /// What its tasks that are done have taken together, of all workers.
    pub fn spent(&self) -> Duration {
        self.shared.lock().lanes.get(&self.id).map_or(Duration::ZERO, |queue| queue.spent)
    }

    /// Queues a task that takes a fraction of a second, and returns its result. It is queued at once, not when the future is
    /// first polled.
    ///
    /// # Errors
    /// What the task returns; [`Error::Panicked`] if it panics; [`Error::Aborted`] if the lane is dropped before it
    /// begins.
    pub fn run<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send + 'static {
        self.queue(task, false)
    }

    /// The same for a task that may take seconds: it calls [`pause`](crate::pause), and may be parked.
    ///
    /// # Errors
    /// As [`Lane::run`].
    pub fn run_long<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> impl Future<Output = Result<T, E>> + Send + 'static {
        self.queue(task, true)
    }

    fn queue<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, E> + Send + 'static,
        long: bool,
    ) -> impl Future<Output = Result<T, E>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(move || {
            let result =
                catch_unwind(AssertUnwindSafe(task)).unwrap_or_else(|panic| Err(panicked(&*panic).into()));
            // The receiver is gone if the image was cancelled.
            _ = sender.send(result);
        });
        self.push(Task { work, long });
        async move { receiver.await.unwrap_or_else(|_| Err(Error::Aborted.into())) }
    }

    fn push(&self, task: Task) {
        let mut state = self.shared.lock();
        let clock = state.clock();
        if let Some(queue) = state.lanes.get_mut(&self.id) {
            if queue.tasks.is_empty() && queue.running == 0 {
                // Time spent waiting earns no credit.
                queue.served = queue.served.max(clock);
            }
            queue.tasks.push_back(task);
        }
        drop(state);
        self.shared.wake.notify_all();
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
    Error::Panicked(text.unwrap_or_default())
}

impl SharedQueue {
    pub(super) fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, QueueState>) -> MutexGuard<'a, QueueState> {
        self.wake.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there may be a task. The first thread that has waited for the idle time calls the trim.
    fn wait_or_trim<'a>(&'a self, mut state: MutexGuard<'a, QueueState>) -> MutexGuard<'a, QueueState> {
        let idle_trim = self.idle_trim.filter(|_| state.running == 0 && !state.trimmed);
        state.idle += 1;
        let Some(idle_trim) = idle_trim else {
            state = self.wait(state);
            state.idle -= 1;
            return state;
        };
        let (mut state, waited) =
            self.wake.wait_timeout(state, idle_trim.after).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        if waited.timed_out() && state.running == 0 && !state.trimmed {
            state.trimmed = true;
            drop(state);
            (idle_trim.trim)();
            state = self.lock();
        }
        state
    }

    fn spawn(self: &Arc<Self>, state: &mut QueueState) -> std::io::Result<()> {
        let shared = self.clone();
        thread::Builder::new()
            .name(format!("upscaler-{}", state.threads))
            .spawn(move || shared.work())
            .map(|_| state.threads += 1)
    }

    /// Whether there is a thread to take over a slot, or one can be started.
    pub(super) fn has_spare(self: &Arc<Self>, state: &mut QueueState) -> bool {
        state.idle > 0 || (state.threads < max_begun(state.slots) && self.spawn(state).is_ok())
    }

    fn work(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.closed {
            let Some((lane, task, charged)) = state.take() else {
                state = self.wait_or_trim(state);
                continue;
            };
            drop(state);
            let shared = self.clone();
            slot::enter(WorkerSlot { shared, lane, long: task.long, begun: Instant::now(), charged });
            (task.work)();
            let slot = slot::leave();
            state = self.lock();
            if let Some(slot) = slot {
                state.finish(lane, slot.long, slot.begun.elapsed(), slot.charged);
            }
            self.wake.notify_all();
        }
    }
}
