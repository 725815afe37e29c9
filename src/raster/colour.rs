//! Colour spaces: everything is brought to sRGB when it is read, and taken back where the caller keeps the profile.
//!
//! Profiles are applied as sharp and libvips apply them: perceptual intent, black-point black_point_table.

mod black_point;
mod cmyk;
mod default_cmyk;
mod lightness;
mod working_space;

use self::black_point::black_point_table;
use super::picture::{Samples, colours_of, sample_count, zeroed};
use crate::error::Error;
use bytemuck::Zeroable;
use moxcms::{
    CicpProfile, CmsError, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, ParsingOptions,
    RenderingIntent, ToneReprCurve, TransformExecutor, TransformOptions,
};
use std::fmt::Display;
use std::sync::Arc;

/// What the colour channels of a file stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColourModel {
    Grey,
    Rgb,
    /// Four channels, full ink at full intensity; no alpha.
    Cmyk,
}

impl ColourModel {
    /// That of a picture in memory, which is grey or RGB.
    pub(super) fn of_channels(channels: u8) -> ColourModel {
        if colours_of(channels) == 1 { ColourModel::Grey } else { ColourModel::Rgb }
    }
}

/// How a file says which colours its numbers mean.
#[derive(Clone, Debug)]
pub(super) enum ColourEncoding {
    /// An embedded ICC profile.
    Icc(Vec<u8>),
    /// PNG's cICP: code points of ITU-T H.273.
    Cicp { primaries: u8, transfer: u8 },
}

impl ColourEncoding {
    fn profile(&self) -> Result<ColorProfile, CmsError> {
        match self {
            ColourEncoding::Icc(bytes) => parsed(bytes),
            ColourEncoding::Cicp { primaries, transfer } => Ok(ColorProfile::new_from_cicp(CicpProfile {
                color_primaries: (*primaries).try_into()?,
                transfer_characteristics: (*transfer).try_into()?,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            })),
        }
    }
}

/// A profile of at most [`MAX_PROFILE_BYTES`] bytes. Versions that the engine does not know are read as the latest that it
/// knows, as LittleCMS does: what version 5 has of ordinary profiles is what version 4 has.
fn parsed(bytes: &[u8]) -> Result<ColorProfile, CmsError> {
    const VERSION: std::ops::Range<usize> = 8..10;
    let limits = ParsingOptions {
        max_profile_size: MAX_PROFILE_BYTES + 1,
        max_allowed_clut_size: 4_000_000,
        max_allowed_trc_size: 1 << 16,
    };
    match ColorProfile::new_from_slice_with_options(bytes, limits) {
        Err(_) if bytes.get(VERSION).is_some_and(|version| version[0] > 2) => {
            let mut bytes = bytes.to_vec();
            bytes[VERSION].copy_from_slice(&[4, 0x40]);
            ColorProfile::new_from_slice_with_options(&bytes, limits)
        }
        result => result,
    }
}

/// A sample type that the colour engine knows.
trait ColourSample: Zeroable + Copy + Default + Send + Sync + 'static {
    const LEVELS: u32;
    fn from_level(level: u32) -> Self;
    fn level(self) -> usize;
    fn transform(
        from: &ColorProfile,
        input: Layout,
        to: &ColorProfile,
        output: Layout,
    ) -> Result<Arc<dyn TransformExecutor<Self> + Send + Sync>, CmsError>;
}

fn options() -> TransformOptions {
    TransformOptions {
        rendering_intent: RenderingIntent::Perceptual,
        prefer_fixed_point: false,
        ..TransformOptions::default()
    }
}

macro_rules! depth {
    ($sample:ty, $create:ident) => {
        impl ColourSample for $sample {
            const LEVELS: u32 = <$sample>::MAX as u32 + 1;
            fn from_level(level: u32) -> Self {
                level as $sample
            }
            fn level(self) -> usize {
                self.into()
            }
            fn transform(
                from: &ColorProfile,
                input: Layout,
                to: &ColorProfile,
                output: Layout,
            ) -> Result<Arc<dyn TransformExecutor<Self> + Send + Sync>, CmsError> {
                from.$create(input, to, output, options())
            }
        }
    };
}
depth!(u8, create_transform_8bit);
depth!(u16, create_transform_16bit);

