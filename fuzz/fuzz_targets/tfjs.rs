//! TensorFlow.js models: a `model.json`, a byte of zero, and what every shard holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upscaler_node::format::tfjs;
use upscaler_node::graph::Network;
use upscaler_node_fuzz::prepare;

fuzz_target!(|data: &[u8]| {
    let split = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (json, weights) = data.split_at(split);
    let weights = weights.get(1..).unwrap_or_default();
    _ = tfjs::shards(json);
    let mut shard = |_: &str| Ok(weights.to_vec());
    let read = tfjs::read(json, &mut shard).and_then(|contents| contents.network(Some((64, 64))));
    prepare(read.and_then(Network::from_model));
});
