//! What Pillow and LittleCMS make of the same files is the judge; `tests/fixtures/make_raster.py` made them.

use super::*;
use crate::raster::exif;
use std::path::PathBuf;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/raster").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn read(name: &str) -> Decoded {
    decode(&fixture(name), &DecodeOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn bytes(raster: &Raster) -> &[u8] {
    match &raster.samples {
        Samples::U8(v) => v,
        _ => panic!("not 8-bit"),
    }
}

/// The expectation next to a fixture, by the `image` crate.
fn expected(name: &str) -> Vec<u8> {
    image::load_from_memory(&fixture(&format!("{name}.expected.png"))).unwrap().into_bytes()
}

fn photo() -> Vec<u8> {
    image::load_from_memory(&fixture("photo.png")).unwrap().into_rgb8().into_raw()
}

/// RGBA without the colour of transparent pixels.
fn visible(rgba: &[u8]) -> Vec<[u8; 4]> {
    rgba.as_chunks::<4>().0.iter().map(|&pixel| if pixel[3] == 0 { [0; 4] } else { pixel }).collect()
}

fn largest_difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let error: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / error).log10()
}

#[test]
fn every_orientation_shows_the_same_corners() {
    let corners = |raster: &Raster| {
        let (w, h) = (raster.width as usize, raster.height as usize);
        let at = |x: usize, y: usize| bytes(raster)[(y * w + x) * 3..][..3].to_vec();
        [at(2, 2), at(w - 3, 2), at(2, h - 3), at(w - 3, h - 3)].concat()
    };
    let wanted = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]].concat();
    let mut files: Vec<(String, u8)> = (1..=8).map(|value| (format!("orient-{value}.jpg"), value)).collect();
    files.extend(["png", "webp", "tif"].map(|kind| (format!("orient-6.{kind}"), 6)));
    for (name, value) in files {
        let header = probe(&fixture(&name), 0).unwrap();
        assert_eq!(header.orientation, value, "{name}");
        let stored = if value >= 5 { (16, 24) } else { (24, 16) };
        assert_eq!((header.width, header.height), stored, "{name}");

        let raster = read(&name).raster;
        assert_eq!((raster.width, raster.height), (24, 16), "{name}");
        assert!(largest_difference(&corners(&raster), &wanted) <= 3, "{name}");

        let options = DecodeOptions { auto_orient: false, ..Default::default() };
        let raster = decode(&fixture(&name), &options).unwrap().raster;
        assert_eq!((raster.width, raster.height), stored, "{name}");
    }
}

#[test]
fn profiles_come_out_as_littlecms_says() {
    for (name, tolerance) in [
        ("icc-p3.png", 1),
        ("icc-adobe.png", 1),
        ("icc-prophoto.png", 2),
        ("icc-srgb.png", 0),
        ("icc-grey.png", 1),
        ("cmyk-icc.tif", 2),
        // Its colours are those of zune-jpeg, which may be one step from libjpeg's before the conversion.
        ("icc-p3.jpg", 4),
    ] {
        let found = read(name);
        assert_eq!(found.warnings, [""; 0], "{name}");
        let difference = largest_difference(bytes(&found.raster), &expected(name));
        assert!(difference <= tolerance, "{name}: {difference}");
    }
    for name in ["icc-p3.webp", "icc-p3.tif"] {
        let difference = largest_difference(bytes(&read(name).raster), &expected("icc-p3.png"));
        assert!(difference <= 1, "{name}: {difference}");
    }
}

#[test]
fn profiles_are_handed_out_only_when_asked_for() {
    let keep = DecodeOptions { keep_metadata: true, ..Default::default() };
    for name in ["icc-p3.png", "icc-p3.webp", "icc-p3.tif", "icc-p3.jpg"] {
        let icc = decode(&fixture(name), &keep).unwrap().metadata.icc.unwrap();
        assert_eq!(&icc[36..40], b"acsp", "{name}");
        assert_eq!(read(name).metadata, Metadata::default());
    }
    for name in ["orient-6.jpg", "orient-6.png", "orient-6.webp"] {
        let exif = decode(&fixture(name), &keep).unwrap().metadata.exif.unwrap();
        assert_eq!(exif::orientation(Some(&exif)), 6, "{name}");
    }
}

