//! Mutations of the fields that decide: sizes, counts, offsets and lengths, found as far as a format's structure tells where
//! they are.

/// Values at which arithmetic goes wrong.
const INTERESTING: [u64; 16] = [
    0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff, u64::MAX,
];

/// A place in a file, and how its number is written there.
#[derive(Clone, Copy)]
struct Field {
    at: usize,
    bytes: usize,
    big: bool,
}

/// Changes some fields of `data[..size]`, in place; `seed` decides which, and how. Returns whether any were found.
pub fn fields(data: &mut [u8], size: usize, seed: u32) -> bool {
    let data = &mut data[..size];
    let found = match data {
        [b'G', b'I', b'F', ..] => gif(data),
        [0x89, b'P', b'N', b'G', ..] => png(data),
        [0xff, 0xd8, ..] => jpeg(data),
        [b'R', b'I', b'F', b'F', ..] => riff(data),
        [b'I', b'I', ..] => tiff(data, false),
        [b'M', b'M', ..] => tiff(data, true),
        [b'B', b'M', ..] => bmp(),
        _ => varints(data),
    };
    let mut random = seed | 1;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random as usize
    };
    let fitting: Vec<Field> = found.into_iter().filter(|field| field.at + field.bytes <= size).collect();
    if fitting.is_empty() {
        return false;
    }
    for _ in 0..1 + next() % 3 {
        let field = fitting[next() % fitting.len()];
        let value = match next() % 4 {
            0 => next() as u64,
            _ => INTERESTING[next() % INTERESTING.len()],
        };
        write(data, field, value);
    }
    true
}

fn write(data: &mut [u8], Field { at, bytes, big }: Field, value: u64) {
    for n in 0..bytes {
        let shift = 8 * if big { bytes - 1 - n } else { n };
        data[at + n] = (value >> shift) as u8;
    }
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

/// The length of every chunk, and the first numbers in it.
fn png(data: &[u8]) -> Vec<Field> {
    let (mut fields, mut at) = (Vec::new(), 8);
    while let Some(length) = read(data, at, 4, true) {
        fields.extend([big(at, 4), big(at + 8, 4), big(at + 12, 4), big(at + 16, 1), big(at + 17, 1), big(at + 20, 1)]);
        at = at.saturating_add(12 + length as usize);
    }
    fields
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

/// The length of every chunk, and the sizes with which most of them begin.
fn riff(data: &[u8]) -> Vec<Field> {
    let (mut fields, mut at) = (vec![little(4, 4)], 12);
    while let Some(length) = read(data, at + 4, 4, false) {
        fields.extend([little(at + 4, 4), little(at + 8, 1)]);
        fields.extend([8, 11, 12, 14, 15, 17].map(|n| little(at + n, 3)));
        at = at.saturating_add(8 + length as usize + (length & 1) as usize);
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
            fields.extend([field(entry, 2), field(entry + 2, 2), field(entry + 4, 4), field(entry + 8, 4), field(entry + 8, 2)]);
        }
        let next = directory + 2 + 12 * count as usize;
        fields.push(field(next, 4));
        directory = read(data, next, 4, order).unwrap_or(0) as usize;
    }
    fields
}

fn bmp() -> Vec<Field> {
    [10, 14, 18, 22, 30, 34, 46, 50].map(|at| little(at, 4)).into_iter().chain([little(26, 2), little(28, 2)]).collect()
}

/// Protocol buffers: bytes that follow a key of a number or of a length.
fn varints(data: &[u8]) -> Vec<Field> {
    let keys = data.iter().enumerate().filter(|(_, byte)| matches!(**byte & 7, 0 | 2) && **byte >> 3 > 0);
    keys.flat_map(|(at, _)| [little(at + 1, 1), little(at + 1, 2)]).collect()
}
