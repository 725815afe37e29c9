//! What the targets share: mutations that know where the fields of a format are, so that the fuzzer does not have to find
//! them by chance. libFuzzer's own limits on memory make crashes of bombs.

pub mod mutate;

use upscaler_node::raster::{Animation, DecodeOptions, FailOn, decode, probe};

/// The limit that the targets decode with: small, so that they are fast and whatever ignores it stands out.
pub const LIMIT_PIXELS: u64 = 1 << 20;

/// Decodes as strictly and as leniently as can be.
pub fn decode_both(bytes: &[u8]) {
    _ = probe(bytes, 0);
    // Frames of an animation, a few of them.
    if let Ok(Some(mut animation)) = Animation::open(bytes.to_vec(), FailOn::None, Some(LIMIT_PIXELS)) {
        for _ in 0..4 {
            if !matches!(animation.next_frame(), Ok(Some(_))) {
                break;
            }
        }
    }
    for fail_on in [FailOn::None, FailOn::Warning] {
        let options = DecodeOptions {
            fail_on,
            limit_pixels: Some(LIMIT_PIXELS),
            keep_metadata: true,
            ..DecodeOptions::default()
        };
        if let Ok(decoded) = decode(bytes, &options) {
            let pixels = u64::from(decoded.raster.width) * u64::from(decoded.raster.height);
            assert!(pixels <= LIMIT_PIXELS, "{pixels} pixels");
        }
    }
}