pub use self::working_space::ToProfile;
pub(super) use self::working_space::to_working;

/// Brings the samples of a file to sRGB: grey stays grey, CMYK becomes RGB. A profile that cannot be used is
/// ignored, with a warning. Returns the samples and their channels.
pub(super) fn to_srgb(
    samples: Samples,
    size: (u32, u32),
    channels: u8,
    model: ColourModel,
    encoding: Option<&ColourEncoding>,
    warnings: &mut Vec<String>,
) -> Result<(Samples, u8), Error> {
    let profile = encoding.and_then(|encoding| match usable(encoding, model) {
        Ok(profile) => Some(profile),
        Err(reason) => {
            warnings.push(format!("The colour profile was ignored: {reason}"));
            None
        }
    });
    Ok(match samples {
        Samples::U8(v) => {
            let (v, channels) = converted(v, size, channels, model, profile.as_ref(), warnings)?;
            (Samples::U8(v), channels)
        }
        Samples::U16(v) => {
            let (v, channels) = converted(v, size, channels, model, profile.as_ref(), warnings)?;
            (Samples::U16(v), channels)
        }
        floats @ Samples::F32(_) => (floats, channels),
    })
}

/// Bytes of a profile beyond which it is not believed: the largest of presses have 3 MB, and what is made of one takes
/// a multiple of it.
pub(super) const MAX_PROFILE_BYTES: usize = 8 << 20;

fn usable(encoding: &ColourEncoding, model: ColourModel) -> Result<ColorProfile, String> {
    if let ColourEncoding::Icc(bytes) = encoding
        && bytes.len() > MAX_PROFILE_BYTES
    {
        return Err(format!("it has {} bytes", bytes.len()));
    }
    let profile = encoding.profile().map_err(|e| e.to_string())?;
    let wanted = match model {
        ColourModel::Grey => DataColorSpace::Gray,
        ColourModel::Rgb => DataColorSpace::Rgb,
        ColourModel::Cmyk => DataColorSpace::Cmyk,
    };
    if profile.color_space == wanted {
        Ok(profile)
    } else {
        Err(format!("it is for {:?} and the picture is {wanted:?}", profile.color_space))
    }
}

fn converted<T: ColourSample>(
    mut samples: Vec<T>,
    size: (u32, u32),
    channels: u8,
    model: ColourModel,
    profile: Option<&ColorProfile>,
    warnings: &mut Vec<String>,
) -> Result<(Vec<T>, u8), Error> {
    let srgb = ColorProfile::new_srgb();
    let failed = |e: CmsError| format!("The colour profile was ignored: {e}");
    match (model, profile) {
        (ColourModel::Grey | ColourModel::Rgb, None) => {}
        (ColourModel::Grey, Some(profile)) => match grey_table::<T>(profile, &srgb) {
            Ok(table) => look_up(&mut samples, channels, &table),
            Err(e) => warnings.push(failed(e)),
        },
        (ColourModel::Rgb, Some(profile)) if is_srgb(profile) => {}
        (ColourModel::Rgb, Some(profile)) => {
            let layout = rgb_layout(channels);
            match T::transform(profile, layout, &srgb, layout) {
                Ok(transform) => from_rgb(&mut samples, size, channels, &*transform)?,
                Err(e) => warnings.push(failed(e)),
            }
        }
        (ColourModel::Cmyk, profile) => {
            let transform = profile.and_then(|profile| {
                let transform = u16::transform(profile, Layout::Rgba, &srgb, Layout::Rgb);
                transform.map_err(|e| warnings.push(failed(e))).ok()
            });
            let rgb = match transform {
                Some(transform) => cmyk::with_profile(&samples, size, &*transform)?,
                None => cmyk::without_profile(&samples, size)?,
            };
            return Ok((rgb, 3));
        }
    }
    Ok((samples, channels))
}

fn rgb_layout(channels: u8) -> Layout {
    if channels == 4 { Layout::Rgba } else { Layout::Rgb }
}

