//! Reports failed allocations to ONNX Runtime. It does not check what an allocator returns: it would write to null. Its own
//! allocators throw `std::bad_alloc`, which it catches and turns into an error. So do ours, by calling `operator new` of the
//! C++ library that it was linked with.

use std::path::Path;

use crate::error::Error;

/// Returns the block, or throws `std::bad_alloc` if it is null.
#[cfg(unix)]
pub fn throw_if_null(block: *mut u8) -> *mut u8 {
    if !block.is_null() {
        return block;
    }
    match OPERATOR_NEW.get() {
        // SAFETY: it is `operator new(size_t)`, which throws for a size that no machine has; nothing here has to be dropped.
        Some(operator_new) => unsafe { operator_new(isize::MAX as usize).cast() },
        None => block,
    }
}

/// The symbol of `operator new` differs in other C++ libraries: null is returned.
#[cfg(not(unix))]
pub fn throw_if_null(block: *mut u8) -> *mut u8 {
    block
}

#[cfg(unix)]
type OperatorNew = unsafe extern "C-unwind" fn(usize) -> *mut std::ffi::c_void;

#[cfg(unix)]
static OPERATOR_NEW: once_cell::sync::OnceCell<OperatorNew> = once_cell::sync::OnceCell::new();

/// Finds `operator new` among the libraries that the loaded `library` was linked with.
#[cfg(unix)]
pub fn find_operator_new(library: &Path) {
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
pub fn find_operator_new(_: &Path) {}

/// The error of a run, or of creating a session, that failed for want of memory.
pub fn error_of(error: &ort::Error) -> Option<Error> {
    error.message().contains("bad_alloc").then(|| {
        Error::Limit(
            "Expected memory for the network but the system gave no more: give a smaller picture or patchSize, or fewer \
             at a time (maxMemory of Upscaler.configure)"
                .to_owned(),
        )
    })
}
