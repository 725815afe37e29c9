//! Option objects. Every field says its default; the shim has checked types, the core checks values.

use std::time::{Duration, Instant};

use napi_derive::napi;

use super::errors::{Code, thrown};
use crate::error::Error;
use crate::raster::{FailOn, Format};
use crate::upscale::{Alpha, Fit, KeepMetadata, Limits, Options, Output};

/// What an instance allows.
#[napi(object)]
#[derive(Default)]
pub struct InstanceOptions {
    /// Workers that this instance may use at the same time; default: all.
    pub threads: Option<u32>,
    /// Images that may be waiting; default 256.
    pub max_pending: Option<u32>,
    /// Bytes of a file on disk; default 256 MiB.
    pub limit_input_bytes: Option<f64>,
    /// Pixels of an input; 0 is no limit; default 50000000.
    pub limit_input_pixels: Option<f64>,
    /// Pixels of a result; 0 is no limit; default four times that of inputs.
    pub limit_output_pixels: Option<f64>,
    /// How bad an input may be; default 'error'.
    #[napi(ts_type = "'none' | 'truncated' | 'error' | 'warning'")]
    pub fail_on: Option<String>,
}

impl InstanceOptions {
    /// The limits among them.
    pub fn limits(&self) -> Result<Limits, napi::Error<Code>> {
        let defaults = Limits::default();
        let limit = |given: Option<f64>, default| match given {
            None => default,
            Some(pixels) if pixels < 1.0 => None,
            Some(pixels) => Some(pixels as u64),
        };
        let fail_on = [
            ("none", FailOn::None),
            ("truncated", FailOn::Truncated),
            ("error", FailOn::Error),
            ("warning", FailOn::Warning),
        ];
        Ok(Limits {
            input_bytes: self.limit_input_bytes.map_or(defaults.input_bytes, |bytes| bytes as u64),
            input_pixels: limit(self.limit_input_pixels, defaults.input_pixels),
            output_pixels: limit(self.limit_output_pixels, defaults.output_pixels),
            fail_on: one_of("failOn", self.fail_on.as_deref(), &fail_on)?.unwrap_or(defaults.fail_on),
        })
    }
}

/// What to do with one image.
#[napi(object)]
#[derive(Default)]
pub struct UpscaleOptions {
    /// What the result is made into; default 'encoded'.
    #[napi(ts_type = "'encoded' | 'raw' | 'tensor'")]
    pub output: Option<String>,
    /// The file format; default: the input's, if it can hold the result, else 'png'.
    #[napi(ts_type = "'png' | 'jpeg' | 'webp' | 'tiff'")]
    pub format: Option<String>,
    /// 1..=100; default 90.
    pub quality: Option<u32>,
    /// Lossless WebP; default false.
    pub lossless: Option<bool>,
    /// PNG, 0..=9; default 6.
    pub compression_level: Option<u32>,
    /// 8 or 16 bits per sample; default: the input's.
    pub depth: Option<u32>,
    /// Final size as a multiple of the input's; default: the network's.
    pub scale: Option<f64>,
    /// Final width; default: from the scale or the height.
    pub width: Option<u32>,
    /// Final height; default: from the scale or the width.
    pub height: Option<u32>,
    /// How the picture fits `width` x `height`; default 'cover'.
    #[napi(ts_type = "'cover' | 'contain' | 'fill' | 'inside' | 'outside'")]
    pub fit: Option<String>,
    /// UpscalerJS's patches; default: automatic tiles.
    pub patch_size: Option<u32>,
    /// Context of UpscalerJS's patches; default 0.
    pub padding: Option<u32>,
    /// What becomes of an alpha channel; default 'model'.
    #[napi(ts_type = "'model' | 'resample' | 'remove'")]
    pub alpha: Option<String>,
    /// What removed alpha shows, 0..=255 each; default black.
    #[napi(ts_type = "[number, number, number]")]
    pub background: Option<Vec<u32>>,
    /// Apply the EXIF orientation; default true.
    pub auto_orient: Option<bool>,
    /// Which metadata the result carries; default 'none'.
    #[napi(ts_type = "'none' | 'icc' | 'all'")]
    pub keep_metadata: Option<String>,
    /// Which page of a TIFF or frame of an animation, from 0; default 0.
    pub page: Option<u32>,
    /// Hand tiles' pixels to the progress callback, as this; default: none.
    #[napi(ts_type = "'encoded' | 'raw' | 'tensor'")]
    pub slices: Option<String>,
    /// Milliseconds from now after which the result is of no use; default: none.
    pub timeout: Option<f64>,
}

