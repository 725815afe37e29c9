//! The tensors that a convolution reads.

use std::ops::Range;

use crate::Error;
use crate::lanes::LANES;
use crate::layout::Pixel;

/// The input of a convolution, in NCHWc layout: all of a picture, or a window of its rows.
#[derive(Clone, Copy)]
pub struct Activations<'a> {
    /// Input rows, at least 1.
    pub height: usize,
    /// Input columns, at least 1.
    pub width: usize,
    /// Input planes `[rows][width][16]`, those of all concatenated tensors in order. Lanes beyond a tensor's channels
    /// are not read by the arithmetic of other lanes, but must be finite.
    pub planes: &'a [&'a [f32]],
    /// The picture's row that each of `planes` begins with: they hold a window of rows, which must cover
    /// [`Conv::input_rows`](crate::Conv::input_rows).
    pub first_row: usize,
    /// Residual planes `[rows][out_width][16]`, one per output plane, where the epilogue has one; empty otherwise.
    pub residual: &'a [&'a [f32]],
    /// The output row that each of `residual` begins with.
    pub first_residual_row: usize,
}

impl<'a> Activations<'a> {
    /// A picture that is held whole, as is its residual.
    pub fn whole(
        height: usize,
        width: usize,
        planes: &'a [&'a [f32]],
        residual: &'a [&'a [f32]],
    ) -> Activations<'a> {
        Activations { height, width, planes, first_row: 0, residual, first_residual_row: 0 }
    }
}

pub(super) fn check_count(found: usize, expected: usize, name: &str) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape(format!("Expected {expected} {name} planes for a convolution but received {found}")))
}

/// The pixels of rows `needed` of each plane, whose first row is `first`.
pub(super) fn window<'a>(
    planes: &[&'a [f32]],
    first: usize,
    needed: &Range<usize>,
    width: usize,
    name: &str,
) -> Result<Vec<&'a [Pixel]>, Error> {
    let row = width * LANES;
    let of_plane = |(index, plane): (usize, &&'a [f32])| {
        let held = first..first + plane.len() / row;
        let within = held.start <= needed.start && needed.end <= held.end && plane.len().is_multiple_of(row);
        let part = within.then(|| &plane[(needed.start - first) * row..(needed.end - first) * row]);
        part.map(|part| part.as_chunks().0).ok_or_else(|| {
            Error::Shape(format!(
                "Expected {name} plane {index} of a convolution to hold rows {needed:?} of {width} pixels of {LANES} floats \
                 but received {} floats from row {first} on",
                plane.len()
            ))
        })
    };
    planes.iter().enumerate().map(of_plane).collect()
}
