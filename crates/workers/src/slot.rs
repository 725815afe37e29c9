//! The slot of a worker that the calling task runs in.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use crate::pool::SharedQueue;
use crate::sync::{Instant, thread_local};

/// A task yields its slot only to lanes that were served this much less: two posters would alternate all the time
/// otherwise.
pub(super) const QUANTUM: Duration = Duration::from_millis(50);

/// The task that a thread is running.
pub(super) struct WorkerSlot {
    pub shared: Arc<SharedQueue>,
    pub lane: u64,
    pub long: bool,
    pub begun: Instant,
    /// What its lane was charged in advance.
    pub charged: Duration,
}

thread_local! {
    static SLOT: RefCell<Option<WorkerSlot>> = RefCell::default();
}

/// Makes `slot` that of what this thread runs from now on.
pub(super) fn enter(slot: WorkerSlot) {
    SLOT.with(|own| own.replace(Some(slot)));
}

/// The thread runs nothing any more: the slot that it had.
pub(super) fn leave() -> Option<WorkerSlot> {
    SLOT.with(|own| own.take())
}

/// Yields to lanes that were served less. Long tasks call it as often as a thumbnail may have to wait; it costs nothing
/// unless the task has had its slot for a while, and does nothing on other threads.
pub fn pause() {
    SLOT.with(|slot| {
        if let Some(slot) =
            slot.borrow_mut().as_mut().filter(|slot| slot.long && slot.begun.elapsed() >= QUANTUM)
        {
            slot.yield_now();
        }
    });
}

impl WorkerSlot {
    /// Parks while there are lanes that were served less.
    fn yield_now(&mut self) {
        let mut state = self.shared.lock();
        state.account(self.lane, self.begun.elapsed(), self.charged);
        self.charged = Duration::ZERO;
        if state.is_behind(self.lane, QUANTUM) && self.shared.has_spare(&mut state) {
            state.park(self.lane);
            self.shared.wake.notify_all();
            // Of a pool that ends, every task that has begun goes on at once.
            while !state.closed && !state.may_resume(self.lane) {
                state = self.shared.wait(state);
            }
            state.resume(self.lane);
            // Others may have waited for this one to be first.
            self.shared.wake.notify_all();
        }
        self.begun = Instant::now();
    }
}

/// How many more threads the calling task may use until it asks again: the slots that no task has or waits for, within
/// its instance's share. 0 on threads that are not workers.
pub fn spare_threads() -> usize {
    SLOT.with(|slot| {
        let slot = slot.borrow();
        let Some(slot) = slot.as_ref() else { return 0 };
        let state = slot.shared.lock();
        state.spare(slot.lane)
    })
}
