//! PNG: each band becomes one IDAT chunk of a common zlib stream.

use super::filter::{filter_rows, plain_rows};
use super::{Band, EncodeOptions, Layout, zlib};
use crate::error::Error;
use crate::raster::picture::Samples;
use flate2::Crc;

/// Filters and deflates the rows of a band into a complete IDAT chunk.
pub(super) fn compress(
    layout: &Layout,
    options: &EncodeOptions,
    index: u32,
    samples: Samples,
) -> Result<Band, Error> {
    let stride = layout.row_bytes();
    let mut filtered = Vec::with_capacity((stride + 1) * layout.rows_of(index) as usize);
    let bpp = stride / layout.width as usize;
    let level = options.compression_level;
    let rows = big_endian(samples);
    if level == 0 {
        plain_rows(&rows, stride, &mut filtered);
    } else {
        filter_rows(&rows, stride, bpp, &mut filtered);
    }
    drop(rows);

    let last = index + 1 == layout.bands();
    let mut bytes = begin(b"IDAT");
    if index == 0 {
        bytes.extend(zlib::header(level));
    }
    zlib::deflate(&filtered, level, last, &mut bytes)?;
    end(&mut bytes, 0)?;
    bytes.shrink_to_fit();
    Ok(Band { index, bytes, adler: zlib::adler32(&filtered), length: filtered.len() as u64 })
}

/// Header, metadata, the bands' chunks, and the checksum of the whole stream in a last chunk of its own.
pub(super) fn join(layout: &Layout, options: &EncodeOptions, bands: Vec<Band>) -> Result<Vec<u8>, Error> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let colour_type = [0, 4, 2, 6][usize::from(layout.channels) - 1];
    let mut header = Vec::with_capacity(13);
    header.extend(layout.width.to_be_bytes());
    header.extend(layout.height.to_be_bytes());
    header.extend([layout.depth, colour_type, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &header)?;
    if let Some(icc) = &options.metadata.icc {
        let mut profile = b"ICC profile\0\0".to_vec();
        profile.extend(zlib::header(options.compression_level));
        zlib::deflate(icc, options.compression_level, true, &mut profile)?;
        profile.extend(zlib::adler32(icc).to_be_bytes());
        chunk(&mut out, b"iCCP", &profile)?;
    } else {
        const PERCEPTUAL: u8 = 0;
        chunk(&mut out, b"sRGB", &[PERCEPTUAL])?;
    }
    if let Some((x, y)) = options.metadata.density {
        const METRE: u8 = 1;
        let per_metre = |per_inch: f64| ((per_inch / 0.0254).round() as u32).to_be_bytes();
        chunk(&mut out, b"pHYs", &[&per_metre(x)[..], &per_metre(y), &[METRE]].concat())?;
    }
    if let Some(xmp) = &options.metadata.xmp {
        // Keyword, not compressed, no language, no translation.
        chunk(&mut out, b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", &xmp[..]].concat())?;
    }
    if let Some(exif) = &options.metadata.exif {
        chunk(&mut out, b"eXIf", exif)?;
    }

    const END: usize = 64;
    out.reserve_exact(bands.iter().map(|band| band.bytes.len()).sum::<usize>() + END);
    let mut adler = zlib::adler32(&[]);
    for band in bands {
        adler = zlib::adler32_joined(adler, band.adler, band.length);
        out.extend_from_slice(&band.bytes);
    }
    out.extend(tail(adler)?);
    Ok(out)
}

/// What a band adds to a file that is written piece by piece.
pub(super) fn piece(layout: &Layout, options: &EncodeOptions, band: Band) -> Result<Vec<u8>, Error> {
    if band.index > 0 {
        return Ok(band.bytes);
    }
    // A file of the first band alone, without its end.
    let end = tail(band.adler)?.len();
    let mut out = join(layout, options, vec![band])?;
    out.truncate(out.len() - end);
    Ok(out)
}

/// The end of a file: the checksum of all that was compressed.
pub(super) fn tail(adler: u32) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    chunk(&mut out, b"IDAT", &adler.to_be_bytes())?;
    chunk(&mut out, b"IEND", &[])?;
    Ok(out)
}

fn big_endian(samples: Samples) -> Vec<u8> {
    match samples {
        Samples::U16(v) => v.into_iter().flat_map(u16::to_be_bytes).collect(),
        other => other.into_u8(),
    }
}

/// Length (filled in at the end) and type of a chunk.
fn begin(kind: &[u8; 4]) -> Vec<u8> {
    [[0; 4], *kind].concat()
}

/// Completes the chunk that started at `start`: its length and its checksum, which covers the type too.
fn end(bytes: &mut Vec<u8>, start: usize) -> Result<(), Error> {
    let length = u32::try_from(bytes.len() - start - 8)
        .ok()
        .filter(|&length| length <= i32::MAX as u32)
        .ok_or_else(|| Error::Encode("A chunk of the PNG would be larger than 2 GiB".into()))?;
    bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let mut crc = Crc::new();
    crc.update(&bytes[start + 4..]);
    bytes.extend(crc.sum().to_be_bytes());
    Ok(())
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> Result<(), Error> {
    let start = out.len();
    out.extend(begin(kind));
    out.extend_from_slice(data);
    end(out, start)
}
