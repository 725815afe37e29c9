//! A model's definition: what the caller knows of it beside its file.

use super::precision::Precision;
use super::source::{FileFormat, ModelSource};
use crate::error::Error;

/// What the caller specifies of a model; what is absent is taken from the file.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// A name for messages and results.
    pub name: Option<String>,
    /// The sha256 of the model's file, or of its files one after the other, in hexadecimal digits: see
    /// [`Files::digest`](super::source::Files::digest). Checked before anything is parsed.
    pub sha256: Option<String>,
    /// Checked against the network.
    pub scale: Option<u32>,
    /// The network's values for black and white at its input.
    pub input_range: Option<(f32, f32)>,
    /// The network's values for black and white at its output.
    pub output_range: Option<(f32, f32)>,
    /// The channels of the pictures that it is for. A network for 3 can be had for 1 (grey) and 4 (with alpha) too;
    /// otherwise checked against the network.
    pub channels: Option<usize>,
    /// Whether its result, reduced to the size of its input, must equal its input: the guard replaces what does not.
    pub guarded: bool,
    /// The network takes sizes that are multiples of this.
    pub divisibility_factor: Option<u32>,
    /// Checked against the network; by default as the network is.
    pub precision: Option<Precision>,
    /// The same model in int8, which [`Precision::Int8`] then chooses where it is faster than float32.
    pub quantized: Option<ModelSource>,
    /// Whether that is faster than our own kernels too.
    pub quantized_beats_kernels: bool,
    /// In order of preference; `cpu` is what this engine offers.
    pub execution_providers: Vec<String>,
}

impl Definition {
    /// Refuses what this engine cannot do, before anything is read.
    ///
    /// # Errors
    /// [`Error::Provider`] for other execution providers than `cpu`, [`Error::InvalidArgument`] for ranges,
    /// factors and hashes that cannot be.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(provider) = self.execution_providers.iter().find(|provider| *provider != "cpu") {
            return Err(Error::Provider(format!(
                "Expected an execution provider that is available (cpu) but received '{provider}'"
            )));
        }
        for (name, range) in [("inputRange", self.input_range), ("outputRange", self.output_range)] {
            if let Some((low, high)) = range
                && !(low < high && low.is_finite() && high.is_finite())
            {
                return Err(Error::InvalidArgument(format!(
                    "Expected {name} to be two finite numbers, the lower first, but received [{low}, {high}]"
                )));
            }
        }
        if let Some(sha256) = self.sha256.as_deref().filter(|given| !is_sha256(given)) {
            return Err(Error::InvalidArgument(format!(
                "Expected sha256 to be 64 hexadecimal digits but received '{sha256}'"
            )));
        }
        match self.divisibility_factor {
            Some(0) => Err(Error::InvalidArgument(
                "Expected a positive divisibilityFactor but received 0".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A loaded model, described.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// The caller's name for it, else that of its file.
    pub name: String,
    /// Of the bytes that were loaded, in hexadecimal digits: see [`Files::digest`](super::source::Files::digest).
    pub sha256: String,
    /// Output pixels per input pixel and side.
    pub scale: u32,
    /// Channels of the pictures that it is for: 1, 3 or 4.
    pub channels: usize,
    /// Context that tiles get on each side, in input pixels; `None` if the network must see the whole picture.
    pub halo: Option<u32>,
    /// Input pixels that a result pixel depends on, on each side; `None`: all of them.
    pub receptive_field: Option<u32>,
    /// The format of its file.
    pub format: FileFormat,
    /// Trained numbers.
    pub parameters: u64,
    /// Multiplications for each input pixel, of a small picture where the network is another one for every size; `None` for
    /// networks whose work does not grow with the picture.
    pub macs_per_pixel: Option<u64>,
    /// Bytes of the network in memory, without what the engine adds.
    pub size_bytes: u64,
    /// The execution provider in use.
    pub provider: &'static str,
    /// The convolution kernels in use.
    pub kernels: &'static str,
    /// The arithmetic in use.
    pub precision: Precision,
    pub input_range: (f32, f32),
    pub output_range: (f32, f32),
    /// The only input size that it takes (height, width), if it is fixed.
    pub fixed_size: Option<(u32, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_before_anything_is_read() {
        let code = |definition: Definition| definition.check().unwrap_err().code();
        let providers =
            |name: &str| Definition { execution_providers: vec![name.into()], ..Definition::default() };
        assert_eq!(code(providers("cuda")), "ERR_UPSCALER_PROVIDER");
        assert!(providers("cpu").check().is_ok());
        assert_eq!(
            code(Definition { input_range: Some((1.0, 0.0)), ..Definition::default() }),
            "ERR_INVALID_ARG_VALUE"
        );
        let short = Definition { sha256: Some("ab12".into()), ..Definition::default() };
        assert_eq!(code(short), "ERR_INVALID_ARG_VALUE");
        let nan = Definition { output_range: Some((0.0, f32::NAN)), ..Definition::default() };
        assert_eq!(code(nan), "ERR_INVALID_ARG_VALUE");
        assert_eq!(
            code(Definition { divisibility_factor: Some(0), ..Definition::default() }),
            "ERR_INVALID_ARG_VALUE"
        );
    }
}
