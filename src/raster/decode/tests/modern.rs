//! AVIF and JPEG XL of other encoders, as other decoders read them: `tests/fixtures/modern/PROVENANCE.md`.

use super::*;
use crate::raster::decode::cases::visible;

fn modern(name: &str) -> Vec<u8> {
    fixture(&format!("../modern/{name}"))
}

fn names(ending: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/modern");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(ending));
    names.sort();
    names
}

/// The largest difference from what is expected, of 255.
fn difference(name: &str) -> f32 {
    let found =
        decode(&modern(name), &DecodeOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}")).raster;
    let expected = modern(&format!("{name}.expected.png"));
    let expected = decode(&expected, &DecodeOptions::default()).unwrap().raster;
    assert_eq!((found.width, found.height), (expected.width, expected.height), "{name}");
    let pairs = visible(&found).into_iter().zip(visible(&expected));
    pairs.flat_map(|(a, b)| [0, 1, 2, 3].map(|i| (a[i] - b[i]).abs())).fold(0.0, f32::max)
}

#[test]
fn avif_of_every_kind() {
    let names = names(".avif");
    assert_eq!(names.len(), 24);
    for name in names {
        // libavif, too, has chroma between its samples, but in 8 bits.
        let subsampled = ["420", "422", "limited", "heif-enc"].iter().any(|part| name.contains(part));
        let tolerance = if subsampled { 3.0 } else { 1.0 };
        // Colours that were divided by a small alpha.
        let tolerance = if name == "premultiplied.avif" { 2.0 } else { tolerance };
        let found = difference(&name);
        assert!(found <= tolerance, "{name}: {found}");
    }
}

#[test]
fn jxl_of_every_kind() {
    let names = names(".jxl");
    assert_eq!(names.len(), 13);
    for name in names {
        let tolerance = match name.as_str() {
            "alpha.jxl" | "animated.jxl" | "boxed.jxl" | "grey16.jxl" | "lossless.jxl" => 0.0,
            // XYB to P3 to sRGB, where libjxl goes by lookup.
            "p3-vardct.jxl" => 4.0,
            _ => 1.0,
        };
        let found = difference(&name);
        assert!(found <= tolerance, "{name}: {found}");
    }
}

#[test]
fn headers_of_avif_and_jxl() {
    for (name, width, channels, depth, orientation) in [
        ("grey.avif", 61, 1, 8, 1),
        ("grey12.avif", 61, 1, 16, 1),
        ("alpha10.avif", 61, 4, 16, 1),
        ("irot1.avif", 45, 3, 8, 1),
        ("grid.avif", 192, 3, 8, 1),
        ("alpha.jxl", 61, 4, 8, 1),
        ("grey16.jxl", 61, 1, 16, 1),
        ("orient-6.jxl", 16, 3, 8, 6),
    ] {
        let header = probe(&modern(name), 0).unwrap();
        let found = (header.width, header.channels, header.depth, header.orientation);
        // The header of an AVIF tells the size that is shown, that of a JPEG XL the one that is stored.
        let wanted = (width, channels, depth, orientation);
        assert_eq!(found, wanted, "{name}");
        assert!(header.decoder_bytes > 0, "{name}");
    }
}

#[test]
fn a_jxl_that_ends_early_is_truncated() {
    let whole = modern("vardct.jxl");
    let cut = &whole[..whole.len() * 2 / 3];
    for fail_on in [FailOn::Truncated, FailOn::Error, FailOn::Warning] {
        let error = decode(cut, &DecodeOptions { fail_on, ..Default::default() }).unwrap_err();
        assert_eq!(error.code(), "ERR_UPSCALER_DECODE", "{fail_on:?}: {error}");
        assert!(error.to_string().contains("JPEG XL"), "{error}");
    }
    let found = decode(cut, &DecodeOptions { fail_on: FailOn::None, ..Default::default() }).unwrap();
    assert_eq!(found.warnings.len(), 1);
}

#[test]
fn an_avif_smaller_than_it_says_is_broken() {
    let mut file = modern("grey.avif");
    let at = file.windows(4).position(|kind| kind == b"ispe").unwrap() + 8;
    file[at..at + 4].copy_from_slice(&100u32.to_be_bytes());
    let error = decode(&file, &DecodeOptions::default()).unwrap_err();
    assert_eq!(error.code(), "ERR_UPSCALER_DECODE");
    assert!(error.to_string().contains("smaller than it says"), "{error}");
}

#[test]
fn avif_sequences_are_told_and_refused() {
    use crate::raster::Animation;
    let file = fixture("sequence.avif");
    let decoded = decode(&file, &DecodeOptions::default()).unwrap();
    assert_eq!((decoded.raster.width, decoded.raster.height, decoded.pages), (24, 16, 3));
    // What its first frame was made of: red on the left, both sides with a little blue.
    let pixels = visible(&decoded.raster);
    for (place, expected) in [(2 * 24 + 2, [255.0, 0.0, 40.0]), (2 * 24 + 20, [0.0, 0.0, 40.0])] {
        let found = pixels[place];
        assert!((0..3).all(|i| (found[i] - expected[i]).abs() < 8.0), "{found:?} {expected:?}");
    }

    let refused = |error: Error, part: &str| {
        assert!(matches!(&error, Error::UnsupportedFormat(text) if text.contains(part)), "{error}");
    };
    refused(decode(&file, &DecodeOptions { page: 1, ..Default::default() }).unwrap_err(), "of 3 frames");
    let Err(error) = Animation::open(file.clone(), FailOn::Error, None) else { panic!("opened") };
    refused(error, "of 3 frames");
    // A page beyond the last is a mistake of the caller, as in other formats.
    let beyond = decode(&file, &DecodeOptions { page: 3, ..Default::default() }).unwrap_err();
    assert!(matches!(beyond, Error::InvalidArgument(_)));

    let meta = file.windows(4).position(|kind| kind == b"meta").unwrap();
    let mut alone = file;
    alone[meta..meta + 4].copy_from_slice(b"free");
    refused(decode(&alone, &DecodeOptions::default()).unwrap_err(), "a sequence alone");
}
