//! AVIF: rav1e codes AV1; the container is written here, for grids, profiles and orientation.
//!
//! A picture beyond [`TILE_PIXELS`] is written as a grid (ISO/IEC 23008-12, 6.6.2.3) whose tiles are the bands, so that
//! they are coded side by side, as soon as their rows are there.

mod boxes;
mod container;
mod properties;

use self::container::{Picture, write};
use super::{Band, EncodeOptions, Layout};
use crate::error::Error;
use crate::raster::picture::{LUMA, Samples, colours_of, has_alpha};
use upscaler_av1::{Colour, Settings, encode_8_bits, encode_10_bits};

/// The most pixels on a side, as in sharp.
pub(super) const MAX_SIDE: u32 = 16384;

/// Pixels of a tile: rav1e takes one thread and about 40 bytes for each.
const TILE_PIXELS: u32 = 2 << 20;

/// Rows of a band: the whole picture where it is small enough.
pub(super) fn band_rows(width: u32, height: u32) -> u32 {
    // Tiles of a grid have at least 64 pixels on a side (MIAF, 7.3.11.4.2), and an even number.
    const STEP: u32 = 64;
    if width.saturating_mul(height) <= TILE_PIXELS {
        return height;
    }
    (TILE_PIXELS / width / STEP * STEP).max(STEP).min(height)
}

/// Codes the rows of a band: its colours and, if there is one, its alpha.
pub(super) fn compress(
    layout: &Layout,
    options: &EncodeOptions,
    index: u32,
    samples: Samples,
) -> Result<Band, Error> {
    let rows = layout.rows_of(index) as usize;
    // All tiles of a grid have one size; what is beyond the picture is cut off by readers.
    let height = if layout.bands() > 1 { layout.band_rows as usize } else { rows };
    let size = (layout.width as usize, height);
    let channels = usize::from(layout.channels);
    let colour = if options.metadata.icc.is_some() { Colour::Profile } else { Colour::Srgb };
    let quantizer = quantizer(options.quality);
    let code = |planes: Planes, colour| {
        let settings = Settings { width: size.0, height: size.1, quantizer, colour };
        let coded = match planes {
            Planes::Eight(planes) => encode_8_bits(&settings, &planes),
            Planes::Ten(planes) => encode_10_bits(&settings, &planes),
        };
        coded.map_err(|e| Error::Encode(format!("The AV1 encoder failed: {e}")))
    };
    let alpha = has_alpha(layout.channels).then(|| Planes::alpha(&samples, channels, size));
    let colours = Planes::colours(&samples, channels, size);
    drop(samples);
    let colours = code(colours, Some(colour))?;
    let alpha = alpha.map(|planes| code(planes, None)).transpose()?;
    Ok(Band { index, bytes: pack(&colours, alpha.as_ref()), adler: 0, length: 0 })
}

/// The file of all bands.
pub(super) fn join(layout: &Layout, options: &EncodeOptions, bands: Vec<Band>) -> Result<Vec<u8>, Error> {
    let (mut colours, mut alphas) = (Vec::new(), Vec::new());
    for band in &bands {
        let mut parts = unpack(&band.bytes);
        colours.extend(parts.next());
        alphas.extend(parts.next());
    }
    let picture = Picture {
        size: (layout.width, layout.height),
        tile_rows: layout.band_rows.min(layout.height),
        bits: if layout.depth == 16 { 10 } else { 8 },
        grey: colours_of(layout.channels) == 1,
        colours,
        alphas,
        metadata: &options.metadata,
    };
    write(&picture)
}

/// AV1's quantizer index of a quality of 1 to 100, as ravif has it: near 80 a step is worth as much as one of JPEG.
fn quantizer(quality: u8) -> u8 {
    let quality = f32::from(quality) / 100.0;
    let coarseness = if quality >= 0.82 {
        (1.0 - quality) * 2.6
    } else if quality > 0.25 {
        0.875 - quality * 0.5
    } else {
        1.0 - quality
    };
    (coarseness * 255.0).round() as u8
}

