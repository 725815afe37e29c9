//! The blocks of a GIF (GIF89a): frames and what is said of them, without their pixels.

use crate::error::Error;
use crate::raster::animation::Disposal;
use crate::raster::decode::damage::Damage;
use crate::raster::picture::{sample_count, zeroed};
use crate::raster::sniff::Format;
use weezl::{BitOrder, LzwStatus};

/// The colours of a palette, three bytes each.
type Palette<'a> = &'a [u8];

/// What the file says before its first frame.
pub(super) struct Screen<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    palette: Option<Palette<'a>>,
    /// Where the blocks begin.
    blocks: usize,
}

/// A frame.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) transparent: Option<u8>,
    pub(super) interlaced: bool,
    /// Its own or that of the file.
    pub(super) palette: Option<Palette<'a>>,
    pub(super) disposal: Disposal,
    /// How long it is shown, in milliseconds.
    pub(super) delay: u32,
    /// The bits of the first code, then the chain of sub-blocks, to the end of the file.
    data: &'a [u8],
}

/// An element of a file.
pub(super) enum GifBlock<'a> {
    Frame(Frame<'a>),
    /// How often an animation is shown; 0: for ever.
    Repeat(u16),
}

impl<'a> Screen<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (width, height) = (short(bytes, 6)?, short(bytes, 8)?);
        let size = palette_size(*bytes.get(10)?);
        let palette = bytes.get(13..13 + size).filter(|palette| !palette.is_empty());
        Some(Screen { width, height, palette, blocks: 13 + size })
    }

    /// The blocks to the trailer, or to the end of the file.
    pub(super) fn blocks(&self, bytes: &'a [u8]) -> impl Iterator<Item = GifBlock<'a>> {
        let mut reader =
            Reader { bytes, at: self.blocks, control: Control::default(), palette: self.palette };
        std::iter::from_fn(move || reader.next())
    }

    pub(super) fn frames(&self, bytes: &'a [u8]) -> impl Iterator<Item = Frame<'a>> {
        self.blocks(bytes).filter_map(|block| match block {
            GifBlock::Frame(frame) => Some(frame),
            GifBlock::Repeat(_) => None,
        })
    }
}

/// What a graphic control extension says of the frame that follows.
struct Control {
    transparent: Option<u8>,
    disposal: Disposal,
    delay: u32,
}

impl Default for Control {
    fn default() -> Self {
        Control { transparent: None, disposal: Disposal::Keep, delay: 0 }
    }
}

impl Control {
    fn read(data: &[u8]) -> Option<Self> {
        let &[flags, low, high, index] = data.first_chunk::<4>()?;
        Some(Control {
            transparent: (flags & 1 != 0).then_some(index),
            disposal: match flags >> 2 & 7 {
                2 => Disposal::Clear,
                3 => Disposal::Restore,
                _ => Disposal::Keep,
            },
            delay: u32::from(u16::from_le_bytes([low, high])) * 10,
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    control: Control,
    palette: Option<Palette<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<GifBlock<'a>> {
        loop {
            match *self.bytes.get(self.at)? {
                0x2c => return self.frame().map(GifBlock::Frame),
                0x21 => {
                    if let Some(block) = self.extension()? {
                        return Some(block);
                    }
                }
                0x3b => return None,
                // What should not be here is passed over, as in browsers.
                _ => self.at += 1,
            }
        }
    }

    fn frame(&mut self) -> Option<Frame<'a>> {
        let field = |i: usize| short(self.bytes, self.at + 1 + 2 * i);
        let (left, top, width, height) = (field(0)?, field(1)?, field(2)?, field(3)?);
        let flags = *self.bytes.get(self.at + 9)?;
        let start = self.at + 10 + palette_size(flags);
        let own = self.bytes.get(self.at + 10..start)?;
        let Control { transparent, disposal, delay } = std::mem::take(&mut self.control);
        self.at = after_blocks(self.bytes, start + 1).unwrap_or(self.bytes.len());
        Some(Frame {
            left,
            top,
            width,
            height,
            transparent,
            interlaced: flags & 0x40 != 0,
            palette: if own.is_empty() { self.palette } else { Some(own) },
            disposal,
            delay,
            data: self.bytes.get(start..)?,
        })
    }

    fn extension(&mut self) -> Option<Option<GifBlock<'a>>> {
        let kind = *self.bytes.get(self.at + 1)?;
        let length = usize::from(*self.bytes.get(self.at + 2)?);
        let data = self.bytes.get(self.at + 3..self.at + 3 + length)?;
        let mut found = None;
        match kind {
            0xf9 => self.control = Control::read(data).unwrap_or_default(),
            0xff if matches!(data, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => {
                let block = self.bytes.get(self.at + 3 + length..)?;
                if let [3, 1, low, high, ..] = block {
                    found = Some(GifBlock::Repeat(u16::from_le_bytes([*low, *high])));
                }
            }
            _ => {}
        }
        self.at = after_blocks(self.bytes, self.at + 2)?;
        Some(found)
    }
}

impl Frame<'_> {
    /// Decodes the frame: `paint` gets each row's place in the frame and its palette indices. A row that stops early
    /// is handed out as far as it goes.
    ///
    /// # Errors
    /// [`Error::Limit`] where its memory cannot be had; what is broken is returned as damage.
    pub(super) fn decode(&self, mut paint: impl FnMut(usize, &[u8])) -> Result<Option<Damage>, Error> {
        const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];
        let (width, height) = (self.width as usize, self.height as usize);
        if width == 0 || height == 0 {
            return Ok(None);
        }
        // All at once: the decoder loses the last pixels of short streams when it is asked for them row by row.
        let mut indices = zeroed(sample_count(self.width, self.height, 1)?)?;
        let (filled, damage) = match Codes::new(self.data) {
            Ok(mut codes) => codes.fill(&mut indices, width),
            Err(damage) => (0, Some(damage)),
        };
        // GIF89a, appendix E: the first row and the step of each pass.
        let passes = if self.interlaced { &PASSES[..] } else { &[(0, 1)] };
        let order = passes.iter().flat_map(|&(first, step)| (first..height).step_by(step));
        for (row, y) in indices[..filled].chunks(width).zip(order) {
            paint(y, row);
        }
        Ok(damage)
    }
}

