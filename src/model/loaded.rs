//! What instances of the same model share.

use super::definition::ModelInfo;
use super::precision::Precision;
use super::source::FileFormat;
use crate::engine::{Engines, Signature};

/// What instances of the same model share.
pub(super) struct Loaded {
    pub engines: Engines,
    /// With no name.
    pub info: ModelInfo,
}

/// What is known of a model from its signature; the caller fills in the rest.
pub(super) fn describe(format: FileFormat, signature: &Signature) -> ModelInfo {
    ModelInfo {
        name: String::new(),
        sha256: String::new(),
        scale: signature.geometry.scale,
        channels: signature.channels_in,
        halo: signature.geometry.radius.map(|_| signature.halo),
        receptive_field: signature.geometry.radius,
        format,
        parameters: 0,
        macs_per_pixel: None,
        size_bytes: 0,
        provider: "cpu",
        kernels: "onnxruntime",
        precision: Precision::Fp32,
        input_range: signature.input_range,
        output_range: signature.output_range,
        fixed_size: signature.fixed_size,
    }
}