#[test]
fn sixteen_bit_profiles_are_at_least_as_exact() {
    // The same colours at 16 bits: within half an 8-bit step of what LittleCMS makes of them at 8.
    let image = image::load_from_memory(&fixture("icc-adobe.png")).unwrap().into_rgb8();
    let wide: Vec<u16> = image.iter().map(|&v| u16::from(v) * 257).collect();
    let mut file = Vec::new();
    let mut info = ::png::Info::with_size(image.width(), image.height());
    info.color_type = ::png::ColorType::Rgb;
    info.bit_depth = ::png::BitDepth::Sixteen;
    info.icc_profile = Some(
        decode(&fixture("icc-adobe.png"), &DecodeOptions { keep_metadata: true, ..Default::default() })
            .unwrap()
            .metadata
            .icc
            .unwrap()
            .into(),
    );
    let encoder = ::png::Encoder::with_info(&mut file, info).unwrap();
    let data: Vec<u8> = wide.iter().flat_map(|v| v.to_be_bytes()).collect();
    encoder.write_header().unwrap().write_image_data(&data).unwrap();

    let found = decode(&file, &DecodeOptions::default()).unwrap();
    assert_eq!(found.depth, 16);
    let Samples::U16(samples) = found.raster.samples else { panic!("not 16-bit") };
    for (found, expected) in samples.iter().zip(expected("icc-adobe.png")) {
        assert!((f64::from(*found) / 257.0 - f64::from(expected)).abs() <= 0.8, "{found} {expected}");
    }
}

#[test]
fn inks_become_light() {
    // Sharp's colours for the same inks; the table of its press comes within 5 of them. How the inks
    // were stored must not matter beyond JPEG's own losses.
    let tiff = read("cmyk.tif").raster;
    assert_eq!(tiff.channels, 3);
    let difference = largest_difference(bytes(&tiff), &expected("cmyk"));
    assert!(difference <= 5, "{difference}");
    let stored_as_cmyk = read("cmyk.jpg").raster;
    // The encoder stores the complements of inks as YCCK, as Adobe does.
    let mut file = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut file, 100);
    encoder.encode(&cmyk_inks(), 32, 16, jpeg_encoder::ColorType::CmykAsYcck).unwrap();
    let stored_as_ycck = decode(&file, &DecodeOptions::default()).unwrap().raster;
    for raster in [stored_as_cmyk, stored_as_ycck] {
        let difference = largest_difference(bytes(&raster), bytes(&tiff));
        assert!(difference <= 6, "{difference}");
    }
}

fn cmyk_inks() -> Vec<u8> {
    const INKS: [[u8; 4]; 8] = [
        [0, 0, 0, 0],
        [255, 0, 0, 0],
        [0, 255, 0, 0],
        [0, 0, 255, 0],
        [0, 0, 0, 255],
        [128, 64, 0, 51],
        [20, 200, 90, 30],
        [255, 255, 0, 0],
    ];
    (0..16 * 32).flat_map(|i| INKS[(i / 32 / 8) * 4 + i % 32 / 8]).collect()
}

#[test]
fn rgb_stored_in_jpeg_without_transform() {
    let rgb: Vec<u8> =
        (0..16 * 16).flat_map(|i| if i % 16 < 8 { [250, 10, 20] } else { [0, 128, 255] }).collect();
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 100);
    // As Adobe writes it: transform 0. The encoder stores the three channels as they are.
    encoder.add_app_segment(14, b"Adobe\0\x64\0\0\0\0\0".to_vec()).unwrap();
    encoder.encode(&rgb, 16, 16, jpeg_encoder::ColorType::Ycbcr).unwrap();
    // A JFIF segment, which the encoder always writes, would mean YCbCr: Adobe writes none.
    assert_eq!(file[2..4], [0xff, 0xe0]);
    let jfif = 2 + usize::from(u16::from_be_bytes([file[4], file[5]]));
    file.drain(2..2 + jfif);
    let found = decode(&file, &DecodeOptions::default()).unwrap();
    assert!(largest_difference(bytes(&found.raster), &rgb) <= 2);
}

