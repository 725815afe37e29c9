//! The marker segments of a JPEG (ITU-T T.81, annex B): size, tables and metadata, without decoding.

use crate::error::Error;

/// What the segments say.
#[derive(Debug, Default)]
pub(super) struct Markers {
    pub(super) width: u16,
    pub(super) height: u16,
    /// Identifiers of the components, in the order of the frame header.
    pub(super) components: Vec<u8>,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) exif: Option<Vec<u8>>,
    pub(super) xmp: Option<Vec<u8>>,
    pub(super) iptc: Option<Vec<u8>>,
    /// Pixels per inch.
    pub(super) density: Option<(f64, f64)>,
    /// Quantisation tables by number, in zigzag order.
    pub(super) tables: [Option<[u16; 64]>; 4],
    /// The table of the first component.
    first_table: u8,
    /// Bytes of entropy-coded data.
    pub(super) scanned: usize,
    /// How many scans they are in.
    scans: u32,
    progressive: bool,
    /// Whether an end-of-image marker was met.
    pub(super) complete: bool,
}

impl Markers {
    /// Reads the segments up to the end of the image, or of the bytes.
    ///
    /// # Errors
    /// [`Error::UnsupportedFormat`] for the JPEG processes that nobody uses on the web; [`Error::Decode`] where
    /// there is no usable frame header.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut markers = Markers::default();
        let mut profile = Vec::new();
        let mut at = 2;
        while let Some(start) = next_marker(bytes, at) {
            let marker = bytes[start];
            at = start + 1;
            match marker {
                0xd9 => {
                    markers.complete = true;
                    break;
                }
                // Restarts, start of image and TEM stand alone.
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let Some(segment) = segment(bytes, at) else { break };
            at += 2 + segment.len();
            match marker {
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => markers.frame(marker, segment)?,
                0xdb => markers.quantisation(segment),
                0xe0 => markers.density = markers.density.or_else(|| density(segment)),
                0xe1 => markers.application_one(segment),
                0xed => markers.iptc = markers.iptc.take().or_else(|| iptc(segment).map(<[u8]>::to_vec)),
                0xe2 => profile.extend(segment.strip_prefix(b"ICC_PROFILE\0")),
                0xda => {
                    let end = end_of_scan(bytes, at);
                    markers.scanned += end - at;
                    markers.scans += 1;
                    at = end;
                }
                _ => {}
            }
        }
        if markers.components.is_empty() {
            return Err(Error::Decode("The JPEG has no frame header: it ends too early or is broken".into()));
        }
        markers.icc = assembled(profile);
        Ok(markers)
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), Error> {
        if !matches!(marker, 0xc0..=0xc2) {
            let process = match marker {
                0xc3 | 0xc7 | 0xcb | 0xcf => "lossless",
                0xc9 | 0xca | 0xcd | 0xce => "arithmetic-coded",
                _ => "hierarchical",
            };
            return Err(Error::UnsupportedFormat(format!(
                "Expected a baseline or progressive JPEG but received a {process} one, which is not supported"
            )));
        }
        self.progressive = marker == 0xc2;
        let broken = |what: String| Error::Decode(format!("The frame header of the JPEG is broken: {what}"));
        let [precision, h1, h0, w1, w0, count, components @ ..] = segment else {
            return Err(broken(format!("{} bytes", segment.len())));
        };
        if *precision != 8 {
            return Err(Error::UnsupportedFormat(format!(
                "Expected a JPEG of 8 bits per sample but received {precision}, which is not supported"
            )));
        }
        (self.width, self.height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
        if self.width != 0 && self.height == 0 {
            return Err(Error::UnsupportedFormat(
                "Expected a JPEG whose frame header says its height but received one that leaves it to a DNL marker, \
                 which is not supported"
                    .into(),
            ));
        }
        if self.width == 0 {
            return Err(broken(format!("a size of {}x{}", self.width, self.height)));
        }
        let (components, _) = components.as_chunks::<3>();
        if *count == 0 || components.len() < usize::from(*count) {
            return Err(broken(format!("{count} components in {} bytes", segment.len())));
        }
        let components = &components[..usize::from(*count)];
        self.first_table = components[0][2];
        self.components = components.iter().map(|component| component[0]).collect();
        Ok(())
    }

    /// EXIF (Exif 2.32, 4.7.2) or XMP (XMP specification, part 3, 1.1.3).
    fn application_one(&mut self, segment: &[u8]) {
        let block = |preamble: &[u8]| segment.strip_prefix(preamble).map(<[u8]>::to_vec);
        self.exif = self.exif.take().or_else(|| block(b"Exif\0\0"));
        self.xmp = self.xmp.take().or_else(|| block(b"http://ns.adobe.com/xap/1.0/\0"));
    }

    fn quantisation(&mut self, mut segment: &[u8]) {
        while let [kind, rest @ ..] = segment {
            let wide = kind >> 4 != 0;
            let Some((values, rest)) = rest.split_at_checked(if wide { 128 } else { 64 }) else { return };
            let mut table = [0; 64];
            if wide {
                let (pairs, _) = values.as_chunks::<2>();
                table.iter_mut().zip(pairs).for_each(|(out, pair)| *out = u16::from_be_bytes(*pair));
            } else {
                table.iter_mut().zip(values).for_each(|(out, value)| *out = (*value).into());
            }
            if let Some(slot) = self.tables.get_mut(usize::from(kind & 15)) {
                *slot = Some(table);
            }
            segment = rest;
        }
    }

    /// Bytes of the coefficients, of which all are held where they come in several scans: 16 bits each.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        if !self.progressive && self.scans <= 1 {
            return 0;
        }
        u64::from(self.width) * u64::from(self.height) * self.components.len() as u64 * 2
    }

    /// The quality, 1 to 100, whose table of the Independent JPEG Group (T.81, table K.1, scaled as in `jcparam.c`)
    /// is nearest to the table of the first component. The sum of the entries decides: it falls with quality, and
    /// unlike single entries it also orders tables that other encoders shaped differently.
    pub(super) fn quality(&self) -> Option<u8> {
        let table = self.tables.get(usize::from(self.first_table))?.as_ref()?;
        let sum: u32 = table.iter().map(|&v| u32::from(v)).sum();
        (1..=100).min_by_key(|&quality| scaled_sum(quality).abs_diff(sum))
    }
}

