//! From marked input pixels to a mask: as they are, or dilated and with a blurred edge, so that the results of two networks
//! meet without a seam.

use super::parts::parts;
use super::view::{Area, View};

/// The radius of the box that blurs the edge.
pub const BLUR: usize = 2;

/// The weight of a pixel that is replaced altogether.
pub const FULL: u8 = ((2 * BLUR + 1) * (2 * BLUR + 1)) as u8;

/// Marked input pixels in and around the core.
pub struct Marks {
    pub area: Area,
    /// `[area.rows, area.columns]`.
    pub marked: Vec<bool>,
}

/// How much of each input pixel's result is replaced, of [`FULL`].
#[derive(Clone)]
pub struct Mask {
    area: Area,
    core: Area,
    /// `[area.rows, area.columns]`.
    weights: Vec<u8>,
}

impl Mask {
    /// Grows marked pixels by `dilation` on each side; `None` where that replaces nothing of the core. At the edge of the
    /// picture the mask goes on as it is there.
    pub fn grow(marks: &Marks, core: Area, dilation: usize) -> Option<Mask> {
        let weights = blurred(&dilated(&marks.marked, marks.area, dilation), marks.area);
        let mask = Mask { area: marks.area, core, weights };
        (mask.sum() > 0).then_some(mask)
    }

    /// Marked pixels as they are, each replaced altogether; `None` where that is none of the core.
    pub fn of(marks: &Marks, core: Area) -> Option<Mask> {
        let weights = marks.marked.iter().map(|marked| if *marked { FULL } else { 0 }).collect();
        let mask = Mask { area: marks.area, core, weights };
        (mask.sum() > 0).then_some(mask)
    }

    /// The larger weight of this and `other`, of the same core.
    pub fn joined(&self, other: &Mask) -> Mask {
        let rows = (0..self.core.rows).map(|y| self.row(y).iter().zip(other.row(y)));
        let weights = rows.flatten().map(|(weight, other)| *weight.max(other)).collect();
        let core = Area { y: 0, x: 0, ..self.core };
        Mask { area: core, core, weights }
    }

    /// What is replaced beside what `other`, of the same core, replaces altogether.
    pub fn without(mut self, other: &Mask) -> Mask {
        for (y, x, _) in other.core_weights().filter(|(_, _, weight)| *weight == FULL) {
            let at = self.row_start(y) + x;
            self.weights[at] = 0;
        }
        self
    }

    /// How many input pixels' worth of the core is replaced.
    pub fn pixels(&self) -> f64 {
        self.sum() as f64 / f64::from(FULL)
    }

    /// Rectangles of the core that hold all that is replaced, in pixels of the core, for a network that needs `margin` pixels
    /// around.
    pub fn parts(&self, margin: usize) -> Vec<Area> {
        self.parts_of(margin, |weight| weight > 0)
    }

    /// Those that hold all that is not replaced altogether.
    pub fn rest(&self, margin: usize) -> Vec<Area> {
        self.parts_of(margin, |weight| weight < FULL)
    }

    /// The mask of a rectangle of the core.
    pub fn part(&self, part: Area) -> Mask {
        let rows = (part.y..part.y + part.rows).map(|y| &self.row(y)[part.x..part.x + part.columns]);
        let core = Area { y: 0, x: 0, ..part };
        Mask { area: core, core, weights: rows.flatten().copied().collect() }
    }

    fn parts_of(&self, margin: usize, wanted: impl Fn(u8) -> bool) -> Vec<Area> {
        let Area { rows, columns, .. } = self.core;
        if (0..rows).all(|y| self.row(y).iter().all(|weight| wanted(*weight))) {
            return vec![Area { y: 0, x: 0, rows, columns }];
        }
        parts(|y, x| wanted(self.row(y)[x]), rows, columns, margin)
    }

    /// The weights of a row of the core.
    fn row(&self, y: usize) -> &[u8] {
        &self.weights[self.row_start(y)..][..self.core.columns]
    }

    /// Where they begin.
    fn row_start(&self, y: usize) -> usize {
        let Mask { area, core, .. } = self;
        (core.y + y - area.y) * area.columns + core.x - area.x
    }

    /// Whether the whole core is replaced.
    pub fn is_full(&self) -> bool {
        self.sum() == (self.core.rows * self.core.columns) as u64 * u64::from(FULL)
    }

