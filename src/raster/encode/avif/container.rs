//! The container of AVIF: items of ISO/IEC 23008-12 in boxes of ISO/IEC 14496-12.

use super::boxes::{BOX_HEADER, boxed, full_box, short};
use super::properties::Properties;
use crate::error::Error;
use crate::raster::metadata::Metadata;

/// What was coded of one item.
pub(super) struct Coded<'a> {
    /// The contents of `av1C`.
    pub(super) configuration: &'a [u8],
    pub(super) data: &'a [u8],
}

/// A picture in coded tiles, from top to bottom, each as wide as the picture.
pub(super) struct Picture<'a> {
    pub(super) size: (u32, u32),
    /// Rows of each tile; the last may reach beyond the picture.
    pub(super) tile_rows: u32,
    pub(super) bits: u8,
    pub(super) grey: bool,
    pub(super) colours: Vec<Coded<'a>>,
    /// As many as the colours, or none.
    pub(super) alphas: Vec<Coded<'a>>,
    pub(super) metadata: &'a Metadata,
}

/// An item of the file. Items are numbered from 1 in the order in which they are added.
struct Item<'a> {
    kind: &'static [u8; 4],
    hidden: bool,
    data: Data<'a>,
    properties: Vec<Association>,
    /// Types, and the items referred to.
    references: Vec<(&'static [u8; 4], Vec<u16>)>,
}

/// The place of a property in the list, from 1, and whether a reader must know it.
pub(super) type Association = (u8, bool);

enum Data<'a> {
    /// In the box `idat`.
    Inside(Vec<u8>),
    /// In the box `mdat`, one after the other.
    Media(Vec<&'a [u8]>),
}

impl Data<'_> {
    fn length(&self) -> usize {
        match self {
            Data::Inside(bytes) => bytes.len(),
            Data::Media(parts) => parts.iter().map(|part| part.len()).sum(),
        }
    }
}

/// The item that is shown.
const PRIMARY: u16 = 1;

/// The bytes of the file.
///
/// # Errors
/// [`Error::Encode`] where the file would be larger than 4 GiB.
pub(super) fn write(picture: &Picture) -> Result<Vec<u8>, Error> {
    let mut file = File { items: Vec::new(), properties: Properties::default() };
    file.add_picture(picture);
    file.add_metadata(picture.metadata);
    file.bytes()
}

struct File<'a> {
    items: Vec<Item<'a>>,
    properties: Properties,
}

impl<'a> File<'a> {
    fn add_picture(&mut self, picture: &Picture<'a>) {
        let shown = self.properties.of_shown(picture.size, picture.metadata.orientation);
        let colours = self.properties.of_colours(picture.grey, picture.bits, picture.metadata.icc.as_deref());
        self.add_image(picture, &picture.colours, &shown, &colours, Vec::new());
        if !picture.alphas.is_empty() {
            let alpha = self.properties.of_alpha(picture.bits);
            self.add_image(picture, &picture.alphas, &shown, &alpha, vec![(b"auxl", vec![PRIMARY])]);
        }
    }

