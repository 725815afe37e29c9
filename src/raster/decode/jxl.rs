//! JPEG XL, by the decoder of its authors in Rust, which browsers have.

use super::damage::{Damage, broken_header};
use super::isobmff::boxes;
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::picture::{Samples, sample_count, zeroed};
use jxl::api::{
    AlphaMode, Endianness, Event, ExtraChannel, JxlBasicInfo, JxlColorEncoding, JxlColorProfile,
    JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat,
    ProfileLevel,
};
use std::fmt::Display;

pub(super) struct Jxl<'a> {
    bytes: &'a [u8],
    info: JxlBasicInfo,
    header: Header,
}

impl<'a> Jxl<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = |e: &dyn Display| broken_header(Format::Jxl, e);
        let mut decoder = JxlDecoder::new(options(None));
        let mut input = bytes;
        match decoder.process(&mut input, None, None) {
            Ok(Event::BasicInfo) => {}
            Ok(_) => return Err(broken(&"it ends too early")),
            Err(e) => return Err(classified(e, broken)),
        }
        let (Some(info), Some(profile)) = (decoder.basic_info(), decoder.embedded_color_profile()) else {
            return Err(broken(&"it ends too early"));
        };
        if info.extra_channels.iter().any(|extra| extra.ec_type == ExtraChannel::Black) {
            return Err(Error::UnsupportedFormat(
                "Expected grey or RGB in the JPEG XL but received CMYK, which is not supported".into(),
            ));
        }
        let side = |side: usize| u32::try_from(side).map_err(|_| broken(&format!("a side of {side} pixels")));
        let (width, height) = (side(info.size.0)?, side(info.size.1)?);
        let alpha = info.extra_channels.iter().any(|extra| extra.ec_type == ExtraChannel::Alpha);
        let header = Header {
            format: Format::Jxl,
            width,
            height,
            channels: if profile.channels() == 1 { 1 } else { 3 } + u8::from(alpha),
            depth: if info.bit_depth.bits_per_sample() > 8 { 16 } else { 8 },
            orientation: info.orientation as u8,
            // Two buffers of 32 bits a sample.
            decoder_bytes: (u64::from(width) * u64::from(height))
                .saturating_mul((3 + info.extra_channels.len() as u64) * 8),
        };
        Ok(Jxl { bytes, info: info.clone(), header })
    }
}

/// Pixels stay as they are stored: orientation is applied with that of other formats.
fn options(max_samples: Option<usize>) -> JxlDecoderOptions {
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.alpha_mode = AlphaMode::Unpremultiplied;
    options.max_profile_level = ProfileLevel::Main10;
    options.sample_limit = max_samples;
    options
}

fn classified(error: jxl::error::Error, broken: impl Fn(&dyn Display) -> Error) -> Error {
    use jxl::error::Error as Jxl;
    match error {
        Jxl::OutOfMemory(_) | Jxl::ImageOutOfMemory(..) => {
            Error::Limit("Out of memory for the JPEG XL".into())
        }
        Jxl::ImageSizeTooLarge(width, height) => {
            Error::Limit(format!("The JPEG XL has a frame of {width}x{height}, far more than its picture"))
        }
        error => broken(&error),
    }
}

