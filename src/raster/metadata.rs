//! What a file says beside its pixels, and which of it a format can hold.

use super::exif;
use super::picture::colours_of;
use super::sniff::Format;

/// Metadata of a picture. Every block is as it stands in the file it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The ICC profile of the pixels.
    pub icc: Option<Vec<u8>>,
    /// EXIF, from its TIFF header on.
    pub exif: Option<Vec<u8>>,
    /// XMP: an XML document.
    pub xmp: Option<Vec<u8>>,
    /// IPTC's records (IIM), of JPEG and TIFF.
    pub iptc: Option<Vec<u8>>,
    /// Pixels per inch, across and down.
    pub density: Option<(f64, f64)>,
    /// EXIF's orientation of the pixels as they are: 1 to 8; 0 or 1: upright.
    pub orientation: u8,
}

impl Metadata {
    /// The profile alone.
    pub fn profile_only(self) -> Metadata {
        Metadata { icc: self.icc, ..Metadata::default() }
    }

    /// What `format` can hold beside pixels of so many channels; what it cannot is left out with a warning.
    pub fn fitted(mut self, format: Format, channels: u8, warnings: &mut Vec<String>) -> Metadata {
        // What one segment of a JPEG holds beside its length and the longest preamble.
        const SEGMENT: usize = 0xffff - 2 - 32;
        const PROFILE_SEGMENTS: usize = 255;
        let mut drop = |block: &mut Option<Vec<u8>>, name: &str, why: &str| {
            if block.take().is_some() {
                warnings.push(format!("The {name} was left out: {why}"));
            }
        };
        if format == Format::Webp && colours_of(channels) == 1 {
            drop(
                &mut self.icc,
                "colour profile",
                "it is for grey and WebP holds colours; the result is sRGB",
            );
        }
        if format == Format::Jpeg {
            let long = |block: &Option<Vec<u8>>, most| block.as_ref().is_some_and(|block| block.len() > most);
            if long(&self.icc, SEGMENT * PROFILE_SEGMENTS) {
                drop(&mut self.icc, "colour profile", "it does not fit a JPEG; the result is sRGB");
            }
            for (block, name) in [(&mut self.exif, "EXIF"), (&mut self.xmp, "XMP"), (&mut self.iptc, "IPTC")]
            {
                if long(block, SEGMENT) {
                    drop(block, name, "it does not fit a JPEG");
                }
            }
        }
        self
    }

    /// The blocks as they are written with pixels of that size: the orientation of the pixels, their size, and no
    /// thumbnail.
    pub(super) fn for_writing(mut self, size: (u32, u32)) -> Metadata {
        let orientation = if (2..=8).contains(&self.orientation) { self.orientation } else { 1 };
        self.orientation = orientation;
        self.exif = match &self.exif {
            Some(block) => exif::for_writing(exif::without_preamble(block), orientation, size),
            None => None,
        };
        if self.exif.is_none() && orientation != 1 {
            self.exif = Some(exif::of_orientation(orientation));
        }
        if let Some(xmp) = &mut self.xmp {
            orient_xmp(xmp, orientation);
        }
        self
    }
}

/// Changes `tiff:Orientation` in an XMP document, as attribute or as element, to the orientation of the pixels.
fn orient_xmp(xmp: &mut [u8], orientation: u8) {
    const NAME: &[u8] = b"tiff:Orientation";
    let mut at = 0;
    while let Some(found) = xmp[at..].windows(NAME.len()).position(|window| window == NAME) {
        at += found + NAME.len();
        let value = match xmp.get(at..) {
            Some([b'=', b'"' | b'\'', b'1'..=b'8', ..]) => at + 2,
            Some([b'>', b'1'..=b'8', b'<', ..]) => at + 1,
            _ => continue,
        };
        xmp[value] = b'0' + orientation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_format_cannot_hold_is_left_out_with_a_warning() {
        let metadata = Metadata {
            icc: Some(vec![0; 10]),
            exif: Some(vec![0; 70_000]),
            xmp: Some(vec![0; 10]),
            ..Metadata::default()
        };
        let mut warnings = Vec::new();
        let jpeg = metadata.clone().fitted(Format::Jpeg, 3, &mut warnings);
        assert_eq!((jpeg.icc.is_some(), jpeg.exif, jpeg.xmp.is_some()), (true, None, true));
        assert_eq!(warnings.len(), 1);
        assert_eq!(metadata.clone().fitted(Format::Webp, 1, &mut warnings).icc, None);
        assert_eq!(warnings.len(), 2);
        assert_eq!(metadata.clone().fitted(Format::Png, 1, &mut warnings), metadata);
    }

    #[test]
    fn xmp_tells_the_orientation_of_the_pixels() {
        let mut xmp = b"<rdf tiff:Orientation=\"6\" x='1'><tiff:Orientation>8</tiff:Orientation>".to_vec();
        orient_xmp(&mut xmp, 1);
        assert_eq!(xmp, b"<rdf tiff:Orientation=\"1\" x='1'><tiff:Orientation>1</tiff:Orientation>");
    }
}
