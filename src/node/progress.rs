//! Progress to JavaScript: queued without blocking a worker, and all of it delivered before the promise settles.

use std::sync::Arc;

use napi::Status;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::sync::watch;

use super::environment::{End, HeldFunction};
use super::result::{NativeData, samples};
use crate::upscale::{Listener, OutputKind, Progress, Rect, Slice, TileDone};

/// The JavaScript callback.
pub type Callback = ThreadsafeFunction<NativeProgress, (), NativeProgress, Status, false>;

/// A rectangle in input pixels.
#[napi(object, object_from_js = false)]
pub struct NativeRect {
    pub x: i64,
    pub y: i64,
    pub width: u32,
    pub height: u32,
}

impl From<Rect> for NativeRect {
    fn from(rect: Rect) -> NativeRect {
        NativeRect { x: rect.x, y: rect.y, width: rect.width, height: rect.height }
    }
}

/// The upscaled pixels of one tile.
#[napi(object, object_from_js = false)]
pub struct NativeSlice {
    pub data: NativeData,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
}

/// How far a call has got.
#[napi(object, object_from_js = false)]
pub struct NativeProgress {
    /// Above 0, at most 1.
    pub fraction: f64,
    /// The tile that is done, for callbacks that take slices.
    pub tile: Option<NativeTile>,
}

/// A tile is done.
#[napi(object, object_from_js = false)]
pub struct NativeTile {
    pub row: u32,
    pub col: u32,
    /// What the network saw.
    pub pre: NativeRect,
    /// What of it was kept, relative to `pre`.
    pub post: NativeRect,
    pub slice: NativeSlice,
}

impl From<Progress> for NativeProgress {
    fn from(progress: Progress) -> NativeProgress {
        NativeProgress { fraction: progress.fraction, tile: progress.tile.map(NativeTile::from) }
    }
}

impl From<TileDone> for NativeTile {
    fn from(tile: TileDone) -> NativeTile {
        NativeTile {
            row: tile.row as u32,
            col: tile.column as u32,
            pre: tile.pre.into(),
            post: tile.post.into(),
            slice: match tile.slice {
                Slice::Encoded { bytes, width, height, channels } => NativeSlice {
                    data: NativeData::A(bytes.into()),
                    width,
                    height,
                    channels: channels.into(),
                },
                Slice::Raster(raster) => {
                    let (width, height, channels) = (raster.width, raster.height, raster.channels.into());
                    NativeSlice { data: samples(raster), width, height, channels }
                }
            },
        }
    }
}

/// Calls that JavaScript has not answered yet.
pub struct Outstanding {
    count: Arc<watch::Sender<usize>>,
    end: End,
}

impl Outstanding {
    /// Waits until the callback has returned for every report so far, or cannot any more.
    pub async fn delivered(&self) {
        let mut count = self.count.subscribe();
        tokio::select! {
            // It fails only if the sender is gone, which `self` holds.
            _ = count.wait_for(|count| *count == 0) => {}
            () = self.end.reached() => {}
        }
    }
}

/// A listener that calls `callback` on the event loop.
pub fn listener(callback: HeldFunction<Callback>, slices: Option<OutputKind>) -> (Listener, Outstanding) {
    let sent = Arc::new(watch::Sender::new(0));
    let outstanding = Outstanding { count: sent.clone(), end: callback.end().clone() };
    let call = move |progress: Progress| {
        sent.send_modify(|count| *count += 1);
        let returned = sent.clone();
        let status = callback.call_with_return_value(
            progress.into(),
            ThreadsafeFunctionCallMode::NonBlocking,
            move |_, _| {
                returned.send_modify(|count| *count = count.saturating_sub(1));
                Ok(())
            },
        );
        if status != Status::Ok {
            // The environment is shutting down: no answer will come.
            sent.send_modify(|count| *count = count.saturating_sub(1));
        }
    };
    (Listener { slices, call: Arc::new(call) }, outstanding)
}
