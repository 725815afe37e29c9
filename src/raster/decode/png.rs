//! PNG, by the `png` crate.

use super::damage::{Damage, broken_header};
use super::{FailOn, Format, Header, Ink, Picture, Source, Tag};
use crate::error::Error;
use crate::raster::exif;
use crate::raster::picture::{Samples, sample_count, zeroed};
use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Reader, Transformations};
use std::io::Cursor;

pub(super) struct Png<'a> {
    bytes: &'a [u8],
    header: Header,
}

impl<'a> Png<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let reader = reader(bytes, FailOn::None).map_err(|e| match e {
            DecodingError::LimitsExceeded => {
                Error::Limit("A chunk of the PNG is too large to be read".into())
            }
            e => broken_header(Format::Png, e),
        })?;
        let (color, depth) = reader.output_color_type();
        let header = Header {
            format: Format::Png,
            width: reader.info().width,
            height: reader.info().height,
            channels: color.samples() as u8,
            depth: if depth == BitDepth::Sixteen { 16 } else { 8 },
            orientation: exif::orientation(exif_chunk(bytes).map(exif::without_preamble)),
        };
        Ok(Png { bytes, header })
    }
}

/// A reader that stands before the first image data, with palettes, transparency and low depths to be expanded.
fn reader(bytes: &[u8], fail_on: FailOn) -> Result<Reader<Cursor<&[u8]>>, DecodingError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.ignore_checksums(fail_on < FailOn::Error);
    decoder.read_info()
}

/// The eXIf chunk, which may stand after the image data, where the decoder has not been when the header is wanted.
fn exif_chunk(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        if kind == b"eXIf" {
            return after.get(..length);
        }
        rest = after.get(length.checked_add(4)?..)?;
    }
}

impl Source for Png<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let Header { width, height, channels, depth, .. } = self.header;
        let mut warnings = Vec::new();
        // Checksums matter from here on, those of the header chunks included.
        let mut reader = reader(self.bytes, fail_on).map_err(|e| broken_header(Format::Png, e))?;
        let count = sample_count(width, height, channels)?;
        let samples = if depth == 16 {
            let mut samples = zeroed::<u16>(count)?;
            let result = pixels(&mut reader, bytemuck::cast_slice_mut(&mut samples));
            tolerate(result, fail_on, &mut warnings)?;
            samples.iter_mut().for_each(|sample| *sample = u16::from_be(*sample));
            Samples::U16(samples)
        } else {
            let mut samples = zeroed::<u8>(count)?;
            tolerate(pixels(&mut reader, &mut samples), fail_on, &mut warnings)?;
            Samples::U8(samples)
        };
        let grey = matches!(reader.info().color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
        Ok(Picture {
            samples,
            channels,
            ink: if grey { Ink::Grey } else { Ink::Rgb },
            tag: tag(reader.info(), grey),
            exif: exif_chunk(self.bytes).map(<[u8]>::to_vec),
            quality: None,
            warnings,
        })
    }
}

/// The image data and what follows it, so that a missing end is noticed.
fn pixels(reader: &mut Reader<Cursor<&[u8]>>, out: &mut [u8]) -> Result<(), DecodingError> {
    reader.next_frame(out)?;
    reader.finish()
}

fn tolerate(
    result: Result<(), DecodingError>,
    fail_on: FailOn,
    warnings: &mut Vec<String>,
) -> Result<(), Error> {
    match result {
        Ok(()) => Ok(()),
        Err(DecodingError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Damage::truncated(Format::Png, e).judge(fail_on, warnings)
        }
        Err(e) => Damage::corrupt(Format::Png, e).judge(fail_on, warnings),
    }
}

/// The colour space by the precedence of PNG (third edition, 13.13): cICP, then iCCP, then sRGB. gAMA and cHRM are
/// ignored, as libvips does: too many writers got them wrong.
fn tag(info: &Info, grey: bool) -> Option<Tag> {
    match &info.coding_independent_code_points {
        Some(points) if !grey => {
            Some(Tag::CodePoints { primaries: points.color_primaries, transfer: points.transfer_function })
        }
        _ => info.icc_profile.as_ref().map(|profile| Tag::Icc(profile.to_vec())),
    }
}
