//! Pictures that were once read wrongly, from public reports: `tests/fixtures/cases` has what sharp, Pillow, ImageMagick
//! or libtiff make of each beside it, `tests/fixtures/hostile` has files that are to be refused, or to be read in little
//! memory and time.

use super::*;
use std::path::PathBuf;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Colour times alpha, and alpha, of every pixel: 0..=255.
pub(super) fn visible(raster: &Raster) -> Vec<[f32; 4]> {
    let channels = usize::from(raster.channels);
    let samples: Vec<f32> = match &raster.samples {
        Samples::U8(v) => v.iter().map(|&v| f32::from(v)).collect(),
        Samples::U16(v) => v.iter().map(|&v| f32::from(v) / 257.0).collect(),
        Samples::F32(v) => v.clone(),
    };
    let pixel = |pixel: &[f32]| {
        let alpha = if raster.has_alpha() { pixel[channels - 1] } else { 255.0 };
        let colour = |i: usize| pixel[if channels >= 3 { i } else { 0 }] * alpha / 255.0;
        [colour(0), colour(1), colour(2), alpha]
    };
    samples.chunks(channels).map(pixel).collect()
}

#[test]
fn pictures_are_what_trusted_decoders_make_of_them() {
    const TOLERANCE: f32 = 8.0;
    let mut wrong = Vec::new();
    let all = files("cases");
    for file in all.iter().filter(|file| !file.to_string_lossy().contains(".expected.")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(file).unwrap();
        let expected = std::fs::read(file.with_extension("expected.png")).unwrap();
        let expected = decode(&expected, &DecodeOptions::default()).unwrap().raster;
        match decode(&bytes, &DecodeOptions::default()) {
            Err(e) => wrong.push(format!("{name}: {e}")),
            Ok(Decoded { raster: found, .. }) => {
                if (found.width, found.height) != (expected.width, expected.height) {
                    wrong.push(format!("{name}: {}x{}", found.width, found.height));
                    continue;
                }
                let pairs = visible(&found).into_iter().zip(visible(&expected));
                let largest =
                    pairs.flat_map(|(a, b)| (0..4).map(move |i| (a[i] - b[i]).abs())).fold(0.0, f32::max);
                if largest > TOLERANCE {
                    wrong.push(format!("{name}: {largest} of 255"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len() / 2, wrong.join("\n"));
}

#[test]
fn hostile_files_are_refused_or_read_within_the_limit() {
    for file in files("hostile") {
        let bytes = std::fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for fail_on in [FailOn::None, FailOn::Truncated, FailOn::Error, FailOn::Warning] {
            let options = DecodeOptions { fail_on, limit_pixels: Some(1 << 20), ..Default::default() };
            match decode(&bytes, &options) {
                Ok(decoded) => assert!(decoded.raster.width * decoded.raster.height <= 1 << 20, "{name}"),
                Err(Error::Decode(_) | Error::Limit(_) | Error::UnsupportedFormat(_)) => {}
                Err(e) => panic!("{name}: {e}"),
            }
        }
    }
}

#[test]
fn refusals_name_what_was_found() {
    for (name, code, words) in [
        ("bmp-embedded-png.bmp", "UNSUPPORTED_FORMAT", "a PNG inside"),
        ("hostile-base64.txt", "UNSUPPORTED_FORMAT", "base64"),
        ("hostile-lfs.png", "UNSUPPORTED_FORMAT", "Git LFS pointer"),
        ("hostile-bmp-huge.bmp", "LIMIT", "2147483647x2147483647"),
        ("hostile-png-max.png", "LIMIT", "2147483647x2147483647"),
        ("hostile-tiff-huge.tif", "LIMIT", "200000x200000"),
        ("jpeg-dnl.jpg", "UNSUPPORTED_FORMAT", "DNL"),
        ("png-cgbi.png", "UNSUPPORTED_FORMAT", "Apple's CgBI"),
        ("png-plte-notdiv3.png", "DECODE", "palette of 100 bytes"),
        ("tiff-float32.tif", "UNSUPPORTED_FORMAT", "32-bit floats"),
        ("tiff-lzma.tif", "UNSUPPORTED_FORMAT", "LZMA"),
    ] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hostile").join(name);
        let bytes = std::fs::read(path).unwrap();
        // At no level of tolerance is there a picture where nothing was read.
        for fail_on in [FailOn::None, FailOn::Error] {
            let options = DecodeOptions { fail_on, ..Default::default() };
            let error = decode(&bytes, &options).map(|_| name).unwrap_err();
            assert_eq!(error.code(), format!("ERR_UPSCALER_{code}"), "{name}");
            assert!(error.to_string().contains(words), "{name}: {error}");
        }
    }
}
