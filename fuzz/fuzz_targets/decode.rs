//! Any bytes through every decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upscaler_node_fuzz::decode_both;

fuzz_target!(|data: &[u8]| decode_both(data));
