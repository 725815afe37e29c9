//! A later frame of an animation, composed of those before it.

use super::{ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels, broken};
use crate::error::Error;
use crate::raster::animation::Animation;
use crate::raster::picture::Samples;

pub(super) struct AnimationFrame<'a> {
    bytes: &'a [u8],
    page: u32,
    header: Header,
}

impl<'a> AnimationFrame<'a> {
    pub(super) fn open(bytes: &'a [u8], format: Format, page: u32) -> Result<Self, Error> {
        let (_, table) = super::frame_table(bytes)?;
        let (width, height) = table.ok_or_else(|| broken(format))?.size;
        if width == 0 || height == 0 {
            return Err(broken(format));
        }
        Ok(AnimationFrame {
            bytes,
            page,
            header: Header {
                format,
                width,
                height,
                channels: 4,
                depth: 8,
                orientation: 1,
                // The canvas, what was shown before, and a frame.
                decoder_bytes: (3 * 4 * u64::from(width)).saturating_mul(height.into()),
            },
        })
    }
}

impl FormatDecoder for AnimationFrame<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let format = self.header.format;
        // The size was checked by whoever asked for the pixels.
        let animation = Animation::open(self.bytes.to_vec(), fail_on, None)?;
        let mut animation = animation.ok_or_else(|| broken(format))?;
        let mut shown = None;
        for _ in 0..=self.page {
            shown = animation.next_frame()?;
        }
        let frame = shown.ok_or_else(|| broken(format))?;
        Ok(Pixels {
            samples: Samples::U8(frame.picture.samples.into_u8()),
            channels: frame.picture.channels,
            model: ColourModel::Rgb,
            alpha: None,
            encoding: None,
            metadata: Metadata::default(),
            quality: None,
            warnings: Vec::new(),
        })
    }
}
