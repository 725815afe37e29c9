//! One pass of the network over a picture: tiles to the workers, finished rows onwards, in order.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::canvas::{Canvas, Canvases};
use super::encoding::Encoding;
use super::hooks::{self, Hook};
use super::layers::{Form, Layer};
use super::options::Output;
use super::pixels::{self, Kept};
use super::plan::{Plan, Span};
use super::progress::{Meter, Slice, TileDone, rects};
use crate::engine::{Cancel, Engine, Engines, Lane, Watch};
use crate::error::Error;
use crate::raster::{self, Depth, EncodeOptions, Format, Raster, Samples};

/// Where the rows of a pass go.
pub enum Rows<'a, 'lane> {
    /// All into one picture.
    Whole(Canvas),
    /// Tile row by tile row into a file, so that no full-size picture is ever held.
    Encoded(&'a mut Encoding<'lane>),
}

/// A network run over a whole picture.
pub struct Pass<'a> {
    pub engines: Engines,
    pub lane: &'a Lane,
    pub workers: usize,
    pub cancel: Cancel,
    pub picture: Arc<Raster>,
    pub plan: Plan,
    pub layers: Arc<Vec<Layer>>,
    pub buffers: Arc<Buffers>,
    /// Channels and samples of the result.
    pub channels: u8,
    pub depth: Depth,
    /// What becomes of each tile's result before it is stitched.
    pub postprocess: Option<Hook>,
    /// Who is told how far it has got.
    pub meter: Option<Arc<Meter>>,
}

type Pending = Pin<Box<dyn Future<Output = Result<Ran, Error>> + Send>>;

/// What a worker has made of a tile.
enum Ran {
    /// It is on its canvas.
    Stitched(Option<Slice>),
    /// What is kept of each layer, for the caller's code to see first.
    Held(Tile, Vec<Raster>),
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

/// A tile that was handed to the workers.
struct InFlight {
    row: usize,
    column: usize,
    canvas: Canvas,
    tile: Pending,
}

impl Pass<'_> {
    /// Runs all tiles. Returns the canvas of [`Rows::Whole`].
    pub async fn run(&self, mut rows: Rows<'_, '_>) -> Result<(), Error> {
        // As many again as the workers run, so that none is idle while results are passed on. What waits for the caller's
        // code is held in floats: no more of it than keeps the workers busy.
        let most = match self.postprocess {
            Some(_) => self.workers + 1,
            None => 2 * self.workers + 2,
        };
        let (mut in_flight, canvases) = (VecDeque::new(), Canvases::default());
        for row in 0..self.plan.rows.len() {
            let canvas = self.canvas(row, &rows, &canvases)?;
            for column in 0..self.plan.columns.len() {
                if in_flight.len() >= most {
                    self.settle(&mut in_flight, &mut rows).await?;
                }
                let tile = self.start(row, column, &canvas);
                in_flight.push_back(InFlight { row, column, canvas: canvas.clone(), tile });
            }
        }
        while !in_flight.is_empty() {
            self.settle(&mut in_flight, &mut rows).await?;
        }
        if let Some(meter) = &self.meter {
            meter.finish();
        }
        Ok(())
    }

    fn scale(&self) -> u32 {
        self.engines.itself.signature().footprint.scale
    }

    /// The canvas that a tile row is stitched onto.
    fn canvas(&self, row: usize, rows: &Rows, canvases: &Canvases) -> Result<Canvas, Error> {
        match rows {
            Rows::Whole(canvas) => Ok(canvas.clone()),
            Rows::Encoded(_) => {
                let span = self.plan.rows[row];
                let (width, height) = (self.picture.width * self.scale(), span.core_len * self.scale());
                canvases.canvas((width, height), self.channels, self.depth, span.core * self.scale())
            }
        }
    }

    /// Queues one tile.
    fn start(&self, row: usize, column: usize, canvas: &Canvas) -> Pending {
        let tile = Tile {
            engines: self.engines.clone(),
            cancel: self.cancel.clone(),
            picture: self.picture.clone(),
            layers: self.layers.clone(),
            buffers: self.buffers.clone(),
            meter: self.meter.clone(),
            canvas: canvas.clone(),
            rows: self.plan.rows[row],
            columns: self.plan.columns[column],
        };
        let pixels = u64::from(tile.rows.source_len) * u64::from(tile.columns.source_len);
        let long = pixels > self.engines.itself.signature().load.long_pixels;
        let (slices, held) = (self.slices(), self.postprocess.is_some());
        let work = move || {
            if held {
                let results = tile.results()?;
                return Ok(Ran::Held(tile, results));
            }
            tile.run()?;
            slices.map(|kind| tile.slice(kind)).transpose().map(Ran::Stitched)
        };
        if long { Box::pin(self.lane.run_long(work)) } else { Box::pin(self.lane.run(work)) }
    }

    fn slices(&self) -> Option<Output> {
        self.meter.as_ref().and_then(|meter| meter.slices())
    }

