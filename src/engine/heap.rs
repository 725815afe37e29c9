//! The C library's heaps, which every library of the process shares: how much of what is freed they keep.

/// Blocks from this size on are mapped, and unmapped when they are freed, as those of our own allocator are.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: i32 = 1 << 20;

/// The end of a heap that is free goes back to the system from this size on.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAX_KEPT_END: i32 = 256 << 10;

/// Holds both limits at these values, unless the environment sets them.
///
/// The C library raises them with each mapped block that is freed, whoever it was from: after one of 30 MiB, which a long
/// string takes to be hashed, every thread's heap keeps 60 MiB at its end for ever. [`trim`] does not reach those: it looks
/// at the end of the first heap alone.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn limit_kept() {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let tuned = std::env::var("GLIBC_TUNABLES").is_ok_and(|tunables| tunables.contains("_threshold="));
    if tuned || is_set("MALLOC_MMAP_THRESHOLD_") || is_set("MALLOC_TRIM_THRESHOLD_") {
        return;
    }
    // SAFETY: it takes the lock that it needs, and changes nothing about blocks that are in use.
    unsafe {
        _ = libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        _ = libc::mallopt(libc::M_TRIM_THRESHOLD, MAX_KEPT_END);
    }
}

/// Gives free pages among used blocks back to the system: ONNX Runtime's own blocks are the C library's.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn trim() {
    // SAFETY: it looks at free blocks alone, and takes the locks that it needs.
    unsafe { _ = libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn limit_kept() {}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn trim() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::ptr;

    use super::*;

    const PAGE: usize = 4096;

    /// How many bytes of this address range lie in memory.
    fn resident(address: usize, bytes: usize) -> usize {
        let first = address.next_multiple_of(PAGE);
        let pages = (address + bytes - first) / PAGE;
        let mut found = vec![0u8; pages];
        // SAFETY: it reads no memory of the range, which need not be mapped any more, and writes a byte for each page.
        let mapped = unsafe { libc::mincore(first as *mut _, pages * PAGE, found.as_mut_ptr()) } == 0;
        if mapped { found.iter().filter(|page| *page & 1 == 1).count() * PAGE } else { 0 }
    }

    /// Uses and frees as much as pictures do on a thread of their own, and looks what stays of it.
    #[test]
    fn what_a_thread_frees_goes_back_even_after_a_huge_block() {
        const BLOCK: usize = 900 << 10;
        limit_kept();
        let kept: usize = std::thread::spawn(|| {
            // SAFETY: each block is written within its size, and freed once.
            let blocks: Vec<usize> = unsafe {
                libc::free(libc::malloc(30 << 20));
                let blocks: Vec<_> = (0..32).map(|_| libc::malloc(BLOCK)).collect();
                blocks.iter().for_each(|block| ptr::write_bytes(block.cast::<u8>(), 1, BLOCK));
                blocks.iter().for_each(|block| libc::free(*block));
                blocks.into_iter().map(|block| block.addr()).collect()
            };
            trim();
            blocks.into_iter().map(|address| resident(address, BLOCK)).sum()
        })
        .join()
        .unwrap();
        assert!(kept < 4 << 20, "{} KiB of {} stay", kept >> 10, (32 * BLOCK) >> 10);
    }
}
