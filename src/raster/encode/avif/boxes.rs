//! Boxes (ISO/IEC 14496-12, 4.2): a length, a type, contents.

/// Bytes before the contents.
pub(super) const BOX_HEADER: usize = 8;

pub(super) fn boxed(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let length = (contents.len() + BOX_HEADER) as u32;
    [&length.to_be_bytes()[..], kind, contents].concat()
}

/// A box that begins with a version and flags of 24 bits.
pub(super) fn full_box(kind: &[u8; 4], version: u8, flags: u32, contents: &[u8]) -> Vec<u8> {
    let word = u32::from(version) << 24 | flags;
    boxed(kind, &[&word.to_be_bytes()[..], contents].concat())
}

/// A count of 16 bits.
pub(super) fn short(count: usize) -> [u8; 2] {
    (count as u16).to_be_bytes()
}
