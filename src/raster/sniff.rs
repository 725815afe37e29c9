//! What kind of file it is, by its first bytes.

use crate::error::Error;
use std::fmt;

/// An image format that can be read. PNG, JPEG, WebP, AVIF, TIFF and GIF can be written too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    Webp,
    Tiff,
    Bmp,
    Gif,
    Avif,
    Jxl,
    /// PBM, PGM, PPM and PAM.
    Pnm,
    Qoi,
    /// Windows icons and cursors: their largest picture.
    Ico,
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
            Format::Avif => "AVIF",
            Format::Jxl => "JPEG XL",
            Format::Pnm => "PNM",
            Format::Qoi => "QOI",
            Format::Ico => "ICO",
        })
    }
}

/// The format of a file.
///
/// # Errors
/// [`Error::UnsupportedFormat`], naming what it is where that can be told.
pub(super) fn sniff(bytes: &[u8]) -> Result<Format, Error> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Format::Png),
        [0xff, 0xd8, 0xff, ..] => Ok(Format::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::Webp),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Format::Tiff),
        [b'B', b'M', ..] => Ok(Format::Bmp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
        [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] if is_avif(brands) => Ok(Format::Avif),
        // A codestream, or one in boxes.
        [0xff, 0x0a, ..] | [0, 0, 0, 0x0c, b'J', b'X', b'L', b' ', b'\r', b'\n', 0x87, b'\n', ..] => {
            Ok(Format::Jxl)
        }
        [b'P', b'1'..=b'7', b' ' | b'\t' | b'\r' | b'\n' | b'#', ..] => Ok(Format::Pnm),
        [b'q', b'o', b'i', b'f', ..] => Ok(Format::Qoi),
        [0, 0, 1 | 2, 0, count, more, ..] if (*count, *more) != (0, 0) => Ok(Format::Ico),
        _ => Err(Error::UnsupportedFormat(refusal(bytes))),
    }
}

/// Whether the brands of a file, the main one or one of the others that stand in the first box, say AVIF.
fn is_avif(brands: &[u8]) -> bool {
    const SNIFFED: usize = 32;
    let is = |brand: &[u8]| matches!(brand, b"avif" | b"avis");
    let main = brands.get(..4).is_some_and(is);
    let generic = brands.get(..4).is_some_and(|brand| matches!(brand, b"mif1" | b"miaf" | b"msf1"));
    main || generic && brands.chunks_exact(4).take(SNIFFED).any(is)
}

/// Files that are recognised only to say so: signature, then name and advice.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "a Photoshop file"),
    (b"gimp xcf", "a GIMP file"),
    (b"%PDF", "a PDF: make a picture of its page first, for instance with `pdftoppm -png`"),
    (b"%!PS", "PostScript: make a picture of it first"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"DDS ", "DDS"),
    (b"farbfeld", "farbfeld"),
    (b"\xab\x4b\x54\x58 ", "a KTX texture"),
    (b"FUJIFILMCCD-RAW", "a camera's raw picture"),
    (b"IIRO", "a camera's raw picture"),
    (b"IIU\0", "a camera's raw picture"),
    (b"\x1a\x45\xdf\xa3", "a video (Matroska or WebM): take a frame of it first, for instance with ffmpeg"),
    (b"FLV\x01", "a video (Flash): take a frame of it first, for instance with ffmpeg"),
    (b"\0\0\x01\xba", "a video (MPEG): take a frame of it first, for instance with ffmpeg"),
    (b"\0\0\x01\xb3", "a video (MPEG): take a frame of it first, for instance with ffmpeg"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file that it stands for: run `git lfs pull`"),
    (b"data:", "a data: URL as bytes: pass it as a string"),
];

const HEIC: &str = "HEIC, whose decoder is patented and not included: convert it to JPEG or PNG first, for instance \
                    with `heif-convert` or `sips -s format jpeg`, or let the phone send \"most compatible\" pictures";
const VIDEO: &str = "a video (MP4 or QuickTime): take a frame of it first, for instance with ffmpeg";

