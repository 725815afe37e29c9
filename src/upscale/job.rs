//! One image from bytes to bytes.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::admission::{self, Admitted, Ticket, until};
use super::canvas::Canvas;
use super::channel_runs::channel_runs;
use super::deadline;
use super::encoding::Encoding;
use super::finish::{Finish, Opacity};
use super::frame;
use super::hooks::{Hook, Hooks};
use super::network_memory;
use super::networks::{Network, Networks, Route};
use super::options::{Input, Limits, Options, Output};
use super::outlet::{self, Head, Outlet, Piece};
use super::pass::{Pass, Rows};
use super::plan::Plan;
use super::progress::{Listener, Meter};
use super::size::Sizing;
use super::source::{Opened, Source};
use super::tile::{Buffers, Guarded, Replaced};
use super::tiling::tiling;
use super::whole;
use crate::error::Error;
use crate::raster::{self, Depth, EncodeOptions, Encoder, Format, Metadata, Raster, ToProfile};
use crate::workers::{Cancel, Lane, Pool, Share};

/// One image to upscale.
pub struct Job {
    pub networks: Arc<Networks>,
    pub input: Input,
    pub options: Options,
    pub limits: Limits,
    pub cancel: Cancel,
    pub hooks: Hooks,
    pub listener: Option<Listener>,
    /// Where an encoded result leaves while it is made; by default it is returned as a whole.
    pub outlet: Option<Outlet>,
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
    /// What the networks that made it are called.
    pub model: String,
    /// From admission to the end, in milliseconds.
    pub duration_ms: f64,
    pub stages: Stages,
    /// The share of the result, 0..=1, that a network had blown up and that was replaced.
    pub guarded: f64,
    /// How many pages or frames the input has.
    pub pages: u32,
    /// What was wrong with the input, but not so wrong as to fail.
    pub warnings: Vec<String>,
}

/// How long a job was in each stage, in milliseconds, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Reading the picture, and making it what the network takes.
    pub decode: f64,
    /// The networks; finished rows are compressed meanwhile.
    pub upscale: f64,
    /// What was left to do after the last row: resampling, framing, compressing, and waiting for who reads a stream.
    pub encode: f64,
}

/// The pixels of a result.
#[derive(Debug)]
pub enum Data {
    /// A file; empty where it left by the outlet.
    Encoded(Vec<u8>, Format),
    /// Pixels.
    Raster(Raster),
}

impl Job {
    /// Does the work on `pool`, within `share` of it. Dropping the future cancels it.
    ///
    /// # Errors
    /// Any of [`Error`]'s variants for images; the reason of `cancel` if it is tripped.
    pub async fn run(
        mut self,
        pool: &Pool,
        share: Arc<Share>,
        mut ticket: Ticket,
    ) -> Result<Upscaled, Error> {
        let cancel = self.cancel.clone();
        let result = until(&cancel, async {
            let (lane, workers) = (pool.lane(share), pool.threads());
            let (limits, usual) = (self.limits, self.networks.name().to_owned());
            let page = self.options.page;
            let input = std::mem::replace(&mut self.input, Input::Encoded(Vec::new()));
            let open = async {
                let input = input.in_memory(&limits).await?;
                lane.run(move || Opened::new(input, page, &limits)).await
            };
            // How long it will take is known by its size; what has no deadline stays outside memory until its turn.
            let (admitted, turn, opened) = match self.options.deadline {
                None => {
                    let turn = ticket.turn().await?;
                    (admission::admit(workers).await?, turn, open.await?)
                }
                Some(deadline) => {
                    let opened = open.await?;
                    let work = deadline::expected(&usual, opened.pixels());
                    let admitted = admission::admit_by(deadline, work, workers).await?;
                    (admitted, ticket.turn().await?, opened)
                }
            };
            let _turn = match &self.outlet {
                None => Some(turn),
                Some(outlet) => {
                    outlet.hold(turn);
                    None
                }
            };
            ticket.start();
            let begun = Instant::now();
            let pixels = opened.pixels();
            let mut result = self.steps(opened, &lane, workers, &admitted, begun).await?;
            deadline::learn(&usual, pixels, lane.spent());
            result.duration_ms = milliseconds(begun.elapsed());
            result.stages.encode = result.duration_ms - result.stages.decode - result.stages.upscale;
            Ok(result)
        })
        .await;
        ticket.settle((&result).into());
        result
    }

