//! TIFF, by the `tiff` crate: strips or tiles, chunky or planar, 1 to 16 bits, grey, RGB, palette or CMYK.

use super::damage::{Damage, broken_header};
use super::{FailOn, Format, Header, Ink, Picture, Source, Tag};
use crate::error::Error;
use crate::raster::exif::Directory;
use crate::raster::picture::{Samples, sample_count, zeroed};
use std::borrow::Cow;
use std::io::Cursor;
use tiff::decoder::{Decoder, Limits};
use tiff::tags::{SampleFormat, Tag as Field};
use tiff::{ColorType, TiffError};

const PHOTOMETRIC: u16 = 262;
const BLACK_IS_ZERO: u8 = 1;
const PALETTE: u32 = 3;
const PREMULTIPLIED: u16 = 1;
const SEPARATE_PLANES: u16 = 2;

pub(super) struct Tiff<'a> {
    decoder: Decoder<Cursor<Cow<'a, [u8]>>>,
    header: Header,
    pixel: Pixel,
    icc: Option<Vec<u8>>,
}

/// How the pixels of a TIFF are stored.
struct Pixel {
    ink: Ink,
    /// Samples per pixel as the decoder returns them.
    stored: u16,
    bits: u8,
    /// The first so many of them are wanted: the rest has no meaning here.
    channels: u8,
    premultiplied: bool,
    planar: bool,
    /// YCbCr, as JPEG inside TIFF is handed out.
    luma_chroma: bool,
    /// 3 x 2^bits values of 16 bits: all reds, all greens, all blues.
    palette: Option<Vec<u16>>,
}

impl<'a> Tiff<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut decoder = decoder(Cow::Borrowed(bytes))?;
        let (width, height) = decoder.dimensions().map_err(header_error)?;
        if width == 0 || height == 0 {
            return Err(broken_header(Format::Tiff, format!("a size of {width}x{height}")));
        }
        let number = |decoder: &mut Decoder<_>, field| decoder.find_tag_unsigned::<u32>(field).ok().flatten();
        let orientation = number(&mut decoder, Field::Orientation)
            .and_then(|number| u8::try_from(number).ok())
            .filter(|number| (1..=8).contains(number))
            .unwrap_or(1);
        let icc = decoder.get_tag_u8_vec(Field::IccProfile).ok();
        let palette = match number(&mut decoder, Field::PhotometricInterpretation) {
            Some(PALETTE) => {
                let palette = decoder.get_tag_u16_vec(Field::ColorMap).map_err(header_error)?;
                decoder = self::decoder(Cow::Owned(as_grey(bytes)?))?;
                Some(palette)
            }
            _ => None,
        };
        let pixel = Pixel::read(&mut decoder, palette)?;
        let header = Header {
            format: Format::Tiff,
            width,
            height,
            channels: if pixel.ink == Ink::Cmyk || pixel.palette.is_some() { 3 } else { pixel.channels },
            depth: if pixel.bits == 16 { 16 } else { 8 },
            orientation,
        };
        Ok(Tiff { decoder, header, pixel, icc })
    }
}

fn decoder(bytes: Cow<[u8]>) -> Result<Decoder<Cursor<Cow<[u8]>>>, Error> {
    // Nothing that stands in the file is larger than the file, and a value of one byte there takes this much in
    // memory; the decoder reserves for as many values as an entry claims. Pixels go to a buffer of our own.
    const VALUE: usize = 32;
    let mut limits = Limits::default();
    limits.ifd_value_size = bytes.len();
    limits.intermediate_buffer_size = bytes.len();
    limits.decoding_buffer_size = bytes.len().saturating_mul(VALUE);
    Ok(Decoder::new(Cursor::new(bytes)).map_err(header_error)?.with_limits(limits))
}

fn header_error(e: TiffError) -> Error {
    match e {
        TiffError::UnsupportedError(what) => Error::UnsupportedFormat(format!(
            "Expected an ordinary TIFF but received one that is not supported: {what}"
        )),
        e => broken_header(Format::Tiff, e),
    }
}

