//! How the pixels of a TIFF are stored, by the tags of its directory.

use super::codec::Compression;
use super::directory::Directory;
use super::samples::YCbCr;
use crate::error::Error;
use crate::raster::colour::ColourModel;
use crate::raster::decode::damage::broken_header;
use crate::raster::exif::Order;
use crate::raster::sniff::Format;
use crate::raster::tiff_tag as tag;

const ASSOCIATED_ALPHA: u64 = 1;
const STRAIGHT_ALPHA: u64 = 2;

/// How the pixels are stored.
pub(super) struct Layout {
    pub(super) order: Order,
    pub(super) model: ColourModel,
    pub(super) compression: Compression,
    /// Samples per pixel.
    pub(super) stored: usize,
    pub(super) bits: u8,
    /// The first so many of them are colour and, if there is one, alpha.
    pub(super) wanted: usize,
    pub(super) alpha: bool,
    pub(super) premultiplied: bool,
    pub(super) inverted: bool,
    pub(super) planar: bool,
    pub(super) predictor: bool,
    pub(super) turned_bits: bool,
    /// Size of a tile, or the width and the rows of a strip.
    pub(super) chunk: (u32, u32),
    pub(super) tiled: bool,
    pub(super) offsets: Vec<u64>,
    pub(super) lengths: Vec<u64>,
    pub(super) ycbcr: Option<YCbCr>,
    /// Whether JPEG's components are luma and chroma: its decoder makes RGB of them.
    pub(super) jpeg_chroma: bool,
    /// 3 x 2^bits values: all reds, all greens, all blues.
    pub(super) palette: Option<Vec<u8>>,
}

fn refuse<T>(what: String) -> Result<T, Error> {
    Err(Error::UnsupportedFormat(format!(
        "Expected a TIFF of unsigned whole numbers, grey, RGB, palette, CMYK or YCbCr, but received {what}, which is \
         not supported"
    )))
}

impl Layout {
    pub(super) fn read(directory: &Directory, order: Order, size: (u32, u32)) -> Result<Self, Error> {
        const LOW_BIT_FIRST: u64 = 2;
        let packing = Packing::read(directory)?;
        let Packing { compression, stored, bits, planar } = packing;
        let Photometric { model, colours, inverted, ycbcr, indexed } = Photometric::read(directory)?;
        if stored < colours {
            let detail = format!("{stored} samples per pixel for {colours} colours");
            return Err(broken_header(Format::Tiff, detail));
        }
        let extra = directory.number(tag::EXTRA_SAMPLES).filter(|_| stored > colours && !indexed);
        let alpha = matches!(extra, Some(ASSOCIATED_ALPHA | STRAIGHT_ALPHA));
        let palette = if indexed { Some(palette(directory, bits)?) } else { None };
        packing.check_supported(ycbcr.as_ref())?;
        let predictor = packing.predictor(directory)?;
        let Chunks { tiled, size, offsets, lengths } = Chunks::read(directory, size)?;
        let low_bit_first = directory.number(tag::FILL_ORDER) == Some(LOW_BIT_FIRST);
        Ok(Layout {
            order,
            model,
            compression,
            stored,
            bits,
            wanted: colours + usize::from(alpha),
            alpha,
            premultiplied: extra == Some(ASSOCIATED_ALPHA),
            inverted,
            planar,
            predictor,
            turned_bits: low_bit_first && !compression.is_picture(),
            chunk: size,
            tiled,
            offsets,
            lengths,
            jpeg_chroma: ycbcr.is_some() && compression.is_picture(),
            ycbcr: ycbcr.filter(|_| !compression.is_picture()),
            palette,
        })
    }

    /// Whether what a strip decompresses to is what its rows are in memory.
    pub(super) fn is_as_shown(&self) -> bool {
        let chunky = !self.tiled && !self.planar && self.ycbcr.is_none();
        chunky && self.bits == 8 && !self.inverted && self.stored == self.wanted
    }

    /// Samples of a pixel in one chunk.
    pub(super) fn per_chunk(&self) -> usize {
        if self.planar { 1 } else { self.stored }
    }

    /// Bytes of one row of a chunk.
    pub(super) fn stride(&self) -> usize {
        (self.chunk.0 as usize * self.per_chunk() * usize::from(self.bits)).div_ceil(8)
    }
}

/// How samples are packed into strips or tiles.
struct Packing {
    compression: Compression,
    /// Samples per pixel.
    stored: usize,
    bits: u8,
    planar: bool,
}

