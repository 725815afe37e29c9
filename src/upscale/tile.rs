//! One tile of a pass: pixels in, the networks, pixels out.

use std::sync::{Arc, Mutex, PoisonError};

use super::canvas::Canvas;
use super::channel_runs::{ChannelRun, Form, InputChannel};
use super::hooks;
use super::options::OutputKind;
use super::pixels::{self, Kept};
use super::plan::Span;
use super::progress::{Meter, Slice};
use super::settled::TileAlpha;
use super::tile_run::{PassNetwork, TileRun};
use super::view::View;
use crate::engine::{Engine, RunContext};
use crate::error::Error;
use crate::raster::{self, Depth, EncodeOptions, Format, Raster};
use crate::workers::Cancel;

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
    pub network: Arc<PassNetwork>,
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
        self.network.engine(form)
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
        let signature = self.engine(channel_run.form).signature();
        let (rows, columns) = (self.rows, self.columns);
        let mut input = self.buffers.take();
        pixels::gather(&self.picture, &channel_run.sources, rows, columns, signature, &mut input);
        let mut apart = Vec::new();
        let view = View::new(signature, rows, columns, (self.picture.height, self.picture.width));
        let context = self.context();
        let tile_run = TileRun {
            network: &self.network,
            form: channel_run.form,
            share: 1.0 / self.channel_runs.len() as f64,
            origin: (rows.core, columns.core),
            view,
            input: &input,
            alpha: self.alpha(channel_run, &input, &mut apart),
            context: &context,
        };
        let done = tile_run.run(take);
        self.buffers.give(input);
        (context.on_progress)(1.0);
        done
    }

    /// What alpha is to a channel run, whose `input` may hold it; else it is gathered into `apart`.
    fn alpha<'a>(
        &self,
        channel_run: &ChannelRun,
        input: &'a [f32],
        apart: &'a mut Vec<f32>,
    ) -> Option<TileAlpha<'a>> {
        if !self.picture.has_alpha() {
            return None;
        }
        let alpha = InputChannel::Channel(usize::from(self.picture.channels) - 1);
        let sources = &channel_run.sources;
        let Some(plane) = sources.iter().position(|source| *source == alpha) else {
            let signature = self.engine(channel_run.form).signature();
            pixels::gather(&self.picture, &[alpha], self.rows, self.columns, signature, apart);
            return Some(TileAlpha::Hides(apart));
        };
        let size = input.len() / sources.len();
        let values = &input[plane * size..][..size];
        let alone = sources.iter().all(|source| *source == alpha);
        Some(if alone { TileAlpha::Upscaled(values) } else { TileAlpha::Hides(values) })
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
