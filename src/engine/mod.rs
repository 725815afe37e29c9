//! Runs networks: ONNX Runtime's library, environment and sessions, and the worker threads that all images share.
//! The only room that knows `ort`. Others see the [`Engine`] trait, which tests implement without any network.

mod activations;
mod cancel;
mod idle;
mod leaving;
mod observer;
mod operators;
mod pool;
mod privacy;
mod processor;
mod runtime;
mod sessions;
mod shortage;
mod sized;
mod watch;
mod whole;
mod workspaces;

pub use cancel::{Cancel, Hook};
pub use idle::give_back;
pub use observer::Observer;
pub use operators::{Registered, kernels};
pub use pool::{Lane, Pool, Share};
pub use processor::multiplies_bytes;
pub use runtime::{set_library, version};
pub use sessions::{OnnxEngine, OnnxModel, SessionOptions};
pub use sized::SizedEngine;
pub use watch::Watch;

use std::sync::Arc;

use crate::error::Error;
use crate::graph::Footprint;

/// What a network takes and gives, as far as tiling and conversion of pixels need to know it.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Channels of the input planes: 1, 3 or 4.
    pub channels_in: usize,
    /// Channels of the output planes.
    pub channels_out: usize,
    /// Scale, receptive field and size constraints.
    pub footprint: Footprint,
    /// Context that tiles get on each side, in input pixels; 0 for networks that are not tiled.
    pub halo: u32,
    /// What a run takes.
    pub load: Load,
    /// The only input size the network takes (height, width), if it is fixed.
    pub fixed_size: Option<(u32, u32)>,
    /// The network's values for black and white at its input.
    pub input_range: (f32, f32),
    /// The network's values for black and white at its output.
    pub output_range: (f32, f32),
    /// Whether its result, reduced to the size of its input, must be its input again, so that what is not can be told and
    /// replaced.
    pub guarded: bool,
}

/// What a run of a network takes, as far as the size of tiles depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The largest tile, in pixels: larger ones take too much memory, or keep a worker too long.
    pub most_pixels: u64,
    /// The largest picture that is run as one tile, if that is more: its memory is asked for before it is begun.
    pub most_whole: u64,
    /// Tiles of more pixels keep a worker so long that they may have to make way for others.
    pub long_pixels: u64,
    /// The widest tile that is run well beside others, in pixels.
    pub widest: u32,
    /// By how much all threads together shorten a run that is alone, of what they would at best; 0 where it stays on one.
    pub spread: f64,
    /// The bytes that activations take for each input pixel, where all of a picture may be run at once; 0 elsewhere.
    pub bytes_per_pixel: u64,
    /// The bytes that a tile takes for each of its columns, where rows stream through the network.
    pub bytes_per_column: u64,
    /// The least height and width of which anything is left within the network.
    pub least: (usize, usize),
}

impl Load {
    /// No limit of any kind, on one thread.
    pub const UNLIMITED: Load = Load {
        most_pixels: u64::MAX,
        most_whole: 0,
        long_pixels: u64::MAX,
        widest: u32::MAX,
        spread: 0.0,
        bytes_per_pixel: 0,
        bytes_per_column: 0,
        least: (1, 1),
    };
}

/// Takes the output planes, their height and their width.
pub type Sink<'a> = &'a mut dyn FnMut(&[f32], usize, usize) -> Result<(), Error>;

/// A network that can be run on one tile at a time, from many threads at once.
pub trait Engine: Send + Sync {
    /// What it takes and gives.
    fn signature(&self) -> &Signature;

    /// Runs the network on planes `[channels_in, height, width]` and hands the output planes
    /// `[channels_out, out_height, out_width]` to `sink` together with their height and width.
    ///
    /// # Errors
    /// [`Error::Inference`] if the network fails, the reason of the cancellation if it was tripped meanwhile.
    fn run(
        &self,
        planes: &[f32],
        height: usize,
        width: usize,
        watch: &Watch,
        sink: Sink,
    ) -> Result<(), Error>;
}

/// The engines of a model.
#[derive(Clone)]
pub struct Engines {
    pub itself: Arc<dyn Engine>,
    /// The one-channel form of a colour network, for grey pictures and alpha. All else about it is as of the network.
    pub grey: Option<Arc<dyn Engine>>,
}
