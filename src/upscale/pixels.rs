//! Pixels to planes and back: the copies before and after the network, with value range, clamping, rounding and channel
//! mapping in the same loop.

use super::channel_runs::{InputChannel, OutputChannel};
use super::plan::Span;
use crate::engine::Signature;
use crate::error::Error;
use crate::memory;
use crate::raster::{LUMA, Raster, Samples};

/// A kind of sample: how it becomes a fraction of white, and how it is made from one.
trait PixelSample: Copy {
    const BLACK: Self;
    const WHITE: f32;
    fn to_f32(self) -> f32;
    /// From 0..=WHITE; beyond it is clamped, NaN becomes black.
    fn from_f32(value: f32) -> Self;
}

impl PixelSample for u8 {
    const BLACK: u8 = 0;
    const WHITE: f32 = 255.0;
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    fn from_f32(value: f32) -> u8 {
        rounded::<Self>(value) as u8
    }
}

impl PixelSample for u16 {
    const BLACK: u16 = 0;
    const WHITE: f32 = 65535.0;
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    fn from_f32(value: f32) -> u16 {
        rounded::<Self>(value) as u16
    }
}

impl PixelSample for f32 {
    const BLACK: f32 = 0.0;
    const WHITE: f32 = 255.0;
    fn to_f32(self) -> f32 {
        self
    }
    fn from_f32(value: f32) -> f32 {
        value.clamp(0.0, 255.0)
    }
}

/// The nearest integer, halves up, of a value that is clamped to 0..=WHITE; NaN is black. A cast with `as` clamps by
/// itself, but the compiler makes no vector code of it: stitching takes twice as long.
fn rounded<S: PixelSample>(value: f32) -> i32 {
    const { assert!(S::WHITE >= 0.0 && S::WHITE <= 65535.0, "white is a number that i32 holds") };
    // SAFETY: `max` gives the other operand for NaN, so this is a number from 0.5 to `S::WHITE` + 0.5, which the
    // assertion above keeps within 65535.5.
    unsafe { (value.max(0.0).min(S::WHITE) + 0.5).to_int_unchecked() }
}

/// From samples to the network's values.
#[derive(Clone, Copy)]
struct Affine {
    factor: f32,
    offset: f32,
}

impl Affine {
    fn of(self, value: f32) -> f32 {
        value * self.factor + self.offset
    }
}

/// Copies the part of `picture` under `rows` x `columns` into `planes`, which becomes `[sources, rows, columns]` in the
/// network's input range. Pixels beyond the picture repeat its edge.
pub fn gather(
    picture: &Raster,
    sources: &[InputChannel],
    rows: Span,
    columns: Span,
    signature: &Signature,
    planes: &mut Vec<f32>,
) {
    let part = TileSource { picture, sources, rows, columns, range: signature.input_range };
    // What is left of another tile is written over.
    planes.resize(sources.len() * part.plane(), 0.0);
    match &picture.samples {
        Samples::U8(samples) => part.gather(samples, planes),
        Samples::U16(samples) => part.gather(samples, planes),
        Samples::F32(samples) => part.gather(samples, planes),
    }
}

/// The part of a picture that a tile reads.
struct TileSource<'a> {
    picture: &'a Raster,
    sources: &'a [InputChannel],
    rows: Span,
    columns: Span,
    range: (f32, f32),
}

impl TileSource<'_> {
    fn plane(&self) -> usize {
        self.rows.source_len as usize * self.columns.source_len as usize
    }

    fn gather<S: PixelSample>(&self, samples: &[S], planes: &mut [f32]) {
        // The number of channels is known when each is compiled: an odd stride keeps the compiler from vector code.
        match self.picture.channels {
            1 => self.gather_pixels(samples.as_chunks::<1>().0, planes),
            2 => self.gather_pixels(samples.as_chunks::<2>().0, planes),
            3 => self.gather_pixels(samples.as_chunks::<3>().0, planes),
            _ => self.gather_pixels(samples.as_chunks::<4>().0, planes),
        }
    }

    fn gather_pixels<S: PixelSample, const N: usize>(&self, pixels: &[[S; N]], planes: &mut [f32]) {
        let (low, high) = self.range;
        let affine = Affine { factor: (high - low) / S::WHITE, offset: low };
        let width = self.picture.width as usize;
        for (plane, source) in planes.chunks_exact_mut(self.plane().max(1)).zip(self.sources) {
            let InputChannel::Channel(channel) = *source else {
                plane.fill(high);
                continue;
            };
            for (y, out) in plane.chunks_exact_mut(self.columns.source_len as usize).enumerate() {
                let row = clamped(self.rows.source + y as i64, self.picture.height) * width;
                let convert = |pixel: &[S; N]| affine.of(pixel[channel.min(N - 1)].to_f32());
                gather_row(&pixels[row..row + width], self.columns.source, out, convert);
            }
        }
    }
}

