//! The public face: a convolution prepared once, run on any picture.

use std::ops::Range;

use crate::Error;

use super::enlarged::{self, FACTOR};
use super::epilogue::Epilogue;
use super::isa::Isa;
use super::lanes::LANES;
use super::layer::Layer;
use super::plane::{Pixel, Scratch, pixels_mut, plane_count};
use super::pointwise::{self, Pointwise};
use super::winograd::{self, Grid, Planes, Winograd};

/// A convolution's shape. Stride and dilation are 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvSpec {
    /// Channels of each concatenated input tensor; each begins a plane of its own.
    pub inputs: Vec<usize>,
    /// Output channels.
    pub outputs: usize,
    /// Side of the filter: 1, 3 or 5.
    pub kernel: usize,
    /// Zeros around the picture on each side: `kernel / 2` keeps its size, 0 gives a valid convolution.
    pub padding: usize,
    /// Whether the picture is made twice as large first, every pixel a square of four, with a kernel of 3 and padding.
    pub enlarged: bool,
    /// What is done with the result before it is stored.
    pub epilogue: Epilogue,
}

/// A convolution with its weights transformed. Immutable: share it between threads and sessions.
pub struct Conv {
    isa: Isa,
    inputs: Vec<usize>,
    algorithm: Algorithm,
    kernel: usize,
    padding: usize,
    enlarged: bool,
    outputs: usize,
    layer: Layer,
    /// A 1x1 convolution of the result.
    follower: Option<Layer>,
}

#[derive(Clone, Copy)]
enum Algorithm {
    Pointwise,
    /// F(4x4, 3x3).
    Winograd43,
    /// F(4x4, 5x5).
    Winograd45,
}

/// One picture to convolve.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    /// Input rows, at least 1.
    pub height: usize,
    /// Input columns, at least 1.
    pub width: usize,
    /// Input planes `[rows][width][16]`, those of all concatenated tensors in order. Lanes beyond a tensor's channels
    /// are not read by the arithmetic of other lanes, but must be finite.
    pub planes: &'a [&'a [f32]],
    /// The picture's row that each of `planes` begins with: they hold a window of the picture, which must cover the rows
    /// that [`Conv::needs`].
    pub first_row: usize,
    /// Residual planes `[rows][out_width][16]`, one per output plane, where the epilogue has one; empty otherwise.
    pub residual: &'a [&'a [f32]],
    /// The output row that each of `residual` begins with.
    pub first_residual_row: usize,
}

impl<'a> Picture<'a> {
    /// A picture that is held whole, as is its residual.
    pub fn whole(
        height: usize,
        width: usize,
        planes: &'a [&'a [f32]],
        residual: &'a [&'a [f32]],
    ) -> Picture<'a> {
        Picture { height, width, planes, first_row: 0, residual, first_residual_row: 0 }
    }
}

impl Conv {
    /// Prepares a convolution with weights `[outputs][inputs][kernel][kernel]` (ONNX's order, inputs without padding)
    /// and one bias per output, to run with `isa`.
    ///
    /// # Errors
    /// `Spec` where the specification is not supported, the lengths do not fit it, or this machine lacks the
    /// instructions.
    pub fn new(isa: Isa, spec: &ConvSpec, weights: &[f32], bias: &[f32]) -> Result<Conv, Error> {
        check(isa, spec, weights.len(), bias.len())?;
        let algorithm = match spec.kernel {
            1 => Algorithm::Pointwise,
            3 => Algorithm::Winograd43,
            _ => Algorithm::Winograd45,
        };
        let mut weights = match algorithm {
            Algorithm::Pointwise => pointwise::pack(weights, &spec.inputs, spec.outputs, isa),
            _ => winograd::pack(algorithm.tile().1, spec.kernel, weights, &spec.inputs, spec.outputs, isa),
        };
        let ConvSpec { kernel, padding, enlarged, outputs, .. } = *spec;
        if enlarged {
            weights.vanishing = enlarged::vanishing(algorithm.tile().1);
        }
        let inputs = spec.inputs.clone();
        let layer = Layer::new(weights, bias, &spec.epilogue)?;
        Ok(Conv { isa, inputs, algorithm, kernel, padding, enlarged, outputs, layer, follower: None })
    }

