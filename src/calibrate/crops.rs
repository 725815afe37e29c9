//! Parts of sample pictures, as a network takes them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::Signature;
use crate::error::Error;
use crate::files;
use crate::raster::{DecodeOptions, Raster, Samples, decode, resample};

/// Crops of all pictures together; every third is held out of the calibration.
const MAX_CROPS: usize = 72;
const HELD_OUT: usize = 3;

/// BT.601 luma.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// A part of a picture.
pub struct Crop {
    /// `[channels, height, width]`, in the network's input range.
    pub planes: Vec<f32>,
    /// Channels, height and width.
    pub dims: [usize; 3],
}

/// Crops spread evenly over pictures.
pub struct Crops {
    /// Crops whose activations determine the ranges.
    pub calibration: Vec<Crop>,
    /// Crops on which results are compared: other places of the same pictures.
    pub held_out: Vec<Crop>,
}

impl Crops {
    /// Cuts crops of `[height, width]` out of the pictures, and out of the same pictures at half their size, whose
    /// detail is denser.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the pictures hold fewer than two crops, [`Error::Read`] and those of [`decode`].
    pub fn of(pictures: &[PathBuf], signature: &Signature, size: [usize; 2]) -> Result<Crops, Error> {
        let share = MAX_CROPS.div_ceil(pictures.len().max(1));
        let mut crops = Vec::new();
        for path in pictures {
            let whole = read(path)?;
            let half = resample(&whole, (whole.width / 2).max(1), (whole.height / 2).max(1))?;
            let places: Vec<_> = [&whole, &half]
                .into_iter()
                .flat_map(|picture| grid(picture, size).into_iter().map(move |place| (picture, place)))
                .collect();
            let taken = places.len().min(share);
            let thread_efficiency = (0..taken).map(|n| places[n * places.len() / taken]);
            crops.extend(thread_efficiency.map(|(picture, place)| cut(picture, place, size, signature)));
        }
        if crops.len() < 2 {
            return Err(Error::InvalidArgument(format!(
                "Expected pictures to calibrate on with at least two parts of {}x{} pixels but found {} in {} pictures",
                size[1],
                size[0],
                crops.len(),
                pictures.len()
            )));
        }
        let (mut calibration, mut held_out) = (Vec::new(), Vec::new());
        for (n, crop) in crops.into_iter().enumerate() {
            if n % HELD_OUT == 1 { held_out.push(crop) } else { calibration.push(crop) }
        }
        Ok(Crops { calibration, held_out })
    }
}

fn read(path: &Path) -> Result<Raster, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read {
        message: format!("Expected a picture to calibrate on at {}", files::shown(path)),
        source: Some(source),
    })?;
    let named = |error: Error| match error {
        Error::Decode(message) => Error::Decode(format!("{}: {message}", files::shown(path))),
        Error::UnsupportedFormat(message) => {
            Error::UnsupportedFormat(format!("{}: {message}", files::shown(path)))
        }
        other => other,
    };
    let mut raster = decode(&bytes, &DecodeOptions::default()).map_err(named)?.raster;
    raster.samples = Samples::U8(raster.samples.into_u8());
    Ok(raster)
}

/// The top left corners, `[y, x]`, of all crops that fit beside each other.
fn grid(picture: &Raster, [height, width]: [usize; 2]) -> Vec<[usize; 2]> {
    let (rows, columns) = (picture.height as usize / height.max(1), picture.width as usize / width.max(1));
    (0..rows).flat_map(|row| (0..columns).map(move |column| [row * height, column * width])).collect()
}

fn cut(
    picture: &Raster,
    [top, left]: [usize; 2],
    [height, width]: [usize; 2],
    signature: &Signature,
) -> Crop {
    let Samples::U8(samples) = &picture.samples else { unreachable!("pictures are read as 8 bits") };
    let (stride, step) = (picture.width as usize, usize::from(picture.channels));
    let (low, high) = signature.input_range;
    let mut planes = Vec::with_capacity(signature.channels_in * height * width);
    for plane in 0..signature.channels_in {
        for y in top..top + height {
            let row = &samples[(y * stride + left) * step..(y * stride + left + width) * step];
            let share = |pixel: &[u8]| sample(pixel, plane, signature.channels_in) / 255.0;
            planes.extend(row.chunks_exact(step).map(|pixel| low + (high - low) * share(pixel)));
        }
    }
    Crop { planes, dims: [signature.channels_in, height, width] }
}

/// The number of a pixel in a plane of a network of one (grey), three or four channels, of 255. Pictures count as
/// opaque.
fn sample(pixel: &[u8], plane: usize, planes: usize) -> f32 {
    match (pixel, plane, planes) {
        (_, 3, _) => 255.0,
        (&[r, g, b, ..], _, 1) => [r, g, b].iter().zip(LUMA).map(|(&s, weight)| f32::from(s) * weight).sum(),
        (&[grey] | &[grey, _], ..) => f32::from(grey),
        _ => f32::from(pixel[plane]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TileLimits;

    fn signature(channels: usize, input_range: (f32, f32)) -> Signature {
        Signature {
            channels_in: channels,
            channels_out: channels,
            limits: TileLimits { max_pixels: 1, max_width: 1, ..TileLimits::UNLIMITED },
            input_range,
            output_range: input_range,
            ..Signature::of_convolutions(1, 0)
        }
    }

    #[test]
    fn a_crop_holds_its_pixels_in_the_networks_range() {
        let picture = Raster::new(3, 2, 3, Samples::U8((0..18).map(|n| n * 10).collect())).unwrap();
        let crop = cut(&picture, [1, 1], [1, 2], &signature(3, (0.0, 255.0)));
        assert_eq!((crop.planes, crop.dims), (vec![120.0, 150.0, 130.0, 160.0, 140.0, 170.0], [3, 1, 2]));
        let crop = cut(&picture, [0, 0], [1, 1], &signature(1, (-1.0, 1.0)));
        let luma = (0.587 * 10.0 + 0.114 * 20.0) / 255.0 * 2.0 - 1.0;
        assert!((crop.planes[0] - luma).abs() < 1e-6);
        let grey = Raster::new(1, 1, 2, Samples::U8(vec![51, 0])).unwrap();
        assert_eq!(cut(&grey, [0, 0], [1, 1], &signature(4, (0.0, 1.0))).planes, [0.2, 0.2, 0.2, 1.0]);
    }

    #[test]
    fn pictures_that_are_missing_broken_or_too_small_are_refused() {
        let code = |path: &str, size| {
            let found = Crops::of(&[path.into()], &signature(3, (0.0, 1.0)), size);
            found.err().map(|error| (error.code(), error.to_string()))
        };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/raster/");
        assert_eq!(code("no/such.png", [8, 8]).unwrap().0, "ERR_UPSCALER_READ");
        let (found, message) = code(&format!("{folder}PROVENANCE.md"), [8, 8]).unwrap();
        assert_eq!(found, "ERR_UPSCALER_UNSUPPORTED_FORMAT");
        assert!(message.contains("PROVENANCE.md"), "{message}");
        assert_eq!(code(&format!("{folder}photo.png"), [4000, 4000]).unwrap().0, "ERR_INVALID_ARG_VALUE");
        assert_eq!(code(&format!("{folder}photo.png"), [8, 8]), None);
    }
}