/// One row of one plane: the part inside the picture in one pass, the rest from its edge pixels.
fn gather_row<P>(row: &[P], from: i64, out: &mut [f32], convert: impl Fn(&P) -> f32) {
    let before = (-from).clamp(0, out.len() as i64) as usize;
    let begin = (from.max(0) as usize).min(row.len() - 1);
    let inside = (row.len() as i64 - from.max(0)).clamp(0, (out.len() - before) as i64) as usize;
    let (left, rest) = out.split_at_mut(before);
    let (middle, right) = rest.split_at_mut(inside);
    left.fill(convert(&row[0]));
    middle.iter_mut().zip(&row[begin..]).for_each(|(value, pixel)| *value = convert(pixel));
    right.fill(convert(&row[row.len() - 1]));
}

fn clamped(at: i64, size: u32) -> usize {
    at.clamp(0, i64::from(size) - 1) as usize
}

/// A part of the network's output that is kept: its planes, and the rectangle in them.
pub struct Kept<'a> {
    /// `[planes, height, width]`.
    pub planes: &'a [f32],
    pub height: usize,
    pub width: usize,
    /// The first kept column and row.
    pub x: usize,
    pub y: usize,
    /// The kept size.
    pub columns: usize,
    pub rows: usize,
}

/// Writes the kept rectangle into `picture` with its left upper corner at column `x` and row `y`.
pub fn scatter(
    kept: &Kept,
    targets: &[OutputChannel],
    signature: &Signature,
    picture: &mut Raster,
    x: usize,
    y: usize,
) {
    let (channels, width) = (picture.channels, picture.width as usize);
    let at = PixelOffset { channels, width, first: y * width + x };
    match &mut picture.samples {
        Samples::U8(samples) => kept.scatter(targets, signature, samples, at),
        Samples::U16(samples) => kept.scatter(targets, signature, samples, at),
        Samples::F32(samples) => kept.scatter(targets, signature, samples, at),
    }
}

/// Where in a picture: its channels and width, and the first pixel.
struct PixelOffset {
    channels: u8,
    width: usize,
    first: usize,
}

/// Pixels that are converted plane by plane, then interleaved: few enough that they stay in the first-level cache, and
/// many enough for vector code.
const BLOCK: usize = 64;

