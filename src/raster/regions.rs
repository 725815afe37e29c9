//! Making pictures, and moving rectangles and samples between them.

use super::picture::{Raster, Samples, sample_count, zeroed};
use crate::error::Error;

/// The kind of samples that a picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 0..=255.
    Eight,
    /// 0..=65535.
    Sixteen,
    /// Floats, nominally 0..=255.
    Float,
}

impl Raster {
    /// A black picture, and where it has alpha a transparent one. Its memory is taken when it is written.
    ///
    /// # Errors
    /// [`Error::Limit`] if its memory cannot be had.
    pub fn blank(width: u32, height: u32, channels: u8, depth: Depth) -> Result<Raster, Error> {
        let count = sample_count(width, height, channels)?;
        let samples = match depth {
            Depth::Eight => zeroed(count).map(Samples::U8),
            Depth::Sixteen => zeroed(count).map(Samples::U16),
            Depth::Float => zeroed(count).map(Samples::F32),
        }?;
        Ok(Raster { width, height, channels, samples })
    }

    /// No pixels at all.
    pub fn empty() -> Raster {
        Raster { width: 0, height: 0, channels: 1, samples: Samples::U8(Vec::new()) }
    }

    /// The kind of its samples.
    pub fn depth(&self) -> Depth {
        match self.samples {
            Samples::U8(_) => Depth::Eight,
            Samples::U16(_) => Depth::Sixteen,
            Samples::F32(_) => Depth::Float,
        }
    }

    /// The picture with samples of this kind, scaled to it and rounded.
    pub fn into_depth(self, depth: Depth) -> Raster {
        let samples = match (self.samples, depth) {
            (samples @ Samples::U8(_), Depth::Eight)
            | (samples @ Samples::U16(_), Depth::Sixteen)
            | (samples @ Samples::F32(_), Depth::Float) => samples,
            (samples, Depth::Eight) => Samples::U8(samples.into_u8()),
            (samples, Depth::Sixteen) => Samples::U16(samples.into_u16()),
            (Samples::U8(samples), Depth::Float) => {
                Samples::F32(samples.into_iter().map(f32::from).collect())
            }
            (Samples::U16(samples), Depth::Float) => {
                Samples::F32(samples.into_iter().map(|sample| f32::from(sample) / 257.0).collect())
            }
        };
        Raster { samples, ..self }
    }

    /// A copy of the rectangle of `width` x `height` pixels at (`x`, `y`), which must lie within the picture.
    pub fn crop(&self, x: u32, y: u32, width: u32, height: u32) -> Raster {
        let (from, size) = ((x, y), (width, height));
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(self.rectangle(samples, from, size)),
            Samples::U16(samples) => Samples::U16(self.rectangle(samples, from, size)),
            Samples::F32(samples) => Samples::F32(self.rectangle(samples, from, size)),
        };
        Raster { width, height, channels: self.channels, samples }
    }

    fn rectangle<S: Copy>(&self, samples: &[S], (x, y): (u32, u32), (width, height): (u32, u32)) -> Vec<S> {
        let channels = usize::from(self.channels);
        let (first, row) = (x as usize * channels, width as usize * channels);
        let mut out = Vec::with_capacity(row * height as usize);
        for y in y..y + height {
            out.extend_from_slice(&samples[y as usize * self.stride() + first..][..row]);
        }
        out
    }

    /// Copies `part`, which must have the same channels and depth and fit in, to (`x`, `y`).
    pub fn paste(&mut self, part: &Raster, x: u32, y: u32) {
        let stride = self.stride();
        let at = y as usize * stride + x as usize * usize::from(self.channels);
        match (&mut self.samples, &part.samples) {
            (Samples::U8(to), Samples::U8(from)) => paste(&mut to[at..], from, stride, part.stride()),
            (Samples::U16(to), Samples::U16(from)) => paste(&mut to[at..], from, stride, part.stride()),
            (Samples::F32(to), Samples::F32(from)) => paste(&mut to[at..], from, stride, part.stride()),
            _ => unreachable!("the caller gives pictures of one depth"),
        }
    }

    /// The picture with `alpha`, one channel of the same size and depth, as its last channel.
    ///
    /// # Errors
    /// [`Error::Limit`] if its memory cannot be had.
    pub fn with_channel(&self, alpha: &Raster) -> Result<Raster, Error> {
        let channels = self.channels;
        let mut out = Raster::blank(self.width, self.height, channels + 1, self.depth())?;
        match (&mut out.samples, &self.samples, &alpha.samples) {
            (Samples::U8(out), Samples::U8(colour), Samples::U8(alpha)) => {
                interleave(out, colour, alpha, channels)
            }
            (Samples::U16(out), Samples::U16(colour), Samples::U16(alpha)) => {
                interleave(out, colour, alpha, channels)
            }
            (Samples::F32(out), Samples::F32(colour), Samples::F32(alpha)) => {
                interleave(out, colour, alpha, channels)
            }
            _ => unreachable!("the caller gives pictures of one depth"),
        }
        Ok(out)
    }

    /// Its first `count` channels, of at least as many.
    pub fn first_channels(self, count: u8) -> Raster {
        if count == self.channels {
            return self;
        }
        let (channels, kept) = (usize::from(self.channels), usize::from(count));
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(first_of_each(samples, channels, kept)),
            Samples::U16(samples) => Samples::U16(first_of_each(samples, channels, kept)),
            Samples::F32(samples) => Samples::F32(first_of_each(samples, channels, kept)),
        };
        Raster { channels: count, samples, ..self }
    }

    /// Its last channel, as a grey picture.
    pub fn last_channel(&self) -> Raster {
        let channels = usize::from(self.channels);
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(last_of_each(samples, channels)),
            Samples::U16(samples) => Samples::U16(last_of_each(samples, channels)),
            Samples::F32(samples) => Samples::F32(last_of_each(samples, channels)),
        };
        Raster { width: self.width, height: self.height, channels: 1, samples }
    }
}

