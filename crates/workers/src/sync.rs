//! Locks, threads and time, the system's or loom's: under `cfg(loom)` the tests of `loom.rs` go through every order in which
//! threads can run. Tokio's channels stay as they are: none of them blocks, and tokio checks them with loom itself.

#[cfg(loom)]
pub use loom::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    sync::{Condvar, Mutex, MutexGuard},
    thread, thread_local,
};
#[cfg(not(loom))]
pub use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    sync::{Condvar, Mutex, MutexGuard},
    thread, thread_local,
    time::Instant,
};

/// A clock on which everything takes longer than a task may keep its slot: loom repeats every run exactly.
#[cfg(loom)]
#[derive(Clone, Copy)]
pub struct Instant;

#[cfg(loom)]
impl Instant {
    pub fn now() -> Instant {
        Instant
    }

    pub fn elapsed(self) -> std::time::Duration {
        3 * crate::slot::QUANTUM
    }
}
