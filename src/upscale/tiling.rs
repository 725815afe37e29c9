//! How large tiles should be.

use super::options::Options;
use super::plan::{Tiling, halo};
use crate::engine::Signature;

/// Tiles that, halo included, are about this many pixels a side keep the activations of 48-64 channel networks near
/// the cache: on 2 MiB of L2 and more, larger ones gain nothing and smaller ones recompute more halo.
const SIDE_WITH_HALO: u32 = 256;

/// Below this many pixels of core a tile spends most of its time on halo.
const SMALLEST_CORE: u32 = 48;

/// The tiling of a picture for a network. It depends on the picture and the number of workers, never on timing, so
/// that results do not change between runs.
pub fn tiling(width: u32, height: u32, signature: &Signature, options: &Options, workers: usize) -> Tiling {
    if let Some((height, width)) = signature.fixed_size {
        return Tiling::Fixed { height, width };
    }
    if let Some(size) = options.patch_size {
        return Tiling::Patches { size, padding: options.padding };
    }
    if signature.footprint.radius.is_none() {
        return Tiling::Whole;
    }
    let halo = halo(&signature.footprint);
    let side = SIDE_WITH_HALO.saturating_sub(2 * halo).max(SMALLEST_CORE);
    // A picture of fewer tiles than workers is cut further, as long as halo does not eat the gain.
    let pixels = u64::from(width) * u64::from(height);
    let per_worker = ((pixels / workers.max(1) as u64) as f64).sqrt() as u32;
    let floor = SMALLEST_CORE.max(2 * halo);
    Tiling::Auto { side: side.min(per_worker.max(floor)).next_multiple_of(4) }
}
