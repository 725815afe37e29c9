//! The calls of an instance that is closed one day: then further ones are refused, and whoever closes it waits for the last.

use std::sync::{Arc, PoisonError};

use tokio::sync::Notify;

use crate::sync::{Mutex, MutexGuard};

/// The calls under way. Clones are the same calls.
#[derive(Clone, Default)]
pub struct Calls(Arc<CallsState>);

#[derive(Default)]
struct CallsState {
    counted: Mutex<Counted>,
    ended: Notify,
}

#[derive(Default)]
struct Counted {
    closed: bool,
    under_way: usize,
}

impl Calls {
    /// Begins a call; `None` once they are closed.
    pub fn begin(&self) -> Option<Call> {
        let mut counted = self.counted();
        if counted.closed {
            return None;
        }
        counted.under_way += 1;
        Some(Call(self.clone()))
    }

    /// Refuses further calls.
    pub fn close(&self) {
        self.counted().closed = true;
    }

    /// Waits until no call is under way. Nothing but [`close`](Calls::close) keeps the next from beginning then.
    pub async fn ended(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.counted().under_way == 0 {
                return;
            }
            ended.await;
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way; it ends when this is dropped.
pub struct Call(Calls);

impl Drop for Call {
    fn drop(&mut self) {
        let last = {
            let mut counted = self.0.counted();
            counted.under_way -= 1;
            counted.under_way == 0
        };
        if last {
            self.0.0.ended.notify_waiters();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_the_last_call_and_refuses_the_next() {
        let calls = Calls::default();
        calls.ended().await;
        let (one, other) = (calls.begin().unwrap(), calls.begin().unwrap());
        calls.close();
        assert!(calls.begin().is_none());
        drop(one);
        assert!(tokio::time::timeout(Duration::from_millis(20), calls.ended()).await.is_err());
        drop(other);
        calls.ended().await;
        assert!(calls.begin().is_none());
    }
}
