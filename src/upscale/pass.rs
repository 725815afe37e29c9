//! One pass of the network over a picture: tiles to the workers, finished rows onwards, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use super::BoxFuture;
use super::canvas::{Canvas, Canvases};
use super::channel_runs::ChannelRun;
use super::encoding::Encoding;
use super::hooks::Hook;
use super::options::OutputKind;
use super::plan::TilePlan;
use super::progress::{Meter, Slice, TileDone, rects};
use super::tile::{Buffers, Tile};
use super::tile_run::PassNetwork;
use crate::error::Error;
use crate::raster::{self, Depth, Raster, Samples};
use crate::workers::{Cancel, Lane};

/// Where the rows of a pass go.
pub enum Rows<'a, 'lane> {
    /// All into one picture.
    Whole(Canvas),
    /// Tile row by tile row into a file, so that no full-size picture is ever held.
    Encoded(&'a mut Encoding<'lane>),
}

/// A network run over a whole picture.
pub struct Pass<'a> {
    pub network: Arc<PassNetwork>,
    pub lane: &'a Lane,
    pub workers: usize,
    pub cancel: Cancel,
    pub picture: Arc<Raster>,
    pub plan: TilePlan,
    pub channel_runs: Arc<Vec<ChannelRun>>,
    pub buffers: Arc<Buffers>,
    /// Channels and samples of the result.
    pub channels: u8,
    pub depth: Depth,
    /// Called with each tile's result before it is stitched.
    pub postprocess: Option<Hook>,
    /// Reports the progress.
    pub meter: Option<Arc<Meter>>,
}

/// The result of a tile.
enum Ran {
    /// It is stitched onto its canvas.
    Stitched(Option<Slice>),
    /// The kept part of each channel run, which the caller's code sees first.
    Held(Tile, Vec<Raster>),
}

/// A tile that was handed to the workers.
struct InFlight {
    row: usize,
    column: usize,
    canvas: Canvas,
    tile: BoxFuture<Ran>,
}

impl Pass<'_> {
    /// Runs all tiles, and hands their rows to `rows`.
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
        self.network.engines.primary.signature().geometry.scale
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
    fn start(&self, row: usize, column: usize, canvas: &Canvas) -> BoxFuture<Ran> {
        let tile = Tile {
            network: self.network.clone(),
            cancel: self.cancel.clone(),
            picture: self.picture.clone(),
            channel_runs: self.channel_runs.clone(),
            buffers: self.buffers.clone(),
            meter: self.meter.clone(),
            canvas: canvas.clone(),
            rows: self.plan.rows[row],
            columns: self.plan.columns[column],
        };
        let pixels = u64::from(tile.rows.source_len) * u64::from(tile.columns.source_len);
        let long = pixels > self.network.engines.primary.signature().limits.long_pixels;
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

    fn slices(&self) -> Option<OutputKind> {
        self.meter.as_ref().and_then(|meter| meter.slices())
    }

    /// Shows a tile's colours to the caller's code, and stitches what it makes of them.
    async fn postprocess(&self, tile: Tile, mut results: Vec<Raster>) -> Result<Option<Slice>, Error> {
        if let Some(hook) = &self.postprocess {
            let colours = usize::from(raster::colours_of(self.channels));
            for (result, channel_run) in results.iter_mut().zip(&*tile.channel_runs) {
                if !channel_run.targets.iter().any(|target| target.channel() < colours) {
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

    /// Waits for the oldest tile, reports it, and passes its row on if it was the row's last.
    async fn settle(&self, in_flight: &mut VecDeque<InFlight>, rows: &mut Rows<'_, '_>) -> Result<(), Error> {
        let Some(InFlight { row, column, canvas, tile }) = in_flight.pop_front() else { return Ok(()) };
        let slice = match tile.await? {
            Ran::Stitched(slice) => slice,
            Ran::Held(tile, results) => self.postprocess(tile, results).await?,
        };
        self.cancel.check()?;
        self.report(row, column, slice);
        if let Rows::Encoded(encoding) = rows
            && column + 1 == self.plan.columns.len()
        {
            let span = self.plan.rows[row];
            encoding.push(canvas, (span.core + span.core_len) * self.scale()).await?;
        }
        Ok(())
    }

    fn report(&self, row: usize, column: usize, slice: Option<Slice>) {
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
