//! From a source and a definition to an engine.

use std::sync::Arc;

use once_cell::sync::Lazy;

use super::definition::{Definition, FP32, ModelInfo};
use super::shared::{self, Shared};
use super::source::{Contents, FileFormat, Files, Source, hex};
use super::{per_size, precision};
use crate::engine::{
    Engine, Engines, Load, OnnxEngine, OnnxModel, Registered, SessionOptions, Signature, kernels,
};
use crate::error::Error;
use crate::graph::{self, ModelProto, Network, Split};
use crate::memory;
use crate::raster::LUMA;

/// A network that is ready to run.
#[derive(Clone)]
pub struct Model {
    pub engines: Engines,
    pub info: ModelInfo,
    /// Where other instances find it.
    _loaded: Arc<Loaded>,
}

/// What instances of the same model share.
pub(super) struct Loaded {
    pub engines: Engines,
    /// With no name.
    pub info: ModelInfo,
}

/// By the bytes of the files and what is said of them: known before anything is parsed.
static MODELS: Lazy<Shared<Loaded>> = Lazy::new(Shared::default);

/// By the network itself, whatever it came from.
static ENGINES: Lazy<Shared<OnnxEngine>> = Lazy::new(Shared::default);

/// Loads a model for `workers` threads. It takes from milliseconds to a second: call it on a thread that may block.
///
/// # Errors
/// [`Error::ModelLoad`] if the file is not understood, or is not what the definition says, [`Error::ModelShape`] for
/// networks that are not from image to image, [`Error::Provider`], [`Error::RuntimeLoad`], [`Error::InvalidArgument`].
pub fn load(source: &Source, definition: &Definition, workers: usize) -> Result<Model, Error> {
    definition.check()?;
    let chosen = precision::choose(source, definition)?;
    // What is published is the float32 form's; the int8 form is calibrated where its package is made.
    let published = definition.sha256.as_deref().filter(|_| std::ptr::eq(chosen, source));
    let source = chosen;
    let files = source.files()?;
    let digest = files.digest();
    if let Some(sha256) = published {
        files.verify(&digest, sha256)?;
    }
    let said = Definition { name: None, ..definition.clone() };
    let key = shared::key(&digest, &format!("{said:?} {workers}"));
    let loaded = MODELS.get(key, || make_all(files, source, definition, workers))?;
    let name = definition.name.clone().unwrap_or_else(|| source.name());
    let info = ModelInfo { name, sha256: hex(&digest), ..loaded.info.clone() };
    Ok(Model { engines: loaded.engines.clone(), info, _loaded: loaded })
}

fn make_all(files: Files, source: &Source, definition: &Definition, workers: usize) -> Result<Loaded, Error> {
    let format = files.format();
    let proto = match files.contents()? {
        Contents::Network(proto) => *proto,
        Contents::PerSize(graph) => return per_size::load(graph, source, definition, workers),
    };
    let options = SessionOptions { workers };
    let Forms { network, grey, channels } = Forms::new(proto, definition.channels)?;
    let precision = precision::of(&network, definition)?;
    let (parameters, macs_per_pixel) = (network.parameters(), network.macs_per_pixel());
    let (engine, mut size_bytes) = engine(network, format, definition, options)?;
    let mut engines = Engines { itself: engine.clone(), grey: None };
    if let Some(grey) = grey {
        let (grey, bytes) = self::engine(grey, format, definition, options)?;
        engines.grey = Some(grey);
        size_bytes += bytes;
    }
    let info = ModelInfo {
        channels,
        parameters,
        macs_per_pixel,
        size_bytes: size_bytes as u64,
        kernels: engine.kernels(),
        precision,
        ..describe(format, engine.signature())
    };
    Ok(Loaded { engines, info })
}

