//! Pictures that keep their profile: worked on in its own colours, so that no saturation is lost.
//!
//! Networks are trained on sRGB, but what they learn of edges does not depend on the primaries; the tone curve matters.
//! So the numbers of a profile with primaries and a curve near sRGB's stay as they are, another curve is exchanged for
//! sRGB's and back, and only profiles that are tables go through sRGB itself.

use super::black_point::srgb_decoded;
use super::lightness::inverted;
use super::{
    ColourEncoding, ColourModel, ColourSample, apply_rows, grey_table, look_up, rgb_layout, srgb_encoded,
    to_srgb, usable,
};
use crate::error::Error;
use crate::raster::picture::{Raster, Samples};
use moxcms::{CmsError, ColorProfile, ToneCurveEvaluator, TransformExecutor};
use std::fmt::Display;
use std::sync::Arc;

/// What is done to pixels on the way to the network and, the other way round, back.
enum Conversion {
    /// Nothing.
    Identity,
    /// Another tone curve for each colour.
    Curves,
    /// sRGB.
    Srgb,
}

impl Conversion {
    fn of(profile: &ColorProfile, model: ColourModel) -> Conversion {
        // Far enough for gamma 2.2 and L*, near enough for a network not to see the difference.
        const NEAR: f32 = 0.05;
        const POINTS: u16 = 32;
        let tables = profile.lut_a_to_b_perceptual.is_some() || profile.lut_a_to_b_colorimetric.is_some();
        let (ColourModel::Rgb, false, Ok(curves)) = (model, tables, curves(profile)) else {
            return Conversion::Srgb;
        };
        let near = curves.iter().all(|curve| {
            (0..=POINTS).all(|i| {
                let signal = f32::from(i) / f32::from(POINTS);
                (srgb_encoded(curve.evaluate_value(signal)) - signal).abs() <= NEAR
            })
        });
        if near { Conversion::Identity } else { Conversion::Curves }
    }
}

type Curve = Box<dyn ToneCurveEvaluator + Send + Sync>;

fn curves(profile: &ColorProfile) -> Result<[Curve; 3], CmsError> {
    let curve = |curve: &Option<moxcms::ToneReprCurve>| {
        curve.as_ref().ok_or(CmsError::InvalidProfile).and_then(|curve| curve.make_linear_evaluator())
    };
    Ok([curve(&profile.red_trc)?, curve(&profile.green_trc)?, curve(&profile.blue_trc)?])
}

/// Brings the samples of a file to what the network is to see, and says which profile the result is to carry: none,
/// with a warning, where it does not fit or nothing leads back to it, and then the samples are sRGB.
pub(in crate::raster) fn to_working(
    samples: Samples,
    size: (u32, u32),
    channels: u8,
    model: ColourModel,
    encoding: Option<&ColourEncoding>,
    warnings: &mut Vec<String>,
) -> Result<(Samples, u8, Option<Vec<u8>>), Error> {
    let kept = match encoding {
        None => None,
        Some(ColourEncoding::Cicp { .. }) => {
            Some(Err("it is code points (cICP) and no ICC profile".to_string()))
        }
        Some(_) if model == ColourModel::Cmyk => {
            Some(Err("it is for CMYK, which is not written".to_string()))
        }
        Some(ColourEncoding::Icc(icc)) => {
            Some(usable(&ColourEncoding::Icc(icc.clone()), model).and_then(|profile| {
                // Whether there is a way back is known before the work is done.
                ToProfile::new(icc, channels, 8).map_err(|e| e.to_string())?;
                Ok((profile, icc))
            }))
        }
    };
    let (profile, icc) = match kept {
        Some(Ok(kept)) => kept,
        none => {
            let before = warnings.len();
            let (samples, channels) = to_srgb(samples, size, channels, model, encoding, warnings)?;
            // One warning of one profile.
            if let (Some(Err(reason)), true) = (none, warnings.len() == before) {
                warnings.push(format!("The colour profile was not kept, the result is sRGB: {reason}"));
            }
            return Ok((samples, channels, None));
        }
    };
    let (samples, channels) = match Conversion::of(&profile, model) {
        Conversion::Identity => (samples, channels),
        Conversion::Curves => (with_srgb_curves(samples, channels, &profile)?, channels),
        Conversion::Srgb => to_srgb(samples, size, channels, model, encoding, warnings)?,
    };
    Ok((samples, channels, Some(icc.clone())))
}

/// At 16 bits, because curves that differ that much spread dark levels.
fn with_srgb_curves(samples: Samples, channels: u8, profile: &ColorProfile) -> Result<Samples, Error> {
    let failed = |e: CmsError| Error::Decode(format!("The colour conversion failed: {e}"));
    let tables = curves(profile)
        .map_err(failed)?
        .map(|curve| table::<u16>(|signal| srgb_encoded(curve.evaluate_value(signal).clamp(0.0, 1.0))));
    let mut samples = samples.into_u16();
    apply_curves(&mut samples, channels, &tables);
    Ok(Samples::U16(samples))
}

