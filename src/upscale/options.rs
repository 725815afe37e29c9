//! What a caller may ask for one image. Plain data: the binding fills it in, the job acts on it.

use std::path::PathBuf;
use std::time::Instant;

use crate::error::Error;
use crate::raster::{DecodeOptions, EncodeOptions, FailOn, Format, Raster};

/// The picture to upscale.
pub enum Input {
    /// A file of any supported format, in memory.
    Encoded(Vec<u8>),
    /// A file of any supported format, on disk.
    Path(PathBuf),
    /// Pixels (straight alpha, sRGB) that a worker fetches when the job begins, of this width and height.
    Pixels { width: u32, height: u32, fetch: Box<dyn FnOnce() -> Result<Raster, Error> + Send> },
}

/// What the result is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Output {
    /// A file.
    #[default]
    Encoded,
    /// Interleaved 8- or 16-bit samples.
    Raw,
    /// Interleaved floats, 0..=255, not rounded.
    Tensor,
}

/// How a picture fits a box when both its sides are given; sharp's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Fit {
    /// Fill the box, crop what is over, keep the centre.
    #[default]
    Cover,
    /// Fit inside the box, fill the rest with the background.
    Contain,
    /// Stretch.
    Fill,
    /// As large as possible inside the box.
    Inside,
    /// As small as possible around the box.
    Outside,
}

/// What becomes of an alpha channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Alpha {
    /// Upscaled by the network, unless it is constant.
    #[default]
    Model,
    /// Upscaled by Lanczos resampling.
    Resample,
    /// Removed: the picture is laid on the background.
    Remove,
}

/// Which metadata the result carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KeepMetadata {
    /// None: the result is plain sRGB.
    #[default]
    None,
    /// The colour profile: the result is converted back to it.
    Icc,
    /// The colour profile and EXIF.
    All,
}

/// What to do with one image. `None` is "as the input" or "as the network gives it".
#[derive(Clone, Debug)]
pub struct Options {
    /// What the result is made into.
    pub output: Output,
    /// The file format; by default the input's, if it can hold the result, else PNG.
    pub format: Option<Format>,
    /// JPEG and lossy WebP, 1..=100.
    pub quality: u8,
    /// Lossless WebP.
    pub lossless: bool,
    /// PNG, 0..=9.
    pub compression_level: u8,
    /// Bits per sample, 8 or 16.
    pub depth: Option<u8>,
    /// Final size as a multiple of the input's.
    pub scale: Option<f64>,
    /// Final width in pixels.
    pub width: Option<u32>,
    /// Final height in pixels.
    pub height: Option<u32>,
    /// How the picture fits where both width and height are given.
    pub fit: Fit,
    /// Size of UpscalerJS-style patches, context included; automatic tiles without it.
    pub patch_size: Option<u32>,
    /// Context of UpscalerJS-style patches, pixels a side.
    pub padding: u32,
    /// What becomes of an alpha channel.
    pub alpha: Alpha,
    /// What removed alpha and letterboxes show: black by default, as in sharp.
    pub background: [u8; 3],
    /// Apply the EXIF orientation.
    pub auto_orient: bool,
    /// Which metadata the result carries.
    pub keep_metadata: KeepMetadata,
    /// Which page of a TIFF or frame of an animation, from 0.
    pub page: u32,
    /// Hand every tile's pixels to the progress callback, as this.
    pub slices: Option<Output>,
    /// When the result is of no use any more.
    pub deadline: Option<Instant>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            output: Output::Encoded,
            format: None,
            quality: 90,
            lossless: false,
            compression_level: EncodeOptions::new(Format::Png).compression_level,
            depth: None,
            scale: None,
            width: None,
            height: None,
            fit: Fit::Cover,
            patch_size: None,
            padding: 0,
            alpha: Alpha::Model,
            background: [0; 3],
            auto_orient: true,
            keep_metadata: KeepMetadata::None,
            page: 0,
            slices: None,
            deadline: None,
        }
    }
}

/// What an instance allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a file on disk.
    pub input_bytes: u64,
    /// Pixels of an input picture.
    pub input_pixels: Option<u64>,
    /// Pixels of a result and of every step on the way to it.
    pub output_pixels: Option<u64>,
    /// How bad an input may be.
    pub fail_on: FailOn,
}

impl Default for Limits {
    /// What cameras give for inputs, four times sharp's limit for results, and files of 256 MiB.
    fn default() -> Self {
        let sharps = 0x3fff * 0x3fff;
        Limits {
            input_bytes: 256 << 20,
            input_pixels: DecodeOptions::default().limit_pixels,
            output_pixels: Some(4 * sharps),
            fail_on: FailOn::Error,
        }
    }
}
