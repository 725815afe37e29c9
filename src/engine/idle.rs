//! What is done when nothing runs, and when a model is freed: memory that was kept for the next run goes back to the system.

use super::{activations, sized, workspaces};

/// Gives back what nobody uses.
pub fn give_back() {
    sized::give_back();
    workspaces::give_back();
    activations::give_back();
    trim();
}

/// ONNX Runtime's own blocks are the C library's, which keeps what was freed until it is asked for it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    // SAFETY: it looks at free blocks alone, and takes the locks that it needs.
    unsafe { _ = libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
