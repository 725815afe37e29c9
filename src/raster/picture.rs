//! The one type of picture inside this crate.

use crate::error::Error;
pub(super) use crate::memory::zeroed;

/// The weights of red, green and blue in luma: ITU-R BT.601, full range, as the quality figures of this field (PSNR-Y)
/// and TensorFlow use them. They add up to 1.
pub const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// A picture in memory: rows from top to bottom, samples interleaved, alpha straight (not premultiplied), colour
/// sRGB-encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
    /// Samples per pixel: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA.
    pub channels: u8,
    /// `width * height * channels` samples.
    pub samples: Samples,
}

/// How many of the channels of a picture are colours: 1 or 3.
pub fn colours_of(channels: u8) -> u8 {
    if channels <= 2 { 1 } else { 3 }
}

/// Whether the last of the channels of a picture is alpha.
pub fn has_alpha(channels: u8) -> bool {
    channels.is_multiple_of(2)
}

/// The samples of a [`Raster`].
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 0..=255.
    U8(Vec<u8>),
    /// 0..=65535.
    U16(Vec<u16>),
    /// Nominally 0..=255; values outside are allowed and clamped when the picture is written.
    F32(Vec<f32>),
}

impl Samples {
    /// How many samples there are.
    pub fn len(&self) -> usize {
        match self {
            Samples::U8(v) => v.len(),
            Samples::U16(v) => v.len(),
            Samples::F32(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples as 8-bit values: 16 bits are scaled by 255/65535, floats clamped; both are rounded.
    pub fn into_u8(self) -> Vec<u8> {
        match self {
            Samples::U8(v) => v,
            Samples::U16(v) => v.into_iter().map(narrow).collect(),
            Samples::F32(v) => v.into_iter().map(|s| s.round().clamp(0.0, 255.0) as u8).collect(),
        }
    }

    /// The samples as 16-bit values: 8 bits are scaled by 257, floats by 257 and clamped, then rounded.
    pub fn into_u16(self) -> Vec<u16> {
        match self {
            Samples::U8(v) => v.into_iter().map(|s| u16::from(s) * 257).collect(),
            Samples::U16(v) => v,
            Samples::F32(v) => {
                v.into_iter().map(|s| (s * 257.0).round().clamp(0.0, 65535.0) as u16).collect()
            }
        }
    }
}

/// The nearest 8-bit value of a 16-bit sample.
fn narrow(sample: u16) -> u8 {
    ((u32::from(sample) + 128) / 257) as u8
}

impl Raster {
    /// A picture from its parts.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where a side is 0, `channels` is not 1 to 4, or `samples` has another length
    /// than `width * height * channels`.
    pub fn new(width: u32, height: u32, channels: u8, samples: Samples) -> Result<Self, Error> {
        let raster = Raster { width, height, channels, samples };
        raster.check()?;
        Ok(raster)
    }

    /// Whether the last channel is alpha.
    pub fn has_alpha(&self) -> bool {
        has_alpha(self.channels)
    }

    /// Samples in one row.
    pub fn stride(&self) -> usize {
        self.width as usize * usize::from(self.channels)
    }

    /// The fields are public, so every door of this room that takes a raster checks that they agree.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.width == 0 || self.height == 0 || !(1..=4).contains(&self.channels) {
            return Err(Error::InvalidArgument(format!(
                "Expected a picture of at least 1x1 with 1 to 4 channels but received {}x{} with {}",
                self.width, self.height, self.channels
            )));
        }
        let expected = sample_count(self.width, self.height, self.channels)?;
        if self.samples.len() != expected {
            return Err(Error::InvalidArgument(format!(
                "Expected {expected} samples for {}x{} with {} channels but received {}",
                self.width,
                self.height,
                self.channels,
                self.samples.len()
            )));
        }
        Ok(())
    }
}

/// `width * height * channels`, where that fits the address space.
pub(super) fn sample_count(width: u32, height: u32, channels: u8) -> Result<usize, Error> {
    usize::try_from(u64::from(width) * u64::from(height))
        .ok()
        .and_then(|pixels| pixels.checked_mul(usize::from(channels)))
        .filter(|&count| count <= isize::MAX as usize / size_of::<f32>())
        .ok_or_else(|| Error::Limit(format!("A picture of {width}x{height} does not fit the address space")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_changes_round_to_nearest() {
        for value in 0..=u16::MAX {
            let exact = (f64::from(value) / 257.0).round() as u8;
            assert_eq!(Samples::U16(vec![value]).into_u8(), [exact], "{value}");
        }
        for value in 0..=u8::MAX {
            let wide = Samples::U8(vec![value]).into_u16();
            assert_eq!(Samples::U16(wide).into_u8(), [value]);
        }
        assert_eq!(Samples::F32(vec![-3.0, 0.49, 254.5, 300.0, f32::NAN]).into_u8(), [0, 0, 255, 255, 0]);
        assert_eq!(Samples::F32(vec![-3.0, 1.0, 300.0]).into_u16(), [0, 257, 65535]);
    }

    #[test]
    fn parts_that_disagree_are_refused() {
        for (width, height, channels, len) in [(0, 1, 1, 0), (1, 1, 5, 5), (2, 2, 3, 11), (1, 1, 0, 0)] {
            let error = Raster::new(width, height, channels, Samples::U8(vec![0; len])).unwrap_err();
            assert_eq!(error.code(), "ERR_INVALID_ARG_VALUE");
        }
        assert_eq!(sample_count(u32::MAX, u32::MAX, 4).unwrap_err().code(), "ERR_UPSCALER_LIMIT");
    }
}
