//! From the bytes of a strip or tile to samples.

use super::layout::Layout;
use crate::raster::exif::Order;

/// Horizontal differences to values, row by row (TIFF 6.0, section 14), in the file's byte order.
pub(super) fn undo_predictor(bytes: &mut [u8], stride: usize, step: usize, bits: u8, order: Order) {
    for row in bytes.chunks_exact_mut(stride) {
        match (bits, step) {
            (8, 1) => sum_bytes::<1>(row),
            (8, 2) => sum_bytes::<2>(row),
            (8, 3) => sum_bytes::<3>(row),
            (8, 4) => sum_bytes::<4>(row),
            _ => sum_numbers(row, step, usize::from(bits / 8), order),
        }
    }
}

/// Sums of bytes. Where their number per pixel is known the last pixel stays in registers, which is four times as fast.
fn sum_bytes<const STEP: usize>(row: &mut [u8]) {
    let mut sums = [0u8; STEP];
    for pixel in row.as_chunks_mut::<STEP>().0 {
        for (sum, sample) in sums.iter_mut().zip(pixel) {
            *sum = sum.wrapping_add(*sample);
            *sample = *sum;
        }
    }
}

/// Sums of numbers of `width` bytes.
fn sum_numbers(row: &mut [u8], step: usize, width: usize, order: Order) {
    for i in step..row.len() / width {
        let (before, here) = row.split_at_mut(i * width);
        let before = order.number(&before[(i - step) * width..][..width]);
        let sum = order.number(&here[..width]).wrapping_add(before);
        match order {
            Order::Little => here[..width].copy_from_slice(&sum.to_le_bytes()[..width]),
            Order::Big => here[..width].copy_from_slice(&sum.to_be_bytes()[8 - width..]),
        }
    }
}

/// Samples that pixels are made of in memory.
pub(super) trait TiffSample: bytemuck::Pod + Send {
    const MAX: u32;
    /// The sample that is nearest to `value` of `max`.
    fn scaled(value: u64, max: u64) -> Self;
    fn level(self) -> u32;
    fn of(level: u32) -> Self;
}

macro_rules! sample {
    ($type:ty) => {
        impl TiffSample for $type {
            const MAX: u32 = <$type>::MAX as u32;
            fn scaled(value: u64, max: u64) -> Self {
                let full = u64::from(<$type>::MAX);
                if max == full { value as $type } else { ((value * full + max / 2) / max) as $type }
            }
            fn level(self) -> u32 {
                self.into()
            }
            fn of(level: u32) -> Self {
                level as $type
            }
        }
    };
}
sample!(u8);
sample!(u16);

/// Where a row of a chunk goes.
pub(super) struct Target<'a, T> {
    /// From its first pixel in the picture to the end of the row of the picture.
    pub(super) out: &'a mut [T],
    pub(super) channels: usize,
    /// The channel of the chunk's first sample.
    pub(super) first: usize,
    /// How many channels the chunk gives.
    pub(super) count: usize,
}

/// Unpacks one row: `count` samples of each pixel, of `stored`, into `target`; 1 to 32 bits each. Palette indices stay
/// as they are.
pub(super) fn unpack<T: TiffSample>(row: &[u8], stored: usize, layout: &Layout, target: &mut Target<T>) {
    let bits = usize::from(layout.bits);
    let as_stored =
        bits == 8 && !layout.inverted && (stored, target.count) == (target.channels, target.channels);
    if as_stored && size_of::<T>() == 1 {
        let length = target.out.len();
        bytemuck::cast_slice_mut(target.out).copy_from_slice(&row[..length]);
        return;
    }
    let max = (1u64 << bits) - 1;
    let index = layout.palette.is_some();
    let pixels = target.out.chunks_exact_mut(target.channels);
    for (x, pixel) in pixels.enumerate() {
        for k in 0..target.count {
            let at = x * stored + k;
            let value = match bits {
                8 => row[at].into(),
                16 | 24 | 32 => layout.order.number(&row[at * bits / 8..][..bits / 8]),
                _ => from_bits(row, at * bits, bits),
            };
            let value = if layout.inverted { max - value } else { value };
            pixel[target.first + k] = if index { T::of(value as u32) } else { T::scaled(value, max) };
        }
    }
}

/// A number of at max 31 bits that starts at some bit, the highest first.
fn from_bits(row: &[u8], start: usize, bits: usize) -> u64 {
    let (first, last) = (start / 8, (start + bits - 1) / 8);
    let joined = row[first..=last].iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    joined >> ((last + 1) * 8 - start - bits) & ((1 << bits) - 1)
}

/// How luma and chroma of a TIFF become light (TIFF 6.0, section 21).
pub(super) struct YCbCr {
    /// Share of red, green and blue in luma.
    pub(super) weights: [f32; 3],
    /// Black and white of each component.
    pub(super) reference: [f32; 6],
    /// Pixels that share their chroma, across and down.
    pub(super) sampling: (usize, usize),
}

impl YCbCr {
    pub(super) fn to_rgb(&self, stored: [u8; 3]) -> [u8; 3] {
        let [y, cb, cr] = stored.map(f32::from);
        let [r, g, b] = self.weights;
        let reference = &self.reference;
        let y = (y - reference[0]) * 255.0 / (reference[1] - reference[0]);
        let chroma = |value: f32, black: f32, white: f32| (value - black) * 127.0 / (white - black);
        let cb = chroma(cb, reference[2], reference[3]);
        let cr = chroma(cr, reference[4], reference[5]);
        let red = cr * (2.0 - 2.0 * r) + y;
        let blue = cb * (2.0 - 2.0 * b) + y;
        let green = (y - b * blue - r * red) / g;
        [red, green, blue].map(|light| light.round() as u8)
    }

    /// Bytes of the rows of a chunk of that size: blocks of luma with one pair of chroma.
    pub(super) fn bytes(&self, width: usize, rows: usize) -> usize {
        let (across, down) = self.sampling;
        width.div_ceil(across).saturating_mul(rows.div_ceil(down)).saturating_mul(across * down + 2)
    }

    /// Blocks of luma with one pair of chroma each to pixels of three samples.
    pub(super) fn upsample(&self, blocks: &[u8], width: usize, out: &mut [u8]) {
        let (across, down) = self.sampling;
        let unit = across * down + 2;
        let rows = out.len() / (width * 3);
        for (number, block) in blocks.chunks_exact(unit).enumerate() {
            let per_row = width.div_ceil(across);
            let (left, top) = (number % per_row * across, number / per_row * down);
            let (cb, cr) = (block[unit - 2], block[unit - 1]);
            for (i, &y) in block[..unit - 2].iter().enumerate() {
                let (x, row) = (left + i % across, top + i / across);
                if x < width && row < rows {
                    out[(row * width + x) * 3..][..3].copy_from_slice(&[y, cb, cr]);
                }
            }
        }
    }
}

/// Premultiplied colour to straight colour; alpha is the last of `channels`.
pub(super) fn divide_alpha<T: TiffSample>(samples: &mut [T], channels: usize) {
    let full = T::MAX;
    for pixel in samples.chunks_exact_mut(channels) {
        let alpha = pixel[channels - 1].level();
        for sample in &mut pixel[..channels - 1] {
            let value = u64::from(sample.level()) * u64::from(full) + u64::from(alpha / 2);
            let straight = value.checked_div(alpha.into()).unwrap_or(0);
            *sample = T::of(straight.min(full.into()) as u32);
        }
    }
}
