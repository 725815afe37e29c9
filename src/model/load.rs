//! From a source and a definition to an engine.

use std::sync::Arc;

use super::definition::{Definition, ModelInfo};
use super::source::{FileFormat, Source};
use super::{precision, shared};
use crate::engine::{Engine, Load, OnnxEngine, OnnxModel, Registered, SessionOptions, Signature, kernels};
use crate::error::Error;
use crate::graph::{self, Network, Split};

/// A network that is ready to run.
#[derive(Clone)]
pub struct Model {
    pub engine: Arc<dyn Engine>,
    pub info: ModelInfo,
}

/// Loads a model for `workers` threads. It takes from milliseconds to a second: call it on a thread that may block.
///
/// # Errors
/// [`Error::ModelLoad`] if the file is not understood or contradicts the definition, [`Error::ModelShape`] for
/// networks that are not from image to image, [`Error::Provider`], [`Error::RuntimeLoad`], [`Error::InvalidArgument`].
pub fn load(source: &Source, definition: &Definition, workers: usize) -> Result<Model, Error> {
    definition.check()?;
    let source = precision::choose(source, definition)?;
    let (proto, format) = source.read()?;
    let network = Network::from_model(proto)?;
    let precision = precision::of(&network, definition)?;
    let signature = signature(&network, format, definition)?;
    let bytes = network.to_bytes();
    let options = SessionOptions { workers };
    let engine =
        shared::engine(&bytes, &signature, options, || make(&network, &bytes, signature.clone(), options))?;
    let signature = engine.signature();
    let info = ModelInfo {
        name: definition.name.clone().unwrap_or_else(|| source.name()),
        scale: signature.footprint.scale,
        channels: signature.channels_in,
        halo: signature.footprint.radius.map(|_| signature.halo),
        format,
        parameters: network.parameters(),
        size_bytes: bytes.len() as u64,
        provider: "cpu",
        kernels: engine.kernels(),
        precision,
        input_range: signature.input_range,
        output_range: signature.output_range,
        fixed_size: signature.fixed_size,
    };
    Ok(Model { engine, info })
}

/// Makes an engine: with the body of the network in our kernels, where this machine has what they need.
fn make(
    network: &Network,
    bytes: &[u8],
    mut signature: Signature,
    options: SessionOptions,
) -> Result<OnnxEngine, Error> {
    let split = match kernels()? {
        // Integer operators are ONNX Runtime's.
        Some(isa) if !network.is_quantised() => {
            graph::split(network.graph(), isa)?.map(|split| (split, isa.name()))
        }
        _ => None,
    };
    let radius = signature.footprint.radius.unwrap_or(0);
    let Some((split, kernels)) = split else {
        signature.halo = radius.min(DEEP_HALO);
        signature.load = stock_load(network)?;
        return OnnxEngine::new(OnnxModel { bytes: bytes.to_vec(), body: None }, signature, options);
    };
    // The kernels' rounding reaches farther than the network itself, but what is too faint to see is not waited for.
    let reach = radius + (split.program.reach() - split.program.radius()) as u32;
    signature.halo = if radius <= DEEP_HALO { reach } else { DEEP_HALO };
    signature.load = streaming_load(network, &signature);
    let Split { program, around } = split;
    let registered = Registered::new(program, kernels);
    let bytes = around.to_bytes(registered.number());
    OnnxEngine::new(OnnxModel { bytes, body: Some(registered) }, signature, options)
}

/// What a tile may take in ONNX Runtime's own kernels: activations of 512x512 pixels through SPAN in four tiles.
const TILE_ACTIVATIONS: f64 = (96 << 20) as f64;

/// Where rows stream through the network, the result is what grows with a tile: floats, held until they are stitched.
const TILE_RESULT: u64 = 24 << 20;

/// Multiply-adds of a tile: a few seconds of one core. A worker that has begun one does not look after others.
const TILE_WORK: u64 = 1_000_000_000_000;

/// Streaming kernels hold some rows of every activation: in wider tiles they leave the second-level cache.
const WIDEST_STREAM: u32 = 1024;

fn stock_load(network: &Network) -> Result<Load, Error> {
    let affordable = TILE_ACTIVATIONS / network.bytes_per_pixel()?.max(1.0);
    Ok(Load { most_pixels: affordable as u64, widest: u32::MAX, spreads: true })
}

