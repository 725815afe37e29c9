//! Which parts of a picture were drawn by a program: letters, line art, screens, flat colours.
//!
//! There, pixels repeat a neighbour exactly or differ from it by much, at an edge. Pixels of a photograph rarely repeat; where
//! they do, in skies, in shadow, in grey pictures of few levels, those that do not repeat differ by a few levels. Networks
//! for photographs sharpen letters until they get rims and dots, networks for letters draw photographs with stepped edges, so
//! that each gets its part.
//!
//! Whatever decides about a pixel lies within [`REACH`] of it, so that tiles give the same bits as the whole picture.

use super::mask::{BLUR, Marks, Mask, dilated};
use super::settled;
use super::view::{Area, View};

/// A pixel is judged by as many pixels on each side. Of their window of 17x17,
const RADIUS: usize = 8;

/// so many tenths have to repeat a neighbour,
const REPEATED_TENTHS: u32 = 4;

/// and of the others at most a half may differ from both by no more than this, in levels of 255. Of 585 photographs of the
/// stress set 490 have nothing drawn then (without this limit 207), and of its text, codes, logos and screens 0.94 to all.
const SOFT: f32 = 8.0;

/// As many as one in so many has to count: a few that alpha leaves tell nothing.
const LEAST_SHARE: u32 = 16;

/// What is left between drawn pixels counts as drawn up to twice as many pixels across: single icons and dense words. Without
/// that, both networks would run on most of a page.
const CLOSED: usize = 5;

/// Transparent pixels, and those along edges of alpha, which may be so wide, are drawn as far as this around drawn pixels: as
/// far as any network has to run, so that no other network's result is mixed in from there.
const AROUND: usize = EDGE + settled::REACH + BLUR;
const EDGE: usize = 4;

/// How far the pixels that decide about one are from it.
pub const REACH: u32 = (RADIUS + 1 + AROUND + 2 * CLOSED + BLUR) as u32;

/// The drawn part of the core; `None` if there is none.
///
/// `input`: `[planes, view.height, view.width]`. `telling`: which pixels count, `[view.height, view.width]`, where not all do:
/// colours under transparent pixels were made up, and repeat. Others are drawn where one that counts is, not far from them.
pub fn mask(view: &View, input: &[f32], telling: Option<&[bool]>) -> Option<Mask> {
    let around = BLUR + 2 * CLOSED + if telling.is_some() { AROUND } else { 0 };
    let (area, window) = (view.around_core(around), view.around_core(around + RADIUS));
    let mut steps = smallest_steps(view, input, window);
    if let Some(telling) = telling {
        let others = steps.iter_mut().zip(window.places()).filter(|(_, (y, x))| !telling[y * view.width + x]);
        others.for_each(|(step, _)| *step = f32::NAN);
    }
    let soft = SOFT * (view.input_range.1 - view.input_range.0) / 255.0;
    let counted = |wanted: &dyn Fn(f32) -> bool| Counts::new(steps.iter().map(|step| wanted(*step)), window);
    let (repeated, soft) = (counted(&|step| step == 0.0), counted(&|step| step > 0.0 && step <= soft));
    let counting = telling.map(|_| counted(&|step| !step.is_nan()));
    let drawn = |(y, x): (usize, usize)| {
        let (repeated, pixels) = repeated.near(y, x);
        let all = counting.as_ref().map_or(pixels, |counting| counting.near(y, x).0);
        LEAST_SHARE * all >= pixels
            && 10 * repeated >= REPEATED_TENTHS * all
            && 2 * soft.near(y, x).0 <= all - repeated
    };
    let mut marked: Vec<bool> = area.places().map(drawn).collect();
    if let Some(telling) = telling {
        let telling: Vec<bool> = area.places().map(|(y, x)| telling[y * view.width + x]).collect();
        marked = with_others(marked, &telling, area);
    }
    if !marked.contains(&true) {
        return None;
    }
    let marked = closed(&marked, area);
    Mask::grow(&Marks { area, marked }, view.core, 0)
}

/// What is marked of the pixels that count, and the others that are near it.
fn with_others(marked: Vec<bool>, telling: &[bool], area: Area) -> Vec<bool> {
    let marked: Vec<bool> = marked.iter().zip(telling).map(|(marked, telling)| *marked && *telling).collect();
    let near = dilated(&marked, area, AROUND);
    marked
        .iter()
        .zip(near)
        .zip(telling)
        .map(|((marked, near), telling)| if *telling { *marked } else { near })
        .collect()
}

/// Dilates and erodes by [`CLOSED`]. What is beyond the area takes no part.
fn closed(marked: &[bool], area: Area) -> Vec<bool> {
    let beside: Vec<bool> = dilated(marked, area, CLOSED).iter().map(|marked| !marked).collect();
    dilated(&beside, area, CLOSED).iter().map(|marked| !marked).collect()
}

