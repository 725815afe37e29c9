//! Cancelling one image: a flag that work checks, a future that waiters await, and hooks that stop what is running.

use std::sync::{Arc, PoisonError};

use tokio::sync::Notify;

use crate::error::Error;
use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};

/// A cancellation shared by all work on one image. Clones are the same cancellation.
#[derive(Clone, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Default)]
struct CancelState {
    aborted: AtomicBool,
    notify: Notify,
    hooks: Mutex<Vec<(u64, Action)>>,
    next: AtomicU64,
}

type Action = Box<dyn Fn() + Send>;

impl Cancel {
    /// Stops the work.
    pub fn abort(&self) {
        let hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.0.aborted.swap(true, Ordering::AcqRel) {
            hooks.iter().for_each(|(_, action)| action());
            self.0.notify.notify_waiters();
        }
    }

    /// Fails once the work was cancelled.
    pub fn check(&self) -> Result<(), Error> {
        if self.0.aborted.load(Ordering::Acquire) { Err(Error::Aborted) } else { Ok(()) }
    }

    /// Waits for the cancellation.
    pub async fn aborted(&self) -> Error {
        loop {
            let notified = self.0.notify.notified();
            if let Err(aborted) = self.check() {
                return aborted;
            }
            notified.await;
        }
    }

    /// Calls `action` when the work is cancelled, at once if it was already, until the hook is dropped.
    pub fn hook(&self, action: impl Fn() + Send + 'static) -> CancelHook {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.aborted.load(Ordering::Acquire) {
            action();
        }
        hooks.push((id, Box::new(action)));
        CancelHook { cancel: self.clone(), id }
    }
}

/// Keeps an action registered with a [`Cancel`].
pub struct CancelHook {
    cancel: Cancel,
    id: u64,
}

impl Drop for CancelHook {
    fn drop(&mut self) {
        let mut hooks = self.cancel.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn hooks_run_once_and_only_while_they_are_held() {
        let (cancel, count) = (Cancel::default(), Arc::new(AtomicUsize::new(0)));
        let hook = |by| {
            let count = count.clone();
            cancel.hook(move || _ = count.fetch_add(by, Ordering::Relaxed))
        };
        let held = hook(1);
        drop(hook(10));
        cancel.abort();
        cancel.abort();
        assert_eq!(count.load(Ordering::Relaxed), 1);
        let late = hook(100);
        assert_eq!(count.load(Ordering::Relaxed), 101);
        drop((held, late));
        assert!(matches!(cancel.check(), Err(Error::Aborted)));
    }

    #[tokio::test]
    async fn waiters_are_woken() {
        let cancel = Cancel::default();
        let waiter = tokio::spawn({
            let cancel = cancel.clone();
            async move { cancel.aborted().await }
        });
        tokio::task::yield_now().await;
        assert!(cancel.check().is_ok());
        cancel.abort();
        assert!(matches!(waiter.await.unwrap(), Error::Aborted));
    }

    /// miri runs it in many orders, those within tokio among them, which loom does not see.
    #[test]
    fn whoever_waits_for_a_cancellation_learns_of_it() {
        let cancel = Cancel::default();
        let stopping = std::thread::spawn({
            let cancel = cancel.clone();
            move || cancel.abort()
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(matches!(runtime.block_on(cancel.aborted()), Error::Aborted));
        stopping.join().unwrap();
    }
}
