//! ONNX Runtime: its library, environment, sessions, allocator and our operator. The only module that knows `ort`.
//! Others see the [`Engine`] trait, which tests implement without any network.
//!
//! | file | what |
//! |---|---|
//! | `runtime` | the library and its environment, loaded once |
//! | `library_file`, `telemetry`, `exit_guard` | a truncated library; telemetry off; no exit inside the library |
//! | `session_pool` | a network as a pool of sessions |
//! | `sized` | networks that are specialised for each size of picture |
//! | `operators`, `workspaces` | our operator, which runs a program, and the memory of its runs |
//! | `allocator`, `block_pool`, `out_of_memory` | ONNX Runtime's memory, and what it sees when there is none |
//! | `observer` | runs for intermediate values: calibration |
//! | `run_context` | cancellation and progress of a run |
//! | `processor` | processor features |
//! | `idle`, `heap` | memory that is freed when nothing runs, and what the C library keeps |

mod allocator;
mod block_pool;
mod exit_guard;
mod heap;
mod idle;
mod library_file;
mod observer;
mod operators;
mod out_of_memory;
mod processor;
mod run_context;
mod runtime;
mod session_pool;
mod sized;
mod telemetry;
mod workspaces;

pub use exit_guard::leave;
pub use idle::trim_idle;
pub use observer::Observer;
pub use operators::{RegisteredProgram, kernels};
pub use processor::has_int8_dot_product;
pub use run_context::RunContext;
pub use runtime::{set_library, version};
pub use session_pool::{OnnxEngine, OnnxModel, SessionOptions};
pub use sized::SizedEngine;

use std::sync::Arc;

use crate::error::Error;
use crate::graph::SpatialGeometry;

/// The inputs and outputs of a network, as far as tiling and the conversion of pixels depend on them.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Channels of the input planes: 1, 3 or 4.
    pub channels_in: usize,
    /// Channels of the output planes.
    pub channels_out: usize,
    /// Scale, receptive field and size constraints.
    pub geometry: SpatialGeometry,
    /// Overlap of tiles on each side, in input pixels; 0 for networks that are not tiled.
    pub halo: u32,
    /// The limits of a tile.
    pub limits: TileLimits,
    /// Tiles begin on multiples of this, in input pixels, so that results do not depend on where they are cut.
    pub alignment: u32,
    /// The only input size the network takes (height, width), if it is fixed.
    pub fixed_size: Option<(u32, u32)>,
    /// The network's values for black and white at its input.
    pub input_range: (f32, f32),
    /// The network's values for black and white at its output.
    pub output_range: (f32, f32),
    /// Whether its result, reduced to the size of its input, must equal its input: the guard replaces what does not.
    pub guarded: bool,
    /// Whether layers multiply with each other what they make of the picture, so that values may run away.
    pub multiplies: bool,
}

#[cfg(test)]
impl Signature {
    /// Of a colour network of plain convolutions that see `radius` pixels around, without limits or a guard.
    pub fn of_convolutions(scale: u32, radius: u32) -> Signature {
        Signature {
            channels_in: 3,
            channels_out: 3,
            geometry: SpatialGeometry { scale, radius: Some(radius), valid_crop: 0, size_multiple: 1 },
            halo: radius,
            limits: TileLimits::UNLIMITED,
            alignment: 4,
            fixed_size: None,
            input_range: (0.0, 1.0),
            output_range: (0.0, 1.0),
            guarded: false,
            multiplies: false,
        }
    }
}

/// How large the tiles of a network may be, and how runs share threads.
#[derive(Clone, Copy, Debug)]
pub struct TileLimits {
    /// The largest tile, in pixels: larger ones take too much memory, or keep a worker too long.
    pub max_pixels: u64,
    /// The largest picture that is run as one tile, if that is more: its memory is reserved before the run.
    pub max_whole_pixels: u64,
    /// Tiles of more pixels keep a worker so long that they yield to other images meanwhile.
    pub long_pixels: u64,
    /// The widest tile that runs well beside others, in pixels.
    pub max_width: u32,
    /// The speed-up of a run on all threads, as a share of the number of threads; 0 where it stays on one.
    pub thread_efficiency: f64,
    /// The bytes of activations per input pixel, where a whole picture may be run at once; 0 elsewhere.
    pub bytes_per_pixel: u64,
    /// The bytes that a tile takes for each of its columns, where rows stream through the network.
    pub bytes_per_column: u64,
    /// The least height and width from which valid convolutions leave anything.
    pub min_size: (usize, usize),
}

impl TileLimits {
    /// No limit of any kind, on one thread.
    pub const UNLIMITED: TileLimits = TileLimits {
        max_pixels: u64::MAX,
        max_whole_pixels: 0,
        long_pixels: u64::MAX,
        max_width: u32::MAX,
        thread_efficiency: 0.0,
        bytes_per_pixel: 0,
        bytes_per_column: 0,
        min_size: (1, 1),
    };
}

/// Receives the output planes, their height and their width.
pub type Sink<'a> = &'a mut dyn FnMut(&[f32], usize, usize) -> Result<(), Error>;

/// A network that can be run on one tile at a time, from many threads at once.
pub trait Engine: Send + Sync {
    /// Its inputs and outputs.
    fn signature(&self) -> &Signature;

    /// Runs the network on planes `[channels_in, height, width]` and hands the output planes
    /// `[channels_out, out_height, out_width]` to `sink` together with their height and width.
    ///
    /// # Errors
    /// [`Error::Inference`] if the network fails, [`Error::Aborted`] if it was cancelled.
    fn run(
        &self,
        planes: &[f32],
        height: usize,
        width: usize,
        context: &RunContext,
        sink: Sink,
    ) -> Result<(), Error>;
}

/// The engines of a model.
#[derive(Clone)]
pub struct Engines {
    pub primary: Arc<dyn Engine>,
    /// The one-channel form of a colour network, for grey pictures and alpha. It is equal to the primary in all else.
    pub grey: Option<Arc<dyn Engine>>,
}
