//! One tile of a pass: pixels in, the network, the guard, pixels out.

use std::sync::{Arc, Mutex, PoisonError};

use super::canvas::Canvas;
use super::channel_runs::{ChannelRun, Form};
use super::guard::{self, Blown, Fallback, View};
use super::hooks;
use super::networks::LazyNetwork;
use super::options::OutputKind;
use super::pixels::{self, Kept};
use super::plan::Span;
use super::progress::{Meter, Slice};
use super::replaced::ReplacedPixels;
use crate::engine::{Engine, Engines, RunContext};
use crate::error::Error;
use crate::raster::{self, Depth, EncodeOptions, Format, Raster};
use crate::workers::Cancel;

/// The network of a pass, and the fallback for what the guard finds blown up.
pub struct GuardedNetwork {
    /// Its name in messages.
    pub name: String,
    pub engines: Engines,
    /// What takes its place where it has blown up; without it the input is resampled.
    pub fallback: Option<Arc<LazyNetwork>>,
    pub replaced: ReplacedPixels,
}

/// A pool of input planes for the tiles of one pass: as many as tiles run at the same time.
#[derive(Default)]
pub struct Buffers(Mutex<Vec<Vec<f32>>>);

impl Buffers {
    fn take(&self) -> Vec<f32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, buffer: Vec<f32>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

/// One tile's work, on a worker.
pub struct Tile {
    pub network: Arc<GuardedNetwork>,
    pub cancel: Cancel,
    pub picture: Arc<Raster>,
    pub channel_runs: Arc<Vec<ChannelRun>>,
    pub buffers: Arc<Buffers>,
    pub meter: Option<Arc<Meter>>,
    pub canvas: Canvas,
    pub rows: Span,
    pub columns: Span,
}

impl Tile {
    /// The network of a channel run.
    fn engine(&self, form: Form) -> &dyn Engine {
        choose(&self.network.engines, form)
    }

    /// Runs the networks and stitches what they give.
    pub fn run(&self) -> Result<(), Error> {
        for channel_run in &*self.channel_runs {
            self.run_channels(channel_run, &mut |kept| self.scatter(kept, channel_run))?;
        }
        Ok(())
    }

    /// Runs the networks and keeps what they give, a picture for each channel run.
    pub fn results(&self) -> Result<Vec<Raster>, Error> {
        let mut results = Vec::with_capacity(self.channel_runs.len());
        for channel_run in &*self.channel_runs {
            self.run_channels(channel_run, &mut |kept| results.push(hooks::interleaved(kept)))?;
        }
        Ok(results)
    }

    /// Stitches results that were kept.
    pub fn stitch(&self, results: Vec<Raster>) {
        for (result, channel_run) in results.into_iter().zip(&*self.channel_runs) {
            let (width, height) = (result.width as usize, result.height as usize);
            let planes = hooks::planes(result);
            let whole = Kept { planes: &planes, height, width, x: 0, y: 0, columns: width, rows: height };
            self.scatter(&whole, channel_run);
        }
    }

    fn scatter(&self, kept: &Kept, channel_run: &ChannelRun) {
        let signature = self.engine(channel_run.form).signature();
        let scale = signature.geometry.scale as usize;
        let mut picture = self.canvas.picture();
        let y = self.rows.core as usize * scale - self.canvas.y() as usize;
        let x = self.columns.core as usize * scale;
        pixels::scatter(kept, &channel_run.targets, signature, &mut picture, x, y);
    }

    fn run_channels(&self, channel_run: &ChannelRun, take: &mut dyn FnMut(&Kept)) -> Result<(), Error> {
        self.cancel.check()?;
        let engine = self.engine(channel_run.form);
        let signature = engine.signature();
        let (rows, columns) = (self.rows, self.columns);
        let mut input = self.buffers.take();
        pixels::gather(&self.picture, &channel_run.sources, rows, columns, signature, &mut input);
        let view = View::new(signature, rows, columns, (self.picture.height, self.picture.width));
        let context = self.context();
        let mut blown = None;
        let result = run(engine, &input, &view, &context, |output| {
            if signature.guarded {
                blown = guard::inspect(&view, &input, output);
            } else {
                self.check_numbers(&view.kept_of(output))?;
            }
            if blown.is_none() {
                take(&view.kept_of(output));
            }
            Ok(())
        });
        let repaired = match (result, blown) {
            (Ok(()), Some(blown)) => self.repair(blown, channel_run, &view, &input).map(|planes| {
                let (height, width) = view.kept_size();
                take(&Kept { planes: &planes, height, width, x: 0, y: 0, columns: width, rows: height });
            }),
            (result, _) => result,
        };
        self.buffers.give(input);
        (context.on_progress)(1.0);
        repaired
    }

