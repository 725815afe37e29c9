//! TIFF 6.0 with deflated strips: each band is a strip.
//!
//! An EXIF block is itself a TIFF whose values are found by absolute offsets. So the file begins with that block as it
//! is, in its byte order, and its own directory, written at the end, takes over the block's entries.

use super::{Band, EncodeOptions, Layout, zlib};
use crate::error::Error;
use crate::raster::exif::{ExifDirectory, Order};
use crate::raster::metadata::Metadata;
use crate::raster::picture::{Samples, colours_of};
use crate::raster::tiff_tag as tag;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const UNDEFINED: u16 = 7;

/// Differences along the rows (TIFF 6.0, section 14), then zlib.
pub(super) fn compress(
    layout: &Layout,
    options: &EncodeOptions,
    index: u32,
    samples: Samples,
) -> Result<Band, Error> {
    let channels = usize::from(layout.channels);
    let stride = layout.width as usize * channels;
    let big = order(options).is_big();
    let rows: Vec<u8> = match samples {
        Samples::U16(mut v) => {
            v.chunks_exact_mut(stride).for_each(|row| difference(row, channels, u16::wrapping_sub));
            v.into_iter().flat_map(|s| if big { s.to_be_bytes() } else { s.to_le_bytes() }).collect()
        }
        other => {
            let mut v = other.into_u8();
            v.chunks_exact_mut(stride).for_each(|row| difference(row, channels, u8::wrapping_sub));
            v
        }
    };
    let level = options.compression_level;
    let mut bytes = zlib::header(level).to_vec();
    zlib::deflate(&rows, level, true, &mut bytes)?;
    bytes.extend(zlib::adler32(&rows).to_be_bytes());
    bytes.shrink_to_fit();
    Ok(Band { index, bytes, adler: 0, length: 0 })
}

fn difference<T: Copy>(row: &mut [T], channels: usize, minus: impl Fn(T, T) -> T) {
    for i in (channels..row.len()).rev() {
        row[i] = minus(row[i], row[i - channels]);
    }
}

/// The EXIF block or a bare header, the strips, the profile, then the directory.
pub(super) fn join(layout: &Layout, options: &EncodeOptions, bands: Vec<Band>) -> Result<Vec<u8>, Error> {
    let order = order(options);
    let total: usize = bands.iter().map(|band| band.bytes.len() + 1).sum();
    let mut out = options.metadata.exif.clone().unwrap_or_else(|| b"II*\0\0\0\0\0".to_vec());
    out.reserve(total);
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    for band in bands {
        even(&mut out);
        offsets.push(position(&out)?);
        lengths.push(band.bytes.len() as u32);
        out.extend_from_slice(&band.bytes);
    }

    let channels = u32::from(layout.channels);
    let colours = u32::from(colours_of(layout.channels));
    const DEFLATE: u32 = 8;
    const HORIZONTAL_DIFFERENCES: u32 = 2;
    const STRAIGHT_ALPHA: u32 = 2;
    const INCH: u32 = 2;
    let mut entries = Entries { order, list: Vec::new() };
    entries.add(&mut out, tag::IMAGE_WIDTH, LONG, &[layout.width])?;
    entries.add(&mut out, tag::IMAGE_LENGTH, LONG, &[layout.height])?;
    entries.add(&mut out, tag::BITS_PER_SAMPLE, SHORT, &vec![layout.depth.into(); channels as usize])?;
    entries.add(&mut out, tag::COMPRESSION, SHORT, &[DEFLATE])?;
    entries.add(&mut out, tag::PHOTOMETRIC_INTERPRETATION, SHORT, &[if colours == 1 { 1 } else { 2 }])?;
    entries.add(&mut out, tag::STRIP_OFFSETS, LONG, &offsets)?;
    entries.add(&mut out, tag::ORIENTATION, SHORT, &[options.metadata.orientation.max(1).into()])?;
    entries.add(&mut out, tag::SAMPLES_PER_PIXEL, SHORT, &[channels])?;
    entries.add(&mut out, tag::ROWS_PER_STRIP, LONG, &[layout.band_rows])?;
    entries.add(&mut out, tag::STRIP_BYTE_COUNTS, LONG, &lengths)?;
    entries.add(&mut out, tag::PLANAR_CONFIGURATION, SHORT, &[1])?;
    entries.add(&mut out, tag::RESOLUTION_UNIT, SHORT, &[INCH])?;
    entries.add(&mut out, tag::PREDICTOR, SHORT, &[HORIZONTAL_DIFFERENCES])?;
    if channels > colours {
        entries.add(&mut out, tag::EXTRA_SAMPLES, SHORT, &[STRAIGHT_ALPHA])?;
    }
    entries.add_metadata(&mut out, &options.metadata)?;
    if let Some(exif) = &options.metadata.exif {
        entries.adopt(exif);
    }
    entries.write(&mut out)?;
    Ok(out)
}

fn order(options: &EncodeOptions) -> Order {
    let exif = options.metadata.exif.as_deref().and_then(ExifDirectory::first);
    exif.map_or(Order::Little, |directory| directory.order())
}

