//! The container of WebP: metadata around what the codec wrote.

use crate::error::Error;
use crate::raster::metadata::Metadata;

const HEADER: usize = 12;

/// The file with a profile, EXIF and XMP, in the extended layout that they need (WebP container specification). Without
/// any it stays as it is.
pub(super) fn with_metadata(
    simple: Vec<u8>,
    (width, height): (u32, u32),
    alpha: bool,
    metadata: &Metadata,
) -> Result<Vec<u8>, Error> {
    let Metadata { icc, exif, xmp, .. } = metadata;
    if icc.is_none() && exif.is_none() && xmp.is_none() {
        return Ok(simple);
    }
    const ICC: u8 = 0x20;
    const ALPHA: u8 = 0x10;
    const EXIF: u8 = 0x08;
    const XMP: u8 = 0x04;
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let blocks = flag(icc.is_some(), ICC) | flag(exif.is_some(), EXIF) | flag(xmp.is_some(), XMP);
    let mut features = vec![blocks | flag(alpha, ALPHA), 0, 0, 0];
    features.extend(&(width - 1).to_le_bytes()[..3]);
    features.extend(&(height - 1).to_le_bytes()[..3]);

    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    chunk(&mut out, b"VP8X", &features)?;
    if let Some(icc) = icc {
        chunk(&mut out, b"ICCP", icc)?;
    }
    for (kind, data) in chunks(&simple) {
        if kind != *b"VP8X" {
            chunk(&mut out, &kind, data)?;
        }
    }
    if let Some(exif) = exif {
        chunk(&mut out, b"EXIF", exif)?;
    }
    if let Some(xmp) = xmp {
        chunk(&mut out, b"XMP ", xmp)?;
    }
    let size = length(out.len() - 8)?;
    out[4..8].copy_from_slice(&size);
    Ok(out)
}

fn length(bytes: usize) -> Result<[u8; 4], Error> {
    u32::try_from(bytes)
        .map(u32::to_le_bytes)
        .map_err(|_| Error::Encode("The WebP would be larger than 4 GiB".into()))
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> Result<(), Error> {
    out.extend(kind);
    out.extend(length(data.len())?);
    out.extend_from_slice(data);
    if !data.len().is_multiple_of(2) {
        out.push(0);
    }
    Ok(())
}

/// The chunks of a file that the codec wrote.
fn chunks(file: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = file.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let data = after.get(..length)?;
        rest = after.get(length + (length & 1)..).unwrap_or_default();
        Some((*kind, data))
    })
}
