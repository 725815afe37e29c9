//! Pictures whose sizes, counts, offsets and lengths are changed where they are.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use upscaler_node_fuzz::{decode_both, mutate, tolerate_caught_panics};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // One in four as libFuzzer does it.
    if seed % 4 != 0 && mutate::picture(data, size, seed / 4) {
        return size;
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(init: tolerate_caught_panics(), |data: &[u8]| decode_both(data));
