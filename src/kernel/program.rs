//! A network's convolutional body as one list of steps on blocked planes, from `[C][H][W]` to `[C'][H'][W']`.
//!
//! Step `i` makes value `i + 1`; value 0 is the input. A value's memory goes back to the [`Workspace`] after its last
//! reader, so that a chain of any length needs a handful of buffers.

use std::sync::Arc;

use crate::error::Error;

use super::conv::{Conv, Picture};
use super::lanes::{Block, LANES};
use super::plane::{Scratch, from_blocked, plane_count, to_blocked};

/// What a step computes.
#[derive(Clone)]
pub enum Op {
    /// A convolution of the concatenation of all inputs, but the last if the epilogue wants a residual.
    Conv(Arc<Conv>),
    /// The sum of two inputs.
    Add,
    /// The product of two inputs.
    Mul,
    /// `x * factor + offset`.
    Affine { factor: f32, offset: f32 },
    /// Blocks of `side²` channels become squares of pixels: channel `(dy * side + dx) * C' + c` becomes channel `c` of
    /// pixel `(side * y + dy, side * x + dx)`, ONNX's `DCR` order. `C'` must be a multiple of 16, or it is not planes
    /// that move.
    DepthToSpace { side: usize },
}

/// One step and the values that it reads.
#[derive(Clone)]
pub struct Step {
    pub op: Op,
    pub inputs: Vec<usize>,
}

/// A checked list of steps. Immutable: share it between threads.
pub struct Program {
    steps: Vec<Step>,
    /// Channels of every value.
    channels: Vec<usize>,
    /// The last step that reads each value.
    last_reader: Vec<usize>,
}

/// A value's place while a program runs.
struct Held {
    planes: Vec<Block>,
    height: usize,
    width: usize,
}

impl Held {
    fn plane_floats(&self) -> usize {
        self.height * self.width * LANES
    }

    fn planes(&self) -> impl Iterator<Item = &[f32]> {
        Block::as_floats(&self.planes).chunks_exact(self.plane_floats())
    }
}

/// A thread's memory for running programs, grown to the largest need and kept.
#[derive(Default)]
pub struct Workspace {
    free: Vec<Vec<Block>>,
    scratch: Scratch,
}

impl Workspace {
    /// Memory for `blocks` blocks with values of no meaning: the smallest free piece that is large enough, else the
    /// largest, grown.
    fn take(&mut self, blocks: usize) -> Vec<Block> {
        let fits = |piece: &Vec<Block>| piece.capacity() >= blocks;
        let smallest = |pieces: &[Vec<Block>]| {
            (0..pieces.len()).filter(|&i| fits(&pieces[i])).min_by_key(|&i| pieces[i].capacity())
        };
        let largest = |pieces: &[Vec<Block>]| (0..pieces.len()).max_by_key(|&i| pieces[i].capacity());
        let chosen = smallest(&self.free).or_else(|| largest(&self.free));
        let mut piece = chosen.map(|i| self.free.swap_remove(i)).unwrap_or_default();
        if piece.capacity() < blocks {
            // What it holds is of no use: growing in place would copy it.
            piece = Vec::with_capacity(blocks);
        }
        piece.resize(blocks, Block::ZERO);
        piece
    }

    fn give_back(&mut self, held: Option<Held>) {
        self.free.extend(held.map(|held| held.planes));
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.free.iter().map(|piece| piece.capacity() * size_of::<Block>()).sum::<usize>()
            + self.scratch.bytes()
    }
}

impl Program {
    /// A program on an input of `input_channels` channels. The last step's value is the output.
    ///
    /// # Errors
    /// `InvalidArgument` where a step reads a value that is not there yet, or channels do not fit.
    pub fn new(input_channels: usize, steps: Vec<Step>) -> Result<Program, Error> {
        let mut channels = vec![input_channels];
        let mut last_reader = vec![0; steps.len() + 1];
        for (index, step) in steps.iter().enumerate() {
            if let Some(value) = step.inputs.iter().find(|&&value| value > index) {
                return Err(Error::InvalidArgument(format!(
                    "Expected step {index} to read an earlier value but it reads {value}"
                )));
            }
            channels.push(output_channels(step, &channels)?);
            step.inputs.iter().for_each(|&value| last_reader[value] = index);
        }
        if steps.is_empty() || input_channels == 0 {
            return Err(Error::InvalidArgument("Expected at least one step and one channel".to_owned()));
        }
        Ok(Program { steps, channels, last_reader })
    }