const OUTPUTS: [(&str, Output); 3] =
    [("encoded", Output::Encoded), ("raw", Output::Raw), ("tensor", Output::Tensor)];

impl TryFrom<UpscaleOptions> for Options {
    type Error = napi::Error<Code>;

    fn try_from(given: UpscaleOptions) -> Result<Options, Self::Error> {
        let formats =
            [("png", Format::Png), ("jpeg", Format::Jpeg), ("webp", Format::Webp), ("tiff", Format::Tiff)];
        let fits = [
            ("cover", Fit::Cover),
            ("contain", Fit::Contain),
            ("fill", Fit::Fill),
            ("inside", Fit::Inside),
            ("outside", Fit::Outside),
        ];
        let alphas = [("model", Alpha::Model), ("resample", Alpha::Resample), ("remove", Alpha::Remove)];
        let keeps = [("none", KeepMetadata::None), ("icc", KeepMetadata::Icc), ("all", KeepMetadata::All)];
        let defaults = Options::default();
        Ok(Options {
            output: one_of("output", given.output.as_deref(), &OUTPUTS)?.unwrap_or_default(),
            format: one_of("format", given.format.as_deref(), &formats)?,
            quality: within("quality", given.quality, 1, 100)?.unwrap_or(defaults.quality),
            lossless: given.lossless.unwrap_or(defaults.lossless),
            compression_level: within("compressionLevel", given.compression_level, 0, 9)?
                .unwrap_or(defaults.compression_level),
            depth: one_of(
                "depth",
                given.depth.map(|depth| depth.to_string()).as_deref(),
                &[("8", 8), ("16", 16)],
            )?,
            scale: given.scale,
            width: given.width,
            height: given.height,
            fit: one_of("fit", given.fit.as_deref(), &fits)?.unwrap_or_default(),
            patch_size: given.patch_size,
            padding: given.padding.unwrap_or(defaults.padding),
            alpha: one_of("alpha", given.alpha.as_deref(), &alphas)?.unwrap_or_default(),
            background: background(given.background)?.unwrap_or(defaults.background),
            auto_orient: given.auto_orient.unwrap_or(defaults.auto_orient),
            keep_metadata: one_of("keepMetadata", given.keep_metadata.as_deref(), &keeps)?
                .unwrap_or_default(),
            page: given.page.unwrap_or(defaults.page),
            slices: one_of("progressOutput", given.slices.as_deref(), &OUTPUTS)?,
            deadline: given.timeout.and_then(deadline),
        })
    }
}

fn deadline(timeout: f64) -> Option<Instant> {
    Instant::now().checked_add(Duration::try_from_secs_f64(timeout / 1e3).ok()?)
}

fn one_of<T: Copy>(
    name: &str,
    given: Option<&str>,
    choices: &[(&str, T)],
) -> Result<Option<T>, napi::Error<Code>> {
    let Some(given) = given else { return Ok(None) };
    match choices.iter().find(|(choice, _)| *choice == given) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let names: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
            Err(invalid(format!("Expected one of: {} for {name} but received {given}", names.join(", "))))
        }
    }
}

fn within(name: &str, given: Option<u32>, low: u8, high: u8) -> Result<Option<u8>, napi::Error<Code>> {
    match given {
        Some(value) if value < u32::from(low) || value > u32::from(high) => {
            Err(invalid(format!("Expected an integer from {low} to {high} for {name} but received {value}")))
        }
        value => Ok(value.map(|value| value as u8)),
    }
}

fn background(given: Option<Vec<u32>>) -> Result<Option<[u8; 3]>, napi::Error<Code>> {
    let Some(given) = given else { return Ok(None) };
    let bytes: Vec<u8> = given.iter().filter_map(|value| u8::try_from(*value).ok()).collect();
    match bytes[..] {
        [r, g, b] if given.len() == 3 => Ok(Some([r, g, b])),
        _ => Err(invalid(format!(
            "Expected three integers from 0 to 255 for background but received {given:?}"
        ))),
    }
}

fn invalid(message: String) -> napi::Error<Code> {
    thrown(Error::InvalidArgument(message))
}
