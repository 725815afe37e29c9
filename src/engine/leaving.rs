//! The end of the process while ONNX Runtime makes something. `exit` destroys what its library holds for all sessions while
//! other threads go on; a session in the making would then read freed memory. So `exit` waits for it.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long `exit` waits: a session of a large network on a busy machine takes some seconds.
const LONGEST: Duration = Duration::from_secs(20);

static WITHIN: AtomicUsize = AtomicUsize::new(0);
static LEAVING: AtomicBool = AtomicBool::new(false);

/// A thread is within the library; the process does not end before this is dropped.
pub struct Within(());

/// Keeps the process from ending. Where it is about to end, this does not return.
pub fn within() -> Within {
    WITHIN.fetch_add(1, Ordering::SeqCst);
    let within = Within(());
    if LEAVING.load(Ordering::SeqCst) {
        drop(within);
        loop {
            std::thread::park();
        }
    }
    within
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.fetch_sub(1, Ordering::SeqCst);
    }
}

/// To be called when the library is loaded, so that `exit` waits before it destroys what the library holds: what was
/// registered last is done first.
#[cfg(unix)]
pub fn watch_exit() {
    extern "C" fn wait() {
        LEAVING.store(true, Ordering::SeqCst);
        let begun = Instant::now();
        while WITHIN.load(Ordering::SeqCst) > 0 && begun.elapsed() < LONGEST {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    static ONCE: Once = Once::new();
    // SAFETY: the function takes and returns nothing, and is there as long as this library, which Node never unloads.
    ONCE.call_once(|| unsafe { _ = libc::atexit(wait) });
}

/// Windows ends the other threads before it destroys anything.
#[cfg(not(unix))]
pub fn watch_exit() {}
