//! The judges are the `image` and `png` crates, which share no code with these writers, and `jpeg-encoder` writing
//! the whole picture at once.

use super::*;
use crate::raster::decode::{DecodeOptions, decode};
use crate::raster::exif;
use crate::raster::picture::{Raster, Samples};
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/raster").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A picture with flat parts, gradients and noise, so that every filter is chosen somewhere.
fn picture(width: u32, height: u32, channels: u8, depth: u8) -> Raster {
    let mut noise = 12345u32;
    let count = width as usize * height as usize * usize::from(channels);
    let sample = |i: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let pixel = i / usize::from(channels);
        let (x, y) = (pixel as u32 % width, pixel as u32 / width);
        match (y / 16 + i as u32 % u32::from(channels)) % 4 {
            0 => 0x8080,
            1 => x * 700,
            2 => (x + y) * 300,
            _ => noise >> 16,
        }
    };
    let wide: Vec<u16> = (0..count).map(sample).map(|v| v as u16).collect();
    let samples = if depth == 16 {
        Samples::U16(wide)
    } else {
        Samples::U8(wide.iter().map(|v| (v >> 8) as u8).collect())
    };
    Raster::new(width, height, channels, samples).unwrap()
}

/// The samples of a file by the `image` crate, at the file's own depth and channels.
fn judged(file: &[u8]) -> (u32, u32, Samples) {
    use image::DynamicImage as D;
    let image = image::load_from_memory(file).unwrap();
    let (width, height) = (image.width(), image.height());
    let samples = match image {
        D::ImageLuma16(i) => Samples::U16(i.into_raw()),
        D::ImageLumaA16(i) => Samples::U16(i.into_raw()),
        D::ImageRgb16(i) => Samples::U16(i.into_raw()),
        D::ImageRgba16(i) => Samples::U16(i.into_raw()),
        other => Samples::U8(other.into_bytes()),
    };
    (width, height, samples)
}

/// Sizes that are odd, tiny, or have several bands of which the last is short.
const SIZES: [(u32, u32); 7] = [(1, 1), (1, 200), (7, 3), (64, 64), (300, 129), (33, 1000), (1501, 131)];

#[test]
fn png_is_exact_for_every_kind_of_picture() {
    for (width, height) in SIZES {
        for (channels, depth) in [(1, 8), (2, 8), (3, 8), (4, 8), (1, 16), (2, 16), (3, 16), (4, 16)] {
            let raster = picture(width, height, channels, depth);
            let file = encode(raster.clone(), EncodeOptions::new(Format::Png)).unwrap();
            assert_eq!(judged(&file), (width, height, raster.samples), "{width}x{height} {channels} {depth}");
        }
    }
}

#[test]
fn png_levels_and_bands_in_any_order() {
    let raster = picture(1501, 400, 3, 8);
    for compression_level in 0..=9 {
        let options = EncodeOptions { compression_level, ..EncodeOptions::new(Format::Png) };
        let encoder = Encoder::new(1501, 400, 3, 8, options.clone()).unwrap();
        assert_eq!(encoder.band_rows(), 64);
        let Samples::U8(samples) = &raster.samples else { panic!("not 8-bit") };
        let mut bands: Vec<Band> = samples
            .chunks(64 * 1501 * 3)
            .zip(0..encoder.layout.bands() as usize)
            .rev()
            .map(|(rows, index)| {
                let height = rows.len() as u32 / 1501 / 3;
                encoder
                    .compress(index as u32, Raster::new(1501, height, 3, Samples::U8(rows.to_vec())).unwrap())
                    .unwrap()
            })
            .collect();
        bands.reverse();
        let file = encoder.finish(bands).unwrap();
        assert_eq!(judged(&file).2, raster.samples, "{compression_level}");
        assert_eq!(file, encode(raster.clone(), options).unwrap());
    }
}

#[test]
fn png_chunks_hold_the_metadata() {
    let icc = fixture_icc();
    let exif = decode(&fixture("orient-6.jpg"), &DecodeOptions { keep_metadata: true, ..Default::default() });
    let metadata =
        Metadata { icc: Some(icc.clone()), exif: exif.unwrap().metadata.exif, ..Metadata::default() };
    let options = EncodeOptions { metadata, ..EncodeOptions::new(Format::Png) };
    let file = encode(picture(9, 9, 3, 8), options).unwrap();
    let reader = ::png::Decoder::new(Cursor::new(&file)).read_info().unwrap();
    assert_eq!(reader.info().icc_profile.as_deref(), Some(&icc[..]));
    assert_eq!(exif::orientation(reader.info().exif_metadata.as_deref()), 1);
    assert_eq!(&reader.info().exif_metadata.as_deref().unwrap()[..2], b"MM");
}