#[test]
fn jpeg_of_every_kind() {
    let photo = photo();
    for (name, channels) in [("progressive.jpg", 3), ("subsampled.jpg", 3), ("grey.jpg", 1)] {
        let found = read(name);
        assert_eq!((found.raster.channels, found.depth), (channels, 8));
        // zune-jpeg spreads chroma a little differently, most of all from beyond the edges of the picture.
        let other = image::load_from_memory(&fixture(name)).unwrap().into_bytes();
        assert!(psnr(&other, bytes(&found.raster)) > 40.0, "{name}");
        if channels == 3 {
            assert!(psnr(bytes(&found.raster), &photo) > 28.0, "{name}");
        }
    }
    for (marker, reason) in [(0xc3, "lossless"), (0xc9, "arithmetic")] {
        let mut file = fixture("grey.jpg");
        let at = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        file[at + 1] = marker;
        let error = probe(&file, 0).unwrap_err();
        assert_eq!(error.code(), "ERR_UPSCALER_UNSUPPORTED_FORMAT");
        assert!(error.to_string().contains(reason), "{error}");
        file[at + 1] = 0xc0;
        file[at + 4] = 12;
        assert_eq!(probe(&file, 0).unwrap_err().code(), "ERR_UPSCALER_UNSUPPORTED_FORMAT");
    }
}

#[test]
fn quality_is_estimated() {
    for quality in [30, 60, 75, 90, 95] {
        assert_eq!(read(&format!("quality-{quality}.jpg")).quality, Some(quality));
        let webp = read(&format!("quality-{quality}.webp")).quality.unwrap();
        assert!(webp.abs_diff(quality) <= 5, "{webp} for {quality}");
    }
    for name in ["lossless.webp", "animated.webp", "photo.png", "rgb.bmp", "cmyk.tif", "opaque.gif"] {
        assert_eq!(read(name).quality, None, "{name}");
    }
}

#[test]
fn lossless_formats_are_exact() {
    let photo = photo();
    let alpha: Vec<u8> = (0..61).map(|x| (f64::from(x) * 255.0 / 60.0) as u8).collect();
    let rgba: Vec<u8> = photo
        .as_chunks::<3>()
        .0
        .iter()
        .enumerate()
        .flat_map(|(i, &[r, g, b])| [r, g, b, alpha[i % 61]])
        .collect();
    for name in ["photo.png", "rgb.bmp", "animated.webp"] {
        let found = read(name);
        assert_eq!((found.raster.width, found.raster.height, found.raster.channels), (61, 45, 3), "{name}");
        assert_eq!(bytes(&found.raster), photo, "{name}");
    }
    for name in ["lossless.webp", "rgba.tif"] {
        assert_eq!(bytes(&read(name).raster), rgba, "{name}");
    }
    for name in ["palette.tif", "opaque.gif"] {
        let found = read(name).raster;
        assert_eq!((found.channels, bytes(&found)), (3, &expected(name)[..]), "{name}");
        assert_eq!(probe(&fixture(name), 0).unwrap().channels, 3, "{name}");
    }
    let offset = read("offset.gif").raster;
    assert_eq!((offset.channels, probe(&fixture("offset.gif"), 0).unwrap().channels), (4, 4));
    assert_eq!(visible(bytes(&offset)), visible(&expected("offset.gif")));
    assert!(largest_difference(bytes(&read("jpeg.tif").raster), &expected("jpeg.tif")) <= 3);

    let bilevel = read("bilevel.tif");
    let other = image::load_from_memory(&fixture("bilevel.tif")).unwrap().into_luma8().into_raw();
    assert_eq!((bilevel.raster.channels, bytes(&bilevel.raster)), (1, &other[..]));

    let lossy = read("alpha.webp").raster;
    let found: Vec<u8> = bytes(&lossy).iter().skip(3).step_by(4).copied().collect();
    let wanted: Vec<u8> = rgba.iter().skip(3).step_by(4).copied().collect();
    assert_eq!(found, wanted);
}

