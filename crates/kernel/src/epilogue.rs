//! The epilogue (post-operation) of a convolution: activation, residual, gate, before the result is stored.

use crate::Error;

use super::lanes::{Block, LANES, Lanes};

/// A function of one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// The value itself.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, `slope * x` elsewhere.
    LeakyRelu(f32),
    /// The same with a slope of its own for each output channel.
    PRelu(Vec<f32>),
    /// `1 / (1 + e^-x)`, to about 2 units in the last place.
    Sigmoid,
    /// `x * sigmoid(x)`, also called SiLU.
    Swish,
}

/// Applied to the convolution's result `x` (bias included) and the residual `r`, if there is one.
#[derive(Clone, Debug, PartialEq)]
pub enum Epilogue {
    /// `activation(x)`.
    Activate(Activation),
    /// `activation(x + r)`.
    AddThenActivate(Activation),
    /// `activation(x) + r`.
    ActivateThenAdd(Activation),
    /// `(x + r) * (sigmoid(x) - 1/2)`: the parameter-free attention of SPAN (Wan et al., arXiv 2311.12770).
    Gate,
}

impl Epilogue {
    /// Whether a residual must be given.
    pub fn has_residual(&self) -> bool {
        !matches!(self, Epilogue::Activate(_))
    }
}

/// An epilogue ready to run: per-channel values laid out in planes.
#[derive(Clone)]
pub(super) struct PackedEpilogue {
    function: ActivationFunction,
    combine: Combine,
    /// The slopes below zero, one block per output plane; empty for functions without.
    slopes: Vec<Block>,
}

#[derive(Clone, Copy)]
enum ActivationFunction {
    Identity,
    Relu,
    Slope,
    Sigmoid,
    Swish,
}

#[derive(Clone, Copy)]
enum Combine {
    None,
    AddBefore,
    AddAfter,
    Gate,
}

impl PackedEpilogue {
    /// Prepares `epilogue` for a convolution with `channels` outputs.
    ///
    /// # Errors
    /// `Spec` where the number of slopes is not the number of channels.
    pub fn new(epilogue: &Epilogue, channels: usize) -> Result<PackedEpilogue, Error> {
        let (activation, combine) = match epilogue {
            Epilogue::Activate(activation) => (activation, Combine::None),
            Epilogue::AddThenActivate(activation) => (activation, Combine::AddBefore),
            Epilogue::ActivateThenAdd(activation) => (activation, Combine::AddAfter),
            Epilogue::Gate => (&Activation::Sigmoid, Combine::Gate),
        };
        let mut slopes = Vec::new();
        let function = match activation {
            Activation::Identity => ActivationFunction::Identity,
            Activation::Relu => ActivationFunction::Relu,
            Activation::LeakyRelu(slope) => {
                slopes = pack_channels(&vec![*slope; channels]);
                ActivationFunction::Slope
            }
            Activation::PRelu(given) if given.len() == channels => {
                slopes = pack_channels(given);
                ActivationFunction::Slope
            }
            Activation::PRelu(given) => {
                return Err(Error::Spec(format!(
                    "Expected {channels} PReLU slopes, one per output channel, but received {}",
                    given.len()
                )));
            }
            Activation::Sigmoid => ActivationFunction::Sigmoid,
            Activation::Swish => ActivationFunction::Swish,
        };
        Ok(PackedEpilogue { function, combine, slopes })
    }

    pub fn has_residual(&self) -> bool {
        !matches!(self.combine, Combine::None)
    }

    /// Applies the epilogue to `rows` rows of values of output plane `plane` and stores them.
    ///
    /// `residual` and `out` begin at the first value; their rows lie `stride` pixels apart.
    #[inline(always)]
    pub fn finish<L: Lanes, const ROWS: usize, const COLUMNS: usize>(
        &self,
        l: L,
        plane: usize,
        values: &[[L::V; COLUMNS]; ROWS],
        residual: Option<&[[f32; LANES]]>,
        out: &mut [[f32; LANES]],
        stride: usize,
    ) {
        let to = Store { values, residual, combine: self.combine, out, stride };
        match self.function {
            ActivationFunction::Identity => to.store(l, Identity),
            ActivationFunction::Relu => to.store(l, Relu),
            ActivationFunction::Slope => to.store(l, Slope(l.load(&self.slopes[plane].0))),
            ActivationFunction::Sigmoid => to.store(l, Sigmoid),
            ActivationFunction::Swish => to.store(l, Swish),
        }
    }
}

/// Per-channel values in planes of sixteen; zero in channels that do not exist.
pub(super) fn pack_channels(values: &[f32]) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; values.len().div_ceil(LANES)];
    for (i, &value) in values.iter().enumerate() {
        blocks[i / LANES].0[i % LANES] = value;
    }
    blocks
}

/// Values, what is added to them, and where they are stored.
struct Store<'a, V, const ROWS: usize, const COLUMNS: usize> {
    values: &'a [[V; COLUMNS]; ROWS],
    residual: Option<&'a [[f32; LANES]]>,
    combine: Combine,
    out: &'a mut [[f32; LANES]],
    stride: usize,
}

