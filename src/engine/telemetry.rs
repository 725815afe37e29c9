//! Switches ONNX Runtime's telemetry off. Its library for Linux and macOS sends usage events whatever
//! `DisableTelemetryEvents` is set to, unless an environment variable is set when the library is loaded. The one for
//! Windows writes events to the system's own log (ETW), which `with_telemetry(false)` ends.

use std::sync::Once;

/// The environment variable that the library reads.
const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// Sets the variable. The library must not be loaded yet.
pub fn switch_off() {
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
    fn one_variable_is_set_and_the_others_stay() {
        let before: Vec<_> = std::env::vars_os().filter(|(name, _)| name != VARIABLE).collect();
        switch_off();
        assert_eq!(std::env::var(VARIABLE).as_deref(), Ok("1"));
        let after: Vec<_> = std::env::vars_os().filter(|(name, _)| name != VARIABLE).collect();
        assert_eq!(before, after);
    }
}
