//! How each kind of step computes rows.

use std::ops::Range;

use super::Op;
use super::row_window::RowWindow;
use crate::error::Error;
use crate::kernel::{ActivationKernel, Activations, Conv, LANES, Scratch};

/// What a step reads of a value.
pub struct OperandRows<'a> {
    pub value: &'a RowWindow,
    pub planes: Range<usize>,
}

impl<'a> OperandRows<'a> {
    /// Some of the held rows of each plane.
    fn part(&self, rows: Range<usize>) -> impl Iterator<Item = &'a [f32]> {
        self.value.part(rows).skip(self.planes.start).take(self.planes.len())
    }
}

/// One step, ready to compute any of its rows on any thread.
pub struct StepRows<'a> {
    pub op: &'a Op,
    pub inputs: &'a [OperandRows<'a>],
    /// Height and width of the first input.
    pub size: (usize, usize),
}

impl StepRows<'_> {
    /// Computes `rows`, which begin on a multiple of the operator's alignment, into `made`, those rows of each plane.
    ///
    /// # Errors
    /// `Inference` where inputs do not fit the operator.
    pub fn compute(
        &self,
        rows: Range<usize>,
        made: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let StepRows { op, inputs, size } = *self;
        match op {
            Op::Conv(conv) => convolve(conv, size, inputs, rows, made, scratch),
            Op::Add { factor } => combine(inputs, &rows, made, |a, b| a + factor * b),
            Op::Mul => combine(inputs, &rows, made, |a, b| a * b),
            Op::Affine { factor, offset } => map(&inputs[0], rows, made, |x| x * factor + offset),
            Op::Activate(activation) => activate(activation.kernel(), &inputs[0], rows, made),
            Op::DepthToSpace { side } => depth_to_space(&inputs[0], size.1, *side, rows, made),
            Op::NearestUpsample { factor } => nearest_upsample(&inputs[0], size.1, *factor, rows, made),
        }
    }
}

fn convolve(
    conv: &Conv,
    (height, width): (usize, usize),
    inputs: &[OperandRows],
    rows: Range<usize>,
    made: &mut [&mut [f32]],
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let (convolved, residual) = inputs.split_at(conv.inputs().len());
    let needed = conv.input_rows(&rows, height);
    // Each input holds a window of its own: these are the rows that all of them hold and the convolution reads.
    let planes: Vec<&[f32]> = convolved.iter().flat_map(|value| value.part(needed.clone())).collect();
    let residual: Vec<&[f32]> = residual.iter().flat_map(|value| value.part(rows.clone())).collect();
    let picture = Activations {
        height,
        width,
        planes: &planes,
        first_row: needed.start,
        residual: &residual,
        first_residual_row: rows.start,
    };
    Ok(conv.run_rows(picture, rows, made, scratch)?)
}

fn combine(
    inputs: &[OperandRows],
    rows: &Range<usize>,
    made: &mut [&mut [f32]],
    op: impl Fn(f32, f32) -> f32,
) -> Result<(), Error> {
    let [a, b] = inputs else {
        return Err(Error::Inference(format!("Expected two inputs but found {}", inputs.len())));
    };
    for ((out, a), b) in made.iter_mut().zip(a.part(rows.clone())).zip(b.part(rows.clone())) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = op(*a, *b);
        }
    }
    Ok(())
}

fn map(
    input: &OperandRows,
    rows: Range<usize>,
    made: &mut [&mut [f32]],
    op: impl Fn(f32) -> f32,
) -> Result<(), Error> {
    for (out, input) in made.iter_mut().zip(input.part(rows)) {
        for (out, x) in out.iter_mut().zip(input) {
            *out = op(*x);
        }
    }
    Ok(())
}

fn activate(
    kernel: &ActivationKernel,
    input: &OperandRows,
    rows: Range<usize>,
    made: &mut [&mut [f32]],
) -> Result<(), Error> {
    for (plane, (out, input)) in made.iter_mut().zip(input.part(rows)).enumerate() {
        kernel.run(plane, input, out)?;
    }
    Ok(())
}

/// Moves whole pixels of sixteen channels: input plane `(dy * side + dx) * P + p` feeds every `side`-th pixel of plane
/// `p`, of which there are P.
fn depth_to_space(
    input: &OperandRows,
    width: usize,
    side: usize,
    rows: Range<usize>,
    made: &mut [&mut [f32]],
) -> Result<(), Error> {
    let read = rows.start / side..rows.end.div_ceil(side);
    let sources: Vec<&[[f32; LANES]]> = input.part(read.clone()).map(|plane| plane.as_chunks().0).collect();
    let planes = made.len();
    for (plane, out) in made.iter_mut().enumerate() {
        let out = out.as_chunks_mut::<LANES>().0;
        for (y, row) in rows.clone().zip(out.chunks_exact_mut(width * side)) {
            for dx in 0..side {
                let source = sources[((y % side) * side + dx) * planes + plane];
                let from = &source[(y / side - read.start) * width..][..width];
                for (out, pixel) in row[dx..].iter_mut().step_by(side).zip(from) {
                    *out = *pixel;
                }
            }
        }
    }
    Ok(())
}

/// Repeats every pixel `side` times across and down.
fn nearest_upsample(
    input: &OperandRows,
    width: usize,
    side: usize,
    rows: Range<usize>,
    made: &mut [&mut [f32]],
) -> Result<(), Error> {
    let read = rows.start / side..rows.end.div_ceil(side);
    for (source, out) in input.part(read.clone()).zip(made) {
        let (source, out) = (source.as_chunks::<LANES>().0, out.as_chunks_mut::<LANES>().0);
        for (y, row) in rows.clone().zip(out.chunks_exact_mut(width * side)) {
            let from = &source[(y / side - read.start) * width..][..width];
            row.chunks_exact_mut(side).zip(from).for_each(|(out, pixel)| out.fill(*pixel));
        }
    }
    Ok(())
}
