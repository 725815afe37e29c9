//! Black-point black_point_table: the darkest colour of a profile becomes black.
//!
//! LittleCMS, and with it sharp, does so for the perceptual intent. The darkest colour is taken as a neutral of its
//! luminance, and light is scaled linearly between it and white (ISO 18619). Because a neutral is a multiple of white,
//! that is the same curve for each channel of sRGB.

use super::{ColourSample, srgb_encoded};

/// The light of an sRGB signal (IEC 61966-2-1).
pub(super) fn srgb_decoded(signal: f32) -> f32 {
    if signal <= 0.040_45 { signal / 12.92 } else { ((signal + 0.055) / 1.055).powf(2.4) }
}

/// For each level the compensated one, or `None` where the darkest colour is black already.
pub(super) fn black_point_table<T: ColourSample>(darkest: [T; 3]) -> Option<Vec<T>> {
    const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];
    // CIE L* = 50, beyond which LittleCMS does not believe that this is a black.
    const LIGHTEST: f32 = 0.184;
    let full = (T::LEVELS - 1) as f32;
    let light = |level: f32| srgb_decoded(level / full);
    let black: f32 = darkest.iter().zip(LUMINANCE).map(|(v, share)| light(v.level() as f32) * share).sum();
    let black = black.min(LIGHTEST);
    // Half a step of 8 bits above black would not be seen.
    if srgb_encoded(black) < 0.5 / 255.0 {
        return None;
    }
    let compensated =
        |level: u32| srgb_encoded(((light(level as f32) - black) / (1.0 - black)).max(0.0)) * full;
    Some((0..T::LEVELS).map(|level| T::from_level(compensated(level).round() as u32)).collect())
}
