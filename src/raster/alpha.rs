//! The alpha channel: flattening, constancy, and colour under transparent pixels.

use super::picture::{LUMA, Raster, Samples};

/// What the arithmetic on alpha needs to know of a sample type.
trait AlphaSample: Copy + PartialEq {
    /// Full intensity, and full opacity.
    const MAX: f32;
    fn to_f32(self) -> f32;
    fn from_f32(value: f32) -> Self;
}

impl AlphaSample for u8 {
    const MAX: f32 = 255.0;
    fn to_f32(self) -> f32 {
        self.into()
    }
    fn from_f32(value: f32) -> Self {
        value.round() as u8
    }
}

impl AlphaSample for u16 {
    const MAX: f32 = 65535.0;
    fn to_f32(self) -> f32 {
        self.into()
    }
    fn from_f32(value: f32) -> Self {
        value.round() as u16
    }
}

impl AlphaSample for f32 {
    const MAX: f32 = 255.0;
    fn to_f32(self) -> f32 {
        self
    }
    fn from_f32(value: f32) -> Self {
        value
    }
}

/// The opacity (0..=1) that all pixels share, 1 where there is no alpha channel; `None` where it varies.
pub fn constant_alpha(raster: &Raster) -> Option<f32> {
    fn shared<T: AlphaSample>(samples: &[T], channels: usize) -> Option<f32> {
        let first = *samples.get(channels - 1)?;
        let same = samples.chunks_exact(channels).all(|pixel| pixel[channels - 1] == first);
        same.then(|| first.to_f32() / T::MAX)
    }
    if !raster.has_alpha() {
        return Some(1.0);
    }
    match &raster.samples {
        Samples::U8(v) => shared(v, raster.channels.into()),
        Samples::U16(v) => shared(v, raster.channels.into()),
        Samples::F32(v) => shared(v, raster.channels.into()),
    }
}

/// Lays the picture over a background (sRGB, 0..=255) and drops the alpha channel. A grey picture takes the
/// background's luma (BT.601 weights) and stays grey. Without an alpha channel nothing changes.
pub fn flatten(raster: &mut Raster, background: [u8; 3]) {
    if !raster.has_alpha() {
        return;
    }
    let channels = usize::from(raster.channels);
    match &mut raster.samples {
        Samples::U8(v) => composite(v, channels, background),
        Samples::U16(v) => composite(v, channels, background),
        Samples::F32(v) => composite(v, channels, background),
    }
    raster.channels -= 1;
}

/// Composites in place: the shorter pixels are written behind the reading position.
fn composite<T: AlphaSample>(samples: &mut Vec<T>, channels: usize, background: [u8; 3]) {
    let colours = channels - 1;
    let below = background.map(f32::from);
    let luma = LUMA.iter().zip(below).map(|(weight, value)| weight * value).sum::<f32>();
    let below = if colours == 1 { [luma; 3] } else { below };
    let below = below.map(|value| value / 255.0 * T::MAX);
    let pixels = samples.len() / channels;
    for pixel in 0..pixels {
        let opacity = (samples[pixel * channels + colours].to_f32() / T::MAX).clamp(0.0, 1.0);
        for (c, below) in below.iter().enumerate().take(colours) {
            let above = samples[pixel * channels + c].to_f32();
            samples[pixel * colours + c] = T::from_f32(above * opacity + below * (1.0 - opacity));
        }
    }
    samples.truncate(pixels * colours);
}

