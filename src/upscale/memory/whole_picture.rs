//! Memory of runs on a whole picture at once, which grows with the picture: of networks whose receptive field is all of
//! it, and where one tile is faster than several.

use crate::engine::Signature;
use crate::error::Error;
use crate::memory::limit;
use crate::upscale::options::Options;
use crate::upscale::plan::Tiling;
use crate::upscale::size::Sizing;
use crate::upscale::tiling::tiling;

/// Bytes of activations for a picture of `width` x `height` pixels in a network that runs on all of it; 0 where it is
/// cut into tiles.
///
/// # Errors
/// [`Error::Limit`] if it is more than all images together may hold.
pub fn bytes(
    (width, height): (u32, u32),
    signature: &Signature,
    options: &Options,
    sizing: &Sizing,
    workers: usize,
) -> Result<u64, Error> {
    let geometry = &signature.geometry;
    if signature.fixed_size.is_some() || sizing.passes == 0 {
        return Ok(0);
    }
    if geometry.radius.is_some() {
        return Ok(one_tile((width, height), signature, options, sizing.passes, workers));
    }
    // The input of the last pass, cut into patches if patchSize asks for them.
    let growth = u64::from(geometry.scale).pow(sizing.passes - 1);
    let patch = options.patch_size.map_or(u64::MAX, u64::from);
    let side = |pixels: u32| {
        let whole = u64::from(pixels) * growth;
        (whole.min(patch).next_multiple_of(geometry.size_multiple.into()), whole.div_ceil(patch))
    };
    let ((w, columns), (h, rows)) = (side(width), side(height));
    let bytes = w.saturating_mul(h).saturating_mul(signature.limits.bytes_per_pixel);
    let limit = limit();
    if bytes > limit {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let advice = if options.patch_size.is_some() {
            "a smaller patchSize"
        } else {
            "patchSize, for an approximate result"
        };
        return Err(Error::Limit(format!(
            "Expected a picture that takes at most {} MiB (maxMemory) in a network that looks at all of it at once, but \
             {w}x{h} pixels take about {} MiB: give {advice}, a smaller picture, or more memory with Upscaler.configure",
            mib(limit),
            mib(bytes)
        )));
    }
    Ok(bytes.saturating_mul(columns.saturating_mul(rows).min(workers as u64)))
}

/// Bytes of the largest pass that runs as one tile, where that tile is larger than tiles beside others may be.
fn one_tile(
    (width, height): (u32, u32),
    signature: &Signature,
    options: &Options,
    passes: u32,
    workers: usize,
) -> u64 {
    let Signature { limits, geometry, .. } = signature;
    let bytes = |pass: u32| {
        let growth = geometry.scale.checked_pow(pass)?;
        let (width, height) = (width.checked_mul(growth)?, height.checked_mul(growth)?);
        let pixels = u64::from(width) * u64::from(height);
        let large = pixels > limits.max_pixels && pixels <= limits.max_whole_pixels;
        let whole = || {
            matches!(tiling(width, height, signature, options, workers), Tiling::Auto { columns: 1, rows: 1 })
        };
        (large && whole()).then_some(pixels.saturating_mul(limits.bytes_per_pixel))
    };
    (0..passes).filter_map(bytes).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TileLimits;

    #[test]
    fn memory_is_asked_for_where_one_tile_is_larger_than_tiles_beside_others() {
        let limits = TileLimits {
            max_pixels: 60_000,
            max_whole_pixels: 240_000,
            thread_efficiency: 0.95,
            bytes_per_pixel: 700,
            ..TileLimits::UNLIMITED
        };
        let signature = Signature { limits, ..Signature::of_convolutions(2, 21) };
        let taken = |size, passes, options: &Options| one_tile(size, &signature, options, passes, 2);
        let options = Options::default();
        assert_eq!(taken((200, 300), 1, &options), 0, "as tiles beside others");
        assert_eq!(taken((400, 600), 1, &options), 400 * 600 * 700);
        assert_eq!(taken((400, 601), 1, &options), 0, "cut into tiles");
        assert_eq!(taken((200, 300), 2, &options), 400 * 600 * 700, "the second pass");
        assert_eq!(taken((400, 600), 2, &options), 400 * 600 * 700, "the first pass: the second is cut");
        let patches = Options { patch_size: Some(64), ..options };
        assert_eq!(taken((400, 600), 1, &patches), 0, "in patches");
    }
}
