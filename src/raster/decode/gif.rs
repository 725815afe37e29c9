//! The first frame of a GIF, by the `image` crate.

use super::damage::{Damage, broken_header};
use super::{FailOn, Format, Header, Ink, Picture, Source};
use crate::error::Error;
use crate::raster::picture::{Samples, sample_count, zeroed};
use image::ImageDecoder;
use image::codecs::gif::GifDecoder;
use std::io::Cursor;

pub(super) struct Gif<'a> {
    decoder: GifDecoder<Cursor<&'a [u8]>>,
    header: Header,
    complete: bool,
}

impl<'a> Gif<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|e| broken_header(Format::Gif, e))?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(broken_header(Format::Gif, format!("a size of {width}x{height}")));
        }
        let frame = first_frame(bytes);
        let opaque = frame.as_ref().is_some_and(|frame| frame.covers(width, height) && !frame.transparent);
        let channels = if opaque { 3 } else { 4 };
        let header = Header { format: Format::Gif, width, height, channels, depth: 8, orientation: 1 };
        Ok(Gif { decoder, header, complete: frame.is_some_and(|frame| frame.complete) })
    }
}

impl Source for Gif<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let Header { width, height, channels, .. } = self.header;
        let mut warnings = Vec::new();
        if !self.complete {
            // The decoder leaves what is missing blank, without a word.
            Damage::truncated(Format::Gif, "its first frame does not end").judge(fail_on, &mut warnings)?;
        }
        let mut samples = zeroed(sample_count(width, height, 4)?)?;
        if let Err(e) = self.decoder.read_image(&mut samples) {
            Damage::from_image(Format::Gif, &e).judge(fail_on, &mut warnings)?;
        }
        if channels == 3 {
            drop_alpha(&mut samples);
        }
        Ok(Picture {
            samples: Samples::U8(samples),
            channels,
            ink: Ink::Rgb,
            tag: None,
            exif: None,
            quality: None,
            warnings,
        })
    }
}

fn drop_alpha(samples: &mut Vec<u8>) {
    let pixels = samples.len() / 4;
    for pixel in 0..pixels {
        samples.copy_within(pixel * 4..pixel * 4 + 3, pixel * 3);
    }
    samples.truncate(pixels * 3);
}

/// What the blocks before the pixels of the first frame say.
#[derive(Debug, PartialEq)]
struct Frame {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
    transparent: bool,
    /// Whether its pixels end before the file does.
    complete: bool,
}

impl Frame {
    fn covers(&self, width: u32, height: u32) -> bool {
        (self.left, self.top) == (0, 0) && u32::from(self.width) >= width && u32::from(self.height) >= height
    }
}

/// Walks the blocks of the GIF89a specification up to the end of the first image.
fn first_frame(bytes: &[u8]) -> Option<Frame> {
    let mut at = 13 + colour_table(*bytes.get(10)?);
    let mut transparent = false;
    loop {
        match bytes.get(at)? {
            0x2c => {
                let field = |i: usize| {
                    Some(u16::from_le_bytes(bytes.get(at + 1 + 2 * i..at + 3 + 2 * i)?.try_into().ok()?))
                };
                let code_size = at + 10 + colour_table(*bytes.get(at + 9)?);
                return Some(Frame {
                    left: field(0)?,
                    top: field(1)?,
                    width: field(2)?,
                    height: field(3)?,
                    transparent,
                    complete: after_blocks(bytes, code_size + 1).is_some(),
                });
            }
            0x21 => {
                // Graphic control extension: the first bit of its flags says that there is a transparent colour.
                if bytes.get(at + 1..at + 3)? == [0xf9, 4] {
                    transparent = bytes.get(at + 3)? & 1 != 0;
                }
                at = after_blocks(bytes, at + 2)?;
            }
            _ => return None,
        }
    }
}

/// Bytes of the colour table that the flags of a descriptor announce.
fn colour_table(flags: u8) -> usize {
    if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 }
}

/// Where the chain of sub-blocks that starts at `at` has ended.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let size @ 1.. = usize::from(*bytes.get(at)?) {
        at += 1 + size;
    }
    Some(at + 1)
}
