//! One image from bytes to bytes: admission, decoding, the choice of networks; then [`DecodedJob`] takes over.

use std::sync::Arc;
use std::time::Instant;

use super::admission::{self, Admitted, until};
use super::deadline;
use super::decoded_job::DecodedJob;
use super::expected_time::Work;
use super::hooks::Hooks;
use super::memory;
use super::options::{Input, Limits, Options};
use super::output_spec::OutputSpec;
use super::output_stream::OutputSender;
use super::passes::Passes;
use super::progress::Listener;
use super::replaced::ReplacedShare;
use super::result::{Upscaled, milliseconds};
use super::route::{Networks, Route};
use super::size::Sizing;
use super::source::{Opened, PreparedPicture};
use super::ticket::Ticket;
use crate::error::Error;
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
    /// Where the bytes of an encoded result go while it is made; by default the result holds them.
    pub stream: Option<OutputSender>,
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
            let (limits, page) = (self.limits, self.options.page);
            let input = std::mem::replace(&mut self.input, Input::Encoded(Vec::new()));
            let open = async {
                let input = input.in_memory(&limits).await?;
                lane.run(move || Opened::new(input, page, &limits)).await
            };
            // The expected time depends on the size; a job without a deadline stays outside memory until it is admitted.
            let (place, slot, measured) = match self.options.deadline {
                None => {
                    let place = ticket.permit(None).await?;
                    let slot = admission::slot(workers).await?;
                    let opened = open.await?;
                    (place, slot, self.measure(opened)?)
                }
                Some(deadline) => {
                    let opened = open.await?;
                    let measured = self.measure(opened)?;
                    let expected = measured.work.expected(Instant::now());
                    let entry = deadline::enter(deadline, expected, workers)?;
                    let place = ticket.permit(Some(deadline)).await?;
                    (place, admission::slot_by(entry).await?, measured)
                }
            };
            let admitted = Arc::new(Admitted::new(place, slot));
            if let Some(stream) = &self.stream {
                stream.belongs_to(&admitted);
            }
            ticket.start();
            let begun = Instant::now();
            let work = measured.work.clone();
            let mut result = self.upscale(measured, &lane, workers, &admitted, begun).await?;
            work.learn(lane.spent(), Instant::now());
            result.duration_ms = milliseconds(begun.elapsed());
            result.stages.encode = result.duration_ms - result.stages.decode - result.stages.upscale;
            Ok(result)
        })
        .await;
        ticket.settle((&result).into());
        result
    }

    fn measure(&self, opened: Opened) -> Result<Measured, Error> {
        let (width, height) = opened.size();
        let scales = self.networks.scales();
        let sizing = Sizing::new(width, height, &scales, &self.options, self.limits.output_pixels)?;
        let work = Work::new(self.networks.name(), (width, height), &sizing);
        Ok(Measured { opened, sizing, work })
    }

    async fn upscale(
        self,
        Measured { opened, sizing, .. }: Measured,
        lane: &Lane,
        workers: usize,
        admitted: &Admitted,
        begun: Instant,
    ) -> Result<Upscaled, Error> {
        let Job { networks, options, limits, cancel, hooks, listener, stream, .. } = self;
        let bytes = memory::estimate(&opened, &networks, &sizing, &options, workers)?;
        admitted.reserve(bytes).await?;

        let options = Arc::new(options);
        let preparation = Preparation { networks, options: options.clone(), limits };
        let Prepared { mut source, sizing, route } = preparation.run(opened, &hooks, lane).await?;
        let pages = source.pages;
        let mut warnings = std::mem::take(&mut source.warnings);
        let spec = OutputSpec::new(&source, &options, sizing, &mut warnings);
        let passes = Passes {
            route,
            lane,
            options,
            sizing,
            workers,
            cancel,
            postprocess: hooks.postprocess,
            listener,
            channels: spec.network_channels,
            replaced: ReplacedShare::default(),
            drawn: ReplacedShare::default(),
        };
        let decoded = Instant::now();
        let (mut result, computed) = DecodedJob::new(passes, spec, stream).finish(source).await?;
        (result.pages, result.warnings) = (pages, warnings);
        result.stages.decode = milliseconds(decoded - begun);
        result.stages.upscale = milliseconds(computed.unwrap_or(decoded) - decoded);
        Ok(result)
    }
}

/// A file whose header was read, and what is to be done.
struct Measured {
    opened: Opened,
    sizing: Sizing,
    work: Work,
}

/// What it takes to get from a file to a picture and its networks.
struct Preparation {
    networks: Arc<Networks>,
    options: Arc<Options>,
    limits: Limits,
}

/// A decoded picture, its final size, and the networks that get it there.
struct Prepared {
    source: PreparedPicture,
    sizing: Sizing,
    route: Route,
}

impl Preparation {
    /// Decodes the picture, shows it to the caller's code, and chooses the networks.
    async fn run(self, opened: Opened, hooks: &Hooks, lane: &Lane) -> Result<Prepared, Error> {
        let (options, limits) = (self.options.clone(), self.limits);
        let decode = move || PreparedPicture::new(opened, &options, &limits);
        match &hooks.preprocess {
            None => lane.run(move || self.route(decode()?)).await,
            Some(hook) => {
                let source = lane.run(decode).await?.preprocessed(hook, &limits).await?;
                lane.run(move || self.route(source)).await
            }
        }
    }

    fn route(self, mut source: PreparedPicture) -> Result<Prepared, Error> {
        source.separate_alpha(&self.options);
        // Orientation may have turned the picture, and the caller's code may have changed its size.
        let (width, height) = (source.raster.width, source.raster.height);
        let scales = self.networks.scales();
        let sizing = Sizing::new(width, height, &scales, &self.options, self.limits.output_pixels)?;
        let route = self.networks.route(&sizing, source.traits())?;
        Ok(Prepared { source, sizing, route })
    }
}
