//! A file in pieces, as its bands come.

use std::sync::Arc;

use super::{Band, Encoder, jpeg, png, zlib};
use crate::error::Error;
use crate::raster::sniff::Format;

/// Joins bands to a file piece by piece. PNG and JPEG go on with every band; formats that say at their beginning where
/// everything is, or that cannot be cut, come as one piece at the end.
pub struct Joiner {
    encoder: Arc<Encoder>,
    /// How many bands came.
    count: u32,
    /// PNG: the checksum of what was compressed so far.
    adler: u32,
    /// Of formats that come at the end.
    bands: Vec<Band>,
}

impl Joiner {
    /// A file that nothing was written of yet.
    pub fn new(encoder: Arc<Encoder>) -> Joiner {
        Joiner { encoder, count: 0, adler: zlib::adler32(&[]), bands: Vec::new() }
    }

    /// The bytes that the file goes on with; none where the format wants all bands first.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where `band` is not the next one; [`Error::Encode`] as [`Encoder::finish`].
    pub fn push(&mut self, band: Band) -> Result<Vec<u8>, Error> {
        if band.index != self.count {
            return Err(Error::InvalidArgument(format!(
                "Expected band {} but received {}",
                self.count, band.index
            )));
        }
        self.count += 1;
        let Encoder { layout, options } = &*self.encoder;
        match options.format {
            Format::Png => {
                self.adler = zlib::adler32_joined(self.adler, band.adler, band.length);
                png::piece(layout, options, band)
            }
            Format::Jpeg => jpeg::piece(layout, options, band),
            _ => {
                self.bands.push(band);
                Ok(Vec::new())
            }
        }
    }

    /// The rest of the file.
    ///
    /// # Errors
    /// Those of [`Encoder::finish`].
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let Encoder { layout, options } = &*self.encoder;
        let streamed = matches!(options.format, Format::Png | Format::Jpeg);
        if streamed && self.count != layout.bands() {
            return Err(Error::InvalidArgument(format!(
                "Expected all {} bands but received {}",
                layout.bands(),
                self.count
            )));
        }
        match options.format {
            Format::Png => png::tail(self.adler),
            Format::Jpeg => Ok(jpeg::END_OF_IMAGE.to_vec()),
            _ => self.encoder.finish(self.bands),
        }
    }
}
