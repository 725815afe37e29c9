//! The options of one image, and the limits of an instance. Plain data: the binding fills it in, the job acts on it. Their
//! defaults are here alone; `index.d.ts` repeats them for readers.

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

/// The form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OutputKind {
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

/// How an alpha channel is upscaled.
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
    /// The colour profile, EXIF, XMP, IPTC and resolution.
    All,
}

/// What to do with one image. `None` is "as the input" or "as the network gives it".
#[derive(Clone, Debug)]
pub struct Options {
    /// The form of the result.
    pub output: OutputKind,
    /// The file format; by default the input's, if it can hold the result, else PNG.
    pub format: Option<Format>,
    /// JPEG, AVIF and lossy WebP, 1..=100.
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
    /// How an alpha channel is upscaled.
    pub alpha: Alpha,
    /// The colour under removed alpha and of letterboxes: black by default, as in sharp.
    pub background: [u8; 3],
    /// Apply the EXIF orientation.
    pub auto_orient: bool,
    /// Which metadata the result carries.
    pub keep_metadata: KeepMetadata,
    /// Which page of a TIFF or frame of an animation, from 0.
    pub page: u32,
    /// The form in which every tile's pixels go to the progress callback; `None`: not at all.
    pub slices: Option<OutputKind>,
    /// When the result must be done.
    pub deadline: Option<Instant>,
}

impl Default for Options {
    fn default() -> Self {
        let encode = EncodeOptions::new(Format::Png);
        Options {
            output: OutputKind::Encoded,
            format: None,
            quality: encode.quality,
            lossless: encode.lossless,
            compression_level: encode.compression_level,
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
    /// Bytes of a file on disk; what comes in other ways is limited in lib/input.js.
    pub input_bytes: u64,
    /// Pixels of an input picture.
    pub input_pixels: Option<u64>,
    /// Pixels of a result and of every step on the way to it.
    pub output_pixels: Option<u64>,
    /// How bad an input may be.
    pub fail_on: FailOn,
}

impl Default for Limits {
    /// The decoder's limit for inputs (50 megapixels, the largest photographs of phones), four times sharp's limit for
    /// results, and files of 256 MiB.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upscale::DEFAULT_MAX_PENDING;

    /// What index.d.ts says after "Default" of an option.
    fn documented(option: &str) -> &'static str {
        let types = include_str!("../../index.d.ts");
        let before = types.split(&format!("\n    {option}?:")).next().unwrap_or_default();
        assert!(before.len() < types.len(), "index.d.ts has no option {option}");
        let comment = before.rsplit("/**").next().unwrap_or_default();
        let default =
            comment.rsplit("Default").next().unwrap_or_default().trim_start_matches([':', ' ', '`']);
        default.split(['.', ' ', '`', ':']).next().unwrap_or_default()
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let (limits, options) = (Limits::default(), Options::default());
        for (option, value) in [
            ("limitInputBytes", limits.input_bytes.to_string()),
            ("limitInputPixels", limits.input_pixels.unwrap().to_string()),
            ("limitOutputPixels", limits.output_pixels.unwrap().to_string()),
            ("maxPending", DEFAULT_MAX_PENDING.to_string()),
            ("quality", options.quality.to_string()),
            ("lossless", options.lossless.to_string()),
            ("compressionLevel", options.compression_level.to_string()),
            ("autoOrient", options.auto_orient.to_string()),
            ("page", options.page.to_string()),
            ("failOn", format!("'{:?}'", limits.fail_on).to_lowercase()),
            ("fit", format!("'{:?}'", options.fit).to_lowercase()),
            ("alpha", format!("'{:?}'", options.alpha).to_lowercase()),
            ("keepMetadata", format!("'{:?}'", options.keep_metadata).to_lowercase()),
        ] {
            assert_eq!(value, documented(option), "{option}");
        }
        assert_eq!((documented("background"), options.background), ("black", [0; 3]));
        assert_eq!((documented("padding"), options.padding), ("with", 0));
    }
}
