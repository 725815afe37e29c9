//! Where tiles are stitched together: a canvas is a run of rows of the result, shared by the workers that fill it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::raster::{Raster, Samples};

/// The kind of samples that a result has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 0..=255.
    Eight,
    /// 0..=65535.
    Sixteen,
    /// Floats, 0..=255.
    Float,
}

/// A black picture.
///
/// # Errors
/// [`Error::Limit`] if its memory cannot be had.
pub fn blank(width: u32, height: u32, channels: u8, depth: Depth) -> Result<Raster, Error> {
    let samples = u64::from(width) * u64::from(height) * u64::from(channels);
    let samples = match depth {
        Depth::Eight => zeroed(samples).map(Samples::U8),
        Depth::Sixteen => zeroed(samples).map(Samples::U16),
        Depth::Float => zeroed(samples).map(Samples::F32),
    }?;
    Ok(Raster { width, height, channels, samples })
}

fn zeroed<T: Clone + Default>(samples: u64) -> Result<Vec<T>, Error> {
    let refused =
        || Error::Limit(format!("Expected memory for {samples} samples but the system has none left"));
    let len = usize::try_from(samples).map_err(|_| refused())?;
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| refused())?;
    vec.resize(len, T::default());
    Ok(vec)
}

/// Rows of the result from `y` on, being filled.
#[derive(Clone)]
pub struct Canvas {
    picture: Arc<Mutex<Raster>>,
    y: u32,
}

impl Canvas {
    /// Black rows from `y` on.
    pub fn new(picture: Raster, y: u32) -> Canvas {
        Canvas { picture: Arc::new(Mutex::new(picture)), y }
    }

    /// The first row of the result that it holds.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// The rows themselves, for one worker at a time.
    pub fn picture(&self) -> MutexGuard<'_, Raster> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows, if this is the last handle to them; a copy otherwise.
    pub fn into_picture(self) -> Raster {
        match Arc::try_unwrap(self.picture) {
            Ok(picture) => picture.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => shared.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// A rectangle of a picture, copied out.
pub fn crop(picture: &Raster, x: u32, y: u32, width: u32, height: u32) -> Raster {
    let samples = match &picture.samples {
        Samples::U8(samples) => Samples::U8(crop_samples(samples, picture, (x, y), (width, height))),
        Samples::U16(samples) => Samples::U16(crop_samples(samples, picture, (x, y), (width, height))),
        Samples::F32(samples) => Samples::F32(crop_samples(samples, picture, (x, y), (width, height))),
    };
    Raster { width, height, channels: picture.channels, samples }
}

fn crop_samples<S: Copy>(
    samples: &[S],
    picture: &Raster,
    (x, y): (u32, u32),
    (width, height): (u32, u32),
) -> Vec<S> {
    let channels = usize::from(picture.channels);
    let (stride, row) = (picture.width as usize * channels, width as usize * channels);
    let mut out = Vec::with_capacity(row * height as usize);
    for y in y..y + height {
        out.extend_from_slice(&samples[y as usize * stride + x as usize * channels..][..row]);
    }
    out
}

/// Copies `part` into `picture` with its left upper corner at (`x`, `y`); both have the same channels and samples.
pub fn paste(picture: &mut Raster, part: &Raster, x: u32, y: u32) {
    let channels = usize::from(picture.channels);
    let stride = picture.width as usize * channels;
    let at = y as usize * stride + x as usize * channels;
    let row = part.width as usize * channels;
    match (&mut picture.samples, &part.samples) {
        (Samples::U8(to), Samples::U8(from)) => paste_samples(&mut to[at..], from, stride, row),
        (Samples::U16(to), Samples::U16(from)) => paste_samples(&mut to[at..], from, stride, row),
        (Samples::F32(to), Samples::F32(from)) => paste_samples(&mut to[at..], from, stride, row),
        _ => unreachable!("both pictures come from the same job, which has one depth"),
    }
}

fn paste_samples<S: Copy>(to: &mut [S], from: &[S], stride: usize, row: usize) {
    for (to, from) in to.chunks_mut(stride).zip(from.chunks_exact(row)) {
        to[..row].copy_from_slice(from);
    }
}

/// The picture as samples of this depth.
pub fn convert(picture: Raster, depth: Depth) -> Raster {
    let samples = match (picture.samples, depth) {
        (samples @ Samples::U8(_), Depth::Eight)
        | (samples @ Samples::U16(_), Depth::Sixteen)
        | (samples @ Samples::F32(_), Depth::Float) => samples,
        (samples, Depth::Eight) => Samples::U8(samples.into_u8()),
        (samples, Depth::Sixteen) => Samples::U16(samples.into_u16()),
        (Samples::U8(samples), Depth::Float) => Samples::F32(samples.into_iter().map(f32::from).collect()),
        (Samples::U16(samples), Depth::Float) => {
            Samples::F32(samples.into_iter().map(|sample| f32::from(sample) / 257.0).collect())
        }
    };
    Raster { samples, ..picture }
}

/// The kind of its samples.
pub fn depth(picture: &Raster) -> Depth {
    match picture.samples {
        Samples::U8(_) => Depth::Eight,
        Samples::U16(_) => Depth::Sixteen,
        Samples::F32(_) => Depth::Float,
    }
}
