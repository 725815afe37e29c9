//! Memory that was kept for the next run goes back to the system when nothing runs, and when a model is freed.

use super::{allocator, sized, workspaces};

/// Frees what no run uses.
pub fn trim_idle() {
    sized::trim_idle();
    workspaces::trim_idle();
    allocator::trim_idle();
    trim_heap();
}

/// ONNX Runtime's own blocks are the C library's, which keeps freed memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim_heap() {
    // SAFETY: it looks at free blocks alone, and takes the locks that it needs.
    unsafe { _ = libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim_heap() {}
