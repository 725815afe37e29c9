//! Panics, which become errors of their calls: where they happened, for whoever asks. Nothing is written to the process's
//! stderr.

use std::sync::{Mutex, PoisonError};

use napi_derive::napi;

/// More are not kept until somebody asks.
const MOST: usize = 32;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps panics instead of printing them.
pub fn keep() {
    std::panic::set_hook(Box::new(|panic| {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MOST {
            seen.push(panic.to_string());
        }
    }));
}

/// Takes what was kept: where each panic happened, and what it said.
#[napi]
pub fn take_panics() -> Vec<String> {
    std::mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner))
}