/// Parts with their lengths before them: configuration and data of the colours, and of the alpha.
fn pack(colours: &upscaler_av1::Coded, alpha: Option<&upscaler_av1::Coded>) -> Vec<u8> {
    let mut out = Vec::new();
    for coded in [Some(colours), alpha].into_iter().flatten() {
        for part in [&coded.configuration, &coded.data] {
            out.extend((part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
    }
    out
}

fn unpack(mut rest: &[u8]) -> impl Iterator<Item = container::Coded<'_>> {
    let mut next = move || {
        let (length, after) = rest.split_first_chunk::<8>()?;
        let (part, after) = after.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        rest = after;
        Some(part)
    };
    std::iter::from_fn(move || Some(container::Coded { configuration: next()?, data: next()? }))
}

/// Planes of full range.
enum Planes {
    Eight(Vec<Vec<u8>>),
    /// 0..=1023.
    Ten(Vec<Vec<u16>>),
}

impl Planes {
    fn colours(samples: &Samples, channels: usize, size: (usize, usize)) -> Planes {
        match samples {
            Samples::U16(samples) => Planes::Ten(colours(samples, channels, size, 1023.0 / 65535.0)),
            Samples::U8(samples) => Planes::Eight(colours(samples, channels, size, 1.0)),
            Samples::F32(_) => Planes::Eight(Vec::new()),
        }
    }

    fn alpha(samples: &Samples, channels: usize, size: (usize, usize)) -> Planes {
        let last = channels - 1;
        match samples {
            Samples::U16(samples) => {
                Planes::Ten(vec![plane(samples, channels, size, |pixel| to_ten(pixel[last]))])
            }
            Samples::U8(samples) => Planes::Eight(vec![plane(samples, channels, size, |pixel| pixel[last])]),
            Samples::F32(_) => Planes::Eight(Vec::new()),
        }
    }
}

/// The nearest 10-bit value.
fn to_ten(sample: u16) -> u16 {
    ((u32::from(sample) * 1023 + 32767) / 65535) as u16
}

/// A sample of the planes that are coded.
trait CodedSample: Copy + Into<f32> {
    /// The middle of the chroma's range, at the depth that is written.
    const MIDDLE: f32;
    /// From the rounded number, at the depth that is written.
    fn written(value: f32) -> Self;
}

impl CodedSample for u8 {
    const MIDDLE: f32 = 128.0;
    fn written(value: f32) -> u8 {
        value.round() as u8
    }
}

impl CodedSample for u16 {
    const MIDDLE: f32 = 512.0;
    fn written(value: f32) -> u16 {
        value.round().clamp(0.0, 1023.0) as u16
    }
}

/// Luma and chromas by BT.601 (ITU-T H.273, matrix coefficients 6), of which grey has luma alone.
fn colours<T: CodedSample>(samples: &[T], channels: usize, size: (usize, usize), scale: f32) -> Vec<Vec<T>> {
    if channels <= 2 {
        return vec![plane(samples, channels, size, |pixel| T::written(pixel[0].into() * scale))];
    }
    let [red, green, blue] = LUMA;
    let luma = |pixel: &[T]| {
        let [r, g, b] = [0, 1, 2].map(|i| pixel[i].into() * scale);
        (red * r + green * g + blue * b, r, b)
    };
    vec![
        plane(samples, channels, size, |pixel| T::written(luma(pixel).0)),
        plane(samples, channels, size, |pixel| {
            let (y, _, b) = luma(pixel);
            T::written((b - y) / (2.0 - 2.0 * blue) + T::MIDDLE)
        }),
        plane(samples, channels, size, |pixel| {
            let (y, r, _) = luma(pixel);
            T::written((r - y) / (2.0 - 2.0 * red) + T::MIDDLE)
        }),
    ]
}

/// One sample of each pixel; rows that are missing repeat the last.
fn plane<T: Copy>(
    samples: &[T],
    channels: usize,
    (width, height): (usize, usize),
    sample: impl Fn(&[T]) -> T,
) -> Vec<T> {
    let mut out = Vec::with_capacity(width * height);
    out.extend(samples.chunks_exact(channels).map(sample));
    while out.len() < width * height {
        out.extend_from_within(out.len() - width..);
    }
    out
}
