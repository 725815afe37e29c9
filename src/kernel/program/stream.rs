//! One picture on its way through a program.

use std::ops::Range;

use super::schedule::Schedule;
use super::sections::{sections, slots};
use super::value::Value;
use super::{Op, Program, Step, Workspace};
use crate::error::Error;
use crate::kernel::conv::{Conv, Picture};
use crate::kernel::epilogue::Activation;
use crate::kernel::lanes::LANES;
use crate::kernel::plane::{Scratch, plane_count, to_blocked};

pub struct Stream<'a> {
    program: &'a Program,
    sections: Vec<Range<usize>>,
    schedule: Schedule<'a>,
    values: &'a mut [Value],
    /// The place of each value among `values`.
    slots: Vec<usize>,
    /// Rows of each value that are held at a time.
    windows: Vec<usize>,
    scratch: &'a mut Scratch,
}

impl<'a> Stream<'a> {
    pub fn new(
        program: &'a Program,
        sizes: &'a [(usize, usize)],
        workspace: &'a mut Workspace,
        section_bytes: usize,
    ) -> Result<Stream<'a>, Error> {
        let sections = sections(program, sizes, section_bytes);
        let windows = Schedule::new(program, sizes).windows(&sections);
        let need = |value: usize| plane_count(program.channels[value]) * windows[value] * sizes[value].1;
        let needs: Vec<usize> = (0..sizes.len()).map(need).collect();
        let slots = slots(program, &sections, &needs);
        let count = slots.iter().max().map_or(0, |last| last + 1);
        workspace.values.resize_with(workspace.values.len().max(count), Value::default);
        let (schedule, values) = (Schedule::new(program, sizes), &mut workspace.values[..count]);
        let scratch = &mut workspace.scratch;
        let mut stream = Stream { program, sections, schedule, values, slots, windows, scratch };
        // The largest first, so that a slot is not grown again and again.
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&value| std::cmp::Reverse(needs[value]));
        order.into_iter().try_for_each(|value| stream.values[stream.slots[value]].reserve(needs[value]))?;
        stream.begin(0)?;
        Ok(stream)
    }

    /// Makes a value's slot its own.
    fn begin(&mut self, value: usize) -> Result<(), Error> {
        let planes = plane_count(self.program.channels[value]);
        self.values[self.slots[value]].reset(planes, self.schedule.sizes[value].1, self.windows[value])
    }

    pub fn run(
        mut self,
        input: &[f32],
        output: &mut [f32],
        go_on: &dyn Fn() -> Result<(), Error>,
    ) -> Result<(), Error> {
        for section in std::mem::take(&mut self.sections) {
            section.clone().try_for_each(|step| self.begin(step + 1))?;
            while !self.schedule.is_done(&section) {
                go_on()?;
                let before: usize = self.schedule.made.iter().sum();
                self.enter(input)?;
                section.clone().try_for_each(|index| self.advance(index))?;
                self.leave(output)?;
                if self.schedule.made.iter().sum::<usize>() == before {
                    return Err(Error::Inference(
                        "Expected rows to be made but nothing moves any more".to_owned(),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Takes in the next rows of the input, if there are more.
    fn enter(&mut self, input: &[f32]) -> Result<(), Error> {
        let rows = self.schedule.made[0]..self.schedule.entered();
        let (height, width) = self.schedule.sizes[0];
        let keep = self.schedule.keep(0);
        let channels: Vec<&[f32]> = input
            .chunks_exact(height * width)
            .map(|channel| &channel[rows.start * width..rows.end * width])
            .collect();
        self.schedule.made[0] = rows.end;
        if rows.is_empty() {
            return Ok(());
        }
        let planes = self.values[self.slots[0]].extend(rows.len(), keep)?;
        planes
            .into_iter()
            .zip(channels.chunks(LANES))
            .try_for_each(|(plane, channels)| to_blocked(channels, plane))
    }

    /// Copies the output rows that are there to where they belong.
    fn leave(&mut self, output: &mut [f32]) -> Result<(), Error> {
        let last = self.slots.len() - 1;
        let (height, width) = self.schedule.sizes[last];
        let rows = self.schedule.left..self.schedule.made[last];
        if rows.is_empty() {
            return Ok(());
        }
        let planes: Vec<&[[f32; LANES]]> =
            self.values[self.slots[last]].part(rows.clone()).map(|plane| plane.as_chunks().0).collect();
        let exit = self.program.exit;
        let side = exit.side;
        let channels = self.program.channels[last] / (side * side);
        for (c, channel) in output.chunks_exact_mut(height * width * side * side).enumerate() {
            let rows = &mut channel[rows.start * side * width * side..rows.end * side * width * side];
            for (y, row) in rows.chunks_exact_mut(width * side).enumerate() {
                for dx in 0..side {
                    let source = exit.source(c, y % side, dx, channels);
                    let pixels = &planes[source / LANES][y / side * width..][..width];
                    for (value, pixel) in row[dx..].iter_mut().step_by(side).zip(pixels) {
                        *value = pixel[source % LANES];
                    }
                }
            }
        }
        self.schedule.left = rows.end;
        Ok(())
    }

    /// Computes what rows of a step can be computed.
    fn advance(&mut self, index: usize) -> Result<(), Error> {
        let rows = self.schedule.made[index + 1]..self.schedule.allowed(index);
        if rows.is_empty() {
            return Ok(());
        }
        let keep = self.schedule.keep(index + 1);
        self.schedule.made[index + 1] = rows.end;
        let step = &self.program.steps[index];
        // Taken out, so that it can be written while others are read: none of those has the same slot.
        let mut value = std::mem::take(&mut self.values[self.slots[index + 1]]);
        let result = value.extend(rows.len(), keep).and_then(|made| self.compute(step, rows, made));
        self.values[self.slots[index + 1]] = value;
        result
    }

    fn compute(&mut self, step: &Step, rows: Range<usize>, mut made: Vec<&mut [f32]>) -> Result<(), Error> {
        let inputs: Vec<&Value> = step.inputs.iter().map(|&value| &self.values[self.slots[value]]).collect();
        let size = self.schedule.sizes[step.inputs[0]];
        match &step.op {
            Op::Conv(conv) => convolve(conv, size, &inputs, rows, &mut made, self.scratch),
            Op::Add { factor } => combine(&inputs, &rows, &mut made, |a, b| a + factor * b),
            Op::Mul => combine(&inputs, &rows, &mut made, |a, b| a * b),
            Op::Affine { factor, offset } => map(inputs[0], rows, &mut made, |x| x * factor + offset),
            Op::Activate(activation) => activate(activation, inputs[0], rows, &mut made),
            Op::DepthToSpace { side } => depth_to_space(inputs[0], size.1, *side, rows, &mut made),
            Op::Enlarge { side } => enlarge(inputs[0], size.1, *side, rows, &mut made),
        }
    }
}

fn convolve(
    conv: &Conv,
    (height, width): (usize, usize),
    inputs: &[&Value],
    rows: Range<usize>,
    made: &mut [&mut [f32]],
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let (convolved, residual) = inputs.split_at(inputs.len() - usize::from(conv.has_residual()));
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
    conv.run_rows(picture, rows, made, scratch)
}

fn combine(
    inputs: &[&Value],
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
    input: &Value,
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
    input: &Value,
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
    input: &Value,
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
    input: &Value,
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
