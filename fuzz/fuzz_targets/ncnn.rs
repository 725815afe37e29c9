//! ncnn models: a `.param`, a byte of zero, and the `.bin`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upscaler_node::format::ncnn;
use upscaler_node::graph::Network;
use upscaler_node_fuzz::prepare;

fuzz_target!(|data: &[u8]| {
    let split = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (param, weights) = data.split_at(split);
    let Ok(param) = std::str::from_utf8(param) else { return };
    // Without the byte between them.
    let weights = weights.get(1..).unwrap_or_default();
    prepare(ncnn::read(param, weights).and_then(Network::from_model));
});
