//! From a source and a definition to an engine.

use std::sync::Arc;

use once_cell::sync::Lazy;

use super::backend::engine;
use super::channel_forms::ChannelForms;
use super::definition::{Definition, ModelInfo};
use super::loaded::{Loaded, describe};
use super::shared::{self, SharedCache};
use super::source::{Contents, Files, ModelSource, hex};
use super::{per_size, precision};
use crate::engine::{Engine, Engines, SessionOptions};
use crate::error::Error;

/// A network that is ready to run.
#[derive(Clone)]
pub struct Model {
    pub engines: Engines,
    pub info: ModelInfo,
    /// Keeps it alive for other instances to share.
    _loaded: Arc<Loaded>,
}

/// Loaded models by the digest of their files and definition, which is known before anything is parsed.
static MODELS: Lazy<SharedCache<Loaded>> = Lazy::new(SharedCache::default);

/// Loads a model for `workers` threads. It takes from milliseconds to a second: call it on a thread that may block.
///
/// # Errors
/// [`Error::ModelLoad`] if the file is not understood, or is not what the definition says, [`Error::ModelShape`] for
/// networks that are not from image to image, [`Error::Provider`], [`Error::RuntimeLoad`], [`Error::InvalidArgument`].
pub fn load(source: &ModelSource, definition: &Definition, workers: usize) -> Result<Model, Error> {
    definition.check()?;
    let chosen = precision::choose(source, definition)?;
    // The published hash is that of the float32 form; the int8 form is calibrated where its package is built.
    let published = definition.sha256.as_deref().filter(|_| std::ptr::eq(chosen, source));
    let source = chosen;
    let files = source.files()?;
    let digest = files.digest();
    if let Some(sha256) = published {
        files.verify(&digest, sha256)?;
    }
    let unnamed = Definition { name: None, ..definition.clone() };
    let key = shared::key(&digest, &format!("{unnamed:?} {workers}"));
    let loaded = MODELS.get(key, || make(files, source, definition, workers))?;
    let name = definition.name.clone().unwrap_or_else(|| source.name());
    let info = ModelInfo { name, sha256: hex(&digest), ..loaded.info.clone() };
    Ok(Model { engines: loaded.engines.clone(), info, _loaded: loaded })
}

fn make(
    files: Files,
    source: &ModelSource,
    definition: &Definition,
    workers: usize,
) -> Result<Loaded, Error> {
    let format = files.format();
    let proto = match files.contents()? {
        Contents::Network(proto) => *proto,
        Contents::PerSize(graph) => return per_size::load(graph, source, definition, workers),
    };
    let options = SessionOptions { workers };
    let ChannelForms { network, grey, channels } = ChannelForms::new(proto, definition.channels)?;
    let precision = precision::of(&network, definition)?;
    let (parameters, macs_per_pixel) = (network.parameters(), network.macs_per_pixel());
    let (primary, mut size_bytes) = engine(network, format, definition, options)?;
    let mut engines = Engines { primary: primary.clone(), grey: None };
    if let Some(grey) = grey {
        let (grey, bytes) = engine(grey, format, definition, options)?;
        engines.grey = Some(grey);
        size_bytes += bytes;
    }
    let info = ModelInfo {
        channels,
        parameters,
        macs_per_pixel,
        size_bytes: size_bytes as u64,
        kernels: primary.kernels(),
        precision,
        ..describe(format, primary.signature())
    };
    Ok(Loaded { engines, info })
}
