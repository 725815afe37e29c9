//! Mutations of the fields that decide: sizes, counts, offsets and lengths, where a format's structure says that they are.

mod fields;
mod protobuf;
mod random;

use random::Random;

/// Changes up to three fields of a picture of `data[..size]`, in place; `seed` decides which, and how. Returns whether its
/// format is known.
pub fn picture(data: &mut [u8], size: usize, seed: u32) -> bool {
    let data = &mut data[..size];
    let found = fields::find(data);
    if found.is_empty() {
        return false;
    }
    let mut random = Random::new(seed);
    let chunks = if data.starts_with(b"\x89PNG") { fields::png_chunks(data) } else { Vec::new() };
    for _ in 0..1 + random.below(3) {
        let field = found[random.below(found.len())];
        let value = random.value(field.read(data));
        field.write(data, value);
    }
    for (at, length) in chunks {
        seal(data, at, length);
    }
    true
}

/// Writes the checksum of a chunk of a PNG, without which nobody looks into it.
fn seal(data: &mut [u8], at: usize, length: usize) {
    let Some(end) = length.checked_add(at + 8).filter(|end| *end + 4 <= data.len()) else { return };
    let sum = !data[at + 4..end].iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    });
    data[end..end + 4].copy_from_slice(&sum.to_be_bytes());
}

/// Changes the ONNX model of `data[..size]`; `seed` decides what, and how. Returns its new size; `None` where it is no model
/// or there is no room for the new one.
pub fn onnx(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> Option<usize> {
    let changed = protobuf::change(&data[..size], &mut Random::new(seed))?;
    let room = data.get_mut(..changed.len()).filter(|room| room.len() <= max_size)?;
    room.copy_from_slice(&changed);
    Some(changed.len())
}