fn table<T: ColourSample>(curve: impl Fn(f32) -> f32) -> Vec<T> {
    let full = (T::LEVELS - 1) as f32;
    (0..T::LEVELS).map(|level| T::from_level((curve(level as f32 / full) * full).round() as u32)).collect()
}

/// A table for each colour; alpha stays.
fn apply_curves<T: ColourSample>(samples: &mut [T], channels: u8, tables: &[Vec<T>; 3]) {
    for pixel in samples.chunks_exact_mut(channels.into()) {
        for (sample, table) in pixel.iter_mut().zip(tables) {
            *sample = table[sample.level()];
        }
    }
}

/// Finished rows back to the space of a profile, for files that keep the profile they came with.
pub struct ToProfile {
    channels: u8,
    inverse: Inverse,
}

enum Inverse {
    Identity,
    Curve8(Vec<u8>),
    Curve16(Vec<u16>),
    Curves8([Vec<u8>; 3]),
    Curves16([Vec<u16>; 3]),
    Rgb8(Arc<dyn TransformExecutor<u8> + Send + Sync>),
    Rgb16(Arc<dyn TransformExecutor<u16> + Send + Sync>),
}

impl ToProfile {
    /// A conversion to the ICC profile of what [`decode`](crate::raster::decode) made with `keep_metadata`, for rasters
    /// of that many channels (1 to 4) and that depth (8 or 16).
    ///
    /// # Errors
    /// [`Error::Encode`] where the profile is broken, is not made for writing, or is for another kind of colour
    /// than the picture has (CMYK among them: there is nothing to write CMYK to).
    pub fn new(icc: &[u8], channels: u8, depth: u8) -> Result<Self, Error> {
        let refuse = |why: &dyn Display| Error::Encode(format!("The colour profile cannot be kept: {why}"));
        let model = ColourModel::of_channels(channels);
        let profile = usable(&ColourEncoding::Icc(icc.to_vec()), model).map_err(|e| refuse(&e))?;
        let srgb = ColorProfile::new_srgb();
        let layout = rgb_layout(channels);
        let inverse = match (Conversion::of(&profile, model), model, depth) {
            (Conversion::Identity, ..) => Ok(Inverse::Identity),
            (Conversion::Curves, _, 8) => inverse_curves(&profile).map(Inverse::Curves8),
            (Conversion::Curves, ..) => inverse_curves(&profile).map(Inverse::Curves16),
            (_, ColourModel::Grey, 8) => grey_table(&srgb, &profile).map(Inverse::Curve8),
            (_, ColourModel::Grey, _) => grey_table(&srgb, &profile).map(Inverse::Curve16),
            (_, _, 8) => u8::transform(&srgb, layout, &profile, layout).map(Inverse::Rgb8),
            (_, _, _) => u16::transform(&srgb, layout, &profile, layout).map(Inverse::Rgb16),
        };
        Ok(ToProfile { channels, inverse: inverse.map_err(|e| refuse(&e))? })
    }

    /// Converts the rows in place; alpha stays.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the raster has other channels or another depth than was announced.
    pub fn apply(&self, raster: &mut Raster) -> Result<(), Error> {
        raster.check()?;
        let size = (raster.width, raster.height);
        let channels = self.channels;
        if raster.channels != channels {
            return Err(Error::InvalidArgument(format!(
                "Expected rows of {} channels but received {}",
                channels, raster.channels
            )));
        }
        match (&self.inverse, &mut raster.samples) {
            (Inverse::Identity, _) => {}
            (Inverse::Curve8(table), Samples::U8(v)) => look_up(v, channels, table),
            (Inverse::Curve16(table), Samples::U16(v)) => look_up(v, channels, table),
            (Inverse::Curves8(tables), Samples::U8(v)) => apply_curves(v, channels, tables),
            (Inverse::Curves16(tables), Samples::U16(v)) => apply_curves(v, channels, tables),
            (Inverse::Rgb8(transform), Samples::U8(v)) => apply_rows(v, size, channels, &**transform)?,
            (Inverse::Rgb16(transform), Samples::U16(v)) => apply_rows(v, size, channels, &**transform)?,
            _ => return Err(Error::InvalidArgument("Rows of another depth than announced".into())),
        }
        Ok(())
    }
}

/// sRGB's curve exchanged for those of the profile.
fn inverse_curves<T: ColourSample>(profile: &ColorProfile) -> Result<[Vec<T>; 3], CmsError> {
    let back =
        |curve: Curve| table(|signal| inverted(|value| curve.evaluate_value(value), srgb_decoded(signal)));
    Ok(curves(profile)?.map(back))
}