#[test]
fn sixteen_bits_are_read_at_full_depth() {
    let red: Vec<u8> = photo().into_iter().step_by(3).collect();
    let deep: Vec<u16> = red.iter().enumerate().map(|(i, &v)| u16::from(v) << 8 | (i % 61) as u16).collect();
    for name in ["grey16.png", "grey16.tif"] {
        let found = read(name);
        assert_eq!((found.depth, found.raster.channels), (16, 1));
        assert_eq!(found.raster.samples, Samples::U16(deep.clone()), "{name}");
    }
    // The colour at (5, 3) is declared transparent.
    let found = read("rgb16-key.png").raster;
    assert_eq!(found.channels, 4);
    let Samples::U16(samples) = found.samples else { panic!("not 16-bit") };
    let key = &samples[(3 * 61 + 5) * 4..][..3];
    for (i, pixel) in samples.chunks(4).enumerate() {
        assert_eq!((pixel[0], pixel[2]), (deep[i], 65535 - deep[i]));
        assert_eq!(pixel[3] == 0, &pixel[..3] == key);
    }
}

#[test]
fn truncated_files_by_level() {
    for name in [
        "photo.png",
        "subsampled.jpg",
        "progressive.jpg",
        "rgb.bmp",
        "rgba.tif",
        "lossless.webp",
        "opaque.gif",
    ] {
        let whole = fixture(name);
        let cut = match name {
            // TIFF keeps its directory behind the pixels: lose the pixels by pointing past the end instead.
            "rgba.tif" => without_last_strip(&whole),
            // The second half is the second frame.
            "opaque.gif" => whole[..whole.len() / 3].to_vec(),
            _ => whole[..whole.len() * 2 / 3].to_vec(),
        };
        for fail_on in [FailOn::Truncated, FailOn::Error, FailOn::Warning] {
            let options = DecodeOptions { fail_on, ..Default::default() };
            let error = decode(&cut, &options).map(|_| name).unwrap_err();
            assert_eq!(error.code(), "ERR_UPSCALER_DECODE", "{name} {fail_on:?}");
        }
        // Of a WebP nothing may be had, as in sharp.
        if name == "lossless.webp" {
            continue;
        }
        let options = DecodeOptions { fail_on: FailOn::None, ..Default::default() };
        let found = decode(&cut, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!found.warnings.is_empty(), "{name}");
        if matches!(name, "photo.png" | "subsampled.jpg") {
            let top = 61 * 3 * 8;
            assert_eq!(bytes(&found.raster)[..top], bytes(&read(name).raster)[..top], "{name}");
        }
    }
}

fn without_last_strip(tiff: &[u8]) -> Vec<u8> {
    let directory = exif::ExifDirectory::first(tiff).unwrap();
    let mut cut = tiff.to_vec();
    // StripOffsets: one strip, so the value is in the entry, or a list that the entry points to.
    let at = directory.value_at(273).unwrap();
    let far = u32::try_from(tiff.len()).unwrap().to_le_bytes();
    let count = u32::from_le_bytes(tiff[at - 4..at].try_into().unwrap());
    let place = match count {
        1 => at,
        n => u32::from_le_bytes(tiff[at..at + 4].try_into().unwrap()) as usize + 4 * (n as usize - 1),
    };
    cut[place..place + 4].copy_from_slice(&far);
    cut
}

#[test]
fn broken_checksums_are_errors_unless_tolerated() {
    let mut file = fixture("photo.png");
    let at = file.len() - 16;
    file[at] ^= 0xff;
    let with = |fail_on| decode(&file, &DecodeOptions { fail_on, ..Default::default() });
    assert_eq!(with(FailOn::Error).unwrap_err().code(), "ERR_UPSCALER_DECODE");
    assert_eq!(bytes(&with(FailOn::Truncated).unwrap().raster), photo());
}

mod hostile;
mod modern;
