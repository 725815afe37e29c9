//! One image from bytes to bytes.

use std::sync::Arc;
use std::time::Instant;

use super::admission::{self, Admitted, Ticket, until};
use super::canvas::{self, Canvas, Depth};
use super::encoding::Encoding;
use super::finish::{Finish, Opacity};
use super::frame;
use super::layers::layers;
use super::options::{Input, KeepMetadata, Limits, Options, Output};
use super::pass::{Pass, Rows};
use super::plan::Plan;
use super::progress::Listener;
use super::size::Sizing;
use super::source::{Opened, Source};
use super::tiling::tiling;
use super::whole;
use crate::engine::{Cancel, Engine, Lane, Pool, Share};
use crate::error::Error;
use crate::raster::{self, EncodeOptions, Encoder, Format, Raster, ToProfile};

/// One image to upscale.
pub struct Job {
    pub engine: Arc<dyn Engine>,
    pub input: Input,
    pub options: Options,
    pub limits: Limits,
    pub cancel: Cancel,
    pub listener: Option<Listener>,
}

/// The result of a job.
#[derive(Debug)]
pub struct Upscaled {
    pub data: Data,
    pub width: u32,
    pub height: u32,
    pub channels: u8,
    /// Bits per sample: 8, 16, or 32 for floats.
    pub depth: u8,
    /// From admission to the end, in milliseconds.
    pub duration_ms: f64,
    /// What was wrong with the input, but not so wrong as to fail.
    pub warnings: Vec<String>,
}

/// The pixels of a result.
#[derive(Debug)]
pub enum Data {
    /// A file.
    Encoded(Vec<u8>, Format),
    /// Pixels.
    Raster(Raster),
}

impl Job {
    /// Does the work on `pool`, within `share` of it. Dropping the future cancels it.
    ///
    /// # Errors
    /// Any of [`Error`]'s variants for images; the reason of `cancel` if it is tripped.
    pub async fn run(self, pool: &Pool, share: Arc<Share>, mut ticket: Ticket) -> Result<Upscaled, Error> {
        let cancel = self.cancel.clone();
        let result = until(&cancel, async {
            let admitted = admission::admit(pool.threads()).await?;
            ticket.start();
            let begun = Instant::now();
            let lane = pool.lane(share);
            let mut result = self.steps(&lane, pool.threads(), &admitted).await?;
            result.duration_ms = begun.elapsed().as_secs_f64() * 1e3;
            Ok(result)
        })
        .await;
        ticket.settle(&result);
        result
    }

    async fn steps(self, lane: &Lane, workers: usize, admitted: &Admitted) -> Result<Upscaled, Error> {
        let Job { engine, input, options, limits, cancel, listener } = self;
        let options = Arc::new(options);
        let opened = lane.run(move || Opened::new(input, &limits)).await?;
        let factor = engine.signature().footprint.scale;
        let (width, height) = opened.size();
        let sizing = Sizing::new(width, height, factor, &options, limits.output_pixels)?;
        let within = whole::memory(width, height, engine.signature(), &options, &sizing, workers)?;
        let _reserved = admitted.reserve(memory(&opened, &sizing, &options) + within).await?;

        let source = lane.run({
            let options = options.clone();
            move || Source::new(opened, &options, &limits)
        });
        let mut source = source.await?;
        // Orientation may have turned the picture.
        let (width, height) = (source.raster.width, source.raster.height);
        let sizing = Sizing::new(width, height, factor, &options, limits.output_pixels)?;
        let warnings = std::mem::take(&mut source.warnings);

        let delivery = Delivery::new(&source, &options, sizing)?;
        let run = Run { engine, lane, workers, cancel, options, listener, sizing, delivery };
        let mut result = run.finish(source).await?;
        result.warnings = warnings;
        Ok(result)
    }
}

/// About what a job holds at its peak, in bytes: the input, and the result or the rows and bands of it.
fn memory(opened: &Opened, sizing: &Sizing, options: &Options) -> u64 {
    let result = u64::from(sizing.width) * u64::from(sizing.height) * 4;
    let streamed = options.output == Output::Encoded && sizing.resample.is_none() && sizing.passes == 1;
    opened.decoded_bytes() + if streamed { result / 4 } else { result * 2 }
}

