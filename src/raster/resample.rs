//! Changing the size of a picture.

use super::picture::{Raster, Samples, sample_count, zeroed};
use crate::error::Error;
use upscaler_resample::ResampledSample;

/// The picture at another size, by a Lanczos filter of three lobes whose support grows with the reduction, so that
/// shrinking averages areas. Colour is premultiplied with alpha inside. Runs on the calling thread; the samples keep
/// their type and its range, floats that of 0 to 255.
///
/// # Errors
/// [`Error::InvalidArgument`] where a side is 0; [`Error::Limit`] where the result does not fit into memory.
pub fn resample(raster: &Raster, width: u32, height: u32) -> Result<Raster, Error> {
    raster.check()?;
    if width == 0 || height == 0 {
        return Err(Error::InvalidArgument(format!(
            "Expected a size of at least 1x1 but received {width}x{height}"
        )));
    }
    if (width, height) == (raster.width, raster.height) {
        return Ok(raster.clone());
    }
    let samples = match &raster.samples {
        Samples::U8(v) => Samples::U8(filtered(v, raster, (width, height))?),
        Samples::U16(v) => Samples::U16(filtered(v, raster, (width, height))?),
        Samples::F32(v) => {
            let mut samples = filtered(v, raster, (width, height))?;
            samples.iter_mut().for_each(|sample| *sample = sample.clamp(0.0, 255.0));
            Samples::F32(samples)
        }
    };
    Ok(Raster { width, height, channels: raster.channels, samples })
}

fn filtered<T: ResampledSample>(
    samples: &[T],
    raster: &Raster,
    (width, height): (u32, u32),
) -> Result<Vec<T>, Error> {
    let mut out = zeroed(sample_count(width, height, raster.channels)?)?;
    let (from_width, from_height) = (raster.width, raster.height);
    upscaler_resample::resample(
        raster.channels,
        samples,
        (from_width, from_height),
        &mut out,
        (width, height),
    )
    .map_err(|error| {
        Error::InvalidArgument(format!(
            "Cannot resize {from_width}x{from_height} to {width}x{height}: {error}"
        ))
    })?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lanczos with three lobes straight from its definition, in f64 and without alpha.
    fn lanczos_row(row: &[f64], width: usize) -> Vec<f64> {
        let ratio = row.len() as f64 / width as f64;
        let scale = ratio.max(1.0);
        let sinc = |x: f64| {
            if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
        };
        (0..width)
            .map(|i| {
                let centre = (i as f64 + 0.5) * ratio;
                let weight = |j: usize| {
                    let x = (j as f64 + 0.5 - centre) / scale;
                    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
                };
                let total: f64 = (0..row.len()).map(weight).sum();
                row.iter().enumerate().map(|(j, v)| v * weight(j)).sum::<f64>() / total
            })
            .collect()
    }

    #[test]
    fn equals_the_definition_up_and_down() {
        let row: Vec<f64> = (0..37).map(|i| f64::from((i * 97 + 31) % 251)).collect();
        for width in [5, 13, 36, 74, 111] {
            let expected = lanczos_row(&row, width);
            let source = row.iter().map(|&v| v as f32).collect();
            let raster = Raster::new(37, 1, 1, Samples::F32(source)).unwrap();
            let Samples::F32(found) = resample(&raster, width as u32, 1).unwrap().samples else { panic!() };
            for (found, expected) in found.iter().zip(&expected) {
                let expected = expected.clamp(0.0, 255.0);
                assert!((f64::from(*found) - expected).abs() < 1e-2, "{width}: {found} {expected}");
            }
            let source = row.iter().map(|&v| v as u8).collect();
            let raster = Raster::new(37, 1, 1, Samples::U8(source)).unwrap();
            let Samples::U8(found) = resample(&raster, width as u32, 1).unwrap().samples else { panic!() };
            for (found, expected) in found.iter().zip(&expected) {
                assert!((f64::from(*found) - expected.clamp(0.0, 255.0)).abs() <= 1.0, "{width}");
            }
        }
    }

    #[test]
    fn hidden_colour_does_not_leak_through_alpha() {
        // Opaque red on the left, transparent green on the right.
        let samples: Vec<u16> =
            [[60000, 0, 0, 65535]; 4].into_iter().chain([[0, 60000, 0, 0]; 4]).flatten().collect();
        let raster = Raster::new(8, 1, 4, Samples::U16(samples)).unwrap();
        let Samples::U16(out) = resample(&raster, 16, 1).unwrap().samples else { panic!("depth changed") };
        // The filter may overshoot, by less than a tenth, but no green may appear.
        for pixel in out.chunks(4).filter(|pixel| pixel[3] > 600) {
            assert!(pixel[1] == 0 && pixel[0].abs_diff(60000) < 6000, "{pixel:?}");
        }
    }

    #[test]
    fn every_kind_of_sample_keeps_a_flat_picture_flat() {
        for channels in 1..=4u8 {
            let count = 5 * 4 * usize::from(channels);
            for samples in [
                Samples::U8(vec![255; count]),
                Samples::U16(vec![65535; count]),
                Samples::F32(vec![255.0; count]),
            ] {
                let raster = Raster::new(5, 4, channels, samples).unwrap();
                let out = resample(&raster, 3, 11).unwrap();
                out.check().unwrap();
                assert!(out.samples.into_u8().iter().all(|&v| v >= 254));
            }
        }
        let raster = Raster::new(1, 1, 1, Samples::U8(vec![1])).unwrap();
        assert_eq!(resample(&raster, 0, 5).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
    }
}
