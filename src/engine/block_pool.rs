//! A pool of memory blocks for activations, which all sessions of the process share.
//!
//! Free blocks are reused if they fit well, and freed as soon as they would make the total much larger than the recent
//! peak, or when nothing has run for a while.

use std::collections::HashMap;
use std::ptr;

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;

use crate::memory;

/// Requests below this come from the heap: they are many, and small in total.
const SMALLEST_BLOCK: usize = 64 << 10;

/// A free block serves a request if at most one part in this many of it stays unused: tiles at a picture's edge take
/// those of tiles in its middle. Nothing much smaller does, as long as there may be one more block.
const WASTE: usize = 3;

/// What may be held beyond the recent peak, and not more than half of it: where there are many sizes (dense blocks
/// concatenate ever more channels), blocks would be freed only to be allocated again.
const MAX_SLACK: usize = 512 << 20;

/// Blocks from this size on are asked for in pages of 2 MiB: the system clears them before the first use, and a fault for
/// each 4 KiB takes as long again.
#[cfg(target_os = "linux")]
const HUGE: usize = 4 << 20;

/// Bytes that are kept between runs that follow each other: what two workers' tiles of small pictures need.
const KEPT_IDLE: usize = 128 << 20;

fn kept_idle() -> usize {
    KEPT_IDLE.min(memory::limit() as usize / 8)
}

/// One cache line, which is how ONNX Runtime wants its memory aligned.
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "only its size and alignment matter")] [u8; 64]);

enum MemoryBlock {
    Heap(#[allow(dead_code, reason = "held for its Drop")] Vec<Line>),
    Mapped {
        map: MmapMut,
        /// The bytes that were asked for.
        requested: usize,
    },
}

/// Blocks in use, and free ones.
#[derive(Default)]
pub struct BlockPool {
    /// By address.
    used: HashMap<usize, MemoryBlock>,
    /// In the order in which they became free.
    free: Vec<MmapMut>,
    /// Bytes of the blocks in use.
    used_bytes: usize,
    /// Bytes that were requested of them, and their peak since no network ran.
    requested_bytes: usize,
    peak: usize,
    /// The peak before that: networks that ran then are likely to run again.
    previous_peak: usize,
}

impl BlockPool {
    /// Memory for weights, which stay as long as their session; null if there is none.
    pub fn reserve(&mut self, size: usize) -> *mut u8 {
        let mut lines = Vec::<Line>::new();
        if lines.try_reserve_exact(size.div_ceil(size_of::<Line>()).max(1)).is_err() {
            return ptr::null_mut();
        }
        let address = lines.as_mut_ptr().cast::<u8>();
        self.used.insert(address.addr(), MemoryBlock::Heap(lines));
        address
    }

    /// Memory for activations; null if there is none.
    pub fn take(&mut self, size: usize) -> *mut u8 {
        let taken = self.try_take(size);
        if !taken.is_null() || self.free.is_empty() {
            return taken;
        }
        // What lies idle is worth less than a run.
        self.keep_free(0);
        self.try_take(size)
    }

    fn try_take(&mut self, size: usize) -> *mut u8 {
        if size < SMALLEST_BLOCK {
            return self.reserve(size);
        }
        let peak_before = self.peak;
        self.requested_bytes += size;
        self.peak = self.peak.max(self.requested_bytes);
        let Some(mut map) = self.reuse(size).or_else(|| self.fresh(size)) else {
            self.requested_bytes -= size;
            self.peak = peak_before;
            return ptr::null_mut();
        };
        self.used_bytes += map.len();
        let address = map.as_mut_ptr();
        self.used.insert(address.addr(), MemoryBlock::Mapped { map, requested: size });
        address
    }

    /// The smallest free block that fits well. Where a fresh one would replace others, which the next run would need again,
    /// any that is large enough, as long as blocks in use are not much larger than what was requested.
    fn reuse(&mut self, size: usize) -> Option<MmapMut> {
        let full = self.used_bytes + self.free_bytes() + size > self.max_held();
        let spare = (self.requested_bytes + self.slack()).saturating_sub(self.used_bytes);
        let fits = |block: &MmapMut| {
            let least = block.len() - block.len() / WASTE;
            size <= block.len() && (size >= least || (full && block.len() <= spare))
        };
        let fitting = self.free.iter().enumerate().filter(|(_, block)| fits(block));
        let (index, _) = fitting.min_by_key(|(_, block)| block.len())?;
        Some(self.free.remove(index))
    }

    fn free_bytes(&self) -> usize {
        self.free.iter().map(|block| block.len()).sum()
    }

