//! Networks that look at the whole picture at once, and so take memory that grows with it.

use super::admission;
use super::options::Options;
use super::size::Sizing;
use crate::engine::Signature;
use crate::error::Error;

/// The memory that a picture of `width` x `height` pixels takes within such a network, in bytes; 0 for others.
///
/// # Errors
/// [`Error::Limit`] if it is more than all images together may hold.
pub fn memory(
    width: u32,
    height: u32,
    signature: &Signature,
    options: &Options,
    sizing: &Sizing,
    workers: usize,
) -> Result<u64, Error> {
    let footprint = &signature.footprint;
    if footprint.radius.is_some() || signature.fixed_size.is_some() || sizing.passes == 0 {
        return Ok(0);
    }
    // What the last pass is given, cut into patches if that is wanted.
    let growth = u64::from(footprint.scale).pow(sizing.passes - 1);
    let patch = options.patch_size.map_or(u64::MAX, u64::from);
    let side = |pixels: u32| {
        let whole = u64::from(pixels) * growth;
        (whole.min(patch).next_multiple_of(footprint.divisor.into()), whole.div_ceil(patch))
    };
    let ((w, columns), (h, rows)) = (side(width), side(height));
    let bytes = w * h * signature.load.bytes_per_pixel;
    let limit = admission::memory_limit();
    if bytes > limit {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let advice = if options.patch_size.is_some() {
            "a smaller patchSize"
        } else {
            "patchSize, for an approximate result"
        };
        return Err(Error::Limit(format!(
            "Expected a picture that takes at most {} MiB (maxMemory) in a network that looks at all of it at once, but \
             {w}x{h} pixels take about {}: give {advice}, a smaller picture, or more memory with Upscaler.configure",
            mib(limit),
            mib(bytes)
        )));
    }
    Ok(bytes * (columns * rows).min(workers as u64))
}