/// What a signature tells of a model; the rest is the caller's to fill in.
pub(super) fn describe(format: FileFormat, signature: &Signature) -> ModelInfo {
    ModelInfo {
        name: String::new(),
        sha256: String::new(),
        scale: signature.footprint.scale,
        channels: signature.channels_in,
        halo: signature.footprint.radius.map(|_| signature.halo),
        receptive_field: signature.footprint.radius,
        format,
        parameters: 0,
        macs_per_pixel: None,
        size_bytes: 0,
        provider: "cpu",
        kernels: "onnxruntime",
        precision: FP32,
        input_range: signature.input_range,
        output_range: signature.output_range,
        fixed_size: signature.fixed_size,
    }
}

/// The networks that a file is made into for the channels that are wanted.
struct Forms {
    network: Network,
    /// The one-channel form beside the network, for pictures with alpha.
    grey: Option<Network>,
    /// Channels of the pictures that they are for.
    channels: usize,
}

impl Forms {
    /// A colour network can be had for grey pictures, and for those with alpha; every network as it is.
    fn new(proto: ModelProto, wanted: Option<usize>) -> Result<Forms, Error> {
        let again = matches!(wanted, Some(1 | 4)).then(|| proto.clone());
        let network = Network::from_model(proto)?;
        let found = network.channels_in();
        match (wanted, again) {
            (Some(channels), Some(proto)) if (found, network.channels_out()) == (3, 3) => {
                let grey = Network::grey_from_model(proto, LUMA)?;
                let (network, grey) = if channels == 1 { (grey, None) } else { (network, Some(grey)) };
                Ok(Forms { network, grey, channels })
            }
            _ => {
                agree("channels", wanted, found)?;
                Ok(Forms { network, grey: None, channels: found })
            }
        }
    }
}

/// The engine of a network, with the size of the network in bytes.
fn engine(
    network: Network,
    format: FileFormat,
    definition: &Definition,
    options: SessionOptions,
) -> Result<(Arc<OnnxEngine>, usize), Error> {
    let signature = signature(&network, format, definition)?;
    network.check_activations(memory::limit())?;
    let least = network.least_size();
    let network = network.optimised()?;
    let bytes = network.to_bytes();
    let key = shared::key(&bytes, &format!("{signature:?}{options:?}"));
    let engine = ENGINES.get(key, || make(&network, &bytes, signature, least, options))?;
    Ok((engine, bytes.len()))
}

/// Makes an engine: with the body of the network in our kernels, where this machine has what they need.
fn make(
    network: &Network,
    bytes: &[u8],
    mut signature: Signature,
    least: (usize, usize),
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
        signature.load = Load { least, ..stock_load(network)? };
        return OnnxEngine::new(OnnxModel { bytes: bytes.to_vec(), body: None }, signature, options);
    };
    // The kernels' rounding reaches farther than the network itself, but what is too faint to see is not waited for.
    let reach = radius + (split.program.reach() - split.program.radius()) as u32;
    signature.halo = if radius <= DEEP_HALO { reach } else { DEEP_HALO };
    let bytes_per_column = split.program.bytes_per_column() as u64;
    signature.load = Load { least, bytes_per_column, ..streaming_load(network, &signature) };
    let Split { program, around } = split;
    let registered = Registered::new(program, kernels);
    let bytes = around.to_bytes(registered.number());
    OnnxEngine::new(OnnxModel { bytes, body: Some(registered) }, signature, options)
}

/// What a tile may take in ONNX Runtime's own kernels: activations of 512x512 pixels through SPAN. Smaller tiles compute
/// more halo.
const TILE_ACTIVATIONS: f64 = (448 << 20) as f64;

/// The same for networks that see as far as [`DEEP_HALO`]: smaller tiles would compute most pixels twice.
const DEEP_TILE_ACTIVATIONS: f64 = (768 << 20) as f64;

/// How much more a picture may take that is run as one tile, with all cores and no halo: 1024x768 pixels through SPAN.
const WHOLE: u64 = 4;

/// Where rows stream through the network, the result is what grows with a tile: floats, held until they are stitched.
const TILE_RESULT: u64 = 64 << 20;

