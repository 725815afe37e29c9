//! Convolution kernels in NCHWc layout: Winograd's minimal filtering for 3x3 and 5x5, a matrix product for 1x1.
//!
//! Pure arithmetic on slices: no ONNX, no threads. A [`Conv`] is prepared once and shared; [`Conv::run`] computes a
//! picture, or a range of its rows, on the calling thread, with that thread's [`Scratch`].
//!
//! | module | what |
//! |---|---|
//! | `conv` | the public interface: shapes, checks, which algorithm, which rows are read |
//! | `winograd` | 3x3 and 5x5: input transform, GEMM, output transform, a fused 1x1, prefetch |
//! | `pointwise` | 1x1 |
//! | `gemm` | packed weights and the register-tiled microkernels |
//! | `layer` | packed weights with bias and epilogue |
//! | `activation` | activations by themselves |
//! | `epilogue` | bias, activation, residual, gate, applied before a result is stored |
//! | `layout`, `scratch` | NCHWc and its conversions; working memory |
//! | `lanes`, `x86`, `isa` | vectors of sixteen floats on AVX-512, AVX2 or plain Rust |
//! | `reference` | the same mathematics, slow and plain, to read and to test against |
//!
//! **The same bits everywhere.** Every implementation of the lanes rounds alike, every sum is a chain of fused
//! multiply-adds in one fixed order, and the padding is data. So an output pixel's bits depend only on the input pixels
//! within [`Conv::bit_reach`] and on its position modulo [`Conv::alignment`]: not on the instruction set, the row ranges, or
//! where a picture is cut.
//!
//! **Denormals** are computed as they are: the floating-point mode is the caller's and is left alone, so results do not
//! depend on it being changed. Activations are exact zeros (ReLU) or stay in the normal range (sigmoid), and the hardware that these kernels are for multiplies denormals at little cost.

#![allow(clippy::needless_range_loop, reason = "the indices are those of the formulas")]

mod activation;
mod conv;
mod epilogue;
mod error;
mod gemm;
mod isa;
mod lanes;
mod layer;
mod layout;
mod pointwise;
pub mod reference;
mod scratch;
mod winograd;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

pub use activation::ActivationKernel;
pub use conv::{Activations, Conv, ConvSpec};
pub use epilogue::{Activation, Epilogue};
pub use error::Error;
pub use isa::Isa;
pub use lanes::{Block, LANES};
pub use layout::{from_nchwc, plane_count, to_nchwc};
pub use scratch::Scratch;
