//! Encoding beside inference: workers compress bands of finished rows while the rest is still being upscaled.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::BoxFuture;
use super::canvas::Canvas;
use super::finish::Finish;
use super::output_stream::{self, OutputChunk, OutputSender};
use crate::error::Error;
use crate::raster::{Band, Encoder, Joiner, Raster};
use crate::workers::Lane;

/// A file that is being written.
pub struct Encoding<'a> {
    lane: &'a Lane,
    encoder: Arc<Encoder>,
    finish: Arc<Finish>,
    width: u32,
    height: u32,
    /// Finished rows that no band has taken yet, top first; the canvases touch each other.
    rows: VecDeque<Canvas>,
    /// The first row that belongs to no band yet.
    next: u32,
    compressing: VecDeque<BoxFuture<Band>>,
    destination: Destination,
}

/// Where bands go when they are compressed.
enum Destination {
    Memory(Vec<Band>),
    Stream(Box<Joiner>, OutputSender),
}

/// Bands that may wait for a worker: enough to keep many cores busy, few enough that a slow codec holds back the
/// tiles instead of filling memory.
const MAX_PENDING: usize = 32;

impl<'a> Encoding<'a> {
    /// A file of `width` x `height` pixels; `finish` is applied to its rows. It is collected in memory, or sent to
    /// `stream` as it is made.
    pub fn new(
        lane: &'a Lane,
        encoder: Encoder,
        finish: Arc<Finish>,
        (width, height): (u32, u32),
        stream: Option<OutputSender>,
    ) -> Encoding<'a> {
        let encoder = Arc::new(encoder);
        let (rows, compressing) = (VecDeque::new(), VecDeque::new());
        let destination = match stream {
            None => Destination::Memory(Vec::new()),
            Some(stream) => Destination::Stream(Box::new(Joiner::new(encoder.clone())), stream),
        };
        Encoding { lane, encoder, finish, width, height, rows, next: 0, compressing, destination }
    }

    /// Takes the next rows, which follow those before.
    pub async fn push(&mut self, rows: Canvas, end: u32) -> Result<(), Error> {
        self.rows.push_back(rows);
        let band_rows = self.encoder.band_rows();
        while self.next < end && (self.next + band_rows <= end || end == self.height) {
            let to = self.height.min(self.next + band_rows);
            self.start_band(to);
            self.next = to;
        }
        while self.compressing.len() > MAX_PENDING {
            self.settle_band().await?;
        }
        self.settle_ready().await
    }

    /// Waits for all bands and joins them; returns no bytes where they went to an output stream.
    pub async fn finish(mut self) -> Result<Vec<u8>, Error> {
        while !self.compressing.is_empty() {
            self.settle_band().await?;
        }
        let encoder = self.encoder;
        match self.destination {
            Destination::Memory(bands) => self.lane.run(move || encoder.finish(bands)).await,
            Destination::Stream(joiner, stream) => {
                let rest = self.lane.run(move || joiner.finish()).await?;
                output_stream::send(&stream, OutputChunk::Bytes(rest)).await?;
                Ok(Vec::new())
            }
        }
    }

    /// Queues the compression of the rows from `next` to `to`, and releases canvases that are used up.
    fn start_band(&mut self, to: u32) {
        let (from, width) = (self.next, self.width);
        let canvases: Vec<Canvas> = self.rows.iter().take_while(|canvas| canvas.y() < to).cloned().collect();
        while self.rows.get(1).map_or(to == self.height, |following| following.y() <= to) {
            if self.rows.pop_front().is_none() {
                break;
            }
        }
        let (encoder, finish) = (self.encoder.clone(), self.finish.clone());
        let index = from / encoder.band_rows();
        self.compressing.push_back(Box::pin(self.lane.run(move || {
            let band = assemble(&canvases, width, from, to)?;
            drop(canvases);
            encoder.compress(index, finish.apply(band, from)?)
        })));
    }

    async fn settle_band(&mut self) -> Result<(), Error> {
        match self.compressing.pop_front() {
            Some(band) => self.deliver(band.await?).await,
            None => Ok(()),
        }
    }

    /// Passes on the first bands that are compressed, without waiting for others.
    async fn settle_ready(&mut self) -> Result<(), Error> {
        while let Some(first) = self.compressing.front_mut() {
            let Poll::Ready(band) = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await else {
                break;
            };
            self.compressing.pop_front();
            self.deliver(band?).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, band: Band) -> Result<(), Error> {
        match &mut self.destination {
            Destination::Memory(bands) => bands.push(band),
            Destination::Stream(joiner, stream) => {
                let bytes = joiner.push(band)?;
                if !bytes.is_empty() {
                    output_stream::send(stream, OutputChunk::Bytes(bytes)).await?;
                }
            }
        }
        Ok(())
    }
}

/// Rows `from..to` as one picture.
fn assemble(canvases: &[Canvas], width: u32, from: u32, to: u32) -> Result<Raster, Error> {
    let mut band: Option<Raster> = None;
    for canvas in canvases {
        let picture = canvas.picture();
        let (begin, end) = (from.max(canvas.y()), to.min(canvas.y() + picture.height));
        if begin >= end {
            continue;
        }
        let part = picture.crop(0, begin - canvas.y(), width, end - begin);
        if part.height == to - from {
            return Ok(part);
        }
        let (channels, depth) = (part.channels, part.depth());
        let band = match &mut band {
            Some(band) => band,
            None => band.insert(Raster::blank(width, to - from, channels, depth)?),
        };
        band.paste(&part, 0, begin - from);
    }
    band.ok_or_else(|| Error::Encode(format!("Expected rows {from}..{to} to be finished but found none")))
}
