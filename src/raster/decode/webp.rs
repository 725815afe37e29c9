//! WebP, by libwebp. The container (RIFF; developers.google.com/speed/webp/docs/riff_container) is read here.

use super::damage::{Damage, broken_header};
use super::libwebp;
use super::webp_quality::lossy_quality;
use super::{ColourEncoding, ColourModel, FailOn, Format, FormatDecoder, Header, Metadata, Pixels};
use crate::error::Error;
use crate::raster::animation::{Disposal, FrameArea, FrameControl, FrameTable};
use crate::raster::exif;
use crate::raster::picture::{Samples, sample_count, zeroed};

/// Bits of the flags of VP8X.
const HAS_PROFILE: u8 = 0x20;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

pub(super) struct Webp<'a> {
    bytes: &'a [u8],
    /// The first frame of an animation.
    frame: Option<Frame<'a>>,
    header: Header,
}

impl<'a> Webp<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = |e| broken_header(Format::Webp, e);
        let features = libwebp::features(bytes).map_err(broken)?;
        let (width, height) = (features.width, features.height);
        let (frame, alpha) = if features.animated {
            let chunk = chunks(bytes).find(|chunk| &chunk.kind == b"ANMF");
            let frame =
                chunk.and_then(|chunk| Frame::read(chunk.data)).ok_or("no first frame").map_err(broken)?;
            if !frame.lies_within((width, height)) {
                return Err(broken("a frame that lies outside of the picture"));
            }
            let covers = (frame.width, frame.height) == (width, height);
            let alpha = !covers || libwebp::features(frame.chunks).map_err(broken)?.alpha;
            (Some(frame), alpha)
        } else {
            (None, features.alpha)
        };
        let header = Header {
            format: Format::Webp,
            width,
            height,
            channels: if alpha { 4 } else { 3 },
            depth: 8,
            orientation: exif::orientation(
                flagged_chunk(bytes, HAS_EXIF, b"EXIF").map(exif::without_preamble),
            ),
            // Lossless pictures are unpacked as a whole, as ARGB.
            decoder_bytes: if lossy_quality(bytes).is_some() {
                0
            } else {
                u64::from(width) * u64::from(height) * 4
            },
        };
        Ok(Webp { bytes, frame, header })
    }

    fn pixels(&self) -> Result<Vec<u8>, Error> {
        let Header { width, height, channels, .. } = self.header;
        // As in sharp, no level accepts a picture that does not decode.
        let broken = |e| match e {
            "out of memory" => Error::Limit("Out of memory for the WebP".into()),
            e => Error::Decode(format!("The WebP is broken: {e}")),
        };
        let mut samples = zeroed(sample_count(width, height, channels)?)?;
        let Some(frame) = &self.frame else {
            libwebp::decode(self.bytes, (width, height), channels, &mut samples).map_err(broken)?;
            return Ok(samples);
        };
        let size = (frame.width, frame.height);
        if size == (width, height) {
            libwebp::decode(frame.chunks, size, channels, &mut samples).map_err(broken)?;
            return Ok(samples);
        }
        let mut part = zeroed(sample_count(frame.width, frame.height, channels)?)?;
        libwebp::decode(frame.chunks, size, channels, &mut part).map_err(broken)?;
        let (row, stride) = (size.0 as usize * 4, width as usize * 4);
        let start = frame.y as usize * stride + frame.x as usize * 4;
        for (row, out) in part.chunks_exact(row).zip(samples[start..].chunks_mut(stride)) {
            out[..row.len()].copy_from_slice(row);
        }
        Ok(samples)
    }
}

impl FormatDecoder for Webp<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn read(self: Box<Self>, fail_on: FailOn) -> Result<Pixels, Error> {
        let mut warnings = Vec::new();
        if let Some(missing) = missing_bytes(self.bytes) {
            let detail = format!("{missing} bytes are missing");
            Damage::truncated(Format::Webp, detail).tolerate(fail_on, &mut warnings)?;
        }
        Ok(Pixels {
            samples: Samples::U8(self.pixels()?),
            channels: self.header.channels,
            model: ColourModel::Rgb,
            alpha: None,
            encoding: flagged_chunk(self.bytes, HAS_PROFILE, b"ICCP")
                .map(|icc| ColourEncoding::Icc(icc.to_vec())),
            metadata: Metadata {
                exif: flagged_chunk(self.bytes, HAS_EXIF, b"EXIF").map(<[u8]>::to_vec),
                xmp: flagged_chunk(self.bytes, HAS_XMP, b"XMP ").map(<[u8]>::to_vec),
                ..Metadata::default()
            },
            quality: lossy_quality(self.bytes),
            warnings,
        })
    }
}