fn streaming_load(network: &Network, signature: &Signature) -> Load {
    let scale = u64::from(signature.footprint.scale);
    let bytes_per_pixel = signature.channels_out as u64 * scale * scale * size_of::<f32>() as u64;
    let quick = TILE_WORK / network.macs_per_pixel().unwrap_or(1).max(1);
    let most_pixels = quick.min(TILE_RESULT / bytes_per_pixel.max(1));
    Load { most_pixels, widest: WIDEST_STREAM, spreads: false }
}

/// Networks whose receptive field reaches further than this many pixels are given this halo instead: what lies beyond
/// it hardly counts. Largest difference from the untiled result on crops of three photos, of 255: UpscalerJS's
/// esrgan-thick, gans, psnr-small and div2k 0.7 with a halo of 8, 0.0012 with 16, 0.0005 (rounding alone) with 20 to
/// 32; realesr-general-x4v3, whose radius is 34, 0.0006 with 32. The RRDB networks of Real-ESRGAN invent texture, which
/// a distant pixel can tip over: 11 (6 blocks) and 20 (23 blocks) are left with 32, at single pixels.
const DEEP_HALO: u32 = 32;

/// How weights are stored in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// As they are computed with.
    #[default]
    Float32,
    /// Half the size; weights are rounded to 11 bits, unless they came as float16.
    Float16,
}

impl Storage {
    /// The file.
    pub fn write(self, network: &Network) -> Vec<u8> {
        match self {
            Storage::Float32 => network.to_onnx(),
            Storage::Float16 => network.to_onnx_fp16_storage(),
        }
    }
}

/// The model as an `.onnx`, with its value ranges as metadata.
///
/// # Errors
/// As [`load`], without those of the engine.
pub fn to_onnx(source: &Source, definition: &Definition, storage: Storage) -> Result<Vec<u8>, Error> {
    Ok(storage.write(&read(source, definition)?.0))
}

/// The network with its value ranges as metadata, and what it takes and gives.
///
/// # Errors
/// As [`load`], without those of the engine.
pub fn read(source: &Source, definition: &Definition) -> Result<(Network, Signature), Error> {
    definition.check()?;
    let (proto, format) = source.read()?;
    let mut network = Network::from_model(proto)?;
    let signature = signature(&network, format, definition)?;
    let text = |(low, high): (f32, f32)| format!("{low},{high}");
    network.set_metadata(INPUT_RANGE, &text(signature.input_range));
    network.set_metadata(OUTPUT_RANGE, &text(signature.output_range));
    Ok((network, signature))
}

/// Metadata keys of an `.onnx` that say what its values for black and white are, as `low,high`.
const INPUT_RANGE: &str = "upscaler.input_range";
const OUTPUT_RANGE: &str = "upscaler.output_range";

fn signature(network: &Network, format: FileFormat, definition: &Definition) -> Result<Signature, Error> {
    let mut footprint = network.footprint();
    agree("scale", definition.scale, footprint.scale)?;
    agree("channels", definition.channels, network.channels_in())?;
    if let Some(factor) = definition.divisibility_factor {
        footprint.divisor = footprint.divisor.max(factor);
    }
    let input_range = match definition.input_range {
        Some(range) => range,
        None => range(network, INPUT_RANGE)?.unwrap_or(format.usual_range()),
    };
    let output_range = match definition.output_range {
        Some(range) => range,
        None => range(network, OUTPUT_RANGE)?.unwrap_or(input_range),
    };
    Ok(Signature {
        channels_in: network.channels_in(),
        channels_out: network.channels_out(),
        footprint,
        // Both are set when it is known which kernels run.
        halo: 0,
        load: Load { most_pixels: 0, widest: u32::MAX, spreads: false },
        fixed_size: network.fixed_size().map(|(height, width)| (height as u32, width as u32)),
        input_range,
        output_range,
    })
}

fn agree<T: PartialEq + std::fmt::Display>(name: &str, said: Option<T>, found: T) -> Result<(), Error> {
    match said {
        Some(said) if said != found => {
            Err(Error::ModelLoad(format!("Expected a network with {name} {said} but found {name} {found}")))
        }
        _ => Ok(()),
    }
}

fn range(network: &Network, key: &str) -> Result<Option<(f32, f32)>, Error> {
    let Some(text) = network.metadata().get(key) else { return Ok(None) };
    let numbers: Vec<f32> = text.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    match numbers[..] {
        [low, high] if low < high => Ok(Some((low, high))),
        _ => Err(Error::ModelLoad(format!("Expected metadata {key} to be 'low,high' but found '{text}'"))),
    }
}
