//! PNG, by the `png` crate, which is shown only what the still picture is made of; the rest is read here.

mod animated;
mod chunks;

pub(super) use self::animated::{decode_frame, frame_table};

use self::chunks::{Ihdr, chunks, still_image};
use super::damage::{Damage, broken_header};
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::colour::MAX_PROFILE_BYTES;
use crate::raster::exif;
use crate::raster::picture::{Samples, sample_count, zeroed};
use png::{Decoder, DecodingError, Limits, Reader, Transformations};
use std::io::Cursor;

pub(super) struct Png<'a> {
    bytes: &'a [u8],
    header: Header,
    grey: bool,
}

impl<'a> Png<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        chunks::check(bytes)?;
        let Some(first) = chunks(bytes).next().filter(|first| &first.kind == b"IHDR") else {
            return Err(broken_header(Format::Png, "it does not begin with IHDR"));
        };
        let Ihdr { width, height, depth, colour } = Ihdr::read(first.data)?;
        let key =
            chunks(bytes).take_while(|chunk| &chunk.kind != b"IDAT").any(|chunk| &chunk.kind == b"tRNS");
        let channels = match (colour, key) {
            (0, false) => 1,
            (0, true) | (4, _) => 2,
            (2 | 3, false) => 3,
            _ => 4,
        };
        let header = Header {
            format: Format::Png,
            width,
            height,
            channels,
            depth: if depth == 16 { 16 } else { 8 },
            orientation: exif::orientation(metadata(bytes, b"eXIf").map(exif::without_preamble)),
            decoder_bytes: 0,
        };
        Ok(Png { bytes, header, grey: matches!(colour, 0 | 4) })
    }
}

/// The data of the first chunk of a kind that is whole; eXIf and text may stand behind the image data.
fn metadata<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    chunks(bytes).find(|chunk| &chunk.kind == kind && chunk.intact).map(|chunk| chunk.data)
}

/// A reader that stands before the first image data, with palettes, transparency and low depths to be expanded.
fn reader(bytes: &[u8], checked: bool) -> Result<Reader<Cursor<&[u8]>>, DecodingError> {
    // What the decoder sees has no metadata, so that only its rows take memory, and their size was checked.
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: usize::MAX });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.ignore_checksums(!checked);
    decoder.read_info()
}

impl FormatDecoder for Png<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let Header { width, height, channels, depth, .. } = self.header;
        let mut warnings = Vec::new();
        self.note_damaged_metadata(&mut warnings);
        let checked = fail_on >= FailOn::Error;
        let still = still_image(self.bytes, checked);
        let mut reader = reader(&still.bytes, checked).map_err(|e| match still.truncated {
            true => Error::Decode(format!("The PNG ends too early: {}", words(&e))),
            false => broken_header(Format::Png, words(&e)),
        })?;
        let (kind, _) = reader.output_color_type();
        if kind.samples() != usize::from(channels) {
            return Err(broken_header(Format::Png, "its transparency does not fit its colours"));
        }
        let count = sample_count(width, height, channels)?;
        let mut tolerate = |result: Result<_, DecodingError>| match result {
            Ok(_) => Ok(()),
            Err(e) if still.truncated => {
                Damage::truncated(Format::Png, words(&e)).tolerate(fail_on, &mut warnings)
            }
            Err(e) => Damage::corrupt(Format::Png, words(&e)).tolerate(fail_on, &mut warnings),
        };
        let samples = if depth == 16 {
            let mut samples = zeroed::<u16>(count)?;
            tolerate(reader.next_frame(bytemuck::cast_slice_mut(&mut samples)))?;
            samples.iter_mut().for_each(|sample| *sample = u16::from_be(*sample));
            Samples::U16(samples)
        } else {
            let mut samples = zeroed::<u8>(count)?;
            tolerate(reader.next_frame(&mut samples))?;
            Samples::U8(samples)
        };
        Ok(Pixels {
            samples,
            channels,
            model: if self.grey { ColourModel::Grey } else { ColourModel::Rgb },
            alpha: None,
            encoding: self.colour_encoding(&mut warnings),
            metadata: self.metadata(),
            quality: None,
            warnings,
        })
    }
}

impl Png<'_> {
    /// The colour space by the precedence of PNG (third edition, 13.13): cICP, then iCCP, then sRGB. gAMA and cHRM are
    /// ignored, as libvips does: too many writers got them wrong.
    fn colour_encoding(&self, warnings: &mut Vec<String>) -> Option<ColourEncoding> {
        if let (false, Some(&[primaries, transfer, _, _])) = (self.grey, metadata(self.bytes, b"cICP")) {
            return Some(ColourEncoding::Cicp { primaries, transfer });
        }
        match chunks::profile(metadata(self.bytes, b"iCCP")?, MAX_PROFILE_BYTES) {
            Ok(profile) => Some(ColourEncoding::Icc(profile)),
            Err(e) => {
                warnings.push(format!("The colour profile was ignored: {e}"));
                None
            }
        }
    }

    fn metadata(&self) -> Metadata {
        const METRE: u8 = 1;
        const INCH: f64 = 0.0254;
        let density = metadata(self.bytes, b"pHYs").and_then(|data| match data {
            &[x0, x1, x2, x3, y0, y1, y2, y3, METRE] => {
                let per_inch = |bytes| f64::from(u32::from_be_bytes(bytes)) * INCH;
                Some((per_inch([x0, x1, x2, x3]), per_inch([y0, y1, y2, y3])))
            }
            _ => None,
        });
        let texts = chunks(self.bytes).filter(|chunk| &chunk.kind == b"iTXt" && chunk.intact);
        Metadata {
            exif: metadata(self.bytes, b"eXIf").map(<[u8]>::to_vec),
            xmp: texts.filter_map(|chunk| chunks::xmp(chunk.data)).next(),
            density,
            ..Metadata::default()
        }
    }

    /// Metadata cost no pixels: what is damaged is left out.
    fn note_damaged_metadata(&self, warnings: &mut Vec<String>) {
        let damaged: Vec<String> = chunks(self.bytes)
            .filter(|chunk| !chunk.intact && !matches!(&chunk.kind, b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT"))
            .map(|chunk| chunk.kind.escape_ascii().to_string())
            .take(4)
            .collect();
        if !damaged.is_empty() {
            warnings.push(format!("Damaged chunks of the PNG were ignored: {}", damaged.join(", ")));
        }
    }
}

/// What is wrong, in words: the decoder's own messages print its structures.
fn words(error: &DecodingError) -> String {
    match error {
        DecodingError::IoError(_) => "its image data stop in the middle".into(),
        DecodingError::LimitsExceeded => "its rows do not fit into memory".into(),
        DecodingError::Parameter(_) => "its image data do not fit its header".into(),
        DecodingError::Format(e) => {
            let text = e.to_string();
            let is_structure = text.contains('{');
            if is_structure { "a chunk makes no sense".into() } else { text }
        }
    }
}
