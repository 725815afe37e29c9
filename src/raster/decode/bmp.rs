//! BMP: Windows' and OS/2's headers, 1 to 32 bits, bit fields, run lengths.
//!
//! Read here and not by a library: decoders in Rust refuse or misread files whose header leaves the place of the
//! pixels out, those of OS/2 2, and run lengths without line ends, all of which other programs read.

mod rle;

use super::damage::{Damage, broken_header};
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::picture::{Samples, sample_count, zeroed};

const FILE_HEADER: usize = 14;

pub(super) struct Bmp<'a> {
    bytes: &'a [u8],
    header: Header,
    layout: Layout,
}

struct Layout {
    bits: u16,
    kind: PixelCoding,
    top_down: bool,
    /// Where the pixels begin.
    start: usize,
    palette: Vec<[u8; 3]>,
    profile: Option<std::ops::Range<usize>>,
}

/// What the bits of a pixel are.
enum PixelCoding {
    /// Places in the palette.
    Index,
    /// Places in the palette, in run lengths.
    Runs,
    /// Red, green, blue and, if its mask is not 0, alpha.
    Masks([ChannelMask; 4]),
}

/// Some bits of a pixel.
#[derive(Clone, Copy)]
struct ChannelMask {
    bits: u32,
}

impl ChannelMask {
    /// The value, scaled to 0..=255.
    fn of(self, pixel: u32) -> u8 {
        let max = u64::from(self.bits >> self.bits.trailing_zeros().min(31));
        if max == 0 {
            return 0;
        }
        let value = u64::from((pixel & self.bits) >> self.bits.trailing_zeros());
        ((value * 255 + max / 2) / max) as u8
    }
}

/// The fields of the header behind the file's; those that a shorter header lacks are 0.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn short(&self, at: usize) -> u16 {
        self.0.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]))
    }

    fn long(&self, at: usize) -> u32 {
        u32::from(self.short(at)) | u32::from(self.short(at + 2)) << 16
    }
}

impl<'a> Bmp<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = |what: String| broken_header(Format::Bmp, what);
        let all = Fields(bytes);
        let length = all.long(FILE_HEADER) as usize;
        let end = FILE_HEADER.saturating_add(length);
        let Some(fields) = bytes.get(FILE_HEADER..end).filter(|_| length == 12 || length >= 16).map(Fields)
        else {
            return Err(broken(format!("a header of {length} bytes in a file of {}", bytes.len())));
        };
        let old = length == 12;
        let (width, height, bits) = if old {
            (i64::from(fields.short(4)), i64::from(fields.short(6)), fields.short(10))
        } else {
            let side = |at| i64::from(fields.long(at) as i32);
            (side(4), side(8), fields.short(14))
        };
        let (Ok(w), Ok(h)) = (u32::try_from(width), u32::try_from(height.abs())) else {
            return Err(broken(format!("a size of {width}x{height}")));
        };
        if w == 0 || h == 0 {
            return Err(broken(format!("a size of {width}x{height}")));
        }
        let layout = Layout::read(bytes, &fields, bits, height < 0)?;
        let alpha = matches!(&layout.kind, PixelCoding::Masks([.., alpha]) if alpha.bits != 0);
        let channels = if alpha { 4 } else { 3 };
        let header = Header {
            format: Format::Bmp,
            width: w,
            height: h,
            channels,
            depth: 8,
            orientation: 1,
            decoder_bytes: 0,
        };
        Ok(Bmp { bytes, header, layout })
    }
}

impl Layout {
    fn read(bytes: &[u8], fields: &Fields, bits: u16, top_down: bool) -> Result<Layout, Error> {
        const EMBEDDED_PROFILE: u32 = 0x4d42_4544;
        let length = fields.0.len();
        let compression = if length == 12 { 0 } else { fields.long(16) };
        let kind = PixelCoding::read(bytes, fields, bits, compression)?;
        let after_masks = match (compression, length) {
            (3, 40) if matches!(kind, PixelCoding::Masks(_)) => 12,
            (6, 40) => 16,
            _ => 0,
        };
        let begin = FILE_HEADER + length + after_masks;
        let entry = if length == 12 { 3 } else { 4 };
        let announced = if length == 12 { 0 } else { fields.long(32) as usize };
        let indexed = matches!(kind, PixelCoding::Index | PixelCoding::Runs);
        let entries = match (indexed, announced) {
            (true, 0) => 1 << bits,
            _ => announced,
        };
        let given = Fields(bytes).long(10) as usize;
        let behind = begin.saturating_add(entries.saturating_mul(entry));
        // Without a place, or with one inside the header, the pixels follow the palette.
        let start = if given >= FILE_HEADER + length { given } else { behind };
        let table = bytes.get(begin..behind.min(start).min(bytes.len())).unwrap_or(&[]);
        let palette =
            table.chunks_exact(entry).take(256).map(|colour| [colour[2], colour[1], colour[0]]).collect();
        let profile = (length >= 124 && fields.long(56) == EMBEDDED_PROFILE).then(|| {
            let from = FILE_HEADER.saturating_add(fields.long(112) as usize);
            from..from.saturating_add(fields.long(116) as usize)
        });
        Ok(Layout { bits, kind, top_down, start, palette, profile })
    }
}

