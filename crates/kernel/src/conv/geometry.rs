//! Which rows and columns a convolution reads and makes.

use std::ops::Range;

use super::Conv;
use crate::winograd::upsample::FACTOR;

impl Conv {
    /// The factor of the nearest-neighbour upsample before the convolution, 1 without one.
    pub fn scale(&self) -> usize {
        if self.upsample { FACTOR } else { 1 }
    }

    /// Rows and columns that a valid convolution crops on each side.
    pub fn valid_crop(&self) -> usize {
        self.kernel / 2 - self.padding
    }

    /// Rows and columns of the output for an input of `height` by `width`; `None` where nothing is left.
    pub fn output_size(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        let resized = |size: usize| {
            let padded = size.checked_mul(self.scale())? + 2 * self.padding;
            padded.checked_sub(self.kernel - 1).filter(|&size| size > 0)
        };
        Some((resized(height)?, resized(width)?))
    }

    /// Side of the output tiles, in pixels. Row ranges begin on its multiples; where a picture is cut on its multiples,
    /// outputs whose [`Conv::bit_reach`] lies within the cut have the same bits as in the whole picture.
    pub fn alignment(&self) -> usize {
        self.algorithm.tile().0
    }

    /// The input rows (or columns) on which the bits of some output rows (or columns) depend, counted alike from an
    /// edge or a cut; negative ones lie before it.
    ///
    /// That is more than the receptive field: in a tile of M outputs from N inputs, the first and the last input only
    /// meet the first and the last output, but all others meet all outputs, with factors that cancel in theory and
    /// leave a rounding error in practice. Through a stack of 3x3 layers it grows by 2 pixels a layer on average.
    pub fn bit_reach(&self, outputs: Range<isize>) -> Range<isize> {
        let (m, n) = self.algorithm.tile();
        let (m, n, padding) = (m as isize, n as isize, self.padding as isize);
        if outputs.is_empty() || m == 1 {
            return outputs;
        }
        let last = outputs.end - 1;
        let after_first = isize::from(outputs.start.rem_euclid(m) != 0);
        let before_last = isize::from(last.rem_euclid(m) != m - 1);
        let first_tile = outputs.start.div_euclid(m) * m;
        let last_tile = last.div_euclid(m) * m;
        self.unscaled(first_tile - padding + after_first..last_tile - padding + n - before_last)
    }

    /// The input rows that rows of the upsampled picture come from.
    fn unscaled(&self, rows: Range<isize>) -> Range<isize> {
        let scale = self.scale() as isize;
        rows.start.div_euclid(scale)..(rows.end + scale - 1).div_euclid(scale)
    }

    /// The input rows that the filters cover for some output rows, as [`Conv::bit_reach`] counts them.
    pub fn receptive_field(&self, outputs: Range<isize>) -> Range<isize> {
        let (padding, kernel) = (self.padding as isize, self.kernel as isize);
        self.unscaled(outputs.start - padding..outputs.end - padding + kernel - 1)
    }

    /// The input rows that are read to compute some output rows of a picture of `height` rows.
    pub fn input_rows(&self, rows: &Range<usize>, height: usize) -> Range<usize> {
        let (m, n) = self.algorithm.tile();
        if rows.is_empty() {
            return 0..0;
        }
        let last_tile = (rows.end - 1) / m * m;
        let (first, end) =
            (rows.start.saturating_sub(self.padding), (last_tile + n).saturating_sub(self.padding));
        first / self.scale()..height.min(end.div_ceil(self.scale()))
    }
}
