//! JPEG, 4:4:4: each band is encoded by itself, and their entropy-coded data is joined with restart markers.
//!
//! A restart marker resets everything that is carried from block to block (ITU-T T.81, F.1.1.5 and F.1.2.1.1). With
//! one after every row of blocks, a band of eight such rows begins and ends where the markers' count of eight does, so
//! bands encoded as files of their own fit together behind one header.

use super::libjpeg::{self, Rows};
use super::{Band, EncodeOptions, Layout};
use crate::error::Error;
use crate::raster::picture::Samples;

const LAST_RESTART: [u8; 2] = [0xff, 0xd7];
pub(super) const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Encodes the rows of a band. Band 0 keeps its header, the others only their entropy-coded data.
pub(super) fn compress(
    layout: &Layout,
    options: &EncodeOptions,
    index: u32,
    samples: Samples,
) -> Result<Band, Error> {
    let samples = samples.into_u8();
    let rows = Rows {
        width: layout.width,
        height: layout.rows_of(index),
        channels: layout.channels,
        samples: &samples,
    };
    let mut bytes = libjpeg::encode(&rows, options.quality)?;
    let data = Segments::new(&bytes).last().ok_or_else(unexpected)?.end;
    if !bytes.ends_with(&END_OF_IMAGE) {
        return Err(unexpected());
    }
    bytes.truncate(bytes.len() - END_OF_IMAGE.len());
    if index > 0 {
        bytes.drain(..data);
    }
    bytes.shrink_to_fit();
    Ok(Band { index, bytes, adler: 0, length: 0 })
}

/// The first band's header with the height of the whole and the metadata, then the data of all bands.
pub(super) fn join(layout: &Layout, options: &EncodeOptions, bands: Vec<Band>) -> Result<Vec<u8>, Error> {
    let metadata = metadata(options)?;
    let total: usize = bands.iter().map(|band| band.bytes.len() + 2).sum();
    let mut out = Vec::with_capacity(total + metadata.len());
    for band in bands {
        if band.index == 0 {
            let mut first = band.bytes;
            let height = (layout.height as u16).to_be_bytes();
            let segments: Vec<Segment> = Segments::new(&first).collect();
            let frame = segments.iter().find(|segment| segment.marker == 0xc0).ok_or_else(unexpected)?;
            let jfif = segments.iter().find(|segment| segment.marker == 0xe0).ok_or_else(unexpected)?;
            let (frame, jfif_start, after_jfif) = (frame.start, jfif.start, jfif.end);
            // Marker, length, precision, then the height.
            first[frame + 5..frame + 7].copy_from_slice(&height);
            if let Some((x, y)) = options.metadata.density {
                // Marker, length, identifier, version, then unit and densities.
                const INCHES: u8 = 1;
                // Rounded without a call, which the compiler would make for a density that is not there too.
                let dots = |per_inch: f64| ((per_inch + 0.5) as u16).max(1).to_be_bytes();
                let place = &mut first[jfif_start + 11..jfif_start + 16];
                place.copy_from_slice(&[&[INCHES][..], &dots(x), &dots(y)].concat());
            }
            out.extend_from_slice(&first[..after_jfif]);
            out.extend_from_slice(&metadata);
            out.extend_from_slice(&first[after_jfif..]);
        } else {
            out.extend(LAST_RESTART);
            out.extend_from_slice(&band.bytes);
        }
    }
    out.extend(END_OF_IMAGE);
    Ok(out)
}

/// What a band adds to a file that is written piece by piece.
pub(super) fn piece(layout: &Layout, options: &EncodeOptions, band: Band) -> Result<Vec<u8>, Error> {
    if band.index > 0 {
        return Ok([&LAST_RESTART[..], &band.bytes].concat());
    }
    // A file of the first band alone, without its end.
    let mut out = join(layout, options, vec![band])?;
    out.truncate(out.len() - END_OF_IMAGE.len());
    Ok(out)
}

/// EXIF and XMP as APP1, IPTC as APP13, and the profile as APP2 segments of at most 64 KiB (ICC.1, B.4).
fn metadata(options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    const MAX: usize = 0xffff - 2;
    let mut out = Vec::new();
    let mut segment = |marker: u8, parts: &[&[u8]]| {
        let length = parts.iter().map(|part| part.len()).sum::<usize>() + 2;
        out.extend([0xff, marker]);
        out.extend((length as u16).to_be_bytes());
        parts.iter().for_each(|part| out.extend_from_slice(part));
    };
    if let Some(exif) = &options.metadata.exif {
        const PREAMBLE: &[u8] = b"Exif\0\0";
        if exif.len() > MAX - PREAMBLE.len() {
            return Err(Error::Encode(format!("The EXIF block of {} bytes does not fit a JPEG", exif.len())));
        }
        segment(0xe1, &[PREAMBLE, exif]);
    }
    if let Some(xmp) = &options.metadata.xmp {
        const PREAMBLE: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
        if xmp.len() > MAX - PREAMBLE.len() {
            return Err(Error::Encode(format!("The XMP of {} bytes does not fit a JPEG", xmp.len())));
        }
        segment(0xe1, &[PREAMBLE, xmp]);
    }
    if let Some(icc) = &options.metadata.icc {
        const PREAMBLE: &[u8] = b"ICC_PROFILE\0";
        let chunks = icc.chunks(MAX - PREAMBLE.len() - 2);
        let count = u8::try_from(chunks.len()).map_err(|_| {
            Error::Encode(format!("The ICC profile of {} bytes does not fit a JPEG", icc.len()))
        })?;
        for (number, chunk) in (1..=count).zip(chunks) {
            segment(0xe2, &[PREAMBLE, &[number, count], chunk]);
        }
    }
    if let Some(iptc) = &options.metadata.iptc {
        // Resource 0x0404 with an empty name, its length, its data to an even length.
        const PREAMBLE: &[u8] = b"Photoshop 3.0\08BIM\x04\x04\0\0";
        let padding = &[0][..iptc.len() % 2];
        segment(0xed, &[PREAMBLE, &(iptc.len() as u32).to_be_bytes(), iptc, padding]);
    }
    Ok(out)
}

fn unexpected() -> Error {
    Error::Encode("The JPEG encoder wrote an unexpected header".into())
}

/// A marker segment, from its 0xFF to its end.
struct Segment {
    marker: u8,
    start: usize,
    end: usize,
}

/// The segments from after the start of the image up to the start of the scan, which is the last.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Segments { bytes, at: 2, done: false }
    }
}

impl Iterator for Segments<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let [0xff, marker, high, low] = *self.bytes.get(self.at..self.at + 4)? else { return None };
        if self.done {
            return None;
        }
        let start = self.at;
        self.at = start + 2 + usize::from(u16::from_be_bytes([high, low]));
        self.done = marker == 0xda;
        Some(Segment { marker, start, end: self.at })
    }
}
