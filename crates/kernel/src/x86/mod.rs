//! [`Lanes`](crate::lanes::Lanes) on x86-64.

mod avx2;
mod avx512;

use std::arch::x86_64::_mm_prefetch;

pub(crate) use avx2::Avx2;
pub(crate) use avx512::Avx512;

use crate::lanes::LANES;

/// Prefetches a cache line into the level that `HINT` names.
#[inline(always)]
fn prefetch<const HINT: i32>(from: *const [f32; LANES]) {
    // SAFETY: every x86-64 has the instruction, and it reads nothing: an address that is not there is passed over.
    unsafe { _mm_prefetch::<HINT>(from.cast()) }
}
