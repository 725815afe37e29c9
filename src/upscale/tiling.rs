//! How many tiles a picture is cut into: a model of what each cut would cost.
//!
//! Time per pixel hardly depends on the size of tiles (3 to 8 % between 64 and 512 pixels a side, docs/performance.md),
//! so what counts is the halo that is computed twice and that workers finish together; memory sets the limit.

use super::guard;
use super::options::Options;
use super::plan::{Tiling, tile_size};
use crate::engine::Signature;

/// Finished rows of a whole tile row wait for each other before they are encoded, in up to this many bytes. With half of it
/// 1600x700 pixels through SPAN 4x take a tenth more time, for the halo of smaller tiles.
pub const ROW_BYTES: u64 = 64 << 20;

/// Bytes per pixel of the result, at most, in files of 8 bits.
const RESULT_PIXEL: u64 = 4;

/// What a tile costs beside its pixels, in pixels: the call into ONNX Runtime and the queue.
const TILE_OVERHEAD: u64 = 500;

/// Tiles with smaller cores than this are not considered, unless nothing else fits.
const SMALLEST_CORE: u32 = 32;

/// The tiling of a picture for a network. It depends on the picture and the number of workers, never on timing, so
/// that results do not change between runs.
pub fn tiling(width: u32, height: u32, signature: &Signature, options: &Options, workers: usize) -> Tiling {
    if let Some((height, width)) = signature.fixed_size {
        return Tiling::Fixed { height, width };
    }
    if let Some(size) = options.patch_size {
        return Tiling::Patches { size, padding: options.padding };
    }
    if signature.geometry.radius.is_none() {
        return Tiling::Whole;
    }
    let most = |total: u32| total.div_ceil(SMALLEST_CORE);
    let cuts = (1..=most(width)).flat_map(|columns| (1..=most(height)).map(move |rows| (columns, rows)));
    let cuts = cuts.map(|(columns, rows)| Cut::new((width, height), (columns, rows), signature));
    // Of cuts that do not fit, the one with the smallest tiles; of equal ones, the one with the fewest.
    let key = |cut: &Cut| (cut.excess(signature), cut.time(signature, workers), cut.columns * cut.rows);
    let least = |a: &Cut, b: &Cut| {
        let ((excess_a, time_a, tiles_a), (excess_b, time_b, tiles_b)) = (key(a), key(b));
        excess_a.total_cmp(&excess_b).then(time_a.total_cmp(&time_b)).then(tiles_a.cmp(&tiles_b))
    };
    match cuts.min_by(least) {
        Some(Cut { columns, rows, .. }) => Tiling::Auto { columns, rows },
        None => Tiling::Whole,
    }
}

/// The input side of a tile where an axis of `total` pixels is cut into `count`.
pub fn tile_side(total: u32, count: u32, signature: &Signature) -> u32 {
    tile_size(total, count, signature, guard::halo(signature)).min(total)
}

/// A way to cut a picture.
struct Cut {
    columns: u32,
    rows: u32,
    /// A tile's input.
    width: u32,
    height: u32,
    /// The result of one row of tiles, in bytes.
    row_bytes: u64,
}

impl Cut {
    fn new((width, height): (u32, u32), (columns, rows): (u32, u32), signature: &Signature) -> Cut {
        let scale = u64::from(signature.geometry.scale);
        let row_pixels = u64::from(width) * scale * u64::from(height.div_ceil(rows)) * scale;
        Cut {
            columns,
            rows,
            width: tile_side(width, columns, signature),
            height: tile_side(height, rows, signature),
            row_bytes: row_pixels * RESULT_PIXEL,
        }
    }

    fn pixels(&self) -> f64 {
        f64::from(self.width) * f64::from(self.height)
    }

    /// By how much the limits are exceeded, 1 where they are not.
    fn excess(&self, signature: &Signature) -> f64 {
        let limits = &signature.limits;
        // A run that is alone may hold more than runs beside others.
        let alone = self.columns * self.rows == 1;
        let max_pixels =
            if alone { limits.max_pixels.max(limits.max_whole_pixels) } else { limits.max_pixels };
        let pixels = self.pixels() / max_pixels.max(1) as f64;
        let max_width = f64::from(limits.max_width) * if alone { 2.0 } else { 1.0 };
        let width = f64::from(self.width) / max_width;
        let row = self.row_bytes as f64 / ROW_BYTES as f64;
        pixels.max(width).max(row).max(1.0)
    }

    /// The time until the last worker is done, in pixels.
    fn time(&self, signature: &Signature, workers: usize) -> f64 {
        let tiles = u64::from(self.columns) * u64::from(self.rows);
        if tiles == 1 {
            return self.pixels() / (workers as f64 * signature.limits.thread_efficiency).max(1.0);
        }
        tiles.div_ceil(workers.max(1) as u64) as f64 * (self.pixels() + TILE_OVERHEAD as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TileLimits;

    fn signature(halo: u32, max_pixels: u64, thread_efficiency: f64) -> Signature {
        Signature {
            limits: TileLimits { max_pixels, max_width: 512, thread_efficiency, ..TileLimits::UNLIMITED },
            ..Signature::of_convolutions(2, halo)
        }
    }

    fn cut(size: (u32, u32), signature: &Signature, workers: usize) -> (u32, u32) {
        match tiling(size.0, size.1, signature, &Options::default(), workers) {
            Tiling::Auto { columns, rows } => (columns, rows),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_worker_cuts_nothing_that_fits() {
        assert_eq!(cut((512, 512), &signature(20, 500_000, 0.0), 1), (1, 1));
    }

    #[test]
    fn small_pictures_are_cut_for_workers_that_cannot_share_a_tile() {
        assert_eq!(cut((128, 128), &signature(21, 500_000, 0.0), 2), (1, 2));
        assert_eq!(cut((128, 128), &signature(21, 500_000, 0.8), 2), (1, 1));
    }

    #[test]
    fn a_tiny_picture_is_one_tile() {
        // Two tiles with their halo would each be nearly the whole.
        assert_eq!(cut((40, 40), &signature(21, 500_000, 0.0), 2), (1, 1));
    }

    #[test]
    fn a_larger_picture_is_one_tile_where_threads_can_share_it() {
        let whole = |thread_efficiency: f64| {
            let signature = signature(21, 60_000, thread_efficiency);
            Signature { limits: TileLimits { max_whole_pixels: 240_000, ..signature.limits }, ..signature }
        };
        assert_eq!(cut((480, 500), &whole(0.95), 2), (1, 1));
        assert_ne!(cut((480, 501), &whole(0.95), 2), (1, 1), "one row too many");
        assert_ne!(cut((480, 500), &whole(0.0), 2), (1, 1), "a worker would be idle");
    }

    #[test]
    fn tiles_and_rows_keep_to_their_memory() {
        for (size, most) in [((512, 512), 65_000), ((1024, 768), 16_000), ((6000, 4000), 500_000)] {
            let signature = signature(21, most, 0.0);
            let (columns, rows) = cut(size, &signature, 2);
            let cut = Cut::new(size, (columns, rows), &signature);
            assert!(cut.pixels() <= most as f64, "{size:?}: {}x{}", cut.width, cut.height);
            assert!(cut.row_bytes <= ROW_BYTES && cut.width <= 512);
        }
    }

    #[test]
    fn where_nothing_fits_tiles_are_small() {
        let (columns, rows) = cut((300, 300), &signature(32, 50, 0.0), 2);
        assert!(columns > 1 && rows > 1);
    }
}
