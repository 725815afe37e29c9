//! Memory that was kept for the next run goes back to the system when nothing runs, and when a model is freed.

use super::{allocator, heap, sized, workspaces};

/// Frees what no run uses.
pub fn trim_idle() {
    sized::trim_idle();
    workspaces::trim_idle();
    allocator::trim_idle();
    heap::trim();
}