    /// A block from the system; free ones are freed for it where all together would be much more than the peak.
    fn fresh(&mut self, size: usize) -> Option<MmapMut> {
        self.keep_free(self.max_held().saturating_sub(self.used_bytes + size));
        let map = MmapMut::map_anon(size).ok()?;
        #[cfg(target_os = "linux")]
        if size >= HUGE && !cfg!(miri) {
            // Where the system refuses, small pages do.
            _ = map.advise(Advice::HugePage);
        }
        Some(map)
    }

    /// Takes a block back.
    pub fn give(&mut self, address: usize) {
        if let Some(MemoryBlock::Mapped { map, requested }) = self.used.remove(&address) {
            self.used_bytes -= map.len();
            self.requested_bytes -= requested;
            self.free.push(map);
        }
        if self.used_bytes == 0 {
            self.previous_peak = std::mem::take(&mut self.peak);
            self.keep_free(self.max_held().max(kept_idle()));
        }
    }

    /// Bytes that used and free blocks together may hold.
    fn max_held(&self) -> usize {
        self.recent_peak() + self.slack()
    }

    fn slack(&self) -> usize {
        (self.recent_peak() / 2).min(MAX_SLACK)
    }

    /// The recent peak of requested bytes.
    fn recent_peak(&self) -> usize {
        self.peak.max(self.previous_peak)
    }

    /// Frees all that is not in use.
    pub fn trim_idle(&mut self) {
        self.previous_peak = 0;
        self.keep_free(0);
    }

    /// Frees blocks, those that became free first, until at most `max_bytes` of free blocks are left.
    fn keep_free(&mut self, max_bytes: usize) {
        let mut free = self.free_bytes();
        while free > max_bytes {
            free -= self.free.remove(0).len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn little_more_is_held_than_was_in_use_at_one_time() {
        let mut blocks = BlockPool::default();
        for round in 0..20 {
            // Two at a time, of sizes that never fit each other's blocks.
            for size in [MIB, 2 * MIB, 4 * MIB, 8 * MIB] {
                let addresses = [blocks.take(size + round), blocks.take(size / 2)];
                for address in addresses {
                    blocks.give(address.addr());
                }
            }
        }
        assert_eq!(blocks.used_bytes, 0);
        assert!(blocks.free_bytes() <= 18 * MIB + 30, "{} are held", blocks.free_bytes());
    }

    #[test]
    fn a_block_that_fits_is_used_again() {
        let mut blocks = BlockPool::default();
        let first = blocks.take(3 * MIB);
        blocks.give(first.addr());
        assert_eq!(blocks.take(2 * MIB + MIB / 2), first);
        assert_ne!(blocks.take(MIB), first);
    }

    /// Each layer's result is read by the next: two are in use at a time.
    #[test]
    fn layers_of_many_sizes_find_all_their_blocks_again() {
        let sizes = [2, 4, 8, 15, 14, 28].map(|size| size * MIB);
        let run = |blocks: &mut BlockPool| {
            let mut addresses = Vec::new();
            for size in sizes {
                addresses.push(blocks.take(size).addr());
                if let [.., before, _] = addresses[..] {
                    blocks.give(before);
                }
            }
            blocks.give(addresses[sizes.len() - 1]);
            addresses
        };
        let mut blocks = BlockPool::default();
        for _ in 0..3 {
            run(&mut blocks);
        }
        let known: Vec<_> = blocks.free.iter().map(|block| block.as_ptr().addr()).collect();
        assert!(run(&mut blocks).iter().all(|address| known.contains(address)));
        assert!(blocks.free_bytes() <= (28 + 14) * MIB * 3 / 2);
    }

    #[test]
    fn an_uncommon_size_waits_for_its_next_use_but_not_for_long() {
        let run = |blocks: &mut BlockPool, size| {
            let address = blocks.take(size);
            blocks.give(address.addr());
            address
        };
        let mut blocks = BlockPool::default();
        let large = run(&mut blocks, 2 * KEPT_IDLE);
        assert_eq!(run(&mut blocks, 2 * KEPT_IDLE), large);
        run(&mut blocks, MIB);
        assert_eq!(blocks.free_bytes(), MIB, "a smaller one came");

        run(&mut blocks, 2 * KEPT_IDLE);
        blocks.trim_idle();
        assert!(blocks.free_bytes() <= KEPT_IDLE, "nothing came");
    }

    #[test]
    fn every_block_is_aligned_and_writable() {
        let mut blocks = BlockPool::default();
        for size in [0, 1, 63, 64, 4097, SMALLEST_BLOCK - 1, SMALLEST_BLOCK, MIB] {
            for address in [blocks.take(size), blocks.reserve(size)] {
                assert_eq!(address.addr() % 64, 0);
                // SAFETY: the block has at least that size and belongs to this test.
                unsafe { address.write_bytes(0xff, size) };
            }
        }
    }
}
