//! The container of AVIF (ISO/IEC 14496-12, ISO/IEC 23008-12): items, their data, properties and relations.

use crate::raster::decode::isobmff::{IsoBox, boxes};
use std::borrow::Cow;
use std::collections::HashMap;

/// The item of a file that is shown, and what belongs to it.
pub(super) struct Container<'a> {
    bytes: &'a [u8],
    primary: u32,
    /// Type and place of the data of every item.
    items: HashMap<u32, Item>,
    /// References: type, from, to.
    references: Vec<([u8; 4], u32, Vec<u32>)>,
    properties: Vec<IsoBox<'a>>,
    /// The properties of items, by their place in the list.
    associations: HashMap<u32, Vec<usize>>,
    item_data: &'a [u8],
}

#[derive(Clone, Default)]
struct Item {
    kind: [u8; 4],
    /// Whether the data stand in the meta box.
    inside: bool,
    /// Offset and length.
    extents: Vec<(u64, u64)>,
}

fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|found| &found.kind == kind).map(|found| found.data)
}

/// Reads big-endian numbers one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next(&mut self, size: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(number.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn short(&mut self) -> Option<u32> {
        self.next(2).map(|number| number as u32)
    }

    /// An item's number: 16 bits, or 32 in later versions of a box.
    fn id(&mut self, wide: bool) -> Option<u32> {
        self.next(if wide { 4 } else { 2 }).map(|number| number as u32)
    }
}

/// Version, flags and what follows of a full box.
fn full_box(data: &[u8]) -> Option<(u8, u32, Reader<'_>)> {
    let (&[version, a, b, c], rest) = data.split_first_chunk::<4>()?;
    Some((version, u32::from_be_bytes([0, a, b, c]), Reader(rest)))
}

/// Items and references beyond which a file is not believed.
const MAX_ENTRIES: usize = 1 << 16;