/// What the result is to be.
struct Delivery {
    format: Option<Format>,
    depth: Depth,
    /// Channels without alpha that goes around the network.
    channels_by_model: u8,
    /// Channels of the result.
    channels: u8,
    icc: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
}

impl Delivery {
    fn new(source: &Source, options: &Options, sizing: Sizing) -> Result<Delivery, Error> {
        let colours = source.colours();
        let by_model = colours + u8::from(source.alpha_by_model());
        let all = colours + u8::from(source.raster.has_alpha());
        let encoded = options.output == Output::Encoded;
        let format = encoded.then(|| options.format.unwrap_or_else(|| default_format(source, all, sizing)));
        let deep = options.depth.unwrap_or(source.depth) == 16;
        let depth = match (options.output, format) {
            (Output::Tensor, _) => Depth::Float,
            (Output::Encoded, Some(Format::Jpeg | Format::Webp)) => Depth::Eight,
            _ if deep => Depth::Sixteen,
            _ => Depth::Eight,
        };
        let flat = format == Some(Format::Jpeg);
        let keep = options.keep_metadata;
        Ok(Delivery {
            format,
            depth,
            channels_by_model: by_model,
            channels: if flat { colours } else { all },
            icc: source.icc.clone().filter(|_| encoded && keep != KeepMetadata::None),
            exif: source.exif.clone().filter(|_| encoded && keep == KeepMetadata::All),
        })
    }
}

/// The input's format if it can hold the result, else PNG.
fn default_format(source: &Source, channels: u8, sizing: Sizing) -> Format {
    let largest = sizing.width.max(sizing.height);
    let alpha = channels.is_multiple_of(2);
    match source.format {
        Some(Format::Jpeg) if !alpha && largest <= 65535 => Format::Jpeg,
        Some(Format::Webp) if largest <= 16383 => Format::Webp,
        Some(Format::Tiff) => Format::Tiff,
        _ => Format::Png,
    }
}

/// A job whose picture is decoded.
struct Run<'a> {
    engine: Arc<dyn Engine>,
    lane: &'a Lane,
    workers: usize,
    cancel: Cancel,
    options: Arc<Options>,
    listener: Option<Listener>,
    sizing: Sizing,
    delivery: Delivery,
}

