//! Which arithmetic a model runs in, where there is a choice.

use super::definition::Definition;
use super::source::ModelSource;
use crate::engine::{has_int8_dot_product, kernels};
use crate::error::Error;
use crate::graph::Network;

/// The arithmetic of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// float32 throughout.
    Fp32,
    /// 8-bit integers wherever that is faster.
    Int8,
}

impl Precision {
    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Fp32 => "fp32",
            Precision::Int8 => "int8",
        }
    }
}

/// The file to load: the int8 form of a model if it is there, asked for, and the faster one on this machine.
///
/// # Errors
/// [`Error::InvalidArgument`] if the environment asks for kernels that are not there.
pub fn choose<'a>(source: &'a ModelSource, definition: &'a Definition) -> Result<&'a ModelSource, Error> {
    match (&definition.quantized, definition.precision) {
        (Some(quantized), Some(Precision::Int8)) if int8_is_faster(definition)? => Ok(quantized),
        _ => Ok(source),
    }
}

/// With int8 dot products int8 is two to three times as fast as ONNX Runtime in float32; whether it beats our
/// own kernels depends on the network.
fn int8_is_faster(definition: &Definition) -> Result<bool, Error> {
    Ok(has_int8_dot_product() && (definition.quantized_beats_kernels || kernels()?.is_none()))
}

/// The arithmetic of a network, which must be the requested one, unless there was a choice.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is not.
pub fn of(network: &Network, definition: &Definition) -> Result<Precision, Error> {
    let found = if network.is_quantized() { Precision::Int8 } else { Precision::Fp32 };
    match definition.precision {
        Some(Precision::Int8) if found == Precision::Fp32 && definition.quantized.is_none() => Err(Error::InvalidArgument(
            "Expected a quantized model for precision 'int8' but this one computes in fp32; upscaler-node quantize \
             makes a quantized one of it"
                .to_owned(),
        )),
        Some(Precision::Fp32) if found == Precision::Int8 => Err(Error::InvalidArgument(
            "Expected a float32 model for precision 'fp32' but this one is quantised to int8".to_owned(),
        )),
        _ => Ok(found),
    }
}