/// The codes of a frame as they are read.
struct Codes<'a> {
    decoder: weezl::decode::Decoder,
    /// What is left of the sub-block in use.
    block: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
    end: End,
}

enum End {
    NotYet,
    /// The end code or the last sub-block: the frame has fewer pixels than it says.
    Short,
    /// The file stops.
    Cut,
    Broken,
}

impl<'a> Codes<'a> {
    fn new(data: &'a [u8]) -> Result<Self, Damage> {
        let [size, rest @ ..] = data else {
            return Err(Damage::truncated(Format::Gif, "its frame has no pixels"));
        };
        if !(1..=11).contains(size) {
            return Err(Damage::corrupt(Format::Gif, format!("codes of {size} bits")));
        }
        Ok(Codes {
            decoder: weezl::decode::Decoder::new(BitOrder::Lsb, *size),
            block: &[],
            rest,
            end: End::NotYet,
        })
    }

    /// Fills the frame as far as the codes go.
    fn fill(&mut self, out: &mut [u8], width: usize) -> (usize, Option<Damage>) {
        let mut filled = 0;
        while filled < out.len() && matches!(self.end, End::NotYet) {
            let result = self.decoder.decode_bytes(self.block, &mut out[filled..]);
            self.block = &self.block[result.consumed_in..];
            filled += result.consumed_out;
            match result.status {
                Ok(LzwStatus::Done) => self.end = End::Short,
                Err(_) => self.end = End::Broken,
                Ok(_) if result.consumed_in + result.consumed_out > 0 => {}
                Ok(_) => self.next_block(),
            }
        }
        let damage = (filled < out.len()).then(|| self.damage(filled / width, out.len() / width));
        (filled, damage)
    }

    fn next_block(&mut self) {
        match self.rest {
            [] => self.end = End::Cut,
            [0, ..] => self.end = End::Short,
            [length, rest @ ..] => {
                (self.block, self.rest) = rest.split_at(usize::from(*length).min(rest.len()));
                if self.block.is_empty() {
                    self.end = End::Cut;
                }
            }
        }
    }

    fn damage(&self, rows: usize, height: usize) -> Damage {
        let detail = format!("its frame has {rows} of {height} rows");
        match self.end {
            // All blocks are there: as in sharp, the rest is blank.
            End::Short => Damage::irregular(Format::Gif, detail),
            End::Broken => Damage::corrupt(Format::Gif, format!("{detail}, then codes that make no sense")),
            _ => Damage::truncated(Format::Gif, detail),
        }
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]).into())
}

/// Bytes of the palette that the flags of a descriptor announce.
fn palette_size(flags: u8) -> usize {
    if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 }
}

/// Where the chain of sub-blocks that starts at `at` has ended.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let size @ 1.. = usize::from(*bytes.get(at)?) {
        at += 1 + size;
    }
    Some(at + 1)
}