/// Multiply-adds of a tile: some seconds, ten at most where no other core is idle. A deep network would compute an eighth
/// of 512x512 pixels twice if they were cut in two.
const TILE_WORK: u64 = 2_200_000_000_000;

/// Multiply-adds of a tile that keeps a worker for some hundredths of a second, so that it need not make way for others:
/// 128x128 pixels through SPAN. Such tiles hold little memory, and are let in however many others have begun.
const QUICK_WORK: u64 = TILE_WORK / 250;

/// Streaming kernels hold some rows of every activation: 84 MB for SPAN at this width.
const WIDEST_STREAM: u32 = 768;

/// How well ONNX Runtime spreads a run over threads: measured at 128 and 512 pixels a side.
const STOCK_SPREAD: f64 = 0.95;

/// How well a program does.
const STREAM_SPREAD: f64 = 0.95;

pub(super) fn stock_load(network: &Network) -> Result<Load, Error> {
    let deep = network.footprint().radius.is_some_and(|radius| radius > DEEP_HALO);
    let most = if deep { DEEP_TILE_ACTIVATIONS } else { TILE_ACTIVATIONS };
    let affordable = most / network.bytes_per_pixel()?.max(1.0);
    let bytes_per_pixel = match network.footprint().radius {
        Some(_) => network.bytes_per_pixel()?,
        None => network.planned_bytes_per_pixel()?,
    };
    let (most_pixels, bytes_per_pixel) = (affordable as u64, bytes_per_pixel.ceil() as u64);
    // ONNX Runtime's own kernels cannot make way for others: no tile is long.
    let most_whole = most_pixels.saturating_mul(WHOLE);
    Ok(Load { most_pixels, most_whole, spread: STOCK_SPREAD, bytes_per_pixel, ..Load::UNLIMITED })
}

fn streaming_load(network: &Network, signature: &Signature) -> Load {
    let scale = u64::from(signature.footprint.scale);
    let bytes_per_pixel = signature.channels_out as u64 * scale * scale * size_of::<f32>() as u64;
    let macs = network.macs_per_pixel().unwrap_or(1).max(1);
    Load {
        most_pixels: (TILE_WORK / macs).min(TILE_RESULT / bytes_per_pixel.max(1)),
        most_whole: 0,
        long_pixels: QUICK_WORK / macs,
        widest: WIDEST_STREAM,
        spread: STREAM_SPREAD,
        bytes_per_pixel: 0,
        ..Load::UNLIMITED
    }
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
    let mut network = match Forms::new(proto, definition.channels)? {
        Forms { network, grey: None, .. } => network,
        _ => {
            return Err(Error::InvalidArgument(
                "Expected channels 1 or 3 for an .onnx: with 4, colour and alpha run in networks of their own".to_owned(),
            ));
        }
    };
    let signature = signature(&network, format, definition)?;
    let text = |(low, high): (f32, f32)| format!("{low},{high}");
    network.set_metadata(INPUT_RANGE, &text(signature.input_range));
    network.set_metadata(OUTPUT_RANGE, &text(signature.output_range));
    Ok((network, signature))
}

/// Metadata keys of an `.onnx` that say what its values for black and white are, as `low,high`.
const INPUT_RANGE: &str = "upscaler.input_range";
const OUTPUT_RANGE: &str = "upscaler.output_range";

pub(super) fn signature(
    network: &Network,
    format: FileFormat,
    definition: &Definition,
) -> Result<Signature, Error> {
    let mut footprint = network.footprint();
    agree("scale", definition.scale, footprint.scale)?;
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
        load: Load::UNLIMITED,
        fixed_size: network.fixed_size().map(|(height, width)| (height as u32, width as u32)),
        input_range,
        output_range,
        guarded: definition.guarded,
    })
}

pub(super) fn agree<T: PartialEq + std::fmt::Display>(
    name: &str,
    said: Option<T>,
    found: T,
) -> Result<(), Error> {
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
