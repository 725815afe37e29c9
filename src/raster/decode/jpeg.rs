//! JPEG, by libjpeg-turbo: what sharp and browsers decode with, so that every file looks as it does there.

use super::damage::Damage;
use super::jpeg_markers::Markers;
use super::libjpeg::{self, Output, Space};
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::exif;
use crate::raster::picture::{Samples, sample_count, zeroed};

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
            decoder_bytes: markers.coefficient_bytes(),
        };
        Ok(Jpeg { bytes, markers, header })
    }

    /// Damage that shows without decoding. It is looked for first because the decoder would fill in grey.
    fn inspect(&self, fail_on: FailOn, warnings: &mut Vec<String>) -> Result<(), Error> {
        let Header { width, height, .. } = self.header;
        let scanned = self.markers.scanned;
        if !self.markers.complete {
            let detail = format!("no end-of-image marker in {} bytes", self.bytes.len());
            Damage::truncated(Format::Jpeg, detail).tolerate(fail_on, warnings)?;
        }
        if u64::from(width) * u64::from(height) > PIXELS_PER_BYTE * scanned as u64 {
            let detail = format!("{scanned} bytes cannot hold {width}x{height} pixels");
            Damage::truncated(Format::Jpeg, detail).tolerate(fail_on, warnings)?;
        }
        Ok(())
    }
}

impl FormatDecoder for Jpeg<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let Header { width, height, .. } = self.header;
        let mut warnings = Vec::new();
        self.inspect(fail_on, &mut warnings)?;

        let channels = self.markers.components.len() as u8;
        let (model, output) = match channels {
            1 => (ColourModel::Grey, Space::JCS_GRAYSCALE),
            3 => (ColourModel::Rgb, Space::JCS_RGB),
            _ => (ColourModel::Cmyk, Space::JCS_CMYK),
        };
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        let request = Output { width, height, channels, stored: None, space: output };
        for damage in libjpeg::decode(self.bytes, &request, &mut samples)? {
            damage.tolerate(fail_on, &mut warnings)?;
        }
        if model == ColourModel::Cmyk {
            // Every writer stores the complements of inks, as Adobe does, with its segment or without.
            samples.iter_mut().for_each(|ink| *ink = 255 - *ink);
        }
        Ok(Pixels {
            samples: Samples::U8(samples),
            channels,
            model,
            quality: self.markers.quality(),
            alpha: None,
            encoding: self.markers.icc.map(ColourEncoding::Icc),
            metadata: Metadata {
                exif: self.markers.exif,
                xmp: self.markers.xmp,
                iptc: self.markers.iptc,
                density: self.markers.density,
                ..Metadata::default()
            },
            warnings,
        })
    }
}
