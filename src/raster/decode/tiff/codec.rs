//! The compressions of TIFF, one strip or tile at a time.

use crate::error::Error;
use crate::raster::decode::damage::Damage;
use crate::raster::decode::jpeg_markers::Markers;
use crate::raster::decode::libjpeg::{self, Output, Space};
use crate::raster::decode::libwebp;
use crate::raster::picture::{sample_count, zeroed};
use crate::raster::sniff::Format;
use flate2::{Decompress, FlushDecompress};
use hayro_ccitt::{DecodeSettings, DecoderContext, EncodingMode};
use std::io::Read;
use weezl::{BitOrder, LzwStatus};

/// How a strip or tile is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Fax(EncodingMode, bool),
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstd,
    Webp,
}

impl Compression {
    /// From the tags Compression and T4Options.
    ///
    /// # Errors
    /// [`Error::UnsupportedFormat`], naming it.
    pub(super) fn new(number: u64, t4_options: u64) -> Result<Self, Error> {
        const TWO_DIMENSIONAL: u64 = 1;
        Ok(match number {
            1 => Compression::None,
            2 => Compression::Fax(EncodingMode::Group3_1D, true),
            3 if t4_options & TWO_DIMENSIONAL != 0 => Compression::Fax(EncodingMode::Group3_2D, false),
            3 => Compression::Fax(EncodingMode::Group3_1D, false),
            4 => Compression::Fax(EncodingMode::Group4, false),
            5 => Compression::Lzw,
            7 => Compression::Jpeg,
            8 | 32946 => Compression::Deflate,
            32773 => Compression::PackBits,
            50000 => Compression::Zstd,
            50001 => Compression::Webp,
            other => {
                let name = match other {
                    6 => "old-style JPEG",
                    9 | 10 => "JBIG",
                    32766 => "NeXT",
                    32809 => "ThunderScan",
                    32908 | 32909 => "Pixar",
                    33003..=33005 | 34712 => "JPEG 2000",
                    34661 => "JBIG",
                    34676 | 34677 => "SGILog",
                    34887 => "LERC",
                    34925 => "LZMA",
                    34892 => "lossy DNG",
                    50002 | 52546 => "JPEG XL",
                    _ => "unknown",
                };
                return Err(Error::UnsupportedFormat(format!(
                    "Expected a TIFF compressed with LZW, Deflate, PackBits, JPEG, CCITT, Zstandard, WebP or not at \
                     all but received one with compression {other} ({name}), which is not supported"
                )));
            }
        })
    }

    /// Whether a strip or tile is a picture of another format, which has colours, depth and order of bits of its own.
    pub(super) fn is_picture(self) -> bool {
        matches!(self, Compression::Jpeg | Compression::Webp)
    }

    /// Whether samples are compressed as numbers, so that a predictor and the file's byte order mean something.
    pub(super) fn is_bytes(self) -> bool {
        matches!(
            self,
            Compression::None
                | Compression::Lzw
                | Compression::Deflate
                | Compression::PackBits
                | Compression::Zstd
        )
    }
}

/// What a strip or tile is made of.
pub(super) struct Chunk<'a> {
    pub(super) width: u32,
    pub(super) rows: u32,
    /// Rows that chunks have but for the last; streams with a size of their own may have so many in the last too.
    pub(super) nominal_rows: u32,
    /// Samples per pixel in this chunk.
    pub(super) samples: u8,
    /// Whether JPEG's components are luma and chroma.
    pub(super) ycbcr: bool,
    /// JPEGTables, for the streams that leave them out.
    pub(super) tables: Option<&'a [u8]>,
}

