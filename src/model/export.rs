//! A model as an `.onnx` file.

use super::channel_forms::ChannelForms;
use super::definition::Definition;
use super::signature::{INPUT_RANGE, OUTPUT_RANGE, signature};
use super::source::ModelSource;
use crate::engine::Signature;
use crate::error::Error;
use crate::graph::Network;

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
/// As [`load`](super::load), without those of the engine.
pub fn to_onnx(source: &ModelSource, definition: &Definition, storage: Storage) -> Result<Vec<u8>, Error> {
    Ok(storage.write(&read(source, definition)?.0))
}

/// The network with its value ranges as metadata, and its signature.
///
/// # Errors
/// As [`load`](super::load), without those of the engine.
pub fn read(source: &ModelSource, definition: &Definition) -> Result<(Network, Signature), Error> {
    definition.check()?;
    let (proto, format) = source.read()?;
    let mut network = match ChannelForms::new(proto, definition.channels)? {
        ChannelForms { network, grey: None, .. } => network,
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
