//! Files to pictures.
//!
//! Every format is read in two steps: its header, which costs nothing, and, after the size was checked against the
//! limit, its pixels. What the formats have in common (colour, orientation, what counts as broken) is done here.

mod animation_frame;
mod avif;
mod bmp;
mod damage;
mod gif;
mod isobmff;
mod jpeg;
mod jpeg_markers;
mod jxl;
pub(super) mod libjpeg;
mod libwebp;
mod other;
mod png;
mod tiff;
mod webp;
mod webp_quality;

pub use damage::FailOn;

use super::animation::{FrameControl, FrameTable};
use super::colour::{self, ColourEncoding, ColourModel};
use super::metadata::Metadata;
use super::orient;
use super::picture::{Raster, Samples, sample_count};
use super::sniff::{Format, sniff};
use crate::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a file is read.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// What is still accepted of a broken file.
    pub fail_on: FailOn,
    /// The most pixels a picture may have; `None`: as many as fit into memory.
    pub limit_pixels: Option<u64>,
    /// Whether the picture is turned upright by its EXIF orientation.
    pub auto_orient: bool,
    /// Whether metadata is handed out. The pixels then stay in the colours of their profile, with sRGB's tone curve, so
    /// that no saturation is lost: [`ToProfile`](super::ToProfile) takes them back.
    pub keep_metadata: bool,
    /// Which page of a TIFF, or frame of an animation, counted from 0.
    pub page: u32,
}

impl Default for DecodeOptions {
    /// 50 million pixels, the largest photographs of phones: a file of a few bytes can claim any size. `FailOn::Error`, upright, no
    /// metadata.
    fn default() -> Self {
        DecodeOptions {
            fail_on: FailOn::Error,
            limit_pixels: Some(50_000_000),
            auto_orient: true,
            keep_metadata: false,
            page: 0,
        }
    }
}

/// What the header of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub format: Format,
    /// Width as stored, before any turning.
    pub width: u32,
    /// Height as stored, before any turning.
    pub height: u32,
    /// Channels as [`decode`] will return them: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA.
    pub channels: u8,
    /// 8 or 16, as [`decode`] will return them.
    pub depth: u8,
    /// EXIF orientation, 1 to 8; 1 where the file has none.
    pub orientation: u8,
    /// About how many bytes decoding takes beside the pixels that it returns.
    pub decoder_bytes: u64,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The pixels in sRGB, but for `keep_metadata`. Grey stays grey, CMYK becomes RGB, palettes are expanded; 1-, 2- and 4-bit samples
    /// become 8-bit, 16-bit samples stay.
    pub raster: Raster,
    pub format: Format,
    /// 8 or 16.
    pub depth: u8,
    /// What the file says beside its pixels, if asked for. Its profile only where it fits the pixels.
    pub metadata: Metadata,
    /// The quality (1..=100) that a lossy file was probably written with: of JPEG from its quantisation tables, of
    /// WebP from its quantiser. `None`: lossless.
    pub quality: Option<u8>,
    /// How many pages or frames the file has.
    pub pages: u32,
    /// What was wrong with the file but tolerated.
    pub warnings: Vec<String>,
}

/// A file whose header was read; nothing in proportion to its size has been allocated.
trait FormatDecoder {
    fn header(&self) -> Header;
    /// Reads the pixels.
    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error>;
}

/// Pixels as a file stores them, before colour and orientation.
struct Pixels {
    samples: Samples,
    /// Samples per pixel; 4 inks count as 4.
    channels: u8,
    model: ColourModel,
    /// The alpha of CMYK, which has no room for it among its four channels.
    alpha: Option<Samples>,
    encoding: Option<ColourEncoding>,
    /// All but the profile and the orientation.
    metadata: Metadata,
    quality: Option<u8>,
    warnings: Vec<String>,
}

/// The frames of an animation, whose format is told too; `None` for other files. A GIF has at least one frame.
///
/// # Errors
/// [`Error::UnsupportedFormat`] for an AVIF sequence, and those of recognising a format.
pub(super) fn frame_table(bytes: &[u8]) -> Result<(Format, Option<FrameTable>), Error> {
    let format = sniff(bytes)?;
    let table = guarded(|| {
        Ok(match format {
            Format::Avif => match pages(bytes, format) {
                1 => None,
                frames => return Err(no_sequence(frames)),
            },
            Format::Gif => gif::frame_table(bytes),
            Format::Webp => webp::frame_table(bytes),
            Format::Png => png::frame_table(bytes),
            _ => None,
        })
    })?;
    Ok((format, table))
}

/// The pixels of one frame as stored: RGBA, as many as its area has.
pub(super) fn decode_frame(
    bytes: &[u8],
    format: Format,
    index: usize,
    control: &FrameControl,
    fail_on: FailOn,
) -> Result<Vec<u8>, Error> {
    let pixels = guarded(|| match format {
        Format::Gif => gif::decode_frame(bytes, index, fail_on),
        Format::Webp => webp::decode_frame(bytes, index),
        _ => png::decode_frame(bytes, index, fail_on),
    })?;
    if pixels.len() != sample_count(control.area.width, control.area.height, 4)? {
        return Err(Error::Decode(format!(
            "The {format} is broken: frame {index} has another size than it says"
        )));
    }
    Ok(pixels)
}