    /// This convolution and a 1x1 convolution of its result in one, which is then never stored: weights
    /// `[outputs][inputs]`, one bias per output. The bits are those of the two, one after the other.
    ///
    /// # Errors
    /// `Spec` where this one is 1x1 itself, has a residual or a follower already, or the lengths do not fit.
    pub fn followed_by(self, epilogue: &Epilogue, weights: &[f32], bias: &[f32]) -> Result<Conv, Error> {
        let one = self.kernel > 1 && !self.has_residual() && self.follower.is_none();
        if !one || bias.is_empty() || Some(weights.len()) != bias.len().checked_mul(self.outputs) {
            return Err(Error::Spec(format!(
                "Expected a 1x1 convolution of {} channels behind a larger one without a residual but received {} \
                 weights and {} biases behind one of {3}x{3}",
                self.outputs,
                weights.len(),
                bias.len(),
                self.kernel
            )));
        }
        let weights = pointwise::pack(weights, &[self.outputs], bias.len(), self.isa);
        Ok(Conv { outputs: bias.len(), follower: Some(Layer::new(weights, bias, epilogue)?), ..self })
    }

    /// The layer whose result is stored.
    fn last(&self) -> &Layer {
        self.follower.as_ref().unwrap_or(&self.layer)
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// How much larger the output is than the input, across and down.
    pub fn scale(&self) -> usize {
        if self.enlarged { FACTOR } else { 1 }
    }

    /// Rows and columns that vanish on each side.
    pub fn trim(&self) -> usize {
        self.kernel / 2 - self.padding
    }

    /// Whether a residual must be given.
    pub fn has_residual(&self) -> bool {
        self.last().epilogue.has_residual()
    }

    /// Channels of each concatenated tensor that it convolves.
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// Whether tensors of these channels are what it takes: those that it convolves, and the residual, if there is one, in
    /// one or several that are whole planes but for the last.
    pub fn accepts(&self, channels: &[usize]) -> bool {
        let Some(residual) = channels.strip_prefix(&self.inputs[..]) else { return false };
        let expected = if self.has_residual() { self.outputs } else { 0 };
        let whole = residual.split_last().is_none_or(|(_, rest)| rest.iter().all(|part| part % LANES == 0));
        whole && residual.iter().sum::<usize>() == expected
    }

    /// Rows and columns of the output for an input of `height` by `width`; `None` where nothing is left.
    pub fn output_size(&self, height: usize, width: usize) -> Option<(usize, usize)> {
        let resized = |size: usize| {
            let padded = size.checked_mul(self.scale())? + 2 * self.padding;
            padded.checked_sub(self.kernel - 1).filter(|&size| size > 0)
        };
        Some((resized(height)?, resized(width)?))
    }

    /// Side of the output tiles, in pixels. Row ranges begin on its multiples; where a picture is cut on its multiples,
    /// outputs whose [`Conv::reach`] lies within the cut have the same bits as in the whole picture.
    pub fn alignment(&self) -> usize {
        self.algorithm.tile().0
    }

    /// The input rows (or columns) on which the bits of some output rows (or columns) depend, counted alike from an
    /// edge or a cut; negative ones lie before it.
    ///
    /// That is more than the filter's own reach: in a tile of M outputs from N inputs, the first and the last input only
    /// meet the first and the last output, but all others meet all outputs, with factors that cancel in theory and
    /// leave a rounding error in practice. Through a stack of 3x3 layers it grows by 2 pixels a layer on average.
    pub fn reach(&self, outputs: Range<isize>) -> Range<isize> {
        let (m, n) = self.algorithm.tile();
        let (m, n, padding) = (m as isize, n as isize, self.padding as isize);
        if outputs.is_empty() || m == 1 {
            return outputs;
        }
        let last = outputs.end - 1;
        let after_first = isize::from(outputs.start.rem_euclid(m) != 0);
        let before_last = isize::from(last.rem_euclid(m) != m - 1);
        let first_tile = outputs.start.div_euclid(m) * m;
        let last_tile = last.div_euclid(m) * m;
        self.unscaled(first_tile - padding + after_first..last_tile - padding + n - before_last)
    }

    /// The input rows that rows of the convolved picture come from.
    fn unscaled(&self, rows: Range<isize>) -> Range<isize> {
        let scale = self.scale() as isize;
        rows.start.div_euclid(scale)..(rows.end + scale - 1).div_euclid(scale)
    }

    /// The input rows that the filters cover for some output rows, as [`Conv::reach`] counts them.
    pub fn field(&self, outputs: Range<isize>) -> Range<isize> {
        let (padding, kernel) = (self.padding as isize, self.kernel as isize);
        self.unscaled(outputs.start - padding..outputs.end - padding + kernel - 1)
    }

    /// The input rows that are read to compute some output rows of a picture of `height` rows.
    pub fn needs(&self, rows: &Range<usize>, height: usize) -> Range<usize> {
        let (m, n) = self.algorithm.tile();
        if rows.is_empty() {
            return 0..0;
        }
        let last_tile = (rows.end - 1) / m * m;
        let (first, end) =
            (rows.start.saturating_sub(self.padding), (last_tile + n).saturating_sub(self.padding));
        first / self.scale()..height.min(end.div_ceil(self.scale()))
    }

    /// Bytes of transformed weights: n² / kernel² of the original, i.e. 4 times for 3x3.
    pub fn weight_bytes(&self) -> usize {
        self.layer.weights.bytes() + self.follower.as_ref().map_or(0, |layer| layer.weights.bytes())
    }

    /// Multiply-adds for each output pixel.
    pub fn products(&self) -> f64 {
        let (m, n) = self.algorithm.tile();
        let floats = |layer: &Layer| (layer.weights.bytes() / size_of::<f32>()) as f64;
        let share = 1.0 - f64::from(self.layer.weights.vanishing.count_ones()) / (n * n) as f64;
        share * floats(&self.layer) / (m * m) as f64 + self.follower.as_ref().map_or(0.0, floats)
    }

    /// Bytes of [`Scratch`] that a run needs, whatever the picture's size.
    pub fn scratch_bytes(&self) -> usize {
        match self.algorithm {
            Algorithm::Pointwise => pointwise::scratch_bytes(&self.layer.weights),
            _ => winograd::scratch_bytes(self.algorithm.tile().1, &self.layer, self.follower.as_ref()),
        }
    }

    /// Convolves the whole picture into `output`, planes `[out_height][out_width][16]`. Lanes beyond the last channel
    /// are written with finite values of no meaning.
    ///
    /// # Errors
    /// `Shape` where a number or length of planes does not fit.
    pub fn run(
        &self,
        picture: Picture,
        output: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let height = self.output_size(picture.height, picture.width).map_or(0, |(height, _)| height);
        self.run_rows(picture, 0..height, output, scratch)
    }

    /// Convolves a range of output rows that begins on a multiple of [`Conv::alignment`]; `output` holds those rows
    /// only. The bits do not depend on the ranges.
    ///
    /// # Errors
    /// `Shape` where the range, or a number or length of planes, does not fit.
    pub fn run_rows(
        &self,
        picture: Picture,
        rows: Range<usize>,
        output: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let grid = self.grid(&picture, &rows)?;
        let band = rows.len() * grid.out_width;
        count(picture.planes.len(), self.layer.weights.planes, "input")?;
        count(output.len(), plane_count(self.outputs), "output")?;
        let residuals = if self.has_residual() { plane_count(self.outputs) } else { 0 };
        count(picture.residual.len(), residuals, "residual")?;

        let needed = self.needs(&rows, picture.height);
        let inputs = window(picture.planes, picture.first_row, &needed, picture.width, "input")?;
        let residuals =
            window(picture.residual, picture.first_residual_row, &rows, grid.out_width, "residual")?;
        let grid = Grid { first_row: needed.start * self.scale(), ..grid };
        let mut outputs = output
            .iter_mut()
            .enumerate()
            .map(|(i, plane)| pixels_mut(plane, band, "output", i))
            .collect::<Result<Vec<_>, _>>()?;
        self.dispatch(grid, Planes { inputs: &inputs, residuals: &residuals }, rows, &mut outputs, scratch);
        Ok(())
    }

    fn grid(&self, picture: &Picture, rows: &Range<usize>) -> Result<Grid, Error> {
        let Picture { height, width, .. } = *picture;
        let too_large =
            height.checked_mul(width).and_then(|pixels| pixels.checked_mul(8 * LANES * 4)).is_none();
        let size = self.output_size(height, width).filter(|_| height > 0 && width > 0 && !too_large);
        let Some((out_height, out_width)) = size else {
            return Err(Error::Shape(format!(
                "Expected a picture that a {0}x{0} convolution with padding {1} can take but received {width}x{height}",
                self.kernel, self.padding
            )));
        };
        if rows.start > rows.end || rows.end > out_height || !rows.start.is_multiple_of(self.alignment()) {
            return Err(Error::Shape(format!(
                "Expected output rows within 0..{out_height} from a multiple of {} on but received {rows:?}",
                self.alignment()
            )));
        }
        let (height, width) = (height * self.scale(), width * self.scale());
        Ok(Grid { height, width, out_width, padding: self.padding, first_row: 0, factor: self.scale() })
    }

    fn dispatch<'a>(
        &'a self,
        grid: Grid,
        planes: Planes<'a>,
        rows: Range<usize>,
        outputs: &'a mut [&'a mut [Pixel]],
        scratch: &'a mut Scratch,
    ) {
        let Conv { isa, layer, .. } = self;
        let follower = self.follower.as_ref();
        match self.algorithm {
            Algorithm::Pointwise => isa.run(Pointwise {
                inputs: planes.inputs,
                residuals: planes.residuals,
                layer,
                pixels: 0..rows.len() * grid.out_width,
                outputs,
                scratch,
            }),
            Algorithm::Winograd43 => {
                isa.run(Winograd::<6, 36> { grid, planes, layer, follower, rows, outputs, scratch });
            }
            Algorithm::Winograd45 => {
                isa.run(Winograd::<8, 64> { grid, planes, layer, follower, rows, outputs, scratch });
            }
        }
    }
}

