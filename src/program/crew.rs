//! The threads that compute a picture together.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{ThreadPool, Yield};

use crate::error::Error;

/// The threads that compute a picture, as they come and go.
pub struct Crew<'a> {
    /// Threads that can help; the calling thread waits for them while they do.
    pub pool: Option<&'a ThreadPool>,
    /// Asked between bands of rows: how many threads of `pool` may share the next one, 1 to use the calling thread alone.
    /// Its error ends the run.
    pub between: &'a dyn Fn() -> Result<usize, Error>,
    /// Told after each band how much of the work is done, from 0 to 1.
    pub told: &'a dyn Fn(f64),
}

impl Crew<'static> {
    /// The calling thread, to the end.
    pub const ALONE: Crew<'static> = Crew { pool: None, between: &|| Ok(1), told: &|_| () };
}

impl Crew<'_> {
    pub(super) fn most_threads(&self) -> usize {
        self.pool.map_or(1, ThreadPool::current_num_threads)
    }
}

thread_local! {
    /// Whether this thread leads a band: then it must not be kept by another one's.
    static LEADS: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`, a band, on one thread of a pool, while `others` more stay awake for the parts that it shares. A step's
/// part takes a tenth of a millisecond, and a thread that has gone to sleep as long to wake up.
pub fn together<T: Send>(pool: &ThreadPool, others: usize, work: impl FnOnce() -> T + Send) -> T {
    let done = AtomicBool::new(false);
    let keep = || {
        while !LEADS.get() && !done.load(Ordering::Acquire) {
            if rayon::yield_now() != Some(Yield::Executed) {
                std::hint::spin_loop();
            }
        }
    };
    pool.scope(|scope| {
        for _ in 0..others {
            scope.spawn(|_| keep());
        }
        // Set back and told even if the work panics.
        let _over = Over { done: &done, led: LEADS.replace(true) };
        work()
    })
}

struct Over<'a> {
    done: &'a AtomicBool,
    led: bool,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        LEADS.set(self.led);
    }
}
