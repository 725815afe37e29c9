//! Cancels the loading of a model: a large file, or one made to be slow, must not occupy a worker once its caller is gone.
//!
//! The cancellation belongs to the thread that loads, so that no function in between has to pass it on. Every loop over the
//! contents of a file calls [`check`].

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;

/// A cancellation of one load. Clones are the same cancellation.
#[derive(Clone, Default)]
pub struct LoadCancel(Arc<LoadCancelState>);

#[derive(Default)]
struct LoadCancelState {
    cancelled: AtomicBool,
    /// What to call when it is cancelled, by number.
    actions: Mutex<Vec<(usize, Action)>>,
}

type Action = Box<dyn Fn() + Send>;

impl LoadCancel {
    /// Stops the load.
    pub fn cancel(&self) {
        let actions = self.0.actions.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.cancelled.store(true, Ordering::Release);
        actions.iter().for_each(|(_, action)| action());
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }
}

thread_local! {
    /// The cancellation of what this thread loads.
    static CURRENT: RefCell<Option<LoadCancel>> = const { RefCell::new(None) };
}

/// Does work that `cancel` may stop.
pub fn with_cancel<T>(cancel: LoadCancel, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<LoadCancel>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _restore = Restore(CURRENT.replace(Some(cancel)));
    work()
}

/// Whether what this thread loads was cancelled.
pub fn is_cancelled() -> bool {
    CURRENT.with_borrow(|cancel| cancel.as_ref().is_some_and(LoadCancel::is_cancelled))
}

/// Call it in every loop over the contents of a file.
///
/// # Errors
/// [`Error::Aborted`] once the load was cancelled.
pub fn check() -> Result<(), Error> {
    if is_cancelled() { Err(Error::Aborted) } else { Ok(()) }
}

/// Calls `action` when the load is cancelled, at once if it was already, until the hook is dropped. `None` where nothing
/// can cancel what this thread does.
pub fn hook(action: impl Fn() + Send + 'static) -> Option<LoadCancelHook> {
    let cancel = CURRENT.with_borrow(Clone::clone)?;
    let mut actions = cancel.0.actions.lock().unwrap_or_else(PoisonError::into_inner);
    if cancel.is_cancelled() {
        action();
    }
    let id = actions.last().map_or(0, |(id, _)| id + 1);
    actions.push((id, Box::new(action)));
    drop(actions);
    Some(LoadCancelHook { cancel, id })
}

/// Keeps an action registered with a [`LoadCancel`].
pub struct LoadCancelHook {
    cancel: LoadCancel,
    id: usize,
}

impl Drop for LoadCancelHook {
    fn drop(&mut self) {
        let mut actions = self.cancel.0.actions.lock().unwrap_or_else(PoisonError::into_inner);
        actions.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn work_goes_on_until_it_is_cancelled() {
        assert!(check().is_ok(), "nothing can cancel it");
        let cancel = LoadCancel::default();
        with_cancel(cancel.clone(), || {
            assert!(check().is_ok());
            cancel.cancel();
            assert_eq!(check().unwrap_err().code(), "ABORT_ERR");
            with_cancel(LoadCancel::default(), || assert!(!is_cancelled()));
            assert!(is_cancelled());
        });
        assert!(!is_cancelled());
    }

    #[test]
    fn hooks_run_once_and_only_while_they_are_held() {
        let (cancel, sum) = (LoadCancel::default(), Arc::new(AtomicUsize::new(0)));
        let add = |number: usize| {
            let sum = sum.clone();
            move || _ = sum.fetch_add(number, Ordering::Relaxed)
        };
        with_cancel(cancel.clone(), || {
            let held = hook(add(1));
            drop(hook(add(10)));
            cancel.cancel();
            assert_eq!(sum.load(Ordering::Relaxed), 1);
            drop((held, hook(add(100))));
            assert_eq!(sum.load(Ordering::Relaxed), 101);
        });
        assert!(hook(add(1000)).is_none());
    }
}
