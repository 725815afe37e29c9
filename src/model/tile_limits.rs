//! How large tiles may be, and how much they overlap.

use crate::engine::{Signature, TileLimits};
use crate::error::Error;
use crate::graph::Network;

/// The halo of networks with a larger receptive field: what lies beyond it has next to no effect. Largest difference from the untiled result on crops of three photos, of 255: UpscalerJS's
/// esrgan-thick, gans, psnr-small and div2k 0.7 with a halo of 8, 0.0012 with 16, 0.0005 (rounding alone) with 20 to
/// 32; realesr-general-x4v3, whose radius is 34, 0.0006 with 32. The RRDB networks of Real-ESRGAN invent texture, which
/// a distant pixel can tip over: 11 (6 blocks) and 20 (23 blocks) are left with 32, at single pixels.
pub(super) const DEEP_HALO: u32 = 32;

/// Bytes of activations that a tile may take in ONNX Runtime's own kernels: those of 512x512 pixels through SPAN. Smaller
/// tiles compute more halo.
const MAX_ACTIVATIONS: f64 = (448 << 20) as f64;

/// The same for networks with a halo of [`DEEP_HALO`]: smaller tiles would compute most pixels twice.
const DEEP_MAX_ACTIVATIONS: f64 = (768 << 20) as f64;

/// How many times that a picture may take that is run as one tile, with all cores and no halo: 1024x768 pixels through SPAN.
const WHOLE_FACTOR: u64 = 4;

/// Where rows stream through the network only the result grows with a tile: bytes of floats, held until they are stitched.
const MAX_RESULT_BYTES: u64 = 80 << 20;

/// Multiply-adds of a tile: some seconds, ten at most where no other core is idle. A deep network would compute an eighth
/// of 512x512 pixels twice if they were cut in two.
const MAX_TILE_WORK: u64 = 2_200_000_000_000;

/// Multiply-adds of a tile that keeps a worker for some hundredths of a second, so that it need not yield to others:
/// 128x128 pixels through SPAN. Such tiles hold little memory, and begin however many others have begun.
const QUICK_WORK: u64 = MAX_TILE_WORK / 250;

/// The streaming executor holds some rows of every activation: 84 MB for SPAN at this width.
const STREAMING_MAX_WIDTH: u32 = 768;

/// The thread efficiency of ONNX Runtime, measured at 128 and 512 pixels a side.
const ONNXRUNTIME_EFFICIENCY: f64 = 0.95;

/// The thread efficiency of the streaming executor.
const STREAMING_EFFICIENCY: f64 = 0.95;

/// The limits for ONNX Runtime's own kernels.
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is inconsistent.
pub(super) fn onnxruntime_limits(network: &Network) -> Result<TileLimits, Error> {
    let deep = network.geometry().radius.is_some_and(|radius| radius > DEEP_HALO);
    let max_bytes = if deep { DEEP_MAX_ACTIVATIONS } else { MAX_ACTIVATIONS };
    let affordable = max_bytes / network.bytes_per_pixel()?.max(1.0);
    let bytes_per_pixel = match network.geometry().radius {
        Some(_) => network.bytes_per_pixel()?,
        None => network.planned_bytes_per_pixel()?,
    };
    let (max_pixels, bytes_per_pixel) = (affordable as u64, bytes_per_pixel.ceil() as u64);
    // A run in ONNX Runtime's own kernels cannot yield: no tile is long.
    let max_whole_pixels = max_pixels.saturating_mul(WHOLE_FACTOR);
    Ok(TileLimits {
        max_pixels,
        max_whole_pixels,
        thread_efficiency: ONNXRUNTIME_EFFICIENCY,
        bytes_per_pixel,
        ..TileLimits::UNLIMITED
    })
}

/// The limits for the streaming executor.
pub(super) fn streaming_limits(network: &Network, signature: &Signature) -> TileLimits {
    let scale = u64::from(signature.geometry.scale);
    let bytes_per_pixel = signature.channels_out as u64 * scale * scale * size_of::<f32>() as u64;
    let macs = network.macs_per_pixel().unwrap_or(1).max(1);
    TileLimits {
        max_pixels: (MAX_TILE_WORK / macs).min(MAX_RESULT_BYTES / bytes_per_pixel.max(1)),
        max_whole_pixels: 0,
        long_pixels: QUICK_WORK / macs,
        max_width: STREAMING_MAX_WIDTH,
        thread_efficiency: STREAMING_EFFICIENCY,
        bytes_per_pixel: 0,
        ..TileLimits::UNLIMITED
    }
}
