//! The NCHWc layout (nChw16c), and the conversions from and to NCHW.
//!
//! A tensor `[C][H][W]` is held as `C / 16` planes (rounded up) of `[H][W][16]`: a pixel's sixteen channels lie side by
//! side and are one vector. Planes are separate slices, so concatenating tensors costs nothing.

use crate::Error;

use super::lanes::LANES;

/// Sixteen channels of one position.
pub(super) type Pixel = [f32; LANES];

/// Views a plane to be written as pixels; `name` and `index` are for the message.
///
/// # Errors
/// `Shape` where the plane does not hold exactly `pixels` pixels.
pub(super) fn pixels_mut<'a>(
    plane: &'a mut [f32],
    pixels: usize,
    name: &str,
    index: usize,
) -> Result<&'a mut [Pixel], Error> {
    let length = plane.len();
    match plane.as_chunks_mut() {
        (whole, []) if whole.len() == pixels => Ok(whole),
        _ => Err(wrong_length(length, pixels, name, index)),
    }
}

fn wrong_length(length: usize, pixels: usize, name: &str, index: usize) -> Error {
    Error::Shape(format!(
        "Expected {name} plane {index} of a convolution to hold {pixels} pixels of {LANES} floats but received {length} \
         floats"
    ))
}

/// Planes that hold `channels` channels.
pub fn plane_count(channels: usize) -> usize {
    channels.div_ceil(LANES)
}

/// Copies up to sixteen channels, `[pixels]` each, into a plane `[pixels][16]`; missing channels become zero.
///
/// # Errors
/// `Shape` where there are no channels or more than sixteen, or they are not of the plane's size.
pub fn to_nchwc(channels: &[&[f32]], plane: &mut [f32]) -> Result<(), Error> {
    check_channels(channels.iter().map(|channel| channel.len()), plane.len())?;
    // Strips of sixteen pixels: each reads whole cache lines of its channels.
    for (strip, pixels) in plane.as_chunks_mut::<LANES>().0.chunks_mut(LANES).enumerate() {
        let first = strip * LANES;
        for (i, pixel) in pixels.iter_mut().enumerate() {
            let mut values = [0.0; LANES];
            for (value, channel) in values.iter_mut().zip(channels) {
                *value = channel[first + i];
            }
            *pixel = values;
        }
    }
    Ok(())
}

/// The inverse: copies the first channels of a plane `[pixels][16]` out to `channels`, `[pixels]` each.
///
/// # Errors
/// `Shape` where there are no channels or more than sixteen, or they are not of the plane's size.
pub fn from_nchwc(plane: &[f32], channels: &mut [&mut [f32]]) -> Result<(), Error> {
    check_channels(channels.iter().map(|channel| channel.len()), plane.len())?;
    for (strip, pixels) in plane.as_chunks::<LANES>().0.chunks(LANES).enumerate() {
        for (c, channel) in channels.iter_mut().enumerate() {
            for (value, pixel) in channel[strip * LANES..].iter_mut().zip(pixels) {
                *value = pixel[c];
            }
        }
    }
    Ok(())
}

fn check_channels(lengths: impl ExactSizeIterator<Item = usize> + Clone, plane: usize) -> Result<(), Error> {
    let size = plane / LANES;
    let fits = plane.is_multiple_of(LANES) && (1..=LANES).contains(&lengths.len());
    if fits && lengths.clone().all(|length| length == size) {
        return Ok(());
    }
    Err(Error::Shape(format!(
        "Expected 1 to {LANES} channels of {size} pixels beside a plane of {plane} floats but received lengths {:?}",
        lengths.collect::<Vec<_>>()
    )))
}
