//! Moving pictures: frames composed one after the other, and written again as a file.
//!
//! A file stores each frame as a rectangle that is drawn on the canvas, and what becomes of it when the next is
//! shown. Here every frame comes out whole, with the rectangle in which it differs from the one before, so that nothing
//! else has to be computed again. Two canvases are in memory, whatever the number of frames.

mod write;

pub use self::write::{AnimationEncoder, AnimationOptions};

use super::colour::{self, ColourEncoding, ColourModel};
use super::decode::{self, FailOn};
use super::picture::{Raster, Samples, sample_count, zeroed};
use crate::error::Error;

/// A rectangle of an animation's canvas, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameArea {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl FrameArea {
    fn whole(size: (u32, u32)) -> FrameArea {
        FrameArea { x: 0, y: 0, width: size.0, height: size.1 }
    }

    /// Its intersection with a canvas.
    fn inside(self, (width, height): (u32, u32)) -> FrameArea {
        let (x, y) = (self.x.min(width), self.y.min(height));
        FrameArea { x, y, width: self.width.min(width - x), height: self.height.min(height - y) }
    }
}

/// What becomes of a frame when the next is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposal {
    Keep,
    /// Its area becomes transparent.
    Clear,
    /// Its area becomes what it was before.
    Restore,
}

/// What a file says of one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameControl {
    pub(super) area: FrameArea,
    /// Whether it is blended with the canvas by its alpha, or replaces it.
    pub(super) blend: bool,
    pub(super) disposal: Disposal,
    /// Milliseconds.
    pub(super) delay: u32,
}

/// What a file says of its frames.
pub(super) struct FrameTable {
    pub(super) size: (u32, u32),
    pub(super) frames: Vec<FrameControl>,
    pub(super) loops: u32,
    pub(super) encoding: Option<ColourEncoding>,
}

/// A frame as it is shown.
#[derive(Clone, Debug)]
pub struct Frame {
    /// RGBA, sRGB.
    pub picture: Raster,
    /// How long it is shown, in milliseconds.
    pub delay: u32,
    /// Where it differs from the frame before; `None`: nowhere.
    pub changed: Option<FrameArea>,
}

impl Frame {
    /// The changed area with so many pixels around it as there are, up to `margin`; without alpha where all of it is
    /// opaque. `None` where nothing changed.
    pub fn excerpt(&self, margin: u32) -> Option<(FrameArea, Raster)> {
        let FrameArea { x, y, width, height } = self.changed?;
        let (left, top) = (x.saturating_sub(margin), y.saturating_sub(margin));
        let right = x.saturating_add(width).saturating_add(margin).min(self.picture.width);
        let bottom = y.saturating_add(height).saturating_add(margin).min(self.picture.height);
        let area = FrameArea { x: left, y: top, width: right - left, height: bottom - top };
        let part = self.picture.crop(area.x, area.y, area.width, area.height);
        let Samples::U8(rgba) = &part.samples else { return Some((area, part)) };
        let pixels = rgba.as_chunks::<4>().0;
        if pixels.iter().any(|pixel| pixel[3] != 255) {
            return Some((area, part));
        }
        let rgb = pixels.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Some((area, Raster { channels: 3, samples: Samples::U8(rgb), ..part }))
    }
}

/// A file of several frames, read one at a time.
pub struct Animation {
    bytes: Vec<u8>,
    format: super::Format,
    table: FrameTable,
    fail_on: FailOn,
    next: usize,
    canvas: Vec<u8>,
    /// What was shown last, with its colours converted.
    shown: Option<Raster>,
    /// What is to be done before the next frame: the control of the frame shown last, and the canvas before it.
    before: Option<(FrameControl, Option<Vec<u8>>)>,
}

