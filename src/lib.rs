//! The core of `upscaler-node`: bytes in, upscaled bytes out.
//!
//! Data flows one way: bytes → [`raster`] → [`upscale`] (plan) → [`engine`] → [`upscale`] (stitch) → [`raster`] → bytes.
//! Models flow one way: file → [`format`] → [`graph`] → [`compile`] → [`engine`].
//!
//! | module | job |
//! |---|---|
//! | [`error`] | the one error type and its stable codes |
//! | `allocator` | the global allocator: large blocks from the system |
//! | [`load_cancel`] | cancels the loading of a model |
//! | `files` | reads regular files, up to a limit |
//! | [`memory`] | how much memory pictures may take |
//! | [`raster`] | pixels: decode, encode, orient, colour, alpha, resample; knows no model |
//! | [`graph`] | the ONNX graph in memory: messages, building, rewrites, receptive field; knows no file format |
//! | [`mod@format`] | model files (onnx, tfjs, ncnn) → graph; knows no engine |
//! | [`model`] | definition, source, load, cache |
//! | [`calibrate`] | a model and sample pictures → an int8 model |
//! | [`compile`] | graph → program for our kernels, or → graph for ONNX Runtime's |
//! | [`kernel`] | convolution kernels in NCHWc layout; slices only; a crate of its own, `crates/kernel` |
//! | [`program`] | the streaming executor of compiled programs |
//! | [`workers`] | thread pool, fair tile scheduler, cancellation; no ort; a crate of its own, `crates/workers` |
//! | [`engine`] | ONNX Runtime alone: library, environment, sessions, operators; the only module that knows ort |
//! | [`mod@upscale`] | plan tiles, run, stitch, progress, cancel |
//! | `node` | the only module that knows napi |
//!
//! [`raster`] has two more crates below it: `crates/resample`, Lanczos, and `crates/av1`, the encoder of AVIF.

// The sanitizer that fuzzing runs with counts and guards the C library's blocks alone.
#[cfg(not(fuzzing))]
mod allocator;
pub mod calibrate;
pub mod compile;
pub mod engine;
pub mod error;
mod files;
pub mod format;
pub mod graph;
pub mod load_cancel;
pub mod memory;
pub mod model;
pub mod program;
pub mod raster;
pub mod upscale;

pub use upscaler_kernel as kernel;
pub use upscaler_workers as workers;

// Its functions are called from JavaScript alone: a Rust test build would find all of them unused.
#[cfg(not(test))]
mod node;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layers;
