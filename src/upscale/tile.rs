//! One tile of a pass: pixels in, the network, the guard, pixels out.

use std::sync::{Arc, Mutex, PoisonError};

use super::canvas::Canvas;
use super::guard::{self, Blown, Fallback, View};
use super::hooks;
use super::layers::{Form, Layer};
use super::networks::Candidate;
use super::options::Output;
use super::pixels::{self, Kept};
use super::plan::Span;
use super::progress::{Meter, Slice};
use crate::engine::{Cancel, Engine, Engines, Watch};
use crate::error::Error;
use crate::raster::{self, Depth, EncodeOptions, Format, Raster};

/// The network of a pass, with what takes its place where it has blown up.
pub struct Guarded {
    /// What messages call it.
    pub name: String,
    pub engines: Engines,
    /// What takes its place where it has blown up; without it the input is resampled.
    pub fallback: Option<Arc<Candidate>>,
    pub replaced: Replaced,
}

/// How many input pixels' worth of a pass was replaced.
#[derive(Default)]
pub struct Replaced(Mutex<f64>);

impl Replaced {
    fn add(&self, pixels: f64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += pixels;
    }

    /// The sum so far.
    pub fn pixels(&self) -> f64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory for the input planes of the tiles of one pass: as many as there are tiles running, used again and again.
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
    pub network: Arc<Guarded>,
    pub cancel: Cancel,
    pub picture: Arc<Raster>,
    pub layers: Arc<Vec<Layer>>,
    pub buffers: Arc<Buffers>,
    pub meter: Option<Arc<Meter>>,
    pub canvas: Canvas,
    pub rows: Span,
    pub columns: Span,
}

impl Tile {
    /// The network that a layer is for.
    fn engine(&self, form: Form) -> &dyn Engine {
        choose(&self.network.engines, form)
    }

    /// Runs the networks and stitches what they give.
    pub fn run(&self) -> Result<(), Error> {
        for layer in &*self.layers {
            self.run_layer(layer, &mut |kept| self.scatter(kept, layer))?;
        }
        Ok(())
    }

    /// Runs the networks and keeps what they give, a picture for each layer.
    pub fn results(&self) -> Result<Vec<Raster>, Error> {
        let mut results = Vec::with_capacity(self.layers.len());
        for layer in &*self.layers {
            self.run_layer(layer, &mut |kept| results.push(hooks::interleaved(kept)))?;
        }
        Ok(results)
    }

    /// Stitches results that were kept.
    pub fn stitch(&self, results: Vec<Raster>) {
        for (result, layer) in results.into_iter().zip(&*self.layers) {
            let (width, height) = (result.width as usize, result.height as usize);
            let planes = hooks::planes(result);
            let whole = Kept { planes: &planes, height, width, x: 0, y: 0, columns: width, rows: height };
            self.scatter(&whole, layer);
        }
    }

    fn scatter(&self, kept: &Kept, layer: &Layer) {
        let signature = self.engine(layer.form).signature();
        let scale = signature.footprint.scale as usize;
        let mut picture = self.canvas.picture();
        let y = self.rows.core as usize * scale - self.canvas.y() as usize;
        let x = self.columns.core as usize * scale;
        pixels::scatter(kept, &layer.targets, signature, &mut picture, x, y);
    }