fn fixture_icc() -> Vec<u8> {
    let options = DecodeOptions { keep_metadata: true, ..Default::default() };
    decode(&fixture("icc-p3.png"), &options).unwrap().metadata.icc.unwrap()
}

#[test]
fn jpeg_bands_are_the_whole() {
    for (width, height) in SIZES {
        for channels in [1, 3] {
            let raster = picture(width, height, channels, 8);
            let Samples::U8(samples) = &raster.samples else { panic!("not 8-bit") };
            let mut whole = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut whole, 90);
            encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
            encoder.set_restart_interval(width.div_ceil(8) as u16);
            let colour =
                if channels == 1 { jpeg_encoder::ColorType::Luma } else { jpeg_encoder::ColorType::Rgb };
            encoder.encode(samples, width as u16, height as u16, colour).unwrap();

            let name = format!("{width}x{height} {channels}");
            let file = encode(raster, EncodeOptions::new(Format::Jpeg)).unwrap();
            let (coded, expected) = (coded_length(&file) as f64, coded_length(&whole) as f64);
            assert!((coded - expected).abs() <= expected * 0.01 + 2.0, "{name}: {coded} {expected}");
            // The transforms round differently: now and then a coefficient falls on the other side.
            let (found, expected) = (judged(&file), judged(&whole));
            assert_eq!((found.0, found.1), (width, height));
            let (Samples::U8(found), Samples::U8(expected)) = (found.2, expected.2) else { panic!("{name}") };
            let differences = found.iter().zip(&expected).map(|(a, b)| u64::from(a.abs_diff(*b)));
            let mean = differences.clone().sum::<u64>() as f64 / found.len() as f64;
            assert!(mean < 0.2, "{name}: {mean}");
            assert!(differences.max().unwrap() < 16, "{name}");
            assert_eq!(restarts(&file), restarts(&whole), "{name}");
        }
    }
}

/// Bytes from the header of the scan to the end: headers differ in tables that are not used.
fn coded_length(file: &[u8]) -> usize {
    file.len() - file.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap()
}

/// The restart markers of a file, in order. What else looks like one in coded data has a zero behind its 0xff.
fn restarts(file: &[u8]) -> Vec<u8> {
    file.windows(2).filter(|pair| pair[0] == 0xff && (0xd0..0xd8).contains(&pair[1])).map(|p| p[1]).collect()
}

#[test]
fn jpeg_sides_are_those_that_libjpeg_reads() {
    let encoder = |width| Encoder::new(width, 1, 1, 8, EncodeOptions::new(Format::Jpeg));
    assert!(matches!(encoder(65501), Err(Error::Encode(_))));
    let file = encode(picture(65500, 9, 1, 8), EncodeOptions::new(Format::Jpeg)).unwrap();
    assert_eq!(decode(&file, &DecodeOptions::default()).unwrap().raster.width, 65500);
}

#[test]
fn jpeg_metadata_of_many_segments() {
    // Larger than one segment holds, and of no meaning.
    let icc: Vec<u8> = (0..150_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    let source =
        decode(&fixture("orient-6.jpg"), &DecodeOptions { keep_metadata: true, ..Default::default() });
    let exif = source.unwrap().metadata.exif;
    let options = EncodeOptions {
        metadata: Metadata { icc: Some(icc.clone()), exif, ..Metadata::default() },
        ..EncodeOptions::new(Format::Jpeg)
    };
    let file = encode(picture(50, 70, 3, 8), options).unwrap();
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&file));
    decoder.decode_headers().unwrap();
    assert_eq!(decoder.icc_profile(), Some(icc));
    assert_eq!(exif::orientation(decoder.exif().map(Vec::as_slice)), 1);
    assert_eq!(judged(&file).0, 50);
}

