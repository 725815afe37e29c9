//! Boxes of the ISO base media file format (ISO/IEC 14496-12, 4.2), which AVIF and JPEG XL are kept in.

/// A box: type and contents.
#[derive(Clone, Copy)]
pub(super) struct IsoBox<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
}

/// The boxes in some bytes, up to the first that is cut off.
pub(super) fn boxes(mut rest: &[u8]) -> impl Iterator<Item = IsoBox<'_>> {
    std::iter::from_fn(move || {
        let (size, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (header, size) = match u32::from_be_bytes(*size) {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*after.first_chunk::<8>()?)).ok()?),
            size => (8, size as usize),
        };
        let data = rest.get(header..size)?;
        rest = &rest[size..];
        Some(IsoBox { kind: *kind, data })
    })
}
