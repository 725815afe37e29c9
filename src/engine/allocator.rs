//! The allocator that ONNX Runtime is given: blocks of a pool that all sessions of the process share.
//!
//! ONNX Runtime's own arena is one per session and grows by powers of two; the C library's heap keeps what tiles of
//! several sizes leave behind. Both held about twice what was in use (docs/decisions.md).

use std::ffi::c_void;
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use once_cell::sync::Lazy;
use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::sys::{OrtAllocator, OrtMemoryInfo};

use super::block_pool::BlockPool;
use super::out_of_memory;

/// The pool of the process.
static BLOCKS: Lazy<Mutex<BlockPool>> = Lazy::new(Mutex::default);

fn blocks() -> MutexGuard<'static, BlockPool> {
    BLOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frees the blocks that are not in use.
pub fn trim_idle() {
    blocks().trim_idle();
}

/// The allocator as ONNX Runtime sees it: its table of functions first.
#[repr(C)]
struct SharedAllocator {
    table: OrtAllocator,
    memory: MemoryInfo<'static>,
}

/// Registers the allocator; sessions made `with_env_allocators` use it. It lives as long as the process.
///
/// # Errors
/// Those of ONNX Runtime.
pub(super) fn register(environment: &Environment, library: &Path) -> ort::Result<()> {
    out_of_memory::find_operator_new(library);
    let memory = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::Default)?;
    let table = OrtAllocator {
        version: ort::sys::ORT_API_VERSION,
        // SAFETY: the two differ in that these may unwind, with the exception that the library's own allocators throw:
        // they are called by C++ alone.
        Alloc: Some(unsafe {
            std::mem::transmute::<Alloc, unsafe extern "system" fn(*mut OrtAllocator, usize) -> *mut c_void>(
                alloc,
            )
        }),
        Free: Some(free),
        Info: Some(info),
        // SAFETY: as above.
        Reserve: Some(unsafe {
            std::mem::transmute::<Reserve, unsafe extern "system" fn(*const OrtAllocator, usize) -> *mut c_void>(
                reserve,
            )
        }),
        GetStats: None,
        AllocOnStream: None,
    };
    let allocator = Box::leak(Box::new(SharedAllocator { table, memory }));
    // SAFETY: both live until the process ends; ONNX Runtime locks the environment while it changes it.
    let status = unsafe {
        (ort::api().RegisterAllocator)(environment.ptr().cast_mut(), ptr::from_mut(allocator).cast())
    };
    // SAFETY: it is a status that an API call just returned.
    unsafe { ort::Error::result_from_status(status) }
}

type Alloc = unsafe extern "C-unwind" fn(*mut OrtAllocator, usize) -> *mut c_void;
type Reserve = unsafe extern "C-unwind" fn(*const OrtAllocator, usize) -> *mut c_void;

unsafe extern "C-unwind" fn alloc(_: *mut OrtAllocator, size: usize) -> *mut c_void {
    let block = blocks().take(size);
    out_of_memory::throw_if_null(block).cast()
}

unsafe extern "C-unwind" fn reserve(_: *const OrtAllocator, size: usize) -> *mut c_void {
    let block = blocks().reserve(size);
    out_of_memory::throw_if_null(block).cast()
}

unsafe extern "system" fn free(_: *mut OrtAllocator, block: *mut c_void) {
    blocks().give(block.addr());
}

unsafe extern "system" fn info(table: *const OrtAllocator) -> *const OrtMemoryInfo {
    // SAFETY: ONNX Runtime passes the table that it was given: the first field of a `SharedAllocator` that was leaked.
    unsafe { &*table.cast::<SharedAllocator>() }.memory.ptr()
}