impl PixelCoding {
    /// # Errors
    /// [`Error::UnsupportedFormat`], naming it.
    fn read(bytes: &[u8], fields: &Fields, bits: u16, compression: u32) -> Result<PixelCoding, Error> {
        const OS2: usize = 64;
        let length = fields.0.len();
        let refuse = |what: String| {
            Err(Error::UnsupportedFormat(format!(
                "Expected a BMP of pixels or run lengths but received one of {what}, which is not supported"
            )))
        };
        Ok(match (compression, bits) {
            (0, 1 | 2 | 4 | 8) => PixelCoding::Index,
            (1, 8) | (2, 4) => PixelCoding::Runs,
            (0, 16) => masks([0x7c00, 0x3e0, 0x1f, 0]),
            (0, 24 | 32) => masks([0xff_0000, 0xff00, 0xff, 0]),
            (3 | 6, 16 | 32) if length != OS2 => {
                // They follow a header that has no fields for them.
                let all = Fields(bytes);
                let at = |place| all.long(FILE_HEADER + place);
                let alpha = if length >= 56 || compression == 6 { at(52) } else { 0 };
                masks([at(40), at(44), at(48), alpha])
            }
            (3, 1) => return refuse("Huffman codes (OS/2)".into()),
            (4, 24) if length == OS2 => return refuse("run lengths of 24 bits (OS/2)".into()),
            (4, _) => return refuse("a JPEG inside".into()),
            (5, _) => return refuse("a PNG inside".into()),
            (11..=13, _) => return refuse("CMYK".into()),
            (compression, bits) => return refuse(format!("{bits} bits with compression {compression}")),
        })
    }
}

fn masks(bits: [u32; 4]) -> PixelCoding {
    PixelCoding::Masks(bits.map(|bits| ChannelMask { bits }))
}

impl FormatDecoder for Bmp<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let Header { width, height, channels, .. } = self.header;
        let mut warnings = Vec::new();
        let pixels = self.bytes.get(self.layout.start..).unwrap_or(&[]);
        let stride = (u64::from(width) * u64::from(self.layout.bits)).div_ceil(32) * 4;
        let runs: Vec<u8>;
        let (rows, stride, bits) = if let PixelCoding::Runs = self.layout.kind {
            let mut indices = zeroed(sample_count(width, height, 1)?)?;
            if let Some(detail) = rle::expand(pixels, self.layout.bits == 4, width as usize, &mut indices) {
                Damage::truncated(Format::Bmp, detail).tolerate(fail_on, &mut warnings)?;
            }
            runs = indices;
            (&runs[..], u64::from(width), 8)
        } else {
            // The padding of the last row may be left out.
            let needed = stride
                .saturating_mul(u64::from(height - 1))
                .saturating_add((u64::from(width) * u64::from(self.layout.bits)).div_ceil(8));
            if (pixels.len() as u64) < needed {
                let detail = format!("{} of {needed} bytes of pixels", pixels.len());
                Damage::truncated(Format::Bmp, detail).tolerate(fail_on, &mut warnings)?;
            }
            (pixels, stride, self.layout.bits)
        };
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        let row_samples = width as usize * usize::from(channels);
        for (y, row) in rows.chunks(stride as usize).take(height as usize).enumerate() {
            let y = if self.layout.top_down { y } else { height as usize - 1 - y };
            self.layout.row(row, bits, &mut samples[y * row_samples..][..row_samples], usize::from(channels));
        }
        if channels == 4 && samples.iter().skip(3).step_by(4).all(|&alpha| alpha == 0) {
            // Writers that fill the fourth byte with zeros mean none; browsers show such pictures.
            samples.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = u8::MAX);
        }
        let profile = self.layout.profile.and_then(|range| self.bytes.get(range));
        Ok(Pixels {
            samples: Samples::U8(samples),
            channels,
            model: ColourModel::Rgb,
            alpha: None,
            encoding: profile.map(|icc| ColourEncoding::Icc(icc.to_vec())),
            metadata: Metadata::default(),
            quality: None,
            warnings,
        })
    }
}

impl Layout {
    /// One row, of which the end may be missing.
    fn row(&self, row: &[u8], bits: u16, out: &mut [u8], channels: usize) {
        let pixels = out.chunks_exact_mut(channels);
        match &self.kind {
            PixelCoding::Masks(masks) => {
                let plain = masks.map(|mask| mask.bits) == [0xff_0000, 0xff00, 0xff, 0];
                for (pixel, stored) in pixels.zip(row.chunks_exact(usize::from(bits / 8))) {
                    if plain {
                        pixel.copy_from_slice(&[stored[2], stored[1], stored[0]]);
                        continue;
                    }
                    let number = stored.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte));
                    for (sample, mask) in pixel.iter_mut().zip(masks) {
                        *sample = mask.of(number);
                    }
                }
            }
            PixelCoding::Index | PixelCoding::Runs => {
                let per_byte = usize::from(8 / bits);
                let mask = u8::MAX >> (8 - bits);
                for (x, pixel) in pixels.enumerate() {
                    let Some(byte) = row.get(x / per_byte) else { return };
                    let shift = 8 - bits - (x % per_byte) as u16 * bits;
                    let index = byte >> shift & mask;
                    pixel.copy_from_slice(self.palette.get(usize::from(index)).unwrap_or(&[0; 3]));
                }
            }
        }
    }
}
