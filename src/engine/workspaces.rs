//! A pool of the workspaces that programs run in: pictures that come one by one share one, whichever threads run them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::memory;
use crate::program::Workspace;

/// Bytes that are kept for the next runs: two pictures of 512x512 pixels through networks of middle depth. Larger
/// workspaces are freed: to allocate them again takes a hundredth of such a run.
const KEPT_BYTES: usize = 256 << 20;

/// The free workspaces, the last used one last.
static FREE: Mutex<Vec<Workspace>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<Workspace>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frees those that no run has.
pub fn trim_idle() {
    drop(std::mem::take(&mut *free()));
}

/// Runs `work` in a workspace of its own. If it panics, the workspace is dropped.
pub fn in_workspace<T>(work: impl FnOnce(&mut Workspace) -> T) -> T {
    let mut workspace = free().pop().unwrap_or_default();
    let result = work(&mut workspace);
    let mut free = free();
    let kept: usize = free.iter().map(Workspace::bytes).sum();
    if kept + workspace.bytes() <= KEPT_BYTES.min(memory::limit() as usize / 4) {
        free.push(workspace);
    }
    result
}
