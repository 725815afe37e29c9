//! Nothing leaves the machine: ONNX Runtime's library for Linux and macOS reports its use to its maker, whatever
//! `DisableTelemetryEvents` is told, unless the environment says otherwise when the library is loaded. The one for Windows
//! writes events to the system's own log (ETW), which `with_telemetry(false)` ends.

use std::sync::Once;

/// What the library looks for.
const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// Says so to the library, which must not be loaded yet.
pub fn switch_telemetry_off() {
    static ONCE: Once = Once::new();
    ONCE.call_once(set);
}

/// `setenv` of glibc before 2.41 may free the list of variables while another thread looks through it, and Node's threads
/// do at any time. This makes a new list, leaves the old one where it is, and puts the new one in its place at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn set() {
    use std::ffi::{CStr, CString, c_char};
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    unsafe extern "C" {
        static mut environ: *mut *mut c_char;
    }
    let Ok(ours) = CString::new(format!("{VARIABLE}=1")) else { return };
    let prefix = format!("{VARIABLE}=");
    // SAFETY: it is a pointer, aligned, that lives as long as the process; the C library reads it in one piece.
    let list = unsafe { AtomicPtr::from_ptr(&raw mut environ) };
    let mut fresh = vec![ours.into_raw()];
    let mut entry = list.load(Ordering::Acquire);
    if !entry.is_null() {
        // SAFETY: the list ends with null, and every entry before that is a string of the C library's.
        unsafe {
            while !(*entry).is_null() {
                if !CStr::from_ptr(*entry).to_bytes().starts_with(prefix.as_bytes()) {
                    fresh.push(*entry);
                }
                entry = entry.add(1);
            }
        }
    }
    fresh.push(ptr::null_mut());
    list.store(fresh.leak().as_mut_ptr(), Ordering::Release);
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn set() {
    // SAFETY: these systems lock their environment against readers in other threads.
    unsafe { std::env::set_var(VARIABLE, "1") };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_so_and_keeps_the_rest() {
        let before: Vec<_> = std::env::vars_os().filter(|(name, _)| name != VARIABLE).collect();
        switch_telemetry_off();
        assert_eq!(std::env::var(VARIABLE).as_deref(), Ok("1"));
        let after: Vec<_> = std::env::vars_os().filter(|(name, _)| name != VARIABLE).collect();
        assert_eq!(before, after);
    }
}