impl Animation {
    /// Opens a GIF, WebP or PNG of several frames; `None` for other files and for stills.
    ///
    /// # Errors
    /// Those of [`decode`](super::decode), of its header.
    pub fn open(
        bytes: Vec<u8>,
        fail_on: FailOn,
        limit_pixels: Option<u64>,
    ) -> Result<Option<Animation>, Error> {
        let (format, table) = match decode::frame_table(&bytes)? {
            (format, Some(table)) if table.frames.len() > 1 => (format, table),
            _ => return Ok(None),
        };
        decode::check_size(format, table.size, limit_pixels)?;
        let canvas = zeroed(sample_count(table.size.0, table.size.1, 4)?)?;
        Ok(Some(Animation { bytes, format, table, fail_on, next: 0, canvas, shown: None, before: None }))
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.table.size
    }

    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.table.frames.len()
    }

    /// How often it is shown; 0: for ever.
    pub fn loops(&self) -> u32 {
        self.table.loops
    }

    /// The format of the file.
    pub fn format(&self) -> super::Format {
        self.format
    }

    /// The next frame; `None` behind the last.
    ///
    /// # Errors
    /// Those of [`decode`](super::decode).
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        let Some(&control) = self.table.frames.get(self.next) else { return Ok(None) };
        let size = self.table.size;
        self.dispose();
        let kept = (control.disposal == Disposal::Restore).then(|| self.canvas.clone());
        let pixels = decode::decode_frame(&self.bytes, self.format, self.next, &control, self.fail_on)?;
        draw(&mut self.canvas, size, &control, &pixels);
        self.before = Some((control, kept));
        self.next += 1;

        let samples = Samples::U8(self.canvas.clone());
        let encoding = self.table.encoding.as_ref();
        let (samples, channels) =
            colour::to_srgb(samples, size, 4, ColourModel::Rgb, encoding, &mut Vec::new())?;
        let picture = Raster::new(size.0, size.1, channels, samples)?;
        let changed = match &self.shown {
            None => Some(FrameArea::whole(size)),
            Some(shown) => difference(shown, &picture),
        };
        self.shown = Some(picture.clone());
        Ok(Some(Frame { picture, delay: control.delay, changed }))
    }

    fn dispose(&mut self) {
        match self.before.take() {
            Some((FrameControl { disposal: Disposal::Clear, area, .. }, _)) => {
                for row in rows(&mut self.canvas, self.table.size, area) {
                    row.fill(0);
                }
            }
            Some((_, Some(canvas))) => self.canvas = canvas,
            _ => {}
        }
    }
}

/// The rows of an area of a canvas of RGBA.
fn rows(canvas: &mut [u8], size: (u32, u32), area: FrameArea) -> impl Iterator<Item = &mut [u8]> {
    let area = area.inside(size);
    let stride = size.0 as usize * 4;
    let (from, length) = (area.x as usize * 4, area.width as usize * 4);
    canvas
        .chunks_exact_mut(stride)
        .skip(area.y as usize)
        .take(area.height as usize)
        .map(move |row| &mut row[from..from + length])
}

fn draw(canvas: &mut [u8], size: (u32, u32), control: &FrameControl, pixels: &[u8]) {
    // A frame of no width draws nothing.
    let stride = (control.area.width as usize * 4).max(1);
    for (out, row) in rows(canvas, size, control.area).zip(pixels.chunks_exact(stride)) {
        for (out, pixel) in out.as_chunks_mut::<4>().0.iter_mut().zip(row.as_chunks::<4>().0) {
            *out = if control.blend { over(*pixel, *out) } else { *pixel };
        }
    }
}

/// One straight-alpha colour over another (Porter and Duff).
fn over(top: [u8; 4], bottom: [u8; 4]) -> [u8; 4] {
    match (top[3], bottom[3]) {
        (255, _) | (_, 0) => return top,
        (0, _) => return bottom,
        _ => {}
    }
    let (a, b) = (u32::from(top[3]), u32::from(bottom[3]));
    // Shares of 255 * 255.
    let (near, far) = (a * 255, b * (255 - a));
    let all = near + far;
    let mix = |i: usize| ((u32::from(top[i]) * near + u32::from(bottom[i]) * far + all / 2) / all) as u8;
    [mix(0), mix(1), mix(2), ((all + 127) / 255) as u8]
}

/// The smallest rectangle outside of which two pictures of one size show the same.
fn difference(a: &Raster, b: &Raster) -> Option<FrameArea> {
    let (Samples::U8(a_samples), Samples::U8(b_samples)) = (&a.samples, &b.samples) else {
        return Some(FrameArea::whole((b.width, b.height)));
    };
    let stride = a.stride();
    let (mut top, mut bottom, mut left, mut right) = (None, 0, usize::MAX, 0);
    for (y, (a, b)) in a_samples.chunks_exact(stride).zip(b_samples.chunks_exact(stride)).enumerate() {
        let differs = |(a, b): (&[u8; 4], &[u8; 4])| a != b && (a[3], b[3]) != (0, 0);
        let pairs = a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0);
        let Some(first) = pairs.clone().position(differs) else { continue };
        let last = pairs.clone().rposition(differs).unwrap_or(first);
        top.get_or_insert(y);
        (bottom, left, right) = (y, left.min(first), right.max(last));
    }
    let top = top?;
    Some(FrameArea {
        x: left as u32,
        y: top as u32,
        width: (right - left + 1) as u32,
        height: (bottom - top + 1) as u32,
    })
}

#[cfg(test)]
mod tests;
