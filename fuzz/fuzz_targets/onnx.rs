//! ONNX files, three of four changed field by field.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use upscaler_node::format;
use upscaler_node::graph::Network;
use upscaler_node_fuzz::{mutate, prepare};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let changed = (seed % 4 != 0).then(|| mutate::onnx(data, size, max_size, seed / 4)).flatten();
    changed.unwrap_or_else(|| fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| prepare(format::onnx::read(data).and_then(Network::from_model)));