/// For each pixel of the area, the smaller of its differences from the pixel to its right and the one below, of which each
/// is the largest of all planes; infinite where the picture has neither.
fn smallest_steps(view: &View, input: &[f32], area: Area) -> Vec<f32> {
    let (picture, width) = (view.picture, view.width);
    let mut steps = vec![0.0; area.rows * area.columns];
    let (mut right, mut below) = (vec![0.0; area.columns], vec![0.0; area.columns]);
    let with_right = area.columns.min(picture.x + picture.columns - area.x - 1);
    for (row, steps) in steps.chunks_exact_mut(area.columns.max(1)).enumerate() {
        let y = area.y + row;
        let has_below = y + 1 < picture.y + picture.rows;
        right[..with_right].fill(0.0);
        right[with_right..].fill(f32::INFINITY);
        below.fill(if has_below { 0.0 } else { f32::INFINITY });
        for plane in input.chunks_exact(view.height * width) {
            let line = |y: usize, x: usize, len: usize| &plane[y * width + x..][..len];
            farther(&mut right, line(y, area.x, with_right), line(y, area.x + 1, with_right));
            if has_below {
                farther(&mut below, line(y, area.x, area.columns), line(y + 1, area.x, area.columns));
            }
        }
        let smaller = right.iter().zip(&below).map(|(right, below)| right.min(*below));
        steps.iter_mut().zip(smaller).for_each(|(step, smaller)| *step = smaller);
    }
    steps
}

/// Raises each distance to that of two values.
fn farther(distances: &mut [f32], values: &[f32], others: &[f32]) {
    for ((value, other), distance) in values.iter().zip(others).zip(distances) {
        *distance = distance.max((value - other).abs());
    }
}

/// How many pixels are set in any rectangle, by a table of sums over all that are above and to the left.
struct Counts {
    area: Area,
    /// `[area.rows + 1, area.columns + 1]`.
    sums: Vec<u32>,
}

impl Counts {
    /// `set`: of each pixel of the area, row by row.
    fn new(mut set: impl Iterator<Item = bool>, area: Area) -> Counts {
        let stride = area.columns + 1;
        let mut sums = vec![0; (area.rows + 1) * stride];
        for y in 0..area.rows {
            let mut sum = 0;
            for (x, set) in set.by_ref().take(area.columns).enumerate() {
                sum += u32::from(set);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + sum;
            }
        }
        Counts { area, sums }
    }