    async fn steps(
        self,
        opened: Opened,
        lane: &Lane,
        workers: usize,
        admitted: &Admitted,
        begun: Instant,
    ) -> Result<Upscaled, Error> {
        let Job { networks, options, limits, cancel, hooks, listener, outlet, .. } = self;
        let options = Arc::new(options);
        let scales = networks.scales();
        let (width, height) = opened.size();
        let sizing = Sizing::new(width, height, &scales, &options, limits.output_pixels)?;
        let cleaning = networks.may_clean(sizing.factor);
        let within = whole::memory(width, height, networks.signature(), &options, &sizing, workers)?;
        let tiles =
            network_memory::of((width, height), networks.signature(), &options, sizing.passes, workers);
        let all = memory(&opened, &sizing, &options, cleaning).saturating_add(within.max(tiles));
        let _reserved = admitted.reserve(all).await?;

        let decode = {
            let options = options.clone();
            move || Source::new(opened, &options, &limits)
        };
        let prepare = {
            let options = options.clone();
            move |mut source: Source| {
                source.separate_alpha(&options);
                // Orientation may have turned the picture, and the caller's code may have changed its size.
                let (width, height) = (source.raster.width, source.raster.height);
                let sizing = Sizing::new(width, height, &scales, &options, limits.output_pixels)?;
                let route = networks.route(&sizing, source.compression)?;
                Ok((source, sizing, route))
            }
        };
        let (mut source, sizing, route) = match &hooks.preprocess {
            None => lane.run(move || prepare(decode()?)).await?,
            Some(hook) => {
                let source = lane.run(decode).await?.preprocessed(hook, &limits).await?;
                lane.run(move || prepare(source)).await?
            }
        };
        let pages = source.pages;
        let mut warnings = std::mem::take(&mut source.warnings);

        let delivery = Delivery::new(&source, &options, sizing, &mut warnings);
        let postprocess = hooks.postprocess;
        let run = Run {
            route,
            lane,
            workers,
            cancel,
            options,
            postprocess,
            listener,
            outlet,
            sizing,
            delivery,
            guarded: ReplacedShare::default(),
            computed: OnceLock::new(),
        };
        let decoded = Instant::now();
        let (mut result, computed) = run.finish(source).await?;
        (result.pages, result.warnings) = (pages, warnings);
        result.stages.decode = milliseconds(decoded - begun);
        result.stages.upscale = milliseconds(computed.unwrap_or(decoded) - decoded);
        Ok(result)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// About what a job holds at its peak, in bytes: the input, and the result or the rows and bands of it; where the
/// picture may be cleaned first, twice its sides with 16 bits a sample.
fn memory(opened: &Opened, sizing: &Sizing, options: &Options, cleaning: bool) -> u64 {
    let (width, height) = opened.size();
    let cleaned = if cleaning { u64::from(width) * u64::from(height) * 4 * 8 } else { 0 };
    let result = u64::from(sizing.width) * u64::from(sizing.height) * 4;
    let streamed = options.output == Output::Encoded && sizing.resample.is_none() && sizing.passes == 1;
    // Decoders and changes of colours write into another copy.
    2 * opened.decoded_bytes() + cleaned.max(if streamed { result / 4 } else { result * 2 })
}

/// What the result is to be.
struct Delivery {
    format: Option<Format>,
    depth: Depth,
    /// Channels without alpha that goes around the network.
    channels_by_model: u8,
    /// Channels of the result.
    channels: u8,
    metadata: Metadata,
}

impl Delivery {
    fn new(source: &Source, options: &Options, sizing: Sizing, warnings: &mut Vec<String>) -> Delivery {
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
        let channels = if flat { colours } else { all };
        let metadata = match format {
            Some(format) => source.metadata.clone().fitted(format, channels, warnings),
            None => Metadata::default(),
        };
        Delivery { format, depth, channels_by_model: by_model, channels, metadata }
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
    route: Route,
    lane: &'a Lane,
    workers: usize,
    cancel: Cancel,
    options: Arc<Options>,
    postprocess: Option<Hook>,
    listener: Option<Listener>,
    outlet: Option<Outlet>,
    sizing: Sizing,
    delivery: Delivery,
    guarded: ReplacedShare,
    /// When the last pass was done.
    computed: OnceLock<Instant>,
}

/// The largest share of a pass's result that was replaced, of all passes so far.
#[derive(Default)]
struct ReplacedShare(Mutex<f64>);

impl ReplacedShare {
    fn note(&self, pass: &Pass) {
        let pixels = f64::from(pass.picture.width) * f64::from(pass.picture.height);
        let mut largest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *largest = largest.max(pass.network.replaced.pixels() / pixels);
    }

    fn share(&self) -> f64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run<'_> {
    /// The result, and when the networks were done with it.
    async fn finish(self, source: Source) -> Result<(Upscaled, Option<Instant>), Error> {
        let Source { raster, opacity, .. } = source;
        let picture = self.cleaned(Arc::new(raster)).await?;
        let picture = self.earlier_passes(picture).await?;
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
        let (channels, model) = (self.delivery.channels, self.route.name());
        let guarded = self.guarded.share();
        let (duration_ms, stages, warnings) = (0.0, Stages::default(), Vec::new());
        let computed = self.computed.get().copied();
        let result = Upscaled {
            data,
            width,
            height,
            channels,
            depth,
            model,
            guarded,
            duration_ms,
            stages,
            pages: 1,
            warnings,
        };
        Ok((result, computed))
    }

    /// The picture without the artefacts of its compression, if they are to be taken away first.
    async fn cleaned(&self, picture: Arc<Raster>) -> Result<Arc<Raster>, Error> {
        if self.route.cleaner.is_none() {
            return Ok(picture);
        }
        let (width, height) = (picture.width, picture.height);
        let larger = self.pass_whole(picture, Stage::Cleaning, Depth::Sixteen).await?;
        self.lane.run(move || raster::resample(&larger, width, height).map(Arc::new)).await
    }

    /// All passes but the last. What lies between two passes has 16 bits, so that nothing visible is rounded away.
    async fn earlier_passes(&self, mut picture: Arc<Raster>) -> Result<Arc<Raster>, Error> {
        for index in 1..self.sizing.passes {
            picture = Arc::new(self.pass_whole(picture, Stage::Pass(index - 1), Depth::Sixteen).await?);
        }
        Ok(picture)
    }

    /// Alpha that goes around the network, at the size that the last pass gives.
    async fn opacity(&self, opacity: Opacity, picture: &Raster) -> Result<Opacity, Error> {
        let Opacity::Plane(plane) = opacity else { return Ok(opacity) };
        let factor = if self.sizing.passes > 0 { self.sizing.factor } else { 1 };
        let (width, height) = (picture.width * factor, picture.height * factor);
        self.lane.run(move || raster::resample(&plane, width, height).map(Opacity::Plane)).await
    }

    /// The last pass, band by band into a file.
    async fn stream(&self, picture: Arc<Raster>, opacity: Opacity, format: Format) -> Result<Vec<u8>, Error> {
        let finish = Arc::new(Finish { opacity, ..self.colours(format)? });
        let mut encoding = self.encoding(finish, format).await?;
        let last = Stage::Pass(self.sizing.passes - 1);
        let pass = self.pass(picture, last, self.delivery.depth)?;
        pass.run(Rows::Encoded(&mut encoding)).await?;
        _ = self.computed.set(Instant::now());
        self.guarded.note(&pass);
        encoding.finish().await
    }

    /// The last pass, then what resampling and framing it takes to the final size, with all its channels.
    async fn whole(&self, picture: Arc<Raster>, opacity: Opacity) -> Result<Raster, Error> {
        let depth = self.delivery.depth;
        let picture = match self.sizing.passes.checked_sub(1) {
            Some(last) => self.pass_whole(picture, Stage::Pass(last), depth).await?,
            None => Arc::unwrap_or_clone(picture).into_depth(depth),
        };
        _ = self.computed.set(Instant::now());
        let (sizing, background) = (self.sizing, self.options.background);
        let work = move || {
            let opacity = Finish { opacity, ..Finish::nothing() };
            frame::frame(opacity.apply(picture, 0)?, &sizing, background)
        };
        self.lane.run(work).await
    }

    /// A finished picture into a file.
    async fn encode(&self, picture: Raster, format: Format) -> Result<Vec<u8>, Error> {
        let mut encoding = self.encoding(Arc::new(self.colours(format)?), format).await?;
        let height = picture.height;
        encoding.push(Canvas::new(picture, 0), height).await?;
        encoding.finish().await
    }

    /// The file in the making, of which the outlet hears first.
    async fn encoding(&self, finish: Arc<Finish>, format: Format) -> Result<Encoding<'_>, Error> {
        let (options, delivery, sizing) = (&self.options, &self.delivery, &self.sizing);
        let depth = if delivery.depth == Depth::Sixteen { 16 } else { 8 };
        let encode = EncodeOptions {
            format,
            quality: options.quality,
            lossless: options.lossless,
            compression_level: options.compression_level,
            metadata: delivery.metadata.clone(),
        };
        let encoder = Encoder::new(sizing.width, sizing.height, delivery.channels, depth, encode)?;
        let (width, height) = (sizing.width, sizing.height);
        if let Some(outlet) = &self.outlet {
            let (channels, model) = (delivery.channels, self.route.name());
            outlet::send(outlet, Piece::Head(Head { format, width, height, channels, model })).await?;
        }
        Ok(Encoding::new(self.lane, encoder, finish, (width, height), self.outlet.clone()))
    }

    /// What the format and the metadata ask of the colours.
    fn colours(&self, format: Format) -> Result<Finish, Error> {
        let delivery = &self.delivery;
        let depth = if delivery.depth == Depth::Sixteen { 16 } else { 8 };
        let profile = delivery.metadata.icc.as_deref();
        let profile = profile.map(|icc| ToProfile::new(icc, delivery.channels, depth)).transpose()?;
        let flatten = (format == Format::Jpeg).then_some(self.options.background);
        Ok(Finish { opacity: Opacity::None, flatten, profile })
    }

    async fn pass_whole(&self, picture: Arc<Raster>, stage: Stage, depth: Depth) -> Result<Raster, Error> {
        let scale = self.network(stage).engines.primary.signature().geometry.scale;
        let (width, height) = (picture.width * scale, picture.height * scale);
        let canvas = Canvas::new(Raster::blank(width, height, self.delivery.channels_by_model, depth)?, 0);
        let pass = self.pass(picture, stage, depth)?;
        pass.run(Rows::Whole(canvas.clone())).await?;
        self.guarded.note(&pass);
        drop(pass);
        Ok(canvas.into_picture())
    }

    fn network(&self, stage: Stage) -> &Network {
        match (stage, &self.route.cleaner) {
            (Stage::Cleaning, Some(cleaner)) => cleaner,
            _ => &self.route.upscaler,
        }
    }

    fn pass(&self, picture: Arc<Raster>, stage: Stage, depth: Depth) -> Result<Pass<'_>, Error> {
        let Network { name, engines } = self.network(stage).clone();
        let signature = engines.primary.signature();
        let tiling = tiling(picture.width, picture.height, signature, &self.options, self.workers);
        let planes = (signature.channels_in, signature.channels_out);
        let colours = if self.delivery.channels_by_model >= 3 { 3 } else { 1 };
        let alpha = self.delivery.channels_by_model.is_multiple_of(2);
        let plan = Plan::new(picture.width, picture.height, signature, tiling)?;
        let meter = |listener| Arc::new(Meter::new(listener, self.share(stage), plan.len()));
        let meter = self.listener.clone().map(meter);
        Ok(Pass {
            plan,
            channel_runs: Arc::new(channel_runs(colours, alpha, planes, engines.grey.is_some())?),
            buffers: Arc::new(Buffers::default()),
            network: Arc::new(Guarded {
                name,
                engines,
                fallback: self.route.fallback.clone(),
                replaced: Replaced::default(),
            }),
            lane: self.lane,
            workers: self.workers,
            cancel: self.cancel.clone(),
            picture,
            channels: self.delivery.channels_by_model,
            depth,
            postprocess: self.postprocess.clone(),
            meter,
        })
    }

    /// The share of the job's work before a stage, and in it. A pass takes `factor²` times the work of the one before;
    /// cleaning takes as much as the first, since the networks for it are as small as the others.
    fn share(&self, stage: Stage) -> (f64, f64) {
        let growth = f64::from(self.sizing.factor).powi(2);
        let work = |passes: u32| (0..passes).map(|pass| growth.powi(pass as i32)).sum::<f64>();
        let cleaning = if self.route.cleaner.is_some() { 1.0 } else { 0.0 };
        let all = cleaning + work(self.sizing.passes);
        match stage {
            Stage::Cleaning => (0.0, cleaning / all),
            Stage::Pass(index) => ((cleaning + work(index)) / all, growth.powi(index as i32) / all),
        }
    }
}

/// One run of a network over the whole picture.
#[derive(Clone, Copy)]
enum Stage {
    /// Before the passes.
    Cleaning,
    /// Pass number so much, from 0.
    Pass(u32),
}
