//! Pixels to planes and back: the copies at a tile's two ends, with everything that can be done in the same breath
//! (value range, clamping, rounding, channel mapping).

use super::layers::{Source, Target};
use super::plan::Span;
use crate::engine::Signature;
use crate::raster::{Raster, Samples};

/// BT.601 luma, as the quality figures of this field are measured in.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// A kind of sample: how it becomes a fraction of white, and how it is made from one.
trait Sample: Copy {
    const WHITE: f32;
    fn to_f32(self) -> f32;
    /// From 0..=WHITE; beyond it is clamped, NaN becomes black.
    fn from_f32(value: f32) -> Self;
}

impl Sample for u8 {
    const WHITE: f32 = 255.0;
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    fn from_f32(value: f32) -> u8 {
        (value + 0.5) as u8
    }
}

impl Sample for u16 {
    const WHITE: f32 = 65535.0;
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    fn from_f32(value: f32) -> u16 {
        (value + 0.5) as u16
    }
}

impl Sample for f32 {
    const WHITE: f32 = 255.0;
    fn to_f32(self) -> f32 {
        self
    }
    fn from_f32(value: f32) -> f32 {
        value.clamp(0.0, 255.0)
    }
}

/// Copies the part of `picture` under `rows` x `columns` into planes `[sources, rows, columns]` in the network's input
/// range. Pixels beyond the picture repeat its edge.
pub fn gather(
    picture: &Raster,
    sources: &[Source],
    rows: Span,
    columns: Span,
    signature: &Signature,
) -> Vec<f32> {
    match &picture.samples {
        Samples::U8(samples) => gather_samples(samples, picture, sources, rows, columns, signature),
        Samples::U16(samples) => gather_samples(samples, picture, sources, rows, columns, signature),
        Samples::F32(samples) => gather_samples(samples, picture, sources, rows, columns, signature),
    }
}

fn gather_samples<S: Sample>(
    samples: &[S],
    picture: &Raster,
    sources: &[Source],
    rows: Span,
    columns: Span,
    signature: &Signature,
) -> Vec<f32> {
    let (low, high) = signature.input_range;
    let factor = (high - low) / S::WHITE;
    let channels = usize::from(picture.channels);
    let stride = picture.width as usize * channels;
    let (tile_width, plane) =
        (columns.source_len as usize, rows.source_len as usize * columns.source_len as usize);
    let mut planes = vec![0.0; sources.len() * plane];
    for (plane, source) in planes.chunks_exact_mut(plane.max(1)).zip(sources) {
        let Source::Channel(channel) = *source else {
            plane.fill(high);
            continue;
        };
        for (y, out) in plane.chunks_exact_mut(tile_width).enumerate() {
            let row = clamped(rows.source + y as i64, picture.height) * stride;
            gather_row(&samples[row..row + stride], channels, channel, columns.source, out, |sample: S| {
                sample.to_f32() * factor + low
            });
        }
    }
    planes
}

/// One row of one plane: the part inside the picture in one strided pass, the rest from its edge pixels.
fn gather_row<S: Sample>(
    row: &[S],
    channels: usize,
    channel: usize,
    from: i64,
    out: &mut [f32],
    convert: impl Fn(S) -> f32,
) {
    let width = (row.len() / channels) as i64;
    let before = (-from).clamp(0, out.len() as i64) as usize;
    let inside = (width - from.max(0)).clamp(0, (out.len() - before) as i64) as usize;
    let begin = (from.max(0) as usize).min(width as usize - 1) * channels;
    let (left, rest) = out.split_at_mut(before);
    let (middle, right) = rest.split_at_mut(inside);
    left.fill(convert(row[channel]));
    for (value, pixel) in middle.iter_mut().zip(row[begin..].chunks_exact(channels)) {
        *value = convert(pixel[channel]);
    }
    right.fill(convert(row[row.len() - channels + channel]));
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
    targets: &[Target],
    signature: &Signature,
    picture: &mut Raster,
    x: usize,
    y: usize,
) {
    let channels = usize::from(picture.channels);
    let stride = picture.width as usize * channels;
    let at = y * stride + x * channels;
    match &mut picture.samples {
        Samples::U8(samples) => {
            scatter_samples(kept, targets, signature, &mut samples[at..], stride, channels)
        }
        Samples::U16(samples) => {
            scatter_samples(kept, targets, signature, &mut samples[at..], stride, channels)
        }
        Samples::F32(samples) => {
            scatter_samples(kept, targets, signature, &mut samples[at..], stride, channels)
        }
    }
}

