//! Animations to files: WebP by libwebp, PNG by the `png` crate, GIF by the `gif` crate.

mod gif;
mod png;
mod webp;

use super::{FrameArea, rows};
use crate::error::Error;
use crate::raster::picture::{sample_count, zeroed};
use crate::raster::{Format, Raster, Samples, max_side};

/// How an animation is written.
#[derive(Clone, Copy, Debug)]
pub struct AnimationOptions {
    /// GIF, WebP or PNG.
    pub format: Format,
    pub width: u32,
    pub height: u32,
    pub frames: u32,
    /// How often it is shown; 0: for ever.
    pub loops: u32,
    /// 1..=100, of lossy WebP.
    pub quality: u8,
    /// Lossless WebP.
    pub lossless: bool,
}

/// Writes frames to a file, one at a time.
pub struct AnimationEncoder {
    options: AnimationOptions,
    written: u32,
    /// The frame as it stands: RGBA.
    canvas: Vec<u8>,
    writer: Box<dyn Writer + Send>,
}

/// A writer of one format.
trait Writer {
    /// Adds a whole frame of RGBA, which differs from the one before in `changed` alone.
    fn add(&mut self, rgba: &[u8], changed: FrameArea, delay: u32) -> Result<(), Error>;
    /// The file.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error>;
}

impl AnimationEncoder {
    /// # Errors
    /// [`Error::UnsupportedFormat`] for formats without animation here; [`Error::Encode`] where the format cannot hold
    /// the size; [`Error::InvalidArgument`] for a quality out of range.
    pub fn new(options: AnimationOptions) -> Result<Self, Error> {
        let limit = match options.format {
            Format::Gif => Some(gif::MAX_SIDE),
            Format::Webp | Format::Png => max_side(options.format),
            _ => None,
        };
        let Some(limit) = limit else {
            return Err(Error::UnsupportedFormat(format!(
                "Expected GIF, WebP or PNG as the format of an animation but received {}",
                options.format
            )));
        };
        let AnimationOptions { width, height, quality, .. } = options;
        if width == 0 || height == 0 || width > limit || height > limit {
            return Err(Error::Encode(format!(
                "Expected at most {limit} pixels on a side for {} but received {width}x{height}",
                options.format
            )));
        }
        if !(1..=100).contains(&quality) {
            return Err(Error::InvalidArgument(format!(
                "Expected a quality of 1 to 100 but received {quality}"
            )));
        }
        let writer: Box<dyn Writer + Send> = match options.format {
            Format::Webp => Box::new(webp::WebpWriter::new(&options)?),
            Format::Gif => Box::new(gif::GifWriter::new(&options)?),
            _ => Box::new(png::PngWriter::new(&options)?),
        };
        let canvas = zeroed(sample_count(width, height, 4)?)?;
        Ok(AnimationEncoder { options, written: 0, canvas, writer })
    }

    /// Adds a frame that differs from the one before in the area `to`, whose pixels stand in `picture` from the place
    /// `from` on; the picture has 1 to 4 channels.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the area does not lie in both; [`Error::Encode`].
    pub fn add(
        &mut self,
        picture: &Raster,
        from: (u32, u32),
        to: FrameArea,
        delay: u32,
    ) -> Result<(), Error> {
        let size = (self.options.width, self.options.height);
        let ends = |(x, y): (u32, u32)| x.checked_add(to.width).zip(y.checked_add(to.height));
        let within = |at, size: (u32, u32)| ends(at).is_some_and(|(x, y)| x <= size.0 && y <= size.1);
        if !within(from, (picture.width, picture.height)) || !within((to.x, to.y), size) {
            return Err(Error::InvalidArgument(format!(
                "Expected {}x{} pixels inside of the frame and the picture",
                to.width, to.height
            )));
        }
        if to.width > 0 && to.height > 0 {
            let part = rgba(picture.crop(from.0, from.1, to.width, to.height));
            let rows = rows(&mut self.canvas, size, to);
            rows.zip(part.chunks_exact(to.width as usize * 4))
                .for_each(|(out, row)| out.copy_from_slice(row));
        }
        let changed = if self.written == 0 { FrameArea::whole(size) } else { to };
        self.written += 1;
        self.writer.add(&self.canvas, changed, delay)
    }

    /// The file.
    ///
    /// # Errors
    /// [`Error::Encode`], also where another number of frames was announced.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        if self.written != self.options.frames {
            return Err(Error::Encode(format!(
                "Expected {} frames but received {}",
                self.options.frames, self.written
            )));
        }
        self.writer.finish()
    }
}

fn rgba(frame: Raster) -> Vec<u8> {
    let channels = frame.channels;
    let samples = Samples::into_u8(frame.samples);
    match channels {
        4 => samples,
        3 => samples.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect(),
        2 => samples.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [g, g, g, a]).collect(),
        _ => samples.into_iter().flat_map(|g| [g, g, g, 255]).collect(),
    }
}

/// The pixels of an area of a frame of RGBA that is `width` pixels wide.
fn cut(rgba: &[u8], width: u32, area: FrameArea) -> Vec<u8> {
    let stride = width as usize * 4;
    let (from, length) = (area.x as usize * 4, area.width as usize * 4);
    let rows = rgba.chunks_exact(stride).skip(area.y as usize).take(area.height as usize);
    rows.flat_map(|row| &row[from..from + length]).copied().collect()
}
