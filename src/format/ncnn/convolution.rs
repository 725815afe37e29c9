//! Convolution, ConvolutionDepthWise, Deconvolution, DeconvolutionDepthWise and the activation fused into them.

use super::param::Layer;
use super::{Blob, NcnnConverter};
use crate::error::Error;
use crate::graph::{Attribute, Tensor};

/// ncnn's special pads: what TensorFlow calls "same", the odd pixel at the end or at the start.
const PAD_SAME_UPPER: i64 = -233;
const PAD_SAME_LOWER: i64 = -234;

/// What convolutions and deconvolutions have in common.
struct ConvParams {
    outputs: usize,
    kernel: [i64; 2],
    dilation: [i64; 2],
    stride: [i64; 2],
    /// top, left, bottom, right
    pads: [i64; 4],
    group: usize,
    weight_count: usize,
    has_bias: bool,
    activation: FusedActivation,
}

impl ConvParams {
    fn read(layer: &mut Layer) -> Result<ConvParams, Error> {
        let activation = FusedActivation::read(layer)?;
        let grouped = layer.kind.ends_with("DepthWise");
        let params = &mut layer.params;
        let outputs = params.int(0, 0)?;
        let kernel_w = params.int(1, 0)?;
        let kernel = [params.int(11, kernel_w)?, kernel_w];
        let dilation_w = params.int(2, 1)?;
        let dilation = [params.int(12, dilation_w)?, dilation_w];
        let stride_w = params.int(3, 1)?;
        let stride = [params.int(13, stride_w)?, stride_w];
        let left = params.int(4, 0)?;
        let right = params.int(15, left)?;
        let top = params.int(14, left)?;
        let bottom = params.int(16, top)?;
        let has_bias = params.int(5, 0)?;
        let weight_count = params.int(6, 0)?;
        let group = if grouped { params.int(7, 1)? } else { 1 };
        let sizes = [&kernel[..], &dilation, &stride, &[outputs, weight_count, group]].concat();
        if let Some(bad) = sizes.iter().find(|n| !(1..=i64::from(i32::MAX)).contains(n)) {
            return Err(layer.error(format!("a size of {bad} among {sizes:?}; expected positive numbers")));
        }
        let per_filter =
            outputs.checked_mul(kernel[0]).and_then(|n| n.checked_mul(kernel[1])).unwrap_or(i64::MAX);
        if weight_count % per_filter != 0 || outputs % group != 0 {
            return Err(layer.error(format!(
                "{weight_count} weights are no whole number of {}x{} filters for {outputs} outputs in {group} groups",
                kernel[0], kernel[1]
            )));
        }
        let pads = [top, left, bottom, right];
        let (outputs, group, weight_count) = (outputs as usize, group as usize, weight_count as usize);
        Ok(ConvParams {
            outputs,
            kernel,
            dilation,
            stride,
            pads,
            group,
            weight_count,
            has_bias: has_bias != 0,
            activation,
        })
    }

    fn taps(&self) -> usize {
        (self.kernel[0] * self.kernel[1]) as usize
    }

    /// Input channels of one group.
    fn channels_per_group(&self) -> usize {
        self.weight_count / self.taps() / self.outputs
    }

    fn attributes(&self, layer: &Layer) -> Result<Vec<Attribute>, Error> {
        let pads = match self.pads {
            [PAD_SAME_UPPER, PAD_SAME_UPPER, PAD_SAME_UPPER, PAD_SAME_UPPER] => {
                Attribute::text("auto_pad", "SAME_UPPER")
            }
            [PAD_SAME_LOWER, PAD_SAME_LOWER, PAD_SAME_LOWER, PAD_SAME_LOWER] => {
                Attribute::text("auto_pad", "SAME_LOWER")
            }
            pads if pads.iter().all(|p| (0..=i64::from(i32::MAX)).contains(p)) => {
                Attribute::ints("pads", &pads)
            }
            pads => return Err(layer.unsupported(4, "pads", format!("{pads:?}"))),
        };
        Ok(vec![
            Attribute::ints("kernel_shape", &self.kernel),
            Attribute::ints("dilations", &self.dilation),
            Attribute::ints("strides", &self.stride),
            Attribute::int("group", self.group as i64),
            pads,
        ])
    }

    fn dims(&self, first: usize, second: usize) -> [usize; 4] {
        [first, second, self.kernel[0] as usize, self.kernel[1] as usize]
    }
}

/// Convolution and ConvolutionDepthWise.
pub fn convolution(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let window = ConvParams::read(layer)?;
    let pad_value = layer.params.float(18, 0.0)?;
    if pad_value != 0.0 {
        return Err(layer.unsupported(18, "pad value", pad_value));
    }
    refuse(layer, 8, "int8 scales")?;
    refuse(layer, 19, "dynamic weights")?;
    let input = net.bottom(layer)?;
    let per_group = window.channels_per_group();
    net.reads_channels(layer, &input, per_group * window.group)?;
    let filters = net.weights.tagged(layer, window.weight_count)?;
    let weights = Tensor::floats(&window.dims(window.outputs, per_group), filters);
    let attributes = window.attributes(layer)?;
    emit(layer, net, "Conv", &window, &input, weights, attributes)
}

