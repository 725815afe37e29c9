//! JPEG, by `zune-jpeg`.

use super::damage::Damage;
use super::jpeg_markers::Markers;
use super::{FailOn, Format, Header, Ink, Picture, Source, Tag};
use crate::error::Error;
use crate::raster::exif;
use crate::raster::picture::{Samples, sample_count, zeroed};
use std::borrow::Cow;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The most pixels that one byte of entropy-coded data can stand for: one block of 64 per bit.
const PIXELS_PER_BYTE: u64 = 64 * 8;

pub(super) struct Jpeg<'a> {
    bytes: &'a [u8],
    markers: Markers,
    header: Header,
}

impl<'a> Jpeg<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let markers = Markers::read(bytes)?;
        let channels = match markers.components.len() {
            1 => 1,
            3 | 4 => 3,
            n => {
                return Err(Error::UnsupportedFormat(format!(
                    "Expected a JPEG of 1, 3 or 4 components but received {n}, which is not supported"
                )));
            }
        };
        let header = Header {
            format: Format::Jpeg,
            width: markers.width.into(),
            height: markers.height.into(),
            channels,
            depth: 8,
            orientation: exif::orientation(markers.exif.as_deref()),
        };
        Ok(Jpeg { bytes, markers, header })
    }

    /// Damage that shows without decoding. It is looked for first because the decoder would fill in grey.
    fn inspect(&self, fail_on: FailOn, warnings: &mut Vec<String>) -> Result<(), Error> {
        let Header { width, height, .. } = self.header;
        let scanned = self.markers.scanned;
        if !self.markers.complete {
            let detail = format!("no end-of-image marker in {} bytes", self.bytes.len());
            Damage::truncated(Format::Jpeg, detail).judge(fail_on, warnings)?;
        }
        if u64::from(width) * u64::from(height) > PIXELS_PER_BYTE * scanned as u64 {
            let detail = format!("{scanned} bytes cannot hold {width}x{height} pixels");
            Damage::truncated(Format::Jpeg, detail).judge(fail_on, warnings)?;
        }
        Ok(())
    }

    /// The bytes as the decoder should see them, and the colour space to ask it for.
    ///
    /// It converts YCbCr to RGB itself. Four components are taken as stored, for the colour engine; so are three
    /// that Adobe's segment declares to be RGB, which the decoder would take for CMYK: the segment is hidden from it.
    fn prepared(&self) -> (Cow<'a, [u8]>, ColorSpace) {
        let named_rgb = self.markers.components == *b"RGB";
        match (self.markers.components.len(), self.markers.adobe) {
            (1, _) => (Cow::Borrowed(self.bytes), ColorSpace::Luma),
            (3, Some(0)) => {
                const COMMENT: u8 = 0xfe;
                let mut bytes = self.bytes.to_vec();
                bytes[self.markers.adobe_at] = COMMENT;
                (Cow::Owned(bytes), if named_rgb { ColorSpace::RGB } else { ColorSpace::YCbCr })
            }
            (3, _) => (Cow::Borrowed(self.bytes), ColorSpace::RGB),
            (_, Some(2)) => (Cow::Borrowed(self.bytes), ColorSpace::YCCK),
            _ => (Cow::Borrowed(self.bytes), ColorSpace::CMYK),
        }
    }
}

impl Source for Jpeg<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let Header { width, height, .. } = self.header;
        let mut warnings = Vec::new();
        self.inspect(fail_on, &mut warnings)?;

        let (bytes, space) = self.prepared();
        let channels = self.markers.components.len() as u8;
        let options = DecoderOptions::default()
            .set_max_width(usize::from(u16::MAX))
            .set_max_height(usize::from(u16::MAX))
            .set_strict_mode(fail_on == FailOn::Warning)
            .jpeg_set_out_colorspace(space);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&*bytes), options);
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        if let Err(e) = decoder.decode_into(&mut samples) {
            Damage::corrupt(Format::Jpeg, e).judge(fail_on, &mut warnings)?;
        }
        if channels == 4 {
            to_plain_cmyk(&mut samples, space == ColorSpace::YCCK, self.markers.adobe.is_some());
        }
        Ok(Picture {
            samples: Samples::U8(samples),
            channels,
            ink: match channels {
                1 => Ink::Grey,
                3 => Ink::Rgb,
                _ => Ink::Cmyk,
            },
            quality: self.markers.quality(),
            tag: self.markers.icc.map(Tag::Icc),
            exif: self.markers.exif,
            warnings,
        })
    }
}

/// Four stored components to CMYK with 255 for full ink. YCCK is CMY as the complement of RGB as YCbCr (JFIF's
/// equations); files with Adobe's segment store the complement of every ink.
fn to_plain_cmyk(samples: &mut [u8], ycck: bool, complemented: bool) {
    for pixel in samples.as_chunks_mut::<4>().0 {
        if ycck {
            let [y, cb, cr, _] = pixel.map(f32::from);
            let (cb, cr) = (cb - 128.0, cr - 128.0);
            let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
            for (ink, light) in pixel.iter_mut().zip(rgb) {
                *ink = 255 - light.round() as u8;
            }
        }
        if complemented {
            *pixel = pixel.map(|ink| 255 - ink);
        }
    }
}
