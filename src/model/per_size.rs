//! Models whose network is specialised for each size of picture: read once, specialised when a picture comes.

use std::sync::Arc;

use once_cell::sync::Lazy;
use sha2::{Digest, Sha256};

use super::cache::Cache;
use super::definition::{Definition, ModelInfo};
use super::loaded::{Loaded, describe};
use super::shared::{self, SharedCache};
use super::signature::{agree, signature};
use super::source::{FileFormat, ModelSource, hex};
use super::tile_limits::onnxruntime_limits;
use crate::compile::onnxruntime;
use crate::engine::{Engine, Engines, OnnxEngine, OnnxModel, SessionOptions, Signature, SizedEngine};
use crate::error::Error;
use crate::format::tfjs::GraphModel;
use crate::graph::Network;
use crate::memory;

/// Networks for sizes that were used before, with what ONNX Runtime makes of them, may hold this much.
const KEPT_MEMORY: u64 = 600 << 20;

/// What a size's network holds per byte of weights: its file, ONNX Runtime's copies, and what it has reordered of them. MAXIM
/// of 57 MB was measured to hold 270.
const NETWORK_BYTES_PER_WEIGHT_BYTE: u64 = 5;

/// More sizes than this are not kept, however small the network.
const MAX_SIZES: u64 = 8;

/// Without a definition, size multiples of up to 2 to this power are tried.
const LARGEST_POWER: u32 = 7;

/// The version of the conversion: raised when the same graph leads to another network, so that cached ones are not used.
const CONVERTER: u32 = 2;

/// The first side that is tried: pictures much smaller than a window are special cases.
const SMALLEST_SIDE: usize = 64;

/// Engines by the graph and the signature.
static ENGINES: Lazy<SharedCache<SizedEngine>> = Lazy::new(SharedCache::default);

/// Loads the model for `workers` threads.
pub fn load(
    graph: GraphModel,
    source: &ModelSource,
    definition: &Definition,
    workers: usize,
) -> Result<Loaded, Error> {
    let named = |error: Error| match error {
        Error::ModelLoad(message) => Error::ModelLoad(format!("{}: {message}", source.name())),
        other => other,
    };
    let (network, size_multiple) = example(&graph, definition).map_err(named)?;
    agree("channels", definition.channels, network.channels_in())?;
    let mut signature = signature(&network, FileFormat::Tfjs, definition)?;
    signature.geometry.size_multiple = size_multiple;
    signature.fixed_size = None;
    signature.limits = onnxruntime_limits(&network)?;
    let options = SessionOptions { workers };
    let (parameters, size_bytes) = (graph.parameters(), graph.weight_bytes());
    let macs_per_pixel = network.macs_per_pixel();
    let digest = *graph.digest();
    let key = shared::key(&digest, &format!("{signature:?}{options:?}"));
    let primary = ENGINES.get(key, || Ok(sized(Arc::new(graph), signature, options)))?;
    let described = describe(FileFormat::Tfjs, primary.signature());
    let info = ModelInfo { parameters, macs_per_pixel, size_bytes, ..described };
    Ok(Loaded { engines: Engines { primary, grey: None }, info })
}

/// The network for a small size that the model takes, and the number whose multiples are such sizes: the one that
/// the definition gives, else the smallest that will do.
fn example(graph: &GraphModel, definition: &Definition) -> Result<(Network, u32), Error> {
    let at = |size_multiple: u32| {
        let step = size_multiple as usize;
        let least = SMALLEST_SIDE.next_multiple_of(step);
        Network::from_model(graph.specialise(least + step, least + 3 * step)?)?
            .optimised()
            .map(|network| (network, size_multiple))
    };
    let Some(size_multiple) = definition.divisibility_factor else {
        let mut tried = at(1);
        for power in 1..=LARGEST_POWER {
            tried = tried.or_else(|_| at(1 << power));
        }
        return tried;
    };
    at(size_multiple)
}

fn sized(graph: Arc<GraphModel>, signature: Signature, options: SessionOptions) -> SizedEngine {
    let each = (graph.weight_bytes() * NETWORK_BYTES_PER_WEIGHT_BYTE).max(1);
    let max_sizes = (KEPT_MEMORY.min(memory::limit() / 4) / each).clamp(1, MAX_SIZES) as usize;
    let (of_each, cache) = (signature.clone(), Cache::of_user());
    let make = move |height: usize, width: usize| {
        let key = key(&graph, height, width);
        let engine = |bytes| OnnxEngine::new(OnnxModel { bytes, program: None }, of_each.clone(), options);
        if let Some(kept) = cache.load(&key) {
            match engine(kept) {
                Err(Error::ModelLoad(_)) => cache.discard(&key),
                result => return result,
            }
        }
        let network = Network::from_model(graph.specialise(height, width)?)?.optimised()?;
        let bytes = onnxruntime::to_bytes(&network)?;
        cache.store(&key, &bytes);
        engine(bytes)
    };
    SizedEngine::new(signature, max_sizes, Box::new(make))
}

/// The cache key of a size's network. It depends on the architecture, for which graphs are lowered.
fn key(graph: &GraphModel, height: usize, width: usize) -> String {
    let mut hash = Sha256::new_with_prefix(graph.digest());
    hash.update(format!(
        "{CONVERTER} {} {} {height} {width}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH
    ));
    hex(&hash.finalize())
}
