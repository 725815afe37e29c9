//! Convolution kernels on blocked planes: Winograd's minimal filtering for 3x3 and 5x5, a matrix product for 1x1.
//!
//! Pure arithmetic on slices: no ONNX, no threads. A [`Conv`] is prepared once and shared; [`Conv::run`] computes a
//! picture, or a range of its rows, on the calling thread, with that thread's [`Scratch`].
//!
//! | file | what |
//! |---|---|
//! | `conv` | the public face: shapes, checks, which algorithm |
//! | `winograd`, `transform`, `points` | tiles, and a 1x1 that follows; the 1-D transforms; where their matrices come from |
//! | `enlarged` | what vanishes where the picture is made twice as large on the way in |
//! | `product`, `pointwise`, `narrow` | the register-blocked matrix product; 1x1; few outputs |
//! | `layer` | weights for the product, with bias and epilogue |
//! | `epilogue` | bias, activation, residual, gate: done before a result is stored |
//! | `plane` | the blocked layout, ways in and out, scratch memory |
//! | `lanes`, `x86`, `isa` | sixteen floats at a time on AVX-512, AVX2 or plain Rust |
//! | `reference` | the same mathematics, slow and plain, to read and to test against |
//!
//! **The same bits everywhere.** Every implementation of the lanes rounds alike, every sum is a chain of fused
//! multiply-adds in one fixed order, and the padding is data. So an output pixel's bits depend only on the input pixels
//! within [`Conv::reach`] and on its position modulo [`Conv::alignment`]: not on the instruction set, the row ranges, or
//! where a picture is cut.
//!
//! **Denormals** are computed as they are: the floating-point mode is the caller's and is left alone, so results do not
//! depend on it being changed. Activations that vanish do so as exact zeros (ReLU) or are kept in the normal range
//! (sigmoid), and the hardware that these kernels are for multiplies denormals at little cost.

#![allow(clippy::needless_range_loop, reason = "the indices are those of the formulas")]

mod conv;
mod enlarged;
mod epilogue;
mod error;
mod isa;
mod lanes;
mod layer;
mod narrow;
mod plane;
mod points;
mod pointwise;
mod product;
pub mod reference;
mod transform;
mod winograd;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

pub use conv::{Conv, ConvSpec, Picture};
pub use epilogue::{Activation, Epilogue};
pub use error::Error;
pub use isa::Isa;
pub use lanes::{Block, LANES};
pub use plane::{Scratch, from_blocked, plane_count, to_blocked};
