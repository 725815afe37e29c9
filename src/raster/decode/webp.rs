//! WebP, by the `image` crate: memory-safe, which matters more than speed for files from strangers.

use super::damage::{Damage, broken_header};
use super::webp_quality::lossy_quality;
use super::{FailOn, Format, Header, Ink, Picture, Source, Tag};
use crate::error::Error;
use crate::raster::exif;
use crate::raster::picture::{Samples, sample_count, zeroed};
use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;
use std::io::Cursor;

pub(super) struct Webp<'a> {
    bytes: &'a [u8],
    decoder: WebPDecoder<Cursor<&'a [u8]>>,
    exif: Option<Vec<u8>>,
    header: Header,
}

impl<'a> Webp<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = |e| broken_header(Format::Webp, e);
        let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(broken)?;
        let (width, height) = decoder.dimensions();
        let exif = decoder.exif_metadata().map_err(broken)?;
        let header = Header {
            format: Format::Webp,
            width,
            height,
            channels: decoder.color_type().channel_count(),
            depth: 8,
            orientation: exif::orientation(exif.as_deref().map(exif::without_preamble)),
        };
        Ok(Webp { bytes, decoder, exif, header })
    }
}

impl Source for Webp<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(mut self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let Header { width, height, channels, .. } = self.header;
        let mut warnings = Vec::new();
        if let Some(missing) = missing(self.bytes) {
            // The decoder reads zeros past the end of lossless data, so the container has to tell.
            let detail = format!("{missing} bytes are missing");
            Damage::truncated(Format::Webp, detail).judge(fail_on, &mut warnings)?;
        }
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        let icc = self.decoder.icc_profile().ok().flatten();
        // As in sharp, no level accepts a picture that does not decode: the decoder gives nothing of it.
        self.decoder
            .read_image(&mut samples)
            .map_err(|e| Error::Decode(format!("The WebP is broken: {e}")))?;
        Ok(Picture {
            samples: Samples::U8(samples),
            channels,
            ink: Ink::Rgb,
            tag: icc.map(Tag::Icc),
            exif: self.exif,
            quality: lossy_quality(self.bytes),
            warnings,
        })
    }
}

/// How many bytes the container's length promises beyond the end of the file.
fn missing(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    (u32::from_le_bytes(length) as usize + 8).checked_sub(bytes.len()).filter(|&missing| missing > 0)
}
