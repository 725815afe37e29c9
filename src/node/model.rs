//! Models as JavaScript names them, and what it learns of them.

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use super::enums::{NativeFileFormat, NativePrecision};
use crate::error::Error;
use crate::memory::copied;
use crate::model::{Definition, ModelInfo, ModelSource, Precision};
use crate::upscale::GUARD_REACH;

/// A model file and what is said of it; the file decides what is absent.
#[napi(object, object_to_js = false)]
pub struct NativeModelSource {
    /// An `.onnx`, `model.json` or `.param`, or a folder that holds one.
    pub path: Option<String>,
    /// The bytes of an `.onnx`, instead of a path.
    pub bytes: Option<Uint8Array>,
    /// A name for results; default: the file's.
    pub name: Option<String>,
    /// Of the model's file, or of its files one after the other, in hexadecimal digits: checked before it is loaded.
    pub sha256: Option<String>,
    /// Checked against the network.
    pub scale: Option<u32>,
    /// Values for black and white at the input; default: the file's metadata, else [0, 255] for TensorFlow.js and
    /// [0, 1] for others.
    #[napi(ts_type = "readonly [number, number]")]
    pub input_range: Option<Vec<f64>>,
    /// Values for black and white at the output; default: the file's metadata, else as at the input.
    #[napi(ts_type = "readonly [number, number]")]
    pub output_range: Option<Vec<f64>>,
    /// Channels of the pictures that it is for: a network for 3 can be had for 1 and 4 too.
    pub channels: Option<u32>,
    /// Replace what the network has blown up; default false.
    pub guard: Option<bool>,
    /// Sizes must be multiples of this; default 1.
    pub divisibility_factor: Option<u32>,
    /// 'fp32' or 'int8', checked against the network; default: as it is.
    pub precision: Option<NativePrecision>,
    /// The same model in int8: an `.onnx` that is taken where `precision` is 'int8' and that is the faster one here.
    pub quantized: Option<String>,
    /// Whether that is faster than our own kernels in float32 too.
    pub quantized_beats_kernels: Option<bool>,
    /// In order of preference; default ['cpu'].
    pub execution_providers: Option<Vec<String>>,
}

impl NativeModelSource {
    /// The core's form of it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Limit`] where there is no memory for a copy of the bytes.
    pub fn parts(self) -> Result<(ModelSource, Definition), Error> {
        let source = match (self.path, self.bytes) {
            (Some(path), None) => ModelSource::Path(path.into()),
            (None, Some(bytes)) => ModelSource::Bytes(copied(&bytes)?),
            _ => {
                return Err(Error::InvalidArgument(
                    "Expected either a path or bytes for the model".to_owned(),
                ));
            }
        };
        let definition = Definition {
            name: self.name,
            sha256: self.sha256,
            scale: self.scale,
            input_range: range("inputRange", self.input_range)?,
            output_range: range("outputRange", self.output_range)?,
            channels: self.channels.map(|channels| channels as usize),
            guarded: self.guard.unwrap_or(false),
            divisibility_factor: self.divisibility_factor,
            precision: self.precision.map(Precision::from),
            quantized: self.quantized.map(|path| ModelSource::Path(path.into())),
            quantized_beats_kernels: self.quantized_beats_kernels.unwrap_or(false),
            execution_providers: self.execution_providers.unwrap_or_default(),
        };
        Ok((source, definition))
    }
}

fn range(name: &str, given: Option<Vec<f64>>) -> Result<Option<(f32, f32)>, Error> {
    match given.as_deref() {
        None => Ok(None),
        Some([low, high]) => Ok(Some((*low as f32, *high as f32))),
        Some(other) => {
            Err(Error::InvalidArgument(format!("Expected two numbers for {name} but received {other:?}")))
        }
    }
}

/// A loaded model, described.
#[napi(object, object_from_js = false)]
pub struct NativeModelInfo {
    pub name: String,
    /// Of the bytes that were loaded, all files one after the other.
    pub sha256: String,
    pub scale: u32,
    pub channels: u32,
    /// Input pixels of context per side; null if the network must see the whole picture.
    pub halo: Option<u32>,
    /// Input pixels by which the result of a guarded network depends on more than its halo.
    pub guard_reach: u32,
    pub format: NativeFileFormat,
    pub parameters: f64,
    /// Multiplications for each input pixel; null if they do not grow with the picture.
    pub macs_per_pixel: Option<f64>,
    /// Input pixels that a result pixel depends on, on each side; null if all.
    pub receptive_field: Option<u32>,
    pub size_bytes: f64,
    pub provider: String,
    pub kernels: String,
    pub precision: String,
    #[napi(ts_type = "[number, number]")]
    pub input_range: Vec<f64>,
    #[napi(ts_type = "[number, number]")]
    pub output_range: Vec<f64>,
    /// Height and width, if the network takes one size only.
    #[napi(ts_type = "[number, number]")]
    pub fixed_size: Option<Vec<u32>>,
}

impl From<ModelInfo> for NativeModelInfo {
    fn from(info: ModelInfo) -> NativeModelInfo {
        let range = |(low, high): (f32, f32)| vec![f64::from(low), f64::from(high)];
        NativeModelInfo {
            name: info.name,
            sha256: info.sha256,
            scale: info.scale,
            channels: info.channels as u32,
            halo: info.halo,
            guard_reach: GUARD_REACH,
            format: info.format.into(),
            parameters: info.parameters as f64,
            macs_per_pixel: info.macs_per_pixel.map(|macs| macs as f64),
            receptive_field: info.receptive_field,
            size_bytes: info.size_bytes as f64,
            provider: info.provider.to_owned(),
            kernels: info.kernels.to_owned(),
            precision: info.precision.name().to_owned(),
            input_range: range(info.input_range),
            output_range: range(info.output_range),
            fixed_size: info.fixed_size.map(|(height, width)| vec![height, width]),
        }
    }
}
