//! What each kind of step does with the rows of its inputs.

use std::ops::Range;

use super::Op;
use super::value::Value;
use crate::error::Error;
use crate::kernel::{Activation, Conv, LANES, Picture, Scratch};

/// What a step reads of a value.
pub struct Input<'a> {
    pub value: &'a Value,
    pub planes: Range<usize>,
}

impl<'a> Input<'a> {
    /// Some of the held rows of each plane.
    fn part(&self, rows: Range<usize>) -> impl Iterator<Item = &'a [f32]> {
        self.value.part(rows).skip(self.planes.start).take(self.planes.len())
    }
}

/// A step's work, which can be done for any of its rows on any thread.
pub struct Work<'a> {
    pub op: &'a Op,
    pub inputs: &'a [Input<'a>],
    /// Height and width of the first input.
    pub size: (usize, usize),
}

impl Work<'_> {
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
        let Work { op, inputs, size } = *self;
        match op {
            Op::Conv(conv) => convolve(conv, size, inputs, rows, made, scratch),
            Op::Add { factor } => combine(inputs, &rows, made, |a, b| a + factor * b),
            Op::Mul => combine(inputs, &rows, made, |a, b| a * b),
            Op::Affine { factor, offset } => map(&inputs[0], rows, made, |x| x * factor + offset),
            Op::Activate(activation) => activate(activation, &inputs[0], rows, made),
            Op::DepthToSpace { side } => depth_to_space(&inputs[0], size.1, *side, rows, made),
            Op::Enlarge { side } => enlarge(&inputs[0], size.1, *side, rows, made),
        }
    }
}

fn convolve(
    conv: &Conv,
    (height, width): (usize, usize),
    inputs: &[Input],
    rows: Range<usize>,
    made: &mut [&mut [f32]],
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let (convolved, residual) = inputs.split_at(conv.inputs().len());
    let needed = conv.needs(&rows, height);
    // Each input holds another window: what they share is what is needed.
    let planes: Vec<&[f32]> = convolved.iter().flat_map(|value| value.part(needed.clone())).collect();
    let residual: Vec<&[f32]> = residual.iter().flat_map(|value| value.part(rows.clone())).collect();
    let picture = Picture {
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
    inputs: &[Input],
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
    input: &Input,
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
    activation: &Activation,
    input: &Input,
    rows: Range<usize>,
    made: &mut [&mut [f32]],
) -> Result<(), Error> {
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let sloped = |x: f32, slope: f32| if x < 0.0 { x * slope } else { x };
    match activation {
        Activation::Identity => map(input, rows, made, |x| x),
        Activation::Relu => map(input, rows, made, |x| x.max(0.0)),
        Activation::LeakyRelu(slope) => map(input, rows, made, |x| sloped(x, *slope)),
        Activation::Sigmoid => map(input, rows, made, sigmoid),
        Activation::Swish => map(input, rows, made, |x| x * sigmoid(x)),
        Activation::PRelu(slopes) => {
            for ((out, input), slopes) in made.iter_mut().zip(input.part(rows)).zip(slopes.chunks(LANES)) {
                let pixels = out.as_chunks_mut::<LANES>().0.iter_mut().zip(input.as_chunks::<LANES>().0);
                for (out, pixel) in pixels {
                    *out = *pixel;
                    out.iter_mut().zip(slopes).for_each(|(x, slope)| *x = sloped(*x, *slope));
                }
            }
            Ok(())
        }
    }
}

/// Moves whole pixels of sixteen channels: input plane `(dy * side + dx) * P + p` feeds every `side`-th pixel of plane
/// `p`, of which there are P.
fn depth_to_space(
    input: &Input,
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
fn enlarge(
    input: &Input,
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