/// Values start on an even offset.
fn even(out: &mut Vec<u8>) {
    if !out.len().is_multiple_of(2) {
        out.push(0);
    }
}

fn position(out: &[u8]) -> Result<u32, Error> {
    u32::try_from(out.len()).map_err(|_| Error::Encode("The TIFF would be larger than 4 GiB".into()))
}

/// The entries of the directory: tag, and the 12 bytes.
struct Entries {
    order: Order,
    list: Vec<(u16, [u8; 12])>,
}

impl Entries {
    fn push(&mut self, tag: u16, kind: u16, count: u32, value: [u8; 4]) {
        let mut entry = [0; 12];
        entry[..2].copy_from_slice(&self.order.short(tag));
        entry[2..4].copy_from_slice(&self.order.short(kind));
        entry[4..8].copy_from_slice(&self.order.long(count));
        entry[8..].copy_from_slice(&value);
        self.list.push((tag, entry));
    }

    /// Adds numbers: in the entry where they fit its four bytes, else appended to the file.
    fn add(&mut self, out: &mut Vec<u8>, tag: u16, kind: u16, values: &[u32]) -> Result<(), Error> {
        let order = self.order;
        let mut bytes: Vec<u8> = match kind {
            SHORT => values.iter().flat_map(|&value| order.short(value as u16)).collect(),
            _ => values.iter().flat_map(|&value| order.long(value)).collect(),
        };
        let value = if bytes.len() <= 4 {
            bytes.resize(4, 0);
            [bytes[0], bytes[1], bytes[2], bytes[3]]
        } else {
            even(out);
            let place = position(out)?;
            out.append(&mut bytes);
            order.long(place)
        };
        self.push(tag, kind, values.len() as u32, value);
        Ok(())
    }

    /// Adds a block of bytes, which is at least five long or of numbers in the file's order.
    fn add_bytes(&mut self, out: &mut Vec<u8>, tag: u16, kind: u16, bytes: &[u8]) -> Result<(), Error> {
        let count = bytes.len() / if kind == RATIONAL { 8 } else { 1 };
        let value = if bytes.len() <= 4 {
            std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
        } else {
            even(out);
            let place = position(out)?;
            out.extend_from_slice(bytes);
            self.order.long(place)
        };
        self.push(tag, kind, count as u32, value);
        Ok(())
    }

    /// Adds the profile, XMP, IPTC and the resolution.
    fn add_metadata(&mut self, out: &mut Vec<u8>, metadata: &Metadata) -> Result<(), Error> {
        const BYTE: u16 = 1;
        let blocks = [
            (tag::ICC_PROFILE, UNDEFINED, &metadata.icc),
            (tag::XMP, BYTE, &metadata.xmp),
            (tag::IPTC, UNDEFINED, &metadata.iptc),
        ];
        for (tag, kind, block) in blocks {
            if let Some(block) = block {
                self.add_bytes(out, tag, kind, block)?;
            }
        }
        if let Some((x, y)) = metadata.density {
            const PARTS: f64 = 1000.0;
            let order = self.order;
            for (tag, value) in [(tag::X_RESOLUTION, x), (tag::Y_RESOLUTION, y)] {
                let fraction =
                    [order.long((value * PARTS).round() as u32), order.long(PARTS as u32)].concat();
                self.add_bytes(out, tag, RATIONAL, &fraction)?;
            }
        }
        Ok(())
    }

    /// Takes over the entries of an EXIF block that stands at the start of the file, but those that describe pixels.
    fn adopt(&mut self, exif: &[u8]) {
        const DESCRIBES_PIXELS: std::ops::RangeInclusive<u16> = tag::NEW_SUBFILE_TYPE..=tag::FILL_ORDER;
        const RESOLUTION: std::ops::RangeInclusive<u16> = tag::X_RESOLUTION..=tag::Y_RESOLUTION;
        const TILES_AND_BEYOND: std::ops::RangeInclusive<u16> = tag::COLOR_MAP..=tag::REFERENCE_BLACK_WHITE;
        let Some(directory) = ExifDirectory::first(exif) else { return };
        for (tag, at) in directory.entries() {
            let mine = self.list.iter().any(|&(other, _)| other == tag)
                || DESCRIBES_PIXELS.contains(&tag)
                || tag == tag::STRIP_OFFSETS
                || TILES_AND_BEYOND.contains(&tag) && !RESOLUTION.contains(&tag);
            if let (false, Some(&entry)) = (mine, exif[at..].first_chunk::<12>()) {
                self.list.push((tag, entry));
            }
        }
    }

    /// Appends the directory, sorted as the specification demands, and points the file's header at it.
    fn write(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        even(out);
        let place = position(out)?;
        out[4..8].copy_from_slice(&self.order.long(place));
        self.list.sort_by_key(|&(tag, _)| tag);
        out.extend(self.order.short(self.list.len() as u16));
        self.list.iter().for_each(|(_, entry)| out.extend_from_slice(entry));
        out.extend([0; 4]);
        Ok(())
    }
}