    /// One coded picture: an item, or a grid and its tiles. `shown` are the properties of what readers see, `common` those
    /// of each tile too.
    fn add_image(
        &mut self,
        picture: &Picture<'a>,
        tiles: &[Coded<'a>],
        shown: &[Association],
        common: &[Association],
        mut references: Vec<(&'static [u8; 4], Vec<u16>)>,
    ) {
        let configuration = tiles.first().map_or(&[][..], |tile| tile.configuration);
        let configuration = (self.properties.add(boxed(b"av1C", configuration)), true);
        let coded = |data, hidden, properties, references| {
            let data = Data::Media(vec![data]);
            Item { kind: b"av01", hidden, data, properties, references }
        };
        if let [tile] = tiles {
            let properties = [&[configuration], common, shown].concat();
            self.items.push(coded(tile.data, false, properties, references));
            return;
        }
        let first = self.items.len() as u16 + 2;
        references.push((b"dimg", (first..).take(tiles.len()).collect()));
        let data = Data::Inside(grid(tiles.len(), picture.size));
        let properties = [common, shown].concat();
        self.items.push(Item { kind: b"grid", hidden: false, data, properties, references });
        let size = self.properties.size((picture.size.0, picture.tile_rows));
        let properties = [&[configuration, size], common].concat();
        for tile in tiles {
            self.items.push(coded(tile.data, true, properties.clone(), Vec::new()));
        }
    }

    fn add_metadata(&mut self, metadata: &'a Metadata) {
        // Bytes between this number and the header of the block: none.
        const NO_GAP: &[u8] = &[0; 4];
        let exif = metadata.exif.as_deref().map(|exif| (b"Exif", vec![NO_GAP, exif]));
        let xmp = metadata.xmp.as_deref().map(|xmp| (b"mime", vec![xmp]));
        for (kind, parts) in [exif, xmp].into_iter().flatten() {
            self.items.push(Item {
                kind,
                hidden: true,
                data: Data::Media(parts),
                properties: Vec::new(),
                references: vec![(b"cdsc", vec![PRIMARY])],
            });
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, Error> {
        // The places of data depend on the size of what is before them, which does not depend on the places.
        let start = self.head(0).len() + BOX_HEADER;
        let media = self.items.iter().filter(|item| matches!(item.data, Data::Media(_)));
        let media: usize = media.map(|item| item.data.length()).sum();
        if start + media > u32::MAX as usize {
            return Err(Error::Encode("The AVIF would be larger than 4 GiB".into()));
        }
        let mut out = self.head(start as u32);
        out.reserve(media + BOX_HEADER);
        out.extend(((media + BOX_HEADER) as u32).to_be_bytes());
        out.extend(b"mdat");
        for item in &self.items {
            if let Data::Media(parts) = &item.data {
                parts.iter().for_each(|part| out.extend_from_slice(part));
            }
        }
        Ok(out)
    }

    /// All boxes before the data, which begin at `start`.
    fn head(&self, start: u32) -> Vec<u8> {
        // The brand, its version, and all brands that readers may look for; MA1A: AV1's High profile.
        let file_type = boxed(b"ftyp", b"avif\0\0\0\0avifmif1miafMA1A");
        let handler = [&[0; 4][..], b"pict", &[0; 13]].concat();
        let inside = self.items.iter().flat_map(|item| match &item.data {
            Data::Inside(bytes) => &bytes[..],
            Data::Media(_) => &[],
        });
        let inside: Vec<u8> = inside.copied().collect();
        let inside = if inside.is_empty() { Vec::new() } else { boxed(b"idat", &inside) };
        let associations = self.associations();
        let properties = [boxed(b"ipco", self.properties.bytes()), associations].concat();
        let meta = [
            full_box(b"hdlr", 0, 0, &handler),
            full_box(b"pitm", 0, 0, &PRIMARY.to_be_bytes()),
            self.locations(start),
            self.information(),
            self.references(),
            boxed(b"iprp", &properties),
            inside,
        ];
        [file_type, full_box(b"meta", 0, 0, &meta.concat())].concat()
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, &Item<'a>)> {
        (PRIMARY..).zip(&self.items)
    }

    fn locations(&self, start: u32) -> Vec<u8> {
        // Offsets and lengths of four bytes, no base offset, no index.
        let mut out = vec![0x44, 0];
        out.extend(short(self.items.len()));
        let (mut inside, mut media) = (0, start);
        for (id, item) in self.numbered() {
            let length = item.data.length() as u32;
            let (method, place) = match item.data {
                Data::Inside(_) => (1u16, &mut inside),
                Data::Media(_) => (0, &mut media),
            };
            const SAME_FILE: u16 = 0;
            const EXTENTS: u16 = 1;
            [id, method, SAME_FILE, EXTENTS].iter().for_each(|number| out.extend(number.to_be_bytes()));
            out.extend(place.to_be_bytes());
            out.extend(length.to_be_bytes());
            *place = place.wrapping_add(length);
        }
        full_box(b"iloc", 1, 0, &out)
    }

    fn information(&self) -> Vec<u8> {
        let mut out = short(self.items.len()).to_vec();
        for (id, item) in self.numbered() {
            // Number, no protection, type, no name; of XMP its media type.
            let mut entry = [&id.to_be_bytes()[..], &[0; 2], item.kind, &[0]].concat();
            if item.kind == b"mime" {
                entry.extend(b"application/rdf+xml\0");
            }
            out.extend(full_box(b"infe", 2, item.hidden.into(), &entry));
        }
        full_box(b"iinf", 0, 0, &out)
    }

    fn references(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (id, item) in self.numbered() {
            for (kind, to) in &item.references {
                let mut reference = [id.to_be_bytes(), short(to.len())].concat();
                to.iter().for_each(|to| reference.extend(to.to_be_bytes()));
                out.extend(boxed(kind, &reference));
            }
        }
        if out.is_empty() { out } else { full_box(b"iref", 0, 0, &out) }
    }

    fn associations(&self) -> Vec<u8> {
        let with_some = || self.numbered().filter(|(_, item)| !item.properties.is_empty());
        let mut out = (with_some().count() as u32).to_be_bytes().to_vec();
        for (id, item) in with_some() {
            out.extend(id.to_be_bytes());
            out.push(item.properties.len() as u8);
            out.extend(item.properties.iter().map(|&(place, essential)| u8::from(essential) << 7 | place));
        }
        full_box(b"ipma", 0, 0, &out)
    }
}

/// Tiles in one column (ISO/IEC 23008-12, 6.6.2.3.2): version, flags for numbers of 32 bits, rows and columns less one,
/// size.
fn grid(rows: usize, (width, height): (u32, u32)) -> Vec<u8> {
    [&[0, 1, (rows - 1) as u8, 0][..], &width.to_be_bytes(), &height.to_be_bytes()].concat()
}
