//! GIF: the changed rectangle of each frame, with a palette of its own and Floyd and Steinberg's dithering.

use super::{AnimationOptions, FrameArea, Writer, cut};
use crate::error::Error;
use color_quant::NeuQuant;
use gif::{DisposalMethod, Encoder, Frame, Repeat};
use std::borrow::Cow;

/// The format's limit on either side, in pixels.
pub(super) const MAX_SIDE: u32 = u16::MAX as u32;

/// The palette entry for transparent pixels; the others are colours.
const TRANSPARENT: u8 = 255;
/// Every so many pixels the network of the quantiser learns from: 1 is best, 10 its authors' default.
const LEARN_FROM: i32 = 3;

pub(super) struct GifWriter {
    encoder: Encoder<Vec<u8>>,
    size: (u32, u32),
    /// The frame before, which is written when it is known whether the next one makes pixels transparent.
    waiting: Option<Waiting>,
}

struct Waiting {
    rgba: Vec<u8>,
    changed: FrameArea,
    delay: u32,
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::Encode(format!("The GIF encoder failed: {e}"))
}

impl GifWriter {
    pub(super) fn new(options: &AnimationOptions) -> Result<Self, Error> {
        let (width, height) = (options.width, options.height);
        let mut encoder = Encoder::new(Vec::new(), width as u16, height as u16, &[]).map_err(failed)?;
        // The block counts repetitions after the first showing; without it there are none.
        match options.loops {
            0 => encoder.set_repeat(Repeat::Infinite).map_err(failed)?,
            1 => {}
            loops => encoder.set_repeat(Repeat::Finite((loops - 1).min(65535) as u16)).map_err(failed)?,
        }
        Ok(GifWriter { encoder, size: (width, height), waiting: None })
    }

    /// Writes the waiting frame; whole, and cleared afterwards, where the next makes pixels of it transparent.
    fn write(&mut self, clears: bool) -> Result<(), Error> {
        let Some(Waiting { rgba, changed, delay }) = self.waiting.take() else { return Ok(()) };
        let area = if clears { FrameArea::whole(self.size) } else { changed };
        let area = FrameArea { width: area.width.max(1), height: area.height.max(1), ..area };
        let pixels = cut(&rgba, self.size.0, area);
        let (palette, indices) = quantised(&pixels, area.width as usize);
        let frame = Frame {
            delay: u16::try_from((delay + 5) / 10).unwrap_or(u16::MAX),
            dispose: if clears { DisposalMethod::Background } else { DisposalMethod::Keep },
            transparent: Some(TRANSPARENT),
            left: area.x as u16,
            top: area.y as u16,
            width: area.width as u16,
            height: area.height as u16,
            palette: Some(palette),
            buffer: Cow::Owned(indices),
            ..Frame::default()
        };
        self.encoder.write_frame(&frame).map_err(failed)
    }
}

impl Writer for GifWriter {
    fn add(&mut self, rgba: &[u8], changed: FrameArea, delay: u32) -> Result<(), Error> {
        let mut changed = changed;
        if let Some(before) = &self.waiting {
            let shown = |pixel: &[u8; 4]| pixel[3] >= 128;
            let (old, new) = (before.rgba.as_chunks::<4>().0, rgba.as_chunks::<4>().0);
            let clears = old.iter().zip(new).any(|(old, new)| shown(old) && !shown(new));
            self.write(clears)?;
            if clears {
                changed = FrameArea::whole(self.size);
            }
        }
        self.waiting = Some(Waiting { rgba: rgba.to_vec(), changed, delay });
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Error> {
        self.write(false)?;
        self.encoder.into_inner().map_err(failed)
    }
}

/// A palette of at most 255 colours and a transparent one, and the places of the pixels in it.
fn quantised(rgba: &[u8], width: usize) -> (Vec<u8>, Vec<u8>) {
    let opaque: Vec<u8> =
        rgba.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] >= 128).flatten().copied().collect();
    let mut palette = match exact(&opaque) {
        Some(palette) => palette,
        None => NeuQuant::new(LEARN_FROM, usize::from(TRANSPARENT), &opaque).color_map_rgb(),
    };
    let colours = palette.len() / 3;
    let indices = dithered(rgba, width, &palette[..colours * 3]);
    palette.resize(256 * 3, 0);
    (palette, indices)
}

/// The colours themselves, where there are few.
fn exact(opaque: &[u8]) -> Option<Vec<u8>> {
    let mut colours = std::collections::BTreeSet::new();
    for pixel in opaque.as_chunks::<4>().0 {
        colours.insert([pixel[0], pixel[1], pixel[2]]);
        if colours.len() > usize::from(TRANSPARENT) {
            return None;
        }
    }
    let mut palette: Vec<u8> = colours.into_iter().flatten().collect();
    if palette.is_empty() {
        palette = vec![0; 3];
    }
    Some(palette)
}

/// Nearest colours, the error of each pixel handed on to those not yet done (7, 3, 5 and 1 sixteenths).
fn dithered(rgba: &[u8], width: usize, palette: &[u8]) -> Vec<u8> {
    let colours: Vec<[i32; 3]> =
        palette.as_chunks::<3>().0.iter().map(|colour| colour.map(i32::from)).collect();
    let mut nearest = Nearest { colours: &colours, known: vec![None; 1 << 18] };
    let mut out = Vec::with_capacity(rgba.len() / 4);
    let (mut here, mut below) = (vec![[0i32; 3]; width + 2], vec![[0i32; 3]; width + 2]);
    for row in rgba.chunks_exact(width * 4) {
        for (x, pixel) in row.as_chunks::<4>().0.iter().enumerate() {
            if pixel[3] < 128 {
                out.push(TRANSPARENT);
                continue;
            }
            let wanted: [i32; 3] =
                std::array::from_fn(|i| (i32::from(pixel[i]) + here[x + 1][i] / 16).clamp(0, 255));
            let index = nearest.of(wanted);
            out.push(index as u8);
            for i in 0..3 {
                let error = wanted[i] - colours[index][i];
                here[x + 2][i] += error * 7;
                below[x][i] += error * 3;
                below[x + 1][i] += error * 5;
                below[x + 2][i] += error;
            }
        }
        std::mem::swap(&mut here, &mut below);
        below.fill([0; 3]);
    }
    out
}

/// The nearest colour, remembered for each cube of four levels a side.
struct Nearest<'a> {
    colours: &'a [[i32; 3]],
    known: Vec<Option<u8>>,
}

impl Nearest<'_> {
    fn of(&mut self, wanted: [i32; 3]) -> usize {
        let key = wanted.iter().fold(0, |key, &level| key << 6 | (level >> 2) as usize);
        if let Some(index) = self.known[key] {
            return index.into();
        }
        let distance = |colour: &[i32; 3]| -> i32 {
            // Weights of the eye's sensitivity.
            [3, 4, 2].iter().zip(colour.iter().zip(&wanted)).map(|(w, (a, b))| w * (a - b) * (a - b)).sum()
        };
        let index =
            self.colours.iter().enumerate().min_by_key(|(_, colour)| distance(colour)).map_or(0, |(i, _)| i);
        self.known[key] = Some(index as u8);
        index
    }
}
