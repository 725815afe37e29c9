//! The caller's own code, called on the event loop and waited for without a worker.

use std::sync::Arc;

use napi::bindgen_prelude::{
    Float32Array, Float32ArraySlice, FromNapiValue, Promise, TypeName, ValidateNapiValue,
};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Status, ValueType, sys};
use napi_derive::napi;

use super::environment::HeldFunction;
use crate::error::Error;
use crate::memory::copied;
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

/// A `Float32Array` of JavaScript's, copied while nothing else runs there: it may give the memory away at any time. An
/// error where there is no memory for the copy.
pub struct Floats(Result<Vec<f32>, Error>);

impl TypeName for Floats {
    fn type_name() -> &'static str {
        "Float32Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ValidateNapiValue for Floats {}

impl FromNapiValue for Floats {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Floats> {
        // SAFETY: both are what the caller was given.
        let slice = unsafe { Float32ArraySlice::from_napi_value(env, value)? };
        Ok(Floats(copied(&slice)))
    }
}

/// Floats that JavaScript gives.
#[napi(object, object_to_js = false)]
pub struct GivenTensor {
    #[napi(ts_type = "Float32Array")]
    pub data: Floats,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
}

/// A function from tensor to promise of a tensor. Where it fails, the shim aborts the call with the reason.
pub type Function = ThreadsafeFunction<NativeTensor, Promise<GivenTensor>, NativeTensor, Status, false>;

/// The core's form of them, for calls of the calling thread.
pub fn hooks(preprocess: Option<Function>, postprocess: Option<Function>) -> Hooks {
    let hook = |function: Function| hook(Arc::new(HeldFunction::new(function)));
    Hooks { preprocess: preprocess.map(hook), postprocess: postprocess.map(hook) }
}

fn hook(function: Arc<HeldFunction<Function>>) -> Hook {
    Arc::new(move |picture| {
        let function = function.clone();
        Box::pin(async move {
            // A rejection has aborted the call already.
            let promise = function.call_async_catch(tensor(picture)).await.map_err(|_| Error::Aborted)?;
            let given = promise.await.map_err(|_| Error::Aborted)?;
            picture_of(given)
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

fn picture_of(given: GivenTensor) -> Result<Raster, Error> {
    let GivenTensor { data: Floats(samples), width, height, channels } = given;
    let samples = samples?;
    let expected = u64::from(width) * u64::from(height) * u64::from(channels);
    if !(1..=4).contains(&channels) || expected == 0 || expected != samples.len() as u64 {
        return Err(Error::InvalidArgument(format!(
            "Expected {expected} values for {width}x{height} pixels of 1 to 4 channels but received {} for {channels}",
            samples.len()
        )));
    }
    Ok(Raster { width, height, channels: channels as u8, samples: Samples::F32(samples) })
}