    /// Blends into the kept part of a result, `[planes, rows, columns]` in output pixels, what `write` gives for a plane and an
    /// input pixel (row, column) of the core: its output pixels, `[scale, scale]`.
    pub fn blend(
        &self,
        view: &View,
        kept: &mut [f32],
        mut write: impl FnMut(usize, (usize, usize), &mut [f32]),
    ) {
        let scale = view.scale;
        let (rows, columns) = view.kept_size();
        let mut block = vec![0.0; scale * scale];
        for (plane, kept) in kept.chunks_exact_mut((rows * columns).max(1)).enumerate() {
            for (y, x, weight) in self.core_weights() {
                write(plane, (y, x), &mut block);
                let share = f32::from(weight) / f32::from(FULL);
                for (line, values) in block.chunks_exact(scale).enumerate() {
                    let at = (y * scale + line) * columns + x * scale;
                    for (out, value) in kept[at..at + scale].iter_mut().zip(values) {
                        *out = mixed(view.clamped(*out), view.clamped(*value), share);
                    }
                }
            }
        }
    }

    /// All weights of the core.
    fn sum(&self) -> u64 {
        self.core_weights().map(|(_, _, weight)| u64::from(weight)).sum()
    }

    /// Row and column in the core of what is replaced, with its weight.
    fn core_weights(&self) -> impl Iterator<Item = (usize, usize, u8)> {
        (0..self.core.rows).flat_map(|y| {
            let row = self.row(y).iter().enumerate();
            row.filter(|(_, weight)| **weight > 0).map(move |(x, weight)| (y, x, *weight))
        })
    }
}

/// `to` where it has all the weight: what it replaces may be no number.
fn mixed(from: f32, to: f32, share: f32) -> f32 {
    if share >= 1.0 { to } else { from + (to - from) * share }
}

/// Whether a marked pixel of the area is within `radius` rows and columns of each.
pub fn dilated(marked: &[bool], area: Area, radius: usize) -> Vec<bool> {
    let Area { rows, columns, .. } = area;
    let near = |at: usize, len: usize| at.saturating_sub(radius)..(at + radius + 1).min(len);
    let mut across = vec![false; marked.len()];
    let lines = marked.chunks_exact(columns.max(1)).zip(across.chunks_exact_mut(columns.max(1)));
    for (marked, across) in lines {
        for (x, _) in marked.iter().enumerate().filter(|(_, marked)| **marked) {
            across[near(x, columns)].fill(true);
        }
    }
    let mut dilated = vec![false; marked.len()];
    for (y, line) in dilated.chunks_exact_mut(columns.max(1)).enumerate() {
        for y in near(y, rows) {
            line.iter_mut().zip(&across[y * columns..]).for_each(|(set, across)| *set |= across);
        }
    }
    dilated
}

