//! What concerns the whole process: the library's place, threads, memory, counts, versions.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Buffer, PromiseRaw, create_custom_tokio_runtime};
use napi_derive::napi;

use super::enums::NativeStorage;
use super::environment::promise;
use super::errors::{Code, thrown};
use super::model::NativeModelSource;
use super::panics;
use super::result::NativeCounters;
use crate::calibrate;
use crate::engine::{self, set_library, version};
use crate::memory;
use crate::model::{self, Storage};
use crate::upscale::{Counters, MAX_READERS};
use crate::workers::{Pool, Share};

/// Threads for what blocks and is no reading of pictures: animations, and memory that is given back.
const OTHERS: usize = 8;

/// One thread is enough for coordination: the work is done by the pool's workers.
#[napi_derive::module_init]
fn init_runtime() {
    // A panic becomes the error of its call; nothing is to be written to the process's stderr.
    panics::keep();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("upscaler-coordinator")
        .max_blocking_threads(MAX_READERS + OTHERS)
        .thread_keep_alive(Duration::from_secs(1))
        .enable_time()
        .build();
    // Without it napi starts a runtime of its own at the first promise.
    if let Ok(runtime) = runtime {
        create_custom_tokio_runtime(runtime);
    }
}

/// Waits until no thread is inside ONNX Runtime and lets none in again: the process is about to exit, which destroys what
/// the library holds.
#[napi]
pub fn leave() {
    engine::leave();
}

static EXIT_IS_HEARD: AtomicBool = AtomicBool::new(false);

/// Whether the caller is the first that may call [`leave`] at the process's exit: one listener is enough, however often the
/// JavaScript is loaded.
#[napi]
pub fn first_at_exit() -> bool {
    !EXIT_IS_HEARD.swap(true, Ordering::Relaxed)
}

/// Says where the ONNX Runtime library is. It is loaded at the first model.
#[napi]
pub fn init(library_path: String) {
    set_library(library_path.into());
}

/// Process-wide settings.
#[napi(object)]
pub struct ProcessOptions {
    /// Worker threads; default: the cores that this process may use.
    pub threads: Option<u32>,
    /// Bytes that all images together may hold; default: half of what the process may have beside itself, within bounds.
    pub max_memory: Option<f64>,
}

/// Sets what concerns the whole process, before the first model.
#[napi]
pub fn configure(options: ProcessOptions) -> Result<(), napi::Error<Code>> {
    if let Some(threads) = options.threads {
        Pool::configure(threads as usize).map_err(|error| thrown(error.into()))?;
    }
    if let Some(bytes) = options.max_memory {
        memory::configure(bytes as u64).map_err(thrown)?;
    }
    Ok(())
}

/// The counts of all instances together.
#[napi]
pub fn counters() -> NativeCounters {
    Counters::global().counts().into()
}

/// Versions of the parts.
#[napi(object, object_from_js = false)]
pub struct Versions {
    pub core: String,
    pub onnxruntime: String,
}

/// The versions of this addon and of ONNX Runtime, which is loaded for this if need be.
#[napi]
pub fn versions() -> Result<Versions, napi::Error<Code>> {
    Ok(Versions { core: env!("CARGO_PKG_VERSION").to_owned(), onnxruntime: version().map_err(thrown)? })
}

/// Converts a model to the bytes of an `.onnx`, weights stored as 'float32' (default) or 'float16'.
#[napi(ts_return_type = "Promise<Buffer>")]
pub fn convert(
    env: &Env,
    source: NativeModelSource,
    storage: Option<NativeStorage>,
) -> Result<PromiseRaw<'_, Buffer>, napi::Error> {
    let storage = storage.map_or(Storage::default(), Storage::from);
    let parts = source.parts();
    let work = async move {
        let (source, definition) = parts?;
        Pool::global()?.lane(Share::new(1)).run(move || model::to_onnx(&source, &definition, storage)).await
    };
    promise(env, work, Buffer::from)
}

/// A quantised model, and how it compares.
#[napi(object, object_from_js = false)]
pub struct NativeQuantized {
    /// The `.onnx`.
    pub onnx: Buffer,
    /// Bytes of the model as an `.onnx` in float32.
    pub float_bytes: f64,
    /// Operators that compute in integers, and all.
    pub integer_operators: u32,
    pub operators: u32,
    /// Crops of the pictures that ranges were taken from, and others that were compared.
    pub calibrated_on: u32,
    pub compared_on: u32,
    /// Of the int8 results against those in float32, in dB.
    pub psnr: f64,
}

impl From<calibrate::QuantizedModel> for NativeQuantized {
    fn from(quantized: calibrate::QuantizedModel) -> NativeQuantized {
        NativeQuantized {
            onnx: quantized.onnx.into(),
            float_bytes: quantized.float_bytes as f64,
            integer_operators: quantized.operators.0 as u32,
            operators: quantized.operators.1 as u32,
            calibrated_on: quantized.calibrated_on as u32,
            compared_on: quantized.compared_on as u32,
            psnr: quantized.psnr,
        }
    }
}

/// Quantises a model to int8, calibrated on pictures given by their paths; what stays in floats is stored as 'float32'
/// (default) or 'float16'.
#[napi(ts_return_type = "Promise<NativeQuantized>")]
pub fn quantize(
    env: &Env,
    source: NativeModelSource,
    pictures: Vec<String>,
    storage: Option<NativeStorage>,
) -> Result<PromiseRaw<'_, NativeQuantized>, napi::Error> {
    let storage = storage.map_or(Storage::default(), Storage::from);
    let parts = source.parts();
    let work = async move {
        let (source, definition) = parts?;
        let pictures: Vec<_> = pictures.into_iter().map(PathBuf::from).collect();
        let task = move || calibrate::quantize(&source, &definition, &pictures, storage);
        Pool::global()?.lane(Share::new(1)).run(task).await
    };
    promise(env, work, NativeQuantized::from)
}
