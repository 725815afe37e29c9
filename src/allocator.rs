//! The global allocator: maps large blocks directly and unmaps them when they are freed; small ones are the C library's.
//!
//! The C library's heap keeps memory that is freed in the middle of it. After 1,500 pictures of many sizes it held hundreds
//! of unused megabytes, because pictures and results lay among small blocks that were still in use. Blocks of this size are
//! few, and clearing their pages costs a hundredth of what is computed on them.

use std::alloc::{GlobalAlloc, Layout, System};

/// Blocks from this size on are the system's: a picture of 512x512 pixels and what is smaller come and go too often.
/// Miri, which takes long for each byte, sees small ones.
const LARGE: usize = if cfg!(miri) { 4 * PAGE } else { 1 << 20 };

/// The smallest page of any system: blocks are aligned to no more, and have whole pages.
const PAGE: usize = 4096;

/// The allocator of all Rust code in this library.
pub struct Allocator;

#[cfg(not(test))]
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// Whether a block is mapped directly: large, and aligned to no more than a page.
fn is_large(size: usize, align: usize) -> bool {
    cfg!(unix) && size >= LARGE && align <= PAGE
}

// SAFETY: which of the two a block is from follows from its layout alone, which is the same when it is freed.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return pages::map(layout.size());
        }
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            // The system gives cleared pages.
            return pages::map(layout.size());
        }
        // SAFETY: as for this function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout.size(), layout.align()) {
            // SAFETY: it was mapped with this size.
            return unsafe { pages::unmap(block, layout.size()) };
        }
        // SAFETY: as for this function.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (is_large(layout.size(), layout.align()), is_large(size, layout.align())) {
            // SAFETY: as for this function.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: it was mapped with the old size.
            (true, true) => unsafe { pages::remap(block, layout.size(), size) },
            // SAFETY: both blocks have at least the bytes that are copied, and the old one is the caller's to give up.
            _ => unsafe {
                let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !fresh.is_null() {
                    std::ptr::copy_nonoverlapping(block, fresh, size.min(layout.size()));
                    self.dealloc(block, layout);
                }
                fresh
            },
        }
    }
}

#[cfg(unix)]
mod pages {
    use std::ptr;

    /// Cleared pages; null if there are none.
    pub fn map(size: usize) -> *mut u8 {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping touches no memory that is in use.
        let block = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
        if block == libc::MAP_FAILED { ptr::null_mut() } else { block.cast() }
    }

    /// # Safety
    /// `block` is a mapping of `size` bytes that nobody uses any more.
    pub unsafe fn unmap(block: *mut u8, size: usize) {
        // SAFETY: as for this function. It fails only for addresses that are no mapping.
        unsafe { _ = libc::munmap(block.cast(), size) };
    }

    /// # Safety
    /// `block` is a mapping of `old` bytes.
    #[cfg(target_os = "linux")]
    pub unsafe fn remap(block: *mut u8, old: usize, new: usize) -> *mut u8 {
        let (old, new) = (old.next_multiple_of(super::PAGE), new.next_multiple_of(super::PAGE));
        // SAFETY: as for this function: a mapping is of whole pages.
        let moved = unsafe { libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE) };
        if moved == libc::MAP_FAILED { ptr::null_mut() } else { moved.cast() }
    }

    /// # Safety
    /// `block` is a mapping of `old` bytes.
    #[cfg(not(target_os = "linux"))]
    pub unsafe fn remap(block: *mut u8, old: usize, new: usize) -> *mut u8 {
        let fresh = map(new);
        if !fresh.is_null() {
            // SAFETY: both have at least the bytes that are copied.
            unsafe {
                ptr::copy_nonoverlapping(block, fresh, old.min(new));
                unmap(block, old);
            }
        }
        fresh
    }
}

#[cfg(not(unix))]
mod pages {
    pub fn map(_: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    /// # Safety
    /// It does nothing: no block is large here.
    pub unsafe fn unmap(_: *mut u8, _: usize) {}

    /// # Safety
    /// It does nothing: no block is large here.
    pub unsafe fn remap(_: *mut u8, _: usize, _: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grows and shrinks a block across the border of both kinds, and looks whether its bytes stay.
    #[test]
    fn a_block_keeps_its_bytes_whatever_it_becomes() {
        let allocator = Allocator;
        let layout = |size| Layout::from_size_align(size, 16).unwrap();
        let sizes = [100, LARGE - 1, LARGE, 3 * LARGE + 5, LARGE + 1, LARGE - 1, 7, 2 * LARGE, LARGE];
        // SAFETY: the block always has the size of the layout that it is used with.
        unsafe {
            let mut held = layout(64);
            let mut block = allocator.alloc_zeroed(held);
            assert_eq!(*block.add(63), 0);
            block.write_bytes(7, 64);
            let mut kept = 64;
            for size in sizes {
                block = allocator.realloc(block, held, size);
                held = layout(size);
                kept = kept.min(size);
                assert!(std::slice::from_raw_parts(block, kept).iter().all(|byte| *byte == 7), "{size}");
                block.add(size - 1).write(9);
                kept = kept.min(size - 1);
            }
            allocator.dealloc(block, held);
            let zeroed = allocator.alloc_zeroed(layout(2 * LARGE));
            assert!(std::slice::from_raw_parts(zeroed, 2 * LARGE).iter().all(|byte| *byte == 0));
            allocator.dealloc(zeroed, layout(2 * LARGE));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "miri ends where memory does")]
    fn what_no_machine_has_is_null() {
        // SAFETY: null is not used.
        assert!(unsafe { Allocator.alloc(Layout::from_size_align(1 << 62, 16).unwrap()) }.is_null());
    }
}