fn scatter_samples<S: Sample>(
    kept: &Kept,
    targets: &[Target],
    signature: &Signature,
    samples: &mut [S],
    stride: usize,
    channels: usize,
) {
    let (low, high) = signature.output_range;
    let factor = S::WHITE / (high - low);
    let offset = -low * factor;
    let plane = kept.height * kept.width;
    for row in 0..kept.rows {
        let source = (kept.y + row) * kept.width + kept.x;
        let values = |index: usize| &kept.planes[index * plane + source..][..kept.columns];
        let end = samples.len().min(row * stride + kept.columns * channels);
        let pixels = &mut samples[row * stride..end];
        if let [
            Target::Plane { channel: 0, .. },
            Target::Plane { channel: 1, .. },
            Target::Plane { channel: 2, .. },
        ] = targets
            && channels == 3
        {
            // The common case in one pass: a third of the memory traffic of three strided ones.
            let planes = values(0).iter().zip(values(1)).zip(values(2));
            for (pixel, ((r, g), b)) in pixels.chunks_exact_mut(3).zip(planes) {
                pixel[0] = S::from_f32(r * factor + offset);
                pixel[1] = S::from_f32(g * factor + offset);
                pixel[2] = S::from_f32(b * factor + offset);
            }
            continue;
        }
        for target in targets {
            match *target {
                Target::Plane { plane, channel } => {
                    for (pixel, value) in pixels.chunks_exact_mut(channels).zip(values(plane)) {
                        pixel[channel] = S::from_f32(value * factor + offset);
                    }
                }
                Target::Luma { channel } => {
                    let planes = values(0).iter().zip(values(1)).zip(values(2));
                    for (pixel, ((r, g), b)) in pixels.chunks_exact_mut(channels).zip(planes) {
                        let luma = LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;
                        pixel[channel] = S::from_f32(luma * factor + offset);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Load;
    use crate::graph::Footprint;

    fn signature(range: (f32, f32)) -> Signature {
        Signature {
            channels_in: 3,
            channels_out: 3,
            footprint: Footprint { scale: 1, radius: Some(0), trim: 0, divisor: 1 },
            halo: 0,
            load: Load { most_pixels: 0, widest: u32::MAX, spreads: false, bytes_per_pixel: 0 },
            fixed_size: None,
            input_range: range,
            output_range: range,
        }
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
        let planes =
            gather(&picture, &[Source::Channel(0)], span(-1, 4), span(-2, 5), &signature((0.0, 255.0)));
        let row = |a: f32, b: f32| [a, a, a, b, b];
        assert_eq!(planes, [row(10., 20.), row(10., 20.), row(30., 40.), row(30., 40.)].concat());
    }

    #[test]
    fn gather_maps_black_and_white_to_the_range() {
        let picture = Raster { width: 2, height: 1, channels: 1, samples: Samples::U16(vec![0, 65535]) };
        let sources = [Source::Channel(0), Source::Opaque];
        let planes = gather(&picture, &sources, span(0, 1), span(0, 2), &signature((-1.0, 1.0)));
        assert_eq!(planes, [-1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn what_was_gathered_is_scattered_to_the_same_place() {
        let picture = rgb(5, 4);
        let sources: Vec<_> = (0..3).map(Source::Channel).collect();
        let targets: Vec<_> = (0..3).map(|i| Target::Plane { plane: i, channel: i }).collect();
        let signature = signature((0.0, 1.0));
        let planes = gather(&picture, &sources, span(0, 4), span(0, 5), &signature);
        let mut copy = Raster { samples: Samples::U8(vec![0; 60]), ..picture.clone() };
        for (x, y, columns, rows) in [(0, 0, 3, 4), (3, 0, 2, 1), (3, 1, 2, 3)] {
            let kept = Kept { planes: &planes, height: 4, width: 5, x, y, columns, rows };
            scatter(&kept, &targets, &signature, &mut copy, x, y);
        }
        assert_eq!(copy, picture);
    }

    #[test]
    fn values_are_rounded_and_clamped() {
        let planes = [-5.0, 0.4, 0.5, 254.6, 300.0, f32::NAN];
        let kept = Kept { planes: &planes, height: 1, width: 6, x: 0, y: 0, columns: 6, rows: 1 };
        let mut picture = Raster { width: 6, height: 1, channels: 1, samples: Samples::U8(vec![9; 6]) };
        scatter(
            &kept,
            &[Target::Plane { plane: 0, channel: 0 }],
            &signature((0.0, 255.0)),
            &mut picture,
            0,
            0,
        );
        assert_eq!(picture.samples, Samples::U8(vec![0, 0, 1, 255, 255, 0]));
    }

    #[test]
    fn grey_is_the_luma() {
        let planes = [255.0, 0.0, 0.0, 0.0, 255.0, 0.0, 0.0, 0.0, 255.0];
        let kept = Kept { planes: &planes, height: 1, width: 3, x: 0, y: 0, columns: 3, rows: 1 };
        let mut picture = Raster { width: 3, height: 1, channels: 1, samples: Samples::U8(vec![0; 3]) };
        scatter(&kept, &[Target::Luma { channel: 0 }], &signature((0.0, 255.0)), &mut picture, 0, 0);
        // ITU-R BT.601: 0.299, 0.587 and 0.114 of 255, rounded.
        assert_eq!(picture.samples, Samples::U8(vec![76, 150, 29]));
    }
}
