//! ONNX files, half of them changed in their numbers and lengths.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use upscaler_node::compile::onnxruntime;
use upscaler_node::format;
use upscaler_node::graph::Network;
use upscaler_node_fuzz::mutate;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0 && mutate::fields(data, size, seed / 2) {
        return size;
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let network = format::onnx::read(data).and_then(Network::from_model);
    _ = network.and_then(Network::optimised).and_then(|network| onnxruntime::to_bytes(&network));
});