/// Deconvolution and DeconvolutionDepthWise.
pub fn deconvolution(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let window = ConvParams::read(layer)?;
    let output_pad = layer.params.int(18, 0)?;
    let output_pads = [layer.params.int(19, output_pad)?, output_pad];
    refuse(layer, 20, "output width")?;
    refuse(layer, 21, "output height")?;
    refuse(layer, 28, "dynamic weights")?;
    let input = net.bottom(layer)?;
    let per_group = window.channels_per_group();
    net.reads_channels(layer, &input, per_group * window.group)?;
    if window.pads.iter().any(|&p| p < 0) || output_pads.iter().any(|&p| p < 0) {
        return Err(layer.unsupported(4, "pads", format!("{:?}", window.pads)));
    }
    let filters = net.weights.tagged(layer, window.weight_count)?;
    let weights = swap_channels(&filters, &window);
    let mut attributes = window.attributes(layer)?;
    attributes.push(Attribute::ints("output_padding", &output_pads));
    emit(layer, net, "ConvTranspose", &window, &input, weights, attributes)
}

/// ncnn has the output channels first, ONNX's ConvTranspose the input channels; both within each group.
fn swap_channels(filters: &[f32], window: &ConvParams) -> Tensor {
    let (taps, inputs) = (window.taps(), window.channels_per_group());
    let outputs = window.outputs / window.group;
    let mut swapped = Vec::with_capacity(filters.len());
    for group in filters.chunks(outputs * inputs * taps) {
        for input in 0..inputs {
            for output in 0..outputs {
                let start = (output * inputs + input) * taps;
                swapped.extend_from_slice(&group[start..start + taps]);
            }
        }
    }
    Tensor::floats(&window.dims(inputs * window.group, outputs), swapped)
}

/// Refuses a parameter that is given and not zero.
fn refuse(layer: &mut Layer, id: i64, what: &str) -> Result<(), Error> {
    match layer.params.int(id, 0)? {
        0 => Ok(()),
        value => Err(layer.unsupported(id, what, value)),
    }
}

/// Adds the node, its bias and activation.
fn emit(
    layer: &Layer,
    net: &mut NcnnConverter,
    op: &str,
    window: &ConvParams,
    input: &Blob,
    weights: Tensor,
    attributes: Vec<Attribute>,
) -> Result<(), Error> {
    let mut inputs =
        vec![input.name.clone(), net.builder.constant(&format!("{}_weights", layer.name), weights)];
    if window.has_bias {
        let bias = Tensor::floats(&[window.outputs], net.weights.plain(layer, window.outputs)?);
        inputs.push(net.builder.constant(&format!("{}_bias", layer.name), bias));
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let result = net.builder.named_node(&layer.name, op, &inputs, attributes);
    let result = window.activation.emit(layer, net, &result);
    net.set_top(layer, result, Some(window.outputs))
}

/// What is applied to each element after a convolution (parameters 9 and 10).
pub enum FusedActivation {
    None,
    Relu,
    LeakyRelu(f32),
    Clip(f32, f32),
    Sigmoid,
    Mish,
    HardSwish(f32, f32),
}

impl FusedActivation {
    fn read(layer: &mut Layer) -> Result<FusedActivation, Error> {
        let (kind, values) = (layer.params.int(9, 0)?, layer.params.floats(10)?);
        match (kind, &values[..]) {
            (0, _) => Ok(FusedActivation::None),
            (1, _) => Ok(FusedActivation::Relu),
            (2, &[slope]) => Ok(FusedActivation::LeakyRelu(slope)),
            (3, &[low, high]) => Ok(FusedActivation::Clip(low, high)),
            (4, _) => Ok(FusedActivation::Sigmoid),
            (5, _) => Ok(FusedActivation::Mish),
            (6, &[alpha, beta]) => Ok(FusedActivation::HardSwish(alpha, beta)),
            _ => Err(layer.unsupported(9, "activation", format!("{kind} with {values:?}"))),
        }
    }

    /// Adds the nodes and returns the name of their result.
    pub fn emit(&self, layer: &Layer, net: &mut NcnnConverter, input: &str) -> String {
        let hint = format!("{}_activation", layer.name);
        let builder = &mut net.builder;
        match *self {
            FusedActivation::None => input.to_owned(),
            FusedActivation::Relu => builder.named_node(&hint, "Relu", &[input], vec![]),
            FusedActivation::LeakyRelu(slope) => {
                builder.named_node(&hint, "LeakyRelu", &[input], vec![Attribute::float("alpha", slope)])
            }
            FusedActivation::Clip(low, high) => {
                let low = builder.constant(&format!("{hint}_low"), Tensor::floats(&[], vec![low]));
                let high = builder.constant(&format!("{hint}_high"), Tensor::floats(&[], vec![high]));
                builder.named_node(&hint, "Clip", &[input, &low, &high], vec![])
            }
            FusedActivation::Sigmoid => builder.named_node(&hint, "Sigmoid", &[input], vec![]),
            FusedActivation::Mish => {
                let soft = builder.node("Softplus", &[input], vec![]);
                let gate = builder.node("Tanh", &[&soft], vec![]);
                builder.named_node(&hint, "Mul", &[input, &gate], vec![])
            }
            FusedActivation::HardSwish(alpha, beta) => {
                let slopes = vec![Attribute::float("alpha", alpha), Attribute::float("beta", beta)];
                let gate = builder.node("HardSigmoid", &[input], slopes);
                builder.named_node(&hint, "Mul", &[input, &gate], vec![])
            }
        }
    }
}