impl Kept<'_> {
    /// The values alone, `[planes, rows, columns]`.
    ///
    /// # Errors
    /// [`Error::Limit`] where there is no memory for them.
    pub fn copied(&self) -> Result<Vec<f32>, Error> {
        let first = |row: usize| (self.y + row) * self.width + self.x;
        let planes = self.planes.chunks_exact((self.height * self.width).max(1));
        let mut values = memory::vector(planes.len() * self.rows * self.columns)?;
        for plane in planes {
            (0..self.rows).for_each(|row| values.extend_from_slice(&plane[first(row)..][..self.columns]));
        }
        Ok(values)
    }

    /// The row and column within the kept rectangle of the first value that is NaN or infinite, plane by plane.
    pub fn first_non_finite(&self) -> Option<(usize, usize)> {
        let rows = |plane: usize| (0..self.rows).map(move |row| (plane, row));
        (0..self.planes.len() / (self.height * self.width).max(1)).flat_map(rows).find_map(|(plane, row)| {
            let first = (plane * self.height + self.y + row) * self.width + self.x;
            let values = &self.planes[first..first + self.columns];
            // Zero times a number is zero, times anything else it is NaN: vector code, where a search is none.
            let finite = values.iter().map(|value| value * 0.0).sum::<f32>() == 0.0;
            let search = || values.iter().position(|value| !value.is_finite()).map(|column| (row, column));
            if finite { None } else { search() }
        })
    }

    fn scatter<S: PixelSample>(
        &self,
        targets: &[OutputChannel],
        signature: &Signature,
        samples: &mut [S],
        at: PixelOffset,
    ) {
        let (low, high) = signature.output_range;
        let factor = S::WHITE / (high - low);
        let affine = Affine { factor, offset: -low * factor };
        match at.channels {
            1 => self.scatter_pixels(targets, affine, samples.as_chunks_mut::<1>().0, at),
            2 => self.scatter_pixels(targets, affine, samples.as_chunks_mut::<2>().0, at),
            3 => self.scatter_pixels(targets, affine, samples.as_chunks_mut::<3>().0, at),
            _ => self.scatter_pixels(targets, affine, samples.as_chunks_mut::<4>().0, at),
        }
    }

    fn scatter_pixels<S: PixelSample, const N: usize>(
        &self,
        targets: &[OutputChannel],
        affine: Affine,
        pixels: &mut [[S; N]],
        at: PixelOffset,
    ) {
        for (row, pixels) in pixels[at.first..].chunks_mut(at.width).take(self.rows).enumerate() {
            for (n, pixels) in pixels[..self.columns].chunks_mut(BLOCK).enumerate() {
                for target in targets {
                    self.scatter_block(*target, affine, pixels, row, n * BLOCK);
                }
            }
        }
    }

    /// One target of up to [`BLOCK`] pixels in a row, from column `x` of the kept rectangle on.
    fn scatter_block<S: PixelSample, const N: usize>(
        &self,
        target: OutputChannel,
        affine: Affine,
        pixels: &mut [[S; N]],
        row: usize,
        x: usize,
    ) {
        let first = (self.y + row) * self.width + self.x + x;
        let plane = |plane: usize| &self.planes[plane * self.height * self.width + first..][..pixels.len()];
        let mut block = [S::BLACK; BLOCK];
        let channel = match target {
            OutputChannel::Plane { plane: index, channel } => {
                for (sample, value) in block.iter_mut().zip(plane(index)) {
                    *sample = S::from_f32(affine.of(*value));
                }
                channel
            }
            OutputChannel::Luma { channel } => {
                let values = plane(0).iter().zip(plane(1)).zip(plane(2));
                for (sample, ((r, g), b)) in block.iter_mut().zip(values) {
                    let luma = LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;
                    *sample = S::from_f32(affine.of(luma));
                }
                channel
            }
        };
        let channel = channel.min(N - 1);
        for (pixel, sample) in pixels.iter_mut().zip(&block) {
            pixel[channel] = *sample;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(range: (f32, f32)) -> Signature {
        Signature { input_range: range, output_range: range, ..Signature::of_convolutions(1, 0) }
    }

    fn gathered(
        picture: &Raster,
        sources: &[InputChannel],
        rows: Span,
        columns: Span,
        signature: &Signature,
    ) -> Vec<f32> {
        // Of another tile, and longer.
        let mut planes = vec![7.0; 1000];
        gather(picture, sources, rows, columns, signature, &mut planes);
        planes
    }

    fn span(source: i64, source_len: u32) -> Span {
        Span { source, source_len, core: 0, core_len: 0 }
    }

    fn rgb(width: u32, height: u32) -> Raster {
        let samples = (0..width * height * 3).map(|i| (i * 7 % 256) as u8).collect();
        Raster { width, height, channels: 3, samples: Samples::U8(samples) }
    }

    #[test]
    fn gather_repeats_the_edges() {
        let picture = Raster { width: 2, height: 2, channels: 1, samples: Samples::U8(vec![10, 20, 30, 40]) };
        let planes = gathered(
            &picture,
            &[InputChannel::Channel(0)],
            span(-1, 4),
            span(-2, 5),
            &signature((0.0, 255.0)),
        );
        let row = |a: f32, b: f32| [a, a, a, b, b];
        assert_eq!(planes, [row(10., 20.), row(10., 20.), row(30., 40.), row(30., 40.)].concat());
    }

    #[test]
    fn gather_maps_black_and_white_to_the_range() {
        let picture = Raster { width: 2, height: 1, channels: 1, samples: Samples::U16(vec![0, 65535]) };
        let sources = [InputChannel::Channel(0), InputChannel::Opaque];
        let planes = gathered(&picture, &sources, span(0, 1), span(0, 2), &signature((-1.0, 1.0)));
        assert_eq!(planes, [-1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn what_was_gathered_is_scattered_to_the_same_place() {
        let picture = rgb(200, 4);
        let sources: Vec<_> = (0..3).map(InputChannel::Channel).collect();
        let targets: Vec<_> = (0..3).map(|i| OutputChannel::Plane { plane: i, channel: i }).collect();
        let signature = signature((0.0, 1.0));
        let planes = gathered(&picture, &sources, span(0, 4), span(0, 200), &signature);
        let mut copy = Raster { samples: Samples::U8(vec![0; 2400]), ..picture.clone() };
        for (x, y, columns, rows) in [(0, 0, 3, 4), (3, 0, 197, 1), (3, 1, 64, 3), (67, 1, 133, 3)] {
            let kept = Kept { planes: &planes, height: 4, width: 200, x, y, columns, rows };
            scatter(&kept, &targets, &signature, &mut copy, x, y);
        }
        assert_eq!(copy, picture);
    }

    #[test]
    fn values_are_rounded_and_clamped() {
        let planes = [-5.0, 0.4, 0.5, 254.6, 300.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let kept = Kept { planes: &planes, height: 1, width: 8, x: 0, y: 0, columns: 8, rows: 1 };
        let mut picture = Raster { width: 8, height: 1, channels: 1, samples: Samples::U8(vec![9; 8]) };
        scatter(
            &kept,
            &[OutputChannel::Plane { plane: 0, channel: 0 }],
            &signature((0.0, 255.0)),
            &mut picture,
            0,
            0,
        );
        assert_eq!(picture.samples, Samples::U8(vec![0, 0, 1, 255, 255, 0, 255, 0]));
    }

    #[test]
    fn grey_is_the_luma() {
        let planes = [255.0, 0.0, 0.0, 0.0, 255.0, 0.0, 0.0, 0.0, 255.0];
        let kept = Kept { planes: &planes, height: 1, width: 3, x: 0, y: 0, columns: 3, rows: 1 };
        let mut picture = Raster { width: 3, height: 1, channels: 1, samples: Samples::U8(vec![0; 3]) };
        scatter(&kept, &[OutputChannel::Luma { channel: 0 }], &signature((0.0, 255.0)), &mut picture, 0, 0);
        // ITU-R BT.601: 0.299, 0.587 and 0.114 of 255, rounded.
        assert_eq!(picture.samples, Samples::U8(vec![76, 150, 29]));
    }
}
