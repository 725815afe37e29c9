//! Memory that programs run in, handed from run to run: pictures that come one by one need one piece of it, whichever
//! threads they come to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::memory;
use crate::program::Workspace;

/// What may stay for the next runs, in bytes: two pictures of 512x512 pixels through networks of middle depth. What
/// larger ones leave goes back to the system, which takes a hundredth of their run to give it again.
const KEPT_BYTES: usize = 256 << 20;

/// Those that no run has; the last one used is taken first.
static FREE: Mutex<Vec<Workspace>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<Workspace>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives back those that no run has.
pub fn give_back() {
    drop(std::mem::take(&mut *free()));
}

/// Runs `work` in a workspace that no other run has. If it panics, the workspace is gone.
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
