//! The public interface: a convolution prepared once, run on any picture.

mod activations;
mod geometry;

use std::ops::Range;

use crate::Error;
use crate::epilogue::Epilogue;
use crate::isa::Isa;
use crate::lanes::LANES;
use crate::layer::PackedLayer;
use crate::layout::{Pixel, pixels_mut, plane_count};
use crate::pointwise::{self, Pointwise};
use crate::scratch::Scratch;
use crate::winograd::{self, InputPlanes, TileGrid, Winograd, upsample};
pub use activations::Activations;
use activations::{check_count, window};

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
    /// Whether a nearest-neighbour upsample by two comes first; for a kernel of 3 with padding.
    pub upsample: bool,
    /// What is applied to the result before it is stored.
    pub epilogue: Epilogue,
}

/// A convolution with its weights transformed. Immutable: share it between threads and sessions.
pub struct Conv {
    isa: Isa,
    inputs: Vec<usize>,
    algorithm: Algorithm,
    kernel: usize,
    padding: usize,
    upsample: bool,
    outputs: usize,
    layer: PackedLayer,
    /// A 1x1 convolution of the result.
    fused: Option<PackedLayer>,
}

#[derive(Clone, Copy)]
enum Algorithm {
    Pointwise,
    /// F(4x4, 3x3).
    Winograd43,
    /// F(4x4, 5x5).
    Winograd45,
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
        let ConvSpec { kernel, padding, upsample, outputs, .. } = *spec;
        if upsample {
            weights.zero_coefficients = upsample::zero_coefficient_mask(algorithm.tile().1);
        }
        let inputs = spec.inputs.clone();
        let layer = PackedLayer::new(weights, bias, &spec.epilogue)?;
        Ok(Conv { isa, inputs, algorithm, kernel, padding, upsample, outputs, layer, fused: None })
    }

    /// This convolution and a 1x1 convolution of its result in one, which is then never stored: weights
    /// `[outputs][inputs]`, one bias per output. The bits are those of the two, one after the other.
    ///
    /// # Errors
    /// `Spec` where this one is 1x1 itself, has a residual or a fused convolution already, or the lengths do not fit.
    pub fn fuse_pointwise(self, epilogue: &Epilogue, weights: &[f32], bias: &[f32]) -> Result<Conv, Error> {
        let one = self.kernel > 1 && !self.has_residual() && self.fused.is_none();
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
        Ok(Conv { outputs: bias.len(), fused: Some(PackedLayer::new(weights, bias, epilogue)?), ..self })
    }

    /// The layer whose result is stored.
    fn last(&self) -> &PackedLayer {
        self.fused.as_ref().unwrap_or(&self.layer)
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
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

    /// Bytes of transformed weights: n² / kernel² of the original, i.e. 4 times for 3x3.
    pub fn weight_bytes(&self) -> usize {
        self.layer.weights.bytes() + self.fused.as_ref().map_or(0, |layer| layer.weights.bytes())
    }

    /// Multiply-adds for each output pixel.
    pub fn multiply_adds(&self) -> f64 {
        let (m, n) = self.algorithm.tile();
        let floats = |layer: &PackedLayer| (layer.weights.bytes() / size_of::<f32>()) as f64;
        let share = 1.0 - f64::from(self.layer.weights.zero_coefficients.count_ones()) / (n * n) as f64;
        share * floats(&self.layer) / (m * m) as f64 + self.fused.as_ref().map_or(0.0, floats)
    }

    /// Bytes of [`Scratch`] that a run needs, whatever the picture's size.
    pub fn scratch_bytes(&self) -> usize {
        match self.algorithm {
            Algorithm::Pointwise => pointwise::scratch_bytes(&self.layer.weights),
            _ => winograd::scratch_bytes(self.algorithm.tile().1, &self.layer, self.fused.as_ref()),
        }
    }

    /// Convolves the whole picture into `output`, planes `[out_height][out_width][16]`. Lanes beyond the last channel
    /// are written with undefined, finite values.
    ///
    /// # Errors
    /// `Shape` where a number or length of planes does not fit.
    pub fn run(
        &self,
        picture: Activations,
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
        picture: Activations,
        rows: Range<usize>,
        output: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let grid = self.grid(&picture, &rows)?;
        let band = rows.len() * grid.out_width;
        check_count(picture.planes.len(), self.layer.weights.planes, "input")?;
        check_count(output.len(), plane_count(self.outputs), "output")?;
        let residuals = if self.has_residual() { plane_count(self.outputs) } else { 0 };
        check_count(picture.residual.len(), residuals, "residual")?;

        let needed = self.input_rows(&rows, picture.height);
        let inputs = window(picture.planes, picture.first_row, &needed, picture.width, "input")?;
        let residuals =
            window(picture.residual, picture.first_residual_row, &rows, grid.out_width, "residual")?;
        let grid = TileGrid { first_row: needed.start * self.scale(), ..grid };
        let mut outputs = output
            .iter_mut()
            .enumerate()
            .map(|(i, plane)| pixels_mut(plane, band, "output", i))
            .collect::<Result<Vec<_>, _>>()?;
        self.dispatch(
            grid,
            InputPlanes { inputs: &inputs, residuals: &residuals },
            rows,
            &mut outputs,
            scratch,
        );
        Ok(())
    }

    fn grid(&self, picture: &Activations, rows: &Range<usize>) -> Result<TileGrid, Error> {
        let Activations { height, width, .. } = *picture;
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
        Ok(TileGrid { height, width, out_width, padding: self.padding, first_row: 0, upsample: self.scale() })
    }

    fn dispatch<'a>(
        &'a self,
        grid: TileGrid,
        planes: InputPlanes<'a>,
        rows: Range<usize>,
        outputs: &'a mut [&'a mut [Pixel]],
        scratch: &'a mut Scratch,
    ) {
        let Conv { isa, layer, .. } = self;
        let fused = self.fused.as_ref();
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
                isa.run(Winograd::<6, 36> { grid, planes, layer, fused, rows, outputs, scratch });
            }
            Algorithm::Winograd45 => {
                isa.run(Winograd::<8, 64> { grid, planes, layer, fused, rows, outputs, scratch });
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
    let ConvSpec { inputs, outputs, kernel, padding, upsample, .. } = spec;
    if !isa.is_available() {
        return wrong(format!("Expected instructions that this machine has but received {}", isa.name()));
    }
    if !matches!(kernel, 1 | 3 | 5) || *padding > kernel / 2 {
        return wrong(format!(
            "Expected a kernel of 1, 3 or 5 and a padding of at most half of it but received {kernel} and {padding}"
        ));
    }
    if *upsample && (*kernel, *padding) != (3, 1) {
        return wrong(format!(
            "Expected a kernel of 3 and padding of 1 behind an upsample but received {kernel} and {padding}"
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
