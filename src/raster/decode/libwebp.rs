//! libwebp's decoder behind safe functions.

use libwebp_sys::{
    VP8StatusCode, WEBP_CSP_MODE, WebPBitstreamFeatures, WebPDecode, WebPDecoderConfig, WebPGetFeatures,
    WebPRGBABuffer,
};
use std::mem::MaybeUninit;

/// What the header of a file, or of a chunk of image data, says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    /// Of the canvas.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) alpha: bool,
    pub(super) animated: bool,
}

/// Reads the header of a file or of the chunks of one frame.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn features(bytes: &[u8]) -> Result<Features, &'static str> {
    let mut features = MaybeUninit::<WebPBitstreamFeatures>::zeroed();
    // SAFETY: the bytes are only read; the structure has room, zero is valid for it, and it is filled on success.
    let (status, features) = unsafe {
        let status = WebPGetFeatures(bytes.as_ptr(), bytes.len(), features.as_mut_ptr());
        (status, features.assume_init())
    };
    if status != VP8StatusCode::VP8_STATUS_OK {
        return Err(words(status));
    }
    match (u32::try_from(features.width), u32::try_from(features.height)) {
        (Ok(width @ 1..), Ok(height @ 1..)) => Ok(Features {
            width,
            height,
            alpha: features.has_alpha != 0,
            animated: features.has_animation != 0,
        }),
        _ => Err("a picture of no size"),
    }
}

/// Decodes a still file, or the chunks of one frame, of that size into `out`, as RGB or, with 4 channels, RGBA.
///
/// # Errors
/// What is wrong, in words; `out` may then hold some rows.
pub(super) fn decode(
    bytes: &[u8],
    (width, height): (u32, u32),
    channels: u8,
    out: &mut [u8],
) -> Result<(), &'static str> {
    let stride = width as usize * usize::from(channels);
    assert!(matches!(channels, 3 | 4) && out.len() == stride * height as usize);
    let features = features(bytes)?;
    if (features.width, features.height) != (width, height) {
        return Err("two sizes of one frame");
    }
    let mut config = WebPDecoderConfig::new().map_err(|()| "a library of another version")?;
    config.output.colorspace = if channels == 4 { WEBP_CSP_MODE::MODE_RGBA } else { WEBP_CSP_MODE::MODE_RGB };
    config.output.is_external_memory = 1;
    let stride = i32::try_from(stride).map_err(|_| "rows that are too long")?;
    config.output.u.RGBA = WebPRGBABuffer { rgba: out.as_mut_ptr(), stride, size: out.len() };
    // SAFETY: the configuration is initialised; the library writes at most `size` bytes at `rgba` in rows of `stride`
    // and refuses a picture that does not fit; external memory is not freed by it.
    let status = unsafe { WebPDecode(bytes.as_ptr(), bytes.len(), &mut config) };
    if status == VP8StatusCode::VP8_STATUS_OK { Ok(()) } else { Err(words(status)) }
}

fn words(status: VP8StatusCode) -> &'static str {
    match status {
        VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY => "out of memory",
        VP8StatusCode::VP8_STATUS_UNSUPPORTED_FEATURE => "a feature that is not supported",
        VP8StatusCode::VP8_STATUS_SUSPENDED | VP8StatusCode::VP8_STATUS_NOT_ENOUGH_DATA => {
            "it ends too early"
        }
        _ => "its codes make no sense",
    }
}
