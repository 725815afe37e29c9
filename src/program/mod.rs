//! A network's convolutional body as one list of steps on blocked planes, from `[C][H][W]` to `[C'][H'][W']`.
//!
//! Step `i` makes value `i + 1`; value 0 is the input. The picture streams through all steps in bands of rows: each step
//! computes the rows that its inputs already allow and forgets those that no reader will ask for again. So a layer's
//! activations are still in the cache when the next one reads them, memory grows with the width of the picture and not
//! with its height, and no row is computed twice.

mod crew;
mod schedule;
mod sections;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod value;
mod work;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::error::Error;

use crate::kernel::Scratch;
pub use crew::Crew;
use sections::SECTION_BYTES;
use step::output_channels;
pub use step::{Op, Source, Step};
use stream::Stream;
use value::Value;

/// A depth-to-space on the way out, for any number of channels: ONNX's operator of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shuffle {
    /// Every channel of the output is woven from `side²` of the last value.
    pub side: usize,
    /// Whether those lie side by side (ONNX's `CRD`), or one in each of `side²` blocks of channels (`DCR`).
    pub side_by_side: bool,
}

impl Shuffle {
    /// No shuffle.
    const NONE: Shuffle = Shuffle { side: 1, side_by_side: true };

    /// The channel of the last value that becomes column `dx` of row `dy` of every square of output channel `c`, where
    /// there are `channels` in all.
    fn source(self, c: usize, dy: usize, dx: usize, channels: usize) -> usize {
        let phase = dy * self.side + dx;
        if self.side_by_side { c * self.side * self.side + phase } else { phase * channels + c }
    }
}

/// A checked list of steps. Immutable: share it between threads.
pub struct Program {
    steps: Vec<Step>,
    /// What happens to the last value on its way out.
    exit: Shuffle,
    /// Channels of every value.
    channels: Vec<usize>,
    /// The steps that read each value, each with the place of the value among its inputs.
    readers: Vec<Vec<(usize, usize)>>,
}

/// A thread's memory for running programs, grown to the largest need and kept.
#[derive(Default)]
pub struct Workspace {
    values: Vec<Value>,
    /// One for each thread that helps.
    scratch: Vec<Mutex<Scratch>>,
}

impl Workspace {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let scratch =
            |scratch: &Mutex<Scratch>| scratch.lock().unwrap_or_else(PoisonError::into_inner).bytes();
        self.values.iter().map(Value::bytes).sum::<usize>() + self.scratch.iter().map(scratch).sum::<usize>()
    }
}

impl Program {
    /// A program on an input of `input_channels` channels. The last step's value is the output.
    ///
    /// # Errors
    /// `InvalidArgument` where a step reads a value that is not there yet, or channels do not fit.
    pub fn new(input_channels: usize, steps: Vec<Step>) -> Result<Program, Error> {
        let mut channels = vec![input_channels];
        let mut readers = vec![Vec::new(); steps.len() + 1];
        for (index, step) in steps.iter().enumerate() {
            if let Some(source) = step.inputs.iter().find(|source| source.value > index) {
                return Err(Error::InvalidArgument(format!(
                    "Expected step {index} to read an earlier value but it reads {}",
                    source.value
                )));
            }
            channels.push(output_channels(step, &channels)?);
            for (place, source) in step.inputs.iter().enumerate() {
                readers[source.value].push((index, place));
            }
        }
        if steps.is_empty() || input_channels == 0 {
            return Err(Error::InvalidArgument("Expected at least one step and one channel".to_owned()));
        }
        Ok(Program { steps, exit: Shuffle::NONE, channels, readers })
    }

    /// The same program with a shuffle on its way out.
    ///
    /// # Errors
    /// `InvalidArgument` where the channels cannot be shuffled so.
    pub fn with_exit(self, exit: Shuffle) -> Result<Program, Error> {
        let last = self.channels.last().copied().unwrap_or(0);
        if exit.side == 0 || !last.is_multiple_of(exit.side * exit.side) {
            return Err(Error::InvalidArgument(format!(
                "Expected a multiple of {}² channels to shuffle but received {last}",
                exit.side
            )));
        }
        Ok(Program { exit, ..self })
    }

    /// Channels, height and width of the output for an input of `height` by `width`; `None` where nothing is left.
    pub fn output_shape(&self, height: usize, width: usize) -> Option<(usize, usize, usize)> {
        let (height, width) = *self.sizes(height, width)?.last()?;
        let side = self.exit.side;
        Some((self.channels.last()? / (side * side), height.checked_mul(side)?, width.checked_mul(side)?))
    }

