//! APNG: the changed rectangle of each frame.

use super::{AnimationOptions, FrameArea, Writer, cut};
use crate::error::Error;
use png::{BlendOp, ColorType, DisposeOp, Encoder};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

pub(super) struct PngWriter {
    writer: png::Writer<Shared>,
    out: Shared,
    width: u32,
}

/// The bytes so far: the writer owns its output, and gives none of it back.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("poisoned"))?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::Encode(format!("The PNG encoder failed: {e}"))
}

impl PngWriter {
    pub(super) fn new(options: &AnimationOptions) -> Result<Self, Error> {
        let out = Shared::default();
        let mut encoder = Encoder::new(out.clone(), options.width, options.height);
        encoder.set_color(ColorType::Rgba);
        encoder.set_animated(options.frames, options.loops).map_err(failed)?;
        encoder.set_blend_op(BlendOp::Source).map_err(failed)?;
        encoder.set_dispose_op(DisposeOp::None).map_err(failed)?;
        Ok(PngWriter { writer: encoder.write_header().map_err(failed)?, out, width: options.width })
    }
}

impl Writer for PngWriter {
    fn add(&mut self, rgba: &[u8], changed: FrameArea, delay: u32) -> Result<(), Error> {
        // A frame that changes nothing still is one: of one pixel.
        let changed = FrameArea { width: changed.width.max(1), height: changed.height.max(1), ..changed };
        let delay = u16::try_from(delay).unwrap_or(u16::MAX);
        self.writer.set_frame_delay(delay, 1000).map_err(failed)?;
        self.writer.set_frame_position(0, 0).map_err(failed)?;
        self.writer.set_frame_dimension(changed.width, changed.height).map_err(failed)?;
        self.writer.set_frame_position(changed.x, changed.y).map_err(failed)?;
        self.writer.write_image_data(&cut(rgba, self.width, changed)).map_err(failed)
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error> {
        let PngWriter { writer, out, .. } = *self;
        writer.finish().map_err(failed)?;
        out.0.lock().map(|mut out| std::mem::take(&mut *out)).map_err(failed)
    }
}
