//! Instruction sets: the best of this CPU, or one chosen by name for comparison.

use super::lanes::{Lanes, Portable, SimdTask};

/// An instruction set that the kernels are compiled for. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512F: one register holds the sixteen channels of a pixel.
    Avx512,
    /// AVX2 and FMA: two registers hold them.
    Avx2,
    /// Plain Rust, slow without hardware FMA: for tests, and to read.
    Portable,
}

impl Isa {
    /// The fastest vector instruction set of this machine; `None` where there is none, and the kernels would lose
    /// against any other engine.
    pub fn detect() -> Option<Isa> {
        [Isa::Avx512, Isa::Avx2].into_iter().find(|isa| isa.is_available())
    }

    /// The instruction set called `name`, one of `avx512`, `avx2`, `portable`.
    pub fn from_name(name: &str) -> Option<Isa> {
        [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().find(|isa| isa.name() == name)
    }

    /// The name that [`Isa::from_name`] understands.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Avx512 => "avx512",
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => super::x86::Avx512::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => super::x86::Avx2::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx512 | Isa::Avx2 => false,
            Isa::Portable => true,
        }
    }

    /// The largest NR of the GEMM microkernels, in vectors of sixteen output channels.
    ///
    /// With 32 registers up to four, beside an MR of 6 to 24; with 8 (AVX2's sixteen halves) one, beside six.
    pub(super) fn gemm_vectors(self) -> usize {
        match self {
            Isa::Avx512 => 4,
            Isa::Avx2 | Isa::Portable => 1,
        }
    }

    /// Runs `task` with these instructions, or with plain Rust where the machine lacks them.
    pub(super) fn run(self, task: impl SimdTask) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if let Some(lanes) = super::x86::Avx512::detect() => lanes.run(task),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 if let Some(lanes) = super::x86::Avx2::detect() => lanes.run(task),
            _ => Portable.run(task),
        }
    }
}
