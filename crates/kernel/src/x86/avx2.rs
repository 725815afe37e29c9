//! [`Lanes`] on AVX2 with FMA: two registers, the halves.

use std::arch::x86_64::*;

use super::prefetch;
use crate::lanes::{LANES, Lanes, SimdTask};

/// Proof that this CPU, and the operating system, have AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(()))
    }
}

/// Compiles `task` with AVX2 and FMA.
///
/// # Safety
/// The CPU must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
#[inline(never)]
unsafe fn run_avx2<T: SimdTask>(lanes: Avx2, task: T) {
    task.run(lanes);
}

/// Lanes 0..8 and 8..16.
type Halves = [__m256; 2];

/// Applies a 256-bit operation to both halves.
macro_rules! halves {
    ($operation:ident($($operand:ident),+)) => {
        // SAFETY: `Avx2` is the proof that the instructions exist.
        unsafe { [$operation($($operand[0]),+), $operation($($operand[1]),+)] }
    };
}

impl Lanes for Avx2 {
    type V = Halves;
    const REGISTERS: usize = 8;

    #[inline(always)]
    fn run<T: SimdTask>(self, task: T) {
        // SAFETY: the token exists only where the CPU has the instructions.
        unsafe { run_avx2(self, task) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Halves {
        // SAFETY: `self` is the proof that the instructions exist.
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Halves {
        // SAFETY: as above; both halves lie inside `from`, and no alignment is required.
        unsafe { [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))] }
    }

    #[inline(always)]
    fn store(self, v: Halves, to: &mut [f32; LANES]) {
        // SAFETY: as above; both halves lie inside `to`, and no alignment is required.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), v[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), v[1]);
        }
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
    fn add(self, a: Halves, b: Halves) -> Halves {
        halves!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Halves, b: Halves) -> Halves {
        halves!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Halves, b: Halves) -> Halves {
        halves!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: Halves, b: Halves) -> Halves {
        halves!(_mm256_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Halves, b: Halves, c: Halves) -> Halves {
        halves!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Halves, b: Halves, c: Halves) -> Halves {
        halves!(_mm256_fnmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn max(self, a: Halves, b: Halves) -> Halves {
        halves!(_mm256_max_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: Halves, b: Halves) -> Halves {
        halves!(_mm256_min_ps(a, b))
    }

    #[inline(always)]
    fn round(self, a: Halves) -> Halves {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        // SAFETY: `self` is the proof that the instructions exist.
        unsafe { [_mm256_round_ps::<NEAREST>(a[0]), _mm256_round_ps::<NEAREST>(a[1])] }
    }

    #[inline(always)]
    fn exp2_integer(self, n: Halves) -> Halves {
        // SAFETY: `self` is the proof that the instructions exist.
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let low = _mm256_add_epi32(_mm256_cvtps_epi32(n[0]), bias);
            let high = _mm256_add_epi32(_mm256_cvtps_epi32(n[1]), bias);
            [
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(low)),
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(high)),
            ]
        }
    }

    #[inline(always)]
    fn horizontal_sums(self, v: &[[Halves; 4]; 4]) -> Halves {
        // SAFETY: `self` is the proof that the instructions exist.
        unsafe {
            let mut fours = [[_mm256_setzero_ps(); 2]; 4];
            for i in 0..4 {
                for half in 0..2 {
                    let [a, b, c, d] = [v[i][0][half], v[i][1][half], v[i][2][half], v[i][3][half]];
                    let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                    let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                    let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
                    let (low, high) = (_mm256_unpacklo_pd(ab, cd), _mm256_unpackhi_pd(ab, cd));
                    fours[i][half] = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
                }
            }
            // The first and the second quarters of two vectors.
            let pairs = |a: __m256, b: __m256| {
                let (first, second) =
                    (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
                _mm256_add_ps(first, second)
            };
            let two = |a: Halves, b: Halves| _mm256_add_ps(pairs(a[0], b[0]), pairs(a[1], b[1]));
            [two(fours[0], fours[1]), two(fours[2], fours[3])]
        }
    }
}
