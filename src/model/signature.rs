//! A network's signature: from the network, the definition, and the value ranges in its metadata.

use super::definition::Definition;
use super::source::FileFormat;
use crate::engine::{Signature, TileLimits};
use crate::error::Error;
use crate::graph::Network;

/// Where tiles are cut for ONNX Runtime's own kernels: as for ours, so that a plan does not depend on the kernels.
const DEFAULT_ALIGNMENT: u32 = 4;

/// Metadata keys of an `.onnx` for the values of black and white, as `low,high`.
pub(super) const INPUT_RANGE: &str = "upscaler.input_range";
pub(super) const OUTPUT_RANGE: &str = "upscaler.output_range";

/// The signature, with a halo, limits and alignment that hold until it is known which kernels run.
///
/// # Errors
/// [`Error::ModelLoad`] where the definition contradicts the network, or metadata is malformed.
pub(super) fn signature(
    network: &Network,
    format: FileFormat,
    definition: &Definition,
) -> Result<Signature, Error> {
    let mut geometry = network.geometry();
    agree("scale", definition.scale, geometry.scale)?;
    if let Some(factor) = definition.divisibility_factor {
        geometry.size_multiple = geometry.size_multiple.max(factor);
    }
    let input_range = match definition.input_range {
        Some(range) => range,
        None => range(network, INPUT_RANGE)?.unwrap_or(format.default_range()),
    };
    let output_range = match definition.output_range {
        Some(range) => range,
        None => range(network, OUTPUT_RANGE)?.unwrap_or(input_range),
    };
    Ok(Signature {
        channels_in: network.channels_in(),
        channels_out: network.channels_out(),
        geometry,
        halo: 0,
        limits: TileLimits::UNLIMITED,
        alignment: DEFAULT_ALIGNMENT,
        fixed_size: network.fixed_size().map(|(height, width)| (height as u32, width as u32)),
        input_range,
        output_range,
        guarded: definition.guarded,
        multiplies: network.multiplies(),
    })
}

/// Checks what the definition says against what was found.
///
/// # Errors
/// [`Error::ModelLoad`] where they differ.
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