/// A chunk of the container.
struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

/// The chunks of a file up to the first that is cut off.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(12..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let data = after.get(..length)?;
        rest = after.get(length + (length & 1)..).unwrap_or(&[]);
        Some(Chunk { kind: *kind, data })
    })
}

/// A chunk of metadata whose flag VP8X sets; without it the chunk is to be ignored, as libwebp's tools and sharp do.
fn flagged_chunk<'a>(bytes: &'a [u8], flag: u8, kind: &[u8; 4]) -> Option<&'a [u8]> {
    let first = chunks(bytes).next().filter(|first| &first.kind == b"VP8X")?;
    if first.data.first()? & flag == 0 {
        return None;
    }
    chunks(bytes).find(|chunk| &chunk.kind == kind).map(|chunk| chunk.data)
}

/// A frame of an animation.
struct Frame<'a> {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    /// Its image data, with their chunk headers.
    chunks: &'a [u8],
}

impl<'a> Frame<'a> {
    /// From the payload of ANMF: five numbers of 24 bits, then flags.
    fn read(data: &'a [u8]) -> Option<Self> {
        let number =
            |i: usize| Some(u32::from_le_bytes([*data.get(i)?, *data.get(i + 1)?, *data.get(i + 2)?, 0]));
        Some(Frame {
            x: number(0)? * 2,
            y: number(3)? * 2,
            width: number(6)? + 1,
            height: number(9)? + 1,
            chunks: data.get(16..)?,
        })
    }

    fn lies_within(&self, (width, height): (u32, u32)) -> bool {
        // Both are at most 2^25: the sums do not wrap.
        self.x + self.width <= width && self.y + self.height <= height
    }
}

/// The frames of an animation.
pub(super) fn frame_table(bytes: &[u8]) -> Option<FrameTable> {
    let features = libwebp::features(bytes).ok().filter(|features| features.animated)?;
    let loops = chunks(bytes).find(|chunk| &chunk.kind == b"ANIM");
    let loops = loops.and_then(|chunk| Some(u16::from_le_bytes([*chunk.data.get(4)?, *chunk.data.get(5)?])));
    let control = |chunk: Chunk| {
        const CLEAR: u8 = 1;
        const REPLACE: u8 = 2;
        let frame = Frame::read(chunk.data)?;
        let area = FrameArea { x: frame.x, y: frame.y, width: frame.width, height: frame.height };
        let (&[a, b, c], flags) = (chunk.data.get(12..15)?.first_chunk::<3>()?, *chunk.data.get(15)?);
        let disposal = if flags & CLEAR != 0 { Disposal::Clear } else { Disposal::Keep };
        let delay = u32::from_le_bytes([a, b, c, 0]);
        Some(FrameControl { area, blend: flags & REPLACE == 0, disposal, delay })
    };
    Some(FrameTable {
        size: (features.width, features.height),
        frames: frames(bytes).filter_map(control).collect(),
        loops: loops.unwrap_or(0).into(),
        encoding: flagged_chunk(bytes, HAS_PROFILE, b"ICCP").map(|icc| ColourEncoding::Icc(icc.to_vec())),
    })
}

fn frames(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    chunks(bytes).filter(|chunk| &chunk.kind == b"ANMF" && Frame::read(chunk.data).is_some())
}

/// The pixels of a frame, RGBA.
pub(super) fn decode_frame(bytes: &[u8], index: usize) -> Result<Vec<u8>, Error> {
    let broken = |e| Error::Decode(format!("The WebP is broken: {e}"));
    let frame = frames(bytes).nth(index).and_then(|chunk| Frame::read(chunk.data));
    let frame = frame.ok_or("a frame is missing").map_err(broken)?;
    let canvas = libwebp::features(bytes).map_err(broken)?;
    if !frame.lies_within((canvas.width, canvas.height)) {
        return Err(broken("a frame lies outside of the picture"));
    }
    let mut samples = zeroed(sample_count(frame.width, frame.height, 4)?)?;
    libwebp::decode(frame.chunks, (frame.width, frame.height), 4, &mut samples).map_err(broken)?;
    Ok(samples)
}

/// How many bytes the container's length promises beyond the end of the file.
fn missing_bytes(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    (u32::from_le_bytes(length) as usize + 8).checked_sub(bytes.len()).filter(|&missing| missing > 0)
}