impl<V: Copy, const ROWS: usize, const COLUMNS: usize> Store<'_, V, ROWS, COLUMNS> {
    #[inline(always)]
    fn store<L: Lanes<V = V>, F: UnaryOp<L>>(self, l: L, function: F) {
        match (self.combine, self.residual) {
            (Combine::AddBefore, Some(r)) => self.store_with(l, AddBefore(function), r),
            (Combine::AddAfter, Some(r)) => self.store_with(l, AddAfter(function), r),
            (Combine::Gate, Some(r)) => self.store_with(l, SpanGate(function), r),
            _ => self.store_alone(l, function),
        }
    }

    #[inline(always)]
    fn store_alone<L: Lanes<V = V>, F: UnaryOp<L>>(self, l: L, function: F) {
        for (i, row) in self.values.iter().enumerate() {
            let out = &mut self.out[i * self.stride..][..COLUMNS];
            for j in 0..COLUMNS {
                l.store(function.apply(l, row[j]), &mut out[j]);
            }
        }
    }

    #[inline(always)]
    fn store_with<L: Lanes<V = V>, F: ResidualOp<L>>(self, l: L, function: F, residual: &[[f32; LANES]]) {
        for (i, row) in self.values.iter().enumerate() {
            let out = &mut self.out[i * self.stride..][..COLUMNS];
            let residual = &residual[i * self.stride..][..COLUMNS];
            for j in 0..COLUMNS {
                l.store(function.apply(l, row[j], l.load(&residual[j])), &mut out[j]);
            }
        }
    }
}

/// An activation, for one vector.
trait UnaryOp<L: Lanes>: Copy {
    fn apply(self, l: L, x: L::V) -> L::V;
}

#[derive(Clone, Copy)]
struct Identity;

impl<L: Lanes> UnaryOp<L> for Identity {
    #[inline(always)]
    fn apply(self, _: L, x: L::V) -> L::V {
        x
    }
}

#[derive(Clone, Copy)]
struct Relu;

impl<L: Lanes> UnaryOp<L> for Relu {
    #[inline(always)]
    fn apply(self, l: L, x: L::V) -> L::V {
        l.max(l.splat(0.0), x)
    }
}

#[derive(Clone, Copy)]
struct Slope<V>(V);

impl<L: Lanes> UnaryOp<L> for Slope<L::V> {
    #[inline(always)]
    fn apply(self, l: L, x: L::V) -> L::V {
        let zero = l.splat(0.0);
        l.mul_add(self.0, l.min(zero, x), l.max(zero, x))
    }
}

#[derive(Clone, Copy)]
struct Sigmoid;

impl<L: Lanes> UnaryOp<L> for Sigmoid {
    #[inline(always)]
    fn apply(self, l: L, x: L::V) -> L::V {
        let one = l.splat(1.0);
        l.div(one, l.add(one, exp_of_negative(l, x)))
    }
}

#[derive(Clone, Copy)]
struct Swish;

impl<L: Lanes> UnaryOp<L> for Swish {
    #[inline(always)]
    fn apply(self, l: L, x: L::V) -> L::V {
        l.div(x, l.add(l.splat(1.0), exp_of_negative(l, x)))
    }
}

/// An activation together with a residual `r`.
trait ResidualOp<L: Lanes>: Copy {
    fn apply(self, l: L, x: L::V, r: L::V) -> L::V;
}

#[derive(Clone, Copy)]
struct AddBefore<F>(F);

impl<L: Lanes, F: UnaryOp<L>> ResidualOp<L> for AddBefore<F> {
    #[inline(always)]
    fn apply(self, l: L, x: L::V, r: L::V) -> L::V {
        self.0.apply(l, l.add(x, r))
    }
}

#[derive(Clone, Copy)]
struct AddAfter<F>(F);

impl<L: Lanes, F: UnaryOp<L>> ResidualOp<L> for AddAfter<F> {
    #[inline(always)]
    fn apply(self, l: L, x: L::V, r: L::V) -> L::V {
        l.add(self.0.apply(l, x), r)
    }
}

#[derive(Clone, Copy)]
struct SpanGate<F>(F);

impl<L: Lanes, F: UnaryOp<L>> ResidualOp<L> for SpanGate<F> {
    #[inline(always)]
    fn apply(self, l: L, x: L::V, r: L::V) -> L::V {
        l.mul(l.add(x, r), l.sub(self.0.apply(l, x), l.splat(0.5)))
    }
}

/// `e^-x`, with `x` clamped to ±87 so that neither the result nor its reciprocal leaves the normal range.
///
/// Cody and Waite's reduction to |f| ≤ ln 2 / 2, then the minimax polynomial of Cephes' `expf`; relative error below
/// 1.2e-7, i.e. about one unit in the last place.
#[inline(always)]
fn exp_of_negative<L: Lanes>(l: L, x: L::V) -> L::V {
    let x = l.max(l.splat(-87.0), l.min(l.splat(87.0), x));
    let n = l.round(l.mul(x, l.splat(-std::f32::consts::LOG2_E)));
    // ln 2 in two parts; the first has so few bits that its product with n is exact.
    let f = l.neg_mul_add(n, l.splat(0.693_359_4), l.sub(l.splat(0.0), x));
    let f = l.mul_add(n, l.splat(2.121_944_4e-4), f);
    let mut p = l.splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = l.mul_add(p, f, l.splat(c));
    }
    let p = l.mul_add(l.mul(f, f), p, l.add(f, l.splat(1.0)));
    l.mul(p, l.exp2_integer(n))
}
