//! What the `image` crate reads as well as anything else: PNM, QOI and Windows icons.

use super::damage::{Damage, broken_header};
use super::{ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::picture::{Samples, sample_count, zeroed};
use image::codecs::{ico::IcoDecoder, pnm::PnmDecoder, qoi::QoiDecoder};
use image::{ColorType, ImageDecoder, ImageError, Limits};
use std::io::Cursor;

pub(super) struct Other<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    header: Header,
}

impl<'a> Other<'a> {
    pub(super) fn open(bytes: &'a [u8], format: Format) -> Result<Self, Error> {
        let decoder = decoder(bytes, format).map_err(|e| header_error(format, e))?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(broken_header(format, format!("a size of {width}x{height}")));
        }
        let (channels, depth) = match decoder.color_type() {
            ColorType::L8 => (1, 8),
            ColorType::La8 => (2, 8),
            ColorType::Rgb8 => (3, 8),
            ColorType::Rgba8 => (4, 8),
            ColorType::L16 => (1, 16),
            ColorType::La16 => (2, 16),
            ColorType::Rgb16 => (3, 16),
            ColorType::Rgba16 => (4, 16),
            other => {
                return Err(Error::UnsupportedFormat(format!(
                    "Expected whole numbers in the {format} but received {other:?}, which is not supported"
                )));
            }
        };
        Ok(Other {
            decoder,
            header: Header { format, width, height, channels, depth, orientation: 1, decoder_bytes: 0 },
        })
    }
}

fn decoder<'a>(bytes: &'a [u8], format: Format) -> Result<Box<dyn ImageDecoder + 'a>, ImageError> {
    let reader = Cursor::new(bytes);
    Ok(match format {
        Format::Pnm => Box::new(PnmDecoder::new(reader)?),
        Format::Qoi => Box::new(QoiDecoder::new(reader)?),
        _ => Box::new(IcoDecoder::new(reader)?),
    })
}

fn header_error(format: Format, error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(e) => Error::UnsupportedFormat(format!(
            "Expected an ordinary {format} but received one that is not supported: {e}"
        )),
        e => broken_header(format, e),
    }
}

impl FormatDecoder for Other<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let Other { mut decoder, header } = *self;
        let Header { format, width, height, channels, depth, .. } = header;
        let mut warnings = Vec::new();
        let count = sample_count(width, height, channels)?;
        // Beside the pixels, for which there is memory of our own, decoders hold at most about as much again.
        let mut limits = Limits::no_limits();
        limits.max_alloc =
            Some((count as u64 * u64::from(depth / 8)).saturating_mul(2).saturating_add(1 << 20));
        decoder.set_limits(limits).map_err(|e| header_error(format, e))?;
        let mut tolerate = |result: Result<(), ImageError>| match result {
            Ok(()) => Ok(()),
            Err(ImageError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Damage::truncated(format, e).tolerate(fail_on, &mut warnings)
            }
            Err(e) => Damage::corrupt(format, e).tolerate(fail_on, &mut warnings),
        };
        let samples = if depth == 16 {
            let mut samples = zeroed::<u16>(count)?;
            tolerate(decoder.read_image_boxed(bytemuck::cast_slice_mut(&mut samples)))?;
            Samples::U16(samples)
        } else {
            let mut samples = zeroed::<u8>(count)?;
            tolerate(decoder.read_image_boxed(&mut samples))?;
            Samples::U8(samples)
        };
        Ok(Pixels {
            samples,
            channels,
            model: ColourModel::of_channels(channels),
            alpha: None,
            encoding: None,
            metadata: Metadata::default(),
            quality: None,
            warnings,
        })
    }
}
