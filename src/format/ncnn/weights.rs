//! The `.bin`: the layers' weights one after the other, with no index. Filters start with a tag that says how they are
//! stored; biases, slopes and constants are plain float32.

use half::f16;

use super::param::Layer;
use crate::error::Error;

const TAG_FLOAT16: u32 = 0x0130_6B47;
const TAG_INT8: u32 = 0x000D_4B38;
/// float32, by writers that keep scales elsewhere.
const TAG_FLOAT32_SCALED: u32 = 0x0002_C056;
const TAG_FLOAT32: u32 = 0;

/// A position in the file.
pub struct Weights<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl<'a> Weights<'a> {
    /// At the start.
    pub fn new(bytes: &'a [u8]) -> Weights<'a> {
        Weights { bytes, size: bytes.len() }
    }

    /// `count` weights with a tag.
    pub fn tagged(&mut self, layer: &Layer, count: usize) -> Result<Vec<f32>, Error> {
        let tag = self.take(layer, 4)?;
        match u32::from_le_bytes([tag[0], tag[1], tag[2], tag[3]]) {
            TAG_FLOAT32 | TAG_FLOAT32_SCALED => self.plain(layer, count),
            TAG_FLOAT16 => {
                let bytes = self.take(layer, count.saturating_mul(2))?;
                // Padded to whole words.
                self.take(layer, count % 2 * 2)?;
                Ok(bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect())
            }
            TAG_INT8 => {
                Err(layer.error("weights stored as int8 are not supported; use the float16 model".to_owned()))
            }
            other => Err(layer.error(format!("weights stored in an unknown way (tag {other:#010x})"))),
        }
    }

    /// `count` plain floats.
    pub fn plain(&mut self, layer: &Layer, count: usize) -> Result<Vec<f32>, Error> {
        let bytes = self.take(layer, count.saturating_mul(4))?;
        Ok(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
    }

    /// Fails unless all was read: what is left over means that a layer was misunderstood.
    pub fn expect_end(&self) -> Result<(), Error> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(Error::ModelLoad(format!(
                "ncnn .bin: the layers' weights take {} bytes, the file has {}: it belongs to another .param",
                self.size - left,
                self.size
            ))),
        }
    }

    fn take(&mut self, layer: &Layer, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| {
            let left = self.bytes.len();
            layer.error(format!(
                "its weights need {count} bytes more, the .bin has {left} left of {}",
                self.size
            ))
        })?;
        self.bytes = rest;
        Ok(taken)
    }
}
