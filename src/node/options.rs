//! Option objects. Every field says its default; the shim has checked types, the core checks values.

use std::time::{Duration, Instant};

use napi_derive::napi;

use super::enums::{NativeAlpha, NativeFailOn, NativeFit, NativeFormat, NativeKeepMetadata, NativeOutput};
use crate::error::Error;
use crate::raster::{FailOn, Format};
use crate::upscale::{Alpha, Fit, KeepMetadata, Limits, Options, OutputKind};

/// What an instance allows.
#[napi(object)]
#[derive(Default)]
pub struct InstanceOptions {
    /// Workers that this instance may use at the same time; default: all.
    pub threads: Option<u32>,
    /// Images that are worked on at the same time; default: from the workers and the memory.
    pub concurrency: Option<u32>,
    /// Images that may wait beside them; default 256.
    pub max_pending: Option<u32>,
    /// Bytes of a file on disk; default 256 MiB.
    pub limit_input_bytes: Option<f64>,
    /// Pixels of an input; 0 is no limit; default 50,000,000.
    pub limit_input_pixels: Option<f64>,
    /// Pixels of a result; 0 is no limit; default 1,073,610,756, four times sharp's limit.
    pub limit_output_pixels: Option<f64>,
    /// How bad an input may be; default 'error'.
    pub fail_on: Option<NativeFailOn>,
}

impl InstanceOptions {
    /// The limits among them.
    pub fn limits(&self) -> Limits {
        let defaults = Limits::default();
        let limit = |given: Option<f64>, default| match given {
            None => default,
            Some(pixels) if pixels < 1.0 => None,
            Some(pixels) => Some(pixels as u64),
        };
        Limits {
            input_bytes: self.limit_input_bytes.map_or(defaults.input_bytes, |bytes| bytes as u64),
            input_pixels: limit(self.limit_input_pixels, defaults.input_pixels),
            output_pixels: limit(self.limit_output_pixels, defaults.output_pixels),
            fail_on: self.fail_on.map_or(defaults.fail_on, FailOn::from),
        }
    }
}

/// What to do with one image.
#[napi(object)]
#[derive(Default)]
pub struct UpscaleOptions {
    /// The form of the result; default 'encoded'.
    pub output: Option<NativeOutput>,
    /// The file format; default: the input's, if it can hold the result, else 'png'.
    pub format: Option<NativeFormat>,
    /// 1..=100; default 90.
    pub quality: Option<u32>,
    /// Lossless WebP; default false.
    pub lossless: Option<bool>,
    /// PNG, 0..=9; default 3.
    pub compression_level: Option<u32>,
    /// 8 or 16 bits per sample; default: the input's.
    #[napi(ts_type = "8 | 16")]
    pub depth: Option<u32>,
    /// Final size as a multiple of the input's; default: the network's.
    pub scale: Option<f64>,
    /// Final width; default: from the scale or the height.
    pub width: Option<u32>,
    /// Final height; default: from the scale or the width.
    pub height: Option<u32>,
    /// How the picture fits `width` x `height`; default 'cover'.
    pub fit: Option<NativeFit>,
    /// UpscalerJS's patches; default: automatic tiles.
    pub patch_size: Option<u32>,
    /// Context of UpscalerJS's patches; default 0.
    pub padding: Option<u32>,
    /// How an alpha channel is upscaled; default 'model'.
    pub alpha: Option<NativeAlpha>,
    /// The colour under removed alpha, 0..=255 each; default black.
    #[napi(ts_type = "[number, number, number]")]
    pub background: Option<Vec<u32>>,
    /// Apply the EXIF orientation; default true.
    pub auto_orient: Option<bool>,
    /// Which metadata the result carries; default 'none'.
    pub keep_metadata: Option<NativeKeepMetadata>,
    /// Which page of a TIFF or frame of an animation, from 0; default 0.
    pub page: Option<u32>,
    /// The form in which tiles' pixels go to the progress callback; default: they do not.
    pub slices: Option<NativeOutput>,
    /// Milliseconds from now by which the result must be done; default: no limit.
    pub timeout: Option<f64>,
}

impl TryFrom<UpscaleOptions> for Options {
    type Error = Error;

    fn try_from(given: UpscaleOptions) -> Result<Options, Error> {
        let defaults = Options::default();
        Ok(Options {
            output: given.output.map_or(defaults.output, OutputKind::from),
            format: given.format.map(Format::from),
            quality: within("quality", given.quality, 1, 100)?.unwrap_or(defaults.quality),
            lossless: given.lossless.unwrap_or(defaults.lossless),
            compression_level: within("compressionLevel", given.compression_level, 0, 9)?
                .unwrap_or(defaults.compression_level),
            depth: depth(given.depth)?,
            scale: given.scale,
            width: given.width,
            height: given.height,
            fit: given.fit.map_or(defaults.fit, Fit::from),
            patch_size: given.patch_size,
            padding: given.padding.unwrap_or(defaults.padding),
            alpha: given.alpha.map_or(defaults.alpha, Alpha::from),
            background: background(given.background)?.unwrap_or(defaults.background),
            auto_orient: given.auto_orient.unwrap_or(defaults.auto_orient),
            keep_metadata: given.keep_metadata.map_or(defaults.keep_metadata, KeepMetadata::from),
            page: given.page.unwrap_or(defaults.page),
            slices: given.slices.map(OutputKind::from),
            deadline: given.timeout.and_then(deadline),
        })
    }
}

fn deadline(timeout: f64) -> Option<Instant> {
    Instant::now().checked_add(Duration::try_from_secs_f64(timeout / 1e3).ok()?)
}

fn depth(given: Option<u32>) -> Result<Option<u8>, Error> {
    match given {
        Some(depth @ (8 | 16)) => Ok(Some(depth as u8)),
        Some(other) => {
            Err(Error::InvalidArgument(format!("Expected 8 or 16 for depth but received {other}")))
        }
        None => Ok(None),
    }
}

fn within(name: &str, given: Option<u32>, low: u8, high: u8) -> Result<Option<u8>, Error> {
    match given {
        Some(value) if value < u32::from(low) || value > u32::from(high) => Err(Error::InvalidArgument(
            format!("Expected an integer from {low} to {high} for {name} but received {value}"),
        )),
        value => Ok(value.map(|value| value as u8)),
    }
}

fn background(given: Option<Vec<u32>>) -> Result<Option<[u8; 3]>, Error> {
    let Some(given) = given else { return Ok(None) };
    let bytes: Vec<u8> = given.iter().filter_map(|value| u8::try_from(*value).ok()).collect();
    match bytes[..] {
        [r, g, b] if given.len() == 3 => Ok(Some([r, g, b])),
        _ => Err(Error::InvalidArgument(format!(
            "Expected three integers from 0 to 255 for background but received {given:?}"
        ))),
    }
}