/// Whether the profile says what sRGB says, within half an 8-bit step: many files carry one of the dozens of sRGB
/// profiles, and building a conversion for each of them would take longer than decoding a small picture.
fn is_srgb(profile: &ColorProfile) -> bool {
    const COLORANT_TOLERANCE: f64 = 0.001;
    const POINTS: u16 = 32;
    let srgb = ColorProfile::new_srgb();
    let colorants = |p: &ColorProfile| {
        [p.red_colorant, p.green_colorant, p.blue_colorant].map(|c| [c.x, c.y, c.z]).concat()
    };
    let same_colorants =
        || colorants(profile).iter().zip(colorants(&srgb)).all(|(a, b)| (a - b).abs() <= COLORANT_TOLERANCE);
    let same_curve = |curve: &ToneReprCurve| {
        curve.make_linear_evaluator().is_ok_and(|curve| {
            (0..=POINTS).all(|i| {
                let encoded = f32::from(i) / f32::from(POINTS);
                (srgb_encoded(curve.evaluate_value(encoded)) - encoded).abs() <= 0.5 / 255.0
            })
        })
    };
    let curves = [&profile.red_trc, &profile.green_trc, &profile.blue_trc];
    let has_tables = profile.lut_a_to_b_perceptual.is_some() || profile.lut_a_to_b_colorimetric.is_some();
    !has_tables && same_colorants() && curves.iter().all(|curve| curve.as_ref().is_some_and(same_curve))
}

/// The transfer function of IEC 61966-2-1, from linear light to the encoded signal.
fn srgb_encoded(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Grey to grey is a curve: the grey axis of sRGB for each level of the profile, or the other way round.
fn grey_table<T: ColourSample>(from: &ColorProfile, to: &ColorProfile) -> Result<Vec<T>, CmsError> {
    if from.color_space == DataColorSpace::Gray && from.pcs == DataColorSpace::Lab {
        return lightness::to_srgb(from);
    }
    if to.color_space == DataColorSpace::Gray && to.pcs == DataColorSpace::Lab {
        return lightness::from_srgb(to);
    }
    let levels = (0..T::LEVELS).map(T::from_level);
    if from.color_space == DataColorSpace::Gray {
        let input: Vec<T> = levels.collect();
        let mut output = vec![T::zeroed(); input.len() * 3];
        T::transform(from, Layout::Gray, to, Layout::Rgb)?.transform(&input, &mut output)?;
        Ok(output.into_iter().step_by(3).collect())
    } else {
        let input: Vec<T> = levels.flat_map(|level| [level; 3]).collect();
        let mut output = vec![T::zeroed(); T::LEVELS as usize];
        T::transform(from, Layout::Rgb, to, Layout::Gray)?.transform(&input, &mut output)?;
        Ok(output)
    }
}

/// Replaces the first channel by what the table says; alpha, if any, stays.
fn look_up<T: ColourSample>(samples: &mut [T], channels: u8, table: &[T]) {
    for sample in samples.iter_mut().step_by(channels.into()) {
        *sample = table[sample.level()];
    }
}

/// The engine wants separate source and destination: one row of scratch serves.
fn apply_rows<T: ColourSample>(
    samples: &mut [T],
    size: (u32, u32),
    channels: u8,
    transform: &dyn TransformExecutor<T>,
) -> Result<(), Error> {
    let mut scratch = zeroed(sample_count(size.0, 1, channels)?)?;
    for row in samples.chunks_exact_mut(scratch.len()) {
        scratch.copy_from_slice(row);
        transform.transform(&scratch, row).map_err(failed_inside)?;
    }
    Ok(())
}

fn failed_inside(e: impl Display) -> Error {
    Error::Decode(format!("The colour conversion failed: {e}"))
}

/// RGB or RGBA in place, the darkest colour to black.
fn from_rgb<T: ColourSample>(
    samples: &mut [T],
    size: (u32, u32),
    channels: u8,
    transform: &dyn TransformExecutor<T>,
) -> Result<(), Error> {
    let length = usize::from(channels);
    let mut darkest = [T::zeroed(); 4];
    transform.transform(&[T::zeroed(); 4][..length], &mut darkest[..length]).map_err(failed_inside)?;
    apply_rows(samples, size, channels, transform)?;
    let [r, g, b, _] = darkest;
    if let Some(table) = black_point_table([r, g, b]) {
        for pixel in samples.chunks_exact_mut(length) {
            pixel[..3].iter_mut().for_each(|sample| *sample = table[sample.level()]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
