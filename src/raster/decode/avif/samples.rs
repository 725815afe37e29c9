//! Planes of floats to interleaved samples.

/// Writes planes of a row as channels of its pixels, `first` and those that follow.
pub fn write<T: AvifSample>(planes: &[Vec<f32>], pixels: &mut [T], channels: usize, first: usize) {
    if let ([red, green, blue], 3) = (planes, channels) {
        write_rgb([red, green, blue], pixels);
        return;
    }
    for (channel, plane) in (first..).zip(planes) {
        for (pixel, value) in pixels.chunks_exact_mut(channels).zip(plane) {
            pixel[channel] = T::from_unit(*value);
        }
    }
}

/// Writes pixels without alpha: some are rounded at a time, which SIMD does for each plane, and then interleaved.
fn write_rgb<T: AvifSample>([red, green, blue]: [&[f32]; 3], pixels: &mut [T]) {
    const BLOCK: usize = 64;
    let planes = red.chunks(BLOCK).zip(green.chunks(BLOCK)).zip(blue.chunks(BLOCK));
    for (pixels, ((red, green), blue)) in pixels.chunks_mut(3 * BLOCK).zip(planes) {
        let mut levels = [[T::zeroed(); BLOCK]; 3];
        for (levels, plane) in levels.iter_mut().zip([red, green, blue]) {
            levels.iter_mut().zip(plane).for_each(|(level, value)| *level = T::from_unit(*value));
        }
        for (x, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = [levels[0][x], levels[1][x], levels[2][x]];
        }
    }
}

/// Premultiplied colour to straight colour; alpha is the last of `channels`.
pub fn divide_alpha<T: AvifSample>(samples: &mut [T], channels: usize) {
    for pixel in samples.chunks_exact_mut(channels) {
        let alpha = pixel[channels - 1].to_unit().max(f32::MIN_POSITIVE);
        for sample in &mut pixel[..channels - 1] {
            *sample = T::from_unit(sample.to_unit() / alpha);
        }
    }
}

/// Samples of the result.
pub trait AvifSample: bytemuck::Pod {
    /// From 0..=1.
    fn from_unit(value: f32) -> Self;
    fn to_unit(self) -> f32;
}

impl AvifSample for u8 {
    fn from_unit(value: f32) -> Self {
        rounded((value * 255.0).clamp(0.0, 255.0)) as u8
    }
    fn to_unit(self) -> f32 {
        f32::from(self) / 255.0
    }
}

impl AvifSample for u16 {
    fn from_unit(value: f32) -> Self {
        rounded((value * 65535.0).clamp(0.0, 65535.0)) as u16
    }
    fn to_unit(self) -> f32 {
        f32::from(self) / 65535.0
    }
}

/// The nearest whole number of one from 0 to 65535. Without a call of the C library, which `f32::round` is on x86-64.
fn rounded(value: f32) -> i32 {
    let whole = value as i32;
    whole + i32::from(value - whole as f32 >= 0.5)
}
