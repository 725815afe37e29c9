//! [`Lanes`] on AVX-512: one register.

use std::arch::x86_64::*;

use super::prefetch;
use crate::lanes::{LANES, Lanes, SimdTask};

/// Proof that this CPU, and the operating system, have AVX-512F.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Avx512(()))
    }
}

/// Compiles `task` with AVX-512F.
///
/// # Safety
/// The CPU must have AVX-512F.
#[target_feature(enable = "avx512f")]
#[inline(never)]
unsafe fn run_avx512<T: SimdTask>(lanes: Avx512, task: T) {
    task.run(lanes);
}

/// Applies a 512-bit operation.
macro_rules! whole {
    ($operation:expr) => {
        // SAFETY: `Avx512` is the proof that the instructions exist.
        unsafe { $operation }
    };
}

impl Lanes for Avx512 {
    type V = __m512;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn run<T: SimdTask>(self, task: T) {
        // SAFETY: the token exists only where the CPU has the instructions.
        unsafe { run_avx512(self, task) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        whole!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: `self` is the proof; the sixteen floats of `from` are read, and no alignment is required.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: __m512, to: &mut [f32; LANES]) {
        // SAFETY: `self` is the proof; the sixteen floats of `to` are written, and no alignment is required.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn prefetch(self, from: *const [f32; LANES]) {
        prefetch::<_MM_HINT_T0>(from);
    }

    #[inline(always)]
    fn prefetch_l2(self, from: *const [f32; LANES]) {
        prefetch::<_MM_HINT_T1>(from);
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        whole!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        whole!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        whole!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        whole!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        whole!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        whole!(_mm512_fnmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        whole!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        whole!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        whole!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a))
    }

    #[inline(always)]
    fn exp2_integer(self, n: __m512) -> __m512 {
        // SAFETY: `self` is the proof that the instructions exist.
        unsafe {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        }
    }

    #[inline(always)]
    fn horizontal_sums(self, v: &[[__m512; 4]; 4]) -> __m512 {
        // SAFETY: `self` is the proof that the instructions exist.
        unsafe {
            let mut fours = [_mm512_setzero_ps(); 4];
            for i in 0..4 {
                let [a, b, c, d] = v[i];
                let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
                let (low, high) = (_mm512_unpacklo_pd(ab, cd), _mm512_unpackhi_pd(ab, cd));
                fours[i] = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
            }
            // Even and odd quarters of two vectors.
            let pairs = |a: __m512, b: __m512| {
                let (even, odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
                _mm512_add_ps(even, odd)
            };
            pairs(pairs(fours[0], fours[1]), pairs(fours[2], fours[3]))
        }
    }
}
