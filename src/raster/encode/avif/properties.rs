//! The properties of items (ISO/IEC 23008-12, 6.5).

use super::boxes::{boxed, full_box};
use super::container::Association;

/// The list that items refer to by place.
#[derive(Default)]
pub(super) struct Properties {
    bytes: Vec<u8>,
    count: u8,
}

impl Properties {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a box and says its place, from 1.
    pub(super) fn add(&mut self, property: Vec<u8>) -> u8 {
        self.bytes.extend(property);
        self.count += 1;
        self.count
    }

    pub(super) fn size(&mut self, (width, height): (u32, u32)) -> Association {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        (self.add(full_box(b"ispe", 0, 0, &size)), false)
    }

    /// What readers see: the size, and the way from the stored pixels to upright ones. `orientation` is EXIF's.
    pub(super) fn of_shown(&mut self, size: (u32, u32), orientation: u8) -> Vec<Association> {
        let mut out = vec![self.size(size)];
        // Quarter turns against the clock, then an axis: 0 exchanges top and bottom, 1 left and right.
        let (turns, axis) = match orientation {
            2 => (0, Some(1)),
            3 => (2, None),
            4 => (0, Some(0)),
            5 => (1, Some(0)),
            6 => (3, None),
            7 => (3, Some(0)),
            8 => (1, None),
            _ => (0, None),
        };
        if turns > 0 {
            out.push((self.add(boxed(b"irot", &[turns])), true));
        }
        if let Some(axis) = axis {
            out.push((self.add(boxed(b"imir", &[axis])), true));
        }
        out
    }

    /// Channels with their bits, and what the colours mean: an ICC profile, or sRGB in code points (ITU-T H.273).
    pub(super) fn of_colours(&mut self, grey: bool, bits: u8, icc: Option<&[u8]>) -> Vec<Association> {
        const FULL_RANGE: u8 = 0x80;
        const BT709: u8 = 1;
        const UNSPECIFIED: u8 = 2;
        const BT601: u8 = 6;
        const SRGB: u8 = 13;
        let mut out = vec![self.channels(if grey { 1 } else { 3 }, bits)];
        let (primaries, transfer) = if icc.is_some() { (UNSPECIFIED, UNSPECIFIED) } else { (BT709, SRGB) };
        if let Some(icc) = icc {
            out.push((self.add(boxed(b"colr", &[b"prof", icc].concat())), false));
        }
        let code_points = [&b"nclx"[..], &[0, primaries, 0, transfer, 0, BT601, FULL_RANGE]].concat();
        out.push((self.add(boxed(b"colr", &code_points)), false));
        out
    }

    pub(super) fn of_alpha(&mut self, bits: u8) -> Vec<Association> {
        const KIND: &[u8] = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
        vec![self.channels(1, bits), (self.add(full_box(b"auxC", 0, 0, KIND)), true)]
    }

    fn channels(&mut self, count: u8, bits: u8) -> Association {
        let information = [&[count][..], &vec![bits; count.into()]].concat();
        (self.add(full_box(b"pixi", 0, 0, &information)), false)
    }
}