    /// How many are set within [`RADIUS`] of a pixel, and how many there are.
    fn near(&self, y: usize, x: usize) -> (u32, u32) {
        let Area { rows, columns, .. } = self.area;
        let within = |at: usize, from: usize, len: usize| {
            let at = at - from;
            (at.saturating_sub(RADIUS), (at + RADIUS + 1).min(len))
        };
        let ((top, bottom), (left, right)) = (within(y, self.area.y, rows), within(x, self.area.x, columns));
        let at = |y: usize, x: usize| self.sums[y * (columns + 1) + x];
        let set = at(bottom, right) + at(top, left) - at(top, right) - at(bottom, left);
        (set, ((bottom - top) * (right - left)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A level that has nothing to do with those before.
    fn noise(at: usize) -> f32 {
        (at * 2_654_435_761 / 65_536 % 251) as f32 / 255.0
    }

    /// How much of the core of a picture with a flat left part and noise to the right of column `edge` is drawn.
    fn share(rows: usize, columns: usize, edge: usize) -> f64 {
        let value = |at: usize| if at % columns < edge { 0.5 } else { noise(at) };
        let input: Vec<f32> = (0..rows * columns).map(value).collect();
        let found = mask(&View::whole(2, rows, columns), &input, None);
        found.map_or(0.0, |mask| mask.pixels()) / (rows * columns) as f64
    }

    #[test]
    fn what_is_flat_is_drawn_and_noise_is_not() {
        assert_eq!(share(40, 60, 60), 1.0);
        assert_eq!(share(40, 60, 0), 0.0);
        assert_eq!(share(1, 1, 1), 0.0, "a single pixel has no neighbour to repeat");
        // Of 17 columns 7 have to be flat, 6.8 exactly: the middle is drawn up to the second column beyond the edge.
        let half = share(40, 60, 30);
        assert!((half - 32.0 / 60.0).abs() < 1.0 / 60.0, "{half}");
    }

    #[test]
    fn what_little_is_left_between_drawn_pixels_is_drawn() {
        // Noise in a flat picture: of 13 columns the two in the middle are left of 17x17, of 31 twenty.
        let with_noise = |columns: std::ops::Range<usize>| {
            let value = |at: usize| if columns.contains(&(at % 80)) { noise(at) } else { 0.5 };
            let input: Vec<f32> = (0..80 * 40).map(value).collect();
            mask(&View::whole(2, 40, 80), &input, None).unwrap().pixels() / (80.0 * 40.0)
        };
        assert_eq!(with_noise(30..43), 1.0);
        assert!(with_noise(30..61) < 0.8);
    }

    #[test]
    fn what_does_not_tell_does_not_count() {
        // Flat on the left, noise from column 30 on: by the noise alone nothing is drawn, by the flat part alone all.
        let value = |at: usize| if at % 60 < 30 { 0.5 } else { noise(at) };
        let input: Vec<f32> = (0..60 * 40).map(value).collect();
        let drawn = |telling: std::ops::Range<usize>| {
            let telling: Vec<bool> = (0..60 * 40).map(|at| telling.contains(&(at % 60))).collect();
            mask(&View::whole(2, 40, 60), &input, Some(&telling))
                .map_or(0.0, |mask| mask.pixels() / (60.0 * 40.0))
        };
        assert_eq!(drawn(30..60), 0.0);
        assert_eq!(drawn(0..0), 0.0);
        assert_eq!(drawn(29..30), 0.0, "a column of seventeen is too little");
        // By all that counts it is drawn up to the last column that does, and 14 columns beyond.
        assert!((drawn(0..29) - 43.0 / 60.0).abs() < 1.0 / 60.0, "{}", drawn(0..29));
        assert_eq!(drawn(0..60), share(40, 60, 30));
    }

    #[test]
    fn a_pixel_that_repeats_in_one_plane_alone_is_not_drawn() {
        let noise: Vec<f32> = (0..900).map(noise).collect();
        assert!(mask(&View::whole(2, 30, 30), &[vec![0.5; 900], noise].concat(), None).is_none());
        assert!(mask(&View::whole(2, 30, 30), &vec![0.5; 1800], None).is_some());
    }

    #[test]
    fn what_repeats_between_small_steps_is_a_photographs_and_between_large_ones_drawn() {
        // Stairs of two columns each: half of the pixels repeat the one to their right, and none the one below.
        let stairs = |step: f32| {
            let height = |at: usize| (at % 60 / 2 % 4) as f32 + (at / 60 % 2) as f32 * 4.0;
            (0..60 * 40).map(|at| height(at) * step / 255.0).collect::<Vec<f32>>()
        };
        assert!(mask(&View::whole(2, 40, 60), &stairs(8.0), None).is_none());
        assert!(mask(&View::whole(2, 40, 60), &stairs(9.0), None).unwrap().is_full());
    }

    proptest! {
        /// The definition, pixel by pixel, of pictures of few values, so that about as many repeat as have to.
        #[test]
        fn a_pixel_is_drawn_where_enough_pixels_around_repeat(
            (rows, columns) in (1usize..30, 1usize..30),
            values in prop::collection::vec(prop::sample::select(vec![0u8, 6, 100, 200, 255]), 900),
        ) {
            let input: Vec<f32> = (0..rows * columns).map(|at| f32::from(values[at]) / 255.0).collect();
            let at = |y: usize, x: usize| (y < rows && x < columns).then(|| i32::from(values[y * columns + x]));
            let step = |y: usize, x: usize| {
                let near = [at(y, x + 1), at(y + 1, x)].into_iter().flatten();
                near.map(|other| (other - at(y, x).unwrap()).abs()).min().unwrap_or(999)
            };
            let near = |at: usize, len: usize, radius: usize| at.saturating_sub(radius)..(at + radius + 1).min(len);
            let drawn = |y: usize, x: usize| {
                let around = near(y, rows, 8).flat_map(|y| near(x, columns, 8).map(move |x| step(y, x)));
                let repeated = around.clone().filter(|step| *step == 0).count();
                let soft = around.clone().filter(|step| (1..=8).contains(step)).count();
                let all = around.count();
                repeated as f64 >= 0.4 * all as f64 && soft as f64 <= 0.5 * (all - repeated) as f64
            };
            let area = Area { y: 0, x: 0, rows, columns };
            let drawn: Vec<bool> = (0..rows * columns).map(|at| drawn(at / columns, at % columns)).collect();
            let around = |at: usize| {
                near(at / columns, rows, 5).flat_map(move |y| near(at % columns, columns, 5).map(move |x| y * columns + x))
            };
            let dilated: Vec<bool> = (0..drawn.len()).map(|at| around(at).any(|at| drawn[at])).collect();
            let marked = (0..drawn.len()).map(|at| around(at).all(|at| dilated[at])).collect();
            let expected = Mask::grow(&Marks { area, marked }, area, 0).map_or(0.0, |mask| mask.pixels());
            let found = mask(&View::whole(2, rows, columns), &input, None).map_or(0.0, |mask| mask.pixels());
            prop_assert_eq!(found, expected);
        }
    }
}
