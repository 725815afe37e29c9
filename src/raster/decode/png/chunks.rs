//! The chunks of a PNG: what the decoder is to see of them, and what is read beside it.

use crate::error::Error;
use crate::raster::decode::damage::broken_header;
use crate::raster::sniff::Format;
use flate2::{Crc, Decompress, FlushDecompress};

/// A chunk, of which the end of the file may have cut something off.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
    /// How many bytes it says it has.
    length: u32,
    /// Whether all of it is there.
    pub(super) complete: bool,
    /// Whether its checksum is right.
    pub(super) intact: bool,
}

/// The chunks of a file, to its last byte or IEND.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(8..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let announced = u32::from_be_bytes(*length);
        let length = announced as usize;
        let data = &after[..length.min(after.len())];
        let sum = after.get(data.len()..data.len() + 4);
        rest = if kind == b"IEND" { &[] } else { after.get(length.saturating_add(4)..).unwrap_or(&[]) };
        let complete = data.len() == length && sum.is_some();
        let intact = complete && sum.is_some_and(|sum| sum == checksum(kind, data).to_be_bytes());
        Some(Chunk { kind: *kind, data, length: announced, complete, intact })
    })
}

fn checksum(kind: &[u8; 4], data: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    crc.sum()
}

/// Appends a chunk.
pub(super) fn append(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend_from_slice(data);
    out.extend(checksum(kind, data).to_be_bytes());
}

/// The header chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ihdr {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) depth: u8,
    pub(super) colour: u8,
}

impl Ihdr {
    pub(super) fn read(data: &[u8]) -> Result<Self, Error> {
        let broken = |what: String| broken_header(Format::Png, what);
        let &[w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace] = data else {
            return Err(broken(format!("IHDR of {} bytes", data.len())));
        };
        let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        if width == 0 || height == 0 || width.max(height) > i32::MAX as u32 {
            return Err(broken(format!("a size of {width}x{height}")));
        }
        if !matches!((colour, depth), (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8 | 16)) {
            return Err(broken(format!("colour type {colour} with {depth} bits")));
        }
        if (compression, filter) != (0, 0) || interlace > 1 {
            let detail = format!("compression {compression}, filter {filter}, interlace {interlace}");
            return Err(broken(detail));
        }
        Ok(Ihdr { width, height, depth, colour })
    }
}

/// What is decoded: the chunks that make the still picture, and whether the file ends before its end was said.
pub(super) struct StillImage {
    pub(super) bytes: Vec<u8>,
    pub(super) truncated: bool,
}

/// The file without what the still picture does not need: no damage to metadata or animation can then cost it. A
/// missing end is added, but behind a chunk that was cut off, so that the decoder notices; checksums stay as they are where `checked`.
pub(super) fn still_image(bytes: &[u8], checked: bool) -> StillImage {
    let mut out = bytes[..8].to_vec();
    out.reserve(bytes.len());
    let mut ended = false;
    for chunk in chunks(bytes) {
        if !matches!(&chunk.kind, b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT") {
            ended |= &chunk.kind == b"IEND";
            continue;
        }
        out.extend(chunk.length.to_be_bytes());
        out.extend(chunk.kind);
        out.extend_from_slice(chunk.data);
        if !chunk.complete {
            return StillImage { bytes: out, truncated: true };
        }
        let right = checksum(&chunk.kind, chunk.data);
        let kept = if checked && !chunk.intact { !right } else { right };
        out.extend(kept.to_be_bytes());
    }
    out.extend([0; 4]);
    out.extend(*b"IEND");
    out.extend(checksum(b"IEND", &[]).to_be_bytes());
    StillImage { bytes: out, truncated: !ended }
}

/// A critical chunk that the picture cannot be shown without knowing, as far as its image data.
///
/// # Errors
/// [`Error::UnsupportedFormat`], [`Error::Decode`].
pub(super) fn check(bytes: &[u8]) -> Result<(), Error> {
    for chunk in chunks(bytes).take_while(|chunk| &chunk.kind != b"IDAT") {
        let name = String::from_utf8_lossy(&chunk.kind);
        match &chunk.kind {
            b"CgBI" => {
                return Err(Error::UnsupportedFormat(
                    "Expected a PNG but received Apple's CgBI, which Xcode makes of PNG files for apps and which is \
                     not supported: convert it back with `xcrun pngcrush -revert-iphone-optimizations`"
                        .into(),
                ));
            }
            b"PLTE" if !chunk.data.len().is_multiple_of(3) || chunk.data.len() > 768 => {
                let detail = format!("a palette of {} bytes", chunk.data.len());
                return Err(broken_header(Format::Png, detail));
            }
            b"IHDR" | b"PLTE" | b"IEND" => {}
            // The fifth bit of the first letter tells critical chunks.
            [first, ..] if first & 0x20 == 0 => {
                return Err(Error::UnsupportedFormat(format!(
                    "Expected a PNG of known chunks but received one with a critical chunk {name:?}, which is not \
                     supported"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The profile in iCCP: a name, a method, and a compressed block of at most `limit` bytes.
pub(super) fn profile(data: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let end = data.iter().take(80).position(|&byte| byte == 0).ok_or("its name does not end")?;
    let compressed = data.get(end + 2..).ok_or("it is empty")?;
    inflate(compressed, limit)
}

/// The XMP document of an iTXt chunk, if it holds one: keyword, flags, language, translated keyword, text.
pub(super) fn xmp(data: &[u8]) -> Option<Vec<u8>> {
    const MAX_BYTES: usize = 16 << 20;
    let [compressed, method, rest @ ..] = data.strip_prefix(b"XML:com.adobe.xmp\0")? else { return None };
    let mut parts = rest.splitn(3, |&byte| byte == 0).skip(2);
    let text = parts.next()?;
    match (compressed, method) {
        (0, _) => Some(text.to_vec()),
        (1, 0) => inflate(text, MAX_BYTES).ok(),
        _ => None,
    }
}

/// A zlib stream of at most `limit` bytes.
pub(super) fn inflate(data: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut stream = Decompress::new(true);
    let mut out = Vec::new();
    loop {
        if out.len() == out.capacity() {
            out.try_reserve((data.len() * 4).clamp(1 << 12, 1 << 20)).map_err(|e| e.to_string())?;
        }
        let read = stream.total_in() as usize;
        let before = out.len();
        let status = stream
            .decompress_vec(&data[read..], &mut out, FlushDecompress::None)
            .map_err(|e| e.to_string())?;
        if out.len() > limit {
            return Err(format!("it is larger than {limit} bytes"));
        }
        match status {
            flate2::Status::StreamEnd => return Ok(out),
            _ if stream.total_in() as usize == read && out.len() == before && out.len() < out.capacity() => {
                return Err("it ends too early".into());
            }
            _ => {}
        }
    }
}