impl Jxl<'_> {
    /// Reads the first frame into `out`, rows of native-endian samples. Says what was missing.
    fn read_frame(
        &self,
        decoder: &mut JxlDecoder,
        out: &mut [u8],
        row_bytes: usize,
    ) -> Result<Option<Damage>, jxl::error::Error> {
        let mut input = self.bytes;
        let rows = self.header.height as usize;
        loop {
            let mut buffers = [JxlOutputBuffer::new(out, rows, row_bytes)];
            let buffers = decoder.current_pixel_format().is_some().then_some(&mut buffers[..]);
            match decoder.process(&mut input, buffers, None)? {
                Event::BasicInfo => decoder.set_pixel_format(self.pixel_format())?,
                Event::FrameHeader => {}
                Event::FrameComplete { .. } | Event::Complete => return Ok(None),
                Event::NeedMoreInput { .. } => {
                    let mut buffers = [JxlOutputBuffer::new(out, rows, row_bytes)];
                    decoder.flush_pixels(&mut buffers, None)?;
                    return Ok(Some(Damage::truncated(Format::Jxl, "its first frame is not complete")));
                }
            }
        }
    }

    fn pixel_format(&self) -> JxlPixelFormat {
        let Header { channels, depth, .. } = self.header;
        let color_type = match channels {
            1 => JxlColorType::Grayscale,
            2 => JxlColorType::GrayscaleAlpha,
            3 => JxlColorType::Rgb,
            _ => JxlColorType::Rgba,
        };
        let format = match depth {
            16 => JxlDataFormat::U16 { endianness: Endianness::native(), bit_depth: 16 },
            _ => JxlDataFormat::U8 { bit_depth: 8 },
        };
        JxlPixelFormat {
            color_type,
            color_data_format: Some(format),
            extra_channel_format: vec![None; self.info.extra_channels.len()],
        }
    }

    /// The box of that type; blocks that are packed by Brotli are left out.
    fn metadata(&self, kind: &[u8; 4]) -> Option<&[u8]> {
        boxes(self.bytes).find(|found| &found.kind == kind).map(|found| found.data)
    }
}

/// What the decoder's samples mean; `None`: sRGB.
fn encoding(decoder: &JxlDecoder) -> Option<ColourEncoding> {
    let profile = decoder.output_color_profile()?;
    if let JxlColorProfile::Simple(simple) = profile
        && (*simple == JxlColorEncoding::srgb(false) || *simple == JxlColorEncoding::srgb(true))
    {
        return None;
    }
    profile.try_as_icc().map(|icc| ColourEncoding::Icc(icc.into_owned()))
}

impl FormatDecoder for Jxl<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let Header { width, height, channels, depth, .. } = self.header;
        let mut warnings = Vec::new();
        let count = sample_count(width, height, channels)?;
        // Frames may be larger than the picture, but not by much more than its own size.
        let stored = sample_count(width.max(16), height, 3)? / 3 * (3 + self.info.extra_channels.len());
        let mut decoder = JxlDecoder::new(options(Some(stored.saturating_mul(4).max(1 << 20))));
        let row_bytes = width as usize * usize::from(channels) * usize::from(depth / 8);
        let mut read = |out: &mut [u8]| match self.read_frame(&mut decoder, out, row_bytes) {
            Ok(None) => Ok(()),
            Ok(Some(damage)) => damage.tolerate(fail_on, &mut warnings),
            Err(e) => match classified(e, |e| Error::Decode(e.to_string())) {
                Error::Decode(e) => Damage::corrupt(Format::Jxl, e).tolerate(fail_on, &mut warnings),
                other => Err(other),
            },
        };
        let samples = if depth == 16 {
            let mut samples = zeroed::<u16>(count)?;
            read(bytemuck::cast_slice_mut(&mut samples))?;
            Samples::U16(samples)
        } else {
            let mut samples = zeroed::<u8>(count)?;
            read(&mut samples)?;
            Samples::U8(samples)
        };
        Ok(Pixels {
            samples,
            channels,
            model: ColourModel::of_channels(channels),
            alpha: None,
            encoding: encoding(&decoder),
            metadata: Metadata {
                // Before the block stands how many bytes are before its header.
                exif: self.metadata(b"Exif").and_then(|data| {
                    let (skip, rest) = data.split_first_chunk::<4>()?;
                    rest.get(u32::from_be_bytes(*skip) as usize..).map(<[u8]>::to_vec)
                }),
                xmp: self.metadata(b"xml ").map(<[u8]>::to_vec),
                ..Metadata::default()
            },
            quality: None,
            warnings,
        })
    }
}
