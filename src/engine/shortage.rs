//! Memory that is not to be had, as ONNX Runtime understands it. It takes what an allocator gives without a look: null would
//! be written to. Its own allocators throw `std::bad_alloc`, which it catches and makes an error of; so do ours, with the
//! `operator new` of the C++ library that it was linked with.

use std::path::Path;

use crate::error::Error;

/// A block that is there, or an exception in its place.
#[cfg(unix)]
pub fn some(block: *mut u8) -> *mut u8 {
    if !block.is_null() {
        return block;
    }
    match OPERATOR_NEW.get() {
        // SAFETY: it is `operator new(size_t)`, which throws for a size that no machine has; nothing here has to be dropped.
        Some(operator_new) => unsafe { operator_new(isize::MAX as usize).cast() },
        None => block,
    }
}

/// Where the library was built with another C++ library, null is what is left.
#[cfg(not(unix))]
pub fn some(block: *mut u8) -> *mut u8 {
    block
}

#[cfg(unix)]
type OperatorNew = unsafe extern "C-unwind" fn(usize) -> *mut std::ffi::c_void;

#[cfg(unix)]
static OPERATOR_NEW: once_cell::sync::OnceCell<OperatorNew> = once_cell::sync::OnceCell::new();

/// Finds `operator new` among what the library, which is loaded, was linked with.
#[cfg(unix)]
pub fn prepare(library: &Path) {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    let Ok(path) = CString::new(library.as_os_str().as_bytes()) else { return };
    // SAFETY: the library is loaded, and stays.
    let found = unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        if handle.is_null() {
            return;
        }
        libc::dlsym(handle, c"_Znwm".as_ptr())
    };
    if !found.is_null() {
        // SAFETY: `operator new(unsigned long)` by the names of the Itanium C++ ABI; it may throw.
        _ = OPERATOR_NEW.set(unsafe { std::mem::transmute::<*mut libc::c_void, OperatorNew>(found) });
    }
}

#[cfg(not(unix))]
pub fn prepare(_: &Path) {}

/// The error of a run, or of a session in the making, that memory was too short for.
pub fn of(error: &ort::Error) -> Option<Error> {
    error.message().contains("bad_alloc").then(|| {
        Error::Limit(
            "Expected memory for the network but the system gave no more: give a smaller picture or patchSize, or fewer \
             at a time (maxMemory of Upscaler.configure)"
                .to_owned(),
        )
    })
}
