//! The first frame of a GIF. Blocks are walked here; `weezl` reads the codes.
//!
//! The `gif` crate loses the last rows of small interlaced frames, refuses screens of no size and frames without a
//! palette, and gives nothing of a frame that stops early. What there is beside the codes is little.

mod blocks;

use self::blocks::{Frame, GifBlock, Screen};
use super::damage::{Damage, broken_header};
use super::{ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::animation::{FrameArea, FrameControl, FrameTable};
use crate::raster::picture::{Samples, sample_count, zeroed};

pub(super) struct Gif<'a> {
    frame: Option<Frame<'a>>,
    header: Header,
}

impl<'a> Gif<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let screen = Screen::read(bytes).ok_or_else(|| broken_header(Format::Gif, "it ends too early"))?;
        let frame = screen.frames(bytes).next();
        let (mut width, mut height) = (screen.width, screen.height);
        if let Some(frame) = &frame {
            // As in sharp, the screen grows to hold its first frame.
            width = width.max(frame.left + frame.width);
            height = height.max(frame.top + frame.height);
        }
        if width == 0 || height == 0 {
            return Err(broken_header(Format::Gif, format!("a size of {width}x{height}")));
        }
        // As in sharp, what an opaque frame does not cover is black.
        let channels = if frame.as_ref().is_some_and(|frame| frame.transparent.is_some()) { 4 } else { 3 };
        let header = Header {
            format: Format::Gif,
            width,
            height,
            channels,
            depth: 8,
            orientation: 1,
            decoder_bytes: 0,
        };
        Ok(Gif { frame, header })
    }
}

impl FormatDecoder for Gif<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let Header { width, height, channels, .. } = self.header;
        let mut warnings = Vec::new();
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        match &self.frame {
            None => Damage::truncated(Format::Gif, "it has no frame").tolerate(fail_on, &mut warnings)?,
            Some(frame) => {
                let colours = Colours::of(frame);
                let channels = usize::from(channels);
                let decoded = frame.decode(|y, row| {
                    let start = (frame.top as usize + y) * width as usize + frame.left as usize;
                    colours.paint(row, channels, &mut samples[start * channels..]);
                })?;
                if let Some(damage) = decoded {
                    damage.tolerate(fail_on, &mut warnings)?;
                }
            }
        }
        Ok(Pixels {
            samples: Samples::U8(samples),
            channels: self.header.channels,
            model: ColourModel::Rgb,
            alpha: None,
            encoding: None,
            metadata: Metadata::default(),
            quality: None,
            warnings,
        })
    }
}

/// The frames of a file: the screen grows to hold all of them, as in sharp.
pub(super) fn frame_table(bytes: &[u8]) -> Option<FrameTable> {
    let screen = Screen::read(bytes)?;
    let (mut width, mut height) = (screen.width, screen.height);
    // Without the block that says so an animation is shown once.
    let mut loops = 1;
    let mut frames = Vec::new();
    for block in screen.blocks(bytes) {
        match block {
            // The block counts repetitions after the first showing.
            GifBlock::Repeat(times) => loops = if times == 0 { 0 } else { u32::from(times) + 1 },
            GifBlock::Frame(frame) => {
                width = width.max(frame.left + frame.width);
                height = height.max(frame.top + frame.height);
                let area =
                    FrameArea { x: frame.left, y: frame.top, width: frame.width, height: frame.height };
                frames.push(FrameControl { area, blend: true, disposal: frame.disposal, delay: frame.delay });
            }
        }
    }
    Some(FrameTable { size: (width, height), frames, loops, encoding: None })
}

/// The pixels of a frame, RGBA, transparent where there are none.
pub(super) fn decode_frame(bytes: &[u8], index: usize, fail_on: FailOn) -> Result<Vec<u8>, Error> {
    let frame = Screen::read(bytes).and_then(|screen| screen.frames(bytes).nth(index));
    let frame = frame.ok_or_else(|| broken_header(Format::Gif, "a frame is missing"))?;
    let mut samples = zeroed(sample_count(frame.width, frame.height, 4)?)?;
    let colours = Colours::of(&frame);
    let damage =
        frame.decode(|y, row| colours.paint(row, 4, &mut samples[y * frame.width as usize * 4..]))?;
    if let Some(damage) = damage {
        damage.tolerate(fail_on, &mut Vec::new())?;
    }
    Ok(samples)
}

/// The colours of a frame.
struct Colours {
    table: [[u8; 4]; 256],
}

impl Colours {
    /// Those of its palette; black and white where there is none. Places beyond the palette are black.
    fn of(frame: &Frame) -> Self {
        const DEFAULT: &[u8] = &[0, 0, 0, 255, 255, 255];
        let mut table = [[0, 0, 0, 255]; 256];
        for (entry, colour) in table.iter_mut().zip(frame.palette.unwrap_or(DEFAULT).as_chunks::<3>().0) {
            entry[..3].copy_from_slice(colour);
        }
        if let Some(transparent) = frame.transparent {
            table[usize::from(transparent)] = [0; 4];
        }
        Colours { table }
    }

    fn paint(&self, indices: &[u8], channels: usize, out: &mut [u8]) {
        match channels {
            3 => self.paint_all::<3>(indices, out),
            _ => self.paint_all::<4>(indices, out),
        }
    }

    fn paint_all<const CHANNELS: usize>(&self, indices: &[u8], out: &mut [u8]) {
        for (index, out) in indices.iter().zip(out.as_chunks_mut::<CHANNELS>().0) {
            out.copy_from_slice(&self.table[usize::from(*index)][..CHANNELS]);
        }
    }
}