#[test]
fn tiff_is_exact_for_every_kind_of_picture() {
    for (width, height) in SIZES {
        for (channels, depth) in [(1, 8), (3, 8), (4, 8), (1, 16), (3, 16), (4, 16)] {
            let raster = picture(width, height, channels, depth);
            let file = encode(raster.clone(), EncodeOptions::new(Format::Tiff)).unwrap();
            assert_eq!(judged(&file), (width, height, raster.samples), "{width}x{height} {channels} {depth}");
        }
        // Grey with alpha is beyond the `image` crate; the raw decoder reads it.
        let raster = picture(width, height, 2, 16);
        let file = encode(raster.clone(), EncodeOptions::new(Format::Tiff)).unwrap();
        let mut decoder = ::tiff::decoder::Decoder::new(Cursor::new(&file)).unwrap();
        let ::tiff::decoder::DecodingResult::U16(found) = decoder.read_image().unwrap() else {
            panic!("not 16-bit")
        };
        assert_eq!(Samples::U16(found), raster.samples);
    }
}

#[test]
fn tiff_takes_over_exif_and_profile() {
    use ::tiff::tags::Tag;
    let icc = fixture_icc();
    let source =
        decode(&fixture("orient-6.jpg"), &DecodeOptions { keep_metadata: true, ..Default::default() });
    let exif = source.unwrap().metadata.exif;
    assert_eq!(&exif.as_ref().unwrap()[..2], b"MM");
    for depth in [8, 16] {
        let metadata = Metadata { icc: Some(icc.clone()), exif: exif.clone(), ..Metadata::default() };
        let options = EncodeOptions { metadata, ..EncodeOptions::new(Format::Tiff) };
        let raster = picture(300, 129, 3, depth);
        let file = encode(raster.clone(), options).unwrap();
        assert_eq!(judged(&file).2, raster.samples);
        let mut decoder = ::tiff::decoder::Decoder::new(Cursor::new(&file)).unwrap();
        assert_eq!(decoder.get_tag_u8_vec(Tag::IccProfile).unwrap(), icc);
        assert_eq!(decoder.get_tag_u32(Tag::Orientation).unwrap(), 1);
        assert_eq!(decoder.get_tag_ascii_string(Tag::Make).unwrap(), "upscaler");
    }
}

#[test]
fn webp_lossless_is_exact_and_lossy_is_close() {
    for (width, height) in [(1, 1), (7, 3), (300, 129)] {
        for channels in 1..=4 {
            let raster = picture(width, height, channels, 8);
            let Samples::U8(samples) = &raster.samples else { panic!("not 8-bit") };
            let wanted: Vec<u8> = match channels {
                1 => samples.iter().flat_map(|&g| [g; 3]).collect(),
                2 => samples.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [g, g, g, a]).collect(),
                _ => samples.clone(),
            };
            let options = EncodeOptions { lossless: true, ..EncodeOptions::new(Format::Webp) };
            let file = encode(raster.clone(), options).unwrap();
            assert_eq!(judged(&file), (width, height, Samples::U8(wanted)), "{width}x{height} {channels}");

            let file = encode(raster, EncodeOptions::new(Format::Webp)).unwrap();
            assert_eq!((judged(&file).0, judged(&file).1), (width, height));
        }
    }
    let photo = image::load_from_memory(&fixture("photo.png")).unwrap().into_rgb8();
    let raster = Raster::new(photo.width(), photo.height(), 3, Samples::U8(photo.to_vec())).unwrap();
    let Samples::U8(found) = judged(&encode(raster, EncodeOptions::new(Format::Webp)).unwrap()).2 else {
        panic!()
    };
    let error: f64 = photo.iter().zip(&found).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    assert!(10.0 * (255.0 * 255.0 * found.len() as f64 / error).log10() > 33.0);
}

#[test]
fn webp_metadata() {
    let icc = fixture_icc();
    let keep = DecodeOptions { keep_metadata: true, ..Default::default() };
    let exif = decode(&fixture("orient-6.jpg"), &keep).unwrap().metadata.exif;
    for (channels, lossless) in [(3, false), (4, false), (3, true), (4, true)] {
        let options = EncodeOptions {
            metadata: Metadata { icc: Some(icc.clone()), exif: exif.clone(), ..Metadata::default() },
            lossless,
            ..EncodeOptions::new(Format::Webp)
        };
        let file = encode(picture(31, 17, channels, 8), options).unwrap();
        let mut decoder = image::codecs::webp::WebPDecoder::new(Cursor::new(&file)).unwrap();
        use image::ImageDecoder;
        assert_eq!(decoder.dimensions(), (31, 17));
        assert_eq!(decoder.color_type().has_alpha(), channels == 4);
        assert_eq!(decoder.icc_profile().unwrap(), Some(icc.clone()));
        assert_eq!(exif::orientation(decoder.exif_metadata().unwrap().as_deref()), 1);
    }
}

