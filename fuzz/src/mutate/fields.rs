//! Where the numbers of a picture's format are: sizes, counts, offsets and lengths.

/// A place in a file, and how its number is written there.
#[derive(Clone, Copy)]
pub struct Field {
    pub at: usize,
    pub bytes: usize,
    pub big: bool,
}

impl Field {
    pub fn read(self, data: &[u8]) -> u64 {
        read(data, self.at, self.bytes, self.big).unwrap_or(0)
    }

    pub fn write(self, data: &mut [u8], value: u64) {
        for n in 0..self.bytes {
            let shift = 8 * if self.big { self.bytes - 1 - n } else { n };
            data[self.at + n] = (value >> shift) as u8;
        }
    }
}

/// The fields of a picture; none where its format is not known.
pub fn find(data: &[u8]) -> Vec<Field> {
    let found = match data {
        [b'G', b'I', b'F', ..] => gif(data),
        [0x89, b'P', b'N', b'G', ..] => png(data),
        [0xff, 0xd8, ..] => jpeg(data),
        [b'R', b'I', b'F', b'F', ..] => riff(data),
        [b'I', b'I', ..] => tiff(data, false),
        [b'M', b'M', ..] => tiff(data, true),
        [b'B', b'M', ..] => bmp(),
        [b'q', b'o', b'i', b'f', ..] => vec![big(4, 4), big(8, 4), big(12, 1), big(13, 1)],
        [0, 0, 1 | 2, 0, ..] => ico(data),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] | [_, _, _, _, b'J', b'X', b'L', b' ', ..] => {
            boxes(data, 0, data.len(), 0)
        }
        _ => Vec::new(),
    };
    found.into_iter().filter(|field| field.at + field.bytes <= data.len()).collect()
}

fn read(data: &[u8], at: usize, bytes: usize, big: bool) -> Option<u64> {
    let part = data.get(at..at.checked_add(bytes)?)?;
    let number = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    Some(if big { part.iter().fold(0, number) } else { part.iter().rev().fold(0, number) })
}

fn little(at: usize, bytes: usize) -> Field {
    Field { at, bytes, big: false }
}

fn big(at: usize, bytes: usize) -> Field {
    Field { at, bytes, big: true }
}

/// The screen, then the corner, size and flags of every image, and the size of its codes.
fn gif(data: &[u8]) -> Vec<Field> {
    let mut fields = vec![little(6, 2), little(8, 2), little(10, 1), little(11, 1)];
    for at in (13..data.len()).filter(|&at| data[at] == 0x2c) {
        fields.extend([little(at + 1, 2), little(at + 3, 2), little(at + 5, 2), little(at + 7, 2)]);
        fields.extend([little(at + 9, 1), little(at + 10, 1)]);
    }
    fields
}

/// The places of the chunks of a PNG: the length, the kind, the content, its checksum.
pub fn png_chunks(data: &[u8]) -> Vec<(usize, usize)> {
    let (mut chunks, mut at) = (Vec::new(), 8);
    while let Some(length) = read(data, at, 4, true) {
        chunks.push((at, length as usize));
        at = at.saturating_add(12 + length as usize);
    }
    chunks
}

/// The length of every chunk, and the first numbers in it.
fn png(data: &[u8]) -> Vec<Field> {
    let fields = |(at, _): (usize, usize)| {
        [big(at, 4), big(at + 8, 4), big(at + 12, 4), big(at + 16, 1), big(at + 17, 1), big(at + 20, 1)]
    };
    png_chunks(data).into_iter().flat_map(fields).collect()
}

/// The length of every segment, and the bytes that follow it: sizes, samplings, tables.
fn jpeg(data: &[u8]) -> Vec<Field> {
    let (mut fields, mut at) = (Vec::new(), 2);
    while read(data, at, 1, true) == Some(0xff) {
        let Some(length) = read(data, at + 2, 2, true) else { break };
        fields.extend([big(at + 1, 1), big(at + 2, 2), big(at + 5, 2), big(at + 7, 2)]);
        fields.extend((4..20).map(|n| big(at + n, 1)));
        at = at.saturating_add(2 + length as usize);
    }
    fields
}