    fn run_layer(&self, layer: &Layer, take: &mut dyn FnMut(&Kept)) -> Result<(), Error> {
        self.cancel.check()?;
        let engine = self.engine(layer.form);
        let signature = engine.signature();
        let (rows, columns) = (self.rows, self.columns);
        let mut input = self.buffers.take();
        pixels::gather(&self.picture, &layer.sources, rows, columns, signature, &mut input);
        let view = View::new(signature, rows, columns, (self.picture.height, self.picture.width));
        let watch = self.watch();
        let mut blown = None;
        let result = run(engine, &input, &view, &watch, |output| {
            if signature.guarded {
                blown = guard::inspect(&view, &input, output);
            }
            if blown.is_none() {
                let kept = view.kept_of(output);
                self.check_numbers(&kept)?;
                take(&kept);
            }
            Ok(())
        });
        let repaired = match (result, blown) {
            (Ok(()), Some(blown)) => self.repair(blown, layer, &view, &input).map(|planes| {
                let (height, width) = view.kept_size();
                take(&Kept { planes: &planes, height, width, x: 0, y: 0, columns: width, rows: height });
            }),
            (result, _) => result,
        };
        self.buffers.give(input);
        (watch.told)(1.0);
        repaired
    }

    /// The kept part of a result, with another network's or the resampled input where it has blown up.
    fn repair(&self, blown: Blown, layer: &Layer, view: &View, input: &[f32]) -> Result<Vec<f32>, Error> {
        self.network.replaced.add(blown.pixels() / self.layers.len() as f64);
        let lanczos = || Fallback::Lanczos { input };
        let Some(fallback) = &self.network.fallback else { return Ok(blown.repaired(view, &lanczos())) };
        let engines = fallback.network()?.engines;
        let engine = choose(&engines, layer.form);
        if !view.suits(engine.signature()) {
            return Ok(blown.repaired(view, &lanczos()));
        }
        let watch = Watch { cancel: self.cancel.clone(), told: Arc::new(|_| ()) };
        let mut planes = Vec::new();
        run(engine, input, view, &watch, |output| {
            planes = guard::sound(view, input, output);
            Ok(())
        })?;
        Ok(blown.repaired(view, &Fallback::Planes(&planes)))
    }

    /// Refuses results that are no numbers: clamping would make black pixels of them.
    fn check_numbers(&self, kept: &Kept) -> Result<(), Error> {
        match kept.first_non_finite() {
            None => Ok(()),
            Some((y, x)) => {
                let scale = self.network.engines.itself.signature().footprint.scale as usize;
                let (y, x) = (self.rows.core as usize * scale + y, self.columns.core as usize * scale + x);
                Err(Error::Inference(format!(
                    "Expected {} to give numbers but its result has NaN or infinity at column {x}, row {y}",
                    self.network.name
                )))
            }
        }
    }

    /// Looks on while a layer is run.
    fn watch(&self) -> Watch {
        let told: Arc<dyn Fn(f64) + Send + Sync> = match &self.meter {
            Some(meter) => Arc::new(meter.run(self.layers.len())),
            None => Arc::new(|_| ()),
        };
        Watch { cancel: self.cancel.clone(), told }
    }

    /// The tile's part of the result.
    pub fn slice(&self, kind: Output) -> Result<Slice, Error> {
        let scale = self.network.engines.itself.signature().footprint.scale;
        let (width, height) = (self.columns.core_len * scale, self.rows.core_len * scale);
        let y = self.rows.core * scale - self.canvas.y();
        let part = self.canvas.picture().crop(self.columns.core * scale, y, width, height);
        Ok(match kind {
            Output::Raw => Slice::Raster(part),
            Output::Tensor => Slice::Raster(part.into_depth(Depth::Float)),
            Output::Encoded => {
                let channels = part.channels;
                let bytes = raster::encode(part, EncodeOptions::new(Format::Png))?;
                Slice::Encoded { bytes, width, height, channels }
            }
        })
    }
}

/// The network for a layer.
fn choose(engines: &Engines, form: Form) -> &dyn Engine {
    match (form, &engines.grey) {
        (Form::Grey, Some(grey)) => &**grey,
        _ => &*engines.itself,
    }
}

/// Runs a network on a tile, and checks that its result has the size that is to be stitched.
fn run(
    engine: &dyn Engine,
    input: &[f32],
    view: &View,
    watch: &Watch,
    mut take: impl FnMut(&[f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    engine.run(input, view.height, view.width, watch, &mut |output, height, width| {
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