    /// Channels, height and width of the output for an input of `height` by `width`; `None` where nothing is left.
    pub fn output_shape(&self, height: usize, width: usize) -> Option<(usize, usize, usize)> {
        let mut sizes = vec![(height, width)];
        for step in &self.steps {
            let (height, width) = sizes[*step.inputs.first()?];
            sizes.push(step.op.output_size(height, width)?);
        }
        let (height, width) = sizes.pop()?;
        Some((*self.channels.last()?, height, width))
    }

    /// Bytes of the convolutions' transformed weights.
    pub fn weight_bytes(&self) -> usize {
        let bytes = |step: &Step| match &step.op {
            Op::Conv(conv) => conv.weight_bytes(),
            _ => 0,
        };
        self.steps.iter().map(bytes).sum()
    }

    /// Runs the program on the calling thread, from `input` `[C][height][width]` into `output` `[C'][height'][width']`.
    /// `go_on` is asked before every step.
    ///
    /// # Errors
    /// `Inference` where lengths do not fit; what `go_on` returns.
    pub fn run(
        &self,
        input: &[f32],
        (height, width): (usize, usize),
        output: &mut [f32],
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let pixels = height * width;
        if pixels == 0 || input.len() != self.channels[0] * pixels {
            return Err(Error::Inference(format!(
                "Expected {} channels of {width}x{height} pixels but received {} floats",
                self.channels[0],
                input.len()
            )));
        }
        let mut values: Vec<Option<Held>> = Vec::with_capacity(self.steps.len() + 1);
        values.push(Some(enter(input, height, width, workspace)?));
        let result = self.run_steps(&mut values, workspace, go_on);
        let result = result.and_then(|()| leave(values.last().and_then(Option::as_ref), output));
        values.into_iter().for_each(|held| workspace.give_back(held));
        result
    }

    fn run_steps(
        &self,
        values: &mut Vec<Option<Held>>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> Result<(), Error>,
    ) -> Result<(), Error> {
        for (index, step) in self.steps.iter().enumerate() {
            go_on()?;
            let made = self.run_step(index, values, workspace)?;
            values.push(Some(made));
            for &value in &step.inputs {
                if self.last_reader[value] == index {
                    workspace.give_back(values[value].take());
                }
            }
        }
        Ok(())
    }

    fn run_step(
        &self,
        index: usize,
        values: &[Option<Held>],
        workspace: &mut Workspace,
    ) -> Result<Held, Error> {
        let step = &self.steps[index];
        let gone = || Error::Inference(format!("Expected the inputs of step {index} to be held"));
        let inputs: Vec<&Held> = step
            .inputs
            .iter()
            .map(|&value| values[value].as_ref())
            .collect::<Option<_>>()
            .ok_or_else(gone)?;
        let first = inputs.first().ok_or_else(gone)?;
        let (height, width) = step.op.output_size(first.height, first.width).ok_or_else(|| {
            Error::ModelShape(format!("Expected a larger tile but step {index} shrinks it to nothing"))
        })?;
        let blocks = plane_count(self.channels[index + 1]) * height * width;
        let mut made = Held { planes: workspace.take(blocks), height, width };
        match &step.op {
            Op::Conv(conv) => convolve(conv, &inputs, &mut made, &mut workspace.scratch)?,
            Op::Add => zip(&inputs, &mut made, |a, b| a + b)?,
            Op::Mul => zip(&inputs, &mut made, |a, b| a * b)?,
            Op::Affine { factor, offset } => {
                let source = Block::as_floats(&first.planes);
                for (out, x) in Block::as_floats_mut(&mut made.planes).iter_mut().zip(source) {
                    *out = x * factor + offset;
                }
            }
            Op::DepthToSpace { side } => depth_to_space(first, *side, &mut made),
        }
        Ok(made)
    }
}

impl Op {
    fn output_size(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        match self {
            Op::Conv(conv) => conv.output_size(height, width),
            Op::DepthToSpace { side } => Some((height.checked_mul(*side)?, width.checked_mul(*side)?)),
            Op::Add | Op::Mul | Op::Affine { .. } => Some((height, width)),
        }
    }
}

/// The channels that a step makes, after checking those that it reads.
fn output_channels(step: &Step, channels: &[usize]) -> Result<usize, Error> {
    let inputs: Vec<usize> = step.inputs.iter().map(|&value| channels[value]).collect();
    let found = match (&step.op, &inputs[..]) {
        (Op::Conv(conv), _) if conv.accepts(&inputs) => Some(conv.outputs()),
        (Op::Add | Op::Mul, [a, b]) if a == b => Some(*a),
        (Op::Affine { .. }, [a]) => Some(*a),
        (Op::DepthToSpace { side }, [a]) if *side > 0 && a % (side * side * LANES) == 0 => {
            Some(a / (side * side))
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Error::InvalidArgument(format!("Expected other inputs of a step than of {inputs:?} channels"))
    })
}

