//! Helper threads: a task may spread over the worker slots that are free.

use std::sync::{Mutex, MutexGuard, PoisonError};

use once_cell::sync::OnceCell;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::pool::Pool;
use crate::slot::spare_threads;

/// Threads that [`spread`] uses at most: each job may hold memory.
pub const MAX_SPREAD_THREADS: usize = 8;

/// Does all jobs, on the calling thread and on as many helpers as there are slots free now.
///
/// # Errors
/// The first that `work` gives; jobs that were not begun by then are left.
pub fn spread<T: Send, E: Send>(
    jobs: impl ExactSizeIterator<Item = T> + Send,
    work: impl Fn(T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let others = spare_threads().min(MAX_SPREAD_THREADS - 1).min(jobs.len().saturating_sub(1));
    let state = Mutex::new((jobs, None));
    let next = || {
        let mut state: MutexGuard<(_, Option<E>)> = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1.is_none() { state.0.next() } else { None }
    };
    let run = || {
        while let Some(job) = next() {
            if let Err(error) = work(job) {
                state.lock().unwrap_or_else(PoisonError::into_inner).1.get_or_insert(error);
            }
        }
    };
    match helpers().filter(|_| others > 0) {
        Some(pool) => pool.in_place_scope(|scope| {
            (0..others).for_each(|_| scope.spawn(|_| run()));
            run();
        }),
        None => run(),
    }
    state.into_inner().unwrap_or_else(PoisonError::into_inner).1.map_or(Ok(()), Err)
}

/// Threads that tasks can spread their work over, as many as there are workers; `None` on one core, or where the system
/// gives no more threads. A task waits while helpers work for it, so that no more threads are busy than there are slots.
pub fn helpers() -> Option<&'static ThreadPool> {
    static HELPERS: OnceCell<Option<ThreadPool>> = OnceCell::new();
    let start = || {
        let threads = Pool::global().ok()?.threads();
        let cores = own_cores(threads);
        let name = |index| format!("upscaler-helper-{index}");
        let builder =
            ThreadPoolBuilder::new().num_threads(threads).thread_name(name).start_handler(move |index| {
                // Where the system refuses, the threads run where it puts them.
                _ = cores.get(index).copied().is_some_and(core_affinity::set_for_current);
            });
        (threads > 1).then(|| builder.build().ok()).flatten()
    };
    HELPERS.get_or_init(start).as_ref()
}

/// A core for each of `threads` threads, where there are as many cores as threads. A thread that is woken for a few
/// milliseconds otherwise often shares the core of the one that wakes it, until the scheduler balances the load again.
/// Where the process may use only some of the cores, the system chooses: other processes would choose the same ones.
fn own_cores(threads: usize) -> Vec<core_affinity::CoreId> {
    core_affinity::get_core_ids().filter(|cores| cores.len() == threads).unwrap_or_default()
}
