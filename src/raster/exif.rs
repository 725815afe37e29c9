//! The two things about EXIF that matter here: which way up the picture is, and what may be written again.
//!
//! EXIF is a TIFF directory (Exif 2.32, section 4.5): a byte-order mark, then directories of 12-byte entries. Maker
//! notes inside hold absolute offsets, so the block is changed in place and never re-arranged.

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const PIXEL_WIDTH: u16 = 0xa002;
const PIXEL_HEIGHT: u16 = 0xa003;
const SHORT: u16 = 3;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const ENTRY: usize = 12;

/// The byte order of a TIFF block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn is_big(self) -> bool {
        self == Order::Big
    }

    /// The whole number that at most eight bytes stand for.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Order::Little => bytes.iter().rev().fold(0, join),
            Order::Big => bytes.iter().fold(0, join),
        }
    }

    pub(super) fn short(self, value: u16) -> [u8; 2] {
        if self.is_big() { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(super) fn long(self, value: u32) -> [u8; 4] {
        if self.is_big() { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

/// A TIFF directory inside a block of bytes.
pub(super) struct ExifDirectory<'a> {
    bytes: &'a [u8],
    order: Order,
    /// Where the entries start.
    start: usize,
    entries: usize,
}

impl<'a> ExifDirectory<'a> {
    /// The first directory of a classic TIFF block.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Self> {
        let order = match bytes.get(..4)? {
            b"II*\0" => Order::Little,
            b"MM\0*" => Order::Big,
            _ => return None,
        };
        let header = ExifDirectory { bytes, order, start: 0, entries: 0 };
        header.at(header.u32(4)?)
    }

    /// The directory at `offset` of the same block.
    fn at(&self, offset: u32) -> Option<Self> {
        let offset = offset as usize;
        let entries = usize::from(self.u16(offset)?);
        let start = offset + 2;
        self.bytes.get(start..start + entries * ENTRY)?;
        Some(ExifDirectory { bytes: self.bytes, order: self.order, start, entries })
    }

    /// Where the offset of the following directory stands.
    fn link(&self) -> usize {
        self.start + self.entries * ENTRY
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Tag and position of every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u16, usize)> {
        (0..self.entries).filter_map(|i| {
            let position = self.start + i * ENTRY;
            Some((self.u16(position)?, position))
        })
    }

    /// The position of the 4-byte value field of the entry with that tag.
    pub(super) fn value_at(&self, tag: u16) -> Option<usize> {
        self.entries().find(|&(found, _)| found == tag).map(|(_, position)| position + 8)
    }

    /// The first number of an entry that holds SHORT or LONG values in its value field.
    fn number(&self, tag: u16) -> Option<u32> {
        let value = self.value_at(tag)?;
        match self.u16(value - 6)? {
            3 => self.u16(value).map(u32::from),
            4 => self.u32(value),
            _ => None,
        }
    }

    /// Changes the number of an entry, where there is one with room for it.
    fn set(&self, out: &mut [u8], tag: u16, value: u32) {
        let (Some(at), Some(_)) = (self.value_at(tag), self.number(tag)) else { return };
        let order = self.order;
        out[at - 6..at - 4].copy_from_slice(&order.short(if value > 0xffff { 4 } else { SHORT }));
        out[at - 4..at].copy_from_slice(&order.long(1));
        match u16::try_from(value) {
            Ok(value) => out[at..at + 2].copy_from_slice(&order.short(value)),
            Err(_) => out[at..at + 4].copy_from_slice(&order.long(value)),
        }
    }

    fn u16(&self, position: usize) -> Option<u16> {
        let pair = self.bytes.get(position..position.checked_add(2)?)?;
        Some(self.order.number(pair) as u16)
    }

    fn u32(&self, position: usize) -> Option<u32> {
        let quad = self.bytes.get(position..position.checked_add(4)?)?;
        Some(self.order.number(quad) as u32)
    }
}

/// The block without the `Exif\0\0` that JPEG (and some WebP writers) put in front.
pub(super) fn without_preamble(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes)
}

/// The orientation, 1 to 8; 1 where there is none or it makes no sense.
pub(super) fn orientation(exif: Option<&[u8]>) -> u8 {
    exif.and_then(ExifDirectory::first)
        .and_then(|directory| directory.number(ORIENTATION))
        .and_then(|number| u8::try_from(number).ok())
        .filter(|number| (1..=8).contains(number))
        .unwrap_or(1)
}

/// The block as it is written with pixels of that orientation and size: no thumbnail. `None` where it is not EXIF.
pub(super) fn for_writing(exif: &[u8], orientation: u8, (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let directory = ExifDirectory::first(exif)?;
    let thumbnail = directory.u32(directory.link()).filter(|&offset| offset != 0);
    let picture = thumbnail.and_then(|offset| directory.at(offset)).and_then(|second| {
        let start = second.number(THUMBNAIL_OFFSET)? as usize;
        let end = start.checked_add(second.number(THUMBNAIL_LENGTH)? as usize)?;
        // Offsets below 8 would point into the header.
        (start >= 8 && end <= exif.len()).then_some(start..end)
    });

    let mut out = exif.to_vec();
    directory.set(&mut out, ORIENTATION, orientation.into());
    if let Some(details) = directory.number(EXIF_DIRECTORY).and_then(|offset| directory.at(offset)) {
        details.set(&mut out, PIXEL_WIDTH, width);
        details.set(&mut out, PIXEL_HEIGHT, height);
    }
    if thumbnail.is_some() {
        out[directory.link()..directory.link() + 4].fill(0);
    }
    if let Some(range) = picture {
        let at_the_end = range.end == out.len();
        out[range.clone()].fill(0);
        if at_the_end {
            out.truncate(range.start);
        }
    }
    Some(out)
}

/// A block that tells an orientation and nothing else.
pub(super) fn of_orientation(orientation: u8) -> Vec<u8> {
    let order = Order::Little;
    let mut out = b"II*\0\x08\0\0\0\x01\0".to_vec();
    out.extend([order.short(ORIENTATION), order.short(SHORT)].concat());
    out.extend([order.long(1), [orientation, 0, 0, 0], [0; 4]].concat());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orientation, then a thumbnail directory and its four bytes: the layout that cameras write.
    fn block(order: Order, orientation: u16) -> Vec<u8> {
        let two = |v: u16| order.short(v);
        let four = |v: u32| order.long(v);
        let mut out = if order.is_big() { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        out.extend(four(8));
        out.extend(two(1));
        out.extend([two(ORIENTATION), two(3)].concat());
        out.extend([four(1).as_slice(), &two(orientation), &[0, 0], &four(26)].concat());
        out.extend(two(2));
        out.extend([two(THUMBNAIL_OFFSET), two(4)].concat());
        out.extend([four(1), four(56)].concat());
        out.extend([two(THUMBNAIL_LENGTH), two(4)].concat());
        out.extend([four(1), four(4), four(0)].concat());
        out.extend([0xff, 0xd8, 0xff, 0xd9]);
        out
    }

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        for order in [Order::Little, Order::Big] {
            for value in 1..=8 {
                assert_eq!(orientation(Some(&block(order, value))), value as u8);
            }
            assert_eq!(orientation(Some(&block(order, 9))), 1);
        }
        assert_eq!(orientation(None), 1);
    }

    #[test]
    fn written_blocks_are_upright_and_have_no_thumbnail() {
        for order in [Order::Little, Order::Big] {
            let before = block(order, 6);
            let after = for_writing(&before, 1, (10, 20)).unwrap();
            assert_eq!(orientation(Some(&after)), 1);
            assert_eq!(after.len(), before.len() - 4);
            let directory = ExifDirectory::first(&after).unwrap();
            assert_eq!(directory.u32(directory.link()), Some(0));
        }
    }

    #[test]
    fn broken_blocks_do_no_harm() {
        let whole = block(Order::Little, 6);
        for end in 0..whole.len() {
            let _ = for_writing(&whole[..end], 1, (10, 20));
            let _ = orientation(Some(&whole[..end]));
        }
        for position in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut bent = whole.clone();
                bent[position] = value;
                let _ = for_writing(&bent, 1, (10, 20));
                let _ = orientation(Some(&bent));
            }
        }
        assert_eq!(for_writing(b"not exif", 1, (10, 20)), None);
    }

    #[test]
    fn an_orientation_that_stays_is_written() {
        assert_eq!(orientation(Some(&of_orientation(6))), 6);
        assert_eq!(orientation(for_writing(&block(Order::Big, 3), 6, (10, 20)).as_deref()), 6);
    }
}
