//! Memory of the tiles that run at the same time: their planes, and the network's activations.

use crate::engine::Signature;
use crate::upscale::options::Options;
use crate::upscale::plan::Tiling;
use crate::upscale::tiling::{tile_side, tiling};

/// Bytes that the largest of `passes` passes takes, with as many tiles as `workers` workers run at once.
pub fn bytes(
    (width, height): (u32, u32),
    signature: &Signature,
    options: &Options,
    passes: u32,
    workers: usize,
) -> u64 {
    let at = |pass: u32| {
        let growth = signature.geometry.scale.checked_pow(pass)?;
        let size = (width.checked_mul(growth)?, height.checked_mul(growth)?);
        Some(tiles(size, signature, options, workers))
    };
    (0..passes).filter_map(at).max().unwrap_or(0)
}

/// Planes of a guarded network's result that are held beside its own where parts of them are replaced: what stands in, and
/// what is put together of both.
const REPLACING: u64 = 2;

fn tiles((width, height): (u32, u32), signature: &Signature, options: &Options, workers: usize) -> u64 {
    let (count, w, h) = match tiling(width, height, signature, options, workers) {
        Tiling::Auto { columns, rows } => (
            u64::from(columns) * u64::from(rows),
            tile_side(width, columns, signature),
            tile_side(height, rows, signature),
        ),
        Tiling::Patches { size, .. } => (patches((width, height), (size, size)), size, size),
        Tiling::Fixed { height: h, width: w } => (patches((width, height), (w, h)), w, h),
        Tiling::Whole => (1, width, height),
    };
    let (pixels, limits) = (u64::from(w) * u64::from(h), &signature.limits);
    let results = signature.channels_out as u64 * u64::from(signature.geometry.scale).pow(2);
    let held = if signature.guarded { 1 + REPLACING } else { 1 };
    let planes = (signature.channels_in as u64 + held * results) * size_of::<f32>() as u64;
    let each = pixels
        .saturating_mul(planes + limits.bytes_per_pixel)
        .saturating_add(u64::from(w) * limits.bytes_per_column);
    each.saturating_mul(count.min(workers as u64))
}

fn patches((width, height): (u32, u32), (w, h): (u32, u32)) -> u64 {
    u64::from(width.div_ceil(w.max(1))) * u64::from(height.div_ceil(h.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TileLimits;

    #[test]
    fn planes_columns_and_activations_of_as_many_tiles_as_run_at_once() {
        let signature = |limits| Signature { limits, ..Signature::of_convolutions(2, 4) };
        let patches = Options { patch_size: Some(64), ..Options::default() };
        let rows = signature(TileLimits { bytes_per_column: 1000, ..TileLimits::UNLIMITED });
        let planes = 64 * 64 * (3 + 3 * 4) * 4;
        assert_eq!(bytes((64, 64), &rows, &patches, 1, 8), planes + 64 * 1000);
        assert_eq!(
            bytes((640, 64), &rows, &patches, 1, 8),
            8 * (planes + 64 * 1000),
            "ten tiles, eight at once"
        );
        let whole = signature(TileLimits { bytes_per_pixel: 500, ..TileLimits::UNLIMITED });
        assert_eq!(bytes((64, 64), &whole, &patches, 1, 8), planes + 64 * 64 * 500);
        assert_eq!(bytes((64, 64), &whole, &patches, 2, 8), 4 * (planes + 64 * 64 * 500), "the second pass");
        assert_eq!(bytes((64, 64), &whole, &patches, 0, 8), 0);
        let guarded = Signature { guarded: true, ..rows };
        let planes = 64 * 64 * (3 + 3 * 3 * 4) * 4;
        assert_eq!(bytes((64, 64), &guarded, &patches, 1, 8), planes + 64 * 1000, "three times the result");
    }
}
