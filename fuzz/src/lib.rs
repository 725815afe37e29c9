//! What the targets share: mutations that know where the fields of a format are, so that the fuzzer does not have to find
//! them by chance. libFuzzer's own limits on memory make crashes of bombs.

pub mod mutate;

use upscaler_node::compile::{onnxruntime, program};
use upscaler_node::error::Error;
use upscaler_node::graph::Network;
use upscaler_node::kernel::Isa;
use upscaler_node::raster::{Animation, DecodeOptions, FailOn, decode, probe};

/// The limit that the targets decode with: small, so that they are fast and whatever ignores it stands out.
pub const LIMIT_PIXELS: u64 = 1 << 20;

/// Lets panics inside libraries of others pass: each is caught where the library is called, and becomes an error of the
/// file. One that is not caught ends the target still, and so does any of the core's own.
pub fn tolerate_caught_panics() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|place| place.file().contains("/registry/src/")) {
            abort(panic);
        }
    }));
}

/// Decodes as strictly and as leniently as can be.
pub fn decode_both(bytes: &[u8]) {
    _ = probe(bytes, 0);
    // Frames of an animation, a few of them.
    if let Ok(Some(mut animation)) = Animation::open(bytes.to_vec(), FailOn::None, Some(LIMIT_PIXELS)) {
        for _ in 0..4 {
            if !matches!(animation.next_frame(), Ok(Some(_))) {
                break;
            }
        }
    }
    for (fail_on, keep_metadata, page) in
        [(FailOn::None, true, 0), (FailOn::Warning, true, 0), (FailOn::None, false, 1)]
    {
        let limit_pixels = Some(LIMIT_PIXELS);
        let options =
            DecodeOptions { fail_on, limit_pixels, keep_metadata, page, ..DecodeOptions::default() };
        match decode(bytes, &options) {
            Ok(decoded) => {
                let pixels = u64::from(decoded.raster.width) * u64::from(decoded.raster.height);
                assert!(pixels <= LIMIT_PIXELS, "{pixels} pixels");
            }
            Err(Error::Decode(_) | Error::Limit(_) | Error::UnsupportedFormat(_)) => {}
            Err(Error::InvalidArgument(_)) if page > 0 => {}
            Err(other) => panic!("{} {other}", other.code()),
        }
    }
}

/// Does with a model what is done before it runs: checks and rewrites it, for our kernels and for ONNX Runtime's.
pub fn prepare(network: Result<Network, Error>) {
    let prepared = network.and_then(Network::optimised).and_then(|network| {
        network.check_activations(1 << 30)?;
        _ = (network.min_size(), network.geometry(), network.macs_per_pixel(), network.bytes_per_pixel()?);
        program::partition(network.graph(), Isa::Portable)?;
        onnxruntime::to_bytes(&network)
    });
    match prepared {
        Ok(_) | Err(Error::ModelLoad(_) | Error::ModelShape(_) | Error::Limit(_)) => {}
        Err(other) => panic!("{} {other}", other.code()),
    }
}
