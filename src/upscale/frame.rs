//! The last step to a size that was asked for: resampling, then cropping or letterboxing.

use super::size::Sizing;
use crate::error::Error;
use crate::raster::{self, Depth, LUMA, Raster, Samples};

/// Takes a picture to its final size.
///
/// # Errors
/// [`Error::Limit`] if memory runs out.
pub fn frame(picture: Raster, sizing: &Sizing, background: [u8; 3]) -> Result<Raster, Error> {
    let picture = match sizing.resample {
        Some((width, height)) => raster::resample(&picture, width, height)?,
        None => picture,
    };
    match sizing.canvas {
        Some((width, height)) => fit(picture, width, height, background),
        None => Ok(picture),
    }
}

/// Crops what is over and fills what is missing, centred.
fn fit(picture: Raster, width: u32, height: u32, background: [u8; 3]) -> Result<Raster, Error> {
    let kept = (picture.width.min(width), picture.height.min(height));
    let from = ((picture.width - kept.0) / 2, (picture.height - kept.1) / 2);
    let cropped = picture.crop(from.0, from.1, kept.0, kept.1);
    if kept == (width, height) {
        return Ok(cropped);
    }
    let mut framed = filled(width, height, picture.channels, background)?.into_depth(cropped.depth());
    framed.paste(&cropped, (width - kept.0) / 2, (height - kept.1) / 2);
    Ok(framed)
}

/// An opaque picture of one colour; grey pictures show its luma.
fn filled(width: u32, height: u32, channels: u8, [r, g, b]: [u8; 3]) -> Result<Raster, Error> {
    let luma = LUMA.iter().zip([r, g, b]).map(|(weight, value)| weight * f32::from(value)).sum::<f32>();
    let luma = luma.round() as u8;
    let pixel: &[u8] = match channels {
        1 => &[luma],
        2 => &[luma, 255],
        3 => &[r, g, b],
        _ => &[r, g, b, 255],
    };
    let mut picture = Raster::blank(width, height, channels, Depth::Eight)?;
    if let Samples::U8(samples) = &mut picture.samples {
        samples.chunks_exact_mut(pixel.len()).for_each(|out| out.copy_from_slice(pixel));
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> Raster {
        let samples = (0..width * height).map(|i| i as u8).collect();
        Raster { width, height, channels: 1, samples: Samples::U8(samples) }
    }

    #[test]
    fn cover_keeps_the_centre() {
        let framed = fit(grey(4, 2), 2, 2, [0; 3]).unwrap();
        assert_eq!(framed.samples, Samples::U8(vec![1, 2, 5, 6]));
    }

    #[test]
    fn contain_fills_the_rest() {
        let framed = fit(grey(2, 1), 2, 3, [255; 3]).unwrap();
        assert_eq!(framed.samples, Samples::U8(vec![255, 255, 0, 1, 255, 255]));
    }
}