fn enter(input: &[f32], height: usize, width: usize, workspace: &mut Workspace) -> Result<Held, Error> {
    let pixels = height * width;
    let channels = input.len() / pixels;
    let mut held = Held { planes: workspace.take(plane_count(channels) * pixels), height, width };
    let planes = Block::as_floats_mut(&mut held.planes).chunks_exact_mut(pixels * LANES);
    for (plane, channels) in planes.zip(input.chunks(LANES * pixels)) {
        to_blocked(channels, plane)?;
    }
    Ok(held)
}

fn leave(held: Option<&Held>, output: &mut [f32]) -> Result<(), Error> {
    let held =
        held.ok_or_else(|| Error::Inference("Expected a result but the program made none".to_owned()))?;
    let pixels = held.height * held.width;
    for (plane, channels) in held.planes().zip(output.chunks_mut(LANES * pixels)) {
        from_blocked(plane, channels)?;
    }
    Ok(())
}

fn convolve(conv: &Conv, inputs: &[&Held], made: &mut Held, scratch: &mut Scratch) -> Result<(), Error> {
    let (convolved, residual) = inputs.split_at(inputs.len() - usize::from(conv.has_residual()));
    let planes: Vec<&[f32]> = convolved.iter().flat_map(|held| held.planes()).collect();
    let residual: Vec<&[f32]> = residual.iter().flat_map(|held| held.planes()).collect();
    let (height, width) = convolved.first().map_or((0, 0), |held| (held.height, held.width));
    let floats = made.plane_floats();
    let mut output: Vec<&mut [f32]> =
        Block::as_floats_mut(&mut made.planes).chunks_exact_mut(floats).collect();
    conv.run(Picture { height, width, planes: &planes, residual: &residual }, &mut output, scratch)
}

fn zip(inputs: &[&Held], made: &mut Held, op: impl Fn(f32, f32) -> f32) -> Result<(), Error> {
    let [a, b] = inputs else {
        return Err(Error::Inference(format!("Expected two inputs but found {}", inputs.len())));
    };
    if (a.height, a.width) != (b.height, b.width) {
        return Err(Error::Inference(format!(
            "Expected inputs of one size but found {}x{} and {}x{}",
            a.width, a.height, b.width, b.height
        )));
    }
    let sources = Block::as_floats(&a.planes).iter().zip(Block::as_floats(&b.planes));
    for (out, (a, b)) in Block::as_floats_mut(&mut made.planes).iter_mut().zip(sources) {
        *out = op(*a, *b);
    }
    Ok(())
}

