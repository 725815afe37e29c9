//! Pictures to files, band by band.
//!
//! PNG, JPEG and TIFF can be joined from pieces that were compressed separately, so a picture is written on many
//! threads, each band as soon as its rows are finished, and never stands in memory as a whole. So can a large AVIF, as a
//! grid of tiles. WebP cannot: its bands are only collected.

mod avif;
mod filter;
mod join;
mod jpeg;
mod libjpeg;
mod png;
mod riff;
mod tiff;
mod webp;
mod zlib;

use super::metadata::Metadata;
use super::picture::{Raster, Samples, has_alpha};
use super::sniff::Format;
use crate::error::Error;
pub use join::Joiner;
pub(super) use webp::webp_config;

/// How a file is written.
#[derive(Clone, Debug)]
pub struct EncodeOptions {
    /// PNG, JPEG, WebP, AVIF or TIFF.
    pub format: Format,
    /// 1..=100, of JPEG, AVIF and lossy WebP. Default 90.
    pub quality: u8,
    /// Lossless WebP. Default false.
    pub lossless: bool,
    /// 0..=9, of PNG and TIFF: 0 stores, 9 is slowest. Default 3: on photographs, plain and upscaled,
    /// level 6 took 1.2 to 3.6 times as long for files up to 7 % smaller, level 1 half as long for files 40 to 70 %
    /// larger.
    pub compression_level: u8,
    /// What to embed. The samples must already be in the space of its profile. EXIF is written without thumbnail.
    pub metadata: Metadata,
}

impl EncodeOptions {
    /// The defaults for a format.
    pub fn new(format: Format) -> Self {
        EncodeOptions {
            format,
            quality: 90,
            lossless: false,
            compression_level: 3,
            metadata: Metadata::default(),
        }
    }
}

/// Rows of a picture, compressed by [`Encoder::compress`].
#[derive(Debug)]
pub struct Band {
    index: u32,
    /// Compressed, in a form that only the format knows.
    bytes: Vec<u8>,
    /// PNG: checksum and length of what was compressed.
    adler: u32,
    length: u64,
}

/// Writes one picture. Bands of rows are compressed independently, on any thread and in any order.
#[derive(Debug)]
pub struct Encoder {
    layout: Layout,
    options: EncodeOptions,
}

/// What every format needs to know of the picture.
#[derive(Clone, Copy, Debug)]
struct Layout {
    width: u32,
    height: u32,
    channels: u8,
    depth: u8,
    band_rows: u32,
}

impl Layout {
    fn bands(&self) -> u32 {
        self.height.div_ceil(self.band_rows)
    }

    /// How many rows that band has.
    fn rows_of(&self, index: u32) -> u32 {
        (self.height - index * self.band_rows).min(self.band_rows)
    }

    fn row_bytes(&self) -> usize {
        self.width as usize * usize::from(self.channels) * usize::from(self.depth / 8)
    }
}

/// Rows per band: eight rows of JPEG's blocks, after which its restart markers begin again from 0.
const BAND_ROWS: u32 = 64;

/// Bytes below which a band of PNG or TIFF takes more rows: deflate's window is 32 KiB, and each band starts it
/// empty. At four windows a band costs about 1 % in size.
const MIN_BAND_BYTES: usize = 128 << 10;

impl Encoder {
    /// An encoder for a picture of that size, 1 to 4 channels and a depth of 8 or 16.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where an option is out of its range; [`Error::Encode`] where the format cannot hold
    /// the picture: its size, its depth (JPEG and WebP: 8; AVIF has 10 bits for 16), its alpha (JPEG: flatten first), its metadata.
    pub fn new(
        width: u32,
        height: u32,
        channels: u8,
        depth: u8,
        mut options: EncodeOptions,
    ) -> Result<Self, Error> {
        check(width, height, channels, depth, &options)?;
        options.metadata = options.metadata.for_writing((width, height));
        let mut layout = Layout { width, height, channels, depth, band_rows: BAND_ROWS };
        if matches!(options.format, Format::Png | Format::Tiff) {
            let least = u32::try_from(MIN_BAND_BYTES.div_ceil(layout.row_bytes())).unwrap_or(u32::MAX);
            layout.band_rows = least.next_multiple_of(BAND_ROWS);
        }
        if options.format == Format::Avif {
            layout.band_rows = avif::band_rows(width, height);
        }
        Ok(Encoder { layout, options })
    }

    /// Rows per band; the last band has what is left.
    pub fn band_rows(&self) -> u32 {
        self.layout.band_rows
    }

    /// Compresses the rows of band `index`, counted from 0 at the top. Samples of another depth are converted.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the raster is not that band; [`Error::Encode`] where the codec fails.
    pub fn compress(&self, index: u32, rows: Raster) -> Result<Band, Error> {
        rows.check()?;
        let Layout { width, channels, depth, .. } = self.layout;
        if index >= self.layout.bands() {
            return Err(Error::InvalidArgument(format!(
                "Expected a band below {} but received {index}",
                self.layout.bands()
            )));
        }
        let expected = (width, self.layout.rows_of(index), channels);
        if (rows.width, rows.height, rows.channels) != expected {
            return Err(Error::InvalidArgument(format!(
                "Expected (width, height, channels) {expected:?} for band {index} but received {:?}",
                (rows.width, rows.height, rows.channels)
            )));
        }
        let samples = match depth {
            16 => Samples::U16(rows.samples.into_u16()),
            _ => Samples::U8(rows.samples.into_u8()),
        };
        match self.options.format {
            Format::Png => png::compress(&self.layout, &self.options, index, samples),
            Format::Jpeg => jpeg::compress(&self.layout, &self.options, index, samples),
            Format::Tiff => tiff::compress(&self.layout, &self.options, index, samples),
            Format::Avif => avif::compress(&self.layout, &self.options, index, samples),
            _ => Ok(Band { index, bytes: samples.into_u8(), adler: 0, length: 0 }),
        }
    }

