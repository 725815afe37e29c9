//! Worker threads, the fair queue that feeds them, helpers, cancellation and the end of an instance. Knows no engine.
//!
//! Every image has a [`Lane`]. A free worker takes the next task of the lane that was served least so far, as Linux'
//! completely fair scheduler does, so that a thumbnail which arrives behind posters does not wait for them. A long task
//! calls [`pause`] now and then: if another lane was served less, the task's thread parks, and another thread serves that
//! lane in its slot. The number of long tasks that have begun is limited, since each holds memory until it is done.
//!
//! | file | what |
//! |---|---|
//! | `pool` | threads, lanes, shares, the idle trim |
//! | `queue` | which task is next |
//! | `slot` | the slot of a running task: pause, spare threads |
//! | `helpers` | the threads that a task spreads over |
//! | `calls` | the calls of an instance, and their end |
//! | `cancel` | cancellation of an image's work |
//! | `error` | why there is no result |
//! | `sync` | locks, threads and time, the system's or loom's |

mod calls;
mod cancel;
mod error;
mod helpers;
#[cfg(all(test, loom))]
mod loom;
mod pool;
mod queue;
mod slot;
mod sync;
#[cfg(all(test, not(loom)))]
mod tests;

pub use calls::{Call, Calls};
pub use cancel::{Cancel, CancelHook};
pub use error::Error;
pub use helpers::{MAX_SPREAD_THREADS, helpers, spread};
pub use pool::{Lane, Pool, Share, set_idle_trim};
pub use queue::max_begun;
pub use slot::{pause, spare_threads};
