//! One run of a network over a tile: where its input, its core and its result are.

use super::guard::Tolerance;
use super::pixels::Kept;
use super::plan::Span;
use crate::engine::Signature;
use crate::error::Error;

/// A rectangle in input pixels of the tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub y: usize,
    pub x: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Area {
    /// Row and column of each pixel, row by row.
    pub fn places(self) -> impl Iterator<Item = (usize, usize)> {
        let columns = self.x..self.x + self.columns;
        (self.y..self.y + self.rows).flat_map(move |y| columns.clone().map(move |x| (y, x)))
    }
}

/// The geometry of a run, and its value ranges.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Output pixels per input pixel and side.
    pub scale: usize,
    /// Input pixels at each side that have no result.
    pub valid_crop: usize,
    /// The tile's input, in pixels.
    pub height: usize,
    pub width: usize,
    /// What of the tile's input is the picture; the rest repeats its edge.
    pub picture: Area,
    /// What of it is kept.
    pub core: Area,
    /// The network's values for black and white.
    pub input_range: (f32, f32),
    pub output_range: (f32, f32),
    /// What counts as blown up.
    pub tolerance: Tolerance,
}

impl View {
    /// The tile under `rows` x `columns` of a picture of `size` (height, width) pixels.
    pub fn new(signature: &Signature, rows: Span, columns: Span, size: (u32, u32)) -> View {
        let inside = |span: Span, total: u32| {
            let begin = (-span.source).clamp(0, i64::from(span.source_len));
            let end = (i64::from(total) - span.source).clamp(begin, i64::from(span.source_len));
            (begin as usize, (end - begin) as usize)
        };
        let kept = |span: Span| ((i64::from(span.core) - span.source) as usize, span.core_len as usize);
        let area = |(y, rows), (x, columns)| Area { y, x, rows, columns };
        let scale = signature.geometry.scale as usize;
        View {
            scale,
            valid_crop: signature.geometry.valid_crop as usize,
            height: rows.source_len as usize,
            width: columns.source_len as usize,
            picture: area(inside(rows, size.0), inside(columns, size.1)),
            core: area(kept(rows), kept(columns)),
            input_range: signature.input_range,
            output_range: signature.output_range,
            tolerance: Tolerance::of(signature.multiplies, scale),
        }
    }

    /// A part of the tile for another run: the rectangle `part` of the core and `halo` around it, as far as the tile has that.
    /// It begins on the grid of `alignment`, as tiles do. Where it lies in the tile, and its own view.
    pub fn part(&self, part: Area, halo: usize, alignment: usize) -> (Area, View) {
        let margin = halo + self.valid_crop;
        let axis = |first: usize, len: usize, all: usize| {
            let begin = first.saturating_sub(margin) / alignment * alignment;
            (begin, (first + len + margin).min(all) - begin)
        };
        let (first_y, first_x) = (self.core.y + part.y, self.core.x + part.x);
        let (y, rows) = axis(first_y, part.rows, self.height);
        let (x, columns) = axis(first_x, part.columns, self.width);
        let picture_axis = |from: usize, len: usize, begin: usize, all: usize| {
            let first = from.saturating_sub(begin);
            (first, (from + len).saturating_sub(begin).min(all) - first)
        };
        let picture = self.picture;
        let (picture_y, picture_rows) = picture_axis(picture.y, picture.rows, y, rows);
        let (picture_x, picture_columns) = picture_axis(picture.x, picture.columns, x, columns);
        let view = View {
            height: rows,
            width: columns,
            picture: Area { y: picture_y, x: picture_x, rows: picture_rows, columns: picture_columns },
            core: Area { y: first_y - y, x: first_x - x, ..part },
            ..*self
        };
        (Area { y, x, rows, columns }, view)
    }

    /// Input pixels that have a result, are of the picture, and lie within `margin` of the core.
    pub fn around_core(&self, margin: usize) -> Area {
        let axis = |core: usize, len: usize, from: usize, inside: usize, all: usize| {
            let begin = core.saturating_sub(margin).max(from).max(self.valid_crop);
            let end = (core + len + margin).min(from + inside).min(all - self.valid_crop.min(all));
            (begin, end.saturating_sub(begin))
        };
        let (core, picture) = (self.core, self.picture);
        let (y, rows) = axis(core.y, core.rows, picture.y, picture.rows, self.height);
        let (x, columns) = axis(core.x, core.columns, picture.x, picture.columns, self.width);
        Area { y, x, rows, columns }
    }

