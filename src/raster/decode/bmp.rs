//! BMP, by the `image` crate.

use super::damage::{Damage, broken_header};
use super::{FailOn, Format, Header, Ink, Picture, Source};
use crate::error::Error;
use crate::raster::picture::{Samples, sample_count, zeroed};
use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;
use std::io::Cursor;

pub(super) struct Bmp<'a> {
    decoder: BmpDecoder<Cursor<&'a [u8]>>,
    header: Header,
}

impl<'a> Bmp<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|e| broken_header(Format::Bmp, e))?;
        let (width, height) = decoder.dimensions();
        let channels = decoder.color_type().channel_count();
        if width == 0 || height == 0 {
            return Err(broken_header(Format::Bmp, format!("a size of {width}x{height}")));
        }
        let header = Header { format: Format::Bmp, width, height, channels, depth: 8, orientation: 1 };
        Ok(Bmp { decoder, header })
    }
}

impl Source for Bmp<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let Header { width, height, channels, .. } = self.header;
        let mut warnings = Vec::new();
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        if let Err(e) = self.decoder.read_image(&mut samples) {
            Damage::from_image(Format::Bmp, &e).judge(fail_on, &mut warnings)?;
        }
        Ok(Picture {
            samples: Samples::U8(samples),
            channels,
            ink: if channels <= 2 { Ink::Grey } else { Ink::Rgb },
            tag: None,
            exif: None,
            quality: None,
            warnings,
        })
    }
}
