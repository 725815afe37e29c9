//! How long the loading of a model may take: as long as somebody waits for it. Loops over what a file holds look here.
//!
//! It belongs to the thread that loads, so that no function on the way has to hand it on.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;

/// Somebody who waits for a model, and may stop waiting.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Inner>);

#[derive(Default)]
struct Inner {
    over: AtomicBool,
    stop: Mutex<Vec<(usize, Stop)>>,
}

type Stop = Box<dyn Fn() + Send>;

impl Waiting {
    /// Nobody waits any more.
    pub fn end(&self) {
        let stop = self.0.stop.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.over.store(true, Ordering::Release);
        stop.iter().for_each(|(_, stop)| stop());
    }

    fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Acquire)
    }
}

thread_local! {
    static WAITING: RefCell<Option<Waiting>> = const { RefCell::new(None) };
}

/// Does work that `waiting` may stop.
pub fn within<T>(waiting: Waiting, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<Waiting>);
    impl Drop for Restore {
        fn drop(&mut self) {
            WAITING.set(self.0.take());
        }
    }
    let _restore = Restore(WAITING.replace(Some(waiting)));
    work()
}

/// Whether somebody still waits for what this thread does.
pub fn is_wanted() -> bool {
    WAITING.with_borrow(|waiting| waiting.as_ref().is_none_or(|waiting| !waiting.is_over()))
}

/// To be called in every loop over what a file holds.
///
/// # Errors
/// [`Error::Aborted`] when nobody waits any more.
pub fn check() -> Result<(), Error> {
    if is_wanted() { Ok(()) } else { Err(Error::Aborted) }
}

/// Calls `stop`, at once or when nobody waits any more, until what is returned is dropped.
pub fn on_end(stop: impl Fn() + Send + 'static) -> Option<Registered> {
    let waiting = WAITING.with_borrow(Clone::clone)?;
    let mut stops = waiting.0.stop.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.is_over() {
        stop();
    }
    let id = stops.last().map_or(0, |(id, _)| id + 1);
    stops.push((id, Box::new(stop)));
    drop(stops);
    Some(Registered { waiting, id })
}

/// Keeps a function registered.
pub struct Registered {
    waiting: Waiting,
    id: usize,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut stops = self.waiting.0.stop.lock().unwrap_or_else(PoisonError::into_inner);
        stops.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn work_is_wanted_until_nobody_waits_for_it() {
        assert!(check().is_ok(), "nobody said for whom");
        let waiting = Waiting::default();
        within(waiting.clone(), || {
            assert!(check().is_ok());
            waiting.end();
            assert_eq!(check().unwrap_err().code(), "ABORT_ERR");
            within(Waiting::default(), || assert!(is_wanted()));
            assert!(!is_wanted());
        });
        assert!(is_wanted());
    }

    #[test]
    fn what_is_registered_is_told_once_and_only_while_it_is_held() {
        let (waiting, told) = (Waiting::default(), Arc::new(AtomicUsize::new(0)));
        let tell = |by: usize| {
            let told = told.clone();
            move || _ = told.fetch_add(by, Ordering::Relaxed)
        };
        within(waiting.clone(), || {
            let held = on_end(tell(1));
            drop(on_end(tell(10)));
            waiting.end();
            assert_eq!(told.load(Ordering::Relaxed), 1);
            drop((held, on_end(tell(100))));
            assert_eq!(told.load(Ordering::Relaxed), 101);
        });
        assert!(on_end(tell(1000)).is_none());
    }
}
