//! Images as JavaScript hands them over.

use napi::bindgen_prelude::{Either, Float32Array, Uint8Array};
use napi_derive::napi;

use super::enums::NativeImageKind;
use crate::error::Error;
use crate::memory::{copied, vector};
use crate::raster::{Raster, Samples};
use crate::upscale::Input;

/// An image in one of four forms.
#[napi(object, object_to_js = false)]
pub struct NativeImage {
    pub kind: NativeImageKind,
    /// The bytes of a file ('encoded'), samples ('raw'; 16-bit ones in native byte order) or floats ('tensor', 0..=255).
    /// They are copied at the call: JavaScript may give their memory away, or shrink it, while the picture waits.
    pub data: Option<Either<Uint8Array, Float32Array>>,
    /// The file ('path').
    pub path: Option<String>,
    /// Width of 'raw' and 'tensor'.
    pub width: Option<u32>,
    /// Height of 'raw' and 'tensor'.
    pub height: Option<u32>,
    /// Channels of 'raw' and 'tensor': 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    pub channels: Option<u32>,
    /// Bits per sample of 'raw': 8 or 16.
    pub depth: Option<u32>,
}

impl NativeImage {
    /// The core's form of it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for data of another size or kind, [`Error::Limit`] where there is no memory for the copy.
    pub fn input(self) -> Result<Input, Error> {
        let size = (self.width.unwrap_or(0), self.height.unwrap_or(0), self.channels.unwrap_or(0));
        match (self.kind, self.data, self.path) {
            (NativeImageKind::Encoded, Some(Either::A(bytes)), _) => Ok(Input::Encoded(copied(&bytes)?)),
            (NativeImageKind::Path, _, Some(path)) => Ok(Input::Path(path.into())),
            (NativeImageKind::Raw, Some(Either::A(bytes)), _) if self.depth == Some(16) => {
                pixels(size, bytes.len() / 2, || words(&bytes).map(Samples::U16))
            }
            (NativeImageKind::Raw, Some(Either::A(bytes)), _) => {
                pixels(size, bytes.len(), || copied(&bytes).map(Samples::U8))
            }
            (NativeImageKind::Tensor, Some(Either::B(floats)), _) => {
                pixels(size, floats.len(), || copied(&floats).map(Samples::F32))
            }
            _ => Err(Error::InvalidArgument(
                "Expected an image with the data of its kind but received none".to_owned(),
            )),
        }
    }
}

/// Pixels of a size that was checked.
fn pixels(
    (width, height, channels): (u32, u32, u32),
    found: usize,
    samples: impl FnOnce() -> Result<Samples, Error>,
) -> Result<Input, Error> {
    if width == 0 || height == 0 || !(1..=4).contains(&channels) {
        return Err(Error::InvalidArgument(format!(
            "Expected at least 1x1 pixels of 1 to 4 channels but received {width}x{height} of {channels}"
        )));
    }
    let expected = u64::from(width) * u64::from(height) * u64::from(channels);
    if expected != found as u64 {
        return Err(Error::InvalidArgument(format!(
            "Expected {expected} samples for {width}x{height} pixels of {channels} channels but received {found}"
        )));
    }
    let picture = Raster { width, height, channels: channels as u8, samples: samples()? };
    Ok(Input::Pixels { width, height, fetch: Box::new(|| Ok(picture)) })
}

fn words(bytes: &[u8]) -> Result<Vec<u16>, Error> {
    let mut words = vector(bytes.len() / 2)?;
    words.extend(bytes.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])));
    Ok(words)
}
