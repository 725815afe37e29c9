//! Animated WebP, by libwebp, which finds out itself what of a frame to store.

use super::{AnimationOptions, FrameArea, Writer};
use crate::error::Error;
use crate::raster::encode::webp_config;
use libwebp_sys::{
    WebPAnimEncoder, WebPAnimEncoderAdd, WebPAnimEncoderAssemble, WebPAnimEncoderDelete,
    WebPAnimEncoderNewInternal, WebPAnimEncoderOptions, WebPAnimEncoderOptionsInitInternal, WebPConfig,
    WebPData, WebPDataClear, WebPDataInit, WebPGetMuxABIVersion, WebPPicture, WebPPictureFree,
    WebPPictureImportRGBA,
};
use std::mem::MaybeUninit;
use std::ptr;

pub(super) struct WebpWriter {
    encoder: *mut WebPAnimEncoder,
    config: WebPConfig,
    size: (u32, u32),
    /// When the next frame is shown, in milliseconds.
    time: i32,
}

// SAFETY: the encoder is used through `&mut` alone, and libwebp ties it to no thread.
unsafe impl Send for WebpWriter {}

fn failed(what: &str) -> Error {
    Error::Encode(format!("libwebp failed: {what}"))
}

impl WebpWriter {
    pub(super) fn new(options: &AnimationOptions) -> Result<Self, Error> {
        let config = webp_config(options.quality, options.lossless)?;
        let version = WebPGetMuxABIVersion();
        let mut settings = MaybeUninit::<WebPAnimEncoderOptions>::zeroed();
        // SAFETY: the structure is zeroed, which is valid for it, and initialised here.
        let mut settings = unsafe {
            if WebPAnimEncoderOptionsInitInternal(settings.as_mut_ptr(), version) == 0 {
                return Err(failed("another version"));
            }
            settings.assume_init()
        };
        settings.anim_params.loop_count = i32::try_from(options.loops.min(65535)).unwrap_or(0);
        let size = (options.width, options.height);
        // SAFETY: the settings are initialised and only read; sides are at most 16383.
        let encoder = unsafe { WebPAnimEncoderNewInternal(size.0 as i32, size.1 as i32, &settings, version) };
        if encoder.is_null() {
            return Err(Error::Limit("Out of memory for the WebP".into()));
        }
        Ok(WebpWriter { encoder, config, size, time: 0 })
    }
}

impl Writer for WebpWriter {
    fn add(&mut self, rgba: &[u8], _: FrameArea, delay: u32) -> Result<(), Error> {
        let (width, height) = self.size;
        let mut picture = WebPPicture::new().map_err(|()| failed("another version"))?;
        (picture.use_argb, picture.width, picture.height) = (1, width as i32, height as i32);
        assert_eq!(rgba.len(), width as usize * height as usize * 4);
        // SAFETY: the picture is initialised; `rgba` holds `height` rows of `width * 4` bytes; the encoder is live and
        // copies what it needs; the picture's memory is freed afterwards.
        let added = unsafe {
            let added = WebPPictureImportRGBA(&mut picture, rgba.as_ptr(), width as i32 * 4) != 0
                && WebPAnimEncoderAdd(self.encoder, &mut picture, self.time, &self.config) != 0;
            WebPPictureFree(&mut picture);
            added
        };
        if !added {
            return Err(failed("a frame could not be added"));
        }
        self.time = self.time.saturating_add(i32::try_from(delay).unwrap_or(i32::MAX));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error> {
        let mut data = MaybeUninit::<WebPData>::zeroed();
        // SAFETY: the data are initialised before they are used; no picture marks the end of the last frame; what was
        // assembled is copied and freed.
        unsafe {
            let data = data.assume_init_mut();
            WebPDataInit(data);
            let finished = WebPAnimEncoderAdd(self.encoder, ptr::null_mut(), self.time, ptr::null()) != 0
                && WebPAnimEncoderAssemble(self.encoder, data) != 0
                && !data.bytes.is_null();
            let out = if finished {
                std::slice::from_raw_parts(data.bytes, data.size).to_vec()
            } else {
                Vec::new()
            };
            WebPDataClear(data);
            if finished { Ok(out) } else { Err(failed("the frames could not be joined")) }
        }
    }
}

impl Drop for WebpWriter {
    fn drop(&mut self) {
        // SAFETY: the encoder was made by `WebPAnimEncoderNew` and is deleted once.
        unsafe { WebPAnimEncoderDelete(self.encoder) }
    }
}