#[test]
fn rows_of_any_depth_are_converted() {
    let rows = Raster::new(2, 1, 1, Samples::F32(vec![-4.0, 127.6])).unwrap();
    assert_eq!(
        judged(&encode(rows.clone(), EncodeOptions::new(Format::Png)).unwrap()).2,
        Samples::U8(vec![0, 128])
    );
    let encoder = Encoder::new(2, 1, 1, 16, EncodeOptions::new(Format::Png)).unwrap();
    let file = encoder.finish(vec![encoder.compress(0, rows).unwrap()]).unwrap();
    assert_eq!(judged(&file).2, Samples::U16(vec![0, 32793]));
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let new = |width, height, channels, depth, options| Encoder::new(width, height, channels, depth, options);
    let code = |result: Result<Encoder, Error>| result.unwrap_err().code();
    let of = EncodeOptions::new;
    assert_eq!(code(new(65536, 1, 3, 8, of(Format::Jpeg))), "ERR_UPSCALER_ENCODE");
    assert_eq!(code(new(8, 8, 4, 8, of(Format::Jpeg))), "ERR_UPSCALER_ENCODE");
    assert_eq!(code(new(8, 8, 3, 16, of(Format::Jpeg))), "ERR_UPSCALER_ENCODE");
    assert_eq!(code(new(16384, 1, 3, 8, of(Format::Webp))), "ERR_UPSCALER_ENCODE");
    assert_eq!(code(new(8, 8, 3, 8, of(Format::Gif))), "ERR_UPSCALER_UNSUPPORTED_FORMAT");
    assert_eq!(code(new(0, 8, 3, 8, of(Format::Png))), "ERR_INVALID_ARG_VALUE");
    assert_eq!(
        code(new(8, 8, 3, 8, EncodeOptions { quality: 0, ..of(Format::Jpeg) })),
        "ERR_INVALID_ARG_VALUE"
    );
    let level = EncodeOptions { compression_level: 10, ..of(Format::Png) };
    assert_eq!(code(new(8, 8, 3, 8, level)), "ERR_INVALID_ARG_VALUE");

    let encoder = new(100, 100, 3, 8, of(Format::Jpeg)).unwrap();
    let band = |index| encoder.compress(index, picture(100, if index == 0 { 64 } else { 36 }, 3, 8));
    assert_eq!(encoder.finish(vec![band(0).unwrap()]).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
    let swapped = vec![band(1).unwrap(), band(0).unwrap()];
    assert_eq!(encoder.finish(swapped).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
    assert_eq!(encoder.compress(0, picture(100, 63, 3, 8)).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
    assert_eq!(encoder.compress(2, picture(100, 36, 3, 8)).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
}

#[test]
fn pieces_are_the_file() {
    for format in [Format::Png, Format::Jpeg, Format::Webp, Format::Tiff] {
        for (width, height) in SIZES {
            let encoder = Arc::new(Encoder::new(width, height, 3, 8, EncodeOptions::new(format)).unwrap());
            let picture = picture(width, height, 3, 8);
            let rows = encoder.band_rows();
            let bands = || {
                (0..height.div_ceil(rows)).map(|index| {
                    let (y, end) = (index * rows, height.min((index + 1) * rows));
                    encoder.compress(index, picture.crop(0, y, width, end - y)).unwrap()
                })
            };
            let whole = encoder.finish(bands().collect()).unwrap();

            let mut joiner = Joiner::new(encoder.clone());
            let pieces: Vec<Vec<u8>> = bands().map(|band| joiner.push(band).unwrap()).collect();
            let streamed = matches!(format, Format::Png | Format::Jpeg);
            assert!(pieces.iter().all(|piece| piece.is_empty() != streamed), "{format} {width}x{height}");
            let file = [pieces.concat(), joiner.finish().unwrap()].concat();
            assert!(file == whole, "{format} {width}x{height}");
        }
    }
}

#[test]
fn pieces_that_are_missing_or_out_of_order_are_refused() {
    let encoder = Arc::new(Encoder::new(8, 200, 1, 8, EncodeOptions::new(Format::Jpeg)).unwrap());
    let band = |index, height| encoder.compress(index, picture(8, height, 1, 8)).unwrap();
    let mut joiner = Joiner::new(encoder.clone());
    assert!(matches!(joiner.push(band(1, 64)), Err(Error::InvalidArgument(_))));
    joiner.push(band(0, 64)).unwrap();
    assert!(matches!(joiner.finish(), Err(Error::InvalidArgument(_))));
}
