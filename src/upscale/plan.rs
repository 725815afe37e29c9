//! Cuts a picture into tiles. Pure arithmetic on one axis at a time: a picture's tiles are the product of its row
//! spans and its column spans.

use super::guard;
use crate::engine::Signature;
use crate::error::Error;
use crate::graph::SpatialGeometry;

/// One tile along one axis, in input pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where the network's input begins; negative before the picture, where the edge pixel is repeated.
    pub source: i64,
    /// How many pixels the network is given.
    pub source_len: u32,
    /// The first pixel whose result is kept.
    pub core: u32,
    /// How many pixels' results are kept.
    pub core_len: u32,
}

/// How the user or the network wants the picture cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// About this many tiles, which overlap by the halo.
    Auto { columns: u32, rows: u32 },
    /// UpscalerJS's: every patch has exactly this size, of which `padding` pixels a side are context.
    Patches { size: u32, padding: u32 },
    /// The network takes this size (height, width) and no other.
    Fixed { height: u32, width: u32 },
    /// The whole picture at once.
    Whole,
}

/// The tiles of one picture for one network.
#[derive(Debug, PartialEq, Eq)]
pub struct TilePlan {
    /// Top to bottom.
    pub rows: Vec<Span>,
    /// Left to right.
    pub columns: Vec<Span>,
}

impl TilePlan {
    /// Plans `width` x `height` pixels. Every input pixel is in the core of exactly one tile.
    pub fn new(width: u32, height: u32, signature: &Signature, tiling: Tiling) -> Result<TilePlan, Error> {
        let (geometry, halo) = (&signature.geometry, guard::halo(signature));
        let axis = |total: u32, pick: fn(u32, u32) -> u32| match tiling {
            Tiling::Auto { rows, columns } => Ok(auto(total, pick(rows, columns), signature, halo)),
            Tiling::Patches { size, padding } => {
                patches(total, size, padding).map(|spans| fit(spans, geometry))
            }
            Tiling::Fixed { height, width } => patches_of(total, pick(height, width), geometry, halo),
            Tiling::Whole => Ok(auto(total, 1, signature, halo)),
        };
        Ok(TilePlan { rows: axis(height, |h, _| h)?, columns: axis(width, |_, w| w)? })
    }

    /// How many tiles there are.
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }
}

/// The input size of `count` equal tiles along an axis of `total` pixels, before what [`fit`] adds.
pub fn tile_size(total: u32, count: u32, signature: &Signature, halo: u32) -> u32 {
    let grid = grid(signature);
    let halo = halo.next_multiple_of(grid);
    let overlaps = 2 * u64::from(halo) * u64::from(count.max(1) - 1);
    let size = (u64::from(total) + overlaps).div_ceil(u64::from(count.max(1))) as u32;
    size.next_multiple_of(grid).max(2 * halo + grid)
}

/// `count` tiles of the same input size, so that memory of one size is reused and workers finish
/// together: those at the picture's edges keep more of theirs, because they have halo on one side only. Origins are on
/// the grid; what does not divide makes the last tile smaller, never shifted.
fn auto(total: u32, count: u32, signature: &Signature, halo: u32) -> Vec<Span> {
    let size = tile_size(total, count, signature, halo);
    let halo = halo.next_multiple_of(grid(signature));
    let mut spans = Vec::new();
    let mut core = 0;
    while core < total {
        let source = core.saturating_sub(halo);
        let source_end = total.min(source + size);
        let end = if source_end == total { total } else { source_end - halo };
        spans.push(Span {
            source: i64::from(source),
            source_len: source_end - source,
            core,
            core_len: end - core,
        });
        core = end;
    }
    fit(spans, &signature.geometry)
}

/// Tile origins are multiples of this. Winograd kernels round by the position within an output tile: only on its alignment
/// is the result of a tile the same, bit for bit, as that of the whole picture.
fn grid(signature: &Signature) -> u32 {
    lcm(signature.alignment, signature.geometry.size_multiple)
}

/// Extends spans beyond the picture as the network demands: the border that valid convolutions crop, and sizes that
/// are multiples of what it takes.
fn fit(mut spans: Vec<Span>, geometry: &SpatialGeometry) -> Vec<Span> {
    for span in &mut spans {
        span.source -= i64::from(geometry.valid_crop);
        span.source_len =
            (span.source_len + 2 * geometry.valid_crop).next_multiple_of(geometry.size_multiple);
    }
    spans
}

/// Patches as UpscalerJS lays them: all of one size, the last one shifted back into the picture.
fn patches(total: u32, size: u32, padding: u32) -> Result<Vec<Span>, Error> {
    let size = size.min(total);
    if size < total && size <= 2 * padding {
        return Err(Error::InvalidArgument(format!(
            "Expected patchSize to be more than twice the padding but received patchSize {size} and padding {padding}"
        )));
    }
    let padding = if size == total { 0 } else { padding };
    let mut spans = Vec::new();
    let mut at = 0;
    while at < total {
        let last = at + size > total;
        let before = if last || at == 0 { 0 } else { padding };
        let after = if last { 0 } else { padding };
        let source = if last { total - size } else { at - before };
        let core_len = if last { total - at } else { size - before - after };
        spans.push(Span { source: i64::from(source), source_len: size, core: at, core_len });
        at += core_len;
    }
    Ok(spans)
}