/// Brands of ISO base media files: ISO/IEC 23008-12, the AV1 image file format, MP4 and QuickTime.
const BRANDS: &[(&[u8], &str)] = &[
    (b"heic", HEIC),
    (b"heix", HEIC),
    (b"hevc", HEIC),
    (b"hevx", HEIC),
    (b"heim", HEIC),
    (b"heis", HEIC),
    (b"mif1", HEIC),
    (b"msf1", HEIC),
    (b"crx ", "a camera's raw picture (CR3)"),
    (b"isom", VIDEO),
    (b"iso2", VIDEO),
    (b"mp4", VIDEO),
    (b"avc1", VIDEO),
    (b"M4V", VIDEO),
    (b"3gp", VIDEO),
    (b"qt  ", VIDEO),
    (b"dash", VIDEO),
];

fn refusal(bytes: &[u8]) -> String {
    const WANTED: &str = "Expected PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF, JPEG XL, PNM, QOI or ICO";
    let brand = match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            BRANDS.iter().find(|(name, _)| brand.starts_with(name)).or(Some(&(b"", "an ISO media file")))
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => {
            Some(&(&b""[..], "a video (AVI): take a frame of it first, for instance with ffmpeg"))
        }
        _ => None,
    };
    let known = KNOWN.iter().find(|(signature, _)| bytes.starts_with(signature));
    match (brand.or(known).map(|(_, name)| *name).or_else(|| text(bytes)), bytes) {
        (Some(name), _) => format!("{WANTED} but received {name}"),
        (None, []) => format!("{WANTED} but received no bytes"),
        // Nothing of what is in it: a path from outside may lead to anything.
        (None, _) => format!("{WANTED} but received another kind of file"),
    }
}

/// What a text is. Its words are never repeated: they may be anybody's.
fn text(bytes: &[u8]) -> Option<&'static str> {
    const SNIFFED: usize = 1024;
    const SVG: &str = "SVG, a drawing and not pixels: render it first, for instance with resvg or sharp";
    let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let start: String = bytes
        .iter()
        .take(SNIFFED)
        .filter(|&&byte| !(utf16 && matches!(byte, 0 | 0xfe | 0xff)))
        .map(|&byte| char::from(byte))
        .collect();
    let start = start.trim_start_matches("\u{ef}\u{bb}\u{bf}").trim_start().to_ascii_lowercase();
    if start.starts_with("<svg") || start.starts_with('<') && start.contains("<svg") {
        return Some(SVG);
    }
    if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.starts_with(tag)) {
        return Some("an HTML page, such as an error message of a web server");
    }
    if start.starts_with("<?xml") || start.starts_with("<!--") || start.starts_with("<!doctype") {
        return Some("XML");
    }
    if start.starts_with('{') || start.starts_with('[') && start.contains('"') {
        return Some("JSON");
    }
    let is_base64 =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=' | '\r' | '\n');
    if start.len() >= 16 && start.chars().all(is_base64) {
        return Some("base64 text: decode it first, with `Buffer.from(text, 'base64')`");
    }
    let is_text = |c: char| c.is_ascii_graphic() || c.is_ascii_whitespace();
    (!start.is_empty() && start.chars().all(is_text)).then_some("plain text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], "HEIC"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
            (b"8BPS", "Photoshop"),
            (b"%PDF-1.4", "PDF"),
            (b"\xef\xbb\xbf <?xml version='1.0'?>\n<svg xmlns=''>", "SVG"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk", "base64"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "Git LFS pointer"),
            (b"{\"error\": \"not found\"}", "JSON"),
            (b"hello world", "plain text"),
            (b"\x01\x02\x03", "another kind of file"),
            (b"", "no bytes"),
            (b"\x89PNG", "another kind of file"),
        ] {
            let error = sniff(bytes).unwrap_err();
            assert_eq!(error.code(), "ERR_UPSCALER_UNSUPPORTED_FORMAT");
            assert!(error.to_string().contains(name), "{error}");
            assert!(!error.to_string().contains("hello"), "{error}");
        }
    }
}
