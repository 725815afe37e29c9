//! The streaming executor: a subgraph as a list of steps on NCHWc tensors, from `[C][H][W]` to `[C'][H'][W']`.
//!
//! Step `i` makes value `i + 1`; value 0 is the input. The picture streams through all steps in bands of rows: each step
//! computes the rows that its inputs allow and drops those that no step will read again. So a layer's activations are still
//! in the cache when the next one reads them, memory grows with the width of the picture and not with its height, and no
//! row is computed twice.
//!
//! | file | what |
//! |---|---|
//! | `step` | the steps and what they read |
//! | `schedule` | which rows are computed when |
//! | `sections` | cuts that take less memory |
//! | `stream` | a run |
//! | `compute` | the arithmetic of each kind of step |
//! | `row_window` | the memory of one value |
//! | `shuffle` | depth-to-space on the way out |
//! | `team` | the threads that share a run |
//! | `operator` | the ONNX operator that stands for a program |

mod compute;
pub mod operator;
mod row_window;
mod schedule;
mod sections;
mod shuffle;
mod step;
mod stream;
mod team;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::kernel::Scratch;

use row_window::RowWindow;
use sections::SECTION_BYTES;
pub use shuffle::{ChannelOrder, PixelShuffle};
use step::output_channels;
pub use step::{Activate, Op, Operand, Step};
use stream::StreamingRun;
pub use team::ThreadTeam;

/// A checked list of steps. Immutable: share it between threads.
pub struct Program {
    steps: Vec<Step>,
    shuffle: PixelShuffle,
    /// Channels of every value.
    channels: Vec<usize>,
    /// The steps that read each value, each with the place of the value among its inputs.
    readers: Vec<Vec<(usize, usize)>>,
}

/// A thread's memory for running programs, grown to the largest need and kept.
#[derive(Default)]
pub struct Workspace {
    values: Vec<RowWindow>,
    /// One for each thread that helps.
    scratch: Vec<Mutex<Scratch>>,
}

impl Workspace {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let scratch =
            |scratch: &Mutex<Scratch>| scratch.lock().unwrap_or_else(PoisonError::into_inner).bytes();
        self.values.iter().map(RowWindow::bytes).sum::<usize>()
            + self.scratch.iter().map(scratch).sum::<usize>()
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
        Ok(Program { steps, shuffle: PixelShuffle::NONE, channels, readers })
    }

    /// The same program with a pixel shuffle after the last step.
    ///
    /// # Errors
    /// `InvalidArgument` where the channels cannot be shuffled so.
    pub fn with_shuffle(self, shuffle: PixelShuffle) -> Result<Program, Error> {
        let last = self.channels.last().copied().unwrap_or(0);
        if shuffle.side == 0 || !last.is_multiple_of(shuffle.side * shuffle.side) {
            return Err(Error::InvalidArgument(format!(
                "Expected a multiple of {}² channels to shuffle but received {last}",
                shuffle.side
            )));
        }
        Ok(Program { shuffle, ..self })
    }

    /// Channels, height and width of the output for an input of `height` by `width`; `None` where nothing is left.
    pub fn output_shape(&self, height: usize, width: usize) -> Option<(usize, usize, usize)> {
        let (height, width) = *self.sizes(height, width)?.last()?;
        let side = self.shuffle.side;
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

    /// Tiles may be cut on multiples of this, in input pixels: results have the same bits as in the whole picture as long as
    /// tiles have a halo of [`Program::bit_reach`].
    pub fn alignment(&self) -> usize {
        self.steps.iter().map(|step| step.op.alignment()).max().unwrap_or(1)
    }

    /// The halo: input pixels on each side of an aligned cut on which the bits of the output beyond it depend. It is larger
    /// than [`Program::receptive_radius`]: see [`Conv::bit_reach`].
    pub fn bit_reach(&self) -> usize {
        self.context(Step::bit_reach)
    }

    /// The radius of the receptive field, in input pixels.
    pub fn receptive_radius(&self) -> usize {
        self.context(Step::receptive_field)
    }

    /// Walks an output range far from any edge back to the input; `read` says what a step reads for some output rows.
    fn context(&self, read: fn(&Step, usize, Range<isize>) -> Range<isize>) -> usize {
        const FAR: isize = 1 << 20;
        let last = self.channels.len() - 1;
        // Scale, and the rows that valid convolutions crop, counted in input rows.
        let (mut scale, mut crop) = (vec![1; last + 1], vec![0; last + 1]);
        for (index, step) in self.steps.iter().enumerate() {
            let Some(&Operand { value: from, .. }) = step.inputs.first() else { continue };
            (scale[index + 1], crop[index + 1]) = match &step.op {
                Op::DepthToSpace { side } | Op::NearestUpsample { factor: side } => {
                    (scale[from] * *side as isize, crop[from])
                }
                Op::Conv(conv) => (
                    scale[from] * conv.scale() as isize,
                    crop[from] + conv.valid_crop() as isize / scale[from],
                ),
                _ => (scale[from], crop[from]),
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
        // Output row 0 of valid convolutions lies `crop` rows below input row 0.
        let (before, after) = (FAR + crop[last] - rows.start, rows.end - 2 * FAR - crop[last]);
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
    /// `Inference` where lengths do not fit; what `team.on_band` returns.
    pub fn run(
        &self,
        input: &[f32],
        (height, width): (usize, usize),
        output: &mut [f32],
        workspace: &mut Workspace,
        team: &ThreadTeam,
    ) -> Result<(), Error> {
        let sizes = self.sizes(height, width).ok_or_else(|| {
            Error::ModelShape(format!(
                "Expected a larger tile but valid convolutions leave nothing of {width}x{height} pixels"
            ))
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
        StreamingRun::new(self, &sizes, workspace, SECTION_BYTES, team)?.run(input, output, team)
    }
}