    /// Bytes that a thread's workspace takes for each column of a tile: of one of 512x512 pixels, which is about as tall as
    /// they are.
    pub fn bytes_per_column(&self) -> usize {
        const SIDE: usize = 512;
        self.sizes(SIDE, SIDE).map_or(0, |sizes| stream::workspace_bytes(self, &sizes, SECTION_BYTES) / SIDE)
    }

    /// Height and width of every value.
    fn sizes(&self, height: usize, width: usize) -> Option<Vec<(usize, usize)>> {
        let mut sizes = vec![(height, width)];
        for step in &self.steps {
            let (height, width) = sizes[step.inputs.first()?.value];
            sizes.push(step.op.output_size(height, width)?);
        }
        (height > 0 && width > 0).then_some(sizes)
    }

    /// Where tiles may be cut: on multiples of this, in input pixels, results have the same bits as in the whole picture
    /// as long as the context of [`Program::reach`] is given.
    pub fn alignment(&self) -> usize {
        self.steps.iter().map(|step| step.op.alignment()).max().unwrap_or(1)
    }

    /// The input pixels on each side of a cut at an aligned place on which the bits of the output beyond it depend. It is
    /// larger than [`Program::radius`]: see [`Conv::reach`].
    pub fn reach(&self) -> usize {
        self.context(Step::reach)
    }

    /// The radius of the receptive field, in input pixels.
    pub fn radius(&self) -> usize {
        self.context(Step::field)
    }

    /// Walks an output range far from any edge back to the input; `read` says what a step reads for some output rows.
    fn context(&self, read: fn(&Step, usize, Range<isize>) -> Range<isize>) -> usize {
        const FAR: isize = 1 << 20;
        let last = self.channels.len() - 1;
        // Scale, and the rows that valid convolutions leave out, counted in input rows.
        let (mut scale, mut trim) = (vec![1; last + 1], vec![0; last + 1]);
        for (index, step) in self.steps.iter().enumerate() {
            let Some(&Source { value: from, .. }) = step.inputs.first() else { continue };
            (scale[index + 1], trim[index + 1]) = match &step.op {
                Op::DepthToSpace { side } | Op::Enlarge { side } => {
                    (scale[from] * *side as isize, trim[from])
                }
                Op::Conv(conv) => {
                    (scale[from] * conv.scale() as isize, trim[from] + conv.trim() as isize / scale[from])
                }
                _ => (scale[from], trim[from]),
            };
        }
        let mut needed: Vec<Option<Range<isize>>> = vec![None; last + 1];
        needed[last] = Some(FAR * scale[last]..2 * FAR * scale[last]);
        for (index, step) in self.steps.iter().enumerate().rev() {
            let Some(rows) = needed[index + 1].clone() else { continue };
            for (place, source) in step.inputs.iter().enumerate() {
                let rows = read(step, place, rows.clone());
                let others = needed[source.value].take().unwrap_or(rows.clone());
                needed[source.value] = Some(others.start.min(rows.start)..others.end.max(rows.end));
            }
        }
        let rows = needed[0].clone().unwrap_or(FAR..2 * FAR);
        // Output row 0 of valid convolutions lies `trim` rows below input row 0.
        let (before, after) = (FAR + trim[last] - rows.start, rows.end - 2 * FAR - trim[last]);
        before.max(after).max(0) as usize
    }

    /// Bytes of the convolutions' transformed weights.
    pub fn weight_bytes(&self) -> usize {
        let bytes = |step: &Step| match &step.op {
            Op::Conv(conv) => conv.weight_bytes(),
            _ => 0,
        };
        self.steps.iter().map(bytes).sum()
    }

    /// Runs the program from `input` `[C][height][width]` into `output` `[C'][height'][width']`. The bits do not depend on
    /// the number of threads.
    ///
    /// # Errors
    /// `Inference` where lengths do not fit; what `crew` returns.
    pub fn run(
        &self,
        input: &[f32],
        (height, width): (usize, usize),
        output: &mut [f32],
        workspace: &mut Workspace,
        crew: &Crew,
    ) -> Result<(), Error> {
        let sizes = self.sizes(height, width).ok_or_else(|| {
            Error::ModelShape(format!("Expected a larger tile but {width}x{height} pixels shrink to nothing"))
        })?;
        let expected = |value: usize| self.channels[value] * sizes[value].0 * sizes[value].1;
        let last = sizes.len() - 1;
        if (input.len(), output.len()) != (expected(0), expected(last)) {
            return Err(Error::Inference(format!(
                "Expected {} floats in and {} out for {width}x{height} pixels but received {} and {}",
                expected(0),
                expected(last),
                input.len(),
                output.len()
            )));
        }
        Stream::new(self, &sizes, workspace, SECTION_BYTES, crew)?.run(input, output, crew)
    }
}
