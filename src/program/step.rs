//! The steps of a program: what each computes, and which channels of which values it reads.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;
use crate::kernel::{Activation, ActivationKernel, Conv, Isa, LANES, plane_count};

/// What a step computes.
#[derive(Clone)]
pub enum Op {
    /// A convolution of the concatenation of its inputs; what comes after those is its residual.
    Conv(Arc<Conv>),
    /// `a + factor * b` of two inputs.
    Add { factor: f32 },
    /// The product of two inputs.
    Mul,
    /// `x * factor + offset`.
    Affine { factor: f32, offset: f32 },
    /// An activation that is not fused into a convolution's epilogue.
    Activate(Activate),
    /// Blocks of `side²` channels become squares of pixels: channel `(dy * side + dx) * C' + c` becomes channel `c` of
    /// pixel `(side * y + dy, side * x + dx)`, ONNX's `DCR` order. `C'` must be a multiple of 16: whole
    /// planes are moved.
    DepthToSpace { side: usize },
    /// Nearest-neighbour upsample: every pixel becomes a square of `factor²` equal ones.
    NearestUpsample { factor: usize },
}

/// An activation of a value of so many channels.
#[derive(Clone)]
pub struct Activate {
    kernel: ActivationKernel,
    channels: usize,
}

impl Activate {
    /// An activation of `channels` channels, to run with `isa`.
    ///
    /// # Errors
    /// `InvalidArgument` where the number of slopes is not the number of channels.
    pub fn new(isa: Isa, activation: Activation, channels: usize) -> Result<Activate, Error> {
        Ok(Activate { kernel: ActivationKernel::new(isa, activation, channels)?, channels })
    }

    /// The kernel.
    pub(super) fn kernel(&self) -> &ActivationKernel {
        &self.kernel
    }
}

/// One step and what it reads.
#[derive(Clone)]
pub struct Step {
    pub op: Op,
    pub inputs: Vec<Operand>,
}

/// What a step reads: a value, or some of its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    pub value: usize,
    /// `None` for all. A range begins with a plane, and ends with one or with the value's last channel.
    pub channels: Option<Range<usize>>,
}

impl From<usize> for Operand {
    fn from(value: usize) -> Operand {
        Operand { value, channels: None }
    }
}

impl Operand {
    /// Some of the channels that are read.
    pub fn part(&self, channels: Range<usize>) -> Operand {
        let first = self.channels.as_ref().map_or(0, |channels| channels.start);
        Operand { value: self.value, channels: Some(first + channels.start..first + channels.end) }
    }

    /// How many channels are read, of a value that has `all`; `None` where it does not have them.
    pub fn count(&self, all: usize) -> Option<usize> {
        let Some(channels) = &self.channels else { return Some(all) };
        let ends = channels.end == all || (channels.end < all && channels.end.is_multiple_of(LANES));
        (channels.start.is_multiple_of(LANES) && !channels.is_empty() && ends).then_some(channels.len())
    }

    /// The value's planes that are read, of `all`.
    pub fn planes(&self, all: usize) -> Range<usize> {
        match &self.channels {
            None => 0..all,
            Some(channels) => channels.start / LANES..plane_count(channels.end).min(all),
        }
    }
}

impl Step {
    /// Whether input `place` is a residual, or a part of one, which is read pixel by pixel.
    fn is_residual(&self, place: usize) -> bool {
        matches!(&self.op, Op::Conv(conv) if place >= conv.inputs().len())
    }

    /// The rows of input `place`, which has `height` rows, that are read for some output rows.
    pub fn input_rows(&self, place: usize, rows: &Range<usize>, height: usize) -> Range<usize> {
        match &self.op {
            Op::Conv(conv) if !self.is_residual(place) => conv.input_rows(rows, height),
            Op::DepthToSpace { side } | Op::NearestUpsample { factor: side } => {
                rows.start / side..rows.end.div_ceil(*side)
            }
            _ => rows.clone(),
        }
    }

    /// The rows of input `place` on which the bits of some output rows depend, edges left aside.
    pub fn bit_reach(&self, place: usize, rows: Range<isize>) -> Range<isize> {
        match &self.op {
            Op::Conv(conv) if !self.is_residual(place) => conv.bit_reach(rows),
            _ => self.receptive_field(place, rows),
        }
    }

    /// The receptive field in input `place` of some output rows, edges left aside.
    pub fn receptive_field(&self, place: usize, rows: Range<isize>) -> Range<isize> {
        match &self.op {
            Op::Conv(conv) if !self.is_residual(place) => conv.receptive_field(rows),
            Op::DepthToSpace { side } | Op::NearestUpsample { factor: side } => {
                let side = *side as isize;
                rows.start.div_euclid(side)..(rows.end + side - 1).div_euclid(side)
            }
            _ => rows,
        }
    }
}

impl Op {
    /// Multiply-adds for each output pixel, those of convolutions alone.
    pub fn multiply_adds(&self) -> f64 {
        match self {
            Op::Conv(conv) => conv.multiply_adds(),
            _ => 0.0,
        }
    }

    pub fn output_size(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        match self {
            Op::Conv(conv) => conv.output_size(height, width),
            Op::DepthToSpace { side } | Op::NearestUpsample { factor: side } => {
                Some((height.checked_mul(*side)?, width.checked_mul(*side)?))
            }
            Op::Add { .. } | Op::Mul | Op::Affine { .. } | Op::Activate(_) => Some((height, width)),
        }
    }

    /// Output rows begin on multiples of this.
    pub fn alignment(&self) -> usize {
        match self {
            Op::Conv(conv) => conv.alignment(),
            Op::DepthToSpace { side } | Op::NearestUpsample { factor: side } => *side,
            Op::Add { .. } | Op::Mul | Op::Affine { .. } | Op::Activate(_) => 1,
        }
    }
}

/// The channels that a step makes, after checking those that it reads.
///
/// # Errors
/// `InvalidArgument` where they do not fit.
pub fn output_channels(step: &Step, channels: &[usize]) -> Result<usize, Error> {
    let read = |source: &Operand| source.count(channels[source.value]).unwrap_or(0);
    let inputs: Vec<usize> = step.inputs.iter().map(read).collect();
    let found = match (&step.op, &inputs[..]) {
        (_, inputs) if inputs.contains(&0) => None,
        (Op::Conv(conv), _) if conv.accepts(&inputs) => Some(conv.outputs()),
        (Op::Add { .. } | Op::Mul, [a, b]) if a == b => Some(*a),
        (Op::Activate(activate), [a]) if activate.channels != *a => None,
        (Op::NearestUpsample { factor: 0 }, _) => None,
        (Op::Affine { .. } | Op::Activate(_) | Op::NearestUpsample { .. }, [a]) => Some(*a),
        (Op::DepthToSpace { side }, [a]) if *side > 0 && a % (side * side * LANES) == 0 => {
            Some(a / (side * side))
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Error::InvalidArgument(format!("Expected other inputs of a step than of {inputs:?} channels"))
    })
}