    /// The kept part of a result, with another network's or the resampled input where it has blown up.
    fn repair(
        &self,
        blown: Blown,
        channel_run: &ChannelRun,
        view: &View,
        input: &[f32],
    ) -> Result<Vec<f32>, Error> {
        self.network.replaced.add(blown.pixels() / self.channel_runs.len() as f64);
        let stand_in = self.stand_in(channel_run, view, input)?;
        let fallback = stand_in.as_deref().map_or(Fallback::Lanczos { input }, Fallback::Planes);
        Ok(blown.repaired(view, &fallback))
    }

    /// The kept part of what the fallback network gives, if there is one that fits.
    fn stand_in(
        &self,
        channel_run: &ChannelRun,
        view: &View,
        input: &[f32],
    ) -> Result<Option<Vec<f32>>, Error> {
        let Some(fallback) = &self.network.fallback else { return Ok(None) };
        let engines = fallback.network()?.engines;
        let engine = choose(&engines, channel_run.form);
        if !view.suits(engine.signature()) {
            return Ok(None);
        }
        let view = view.of(engine.signature());
        let context = RunContext { cancel: self.cancel.clone(), on_progress: Arc::new(|_| ()) };
        let mut planes = None;
        run(engine, input, &view, &context, |output| {
            planes = Some(guard::sound(&view, input, output));
            Ok(())
        })?;
        Ok(planes)
    }

    /// Refuses results that are no numbers: clamping would make black pixels of them.
    fn check_numbers(&self, kept: &Kept) -> Result<(), Error> {
        match kept.first_non_finite() {
            None => Ok(()),
            Some((y, x)) => {
                let scale = self.network.engines.primary.signature().geometry.scale as usize;
                let (y, x) = (self.rows.core as usize * scale + y, self.columns.core as usize * scale + x);
                Err(Error::Inference(format!(
                    "Expected {} to give numbers but its result has NaN or infinity at column {x}, row {y}",
                    self.network.name
                )))
            }
        }
    }

    /// The context of one channel run.
    fn context(&self) -> RunContext {
        let on_progress: Arc<dyn Fn(f64) + Send + Sync> = match &self.meter {
            Some(meter) => Arc::new(meter.run(self.channel_runs.len())),
            None => Arc::new(|_| ()),
        };
        RunContext { cancel: self.cancel.clone(), on_progress }
    }

    /// The tile's part of the result.
    pub fn slice(&self, kind: OutputKind) -> Result<Slice, Error> {
        let scale = self.network.engines.primary.signature().geometry.scale;
        let (width, height) = (self.columns.core_len * scale, self.rows.core_len * scale);
        let y = self.rows.core * scale - self.canvas.y();
        let part = self.canvas.picture().crop(self.columns.core * scale, y, width, height);
        Ok(match kind {
            OutputKind::Raw => Slice::Raster(part),
            OutputKind::Tensor => Slice::Raster(part.into_depth(Depth::Float)),
            OutputKind::Encoded => {
                let channels = part.channels;
                let bytes = raster::encode(part, EncodeOptions::new(Format::Png))?;
                Slice::Encoded { bytes, width, height, channels }
            }
        })
    }
}

/// The network of a channel run.
fn choose(engines: &Engines, form: Form) -> &dyn Engine {
    match (form, &engines.grey) {
        (Form::Grey, Some(grey)) => &**grey,
        _ => &*engines.primary,
    }
}

/// Runs a network on a tile, and checks that its result has the size that is to be stitched.
fn run(
    engine: &dyn Engine,
    input: &[f32],
    view: &View,
    context: &RunContext,
    mut take: impl FnMut(&[f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    engine.run(input, view.height, view.width, context, &mut |output, height, width| {
        let expected = (view.output_height(), view.output_width());
        if (height, width) != expected {
            return Err(Error::ModelShape(format!(
                "Expected the network to give {}x{} for {}x{} at scale {} but it gave {width}x{height}",
                expected.1, expected.0, view.width, view.height, view.scale
            )));
        }
        take(output)
    })
}
