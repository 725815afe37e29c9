//! Delays the end of the process while a thread is inside ONNX Runtime. `exit` destroys what the library holds for all
//! sessions while other threads go on; a session that is being created would then read freed memory.
//!
//! Node's main thread says when it is about to exit ([`leave`]). Where it does not (the library is used in worker threads
//! alone), a handler of `exit` does; but what the library makes while the handler is there already is destroyed before it runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long `exit` waits at most: creating a session of a large network on a busy machine takes some seconds.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// How many guards are held.
static HELD: AtomicUsize = AtomicUsize::new(0);
static EXITING: AtomicBool = AtomicBool::new(false);

/// Held while a thread is inside the library; the process does not end before it is dropped.
pub struct ExitGuard(());

/// Keeps the process from ending. Where it is ending already, this does not return.
pub fn hold() -> ExitGuard {
    HELD.fetch_add(1, Ordering::SeqCst);
    let guard = ExitGuard(());
    if EXITING.load(Ordering::SeqCst) {
        drop(guard);
        loop {
            std::thread::park();
        }
    }
    guard
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits for guards, and keeps those that come from then on: the process is about to end.
pub fn leave() {
    EXITING.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    while HELD.load(Ordering::SeqCst) > 0 && begun.elapsed() < MAX_WAIT {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Makes `exit` wait for guards. Call it once the library has made what it holds for all sessions: handlers run in reverse
/// order of registration, so this one runs before the destructors of that.
#[cfg(unix)]
pub fn register() {
    extern "C" fn wait() {
        leave();
    }
    // SAFETY: the function takes and returns nothing, and lives as long as this library, which Node never unloads.
    _ = unsafe { libc::atexit(wait) };
}

/// Windows ends the other threads before it destroys anything.
#[cfg(not(unix))]
pub fn register() {}