/// Decompresses a chunk into `out`, of which what is missing stays as it was.
///
/// # Errors
/// [`Error::Limit`], [`Error::UnsupportedFormat`]; what is broken is returned as damage.
pub(super) fn decompress(
    compression: Compression,
    bytes: &[u8],
    chunk: &Chunk,
    out: &mut [u8],
) -> Result<Vec<Damage>, Error> {
    let filled = match compression {
        Compression::None => {
            let length = bytes.len().min(out.len());
            out[..length].copy_from_slice(&bytes[..length]);
            Ok(length)
        }
        Compression::Lzw => lzw(bytes, out),
        Compression::Deflate => inflate(bytes, out),
        Compression::PackBits => Ok(unpack_bits(bytes, out)),
        Compression::Zstd => zstd(bytes, out),
        Compression::Fax(mode, aligned) => fax(bytes, mode, aligned, chunk, out),
        Compression::Jpeg => return jpeg(bytes, chunk, out),
        Compression::Webp => return webp(bytes, chunk, out),
    };
    Ok(match filled {
        Ok(length) if length >= out.len() => Vec::new(),
        Ok(length) => {
            let detail = format!("a strip or tile has {length} of {} bytes", out.len());
            vec![Damage::truncated(Format::Tiff, detail)]
        }
        Err(e) => vec![Damage::corrupt(Format::Tiff, e)],
    })
}

/// LZW with TIFF's early change of code width; or, where the stream begins as those do, that of writers before TIFF 5,
/// with the bits the other way round and without it. Writers leave the end code out: what fills the chunk is enough.
fn lzw(bytes: &[u8], out: &mut [u8]) -> Result<usize, String> {
    let old = matches!(bytes, [0, second, ..] if second & 1 == 1);
    let mut decoder = if old {
        weezl::decode::Decoder::new(BitOrder::Lsb, 8)
    } else {
        weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    let (mut read, mut written) = (0, 0);
    while written < out.len() {
        let result = decoder.decode_bytes(&bytes[read..], &mut out[written..]);
        read += result.consumed_in;
        written += result.consumed_out;
        match result.status {
            Ok(LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            Ok(_) => break,
            Err(e) => return Err(e.to_string()),
        }
    }
    Ok(written)
}

fn inflate(bytes: &[u8], out: &mut [u8]) -> Result<usize, String> {
    let mut stream = Decompress::new(true);
    while (stream.total_out() as usize) < out.len() {
        let (read, written) = (stream.total_in() as usize, stream.total_out() as usize);
        let status = stream.decompress(&bytes[read..], &mut out[written..], FlushDecompress::None);
        match status {
            Ok(flate2::Status::Ok)
                if stream.total_in() as usize + stream.total_out() as usize > read + written => {}
            Ok(_) => break,
            Err(e) => return Err(e.to_string()),
        }
    }
    Ok(stream.total_out() as usize)
}

/// TIFF 6.0, section 9.
fn unpack_bits(mut bytes: &[u8], out: &mut [u8]) -> usize {
    let mut written = 0;
    while let [head, rest @ ..] = bytes {
        bytes = rest;
        let left = out.len() - written;
        match *head as i8 {
            -128 => {}
            head @ 0.. => {
                let length = (head as usize + 1).min(left).min(rest.len());
                out[written..written + length].copy_from_slice(&rest[..length]);
                written += length;
                bytes = rest.get(head as usize + 1..).unwrap_or(&[]);
            }
            head => {
                let [value, rest @ ..] = rest else { break };
                let length = (1 - isize::from(head)) as usize;
                out[written..written + length.min(left)].fill(*value);
                written += length.min(left);
                bytes = rest;
            }
        }
        if written == out.len() {
            break;
        }
    }
    written
}

fn zstd(bytes: &[u8], out: &mut [u8]) -> Result<usize, String> {
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|e| e.to_string())?;
    let mut written = 0;
    while written < out.len() {
        match decoder.read(&mut out[written..]).map_err(|e| e.to_string())? {
            0 => break,
            length => written += length,
        }
    }
    Ok(written)
}

/// Rows of black runs to packed bits, 1 for black.
struct Runs<'a> {
    rows: std::slice::ChunksExactMut<'a, u8>,
    width: u32,
    written: usize,
}

impl hayro_ccitt::Decoder for Runs<'_> {
    fn push_row(&mut self, changes: &[u32]) {
        let Some(row) = self.rows.next() else { return };
        for run in changes.chunks(2) {
            let end = run.get(1).copied().unwrap_or(self.width).min(self.width);
            for x in run[0].min(end)..end {
                row[x as usize / 8] |= 0x80 >> (x % 8);
            }
        }
        self.written += row.len();
    }
}