impl Algorithm {
    /// M and N: outputs and inputs along a tile's side.
    fn tile(self) -> (usize, usize) {
        match self {
            Algorithm::Pointwise => (1, 1),
            Algorithm::Winograd43 => (winograd::M, 6),
            Algorithm::Winograd45 => (winograd::M, 8),
        }
    }
}

fn check(isa: Isa, spec: &ConvSpec, weights: usize, bias: usize) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::Spec(message));
    let ConvSpec { inputs, outputs, kernel, padding, enlarged, .. } = spec;
    if !isa.is_available() {
        return wrong(format!("Expected instructions that this machine has but received {}", isa.name()));
    }
    if !matches!(kernel, 1 | 3 | 5) || *padding > kernel / 2 {
        return wrong(format!(
            "Expected a kernel of 1, 3 or 5 and a padding of at most half of it but received {kernel} and {padding}"
        ));
    }
    if *enlarged && (*kernel, *padding) != (3, 1) {
        return wrong(format!(
            "Expected a kernel of 3 and padding of 1 where the picture is enlarged but received {kernel} and {padding}"
        ));
    }
    if inputs.is_empty() || inputs.contains(&0) || *outputs == 0 {
        return wrong(format!(
            "Expected at least one channel in and out but received {inputs:?} and {outputs}"
        ));
    }
    let expected = inputs
        .iter()
        .try_fold(0_usize, |sum, &channels| sum.checked_add(channels))
        .and_then(|channels| channels.checked_mul(*outputs)?.checked_mul(kernel * kernel));
    if expected != Some(weights) || bias != *outputs {
        return wrong(format!(
            "Expected {outputs} filters of {kernel}x{kernel} on {inputs:?} channels and as many biases but received \
             {weights} weights and {bias} biases"
        ));
    }
    Ok(())
}

fn count(found: usize, expected: usize, name: &str) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape(format!("Expected {expected} {name} planes for a convolution but received {found}")))
}

/// The pixels of rows `needed` of each plane, whose first row is `first`.
fn window<'a>(
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
