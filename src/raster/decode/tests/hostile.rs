//! Files that were bent, or that claim more than they have.

use super::*;

#[test]
fn no_change_of_a_byte_panics() {
    for name in [
        "icc-p3.png",
        "cmyk.jpg",
        "quality-30.webp",
        "orient-6.webp",
        "orient-6.tif",
        "offset.gif",
        "cmyk.tif",
        "orient-6.png",
        "../modern/grey.avif",
        "../modern/p3-lossless.jxl",
    ] {
        let whole = fixture(name);
        for fail_on in [FailOn::None, FailOn::Error, FailOn::Warning] {
            // Decoders that know no levels need to be tried at one.
            if name.starts_with("../modern") && fail_on != FailOn::None {
                continue;
            }
            let options = DecodeOptions { fail_on, limit_pixels: Some(1 << 16), ..Default::default() };
            for at in 0..whole.len() {
                for value in [0, 0x7f, 0xff] {
                    let mut bent = whole.clone();
                    bent[at] = value;
                    let _ = decode(&bent, &options);
                }
                let _ = decode(&whole[..at], &options);
            }
        }
    }
}

/// The header of a square JPEG XL (ISO/IEC 18181-1, D.2 and D.3) of defaults, and nothing behind it.
fn jxl_of(side: u32) -> Vec<u8> {
    // Not in units of 8; a height of 18 bits less one; a width by itself, as long; all metadata and transforms by default.
    const BITS: u64 = 18;
    let less_one = u64::from(side - 1);
    let fields = [(0, 1), (2, 2), (less_one, BITS), (0, 3), (2, 2), (less_one, BITS), (1, 1), (1, 1)];
    let mut bits = 0u64;
    let mut at = 0;
    for (value, length) in fields {
        bits |= value << at;
        at += length;
    }
    [&[0xff, 0x0a][..], &bits.to_le_bytes()].concat()
}

/// Files of a kilobyte that claim 60000 x 60000 pixels.
fn giants() -> Vec<(&'static str, Vec<u8>)> {
    let side = 60000u32;
    let mut png = fixture("orient-6.png");
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());

    let mut jpeg = fixture("cmyk.jpg");
    let at = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[at + 5..at + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);

    // WebP counts to 16384: the canvas of the extended header is the largest claim.
    let mut webp = fixture("orient-6.webp");
    assert_eq!(&webp[12..16], b"VP8X");
    webp[24..30].copy_from_slice(&[0x5f, 0xea, 0, 0x5f, 0xea, 0]);

    let mut bmp = fixture("rgb.bmp")[..1000].to_vec();
    bmp[18..22].copy_from_slice(&side.to_le_bytes());
    bmp[22..26].copy_from_slice(&side.to_le_bytes());

    let mut gif = fixture("offset.gif");
    gif[6..10].copy_from_slice(&[0x60, 0xea, 0x60, 0xea]);

    let mut tiff = fixture("orient-6.tif");
    for tag in [256, 257] {
        let at = exif::ExifDirectory::first(&tiff).unwrap().value_at(tag).unwrap();
        tiff[at - 6..at - 4].copy_from_slice(&[4, 0]);
        tiff[at..at + 4].copy_from_slice(&side.to_le_bytes());
    }

    let mut avif = fixture("../modern/grey.avif");
    let at = avif.windows(4).position(|kind| kind == b"ispe").unwrap() + 8;
    avif[at..at + 8].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);

    vec![
        ("PNG", png),
        ("JPEG", jpeg),
        ("WebP", webp),
        ("BMP", bmp),
        ("GIF", gif),
        ("TIFF", tiff),
        ("AVIF", avif),
        ("JPEG XL", jxl_of(side)),
    ]
}

#[test]
fn small_files_that_claim_giant_pictures() {
    for (name, file) in giants() {
        let error = decode(&file, &DecodeOptions::default()).map(|_| ()).unwrap_err();
        // In WebP and TIFF other fields contradict the claim, which the decoders notice first.
        let contradicts = matches!(name, "WebP" | "TIFF") && error.code() == "ERR_UPSCALER_DECODE";
        assert!(contradicts || error.code() == "ERR_UPSCALER_LIMIT", "{name}: {error}");
    }
}

#[test]
fn giants_fail_without_a_limit_too() {
    for (name, file) in giants() {
        // A GIF may leave most of its canvas blank: that one is valid, and as large as it says.
        if name == "GIF" {
            continue;
        }
        let options = DecodeOptions { limit_pixels: None, ..Default::default() };
        let error = decode(&file, &options).map(|_| ()).unwrap_err();
        assert!(matches!(error.code(), "ERR_UPSCALER_DECODE" | "ERR_UPSCALER_LIMIT"), "{name}: {error}");
    }
}
