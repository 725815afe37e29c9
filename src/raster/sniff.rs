//! What kind of file it is, by its first bytes.

use crate::error::Error;
use std::fmt;

/// An image format that can be read. All but BMP and GIF can be written too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    Webp,
    Tiff,
    Bmp,
    Gif,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::Webp => "WebP",
            Format::Tiff => "TIFF",
            Format::Bmp => "BMP",
            Format::Gif => "GIF",
        })
    }
}

/// Formats that are recognised only to say so: signature, then name.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"\0\0\x01\0", "ICO"),
    (b"%PDF", "PDF"),
    (b"<svg", "SVG"),
    (b"<?xml", "SVG or other XML"),
    (b"qoif", "QOI"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"DDS ", "DDS"),
    (b"P1\n", "PBM"),
    (b"P2\n", "PGM"),
    (b"P3\n", "PPM"),
    (b"P4\n", "PBM"),
    (b"P5\n", "PGM"),
    (b"P6\n", "PPM"),
];

/// Brands of ISO base media files, ISO/IEC 23008-12 and the AV1 image file format.
const BRANDS: &[(&[u8], &str)] = &[
    (b"avif", "AVIF"),
    (b"avis", "AVIF"),
    (b"heic", "HEIC"),
    (b"heix", "HEIC"),
    (b"hevc", "HEIC"),
    (b"heim", "HEIC"),
    (b"heis", "HEIC"),
    (b"mif1", "HEIF"),
    (b"msf1", "HEIF"),
];

/// The format of a file.
///
/// # Errors
/// [`Error::UnsupportedFormat`], naming the format where it is a known one.
pub(super) fn sniff(bytes: &[u8]) -> Result<Format, Error> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Format::Png),
        [0xff, 0xd8, 0xff, ..] => Ok(Format::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::Webp),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Format::Tiff),
        [b'B', b'M', ..] => Ok(Format::Bmp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
        _ => Err(Error::UnsupportedFormat(refusal(bytes))),
    }
}

fn refusal(bytes: &[u8]) -> String {
    const WANTED: &str = "Expected PNG, JPEG, WebP, TIFF, BMP or GIF";
    let brand = match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            BRANDS.iter().find(|(name, _)| brand.starts_with(name)).or(Some(&(b"", "ISO media")))
        }
        _ => None,
    };
    let known = KNOWN.iter().find(|(signature, _)| bytes.starts_with(signature));
    match (brand.or(known), bytes) {
        (Some((_, name)), _) => format!("{WANTED} but received {name}, which is not supported"),
        (None, []) => format!("{WANTED} but received no bytes"),
        // Nothing of what is in it: a path from outside may lead to anything.
        (None, _) => format!("{WANTED} but received another kind of file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x1cftypavif\0\0\0\0"[..], "AVIF"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
            (b"\xff\x0a\0", "JPEG XL"),
            (b"%PDF-1.4", "PDF"),
            (b"hello world", "another kind of file"),
            (b"", "no bytes"),
            (b"\x89PNG", "another kind of file"),
        ] {
            let error = sniff(bytes).unwrap_err();
            assert_eq!(error.code(), "ERR_UPSCALER_UNSUPPORTED_FORMAT");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
