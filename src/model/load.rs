//! From a source and a definition to an engine.

use std::sync::Arc;

use super::definition::{Definition, ModelInfo};
use super::shared;
use super::source::{FileFormat, Source};
use crate::engine::{Engine, SessionOptions, Signature};
use crate::error::Error;
use crate::graph::Network;
use crate::upscale::halo;

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
    let (proto, format) = source.read()?;
    let network = Network::from_model(proto)?;
    let signature = signature(&network, format, definition)?;
    let bytes = network.to_bytes();
    let info = ModelInfo {
        name: definition.name.clone().unwrap_or_else(|| source.name()),
        scale: signature.footprint.scale,
        channels: signature.channels_in,
        halo: signature.footprint.radius.map(|_| halo(&signature.footprint)),
        format,
        parameters: network.parameters(),
        size_bytes: bytes.len() as u64,
        provider: "cpu",
        kernels: "onnxruntime",
        precision: "fp32",
        input_range: signature.input_range,
        output_range: signature.output_range,
        fixed_size: signature.fixed_size,
    };
    drop(network);
    let engine = shared::engine(bytes, signature, SessionOptions { workers })?;
    Ok(Model { engine, info })
}

/// How weights are stored in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// As they are computed with.
    #[default]
    Float32,
    /// Half the size; weights are rounded to 11 bits, unless they came as float16.
    Float16,
}

/// The model as an `.onnx`, with its value ranges as metadata.
///
/// # Errors
/// As [`load`], without those of the engine.
pub fn to_onnx(source: &Source, definition: &Definition, storage: Storage) -> Result<Vec<u8>, Error> {
    definition.check()?;
    let (proto, format) = source.read()?;
    let mut network = Network::from_model(proto)?;
    let signature = signature(&network, format, definition)?;
    let text = |(low, high): (f32, f32)| format!("{low},{high}");
    network.set_metadata(INPUT_RANGE, &text(signature.input_range));
    network.set_metadata(OUTPUT_RANGE, &text(signature.output_range));
    Ok(match storage {
        Storage::Float32 => network.to_bytes(),
        Storage::Float16 => network.to_onnx_fp16_storage(),
    })
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