/// Moves whole pixels of sixteen channels: input plane `(dy * side + dx) * P + p` feeds every `side`-th pixel of plane
/// `p`, of which there are P.
fn depth_to_space(input: &Held, side: usize, made: &mut Held) {
    let (height, width) = (input.height, input.width);
    let planes = made.planes.len() / (made.height * made.width);
    let source = |plane: usize| &input.planes[plane * height * width..][..height * width];
    for plane in 0..planes {
        for y in 0..made.height {
            let row = &mut made.planes[(plane * made.height + y) * made.width..][..made.width];
            for dx in 0..side {
                let from = &source(((y % side) * side + dx) * planes + plane)[y / side * width..][..width];
                for (out, pixel) in row[dx..].iter_mut().step_by(side).zip(from) {
                    *out = *pixel;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Activation, ConvSpec, Epilogue, Isa};

    /// A 1x1 convolution whose weight from input i to output o is `weight(o, i)`.
    fn mix(inputs: &[usize], outputs: usize, epilogue: Epilogue, weight: impl Fn(usize, usize) -> f32) -> Op {
        let total: usize = inputs.iter().sum();
        let weights: Vec<f32> =
            (0..outputs).flat_map(|o| (0..total).map(move |i| (o, i))).map(|(o, i)| weight(o, i)).collect();
        let spec = ConvSpec { inputs: inputs.to_vec(), outputs, kernel: 1, padding: 0, epilogue };
        Op::Conv(Arc::new(Conv::new(Isa::Portable, &spec, &weights, &vec![0.0; outputs]).unwrap()))
    }

    fn identity() -> Epilogue {
        Epilogue::Activate(Activation::Identity)
    }

    fn step(op: Op, inputs: &[usize]) -> Step {
        Step { op, inputs: inputs.to_vec() }
    }

    fn run(program: &Program, input: &[f32], size: (usize, usize)) -> Vec<f32> {
        let (channels, height, width) = program.output_shape(size.0, size.1).unwrap();
        let mut output = vec![f32::NAN; channels * height * width];
        program.run(input, size, &mut output, &mut Workspace::default(), &|| Ok(())).unwrap();
        output
    }

    #[test]
    fn values_are_read_until_their_last_reader() {
        // v1 = 2x, v2 = v1 + x, v3 = v1 * v2, v4 = v3 + residual v1, v5 = v4 * 0.5 + 1.
        let program = Program::new(
            1,
            vec![
                step(mix(&[1], 1, identity(), |_, _| 2.0), &[0]),
                step(Op::Add, &[1, 0]),
                step(Op::Mul, &[1, 2]),
                step(mix(&[1], 1, Epilogue::AddThenActivate(Activation::Identity), |_, _| 1.0), &[3, 1]),
                step(Op::Affine { factor: 0.5, offset: 1.0 }, &[4]),
            ],
        )
        .unwrap();
        let expected: Vec<f32> =
            [1.0_f32, -2.0, 3.0].iter().map(|x| (2.0 * x * 3.0 * x + 2.0 * x) * 0.5 + 1.0).collect();
        assert_eq!(run(&program, &[1.0, -2.0, 3.0], (1, 3)), expected);
    }

    #[test]
    fn depth_to_space_is_onnx_dcr() {
        let (side, channels, height, width) = (2, 32, 2, 3);
        let program =
            Program::new(side * side * channels, vec![step(Op::DepthToSpace { side }, &[0])]).unwrap();
        let input: Vec<f32> = (0..side * side * channels * height * width).map(|i| i as f32).collect();
        let output = run(&program, &input, (height, width));
        // The definition in ONNX's operator list, index by index.
        for c in 0..channels {
            for y in 0..height * side {
                for x in 0..width * side {
                    let from = ((y % side) * side + x % side) * channels + c;
                    let expected = input[(from * height + y / side) * width + x / side];
                    assert_eq!(output[(c * height * side + y) * width * side + x], expected);
                }
            }
        }
    }

    #[test]
    fn concatenation_is_a_list_of_inputs() {
        // Channels 0..3 and 0..5 of two values; the third of the second is picked.
        let program = Program::new(
            3,
            vec![
                step(mix(&[3], 5, identity(), |o, i| f32::from(u8::from(i == 0)) * o as f32), &[0]),
                step(mix(&[3, 5], 1, identity(), |_, i| f32::from(u8::from(i == 3 + 2))), &[0, 1]),
            ],
        )
        .unwrap();
        assert_eq!(run(&program, &[7.0, 0.0, 0.0], (1, 1)), [14.0]);
    }

    #[test]
    fn memory_is_used_again() {
        let steps = (0..20).map(|i| step(mix(&[16], 16, identity(), |_, _| 0.1), &[i])).collect();
        let program = Program::new(16, steps).unwrap();
        let mut workspace = Workspace::default();
        let (input, mut output) = (vec![1.0; 16 * 64], vec![0.0; 16 * 64]);
        program.run(&input, (8, 8), &mut output, &mut workspace, &|| Ok(())).unwrap();
        assert_eq!(workspace.free.len(), 2);
        let before = workspace.bytes();
        program.run(&input, (8, 8), &mut output, &mut workspace, &|| Ok(())).unwrap();
        assert_eq!(workspace.bytes(), before);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let code = |steps| Program::new(3, steps).err().unwrap().code();
        assert_eq!(code(vec![]), "ERR_INVALID_ARG_VALUE");
        assert_eq!(code(vec![step(Op::Add, &[0, 1])]), "ERR_INVALID_ARG_VALUE");
        assert_eq!(code(vec![step(Op::DepthToSpace { side: 2 }, &[0])]), "ERR_INVALID_ARG_VALUE");
        assert_eq!(code(vec![step(mix(&[4], 1, identity(), |_, _| 1.0), &[0])]), "ERR_INVALID_ARG_VALUE");
        let program = Program::new(1, vec![step(Op::Affine { factor: 1.0, offset: 0.0 }, &[0])]).unwrap();
        let stopped =
            program.run(&[0.0], (1, 1), &mut [0.0], &mut Workspace::default(), &|| Err(Error::Aborted));
        assert_eq!(stopped.unwrap_err().code(), "ABORT_ERR");
    }
}
