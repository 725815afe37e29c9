//! The EXIF of a TIFF, whose entries stand among those of the picture, as a block of its own.

use super::directory::{Directory, File, width_of};

const EXIF: u16 = 0x8769;
const GPS: u16 = 0x8825;
/// Cameras' own notes, whose offsets mean nothing elsewhere.
const MAKER_NOTE: u16 = 0x927c;
/// What a block in another file may say of the picture: description, make, model, orientation, resolution, software,
/// date, artist, copyright.
const TAGS_OF_PICTURE: [u16; 11] =
    [0x010e, 0x010f, 0x0110, 0x0112, 0x011a, 0x011b, 0x0128, 0x0131, 0x0132, 0x013b, 0x8298];
/// Bytes that a block may have.
const MAX_BYTES: usize = 1 << 20;

/// The block, or `None` where the file has neither EXIF nor GPS data nor anything of a camera or a person.
pub(super) fn from_tiff(file: File, directory: &Directory) -> Option<Vec<u8>> {
    let nested = |tag| directory.number(tag).and_then(|place| file.at(place));
    let details: Vec<(u16, Directory)> =
        [EXIF, GPS].into_iter().filter_map(|tag| Some((tag, nested(tag)?))).collect();
    const TAGS_OF_CAMERA: [u16; 5] = [0x010f, 0x0110, 0x0132, 0x013b, 0x8298];
    if details.is_empty() && !TAGS_OF_CAMERA.iter().any(|&tag| directory.has(tag)) {
        return None;
    }
    let mut out = if file.order.is_big() { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    out.extend(file.order.long(8));
    let tags = TAGS_OF_PICTURE.into_iter().filter(|&tag| directory.has(tag));
    let links: Vec<u16> = details.iter().map(|(tag, _)| *tag).collect();
    let places = write(file, directory, tags, &links, &mut out)?;
    for ((_, details), place) in details.iter().zip(places) {
        let start = u32::try_from(out.len()).ok()?;
        out[place..place + 4].copy_from_slice(&file.order.long(start));
        let tags = details.tags().filter(|&tag| tag != MAKER_NOTE);
        write(file, details, tags, &[], &mut out)?;
    }
    (out.len() <= MAX_BYTES).then_some(out)
}

/// Appends a directory with these entries and, for each of `links`, an empty place for an offset; returns the places.
fn write(
    file: File,
    from: &Directory,
    tags: impl Iterator<Item = u16>,
    links: &[u16],
    out: &mut Vec<u8>,
) -> Option<Vec<usize>> {
    const LONG: u16 = 4;
    const CLASSIC: [u16; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let order = file.order;
    let values: Vec<(u16, u16, &[u8])> = tags
        .filter_map(|tag| from.value(tag).map(|(kind, bytes)| (tag, kind, bytes)))
        .filter(|(_, kind, bytes)| CLASSIC.contains(kind) && bytes.len() < MAX_BYTES)
        .collect();
    let count = u16::try_from(values.len() + links.len()).ok()?;
    out.extend(order.short(count));
    let entries = out.len();
    out.resize(entries + usize::from(count) * 12 + 4, 0);
    let mut places = Vec::new();
    let links = links.iter().map(|&tag| (tag, LONG, &[0u8; 4][..]));
    for (i, (tag, kind, bytes)) in values.into_iter().chain(links.clone()).enumerate() {
        let at = entries + i * 12;
        let amount = u32::try_from(bytes.len() / width_of(kind)?).ok()?;
        out[at..at + 2].copy_from_slice(&order.short(tag));
        out[at + 2..at + 4].copy_from_slice(&order.short(kind));
        out[at + 4..at + 8].copy_from_slice(&order.long(amount));
        if bytes.len() <= 4 {
            out[at + 8..at + 8 + bytes.len()].copy_from_slice(bytes);
        } else {
            if !out.len().is_multiple_of(2) {
                out.push(0);
            }
            let place = u32::try_from(out.len()).ok()?;
            out[at + 8..at + 12].copy_from_slice(&order.long(place));
            out.extend_from_slice(bytes);
        }
        places.push(at + 8);
    }
    let first_link = places.len() - links.count();
    Some(places.split_off(first_link))
}
