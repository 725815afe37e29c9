//! Sequences (ISO/IEC 23000-22, 6.3): tracks of the container, beside the still picture that stands for them.

use crate::raster::decode::isobmff::boxes;

/// How many frames a sequence has: those of its longest track of pictures; `None` for a file without one.
pub(in crate::raster::decode) fn frames(bytes: &[u8]) -> Option<usize> {
    let movie = find(bytes, b"moov")?;
    boxes(movie).filter(|found| &found.kind == b"trak").filter_map(|track| samples(track.data)).max()
}

/// Whether a file has a sequence but no still picture.
pub(super) fn stands_alone(bytes: &[u8]) -> bool {
    find(bytes, b"meta").is_none() && find(bytes, b"moov").is_some()
}

/// The samples of a track whose handler is that of pictures.
fn samples(track: &[u8]) -> Option<usize> {
    let media = find(track, b"mdia")?;
    // Version and flags, a number that is always 0, then the kind.
    let handler = find(media, b"hdlr")?.get(8..12)?;
    if handler != b"pict" {
        return None;
    }
    let table = find(find(media, b"minf")?, b"stbl")?;
    // Version and flags, the size where it is the same for all, then their number.
    let count = find(table, b"stsz")?.get(8..12)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*count)).ok()
}

fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|found| &found.kind == kind).map(|found| found.data)
}
