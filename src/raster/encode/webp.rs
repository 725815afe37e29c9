//! WebP, by libwebp. It codes a picture as a whole, so the bands are only collected.

use super::{Band, EncodeOptions, Layout, riff};
use crate::error::Error;
use crate::raster::picture::has_alpha;
use libwebp_sys::{
    WebPConfig, WebPEncode, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear, WebPMemoryWriterInit,
    WebPPicture, WebPPictureAlloc, WebPPictureFree, WebPValidateConfig,
};
use std::mem::MaybeUninit;
use std::ptr;

/// The format's limit on either side, in pixels.
pub(super) const MAX_SIDE: u32 = 16383;

pub(super) fn encode(layout: &Layout, options: &EncodeOptions, bands: Vec<Band>) -> Result<Vec<u8>, Error> {
    let mut picture = Picture::new(layout)?;
    let mut next = 0;
    for band in bands {
        for row in band.bytes.chunks_exact(layout.row_bytes()) {
            picture.set_row(next, row, layout.channels);
            next += 1;
        }
    }
    let size = (layout.width, layout.height);
    let alpha = has_alpha(layout.channels);
    let file = picture.encode(&webp_config(options.quality, options.lossless)?)?;
    riff::with_metadata(file, size, alpha, &options.metadata)
}

/// libwebp's settings for a quality of 1 to 100; of stills and animations.
///
/// # Errors
/// [`Error::Encode`] where libwebp refuses them.
pub fn webp_config(quality: u8, lossless: bool) -> Result<WebPConfig, Error> {
    let refused = || Error::Encode("libwebp refused its settings".into());
    let mut config = WebPConfig::new().map_err(|()| refused())?;
    config.quality = quality.into();
    if lossless {
        config.lossless = 1;
        // Lossless means the colour under transparent pixels too.
        config.exact = 1;
        // In lossless mode quality is effort; sharp's default pairs it with method 4 as well.
        config.quality = 75.0;
    }
    // SAFETY: the configuration is initialised and only read.
    if unsafe { WebPValidateConfig(&config) } == 0 {
        return Err(refused());
    }
    Ok(config)
}

/// libwebp's picture, owned: 32-bit ARGB pixels that it allocated.
struct Picture(WebPPicture);

impl Picture {
    fn new(layout: &Layout) -> Result<Self, Error> {
        let mut picture =
            WebPPicture::new().map_err(|()| Error::Encode("libwebp has another version".into()))?;
        picture.use_argb = 1;
        // Both sides are at most `MAX_SIDE`.
        picture.width = layout.width as i32;
        picture.height = layout.height as i32;
        let mut picture = Picture(picture);
        // SAFETY: the picture is initialised and has a size; what is allocated is freed when it is dropped.
        if unsafe { WebPPictureAlloc(&mut picture.0) } == 0 {
            return Err(Error::Limit(format!(
                "Out of memory for a WebP of {}x{}",
                layout.width, layout.height
            )));
        }
        Ok(picture)
    }

    /// Copies one row of 8-bit samples in.
    fn set_row(&mut self, y: usize, row: &[u8], channels: u8) {
        assert!(y < self.0.height as usize, "row {y} of {}", self.0.height);
        let stride = self.0.argb_stride as usize;
        // SAFETY: `WebPPictureAlloc` made `height` rows of `argb_stride >= width` pixels; `y` is one of them and
        // nothing else refers to it.
        let pixels =
            unsafe { std::slice::from_raw_parts_mut(self.0.argb.add(y * stride), self.0.width as usize) };
        for (out, pixel) in pixels.iter_mut().zip(row.chunks_exact(channels.into())) {
            let [a, r, g, b] = match *pixel {
                [g] => [255, g, g, g],
                [g, a] => [a, g, g, g],
                [r, g, b] => [255, r, g, b],
                [r, g, b, a] => [a, r, g, b],
                _ => [0; 4],
            };
            *out = u32::from_be_bytes([a, r, g, b]);
        }
    }

    fn encode(mut self, config: &WebPConfig) -> Result<Vec<u8>, Error> {
        let mut output = Output::new();
        self.0.writer = Some(WebPMemoryWrite);
        self.0.custom_ptr = ptr::from_mut(&mut *output.0).cast();
        // SAFETY: configuration and picture are initialised; the writer outlives the call and is of the type that
        // `WebPMemoryWrite` expects behind `custom_ptr`.
        if unsafe { WebPEncode(config, &mut self.0) } == 0 {
            return Err(Error::Encode(format!("libwebp failed: {:?}", self.0.error_code)));
        }
        Ok(output.bytes().to_vec())
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the picture is initialised; freeing one that has no memory is allowed.
        unsafe { WebPPictureFree(&mut self.0) }
    }
}

/// libwebp's growing buffer, owned. In a box because libwebp is given its address.
struct Output(Box<WebPMemoryWriter>);

impl Output {
    fn new() -> Self {
        let mut writer = Box::new(MaybeUninit::uninit());
        // SAFETY: `WebPMemoryWriterInit` initialises every field.
        Output(unsafe {
            WebPMemoryWriterInit(writer.as_mut_ptr());
            writer.assume_init()
        })
    }

    fn bytes(&self) -> &[u8] {
        if self.0.mem.is_null() {
            return &[];
        }
        // SAFETY: libwebp wrote `size` bytes at `mem`, which stay until the writer is cleared.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: the writer is initialised.
        unsafe { WebPMemoryWriterClear(&mut *self.0) }
    }
}