/// The file with its photometric interpretation changed to grey: the decoder does not do palettes, but the indices
/// are stored as grey levels are.
fn as_grey(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let directory = Directory::first(bytes);
    let place = directory.and_then(|directory| {
        let value = directory.value_at(PHOTOMETRIC)?;
        Some(if directory.is_big_endian() { value + 1 } else { value })
    });
    let Some(place) = place else {
        return Err(Error::UnsupportedFormat("A BigTIFF with a palette is not supported".into()));
    };
    let mut bytes = bytes.to_vec();
    bytes[place] = BLACK_IS_ZERO;
    Ok(bytes)
}

impl Pixel {
    fn read<R: std::io::Read + std::io::Seek>(
        decoder: &mut Decoder<R>,
        palette: Option<Vec<u16>>,
    ) -> Result<Self, Error> {
        let list =
            |decoder: &mut Decoder<R>, field| decoder.find_tag_unsigned_vec::<u16>(field).ok().flatten();
        let extra = list(decoder, Field::ExtraSamples).and_then(|list| list.first().copied());
        let formats = list(decoder, Field::SampleFormat).unwrap_or_default();
        let planar = list(decoder, Field::PlanarConfiguration).is_some_and(|list| list == [SEPARATE_PLANES]);
        let color = decoder.colortype().map_err(header_error)?;
        let bits = color.bit_depth();
        let refuse = |what: String| {
            Err(Error::UnsupportedFormat(format!(
                "Expected a TIFF of 1, 2, 4, 8 or 16 bits but received {what}"
            )))
        };
        if formats.iter().any(|&format| format != SampleFormat::Uint.to_u16()) {
            return refuse("one whose samples are floats or signed, which is not supported".into());
        }
        let (ink, channels) = match color {
            ColorType::Gray(1 | 2 | 4 | 8 | 16) => (Ink::Grey, 1),
            ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2.. } => {
                (Ink::Grey, if matches!(extra, Some(1 | 2)) { 2 } else { 1 })
            }
            ColorType::RGB(8 | 16) | ColorType::YCbCr(8) => (Ink::Rgb, 3),
            ColorType::RGBA(8 | 16) => (Ink::Rgb, 4),
            ColorType::CMYK(8 | 16) => (Ink::Cmyk, 4),
            other => return refuse(format!("{other:?}, which is not supported")),
        };
        if palette.as_ref().is_some_and(|palette| bits > 8 || palette.len() != 3 << bits) {
            return Err(broken_header(Format::Tiff, "its palette has the wrong length"));
        }
        Ok(Pixel {
            ink,
            stored: color.num_samples(),
            bits,
            channels,
            premultiplied: channels % 2 == 0 && ink != Ink::Cmyk && extra == Some(PREMULTIPLIED),
            planar,
            luma_chroma: matches!(color, ColorType::YCbCr(_)),
            palette,
        })
    }
}

impl Source for Tiff<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(mut self: Box<Self>, fail_on: FailOn) -> Result<Picture, Error> {
        let Header { width, height, depth, .. } = self.header;
        let mut warnings = Vec::new();
        let size = (width as usize, height as usize);
        let expected = sample_count(width, height, 1)? as u64 * u64::from(self.pixel.stored);
        let layout = self.decoder.image_buffer_layout().map_err(header_error)?;
        if layout.complete_len as u64 > expected * u64::from(depth / 8) {
            return Err(broken_header(Format::Tiff, "its planes do not add up"));
        }
        let (samples, channels) = if depth == 16 {
            let mut raw = zeroed::<u16>(layout.complete_len.div_ceil(2))?;
            let result = self.decoder.read_image_bytes(bytemuck::cast_slice_mut(&mut raw));
            tolerate(result, fail_on, &mut warnings)?;
            let mut samples = interleaved(raw, size, &self.pixel)?;
            if self.pixel.premultiplied {
                divide_alpha(&mut samples, self.pixel.channels.into(), u16::MAX, |value| value as u16);
            }
            (Samples::U16(samples), self.pixel.channels)
        } else {
            let mut raw = zeroed::<u8>(layout.complete_len)?;
            tolerate(self.decoder.read_image_bytes(&mut raw), fail_on, &mut warnings)?;
            if self.pixel.bits < 8 {
                raw = unpacked(&raw, size, self.pixel.bits, self.pixel.palette.is_none())?;
            }
            let mut samples = interleaved(raw, size, &self.pixel)?;
            if self.pixel.premultiplied {
                divide_alpha(&mut samples, self.pixel.channels.into(), u8::MAX, |value| value as u8);
            }
            if self.pixel.luma_chroma {
                samples.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = to_rgb(*pixel));
            }
            match &self.pixel.palette {
                Some(palette) => (Samples::U8(coloured(&samples, palette)?), 3),
                None => (Samples::U8(samples), self.pixel.channels),
            }
        };
        Ok(Picture {
            samples,
            channels,
            ink: if self.pixel.palette.is_some() { Ink::Rgb } else { self.pixel.ink },
            tag: self.icc.map(Tag::Icc),
            exif: None,
            quality: None,
            warnings,
        })
    }
}

