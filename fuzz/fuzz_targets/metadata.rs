//! Colour profiles and EXIF: the bytes as both, in a TIFF of one pixel, which needs no checksums.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upscaler_node::raster::ToProfile;
use upscaler_node_fuzz::{decode_both, tolerate_caught_panics};

fuzz_target!(init: tolerate_caught_panics(), |data: &[u8]| {
    decode_both(&tiff(data));
    decode_both(&jpeg(data));
    for (channels, depth) in [(1, 8), (3, 8), (4, 16)] {
        _ = ToProfile::new(data, channels, depth);
    }
});

/// One pixel, with the bytes as its profile.
fn tiff(profile: &[u8]) -> Vec<u8> {
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, 1),
        (257, 3, 1, 1),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 3, 1, 1),
        (279, 4, 1, 3),
        (34675, 7, profile.len() as u32, 12 + 2 + 10 * 12 + 4),
    ];
    let mut file = b"II*\0\x0c\0\0\0\x10\x80\xf0\0".to_vec();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend(profile);
    file
}

/// The bytes as the EXIF block of a picture that ends there.
fn jpeg(exif: &[u8]) -> Vec<u8> {
    let exif = &exif[..exif.len().min(65_000)];
    let mut file = b"\xff\xd8\xff\xe1".to_vec();
    file.extend((exif.len() as u16 + 8).to_be_bytes());
    file.extend(b"Exif\0\0");
    file.extend(exif);
    file.extend(b"\xff\xd9");
    file
}