/// The length of every chunk, and what it says of the picture: the canvas, the place, size and flags of a frame, the header
/// of its stream.
fn riff(data: &[u8]) -> Vec<Field> {
    let (mut fields, mut at) = (vec![little(4, 4)], 12);
    while let Some(length) = read(data, at + 4, 4, false) {
        fields.push(little(at + 4, 4));
        let at_content = |places: &[(usize, usize)]| -> Vec<Field> {
            places.iter().map(|&(place, bytes)| little(at + 8 + place, bytes)).collect()
        };
        let frame = &[(0, 3), (3, 3), (6, 3), (9, 3), (12, 3), (15, 1)];
        match &data[at..at + 4] {
            b"VP8X" => fields.extend(at_content(&[(0, 1), (4, 3), (7, 3)])),
            b"VP8 " => fields.extend(at_content(&[(0, 1), (1, 2), (6, 2), (8, 2), (10, 1), (11, 2)])),
            b"VP8L" => fields.extend(at_content(&[(1, 4), (1, 2), (5, 1), (6, 2)])),
            b"ALPH" => fields.extend(at_content(&[(0, 1), (1, 2), (3, 2)])),
            b"ANMF" => fields.extend(at_content(frame)),
            _ => {}
        }
        // The chunks of a frame lie inside it.
        let inside = if &data[at..at + 4] == b"ANMF" { 16 } else { (length + (length & 1)) as usize };
        at = at.saturating_add(8 + inside);
    }
    fields
}

/// The entries of the directories: tag, type, count, value.
fn tiff(data: &[u8], order: bool) -> Vec<Field> {
    let field = |at, bytes| Field { at, bytes, big: order };
    let mut fields = vec![field(4, 4)];
    let mut directory = read(data, 4, 4, order).unwrap_or(0) as usize;
    for _ in 0..4 {
        let Some(count) = read(data, directory, 2, order) else { break };
        fields.push(field(directory, 2));
        let entries = (count as usize).min(64);
        for entry in (0..entries).map(|n| directory + 2 + 12 * n) {
            fields.extend([field(entry, 2), field(entry + 2, 2), field(entry + 4, 4)]);
            fields.extend([field(entry + 8, 4), field(entry + 8, 2)]);
        }
        let next = directory + 2 + 12 * count as usize;
        fields.push(field(next, 4));
        directory = read(data, next, 4, order).unwrap_or(0) as usize;
    }
    fields
}

fn bmp() -> Vec<Field> {
    let sizes = [10, 14, 18, 22, 30, 34, 46, 50].map(|at| little(at, 4));
    sizes.into_iter().chain([little(26, 2), little(28, 2)]).collect()
}

/// The directory of the pictures, and the header of the first, which is a bitmap or a PNG.
fn ico(data: &[u8]) -> Vec<Field> {
    let mut fields = vec![little(4, 2)];
    for entry in (6..data.len()).step_by(16).take(read(data, 4, 2, false).unwrap_or(0) as usize) {
        fields.extend([little(entry, 1), little(entry + 1, 1), little(entry + 8, 4), little(entry + 12, 4)]);
        let header = read(data, entry + 12, 4, false).unwrap_or(0) as usize;
        fields.extend([0, 4, 8, 16, 20].map(|at| little(header.saturating_add(at), 4)));
    }
    fields
}

/// Boxes of AVIF and JPEG XL: the size of each, and every number of those that hold no picture.
fn boxes(data: &[u8], mut at: usize, end: usize, depth: usize) -> Vec<Field> {
    let mut fields = Vec::new();
    while at + 8 <= end {
        let size = read(data, at, 4, true).unwrap_or(0) as usize;
        let next = if size < 8 { end } else { at.saturating_add(size).min(end) };
        fields.push(big(at, 4));
        match &data[at + 4..at + 8] {
            b"meta" if depth < 6 => fields.extend(boxes(data, at + 12, next, depth + 1)),
            b"iprp" | b"ipco" if depth < 6 => fields.extend(boxes(data, at + 8, next, depth + 1)),
            b"mdat" | b"jxlc" | b"ftyp" | b"JXL " => {}
            _ => fields.extend((at + 8..next).flat_map(|at| [big(at, 1), big(at, 2), big(at, 4)])),
        }
        at = next;
    }
    fields
}
