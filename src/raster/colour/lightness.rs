//! Grey profiles whose connection space is CIE L*a*b*: their curve gives lightness, not light (ICC.1, 8.3.4; LittleCMS
//! takes them so).

use super::black_point::srgb_decoded;
use super::{ColourSample, srgb_encoded};
use moxcms::{CmsError, ColorProfile};

/// For each level of the profile the level of sRGB's grey axis.
pub(super) fn to_srgb<T: ColourSample>(profile: &ColorProfile) -> Result<Vec<T>, CmsError> {
    let curve = profile.gray_trc.as_ref().ok_or(CmsError::InvalidProfile)?.make_linear_evaluator()?;
    let full = (T::LEVELS - 1) as f32;
    let level =
        |i: u32| srgb_encoded(luminance(curve.evaluate_value(i as f32 / full))).clamp(0.0, 1.0) * full;
    Ok((0..T::LEVELS).map(|i| T::from_level(level(i).round() as u32)).collect())
}

/// For each level of sRGB's grey axis the level of the profile.
pub(super) fn from_srgb<T: ColourSample>(profile: &ColorProfile) -> Result<Vec<T>, CmsError> {
    let curve = profile.gray_trc.as_ref().ok_or(CmsError::InvalidProfile)?.make_linear_evaluator()?;
    let full = (T::LEVELS - 1) as f32;
    let inverse = |i: u32| {
        let wanted = lightness(srgb_decoded(i as f32 / full));
        inverted(|value| curve.evaluate_value(value), wanted)
    };
    Ok((0..T::LEVELS).map(|i| T::from_level((inverse(i) * full).round() as u32)).collect())
}

/// Where in 0..=1 a curve that rises has that value.
pub(super) fn inverted(curve: impl Fn(f32) -> f32, wanted: f32) -> f32 {
    const STEPS: u32 = 20;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        if curve(middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// L* / 100 to Y (CIE 15:2004).
fn luminance(lightness: f32) -> f32 {
    let f = (lightness * 100.0 + 16.0) / 116.0;
    if f > 6.0 / 29.0 { f.powi(3) } else { (f - 4.0 / 29.0) * 108.0 / 841.0 }
}

fn lightness(luminance: f32) -> f32 {
    let f =
        if luminance > 216.0 / 24389.0 { luminance.cbrt() } else { luminance * 841.0 / 108.0 + 4.0 / 29.0 };
    (f * 116.0 - 16.0) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_of_the_standards_mid_grey() {
        // CIE 15: Y = 18.42 % is L* = 50.
        assert!((luminance(0.5) - 0.184_187).abs() < 1e-5);
        assert!((lightness(0.184_187) - 0.5).abs() < 1e-5);
        assert!((lightness(luminance(0.03)) - 0.03).abs() < 1e-5);
    }
}
