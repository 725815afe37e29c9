//! Any bytes through every decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upscaler_node_fuzz::{decode_both, tolerate_caught_panics};

fuzz_target!(init: tolerate_caught_panics(), |data: &[u8]| decode_both(data));
