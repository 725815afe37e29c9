//! Reading and writing a photograph of one megapixel, one thread.
//!
//! Measured: from the bytes of a file to pixels, and from pixels to the bytes of a file. Not measured: reading files from
//! disk, and making the picture. sharp's figures for the same picture are in docs/performance.md.

use divan::Bencher;
use divan::counter::BytesCount;
use upscaler_node::raster::{DecodeOptions, EncodeOptions, Format, Raster, decode, encode, resample};

const FORMATS: [Format; 4] = [Format::Png, Format::Jpeg, Format::Webp, Format::Tiff];

fn photo() -> Raster {
    let file = include_bytes!("../examples/images/astronaut.png");
    let small = decode(file, &DecodeOptions::default()).map(|decoded| decoded.raster);
    small.and_then(|small| resample(&small, 1024, 1024)).unwrap_or_else(|error| panic!("{error}"))
}

fn bytes(photo: &Raster) -> BytesCount {
    BytesCount::new(photo.width as usize * photo.height as usize * usize::from(photo.channels))
}

#[divan::bench(args = FORMATS)]
fn writing(bencher: Bencher, format: Format) {
    let photo = photo();
    bencher
        .counter(bytes(&photo))
        .with_inputs(|| photo.clone())
        .bench_values(|photo| encode(photo, EncodeOptions::new(format)));
}

#[divan::bench(args = [1, 3, 6, 9])]
fn writing_png_at_level(bencher: Bencher, level: u8) {
    let photo = photo();
    let options = EncodeOptions { compression_level: level, ..EncodeOptions::new(Format::Png) };
    bencher
        .counter(bytes(&photo))
        .with_inputs(|| (photo.clone(), options.clone()))
        .bench_values(|(photo, options)| encode(photo, options));
}

#[divan::bench(args = FORMATS)]
fn reading(bencher: Bencher, format: Format) {
    let photo = photo();
    let Ok(file) = encode(photo.clone(), EncodeOptions::new(format)) else { return };
    bencher.counter(bytes(&photo)).bench(|| decode(&file, &DecodeOptions::default()));
}

#[divan::bench(args = [512, 2048])]
fn resampling(bencher: Bencher, side: u32) {
    let photo = photo();
    bencher.counter(bytes(&photo)).bench(|| resample(&photo, side, side));
}

fn main() {
    divan::main();
}