impl Packing {
    fn read(directory: &Directory) -> Result<Self, Error> {
        const MAX_SAMPLES: u64 = 64;
        const SEPARATE_PLANES: u64 = 2;
        let number = |tag, default| directory.number(tag).unwrap_or(default);
        let compression = Compression::new(number(tag::COMPRESSION, 1), number(tag::T4_OPTIONS, 0))?;
        let bits = bits(directory)?;
        let stored = number(tag::SAMPLES_PER_PIXEL, 1);
        if stored == 0 || stored > MAX_SAMPLES {
            return refuse(format!("one of {stored} samples per pixel"));
        }
        let planar = number(tag::PLANAR_CONFIGURATION, 1) == SEPARATE_PLANES && stored > 1;
        Ok(Packing { compression, stored: stored as usize, bits, planar })
    }

    /// Refuses what the specification allows, or nearly, and no decoder here reads.
    fn check_supported(&self, ycbcr: Option<&YCbCr>) -> Result<(), Error> {
        let Packing { compression, stored, bits, planar } = *self;
        let picture = compression.is_picture();
        let fax = matches!(compression, Compression::Fax(..));
        match ycbcr {
            Some(YCbCr { sampling, .. })
                if !picture && (bits != 8 || planar && *sampling != (1, 1) || stored != 3) =>
            {
                refuse(format!("YCbCr of {stored} samples of {bits} bits, planar or not"))
            }
            Some(_) if picture && planar => refuse("JPEG of YCbCr in planes".into()),
            _ if picture && bits != 8 || fax && (bits != 1 || stored != 1) => {
                refuse(format!("{compression:?} of {stored} samples of {bits} bits"))
            }
            _ => Ok(()),
        }
    }

    /// Whether samples are stored as differences from those to their left.
    fn predictor(&self, directory: &Directory) -> Result<bool, Error> {
        const NONE: u64 = 1;
        const HORIZONTAL_DIFFERENCES: u64 = 2;
        match directory.number(tag::PREDICTOR).unwrap_or(NONE) {
            _ if !self.compression.is_bytes() => Ok(false),
            NONE => Ok(false),
            HORIZONTAL_DIFFERENCES if matches!(self.bits, 8 | 16 | 32) => Ok(true),
            predictor => refuse(format!("predictor {predictor} with {} bits", self.bits)),
        }
    }
}

