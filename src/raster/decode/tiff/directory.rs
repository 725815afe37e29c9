//! The directories of a TIFF (TIFF 6.0, section 2; BigTIFF): tags and their values, without pixels.
//!
//! Every value is a slice of the file, so that no claim of a directory costs more memory than the file has bytes.

use crate::raster::exif::Order;
use std::collections::HashSet;

/// A file: its bytes, byte order and kind.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) order: Order,
    big: bool,
}

/// One directory.
pub(super) struct Directory<'a> {
    file: File<'a>,
    /// The entries, `ENTRY` bytes each.
    entries: &'a [u8],
    next: u64,
}

impl<'a> File<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (order, big) = match bytes.get(..4)? {
            b"II*\0" => (Order::Little, false),
            b"MM\0*" => (Order::Big, false),
            b"II+\0" => (Order::Little, true),
            b"MM\0+" => (Order::Big, true),
            _ => return None,
        };
        Some(File { bytes, order, big })
    }

    /// The directories in their order, up to one that the chain has been at.
    pub(super) fn directories(self) -> impl Iterator<Item = Directory<'a>> {
        let mut place = if self.big { self.number(8, 8) } else { self.number(4, 4) };
        let mut seen = HashSet::new();
        std::iter::from_fn(move || {
            let here = place.take().filter(|&place| place != 0 && seen.insert(place))?;
            let directory = self.at(here)?;
            place = Some(directory.next);
            Some(directory)
        })
    }

    pub(super) fn at(self, place: u64) -> Option<Directory<'a>> {
        let (head, entry) = if self.big { (8, 20) } else { (2, 12) };
        let place = usize::try_from(place).ok()?;
        let count = usize::try_from(self.number(place, head)?).ok()?;
        let start = place.checked_add(head)?;
        let end = start.checked_add(count.checked_mul(entry)?)?;
        let entries = self.bytes.get(start..end)?;
        let next = if self.big { self.number(end, 8) } else { self.number(end, 4) };
        // A file that was cut right here has one directory all the same.
        Some(Directory { file: self, entries, next: next.unwrap_or(0) })
    }

    fn number(&self, at: usize, size: usize) -> Option<u64> {
        Some(self.order.number(self.bytes.get(at..at.checked_add(size)?)?))
    }
}

impl<'a> Directory<'a> {
    /// The bytes of a tag's value, and the type of its numbers.
    pub(super) fn value(&self, tag: u16) -> Option<(u16, &'a [u8])> {
        let (size, counted) = if self.file.big { (20, 8) } else { (12, 4) };
        let order = self.file.order;
        let entry =
            self.entries.chunks_exact(size).find(|entry| order.number(&entry[..2]) == u64::from(tag))?;
        let kind = order.number(&entry[2..4]) as u16;
        let count = usize::try_from(order.number(&entry[4..4 + counted])).ok()?;
        let length = count.checked_mul(width_of(kind)?)?;
        let inline = &entry[4 + counted..];
        let bytes = if length <= inline.len() {
            &inline[..length]
        } else {
            let place = usize::try_from(order.number(inline)).ok()?;
            self.file.bytes.get(place..place.checked_add(length)?)?
        };
        Some((kind, bytes))
    }

    /// The tags, in their order.
    pub(super) fn tags(&self) -> impl Iterator<Item = u16> {
        let size = if self.file.big { 20 } else { 12 };
        self.entries.chunks_exact(size).map(|entry| self.file.order.number(&entry[..2]) as u16)
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.value(tag).is_some()
    }

    /// Unsigned whole numbers.
    pub(super) fn numbers(&self, tag: u16) -> Option<Vec<u64>> {
        let (kind, bytes) = self.value(tag)?;
        // BYTE, SHORT, LONG, IFD, UNDEFINED, LONG8, IFD8.
        if !matches!(kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            return None;
        }
        Some(bytes.chunks_exact(width_of(kind)?).map(|bytes| self.file.order.number(bytes)).collect())
    }

    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.numbers(tag)?.first().copied()
    }

    /// RATIONAL numbers.
    pub(super) fn fractions(&self, tag: u16) -> Option<Vec<f64>> {
        let (5, bytes) = self.value(tag)? else { return None };
        let order = self.file.order;
        let fraction = |pair: &[u8]| order.number(&pair[..4]) as f64 / order.number(&pair[4..]) as f64;
        Some(bytes.chunks_exact(8).map(fraction).collect())
    }

    /// The value as it is stored.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        self.value(tag).map(|(_, bytes)| bytes)
    }
}

/// Bytes of one number of a type.
pub(super) fn width_of(kind: u16) -> Option<usize> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => return None,
    })
}