impl Run<'_> {
    async fn finish(self, source: Source) -> Result<Upscaled, Error> {
        let Source { raster, opacity, .. } = source;
        let picture = self.earlier_passes(Arc::new(raster)).await?;
        let opacity = self.opacity(opacity, &picture).await?;
        let direct = self.sizing.resample.is_none() && self.sizing.canvas.is_none() && self.sizing.passes > 0;
        let data = match self.delivery.format {
            Some(format) if direct => Data::Encoded(self.stream(picture, opacity, format).await?, format),
            Some(format) => {
                let picture = self.whole(picture, opacity).await?;
                Data::Encoded(self.encode(picture, format).await?, format)
            }
            None => Data::Raster(self.whole(picture, opacity).await?),
        };
        let depth = match self.delivery.depth {
            Depth::Eight => 8,
            Depth::Sixteen => 16,
            Depth::Float => 32,
        };
        let Sizing { width, height, .. } = self.sizing;
        let channels = self.delivery.channels;
        Ok(Upscaled { data, width, height, channels, depth, duration_ms: 0.0, warnings: Vec::new() })
    }

    /// All passes but the last. What lies between two passes has 16 bits, so that nothing visible is rounded away.
    async fn earlier_passes(&self, mut picture: Arc<Raster>) -> Result<Arc<Raster>, Error> {
        for index in 1..self.sizing.passes {
            picture = Arc::new(self.pass_whole(picture, index - 1, Depth::Sixteen).await?);
        }
        Ok(picture)
    }

    /// Alpha that goes around the network, at the size that the last pass gives.
    async fn opacity(&self, opacity: Opacity, picture: &Raster) -> Result<Opacity, Error> {
        let Opacity::Plane(plane) = opacity else { return Ok(opacity) };
        let factor = if self.sizing.passes > 0 { self.engine.signature().footprint.scale } else { 1 };
        let (width, height) = (picture.width * factor, picture.height * factor);
        self.lane.run(move || raster::resample(&plane, width, height).map(Opacity::Plane)).await
    }

    /// The last pass, band by band into a file.
    async fn stream(&self, picture: Arc<Raster>, opacity: Opacity, format: Format) -> Result<Vec<u8>, Error> {
        let finish = Arc::new(Finish { opacity, ..self.colours(format)? });
        let mut encoding = self.encoding(finish, format)?;
        let last = self.sizing.passes - 1;
        self.pass(picture, last, self.delivery.depth)?.run(Rows::Encoded(&mut encoding)).await?;
        encoding.finish().await
    }

    /// The last pass, then what resampling and framing it takes to the final size, with all its channels.
    async fn whole(&self, picture: Arc<Raster>, opacity: Opacity) -> Result<Raster, Error> {
        let depth = self.delivery.depth;
        let picture = match self.sizing.passes.checked_sub(1) {
            Some(last) => self.pass_whole(picture, last, depth).await?,
            None => canvas::convert(Arc::unwrap_or_clone(picture), depth),
        };
        let (sizing, background) = (self.sizing, self.options.background);
        let work = move || {
            let opacity = Finish { opacity, ..Finish::nothing() };
            frame::frame(opacity.apply(picture, 0)?, &sizing, background)
        };
        self.lane.run(work).await
    }

    /// A finished picture into a file.
    async fn encode(&self, picture: Raster, format: Format) -> Result<Vec<u8>, Error> {
        let mut encoding = self.encoding(Arc::new(self.colours(format)?), format)?;
        let height = picture.height;
        encoding.push(Canvas::new(picture, 0), height).await?;
        encoding.finish().await
    }

    fn encoding(&self, finish: Arc<Finish>, format: Format) -> Result<Encoding<'_>, Error> {
        let (options, delivery, sizing) = (&self.options, &self.delivery, &self.sizing);
        let depth = if delivery.depth == Depth::Sixteen { 16 } else { 8 };
        let encode = EncodeOptions {
            format,
            quality: options.quality,
            lossless: options.lossless,
            compression_level: options.compression_level,
            icc: delivery.icc.clone(),
            exif: delivery.exif.clone(),
        };
        let encoder = Encoder::new(sizing.width, sizing.height, delivery.channels, depth, encode)?;
        Ok(Encoding::new(self.lane, encoder, finish, sizing.width, sizing.height))
    }

    /// What the format and the metadata ask of the colours.
    fn colours(&self, format: Format) -> Result<Finish, Error> {
        let delivery = &self.delivery;
        let depth = if delivery.depth == Depth::Sixteen { 16 } else { 8 };
        let profile =
            delivery.icc.as_deref().map(|icc| ToProfile::new(icc, delivery.channels, depth)).transpose()?;
        let flatten = (format == Format::Jpeg).then_some(self.options.background);
        Ok(Finish { opacity: Opacity::None, flatten, profile })
    }

    async fn pass_whole(&self, picture: Arc<Raster>, index: u32, depth: Depth) -> Result<Raster, Error> {
        let scale = self.engine.signature().footprint.scale;
        let (width, height) = (picture.width * scale, picture.height * scale);
        let canvas = Canvas::new(canvas::blank(width, height, self.delivery.channels_by_model, depth)?, 0);
        self.pass(picture, index, depth)?.run(Rows::Whole(canvas.clone())).await?;
        Ok(canvas.into_picture())
    }

    /// Pass number `index`, of which each takes `scale²` times the work of the one before.
    fn pass(&self, picture: Arc<Raster>, index: u32, depth: Depth) -> Result<Pass<'_>, Error> {
        let signature = self.engine.signature();
        let tiling = tiling(picture.width, picture.height, signature, &self.options, self.workers);
        let colours = if self.delivery.channels_by_model >= 3 { 3 } else { 1 };
        let alpha = self.delivery.channels_by_model.is_multiple_of(2);
        let growth = f64::from(signature.footprint.scale).powi(2);
        let work = |passes: u32| (0..passes).map(|pass| growth.powi(pass as i32)).sum::<f64>();
        let all = work(self.sizing.passes);
        Ok(Pass {
            engine: self.engine.clone(),
            lane: self.lane,
            workers: self.workers,
            cancel: self.cancel.clone(),
            plan: Plan::new(picture.width, picture.height, signature, tiling)?,
            layers: Arc::new(layers(colours, alpha, signature.channels_in, signature.channels_out)?),
            picture,
            channels: self.delivery.channels_by_model,
            depth,
            listener: self.listener.clone(),
            share: (work(index) / all, growth.powi(index as i32) / all),
        })
    }
}