fn paste<S: Copy>(to: &mut [S], from: &[S], stride: usize, row: usize) {
    for (to, from) in to.chunks_mut(stride).zip(from.chunks_exact(row)) {
        to[..row].copy_from_slice(from);
    }
}

fn first_of_each<S: Copy>(samples: &[S], channels: usize, kept: usize) -> Vec<S> {
    samples.chunks_exact(channels).flat_map(|pixel| &pixel[..kept]).copied().collect()
}

fn interleave<S: Copy>(out: &mut [S], colour: &[S], alpha: &[S], channels: u8) {
    let channels = usize::from(channels);
    let pixels = out.chunks_exact_mut(channels + 1).zip(colour.chunks_exact(channels));
    for ((out, colour), alpha) in pixels.zip(alpha) {
        out[..channels].copy_from_slice(colour);
        out[channels] = *alpha;
    }
}

fn last_of_each<S: Copy>(samples: &[S], channels: usize) -> Vec<S> {
    samples.iter().skip(channels - 1).step_by(channels).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(width: u32, height: u32, channels: u8) -> Raster {
        let samples = (0..width * height * u32::from(channels)).map(|i| i as u8).collect();
        Raster { width, height, channels, samples: Samples::U8(samples) }
    }

    #[test]
    fn a_part_that_was_cut_out_is_put_back() {
        let picture = counted(4, 3, 3);
        let part = picture.crop(1, 1, 2, 2);
        assert_eq!(part.samples, Samples::U8(vec![15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]));
        let mut copy = Raster::blank(4, 3, 3, Depth::Eight).unwrap();
        copy.paste(&picture.crop(0, 0, 4, 1), 0, 0);
        copy.paste(&picture.crop(0, 1, 1, 2), 0, 1);
        copy.paste(&part, 1, 1);
        copy.paste(&picture.crop(3, 1, 1, 2), 3, 1);
        assert_eq!(copy, picture);
    }

    #[test]
    fn a_channel_that_was_taken_off_is_put_back() {
        let picture = counted(3, 2, 4);
        let colour = Samples::U8(vec![0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22]);
        let colour = Raster { channels: 3, samples: colour, ..picture.clone() };
        let alpha = picture.last_channel();
        assert_eq!(alpha.samples, Samples::U8(vec![3, 7, 11, 15, 19, 23]));
        assert_eq!(colour.with_channel(&alpha).unwrap(), picture);
    }

    #[test]
    fn a_change_of_depth_keeps_white_white() {
        let white = Raster { width: 1, height: 1, channels: 1, samples: Samples::U8(vec![255]) };
        let deep = white.clone().into_depth(Depth::Sixteen);
        assert_eq!(deep.samples, Samples::U16(vec![65535]));
        let float = deep.into_depth(Depth::Float);
        assert_eq!(float.samples, Samples::F32(vec![255.0]));
        assert_eq!(float.into_depth(Depth::Eight), white);
    }

    #[test]
    fn a_picture_that_cannot_be_held_is_an_error() {
        assert_eq!(
            Raster::blank(u32::MAX, u32::MAX, 4, Depth::Float).unwrap_err().code(),
            "ERR_UPSCALER_LIMIT"
        );
    }
}
