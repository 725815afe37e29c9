//! Which kernels run a network, and the engine that instances share.

use std::sync::Arc;

use once_cell::sync::Lazy;

use super::definition::Definition;
use super::shared::{self, SharedCache};
use super::signature::signature;
use super::source::FileFormat;
use super::tile_limits::{DEEP_HALO, onnxruntime_limits, streaming_limits};
use crate::compile::onnxruntime;
use crate::compile::program::{Partitioned, partition};
use crate::engine::{
    OnnxEngine, OnnxModel, RegisteredProgram, SessionOptions, Signature, TileLimits, kernels,
};
use crate::error::Error;
use crate::graph::Network;
use crate::memory;

/// Engines by the network itself, whichever file it came from.
static ENGINES: Lazy<SharedCache<OnnxEngine>> = Lazy::new(SharedCache::default);

/// The engine of a network, with the size of the network in bytes.
pub(super) fn engine(
    network: Network,
    format: FileFormat,
    definition: &Definition,
    options: SessionOptions,
) -> Result<(Arc<OnnxEngine>, usize), Error> {
    let signature = signature(&network, format, definition)?;
    network.check_activations(memory::limit())?;
    let min_size = network.min_size();
    let network = network.optimised()?;
    let bytes = onnxruntime::to_bytes(&network)?;
    let key = shared::key(&bytes, &format!("{signature:?}{options:?}"));
    let engine = ENGINES.get(key, || make(&network, &bytes, signature, min_size, options))?;
    Ok((engine, bytes.len()))
}

/// Makes an engine: our kernels for the subgraph that they support, where this machine has the instructions; ONNX
/// Runtime's for the rest.
fn make(
    network: &Network,
    bytes: &[u8],
    mut signature: Signature,
    min_size: (usize, usize),
    options: SessionOptions,
) -> Result<OnnxEngine, Error> {
    let partitioned = match kernels()? {
        // Integer operators are ONNX Runtime's.
        Some(isa) if !network.is_quantized() => {
            partition(network.graph(), isa)?.map(|partitioned| (partitioned, isa.name()))
        }
        _ => None,
    };
    let radius = signature.geometry.radius.unwrap_or(0);
    let Some((Partitioned { program, outer }, kernels)) = partitioned else {
        signature.halo = radius.min(DEEP_HALO);
        signature.limits = TileLimits { min_size, ..onnxruntime_limits(network)? };
        return OnnxEngine::new(OnnxModel { bytes: bytes.to_vec(), program: None }, signature, options);
    };
    // The bits depend on more pixels than the receptive field has; a deep network's halo is cut to what can be seen.
    let halo = radius + (program.bit_reach() - program.receptive_radius()) as u32;
    signature.halo = if radius <= DEEP_HALO { halo } else { DEEP_HALO };
    let bytes_per_column = program.bytes_per_column() as u64;
    signature.limits = TileLimits { min_size, bytes_per_column, ..streaming_limits(network, &signature) };
    signature.alignment = program.alignment() as u32;
    let registered = RegisteredProgram::new(program, kernels);
    let bytes = outer.to_bytes(registered.number());
    OnnxEngine::new(OnnxModel { bytes, program: Some(registered) }, signature, options)
}
