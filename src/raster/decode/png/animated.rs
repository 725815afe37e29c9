//! The frames of an animated PNG (PNG, third edition, 11.3.6): each becomes a PNG of its own.

use super::chunks::{self, Ihdr, chunks};
use crate::error::Error;
use crate::raster::animation::{Disposal, FrameArea, FrameControl, FrameTable};
use crate::raster::decode::damage::broken_header;
use crate::raster::decode::{DecodeOptions, FailOn, decode};
use crate::raster::picture::Samples;
use crate::raster::sniff::Format;

/// A frame: where it lies and which chunks hold its data.
struct Frame<'a> {
    control: FrameControl,
    data: Vec<&'a [u8]>,
}

/// The frames of a file whose header is fine, in their order.
fn frames(bytes: &[u8]) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame> = Vec::new();
    for chunk in chunks(bytes).filter(|chunk| chunk.complete) {
        match &chunk.kind {
            b"fcTL" => {
                let Some(control) = frame_control(chunk.data) else { return Vec::new() };
                frames.push(Frame { control, data: Vec::new() });
            }
            // Image data before the first control chunk are a still picture that is no part of the animation.
            b"IDAT" => frames.last_mut().into_iter().for_each(|frame| frame.data.push(chunk.data)),
            // A number stands before the data.
            b"fdAT" if chunk.data.len() >= 4 => {
                frames.last_mut().into_iter().for_each(|frame| frame.data.push(&chunk.data[4..]));
            }
            _ => {}
        }
    }
    frames
}

fn frame_control(data: &[u8]) -> Option<FrameControl> {
    const OVER: u8 = 1;
    let number = |at: usize| Some(u32::from_be_bytes(*data.get(at..)?.first_chunk::<4>()?));
    let short = |at: usize| Some(u32::from(u16::from_be_bytes(*data.get(at..)?.first_chunk::<2>()?)));
    let area = FrameArea { width: number(4)?, height: number(8)?, x: number(12)?, y: number(16)? };
    let (time, per_second) = (short(20)?, short(22)?);
    let per_second = if per_second == 0 { 100 } else { per_second };
    let (&disposal, &blend) = (data.get(24)?, data.get(25)?);
    Some(FrameControl {
        area,
        blend: blend == OVER,
        disposal: match disposal {
            1 => Disposal::Clear,
            2 => Disposal::Restore,
            _ => Disposal::Keep,
        },
        delay: (time * 1000 + per_second / 2) / per_second,
    })
}

/// The frames, or `None` where the file is a still or its animation is damaged.
pub(in crate::raster::decode) fn frame_table(bytes: &[u8]) -> Option<FrameTable> {
    chunks::check(bytes).ok()?;
    let mut all = chunks(bytes);
    let header = Ihdr::read(all.next().filter(|first| &first.kind == b"IHDR")?.data).ok()?;
    let control = all.find(|chunk| &chunk.kind == b"acTL" && chunk.intact)?;
    let loops = u32::from_be_bytes(*control.data.get(4..)?.first_chunk::<4>()?);
    let size = (header.width, header.height);
    let frames: Vec<FrameControl> = frames(bytes).into_iter().map(|frame| frame.control).collect();
    let inside = |control: &FrameControl| {
        let FrameArea { x, y, width, height } = control.area;
        let ends = x.checked_add(width).zip(y.checked_add(height));
        width > 0 && height > 0 && ends.is_some_and(|(right, bottom)| right <= size.0 && bottom <= size.1)
    };
    // The profile is applied to each frame by itself.
    frames.iter().all(inside).then_some(FrameTable { size, frames, loops, encoding: None })
}

/// The pixels of a frame, RGBA, in sRGB.
pub(in crate::raster::decode) fn decode_frame(
    bytes: &[u8],
    index: usize,
    fail_on: FailOn,
) -> Result<Vec<u8>, Error> {
    let frames = frames(bytes);
    let frame = frames.get(index).filter(|frame| !frame.data.is_empty());
    let frame = frame.ok_or_else(|| broken_header(Format::Png, "a frame has no data"))?;
    let mut file = bytes[..8].to_vec();
    for chunk in chunks(bytes).take_while(|chunk| &chunk.kind != b"IDAT") {
        let mut data = chunk.data.to_vec();
        match &chunk.kind {
            b"IHDR" => {
                data[..4].copy_from_slice(&frame.control.area.width.to_be_bytes());
                data[4..8].copy_from_slice(&frame.control.area.height.to_be_bytes());
            }
            b"PLTE" | b"tRNS" | b"iCCP" | b"cICP" => {}
            _ => continue,
        }
        chunks::append(&mut file, &chunk.kind, &data);
    }
    for data in &frame.data {
        chunks::append(&mut file, b"IDAT", data);
    }
    chunks::append(&mut file, b"IEND", &[]);
    let options =
        DecodeOptions { fail_on, limit_pixels: None, auto_orient: false, keep_metadata: false, page: 0 };
    let raster = decode(&file, &options)?.raster;
    let channels = raster.channels;
    let samples = Samples::into_u8(raster.samples);
    Ok(match channels {
        4 => samples,
        3 => samples.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect(),
        2 => samples.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [g, g, g, a]).collect(),
        _ => samples.into_iter().flat_map(|g| [g, g, g, 255]).collect(),
    })
}