    /// Joins all bands, in order, to the file.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where bands are missing or out of order; [`Error::Encode`] where the codec fails
    /// or the file would be larger than its format allows.
    pub fn finish(&self, bands: Vec<Band>) -> Result<Vec<u8>, Error> {
        let complete = bands.len() == self.layout.bands() as usize
            && bands.iter().zip(0..).all(|(band, index)| band.index == index);
        if !complete {
            return Err(Error::InvalidArgument(format!(
                "Expected all {} bands in order but received {:?}",
                self.layout.bands(),
                bands.iter().map(|band| band.index).collect::<Vec<_>>()
            )));
        }
        match self.options.format {
            Format::Png => png::join(&self.layout, &self.options, bands),
            Format::Jpeg => jpeg::join(&self.layout, &self.options, bands),
            Format::Tiff => tiff::join(&self.layout, &self.options, bands),
            Format::Avif => avif::join(&self.layout, &self.options, bands),
            _ => webp::encode(&self.layout, &self.options, bands),
        }
    }
}

/// Encodes a whole picture on the calling thread, at 16 bits if its samples are, else at 8.
///
/// # Errors
/// Those of [`Encoder`].
pub fn encode(raster: Raster, options: EncodeOptions) -> Result<Vec<u8>, Error> {
    raster.check()?;
    let Raster { width, height, channels, samples } = raster;
    let depth = if matches!(samples, Samples::U16(_)) { 16 } else { 8 };
    let encoder = Encoder::new(width, height, channels, depth, options)?;
    let chunk = encoder.band_rows() as usize * width as usize * usize::from(channels);
    let bands = match &samples {
        Samples::U8(v) => compress_all(&encoder, v.chunks(chunk).map(|rows| Samples::U8(rows.to_vec()))),
        Samples::U16(v) => compress_all(&encoder, v.chunks(chunk).map(|rows| Samples::U16(rows.to_vec()))),
        Samples::F32(v) => compress_all(&encoder, v.chunks(chunk).map(|rows| Samples::F32(rows.to_vec()))),
    }?;
    drop(samples);
    encoder.finish(bands)
}

fn compress_all(encoder: &Encoder, bands: impl Iterator<Item = Samples>) -> Result<Vec<Band>, Error> {
    let Layout { width, channels, .. } = encoder.layout;
    (0..)
        .zip(bands)
        .map(|(index, samples)| {
            let height = encoder.layout.rows_of(index);
            encoder.compress(index, Raster { width, height, channels, samples })
        })
        .collect()
}

/// The most pixels that a side of a file of this format may have; none for formats that are not written.
pub fn max_side(format: Format) -> Option<u32> {
    match format {
        Format::Jpeg => Some(libjpeg::MAX_SIDE),
        Format::Webp => Some(webp::MAX_SIDE),
        Format::Avif => Some(avif::MAX_SIDE),
        Format::Png | Format::Tiff => Some(i32::MAX as u32),
        Format::Bmp | Format::Gif | Format::Jxl | Format::Pnm | Format::Qoi | Format::Ico => None,
    }
}

fn check(width: u32, height: u32, channels: u8, depth: u8, options: &EncodeOptions) -> Result<(), Error> {
    let EncodeOptions { format, quality, compression_level, .. } = options;
    if width == 0 || height == 0 || !(1..=4).contains(&channels) || !matches!(depth, 8 | 16) {
        return Err(Error::InvalidArgument(format!(
            "Expected at least 1x1 pixels of 1 to 4 channels at 8 or 16 bits but received {width}x{height} of \
             {channels} at {depth}"
        )));
    }
    if !(1..=100).contains(quality) {
        return Err(Error::InvalidArgument(format!("Expected a quality of 1 to 100 but received {quality}")));
    }
    if *compression_level > 9 {
        return Err(Error::InvalidArgument(format!(
            "Expected a compression level of 0 to 9 but received {compression_level}"
        )));
    }
    let Some(limit) = max_side(*format) else {
        return Err(Error::UnsupportedFormat(format!(
            "Expected PNG, JPEG, WebP, AVIF or TIFF as the output format but received {format}"
        )));
    };
    if width > limit || height > limit {
        return Err(Error::Encode(format!(
            "Expected at most {limit} pixels on a side for {format} but received {width}x{height}"
        )));
    }
    if depth == 16 && matches!(format, Format::Jpeg | Format::Webp) {
        return Err(Error::Encode(format!("Expected 8 bits for {format} but received 16")));
    }
    if options.lossless && *format == Format::Avif {
        return Err(Error::InvalidArgument(
            "Expected `lossless: false` for AVIF, whose encoder is lossy: PNG, WebP and TIFF keep every bit"
                .into(),
        ));
    }
    if has_alpha(channels) && *format == Format::Jpeg {
        return Err(Error::Encode("Expected a picture without alpha for JPEG: flatten it first".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
