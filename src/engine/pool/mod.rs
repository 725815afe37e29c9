//! Worker threads, and the fair queue that feeds them.
//!
//! Every image has a [`Lane`]. A free worker takes the next task of the lane that has had the least time so far, as
//! Linux' completely fair scheduler does, so that a thumbnail which arrives behind posters does not wait for them. A long
//! task calls [`pause`] now and then: if a lane has had less, the task's thread parks, and another thread serves that lane
//! with the turn that was given up. Only so many long tasks are begun, since each holds memory until it is done.

mod helpers;
mod state;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use tokio::sync::oneshot;

use super::idle;
use crate::error::Error;
pub use helpers::{helpers, spare_threads};
pub use state::most_begun;
use state::{Queue, State, Task};

/// A fixed set of worker threads.
pub struct Pool {
    shared: Arc<Shared>,
    threads: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    lull: Option<Lull>,
}

/// What is done once when nothing has run for a while.
#[derive(Clone, Copy)]
struct Lull {
    after: Duration,
    then: fn(),
}

/// A task gives up its turn only to lanes that have had this much less, or two posters would change places all the time.
const QUANTUM: Duration = Duration::from_millis(50);

/// Pictures that follow each other within this time find the memory of the last one; asking the system for it again takes
/// up to a fifth of their time.
const LULL: Duration = Duration::from_secs(15);

/// The task that a thread is running.
struct Turn {
    shared: Arc<Shared>,
    lane: u64,
    long: bool,
    begun: Instant,
    /// What its lane was charged in advance.
    charged: Duration,
}

thread_local! {
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

/// Lets lanes that have had less go first. To be called within long tasks, as often as a thumbnail may be kept waiting;
/// it costs nothing unless the task has had the thread for a while, and does nothing on other threads.
pub fn pause() {
    TURN.with_borrow_mut(|turn| {
        if let Some(turn) = turn.as_mut().filter(|turn| turn.long && turn.begun.elapsed() >= QUANTUM) {
            turn.offer();
        }
    });
}

impl Turn {
    /// Parks while there are lanes that have had less.
    fn offer(&mut self) {
        let mut state = self.shared.lock();
        state.account(self.lane, self.begun.elapsed(), self.charged);
        self.charged = Duration::ZERO;
        if state.is_behind(self.lane, QUANTUM) && self.shared.has_spare(&mut state) {
            state.park(self.lane);
            self.shared.wake.notify_all();
            while !state.closed && !state.unpark(self.lane) {
                state = self.shared.wait(state);
            }
            // Others may have waited for this one to be first.
            self.shared.wake.notify_all();
        }
        self.begun = Instant::now();
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
        let lull = Lull { after: LULL, then: idle::give_back };
        GLOBAL.get_or_try_init(|| Pool::start(*THREADS.get_or_init(available), Some(lull)))
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
        Pool::start(threads, None)
    }

    fn start(threads: usize, lull: Option<Lull>) -> Result<Pool, Error> {
        let shared = Arc::new(Shared { state: Mutex::new(State::new(threads)), wake: Condvar::new(), lull });
        for _ in 0..threads {
            let mut state = shared.lock();
            shared
                .spawn(&mut state)
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
        let served = state.clock();
        let (spent, expected) = (Duration::ZERO, Duration::ZERO);
        let tasks = VecDeque::new();
        let queue = Queue { tasks, served, spent, expected, running: 0, parked: 0, share, closed: false };
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
    shared: Arc<Shared>,
}

impl Lane {
    /// What its tasks that are done have taken together, of all workers.
    pub fn spent(&self) -> Duration {
        self.shared.lock().lanes.get(&self.id).map_or(Duration::ZERO, |queue| queue.spent)
    }

    /// Queues a task that takes a fraction of a second, and returns what it gives. It is queued at once, not when the
    /// future is first polled.
    ///
    /// # Errors
    /// What the task returns; [`Error::Inference`] if it panics; [`Error::Aborted`] if the lane is dropped before it
    /// begins.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send + 'static {
        self.queue(task, false)
    }

    /// The same for a task that may take seconds: it calls [`pause`], and may be parked.
    ///
    /// # Errors
    /// As [`Lane::run`].
    pub fn run_long<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send + 'static {
        self.queue(task, true)
    }

    fn queue<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, Error> + Send + 'static,
        long: bool,
    ) -> impl Future<Output = Result<T, Error>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(task)).unwrap_or_else(|panic| Err(panicked(&*panic)));
            // The receiver is gone if the image was cancelled: nobody wants the result.
            _ = sender.send(result);
        });
        self.push(Task { work, long });
        async move { receiver.await.unwrap_or(Err(Error::Aborted)) }
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
    Error::Inference(format!("Expected the work to finish but it panicked: {}", text.unwrap_or_default()))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.wake.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there may be a task. The first thread that has waited through a lull does what is to be done then.
    fn rest<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let lull = self.lull.filter(|_| state.running == 0 && !state.rested);
        state.idle += 1;
        let Some(lull) = lull else {
            state = self.wait(state);
            state.idle -= 1;
            return state;
        };
        let (mut state, waited) =
            self.wake.wait_timeout(state, lull.after).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        if waited.timed_out() && state.running == 0 && !state.rested {
            state.rested = true;
            drop(state);
            (lull.then)();
            state = self.lock();
        }
        state
    }

    fn spawn(self: &Arc<Self>, state: &mut State) -> std::io::Result<()> {
        let shared = self.clone();
        std::thread::Builder::new()
            .name(format!("upscaler-{}", state.threads))
            .spawn(move || shared.work())
            .map(|_| state.threads += 1)
    }

    /// Whether a thread is there to take over a turn, or could be started.
    fn has_spare(self: &Arc<Self>, state: &mut State) -> bool {
        state.idle > 0 || (state.threads < most_begun(state.turns) && self.spawn(state).is_ok())
    }

    fn work(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.closed {
            let Some((lane, task, charged)) = state.take() else {
                state = self.rest(state);
                continue;
            };
            drop(state);
            let shared = self.clone();
            TURN.set(Some(Turn { shared, lane, long: task.long, begun: Instant::now(), charged }));
            (task.work)();
            let turn = TURN.take();
            state = self.lock();
            if let Some(turn) = turn {
                state.finish(lane, turn.long, turn.begun.elapsed(), turn.charged);
            }
            self.wake.notify_all();
        }
    }
}
