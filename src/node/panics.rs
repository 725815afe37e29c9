//! Records where panics happened. They become errors of their calls; nothing is written to the process's stderr.

use std::sync::{Mutex, PoisonError};

use napi_derive::napi;

/// At most this many are recorded until they are taken.
const MAX_RECORDS: usize = 32;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Records panics instead of printing them.
pub fn keep() {
    std::panic::set_hook(Box::new(|panic| {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_RECORDS {
            seen.push(panic.to_string());
        }
    }));
}

/// Takes the records: where each panic happened, and its message.
#[napi]
pub fn take_panics() -> Vec<String> {
    std::mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner))
}
