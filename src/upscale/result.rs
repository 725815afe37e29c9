//! The result of a job.

use std::time::Duration;

use crate::raster::{Format, Raster};

/// An upscaled image.
#[derive(Debug)]
pub struct Upscaled {
    pub data: ResultData,
    pub width: u32,
    pub height: u32,
    pub channels: u8,
    /// Bits per sample: 8, 16, or 32 for floats.
    pub depth: u8,
    /// The names of the networks that made it.
    pub model: String,
    /// From admission to the end, in milliseconds.
    pub duration_ms: f64,
    pub stages: Stages,
    /// The share of the result, 0..=1, that the guard replaced.
    pub guarded: f64,
    /// The share of the picture, 0..=1, that is drawn and that the network for that has upscaled.
    pub drawn: f64,
    /// How many pages or frames the input has.
    pub pages: u32,
    /// Defects of the input that `fail_on` lets pass.
    pub warnings: Vec<String>,
}

/// The pixels of a result.
#[derive(Debug)]
pub enum ResultData {
    /// A file; empty where its bytes went to an output stream.
    Encoded(Vec<u8>, Format),
    /// Pixels.
    Raster(Raster),
}

/// How long a job was in each stage, in milliseconds, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Reading and decoding the picture, and converting it to what the network takes.
    pub decode: f64,
    /// Running the networks; finished rows are compressed meanwhile.
    pub upscale: f64,
    /// What is left to do after the last row: resampling, framing, compressing, and waiting for the reader of a stream.
    pub encode: f64,
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