fn tolerate(result: Result<(), TiffError>, fail_on: FailOn, warnings: &mut Vec<String>) -> Result<(), Error> {
    match result {
        Ok(()) => Ok(()),
        Err(TiffError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Damage::truncated(Format::Tiff, e).judge(fail_on, warnings)
        }
        Err(e) => Damage::corrupt(Format::Tiff, e).judge(fail_on, warnings),
    }
}

/// Samples of 1, 2 or 4 bits to bytes, either scaled to 0..=255 or as they are. Rows start on a byte.
fn unpacked(raw: &[u8], (width, height): (usize, usize), bits: u8, scaled: bool) -> Result<Vec<u8>, Error> {
    let per_byte = usize::from(8 / bits);
    let mask = (1u8 << bits) - 1;
    let factor = if scaled { 255 / mask } else { 1 };
    let mut out = zeroed(width * height)?;
    for (row, out) in raw.chunks_exact(width.div_ceil(per_byte)).zip(out.chunks_exact_mut(width)) {
        for (x, out) in out.iter_mut().enumerate() {
            let shift = 8 - bits - (x % per_byte) as u8 * bits;
            *out = (row[x / per_byte] >> shift & mask) * factor;
        }
    }
    Ok(out)
}

/// Pixels of just the wanted channels, from planes or from longer pixels.
fn interleaved<T: bytemuck::Zeroable + Copy>(
    raw: Vec<T>,
    (width, height): (usize, usize),
    pixel: &Pixel,
) -> Result<Vec<T>, Error> {
    let (stored, channels) = (usize::from(pixel.stored), usize::from(pixel.channels));
    let pixels = width * height;
    if raw.len() < pixels * stored {
        return Err(broken_header(Format::Tiff, "it has fewer planes than samples"));
    }
    if stored == channels && !pixel.planar {
        return Ok(raw);
    }
    let (step, stride) = if pixel.planar { (pixels, 1) } else { (1, stored) };
    let mut out = zeroed(pixels * channels)?;
    for (i, out) in out.chunks_exact_mut(channels).enumerate() {
        for (channel, out) in out.iter_mut().enumerate() {
            *out = raw[channel * step + i * stride];
        }
    }
    Ok(out)
}

/// JFIF's equations, which TIFF's default coefficients are too.
pub(super) fn to_rgb(pixel: [u8; 3]) -> [u8; 3] {
    let [y, cb, cr] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|light| light.round() as u8)
}

/// Premultiplied colour to straight colour.
fn divide_alpha<T: Copy + Into<u32>>(samples: &mut [T], channels: usize, full: T, narrow: impl Fn(u32) -> T) {
    let full = full.into();
    for pixel in samples.chunks_exact_mut(channels) {
        let alpha: u32 = pixel[channels - 1].into();
        for sample in &mut pixel[..channels - 1] {
            let value: u32 = (*sample).into();
            *sample = narrow((value * full + alpha / 2).checked_div(alpha).unwrap_or(0).min(full));
        }
    }
}

fn coloured(indices: &[u8], palette: &[u16]) -> Result<Vec<u8>, Error> {
    let entries = palette.len() / 3;
    let mut out = zeroed(indices.len() * 3)?;
    for (index, out) in indices.iter().zip(out.as_chunks_mut::<3>().0) {
        // The palette of TIFF is 16-bit; writers that put 8-bit values there multiply by 256 or 257.
        *out = [0, 1, 2].map(|channel| (palette[channel * entries + usize::from(*index)] >> 8) as u8);
    }
    Ok(out)
}