    /// Where in a plane of the input the pixels within `radius` of `(y, x)` are, of those that are of the picture.
    pub fn near(&self, (y, x): (usize, usize), radius: usize) -> impl Iterator<Item = usize> {
        let axis = |at: usize, from: usize, len: usize| {
            at.saturating_sub(radius).max(from)..(at + radius + 1).min(from + len)
        };
        let (picture, width) = (self.picture, self.width);
        let columns = axis(x, picture.x, picture.columns);
        let rows = axis(y, picture.y, picture.rows);
        rows.flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }

    /// How many output values a level of 255 is.
    pub fn level(&self) -> f32 {
        (self.output_range.1 - self.output_range.0) / 255.0
    }

    /// A value of the input as the same brightness in the output.
    pub fn as_output(&self, value: f32) -> f32 {
        let (factor, offset) = self.output_affine();
        value * factor + offset
    }

    /// Factor and offset from a value of the input to the same brightness in the output.
    pub fn output_affine(&self) -> (f32, f32) {
        let ((low, high), (out_low, out_high)) = (self.input_range, self.output_range);
        let factor = (out_high - out_low) / (high - low);
        (factor, out_low - low * factor)
    }

    /// From black to white; no number is black.
    pub fn clamped(&self, value: f32) -> f32 {
        value.max(self.output_range.0).min(self.output_range.1)
    }

    /// The width of the network's output.
    pub fn output_width(&self) -> usize {
        (self.width - 2 * self.valid_crop) * self.scale
    }

    /// The height of the network's output.
    pub fn output_height(&self) -> usize {
        (self.height - 2 * self.valid_crop) * self.scale
    }

    /// Values of one plane of the network's output.
    pub fn output_plane(&self) -> usize {
        self.output_height() * self.output_width()
    }

    /// Height and width of what is kept of the output.
    pub fn kept_size(&self) -> (usize, usize) {
        (self.core.rows * self.scale, self.core.columns * self.scale)
    }

    /// The kept part of `output`.
    pub fn kept_of<'a>(&self, output: &'a [f32]) -> Kept<'a> {
        let (rows, columns) = self.kept_size();
        Kept {
            planes: output,
            height: self.output_height(),
            width: self.output_width(),
            x: (self.core.x - self.valid_crop) * self.scale,
            y: (self.core.y - self.valid_crop) * self.scale,
            columns,
            rows,
        }
    }

    /// Row `line` of the output of input row `y`, over `columns` input pixels from `x`.
    pub fn output_row<'a>(
        &self,
        plane: &'a [f32],
        (y, line): (usize, usize),
        (x, columns): (usize, usize),
    ) -> &'a [f32] {
        let at = ((y - self.valid_crop) * self.scale + line) * self.output_width()
            + (x - self.valid_crop) * self.scale;
        &plane[at..at + columns * self.scale]
    }

    /// The kept part of `output`, `[planes, rows, columns]`.
    ///
    /// # Errors
    /// Those of [`Kept::copied`].
    pub fn kept(&self, output: &[f32]) -> Result<Vec<f32>, Error> {
        self.kept_of(output).copied()
    }

    /// Copies the output pixels of the input pixel `(y, x)` of the core out of the kept part of a result into `block`,
    /// `[scale, scale]`.
    pub fn kept_block(&self, kept: &[f32], plane: usize, (y, x): (usize, usize), block: &mut [f32]) {
        let (height, width) = self.kept_size();
        for (line, out) in block.chunks_exact_mut(self.scale).enumerate() {
            let at = (plane * height + y * self.scale + line) * width + x * self.scale;
            out.copy_from_slice(&kept[at..at + self.scale]);
        }
    }
}

#[cfg(test)]
impl View {
    /// A tile that is a whole picture of `rows` x `columns` pixels, in which black is 0 and white 1.
    pub fn whole(scale: usize, rows: usize, columns: usize) -> View {
        let all = Area { y: 0, x: 0, rows, columns };
        View {
            scale,
            valid_crop: 0,
            height: rows,
            width: columns,
            picture: all,
            core: all,
            input_range: (0.0, 1.0),
            output_range: (0.0, 1.0),
            tolerance: Tolerance { dilation: 0, ..Tolerance::of(true, scale) },
        }
    }
}
