//! CMYK to RGB.

use super::black_point::black_point_table;
use super::default_cmyk::DefaultCmyk;
use super::{ColourSample, failed_inside};
use crate::error::Error;
use crate::raster::picture::{sample_count, zeroed};
use moxcms::TransformExecutor;

/// CMYK by the profile's transform, at 16 bits: black_point_table spreads the dark levels.
pub(super) fn with_profile<T: ColourSample>(
    samples: &[T],
    (width, height): (u32, u32),
    transform: &dyn TransformExecutor<u16>,
) -> Result<Vec<T>, Error> {
    let to_16_bits = u32::from(u16::MAX) / (T::LEVELS - 1);
    let mut darkest = [0; 3];
    transform.transform(&[u16::MAX; 4], &mut darkest).map_err(failed_inside)?;
    let table = black_point_table(darkest);

    let mut out: Vec<T> = zeroed(sample_count(width, height, 3)?)?;
    let mut inks: Vec<u16> = zeroed(sample_count(width, 1, 4)?)?;
    let mut rgb: Vec<u16> = zeroed(sample_count(width, 1, 3)?)?;
    for (row, out) in samples.chunks_exact(inks.len()).zip(out.chunks_exact_mut(rgb.len())) {
        for (wide, ink) in inks.iter_mut().zip(row) {
            *wide = (ink.level() as u32 * to_16_bits) as u16;
        }
        transform.transform(&inks, &mut rgb).map_err(failed_inside)?;
        for (out, rgb) in out.iter_mut().zip(&rgb) {
            let rgb = table.as_ref().map_or(*rgb, |table| table[rgb.level()]);
            *out = T::from_level((u32::from(rgb) + to_16_bits / 2) / to_16_bits);
        }
    }
    Ok(out)
}

/// CMYK without a profile, as an average offset press would print it.
pub(super) fn without_profile<T: ColourSample>(
    samples: &[T],
    (width, height): (u32, u32),
) -> Result<Vec<T>, Error> {
    let model = DefaultCmyk::get();
    let full = (T::LEVELS - 1) as f32;
    // The model is coarser than 8 bits, whatever the depth of the inks.
    let to_8_bits = |ink: T| (ink.level() as f32 * 255.0 / full).round() as u8;
    let mut out: Vec<T> = zeroed(sample_count(width, height, 3)?)?;
    for (pixel, out) in samples.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<3>().0) {
        *out = model.to_rgb(pixel.map(to_8_bits)).map(|value| T::from_level((value * full).round() as u32));
    }
    Ok(out)
}
