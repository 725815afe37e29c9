//! A later frame of an animation, composed of those before it.

use super::{FailOn, Format, Header, Ink, Metadata, Picture, Source, broken};
use crate::error::Error;
use crate::raster::animation::Animation;
use crate::raster::picture::Samples;

pub(super) struct Composed<'a> {
    bytes: &'a [u8],
    page: u32,
    header: Header,
}

impl<'a> Composed<'a> {
    pub(super) fn open(bytes: &'a [u8], format: Format, page: u32) -> Result<Self, Error> {
        let (_, parts) = super::parts(bytes)?;
        let (width, height) = parts.ok_or_else(|| broken(format))?.size;
        if width == 0 || height == 0 {
            return Err(broken(format));
        }
        Ok(Composed { bytes, page, header: Header { format, width, height, channels: 4, depth: 8, orientation: 1 } })
    }
}

impl Source for Composed<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let format = self.header.format;
        // The size was checked by whoever asked for the pixels.
        let animation = Animation::open(self.bytes.to_vec(), fail_on, None)?;
        let mut animation = animation.ok_or_else(|| broken(format))?;
        let mut shown = None;
        for _ in 0..=self.page {
            shown = animation.next_frame()?;
        }
        let frame = shown.ok_or_else(|| broken(format))?;
        Ok(Picture {
            samples: Samples::U8(frame.picture.samples.into_u8()),
            channels: frame.picture.channels,
            ink: Ink::Rgb,
            alpha: None,
            tag: None,
            metadata: Metadata::default(),
            quality: None,
            warnings: Vec::new(),
        })
    }
}