/// Gives fully transparent pixels the colour of their nearest non-transparent neighbours, so that what a network or
/// a filter mixes across the edge is the picture's own colour and not whatever the file hides there. Alpha is left
/// as it is; a picture without alpha, or with nothing visible, is left alone.
///
/// The colour spreads one pixel at a time in all eight directions; a pixel takes the mean of the neighbours that
/// were coloured in earlier rounds. Every pixel is visited once, so the time is linear in the number of pixels.
pub fn bleed_alpha(raster: &mut Raster) {
    if !raster.has_alpha() {
        return;
    }
    let size = (raster.width as usize, raster.height as usize);
    let channels = usize::from(raster.channels);
    match &mut raster.samples {
        Samples::U8(v) => bleed(v, size, channels),
        Samples::U16(v) => bleed(v, size, channels),
        Samples::F32(v) => bleed(v, size, channels),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Empty,
    Queued,
    Coloured,
}

fn bleed<T: AlphaSample>(samples: &mut [T], (width, height): (usize, usize), channels: usize) {
    let colours = channels - 1;
    let mut state: Vec<State> = samples
        .chunks_exact(channels)
        .map(|pixel| if pixel[colours].to_f32() > 0.0 { State::Coloured } else { State::Empty })
        .collect();
    let neighbours = |pixel: usize| {
        let (x, y) = (pixel % width, pixel / width);
        let (xs, ys) =
            (x.saturating_sub(1)..=(x + 1).min(width - 1), y.saturating_sub(1)..=(y + 1).min(height - 1));
        ys.flat_map(move |y| xs.clone().map(move |x| y * width + x))
    };

    let mut edge: Vec<usize> = (0..state.len())
        .filter(|&pixel| {
            state[pixel] == State::Empty && neighbours(pixel).any(|other| state[other] == State::Coloured)
        })
        .collect();
    for &pixel in &edge {
        state[pixel] = State::Queued;
    }
    while !edge.is_empty() {
        for &pixel in &edge {
            let mut sum = [0.0; 3];
            let mut count = 0.0;
            for other in neighbours(pixel).filter(|&other| state[other] == State::Coloured) {
                for (sum, sample) in sum.iter_mut().zip(&samples[other * channels..][..colours]) {
                    *sum += sample.to_f32();
                }
                count += 1.0;
            }
            for (sample, sum) in samples[pixel * channels..][..colours].iter_mut().zip(sum) {
                *sample = T::from_f32(sum / count);
            }
        }
        let mut next = Vec::new();
        for &pixel in &edge {
            state[pixel] = State::Coloured;
            for other in neighbours(pixel) {
                if state[other] == State::Empty {
                    state[other] = State::Queued;
                    next.push(other);
                }
            }
        }
        edge = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey_alpha(width: u32, height: u32, pixels: &[[u8; 2]]) -> Raster {
        Raster::new(width, height, 2, Samples::U8(pixels.as_flattened().to_vec())).unwrap()
    }

    fn bytes(raster: &Raster) -> &[u8] {
        match &raster.samples {
            Samples::U8(v) => v,
            _ => panic!("not 8-bit"),
        }
    }

    #[test]
    fn colour_spreads_under_transparent_pixels() {
        // One row: the pixel in the middle of five is as far from 10 as from 30.
        let mut row = grey_alpha(7, 1, &[[10, 255], [0, 0], [99, 0], [1, 0], [2, 0], [30, 1], [7, 0]]);
        bleed_alpha(&mut row);
        assert_eq!(bytes(&row), [10, 255, 10, 0, 10, 0, 30, 0, 30, 0, 30, 1, 30, 0]);

        let mut meeting = grey_alpha(3, 1, &[[10, 255], [0, 0], [31, 255]]);
        bleed_alpha(&mut meeting);
        assert_eq!(bytes(&meeting), [10, 255, 21, 0, 31, 255]);
    }

    #[test]
    fn the_nearest_colour_wins_everywhere() {
        // A single opaque pixel must colour the whole picture, whatever its place.
        for (x, y) in [(0, 0), (4, 2), (2, 1)] {
            let mut samples = vec![0u16; 5 * 3 * 4];
            samples[(y * 5 + x) * 4..][..4].copy_from_slice(&[1, 2, 3, 4]);
            let mut raster = Raster::new(5, 3, 4, Samples::U16(samples)).unwrap();
            bleed_alpha(&mut raster);
            let Samples::U16(samples) = raster.samples else { panic!("depth changed") };
            assert!(samples.chunks(4).all(|pixel| pixel[..3] == [1, 2, 3]));
            assert_eq!(samples.iter().skip(3).step_by(4).filter(|&&alpha| alpha != 0).count(), 1);
        }
    }

    #[test]
    fn nothing_visible_and_no_alpha_stay_as_they_are() {
        for raster in
            [grey_alpha(2, 1, &[[5, 0], [6, 0]]), Raster::new(2, 1, 1, Samples::U8(vec![0, 9])).unwrap()]
        {
            let mut changed = raster.clone();
            bleed_alpha(&mut changed);
            assert_eq!(changed, raster);
        }
    }

    #[test]
    fn flattening_matches_the_formula() {
        let mut raster =
            Raster::new(3, 1, 4, Samples::U8(vec![200, 100, 0, 255, 9, 9, 9, 0, 255, 0, 51, 51])).unwrap();
        flatten(&mut raster, [0, 50, 100]);
        assert_eq!(raster.channels, 3);
        // 0.2 over 0.8: (51, 40, 90.2).
        assert_eq!(bytes(&raster), [200, 100, 0, 0, 50, 100, 51, 40, 90]);

        let mut grey = Raster::new(1, 1, 2, Samples::F32(vec![100.0, 127.5])).unwrap();
        flatten(&mut grey, [255, 255, 255]);
        assert_eq!(grey, Raster::new(1, 1, 1, Samples::F32(vec![177.5])).unwrap());
    }

    #[test]
    fn constant_alpha_is_found() {
        let opaque = grey_alpha(2, 1, &[[1, 255], [2, 255]]);
        assert_eq!(constant_alpha(&opaque), Some(1.0));
        assert_eq!(constant_alpha(&grey_alpha(2, 1, &[[1, 51], [2, 51]])), Some(0.2));
        assert_eq!(constant_alpha(&grey_alpha(2, 1, &[[1, 255], [2, 254]])), None);
        assert_eq!(constant_alpha(&Raster::new(1, 1, 3, Samples::U8(vec![0; 3])).unwrap()), Some(1.0));
    }
}