/// Table K.1, luminance; the order of its entries does not matter here.
const LUMINANCE: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// The sum of table K.1 as `jpeg_set_quality` scales it for baseline files.
fn scaled_sum(quality: u8) -> u32 {
    let quality = u32::from(quality);
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    LUMINANCE.iter().map(|entry| ((entry * percent + 50) / 100).clamp(1, 255)).sum()
}

/// Pixels per inch, by JFIF (ITU-T T.871, 10.1).
fn density(segment: &[u8]) -> Option<(f64, f64)> {
    let &[_, _, unit, x1, x0, y1, y0, ..] = segment.strip_prefix(b"JFIF\0")? else { return None };
    let per_inch = match unit {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    let (x, y) = (u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0]));
    (x > 0 && y > 0).then(|| (f64::from(x) * per_inch, f64::from(y) * per_inch))
}

/// IPTC's records among Photoshop's resources: signature, number, name, length, data, each padded to even length.
fn iptc(segment: &[u8]) -> Option<&[u8]> {
    const IPTC: [u8; 2] = [0x04, 0x04];
    let mut rest = segment.strip_prefix(b"Photoshop 3.0\0")?;
    loop {
        let (number, after) = rest.strip_prefix(b"8BIM")?.split_first_chunk::<2>()?;
        let name = (usize::from(*after.first()?) + 1).next_multiple_of(2);
        let (length, after) = after.get(name..)?.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = after.get(..length)?;
        if *number == IPTC {
            return Some(data);
        }
        rest = after.get(length.next_multiple_of(2)..)?;
    }
}

/// The position of the next marker byte: one that follows 0xFF and is neither stuffing nor fill.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)? + 1;
        match bytes.get(at)? {
            0x00 => {}
            0xff => {}
            _ => return Some(at),
        }
    }
}

/// Where the entropy-coded data that starts at `at` ends: at the 0xFF of the next marker that is not a restart.
fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(marker) = next_marker(bytes, at) {
        if !matches!(bytes[marker], 0xd0..=0xd7) {
            return marker - 1;
        }
        at = marker + 1;
    }
    bytes.len()
}

fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(at..)?.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)).checked_sub(2)?)
}

/// The chunks of an ICC profile in their order (ICC.1, B.4), or nothing where one is missing.
fn assembled(mut chunks: Vec<&[u8]>) -> Option<Vec<u8>> {
    chunks.retain(|chunk| chunk.len() > 2);
    chunks.sort_by_key(|chunk| chunk[0]);
    let count = usize::from(chunks.first()?[1]);
    let complete = chunks.len() == count && chunks.iter().zip(1..).all(|(chunk, number)| chunk[0] == number);
    complete.then(|| chunks.iter().flat_map(|chunk| &chunk[2..]).copied().collect())
}