impl<'a> Container<'a> {
    /// Reads the meta box.
    ///
    /// # Errors
    /// What is missing, in words.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let meta = find(bytes, b"meta").ok_or("no meta box")?;
        let meta = meta.get(4..).ok_or("an empty meta box")?;
        let primary = find(meta, b"pitm").and_then(|data| {
            let (version, _, mut rest) = full_box(data)?;
            rest.id(version > 0)
        });
        let properties = find(meta, b"iprp").unwrap_or(&[]);
        let mut container = Container {
            bytes,
            primary: primary.ok_or("no primary item")?,
            items: HashMap::new(),
            references: Vec::new(),
            properties: find(properties, b"ipco").map(|data| boxes(data).collect()).unwrap_or_default(),
            associations: HashMap::new(),
            item_data: find(meta, b"idat").unwrap_or(&[]),
        };
        container
            .read_iloc(find(meta, b"iloc").ok_or("no places of items")?)
            .ok_or("broken places of items")?;
        container
            .read_iinf(find(meta, b"iinf").ok_or("no kinds of items")?)
            .ok_or("broken kinds of items")?;
        if let Some(data) = find(meta, b"iref") {
            container.read_iref(data).ok_or("broken references of items")?;
        }
        for data in boxes(properties).filter(|found| &found.kind == b"ipma").map(|found| found.data) {
            container.read_ipma(data).ok_or("broken properties of items")?;
        }
        Ok(container)
    }

    fn read_iloc(&mut self, data: &[u8]) -> Option<()> {
        let (version, _, mut rest) = full_box(data)?;
        let sizes = rest.short()?;
        let size = |shift: u32| (sizes >> shift & 15) as usize;
        let (offset, length, base) = (size(12), size(8), size(4));
        let index = if matches!(version, 1 | 2) { size(0) } else { 0 };
        if [offset, length, base, index].iter().any(|size| !matches!(size, 0 | 4 | 8)) {
            return None;
        }
        for _ in 0..rest.id(version > 1)? {
            let id = rest.id(version > 1)?;
            let method = if version > 0 { rest.short()? & 15 } else { 0 };
            rest.short()?;
            let start = rest.next(base)?;
            let mut extents = Vec::new();
            for _ in 0..rest.short()? {
                rest.next(index)?;
                let place = start.checked_add(rest.next(offset)?)?;
                extents.push((place, rest.next(length)?));
            }
            if method > 1 || self.items.len() > MAX_ENTRIES {
                continue;
            }
            let item = self.items.entry(id).or_default();
            (item.inside, item.extents) = (method == 1, extents);
        }
        Some(())
    }

    fn read_iinf(&mut self, data: &[u8]) -> Option<()> {
        let (version, _, mut rest) = full_box(data)?;
        rest.id(version > 0)?;
        for entry in boxes(rest.0).filter(|found| &found.kind == b"infe").take(MAX_ENTRIES) {
            let (version, _, mut rest) = full_box(entry.data)?;
            if version < 2 {
                continue;
            }
            let id = rest.id(version > 2)?;
            rest.short()?;
            let kind = *rest.0.first_chunk::<4>()?;
            self.items.entry(id).or_default().kind = kind;
        }
        Some(())
    }

    fn read_iref(&mut self, data: &[u8]) -> Option<()> {
        let (version, _, rest) = full_box(data)?;
        for found in boxes(rest.0).take(MAX_ENTRIES) {
            let mut rest = Reader(found.data);
            let from = rest.id(version > 0)?;
            let count = rest.short()?;
            let to = (0..count).map(|_| rest.id(version > 0)).collect::<Option<Vec<_>>>()?;
            self.references.push((found.kind, from, to));
        }
        Some(())
    }

    fn read_ipma(&mut self, data: &[u8]) -> Option<()> {
        let (version, flags, mut rest) = full_box(data)?;
        let wide = flags & 1 != 0;
        for _ in 0..rest.next(4)? {
            let id = rest.id(version > 0)?;
            let count = rest.next(1)?;
            let mask = if wide { 0x7fff } else { 0x7f };
            let list = (0..count)
                .map(|_| rest.next(if wide { 2 } else { 1 }).map(|number| (number & mask) as usize))
                .collect::<Option<Vec<_>>>()?;
            self.associations.entry(id).or_default().extend(list);
        }
        Some(())
    }

    pub(super) fn primary(&self) -> u32 {
        self.primary
    }

    pub(super) fn kind(&self, item: u32) -> [u8; 4] {
        self.items.get(&item).map_or([0; 4], |item| item.kind)
    }

    /// The data of an item, as far as the file has them.
    pub(super) fn data(&self, item: u32) -> Option<Cow<'a, [u8]>> {
        let item = self.items.get(&item)?;
        let all = if item.inside { self.item_data } else { self.bytes };
        let piece = |&(offset, length): &(u64, u64)| {
            let piece = all.get(usize::try_from(offset).ok()?..)?;
            // No length: to the end.
            let length = if length == 0 { piece.len() } else { usize::try_from(length).ok()? };
            Some(&piece[..length.min(piece.len())])
        };
        match &item.extents[..] {
            [one] => piece(one).map(Cow::Borrowed),
            several => {
                let pieces = several.iter().map(piece).collect::<Option<Vec<_>>>()?;
                let total: usize = pieces.iter().map(|piece| piece.len()).sum();
                // Pieces that overlap could make more of a file than it is.
                (total <= self.bytes.len()).then(|| Cow::Owned(pieces.concat()))
            }
        }
    }

    /// The properties of an item, in their order.
    pub(super) fn properties(&self, item: u32) -> impl Iterator<Item = IsoBox<'a>> {
        let list = self.associations.get(&item).map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|&place| self.properties.get(place.checked_sub(1)?).copied())
    }

    pub(super) fn property(&self, item: u32, kind: &[u8; 4]) -> Option<&'a [u8]> {
        self.properties(item).find(|found| &found.kind == kind).map(|found| found.data)
    }

    /// Width and height of an item.
    pub(super) fn size(&self, item: u32) -> Option<(u32, u32)> {
        let (_, _, mut rest) = full_box(self.property(item, b"ispe")?)?;
        Some((rest.next(4)? as u32, rest.next(4)? as u32))
    }

    /// The items that an item refers to.
    pub(super) fn references_from(&self, kind: &[u8; 4], from: u32) -> &[u32] {
        let found = self.references.iter().find(|(other, item, _)| other == kind && *item == from);
        found.map_or(&[], |(.., to)| to)
    }

    /// The items that refer to one.
    pub(super) fn references_to(&self, kind: &[u8; 4], to: u32) -> impl Iterator<Item = u32> {
        self.references
            .iter()
            .filter(move |(other, _, targets)| other == kind && targets.contains(&to))
            .map(|(_, from, _)| *from)
    }
}

/// How the tiles of a grid lie (ISO/IEC 23008-12, 6.6.2.3).
pub(super) struct Grid {
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Grid {
    pub(super) fn read(data: &[u8]) -> Option<Grid> {
        let mut rest = Reader(data);
        let (_version, flags) = (rest.next(1)?, rest.next(1)?);
        let (rows, columns) = (rest.next(1)? as u32 + 1, rest.next(1)? as u32 + 1);
        let size = if flags & 1 != 0 { 4 } else { 2 };
        Some(Grid { rows, columns, width: rest.next(size)? as u32, height: rest.next(size)? as u32 })
    }
}
