//! The threads that share the computation of one picture.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{ThreadPool, Yield};

use crate::error::Error;

/// The threads that share a run; their number may change from band to band.
pub struct ThreadTeam<'a> {
    /// Threads that can help; the calling thread waits for them while they do.
    pub pool: Option<&'a ThreadPool>,
    /// Called before each band of rows: how many threads of `pool` may share it, 1 for the calling thread alone. Its error
    /// ends the run.
    pub on_band: &'a dyn Fn() -> Result<usize, Error>,
    /// Called after each band with the share of the work that is done, from 0 to 1.
    pub on_progress: &'a dyn Fn(f64),
}

impl ThreadTeam<'static> {
    /// The calling thread alone.
    pub const SINGLE: ThreadTeam<'static> =
        ThreadTeam { pool: None, on_band: &|| Ok(1), on_progress: &|_| () };
}

impl ThreadTeam<'_> {
    pub(super) fn max_threads(&self) -> usize {
        self.pool.map_or(1, ThreadPool::current_num_threads)
    }
}

thread_local! {
    /// Whether this thread leads a band: then it must not wait inside the band of another leader.
    static IS_LEADER: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`, a band, on one thread of a pool, while `others` more spin for the parts that it shares: a part of a step
/// takes a tenth of a millisecond, and so does waking a sleeping thread.
pub fn with_team<T: Send>(pool: &ThreadPool, others: usize, work: impl FnOnce() -> T + Send) -> T {
    let done = AtomicBool::new(false);
    let spin = || {
        while !IS_LEADER.get() && !done.load(Ordering::Acquire) {
            if rayon::yield_now() != Some(Yield::Executed) {
                std::hint::spin_loop();
            }
        }
    };
    pool.scope(|scope| {
        for _ in 0..others {
            scope.spawn(|_| spin());
        }
        // Ends the spinning even if the work panics.
        let _guard = BandGuard { done: &done, led: IS_LEADER.replace(true) };
        work()
    })
}

struct BandGuard<'a> {
    done: &'a AtomicBool,
    led: bool,
}

impl Drop for BandGuard<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        IS_LEADER.set(self.led);
    }
}