    /// Shows a tile's colours to the caller's code, and stitches what it makes of them.
    async fn postprocess(&self, tile: Tile, mut results: Vec<Raster>) -> Result<Option<Slice>, Error> {
        if let Some(hook) = &self.postprocess {
            let colours = if self.channels >= 3 { 3 } else { 1 };
            for (result, layer) in results.iter_mut().zip(&*tile.layers) {
                if !layer.targets.iter().any(|target| target.channel() < colours) {
                    continue;
                }
                let given = Raster {
                    samples: std::mem::replace(&mut result.samples, Samples::F32(Vec::new())),
                    ..*result
                };
                *result = same_form(hook, given).await?;
            }
        }
        let slices = self.slices();
        let stitch = move || {
            tile.stitch(results);
            slices.map(|kind| tile.slice(kind)).transpose()
        };
        self.lane.run(stitch).await
    }

    /// Waits for the oldest tile, tells about it, and passes its row on if it was the row's last.
    async fn settle(&self, in_flight: &mut VecDeque<InFlight>, rows: &mut Rows<'_, '_>) -> Result<(), Error> {
        let Some(InFlight { row, column, canvas, tile }) = in_flight.pop_front() else { return Ok(()) };
        let slice = match tile.await? {
            Ran::Stitched(slice) => slice,
            Ran::Held(tile, results) => self.postprocess(tile, results).await?,
        };
        self.cancel.check()?;
        self.tell(row, column, slice);
        if let Rows::Encoded(encoding) = rows
            && column + 1 == self.plan.columns.len()
        {
            let span = self.plan.rows[row];
            encoding.push(canvas, (span.core + span.core_len) * self.scale()).await?;
        }
        Ok(())
    }

    fn tell(&self, row: usize, column: usize, slice: Option<Slice>) {
        let (Some(meter), Some(slice)) = (&self.meter, slice) else { return };
        let done = row * self.plan.columns.len() + column + 1;
        let (pre, post) = rects(self.plan.rows[row], self.plan.columns[column]);
        meter.tile(done, TileDone { row, column, pre, post, slice });
    }
}

/// Calls a hook that may change values alone.
async fn same_form(hook: &Hook, given: Raster) -> Result<Raster, Error> {
    let form = |picture: &Raster| (picture.width, picture.height, picture.channels);
    let expected = form(&given);
    let returned = hook(given).await?;
    match form(&returned) {
        found if found == expected => Ok(returned),
        (width, height, channels) => Err(Error::ModelShape(format!(
            "Expected postprocess to give {}x{} pixels of {} channels, as it was given, but it gave {width}x{height} of {channels}",
            expected.0, expected.1, expected.2
        ))),
    }
}

/// One tile's work, on a worker.
struct Tile {
    engines: Engines,
    cancel: Cancel,
    picture: Arc<Raster>,
    layers: Arc<Vec<Layer>>,
    buffers: Arc<Buffers>,
    meter: Option<Arc<Meter>>,
    canvas: Canvas,
    rows: Span,
    columns: Span,
}

impl Tile {
    /// The network that a layer is for.
    fn engine(&self, form: Form) -> &dyn Engine {
        match (form, &self.engines.grey) {
            (Form::Grey, Some(grey)) => &**grey,
            _ => &*self.engines.itself,
        }
    }

    /// Runs the networks and stitches what they give.
    fn run(&self) -> Result<(), Error> {
        for layer in &*self.layers {
            self.run_layer(layer, &mut |kept| self.scatter(kept, layer))?;
        }
        Ok(())
    }

    /// Runs the networks and keeps what they give, a picture for each layer.
    fn results(&self) -> Result<Vec<Raster>, Error> {
        let mut results = Vec::with_capacity(self.layers.len());
        for layer in &*self.layers {
            self.run_layer(layer, &mut |kept| results.push(hooks::interleaved(kept)))?;
        }
        Ok(results)
    }

    /// Stitches results that were kept.
    fn stitch(&self, results: Vec<Raster>) {
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
        let mut planes = self.buffers.take();
        pixels::gather(&self.picture, &layer.sources, rows, columns, signature, &mut planes);
        let (height, width) = (rows.source_len as usize, columns.source_len as usize);
        let watch = self.watch();
        let result = engine.run(&planes, height, width, &watch, &mut |planes, height, width| {
            let scale = signature.footprint.scale as usize;
            let trim = signature.footprint.trim as usize;
            let expected = |span: Span| (span.source_len as usize - 2 * trim) * scale;
            if (height, width) != (expected(rows), expected(columns)) {
                return Err(Error::ModelShape(format!(
                    "Expected the network to give {}x{} for {}x{} at scale {scale} but it gave {width}x{height}",
                    expected(columns),
                    expected(rows),
                    columns.source_len,
                    rows.source_len,
                )));
            }
            let first = |span: Span| ((i64::from(span.core) - span.source) as usize - trim) * scale;
            let kept = Kept {
                planes,
                height,
                width,
                x: first(columns),
                y: first(rows),
                columns: columns.core_len as usize * scale,
                rows: rows.core_len as usize * scale,
            };
            take(&kept);
            Ok(())
        });
        self.buffers.give(planes);
        (watch.told)(1.0);
        result
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
    fn slice(&self, kind: Output) -> Result<Slice, Error> {
        let scale = self.engines.itself.signature().footprint.scale;
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
