//! Results as JavaScript gets them. Vectors are handed over without a copy.

use napi::bindgen_prelude::{Buffer, Either3, Float32Array, Uint16Array};
use napi_derive::napi;

use crate::raster::{Format, Raster, Samples};
use crate::upscale::{Counts, OutputChunk, ResultData, Stages, Upscaled};

/// Bytes of a file or 8-bit samples, floats, or 16-bit samples.
pub type NativeData = Either3<Buffer, Float32Array, Uint16Array>;

/// An upscaled image.
#[napi(object, object_from_js = false)]
pub struct NativeResult {
    pub data: NativeData,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    /// Bits per sample: 8, 16, or 32 for floats.
    #[napi(ts_type = "8 | 16 | 32")]
    pub depth: u32,
    /// Of 'encoded' results.
    pub format: Option<String>,
    /// The network that ran, or `a+b` where two did.
    pub model: String,
    pub duration_ms: f64,
    pub stages: NativeStages,
    /// The share of the result, 0..=1, that was replaced because a network had blown it up.
    pub guarded: f64,
    /// The share of the picture, 0..=1, that is drawn and that the network for that has upscaled.
    pub drawn: f64,
    /// Pages or frames of the input.
    pub pages: u32,
    pub warnings: Vec<String>,
}

impl From<Upscaled> for NativeResult {
    fn from(upscaled: Upscaled) -> NativeResult {
        let (data, format) = match upscaled.data {
            ResultData::Encoded(bytes, format) => (Either3::A(bytes.into()), Some(name(format).to_owned())),
            ResultData::Raster(raster) => (samples(raster), None),
        };
        NativeResult {
            data,
            format,
            width: upscaled.width,
            height: upscaled.height,
            channels: upscaled.channels.into(),
            depth: upscaled.depth.into(),
            model: upscaled.model,
            duration_ms: upscaled.duration_ms,
            stages: upscaled.stages.into(),
            guarded: upscaled.guarded,
            drawn: upscaled.drawn,
            pages: upscaled.pages,
            warnings: upscaled.warnings,
        }
    }
}

/// The samples of a picture.
pub fn samples(raster: Raster) -> NativeData {
    match raster.samples {
        Samples::U8(samples) => Either3::A(samples.into()),
        Samples::F32(samples) => Either3::B(samples.into()),
        Samples::U16(samples) => Either3::C(samples.into()),
    }
}

pub fn name(format: Format) -> &'static str {
    match format {
        Format::Png => "png",
        Format::Jpeg => "jpeg",
        Format::Webp => "webp",
        Format::Tiff => "tiff",
        Format::Bmp => "bmp",
        Format::Gif => "gif",
        Format::Avif => "avif",
        Format::Jxl => "jxl",
        Format::Pnm => "ppm",
        Format::Qoi => "qoi",
        Format::Ico => "ico",
    }
}

/// Milliseconds of a call by stage.
#[napi(object, object_from_js = false)]
pub struct NativeStages {
    pub decode: f64,
    pub upscale: f64,
    pub encode: f64,
}

impl From<Stages> for NativeStages {
    fn from(Stages { decode, upscale, encode }: Stages) -> NativeStages {
        NativeStages { decode, upscale, encode }
    }
}

/// A part of an encoded result that is sent while the rest is computed: one header, then bytes.
#[napi(object, object_from_js = false)]
pub struct NativeChunk {
    pub header: Option<NativeStreamHeader>,
    pub data: Option<Buffer>,
}

/// What is known of a file before its first byte.
#[napi(object, object_from_js = false)]
pub struct NativeStreamHeader {
    pub format: String,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    pub model: String,
}

impl From<OutputChunk> for NativeChunk {
    fn from(chunk: OutputChunk) -> NativeChunk {
        match chunk {
            OutputChunk::Bytes(bytes) => NativeChunk { header: None, data: Some(bytes.into()) },
            OutputChunk::Header(header) => {
                let header = NativeStreamHeader {
                    format: name(header.format).to_owned(),
                    width: header.width,
                    height: header.height,
                    channels: header.channels.into(),
                    model: header.model,
                };
                NativeChunk { header: Some(header), data: None }
            }
        }
    }
}

/// What became of images so far.
#[napi(object, object_from_js = false)]
pub struct NativeCounters {
    pub queued: f64,
    pub running: f64,
    pub done: f64,
    pub failed: f64,
    pub aborted: f64,
    pub refused: f64,
}

impl From<Counts> for NativeCounters {
    fn from(counts: Counts) -> NativeCounters {
        NativeCounters {
            queued: counts.queued as f64,
            running: counts.running as f64,
            done: counts.done as f64,
            failed: counts.failed as f64,
            aborted: counts.aborted as f64,
            refused: counts.refused as f64,
        }
    }
}
