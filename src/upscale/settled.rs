//! What of a tile needs no network: colours that alpha hides, and alpha that is the same all around.
//!
//! Both take the value of their input pixel. Whatever decides about a pixel lies within [`REACH`] of it, so that tiles give
//! the same bits as the whole picture.

use super::mask::{Marks, Mask, dilated};
use super::view::{Area, View};

/// Where alpha is the same this far on each side it stays as it is, so that no colour is seen where it is 0.
pub const REACH: usize = 8;

/// What the alpha of a picture, `[view.height, view.width]`, is to a run.
#[derive(Clone, Copy)]
pub enum TileAlpha<'a> {
    /// It hides some of what the run upscales.
    Hides(&'a [f32]),
    /// It is what the run upscales.
    Upscaled(&'a [f32]),
}

impl TileAlpha<'_> {
    /// What needs no network, each pixel altogether; `None` if all does.
    pub fn settled(self, view: &View) -> Option<Mask> {
        let area = view.around_core(REACH);
        let open = self.open(view, area);
        if !open.contains(&false) {
            return None;
        }
        let open = dilated(&open, area, REACH);
        Mask::of(&Marks { area, marked: open.iter().map(|open| !open).collect() }, view.core)
    }

    /// Whether the colours of each pixel of the tile, `[view.height, view.width]`, tell what the picture is; `None` if all do.
    /// They are seen, and alpha goes on as it is to the right and below: along edges colours are rounded by as much as alpha
    /// leaves of them.
    pub fn telling(self, view: &View) -> Option<Vec<bool>> {
        let TileAlpha::Hides(alpha) = self else { return None };
        let (width, black) = (view.width, view.input_range.0);
        let right = |at: usize| (at + 1).is_multiple_of(width) || alpha[at + 1] == alpha[at];
        let below = |at: usize| alpha.get(at + width).is_none_or(|below| *below == alpha[at]);
        let tells = |at: usize| alpha[at] > black && right(at) && below(at);
        let telling: Vec<bool> = (0..alpha.len()).map(tells).collect();
        telling.contains(&false).then_some(telling)
    }

    /// The pixels of the area for whose sake a network has to run on those around: they are seen, or alpha changes to their
    /// right or below.
    fn open(self, view: &View, area: Area) -> Vec<bool> {
        let (width, picture) = (view.width, view.picture);
        let (right, bottom) = (picture.x + picture.columns - 1, picture.y + picture.rows - 1);
        match self {
            TileAlpha::Hides(alpha) => {
                area.places().map(|(y, x)| alpha[y * width + x] > view.input_range.0).collect()
            }
            TileAlpha::Upscaled(alpha) => {
                let at = |y: usize, x: usize| alpha[y.min(bottom) * width + x.min(right)];
                area.places().map(|(y, x)| at(y, x) != at(y, x + 1) || at(y, x) != at(y + 1, x)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether each pixel of the core is settled.
    fn settled(alpha: TileAlpha, view: &View) -> Vec<bool> {
        let mut result = vec![0.0; 4 * view.core.rows * view.core.columns];
        if let Some(mask) = alpha.settled(view) {
            mask.blend(view, &mut result, |_, _, block| block.fill(1.0));
        }
        let columns = view.core.columns;
        (0..view.core.rows * columns)
            .map(|at| result[at / columns * 4 * columns + at % columns * 2] == 1.0)
            .collect()
    }

    #[test]
    fn colours_tell_where_they_are_seen_and_alpha_goes_on() {
        let view = View::whole(2, 3, 4);
        let telling = |alpha: &[f32]| TileAlpha::Hides(alpha).telling(&view);
        let alpha = [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
        let expected = [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1].map(|telling| telling == 1);
        assert_eq!(telling(&alpha), Some(expected.to_vec()));
        assert_eq!(telling(&[0.5; 12]), None);
        assert_eq!(TileAlpha::Upscaled(&alpha).telling(&view), None);
    }

    proptest! {
        /// The definition, pixel by pixel.
        #[test]
        fn a_pixel_is_settled_where_alpha_shows_nothing_or_stays(
            (rows, columns) in (1usize..40, 1usize..40),
            rectangles in prop::collection::vec((0usize..40, 0usize..40, 1usize..20, 1usize..20), 0..4),
            (cut_rows, cut_columns) in (0usize..12, 0usize..12),
        ) {
            let mut alpha = vec![0.0; rows * columns];
            for (top, left, height, width) in rectangles {
                for (y, x) in (top..top + height).flat_map(|y| (left..left + width).map(move |x| (y, x))) {
                    if y < rows && x < columns { alpha[y * columns + x] = 1.0 }
                }
            }
            let (cut_rows, cut_columns) = (cut_rows.min(rows - 1), cut_columns.min(columns - 1));
            let core = Area { y: cut_rows, x: cut_columns, rows: rows - cut_rows, columns: columns - cut_columns };
            let view = View { core, ..View::whole(2, rows, columns) };
            let near = |at: usize, len: usize| at.saturating_sub(8)..(at + 9).min(len);
            let all = |(y, x): (usize, usize), wanted: &dyn Fn(usize, usize) -> bool| {
                near(y, rows).all(|y| near(x, columns).all(|x| wanted(y, x)))
            };
            let of_core = |wanted: &dyn Fn(usize, usize) -> bool| -> Vec<bool> {
                core.places().map(|at| all(at, wanted)).collect()
            };
            let hidden = |y: usize, x: usize| alpha[y * columns + x] == 0.0;
            prop_assert_eq!(settled(TileAlpha::Hides(&alpha), &view), of_core(&hidden));
            let same = |y: usize, x: usize| {
                let (right, below) = ((x + 1).min(columns - 1), (y + 1).min(rows - 1));
                alpha[y * columns + x] == alpha[y * columns + right] && alpha[y * columns + x] == alpha[below * columns + x]
            };
            prop_assert_eq!(settled(TileAlpha::Upscaled(&alpha), &view), of_core(&same));
        }
    }
}
