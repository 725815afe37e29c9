//! The ONNX Runtime library and its environment: loaded once per process, at the first model, and never unloaded.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use once_cell::sync::OnceCell;
use ort::environment::Environment;

use super::{allocator, exit_guard, heap, idle, library_file, telemetry};
use crate::error::Error;
use crate::files;
use crate::workers::set_idle_trim;

static LIBRARY: OnceCell<PathBuf> = OnceCell::new();
static ENVIRONMENT: OnceCell<Environment> = OnceCell::new();

/// Sets the path of the ONNX Runtime library. The first path stays: two copies of the addon in one process share it.
pub fn set_library(path: PathBuf) {
    _ = LIBRARY.set(path);
}

/// The version of the ONNX Runtime library, major and minor: "1.30".
///
/// # Errors
/// [`Error::RuntimeLoad`] if there is no such library.
pub fn version() -> Result<String, Error> {
    let path = library()?;
    let _guard = exit_guard::hold_on_any_thread();
    let minor = ort::util::probe(path)
        .ok_or_else(|| failed(path, "it cannot be loaded, or is not ONNX Runtime 1.x"))?;
    Ok(format!("1.{minor}"))
}

/// The path of the library, which is about to be loaded.
fn library() -> Result<&'static Path, Error> {
    telemetry::switch_off();
    let none =
        || Error::RuntimeLoad("Expected the path of the ONNX Runtime library but none was set".to_owned());
    let path = LIBRARY.get().map(PathBuf::as_path).ok_or_else(none)?;
    match library_file::truncation(path) {
        None => Ok(path),
        Some(reason) => Err(failed(path, &reason)),
    }
}

fn failed(path: &Path, reason: &str) -> Error {
    Error::RuntimeLoad(format!("Expected the ONNX Runtime library at {} but: {reason}", files::shown(path)))
}

/// The process's one environment: ONNX Runtime allows no second, and sessions must not outlive it, so it is static.
pub(super) fn environment() -> Result<&'static Environment, Error> {
    ENVIRONMENT.get_or_try_init(|| {
        let path = library()?;
        let _guard = exit_guard::hold();
        // `ort` panics where a library lacks the API version that it wants.
        catch_unwind(|| {
            let builder = ort::init_from(path).map_err(|error| failed(path, &error.to_string()))?;
            exit_guard::register();
            let quiet =
                std::sync::Arc::new(|_: ort::logging::LogLevel, _: &str, _: &str, _: &str, _: &str| {});
            let builder = builder.with_name("upscaler-node").with_telemetry(false).with_logger(quiet);
            let environment = builder.build().map_err(|error| failed(path, &error.to_string()))?;
            allocator::register(&environment, path).map_err(|error| failed(path, &error.to_string()))?;
            // Again: the environment holds what is to outlive a session that is being created.
            exit_guard::register();
            heap::limit_kept();
            set_idle_trim(idle::trim_idle);
            Ok(environment)
        })
        .unwrap_or_else(|_| Err(failed(path, "it does not offer the API version that is needed")))
    })
}
