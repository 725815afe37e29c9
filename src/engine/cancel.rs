//! Cancelling one image: a flag that work checks, a future that waiters await, and hooks that stop what is running.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::error::Error;

/// A cancellation shared by all work on one image. Clones are the same cancellation.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Default)]
struct Inner {
    reason: OnceLock<Reason>,
    notify: Notify,
    hooks: Mutex<Vec<(u64, Action)>>,
    next: AtomicU64,
}

type Action = Box<dyn Fn() + Send>;

#[derive(Clone, Debug)]
enum Reason {
    Aborted,
    TimedOut(u64),
}

impl Reason {
    fn error(&self) -> Error {
        match self {
            Reason::Aborted => Error::Aborted,
            Reason::TimedOut(ms) => Error::Timeout(format!("Expected the upscale to finish within {ms} ms")),
        }
    }
}

impl Cancel {
    /// Stops the work because the caller asked for it.
    pub fn abort(&self) {
        self.trip(Reason::Aborted);
    }

    /// Stops the work because its `ms` milliseconds are over.
    pub fn time_out(&self, ms: u64) {
        self.trip(Reason::TimedOut(ms));
    }

    /// Fails once the work was cancelled; the first reason stays.
    pub fn check(&self) -> Result<(), Error> {
        self.0.reason.get().map_or(Ok(()), |reason| Err(reason.error()))
    }

    /// Waits for the cancellation and says why.
    pub async fn tripped(&self) -> Error {
        loop {
            let notified = self.0.notify.notified();
            if let Some(reason) = self.0.reason.get() {
                return reason.error();
            }
            notified.await;
        }
    }

    /// Calls `action` when the work is cancelled, at once if it was already, until the hook is dropped.
    pub fn hook(&self, action: impl Fn() + Send + 'static) -> Hook {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.reason.get().is_some() {
            action();
        }
        hooks.push((id, Box::new(action)));
        Hook { cancel: self.clone(), id }
    }

    fn trip(&self, reason: Reason) {
        let hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.reason.set(reason).is_ok() {
            hooks.iter().for_each(|(_, action)| action());
            self.0.notify.notify_waiters();
        }
    }
}

/// Keeps an action registered with a [`Cancel`].
pub struct Hook {
    cancel: Cancel,
    id: u64,
}

impl Drop for Hook {
    fn drop(&mut self) {
        let mut hooks = self.cancel.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
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
        cancel.time_out(5);
        assert_eq!(count.load(Ordering::Relaxed), 1);
        let late = hook(100);
        assert_eq!(count.load(Ordering::Relaxed), 101);
        drop((held, late));
        assert_eq!(cancel.check().unwrap_err().code(), "ABORT_ERR");
    }

    #[tokio::test]
    async fn waiters_learn_the_first_reason() {
        let cancel = Cancel::default();
        let waiter = tokio::spawn({
            let cancel = cancel.clone();
            async move { cancel.tripped().await }
        });
        tokio::task::yield_now().await;
        cancel.time_out(7);
        cancel.abort();
        assert_eq!(waiter.await.unwrap().code(), "ERR_UPSCALER_TIMEOUT");
    }
}
