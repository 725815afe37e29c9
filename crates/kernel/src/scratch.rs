//! Working memory, aligned to cache lines.

use super::lanes::Block;
use super::layout::Pixel;

/// Floats on cache-line boundaries, counted in pixels.
#[derive(Default)]
pub(super) struct Buffer(Vec<Block>);

impl Buffer {
    /// The first `pixels` pixels, grown as needed; their contents are undefined.
    pub fn take(&mut self, pixels: usize) -> &mut [Pixel] {
        if self.0.len() < pixels {
            self.0.resize(pixels, Block::ZERO);
        }
        Block::as_pixels_mut(&mut self.0[..pixels])
    }

    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Block>()
    }
}

/// A thread's working memory, grown to what its largest convolution needs and kept.
#[derive(Default)]
pub struct Scratch {
    /// Transformed input tiles.
    pub(super) inputs: Buffer,
    /// Products, before the output transform.
    pub(super) products: Buffer,
    /// Tiles that a fused 1x1 convolution reads.
    pub(super) staging: Buffer,
}

impl Scratch {
    /// An empty one.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.inputs.bytes() + self.products.bytes() + self.staging.bytes()
    }
}
