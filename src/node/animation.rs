//! Animations: their frames for JavaScript, and the encoder that it passes upscaled frames to.

use std::sync::{Arc, Mutex, PoisonError};

use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, PromiseRaw, Uint8Array};
use napi_derive::napi;

use super::enums::NativeAnimationFormat;
use super::environment::promise;
use super::errors::{Code, thrown};
use super::result::name;
use crate::error::Error;
use crate::memory::copied;
use crate::raster::{self, AnimationOptions, EncodeOptions, Format, FrameArea, Raster, Samples};

/// Runs work on a thread that may block.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let failed = |e| Error::Decode(format!("Expected the animation's work to finish but: {e}"));
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// A rectangle.
#[napi(object)]
pub struct NativeArea {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl From<FrameArea> for NativeArea {
    fn from(FrameArea { x, y, width, height }: FrameArea) -> NativeArea {
        NativeArea { x, y, width, height }
    }
}

/// A frame: the pixels of an area, where that lies in the frame, and the area that differs from the frame before.
#[napi(object, object_from_js = false)]
pub struct NativeFrame {
    pub delay: u32,
    /// Absent where the frame equals the one before.
    pub data: Option<Buffer>,
    pub channels: u32,
    pub area: Option<NativeArea>,
    pub changed: Option<NativeArea>,
}

/// A file of several frames.
#[napi]
pub struct NativeAnimation {
    animation: Arc<Mutex<raster::Animation>>,
    size: (u32, u32),
    frames: u32,
    loops: u32,
    format: Format,
}

impl NativeAnimation {
    pub fn new(animation: raster::Animation) -> NativeAnimation {
        NativeAnimation {
            size: animation.size(),
            frames: animation.frames() as u32,
            loops: animation.loops(),
            format: animation.format(),
            animation: Arc::new(Mutex::new(animation)),
        }
    }
}

#[napi]
impl NativeAnimation {
    #[napi(getter)]
    pub fn width(&self) -> u32 {
        self.size.0
    }

    #[napi(getter)]
    pub fn height(&self) -> u32 {
        self.size.1
    }

    #[napi(getter)]
    pub fn frames(&self) -> u32 {
        self.frames
    }

    #[napi(getter)]
    pub fn loops(&self) -> u32 {
        self.loops
    }

    #[napi(getter)]
    pub fn format(&self) -> &'static str {
        name(self.format)
    }

    /// The next frame: the area that changed with `margin` pixels around it, or all of it without a margin.
    #[napi(ts_return_type = "Promise<NativeFrame | null>")]
    pub fn next<'env>(
        &self,
        env: &'env Env,
        margin: Option<u32>,
    ) -> napi::Result<PromiseRaw<'env, Option<NativeFrame>>> {
        let animation = self.animation.clone();
        let work = blocking(move || {
            let mut animation = animation.lock().unwrap_or_else(PoisonError::into_inner);
            let (width, height) = animation.size();
            Ok(animation.next_frame()?.map(|mut frame| {
                if margin.is_none() {
                    frame.changed = Some(FrameArea { x: 0, y: 0, width, height });
                }
                let excerpt = frame.excerpt(margin.unwrap_or(0));
                (frame.delay, frame.changed, excerpt)
            }))
        });
        promise(env, work, |frame| {
            frame.map(|(delay, changed, excerpt)| {
                let (area, picture) = excerpt.unzip();
                NativeFrame {
                    delay,
                    channels: picture.as_ref().map_or(0, |picture| picture.channels.into()),
                    data: picture.map(|picture| picture.samples.into_u8().into()),
                    area: area.map(NativeArea::from),
                    changed: changed.map(NativeArea::from),
                }
            })
        })
    }
}

/// How an animation is written.
#[napi(object, object_to_js = false)]
pub struct NativeAnimationOptions {
    pub format: NativeAnimationFormat,
    pub width: u32,
    pub height: u32,
    pub frames: u32,
    pub loops: u32,
    pub quality: Option<u32>,
    pub lossless: Option<bool>,
}

/// 8-bit samples of 1 to 4 channels.
#[napi(object, object_to_js = false)]
pub struct NativePicture {
    pub data: Either<Buffer, Uint8Array>,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
}

/// Writes an animation.
#[napi]
pub struct NativeAnimationEncoder {
    encoder: Arc<Mutex<Option<raster::AnimationEncoder>>>,
}

#[napi]
impl NativeAnimationEncoder {
    #[napi(constructor)]
    pub fn new(options: NativeAnimationOptions) -> Result<NativeAnimationEncoder, napi::Error<Code>> {
        let defaults = EncodeOptions::new(options.format.into());
        let encoder = raster::AnimationEncoder::new(AnimationOptions {
            format: defaults.format,
            width: options.width,
            height: options.height,
            frames: options.frames,
            loops: options.loops,
            quality: options.quality.map_or(defaults.quality, |quality| quality.min(100) as u8),
            lossless: options.lossless.unwrap_or(defaults.lossless),
        });
        let encoder = encoder.map_err(thrown)?;
        Ok(NativeAnimationEncoder { encoder: Arc::new(Mutex::new(Some(encoder))) })
    }

    /// Adds a frame that differs from the one before in `to`; the pixels of `to` begin at (x, y) of the picture.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn add<'env>(
        &self,
        env: &'env Env,
        picture: Option<NativePicture>,
        x: u32,
        y: u32,
        to: NativeArea,
        delay: u32,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let encoder = self.encoder.clone();
        let raster = match picture {
            None => Ok(Raster::empty()),
            Some(NativePicture { data, width, height, channels }) => {
                let bytes = match data {
                    Either::A(bytes) => copied(&bytes),
                    Either::B(bytes) => copied(&bytes),
                };
                bytes
                    .and_then(|bytes| Raster::new(width, height, channels.min(255) as u8, Samples::U8(bytes)))
            }
        };
        let to = FrameArea { x: to.x, y: to.y, width: to.width, height: to.height };
        let work = blocking(move || {
            let mut encoder = encoder.lock().unwrap_or_else(PoisonError::into_inner);
            let encoder = encoder.as_mut().ok_or_else(|| Error::Encode("The file is finished".into()))?;
            encoder.add(&raster?, (x, y), to, delay)
        });
        promise(env, work, |()| ())
    }

    /// The file.
    #[napi(ts_return_type = "Promise<Buffer>")]
    pub fn finish<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Buffer>> {
        let encoder = self.encoder.clone();
        let work = blocking(move || {
            let encoder = encoder.lock().unwrap_or_else(PoisonError::into_inner).take();
            encoder.ok_or_else(|| Error::Encode("The file is finished".into()))?.finish()
        });
        promise(env, work, Buffer::from)
    }
}
