//! The caller's own code, called on the event loop and waited for without a worker.

use std::sync::Arc;

use napi::Status;
use napi::bindgen_prelude::{Float32Array, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::borrow::Borrow;
use crate::error::Error;
use crate::raster::{Raster, Samples};
use crate::upscale::{Hook, Hooks};

/// Floats that JavaScript is given.
#[napi(object, object_from_js = false)]
pub struct NativeTensor {
    pub data: Float32Array,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
}

/// Floats that JavaScript gives; they must not change until the call settles.
#[napi(object, object_to_js = false)]
pub struct GivenTensor {
    pub data: Float32Array,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
}

/// A function from tensor to promise of a tensor. Where it fails, the shim aborts the call with the reason.
pub type Function = ThreadsafeFunction<NativeTensor, Promise<GivenTensor>, NativeTensor, Status, false>;

/// The core's form of them.
pub fn hooks(preprocess: Option<Function>, postprocess: Option<Function>, borrow: &Borrow) -> Hooks {
    let hook = |function: Function| hook(Arc::new(function), borrow.clone());
    Hooks { preprocess: preprocess.map(hook), postprocess: postprocess.map(hook) }
}

fn hook(function: Arc<Function>, borrow: Borrow) -> Hook {
    Arc::new(move |picture| {
        let (function, borrow) = (function.clone(), borrow.clone());
        Box::pin(async move {
            // A rejection has aborted the call already.
            let promise = function.call_async_catch(tensor(picture)).await.map_err(|_| Error::Aborted)?;
            let given = promise.await.map_err(|_| Error::Aborted)?;
            picture_of(&given, &borrow)
        })
    })
}

fn tensor(picture: Raster) -> NativeTensor {
    let Raster { width, height, channels, samples } = picture;
    let samples = match samples {
        Samples::F32(samples) => samples,
        _ => unreachable!("hooks are given floats"),
    };
    NativeTensor { data: samples.into(), width, height, channels: channels.into() }
}

fn picture_of(given: &GivenTensor, borrow: &Borrow) -> Result<Raster, Error> {
    let GivenTensor { data, width, height, channels } = given;
    let samples = borrow.read(|| data.to_vec())?;
    let expected = u64::from(*width) * u64::from(*height) * u64::from(*channels);
    if !(1..=4).contains(channels) || expected == 0 || expected != samples.len() as u64 {
        return Err(Error::InvalidArgument(format!(
            "Expected {expected} values for {width}x{height} pixels of 1 to 4 channels but received {} for {channels}",
            samples.len()
        )));
    }
    Ok(Raster { width: *width, height: *height, channels: *channels as u8, samples: Samples::F32(samples) })
}