/// Tiles for a network of one size: shifted to stay inside, or padded where the picture is smaller.
fn patches_of(total: u32, size: u32, geometry: &SpatialGeometry, halo: u32) -> Result<Vec<Span>, Error> {
    let inner = size.saturating_sub(2 * geometry.valid_crop);
    if inner == 0 {
        return Err(Error::ModelShape(format!(
            "Expected a network input larger than what its valid convolutions crop but found size {size}"
        )));
    }
    let valid_crop = i64::from(geometry.valid_crop);
    if total <= inner {
        return Ok(vec![Span { source: -valid_crop, source_len: size, core: 0, core_len: total }]);
    }
    // A halo that leaves at least half of every tile to its core; exactness cannot be had in a smaller one.
    let padding = halo.min(inner / 4);
    let mut spans = patches(total, inner, padding)?;
    for span in &mut spans {
        span.source -= valid_crop;
        span.source_len = size;
    }
    Ok(spans)
}

fn lcm(a: u32, b: u32) -> u32 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALIGNMENT: u32 = 4;

    fn geometry(radius: u32, valid_crop: u32, size_multiple: u32) -> SpatialGeometry {
        SpatialGeometry { scale: 2, radius: Some(radius), valid_crop, size_multiple }
    }

    fn signature(geometry: SpatialGeometry) -> Signature {
        Signature { geometry, halo: 0, alignment: ALIGNMENT, ..Signature::of_convolutions(1, 0) }
    }

    /// Cores tile the axis, each lies inside its source, and the source has the halo wherever there are pixels.
    fn check(spans: &[Span], total: u32, halo: u32, valid_crop: u32) {
        let mut at = 0;
        for span in spans {
            assert_eq!(span.core, at);
            at += span.core_len;
            let (begin, end) =
                (span.source + i64::from(valid_crop), span.source + i64::from(span.source_len - valid_crop));
            assert!(begin <= i64::from(span.core.saturating_sub(halo)), "{span:?}");
            assert!(end >= i64::from((span.core + span.core_len + halo).min(total)), "{span:?}");
        }
        assert_eq!(at, total);
    }

    proptest! {
        #[test]
        fn automatic_tiles_cover_the_axis(total in 1u32..2000, count in 1u32..30, radius in 0u32..40, valid_crop in 0u32..9, power in 0u32..5) {
            let size_multiple = 1 << power;
            let spans = auto(total, count, &signature(geometry(radius, valid_crop, size_multiple)), radius);
            check(&spans, total, radius, valid_crop);
            for span in &spans {
                prop_assert_eq!((span.source + i64::from(valid_crop)) % i64::from(ALIGNMENT.max(size_multiple)), 0);
                prop_assert_eq!(span.source_len % size_multiple, 0);
            }
        }

        #[test]
        fn patches_cover_the_axis(total in 1u32..500, size in 9u32..200, padding in 0u32..4) {
            let spans = patches(total, size, padding).unwrap();
            check(&spans, total, 0, 0);
            for span in &spans {
                prop_assert_eq!(span.source_len, size.min(total));
                prop_assert!(span.source >= 0 && span.source + i64::from(span.source_len) <= i64::from(total));
            }
        }

        #[test]
        fn fixed_networks_always_get_their_size(total in 1u32..500, size in 20u32..200, valid_crop in 0u32..9) {
            let spans = patches_of(total, size, &geometry(10, valid_crop, 1), 10).unwrap();
            check(&spans, total, 0, valid_crop);
            prop_assert!(spans.iter().all(|span| span.source_len == size));
        }
    }

    #[test]
    fn patches_are_those_of_upscalerjs() {
        // What getPatchesFromImage of upscaler 1.0.0 gives for (total, patchSize, padding), as (source, core, length).
        type Case = ((u32, u32, u32), &'static [(i64, u32, u32)]);
        let cases: [Case; 4] = [
            ((10, 6, 1), &[(0, 0, 5), (4, 5, 5)]),
            ((12, 6, 1), &[(0, 0, 5), (4, 5, 4), (6, 9, 3)]),
            ((10, 6, 0), &[(0, 0, 6), (4, 6, 4)]),
            ((11, 4, 1), &[(0, 0, 3), (2, 3, 2), (4, 5, 2), (6, 7, 2), (7, 9, 2)]),
        ];
        for ((total, size, padding), expected) in cases {
            let spans = patches(total, size, padding).unwrap();
            let found: Vec<_> = spans.iter().map(|s| (s.source, s.core, s.core_len)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_small_picture_is_one_tile_of_its_own_size() {
        for (size, expected) in [(7, vec![7]), (1, vec![1])] {
            let spans = auto(size, 5, &signature(geometry(20, 0, 1)), 20);
            assert_eq!(spans.iter().map(|span| span.source_len).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn padding_that_leaves_nothing_is_refused() {
        assert_eq!(patches(100, 8, 4).unwrap_err().code(), "ERR_INVALID_ARG_VALUE");
    }
}