fn fax(
    bytes: &[u8],
    encoding: EncodingMode,
    aligned: bool,
    chunk: &Chunk,
    out: &mut [u8],
) -> Result<usize, String> {
    let stride = chunk.width.div_ceil(8) as usize;
    let settings = DecodeSettings {
        columns: chunk.width,
        rows: chunk.rows,
        end_of_block: !aligned,
        end_of_line: !aligned && encoding != EncodingMode::Group4,
        rows_are_byte_aligned: aligned,
        encoding,
        strict: false,
    };
    let mut runs = Runs { rows: out.chunks_exact_mut(stride), width: chunk.width, written: 0 };
    let result = hayro_ccitt::decode(bytes, &mut runs, &mut DecoderContext::new(settings));
    match result {
        Err(e) if runs.written < stride * chunk.rows as usize => Err(e.to_string()),
        _ => Ok(runs.written),
    }
}

/// A stream of its own, but for the tables that all have in common.
fn jpeg(bytes: &[u8], chunk: &Chunk, out: &mut [u8]) -> Result<Vec<Damage>, Error> {
    let joined = match (chunk.tables.and_then(|tables| tables.strip_suffix(b"\xff\xd9")), bytes) {
        (Some(tables), [0xff, 0xd8, rest @ ..]) => &[tables, rest].concat(),
        _ => bytes,
    };
    let markers = match Markers::read(joined) {
        Ok(markers) => markers,
        Err(Error::Decode(e)) => return Ok(vec![Damage::corrupt(Format::Tiff, e)]),
        Err(e) => return Err(e),
    };
    let (width, height) = (u32::from(markers.width), u32::from(markers.height));
    if width > chunk.width
        || height > chunk.nominal_rows
        || markers.components.len() != usize::from(chunk.samples)
    {
        let detail =
            format!("a JPEG of {width}x{height} in a strip or tile of {}x{}", chunk.width, chunk.rows);
        return Ok(vec![Damage::corrupt(Format::Tiff, detail)]);
    }
    let (stored, output) = match (chunk.samples, chunk.ycbcr) {
        (1, _) => (Space::JCS_GRAYSCALE, Space::JCS_GRAYSCALE),
        (3, true) => (Space::JCS_YCbCr, Space::JCS_RGB),
        (3, false) => (Space::JCS_RGB, Space::JCS_RGB),
        (4, false) => (Space::JCS_CMYK, Space::JCS_CMYK),
        _ => (Space::JCS_UNKNOWN, Space::JCS_UNKNOWN),
    };
    let request = Output { width, height, channels: chunk.samples, stored: Some(stored), space: output };
    let mut samples = zeroed(sample_count(width, height, chunk.samples)?)?;
    let damages = libjpeg::decode(joined, &request, &mut samples)?;
    place(&samples, width, chunk, out);
    Ok(damages)
}

fn webp(bytes: &[u8], chunk: &Chunk, out: &mut [u8]) -> Result<Vec<Damage>, Error> {
    let features = match libwebp::features(bytes) {
        Ok(features) => features,
        Err(e) => return Ok(vec![Damage::corrupt(Format::Tiff, e)]),
    };
    let (width, height) = (features.width, features.height);
    if width > chunk.width || height > chunk.nominal_rows || !matches!(chunk.samples, 3 | 4) {
        let detail =
            format!("a WebP of {width}x{height} in a strip or tile of {}x{}", chunk.width, chunk.rows);
        return Ok(vec![Damage::corrupt(Format::Tiff, detail)]);
    }
    let mut samples = zeroed(sample_count(width, height, chunk.samples)?)?;
    if let Err(e) = libwebp::decode(bytes, (width, height), chunk.samples, &mut samples) {
        return Ok(vec![Damage::corrupt(Format::Tiff, e)]);
    }
    place(&samples, width, chunk, out);
    Ok(Vec::new())
}

/// Rows that may be shorter than those of the chunk.
fn place(samples: &[u8], width: u32, chunk: &Chunk, out: &mut [u8]) {
    let (from, to) =
        (width as usize * usize::from(chunk.samples), chunk.width as usize * usize::from(chunk.samples));
    for (row, out) in samples.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
        out[..from].copy_from_slice(row);
    }
}