/// Where the strips or tiles are.
struct Chunks {
    tiled: bool,
    size: (u32, u32),
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

impl Chunks {
    fn read(directory: &Directory, (width, height): (u32, u32)) -> Result<Self, Error> {
        let broken = |what: &str| broken_header(Format::Tiff, what);
        let number = |tag, default| directory.number(tag).unwrap_or(default);
        let tiled = directory.has(tag::TILE_WIDTH);
        let chunk = if tiled {
            (number(tag::TILE_WIDTH, 0), number(tag::TILE_LENGTH, 0))
        } else {
            (width.into(), number(tag::ROWS_PER_STRIP, u64::from(height)).min(height.into()))
        };
        let (Ok(across), Ok(down)) = (u32::try_from(chunk.0), u32::try_from(chunk.1)) else {
            return Err(broken("a tile larger than can be read"));
        };
        if across == 0 || down == 0 {
            return Err(broken("strips or tiles of no size"));
        }
        let (offsets, lengths) = if tiled {
            (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
        } else {
            (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
        };
        let offsets = directory.numbers(offsets).ok_or_else(|| broken("no place of its strips or tiles"))?;
        // The length may be missing where there is one chunk: it then goes on to the end.
        let lengths = directory.numbers(lengths).unwrap_or_else(|| vec![u64::MAX; offsets.len()]);
        Ok(Chunks { tiled, size: (across, down), offsets, lengths })
    }
}

/// Bits per sample: the same for all, and whole numbers.
fn bits(directory: &Directory) -> Result<u8, Error> {
    let formats = directory.numbers(tag::SAMPLE_FORMAT).unwrap_or_default();
    let bits = directory.numbers(tag::BITS_PER_SAMPLE).unwrap_or_else(|| vec![1]);
    let name = match formats.first() {
        Some(2) => "signed numbers",
        Some(3) => "floats, whose range it does not say",
        Some(5 | 6) => "complex numbers",
        _ => "",
    };
    let Some(&first) = bits.first() else { return Err(broken_header(Format::Tiff, "no bits per sample")) };
    if !name.is_empty() {
        return refuse(format!("one of {first}-bit {name}"));
    }
    if bits.iter().any(|&other| other != first) {
        return refuse(format!("one whose samples have {bits:?} bits"));
    }
    match u8::try_from(first) {
        Ok(bits @ (1..=16 | 24 | 32)) => Ok(bits),
        _ => refuse(format!("one of {first} bits per sample")),
    }
}

/// What the samples stand for.
struct Photometric {
    model: ColourModel,
    colours: usize,
    inverted: bool,
    ycbcr: Option<YCbCr>,
    indexed: bool,
}

impl Photometric {
    fn read(directory: &Directory) -> Result<Self, Error> {
        const BILEVEL_FAX: std::ops::RangeInclusive<u64> = 2..=4;
        const WHITE_IS_ZERO: u64 = 0;
        const BLACK_IS_ZERO: u64 = 1;
        const RGB: u64 = 2;
        const PALETTE: u64 = 3;
        const SEPARATED: u64 = 5;
        const YCBCR: u64 = 6;
        const INKS_OF_CMYK: u64 = 1;
        let of =
            |model, colours| Photometric { model, colours, inverted: false, ycbcr: None, indexed: false };
        let fax = directory.number(tag::COMPRESSION).is_some_and(|number| BILEVEL_FAX.contains(&number));
        let default = if fax { WHITE_IS_ZERO } else { BLACK_IS_ZERO };
        Ok(match directory.number(tag::PHOTOMETRIC_INTERPRETATION).unwrap_or(default) {
            WHITE_IS_ZERO => Photometric { inverted: true, ..of(ColourModel::Grey, 1) },
            BLACK_IS_ZERO => of(ColourModel::Grey, 1),
            RGB => of(ColourModel::Rgb, 3),
            PALETTE => Photometric { indexed: true, ..of(ColourModel::Rgb, 1) },
            SEPARATED => match directory.number(tag::INK_SET) {
                None | Some(INKS_OF_CMYK) => of(ColourModel::Cmyk, 4),
                Some(_) => return refuse("inks other than CMYK".into()),
            },
            YCBCR => Photometric { ycbcr: Some(ycbcr(directory)?), ..of(ColourModel::Rgb, 3) },
            other => {
                let name = match other {
                    4 => "a transparency mask",
                    8..=10 => "CIE L*a*b* colours",
                    32803 | 34892 => "a camera's raw picture (DNG)",
                    32844 | 32845 => "LogLuv colours",
                    _ => "an unknown kind of colours",
                };
                return refuse(format!("{name} (photometric interpretation {other})"));
            }
        })
    }
}

fn ycbcr(directory: &Directory) -> Result<YCbCr, Error> {
    let weights = match directory.fractions(tag::YCBCR_COEFFICIENTS).as_deref() {
        Some(&[r, g, b]) if g > 0.0 => [r as f32, g as f32, b as f32],
        _ => [0.299, 0.587, 0.114],
    };
    let reference =
        directory.fractions(tag::REFERENCE_BLACK_WHITE).and_then(|list| <[f64; 6]>::try_from(list).ok());
    let reference = match reference {
        Some(list) if list.iter().all(|v| v.is_finite()) && list.chunks(2).all(|pair| pair[0] < pair[1]) => {
            list.map(|v| v as f32)
        }
        _ => [0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
    };
    let sampling = match directory.numbers(tag::YCBCR_SUB_SAMPLING).as_deref() {
        None => (2, 2),
        Some(&[across @ (1 | 2 | 4), down @ (1 | 2 | 4)]) => (across as usize, down as usize),
        Some(other) => return Err(broken_header(Format::Tiff, format!("chroma sampled {other:?}"))),
    };
    Ok(YCbCr { weights, reference, sampling })
}

/// The palette at 8 bits. It is 16-bit; where all its values are below 256 its writer took it for 8-bit, as libtiff
/// takes it.
fn palette(directory: &Directory, bits: u8) -> Result<Vec<u8>, Error> {
    let palette = directory.numbers(tag::COLOR_MAP).unwrap_or_default();
    if bits > 8 || palette.len() != 3 << bits {
        let detail = format!("a palette of {} values for {bits} bits", palette.len());
        return Err(broken_header(Format::Tiff, detail));
    }
    let shift = if palette.iter().all(|&value| value < 256) { 0 } else { 8 };
    Ok(palette.iter().map(|&value| (value >> shift) as u8).collect())
}
