//! Helper threads: a task may spread over the worker slots that are free.

use once_cell::sync::OnceCell;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::pool::Pool;

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