/// A file whose frames cannot be told apart.
fn broken(format: Format) -> Error {
    damage::broken_header(format, "its frames make no sense")
}

/// A sequence whose frames are asked for.
fn no_sequence(frames: u32) -> Error {
    Error::UnsupportedFormat(format!(
        "Expected a GIF, WebP or PNG for `animated` or `page` but received an AVIF sequence of {frames} frames, of which \
         only the still picture is read: leave them out for it, or convert the sequence"
    ))
}

/// How many pages or frames a file has that was recognised.
fn pages(bytes: &[u8], format: Format) -> u32 {
    let count = match format {
        Format::Tiff => tiff::pages(bytes),
        Format::Avif => avif::frames(bytes).unwrap_or(1),
        Format::Gif | Format::Webp | Format::Png => {
            frame_table(bytes).ok().and_then(|(_, table)| table).map_or(1, |table| table.frames.len())
        }
        _ => 1,
    };
    count.clamp(1, u32::MAX as usize) as u32
}

fn open(bytes: &[u8], page: u32) -> Result<Box<dyn FormatDecoder + '_>, Error> {
    let format = sniff(bytes)?;
    let pages = pages(bytes, format);
    if page >= pages {
        return Err(Error::InvalidArgument(format!(
            "Expected a page below {pages}, which the {format} has, but received {page}"
        )));
    }
    if page > 0 && format == Format::Avif {
        return Err(no_sequence(pages));
    }
    if page > 0 && format != Format::Tiff {
        return Ok(Box::new(animation_frame::AnimationFrame::open(bytes, format, page)?));
    }
    Ok(match format {
        Format::Png => Box::new(png::Png::open(bytes)?),
        Format::Jpeg => Box::new(jpeg::Jpeg::open(bytes)?),
        Format::Webp => Box::new(webp::Webp::open(bytes)?),
        Format::Tiff => Box::new(tiff::Tiff::open(bytes, page)?),
        Format::Bmp => Box::new(bmp::Bmp::open(bytes)?),
        Format::Gif => Box::new(gif::Gif::open(bytes)?),
        Format::Avif => Box::new(avif::Avif::open(bytes)?),
        Format::Jxl => Box::new(jxl::Jxl::open(bytes)?),
        Format::Pnm | Format::Qoi | Format::Ico => Box::new(other::Other::open(bytes, format)?),
    })
}

/// Reads the header of a file, of that page or frame.
///
/// # Errors
/// [`Error::UnsupportedFormat`] where it is no image or of a kind that is not supported (the message names it);
/// [`Error::Decode`] where the header is broken.
pub fn probe(bytes: &[u8], page: u32) -> Result<Header, Error> {
    guarded(|| Ok(open(bytes, page)?.header()))
}

/// What a decoder does, with its panics as errors: a file that a library of others fails on is a broken file.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Error::Decode(format!("The picture is broken in a way that its decoder does not expect: {text}")))
    })
}

/// Reads a file: oriented, in sRGB. Of animations and files of several pages one.
///
/// # Errors
/// Those of [`probe`]; [`Error::Limit`] where the picture has more pixels than allowed or does not fit into memory;
/// [`Error::Decode`] where it is more broken than `fail_on` tolerates.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Decoded, Error> {
    guarded(|| decode_unguarded(bytes, options))
}

fn decode_unguarded(bytes: &[u8], options: &DecodeOptions) -> Result<Decoded, Error> {
    let source = open(bytes, options.page)?;
    let header = source.header();
    check_size(header.format, (header.width, header.height), options.limit_pixels)?;
    let picture = source.read(options.fail_on)?;

    let Pixels { samples, channels, model, alpha, encoding, metadata, quality, mut warnings } = picture;
    let size = (header.width, header.height);
    let encoding = encoding.as_ref();
    let (samples, channels, icc) = if options.keep_metadata {
        colour::to_working(samples, size, channels, model, encoding, &mut warnings)?
    } else {
        let (samples, channels) = colour::to_srgb(samples, size, channels, model, encoding, &mut warnings)?;
        (samples, channels, None)
    };
    let mut raster = Raster::new(header.width, header.height, channels, samples)?;
    if let Some(alpha) = alpha {
        raster = raster.with_channel(&Raster::new(header.width, header.height, 1, alpha)?)?;
    }
    let mut orientation = header.orientation;
    if options.auto_orient {
        raster = orient::upright(raster, orientation)?;
        orientation = 1;
    }
    let pages = pages(bytes, header.format);
    let metadata = match options.keep_metadata {
        true => Metadata { icc, orientation, ..metadata },
        false => Metadata::default(),
    };
    Ok(Decoded { raster, format: header.format, depth: header.depth, metadata, quality, pages, warnings })
}

/// Whether a picture of that size may be read.
pub(super) fn check_size(
    format: Format,
    (width, height): (u32, u32),
    limit: Option<u64>,
) -> Result<(), Error> {
    let pixels = u64::from(width) * u64::from(height);
    match limit {
        Some(limit) if pixels > limit => Err(Error::Limit(format!(
            "Expected at most {limit} pixels but the {format} has {width}x{height} = {pixels}"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
