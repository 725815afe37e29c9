//! Lanczos resampling of interleaved samples.
//!
//! A crate of its own for the sake of build times: fast_image_resize is generic over its images, so a crate that calls it
//! compiles its filters, 3 MB of code, for itself.

use bytemuck::Pod;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};

/// A type of sample that can be resampled.
pub trait ResampledSample: Pod {
    /// Pixels of one to four channels.
    #[doc(hidden)]
    const PIXELS: [PixelType; 4];
}

impl ResampledSample for u8 {
    const PIXELS: [PixelType; 4] = [PixelType::U8, PixelType::U8x2, PixelType::U8x3, PixelType::U8x4];
}

impl ResampledSample for u16 {
    const PIXELS: [PixelType; 4] = [PixelType::U16, PixelType::U16x2, PixelType::U16x3, PixelType::U16x4];
}

impl ResampledSample for f32 {
    const PIXELS: [PixelType; 4] = [PixelType::F32, PixelType::F32x2, PixelType::F32x3, PixelType::F32x4];
}

/// Resamples a picture of `channels` channels, 1 to 4, from `from_size` to `to_size` (width, height), by a Lanczos filter
/// of three lobes whose support grows with the reduction. Two and four channels end in alpha, with which the colour is
/// premultiplied inside.
///
/// # Errors
/// What does not fit: the number of channels, or a slice that is too short for its size.
pub fn resample<T: ResampledSample>(
    channels: u8,
    from: &[T],
    from_size: (u32, u32),
    to: &mut [T],
    to_size: (u32, u32),
) -> Result<(), String> {
    let pixel = usize::from(channels).checked_sub(1).and_then(|index| T::PIXELS.get(index));
    let pixel = *pixel.ok_or_else(|| format!("expected 1 to 4 channels but received {channels}"))?;
    resample_bytes(pixel, bytemuck::cast_slice(from), from_size, bytemuck::cast_slice_mut(to), to_size)
}

fn resample_bytes(
    pixel: PixelType,
    from: &[u8],
    from_size: (u32, u32),
    to: &mut [u8],
    to_size: (u32, u32),
) -> Result<(), String> {
    let source = ImageRef::new(from_size.0, from_size.1, from, pixel).map_err(|error| error.to_string())?;
    let mut target =
        Image::from_slice_u8(to_size.0, to_size.1, to, pixel).map_err(|error| error.to_string())?;
    Resizer::new().resize(&source, &mut target, &ResizeOptions::new()).map_err(|error| error.to_string())
}