/// How many are marked in a box around each; beyond the ends the last is repeated.
fn blurred(marked: &[bool], area: Area) -> Vec<u8> {
    let Area { rows, columns, .. } = area;
    let near =
        |at: usize, len: usize| (at..=at + 2 * BLUR).map(move |at| at.saturating_sub(BLUR).min(len - 1));
    let mut across = Vec::with_capacity(marked.len());
    for row in marked.chunks_exact(columns.max(1)) {
        across.extend((0..columns).map(|x| near(x, columns).map(|x| u8::from(row[x])).sum::<u8>()));
    }
    let mut sums = vec![0; marked.len()];
    for (y, sums) in sums.chunks_exact_mut(columns.max(1)).enumerate() {
        for y in near(y, rows) {
            sums.iter_mut().zip(&across[y * columns..]).for_each(|(sum, value)| *sum += value);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(rows: usize, columns: usize, at: &[(usize, usize)], dilation: usize) -> Mask {
        let area = Area { y: 0, x: 0, rows, columns };
        let mut marked = vec![false; rows * columns];
        at.iter().for_each(|(y, x)| marked[y * columns + x] = true);
        Mask::grow(&Marks { area, marked }, area, dilation).unwrap()
    }

    #[test]
    fn a_marked_pixel_is_replaced_with_its_rim_and_fades_out() {
        let mask = grown(31, 31, &[(15, 15)], 5);
        let row: Vec<u8> = mask.weights[15 * 31..16 * 31].to_vec();
        // Five pixels each side are dilated, and a box of five columns fades over two more: 25 where all of it is inside.
        let mut expected = vec![0; 8];
        expected.extend([5, 10, 15, 20]);
        expected.extend([25; 7]);
        expected.extend([20, 15, 10, 5]);
        expected.extend([0; 8]);
        assert_eq!(row, expected);
        assert!(mask.core_weights().all(|(y, x, _)| y.abs_diff(15).max(x.abs_diff(15)) <= 5 + BLUR));
    }

    #[test]
    fn with_as_much_dilation_as_blur_the_pixel_itself_is_replaced_altogether() {
        let mask = grown(15, 15, &[(7, 7)], BLUR);
        let row: Vec<u8> = mask.weights[7 * 15..8 * 15].to_vec();
        assert_eq!(row, [0, 0, 0, 5, 10, 15, 20, 25, 20, 15, 10, 5, 0, 0, 0]);
    }

    #[test]
    fn at_the_edge_of_the_picture_the_mask_does_not_fade() {
        let mask = grown(20, 20, &[(0, 0)], 5);
        assert_eq!((mask.weights[0], mask.weights[3]), (FULL, FULL));
    }

    #[test]
    fn its_parts_hold_all_that_is_replaced_and_their_rest_all_that_is_not() {
        // With so wide a margin it is one rectangle.
        let margin = 100;
        let mask = grown(31, 41, &[(15, 20), (20, 8)], 2);
        assert_eq!(mask.parts(margin), [Area { y: 11, x: 4, rows: 14, columns: 21 }]);
        let all = grown(31, 41, &[(15, 20)], 41);
        assert_eq!(all.parts(margin), [Area { y: 0, x: 0, rows: 31, columns: 41 }]);
        assert_eq!(all.rest(margin), []);
        // Full from row 14 on, where it goes on beyond the edge, and in columns 9 to 31; it fades out over four more.
        let corner = Area { y: 14, x: 9, rows: 17, columns: 27 };
        let faded = grown(31, 41, &[(25, 20)], 13).part(corner);
        assert_eq!(faded.rest(margin), [Area { y: 0, x: 23, rows: 17, columns: 4 }]);
        assert_eq!(mask.without(&all).parts(margin), []);
    }

    #[test]
    fn two_masks_joined_replace_what_either_does() {
        let (one, other) = (grown(31, 41, &[(15, 12)], 3), grown(31, 41, &[(15, 25)], 2));
        let joined = one.joined(&other);
        assert_eq!(joined.pixels(), one.pixels() + other.pixels());
        assert_eq!(one.joined(&one).pixels(), one.pixels());
    }

    #[test]
    fn marks_as_they_are_replace_whole_pixels() {
        let area = Area { y: 0, x: 0, rows: 2, columns: 3 };
        let marks = |marked: [bool; 6]| Marks { area, marked: marked.to_vec() };
        let mask = Mask::of(&marks([false, true, false, true, true, false]), area).unwrap();
        assert_eq!(mask.weights, [0, FULL, 0, FULL, FULL, 0]);
        assert!(Mask::of(&marks([false; 6]), area).is_none());
    }

    #[test]
    fn without_another_it_has_what_that_does_not_replace_altogether() {
        let (mask, other) = (grown(31, 31, &[(15, 15)], 5), grown(31, 31, &[(15, 12)], 2));
        // Beyond the one pixel that the other replaces altogether, all stays.
        let pixels = mask.pixels();
        assert_eq!(mask.without(&other).pixels(), pixels - 1.0);
        let all = grown(31, 31, &[(15, 15)], 31);
        assert_eq!(other.without(&all).pixels(), 0.0);
    }

    #[test]
    fn a_mask_that_reaches_only_what_is_around_the_core_is_none() {
        let area = Area { y: 0, x: 0, rows: 9, columns: 9 };
        let core = Area { y: 4, x: 4, rows: 5, columns: 5 };
        let mut marked = vec![false; 81];
        marked[0] = true;
        assert!(Mask::grow(&Marks { area, marked: marked.clone() }, core, 1).is_none());
        assert_eq!(
            Mask::grow(&Marks { area, marked: marked.clone() }, core, 2).unwrap().pixels(),
            1.0 / 25.0
        );
        assert!(Mask::grow(&Marks { area, marked: vec![true; 81] }, core, 0).unwrap().is_full());
    }
}
