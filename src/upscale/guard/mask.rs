//! From single blown pixels to a smooth mask: they are dilated, since their rim may be damaged too, and the edge is blurred.

use super::seeds::Seeds;
use super::view::{Area, View};

/// How far a blown pixel of a network that multiplies is grown on each side. Single pixels of a rim are off by 100 levels up
/// to four pixels from the last one that is found.
const RIM: usize = 5;

/// The radius of the box that blurs the edge.
const BLUR: usize = 2;

/// How far a blown pixel reaches, in input pixels.
pub const REACH: u32 = (RIM + BLUR) as u32;

/// How far blown pixels are grown. What a sum of convolutions gets wrong stays where it is: there, just as far as the blurred
/// mask is full on the pixel itself.
pub fn dilation(multiplies: bool) -> usize {
    if multiplies { RIM } else { BLUR }
}

/// The weight of a pixel that is replaced altogether.
pub const FULL: u8 = ((2 * BLUR + 1) * (2 * BLUR + 1)) as u8;

/// How much of each input pixel's result is replaced, of [`FULL`].
pub struct Mask {
    area: Area,
    core: Area,
    /// `[area.rows, area.columns]`.
    weights: Vec<u8>,
}

impl Mask {
    /// Grows blown pixels. At the edge of the picture the mask goes on as it is there.
    pub fn grow(seeds: &Seeds, view: &View) -> Mask {
        let weights = blurred(&dilated(seeds, view.dilation), seeds.area.rows, seeds.area.columns);
        Mask { area: seeds.area, core: view.core, weights }
    }

    /// All weights of the core.
    pub fn sum(&self) -> u64 {
        self.core_weights().map(|(_, _, weight)| u64::from(weight)).sum()
    }

    /// Row and column in the core of what is replaced, with its weight.
    pub fn core_weights(&self) -> impl Iterator<Item = (usize, usize, u8)> {
        let Mask { area, core, weights } = self;
        (0..core.rows).flat_map(move |y| {
            let from = (core.y + y - area.y) * area.columns + core.x - area.x;
            let row = weights[from..from + core.columns].iter().enumerate();
            row.filter(|(_, weight)| **weight > 0).map(move |(x, weight)| (y, x, *weight))
        })
    }
}

/// 1 within `dilation` rows and columns of a blown pixel, 0 elsewhere.
fn dilated(seeds: &Seeds, dilation: usize) -> Vec<u8> {
    let Area { rows, columns, .. } = seeds.area;
    let mut dilated = vec![0; rows * columns];
    let near = |at: usize, len: usize| at.saturating_sub(dilation)..(at + dilation + 1).min(len);
    for (at, _) in seeds.blown.iter().enumerate().filter(|(_, blown)| **blown) {
        let across = near(at % columns, columns);
        for y in near(at / columns, rows) {
            dilated[y * columns..][across.clone()].fill(1);
        }
    }
    dilated
}

/// The sum over a box around each value; beyond the ends the last value is repeated.
fn blurred(values: &[u8], rows: usize, columns: usize) -> Vec<u8> {
    let near =
        |at: usize, len: usize| (at..=at + 2 * BLUR).map(move |at| at.saturating_sub(BLUR).min(len - 1));
    let mut across = Vec::with_capacity(values.len());
    for row in values.chunks_exact(columns.max(1)) {
        across.extend((0..columns).map(|x| near(x, columns).map(|x| row[x]).sum::<u8>()));
    }
    let mut sums = vec![0; values.len()];
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

    fn grown(rows: usize, columns: usize, at: &[(usize, usize)], multiplies: bool) -> Mask {
        let area = Area { y: 0, x: 0, rows, columns };
        let mut blown = vec![false; rows * columns];
        at.iter().for_each(|(y, x)| blown[y * columns + x] = true);
        let view = View {
            scale: 2,
            valid_crop: 0,
            height: rows,
            width: columns,
            picture: area,
            core: area,
            input_range: (0.0, 1.0),
            output_range: (0.0, 1.0),
            dilation: dilation(multiplies),
        };
        Mask::grow(&Seeds { area, blown }, &view)
    }

    #[test]
    fn a_blown_pixel_is_replaced_with_its_rim_and_fades_out() {
        let mask = grown(31, 31, &[(15, 15)], true);
        let row: Vec<u8> = mask.weights[15 * 31..16 * 31].to_vec();
        // Five pixels each side are dilated, and a box of five columns fades over two more: 25 where all of it is inside.
        let mut expected = vec![0; 8];
        expected.extend([5, 10, 15, 20]);
        expected.extend([25; 7]);
        expected.extend([20, 15, 10, 5]);
        expected.extend([0; 8]);
        assert_eq!(row, expected);
        assert!(mask.core_weights().all(|(y, x, _)| y.abs_diff(15).max(x.abs_diff(15)) <= REACH as usize));
    }

    #[test]
    fn a_pixel_that_a_sum_got_wrong_is_replaced_and_fades_out() {
        let mask = grown(15, 15, &[(7, 7)], false);
        let row: Vec<u8> = mask.weights[7 * 15..8 * 15].to_vec();
        assert_eq!(row, [0, 0, 0, 5, 10, 15, 20, 25, 20, 15, 10, 5, 0, 0, 0]);
    }

    #[test]
    fn at_the_edge_of_the_picture_the_mask_does_not_fade() {
        let mask = grown(20, 20, &[(0, 0)], true);
        assert_eq!((mask.weights[0], mask.weights[3]), (FULL, FULL));
    }
}
