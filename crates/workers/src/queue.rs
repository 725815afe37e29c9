//! The fair queue: the lanes, what each was served, and how many slots are taken.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::pool::Share;

/// Work that is done once, on any worker.
pub struct Task {
    pub work: Box<dyn FnOnce() + Send>,
    /// Whether it may take seconds, and so may be parked.
    pub long: bool,
}

/// Long tasks that may have begun, for each slot. Each holds memory, parked or not; short ones are always let in.
const LONG_PER_SLOT: usize = 2;

/// Tasks that may have begun where `slots` run: all slots taken, and as many tasks as possible parked.
pub fn max_begun(slots: usize) -> usize {
    (LONG_PER_SLOT + 1) * slots
}

#[derive(Default)]
pub struct QueueState {
    /// How many tasks may be running, parked ones not counted.
    pub slots: usize,
    pub lanes: HashMap<u64, LaneQueue>,
    pub next_lane: u64,
    /// The time that the busy lane served least was served: where lanes begin that were empty until then.
    pub clock: Duration,
    /// Tasks that are running, parked ones not counted.
    pub running: usize,
    /// Long tasks that have begun, parked ones among them.
    pub long: usize,
    /// Threads that wait for a task.
    pub idle: usize,
    /// Whether the idle trim was called since the last task began.
    pub trimmed: bool,
    pub threads: usize,
    pub closed: bool,
}

pub struct LaneQueue {
    pub tasks: VecDeque<Task>,
    pub served: Duration,
    /// The time that its tasks have taken together.
    pub spent: Duration,
    /// What the lane's last task took: charged in advance, so that two workers do not both favour the same lane.
    pub expected: Duration,
    /// Tasks that have begun, parked ones among them.
    pub running: usize,
    pub parked: usize,
    pub share: Arc<Share>,
    pub closed: bool,
}

impl LaneQueue {
    /// Whether its next task may begin; `room`: whether a long one may.
    fn may_begin(&self, room: bool) -> bool {
        self.tasks.front().is_some_and(|task| room || !task.long)
    }

    fn within_share(&self) -> bool {
        *self.share.running() < self.share.limit
    }
}

impl QueueState {
    pub fn new(slots: usize) -> QueueState {
        // Before the first task there is nothing to trim.
        QueueState { slots, trimmed: true, ..QueueState::default() }
    }

    fn has_room(&self) -> bool {
        self.long < LONG_PER_SLOT * self.slots
    }

    /// Moves the clock on, and reads it.
    pub fn clock(&mut self) -> Duration {
        let busy = self.lanes.values().filter(|queue| queue.running > 0 || !queue.tasks.is_empty());
        self.clock = self.clock.max(busy.map(|queue| queue.served).min().unwrap_or_default());
        self.clock
    }

    /// The next task of the lane that was served least, and what the lane was charged for it. Parked tasks that come next
    /// resume by themselves; a lane's parked task comes before its others.
    pub fn take(&mut self) -> Option<(u64, Task, Duration)> {
        if self.running >= self.slots {
            return None;
        }
        let room = self.has_room();
        let parked = self.lanes.values().filter(|queue| queue.parked > 0 && queue.within_share());
        let parked = parked.map(|queue| queue.served).min();
        let runnable =
            self.lanes.iter_mut().filter(|(_, queue)| queue.may_begin(room) && queue.within_share());
        let (&id, queue) = runnable.min_by_key(|(id, queue)| (queue.served, **id))?;
        if parked.is_some_and(|parked| parked <= queue.served) {
            return None;
        }
        let task = queue.tasks.pop_front()?;
        self.long += usize::from(task.long);
        queue.served += queue.expected;
        queue.running += 1;
        *queue.share.running() += 1;
        self.running += 1;
        self.trimmed = false;
        Some((id, task, queue.expected))
    }

    /// Replaces what a lane was charged by what it took.
    pub fn account(&mut self, id: u64, took: Duration, charged: Duration) {
        if let Some(queue) = self.lanes.get_mut(&id) {
            queue.served = (queue.served + took).saturating_sub(charged);
            queue.spent += took;
        }
    }

    pub fn finish(&mut self, id: u64, long: bool, took: Duration, charged: Duration) {
        self.account(id, took, charged);
        self.running -= 1;
        self.long -= usize::from(long);
        if let Some(queue) = self.lanes.get_mut(&id) {
            queue.expected = took;
            queue.running -= 1;
            *queue.share.running() -= 1;
        }
        self.remove_if_done(id);
    }

    /// Whether another lane that could run has been served less than this one, by more than `margin`.
    pub fn is_behind(&self, id: u64, margin: Duration) -> bool {
        let Some(own) = self.lanes.get(&id) else { return false };
        let room = self.has_room();
        self.lanes.iter().filter(|(other, _)| **other != id).any(|(_, queue)| {
            // The slot that this lane would yield counts against no share any more.
            let within = Arc::ptr_eq(&queue.share, &own.share) || queue.within_share();
            queue.may_begin(room) && within && queue.served + margin < own.served
        })
    }

    /// Slots that no task has or waits for, within the lane's share.
    pub fn spare(&self, id: u64) -> usize {
        let waiting = self
            .lanes
            .values()
            .any(|queue| queue.parked > 0 || (!queue.tasks.is_empty() && queue.within_share()));
        match self.lanes.get(&id) {
            Some(own) if !waiting => {
                let within_share = own.share.limit.saturating_sub(*own.share.running());
                within_share.min(self.slots.saturating_sub(self.running))
            }
            _ => 0,
        }
    }

    pub fn park(&mut self, id: u64) {
        self.running -= 1;
        if let Some(queue) = self.lanes.get_mut(&id) {
            queue.parked += 1;
            *queue.share.running() -= 1;
        }
    }

    /// Whether a parked task may resume: there is a slot, and no other lane comes first.
    pub fn may_resume(&self, id: u64) -> bool {
        let within_share = self.lanes.get(&id).is_some_and(LaneQueue::within_share);
        self.running < self.slots && within_share && !self.is_behind(id, Duration::ZERO)
    }

    /// Resumes a parked task.
    pub fn resume(&mut self, id: u64) {
        self.running += 1;
        if let Some(queue) = self.lanes.get_mut(&id) {
            queue.parked -= 1;
            *queue.share.running() += 1;
        }
    }

    pub fn remove_if_done(&mut self, id: u64) {
        if self.lanes.get(&id).is_some_and(|queue| queue.closed && queue.running == 0) {
            self.lanes.remove(&id);
        }
    }
}
