//! Convolutions. Keras keeps their weights as height, width, channels in, channels out; ONNX as channels out, channels
//! in, height, width.

use super::activation::activation;
use super::topology::LayerCall;
use super::{LayerOutput, LayersConverter};
use crate::error::Error;
use crate::graph::{Attribute, Tensor};

/// What all convolutions have in common.
struct ConvConfig {
    strides: [usize; 2],
    dilations: [usize; 2],
    bias: bool,
    activation: String,
}

impl ConvConfig {
    fn read(call: &mut LayerCall) -> Result<ConvConfig, Error> {
        let config = &mut call.config;
        config.expect("data_format", "channels_last")?;
        // Both follow from the weights.
        config.take("kernel_size");
        config.take("filters");
        Ok(ConvConfig {
            strides: config.pair("strides", [1, 1])?,
            dilations: config.pair("dilation_rate", [1, 1])?,
            bias: config.flag("use_bias", true)?,
            activation: config.text("activation", "linear")?,
        })
    }
}

/// Takes a layer's padding. TensorFlow's "same" puts the odd pixel at the end.
pub fn auto_pad(call: &mut LayerCall) -> Result<Attribute, Error> {
    match call.config.text("padding", "valid")?.as_str() {
        "same" => Ok(Attribute::text("auto_pad", "SAME_UPPER")),
        "valid" => Ok(Attribute::ints("pads", &[0, 0, 0, 0])),
        other => Err(call.config.unsupported("padding", &other.into())),
    }
}

fn ints(name: &str, [h, w]: [usize; 2]) -> Attribute {
    Attribute::ints(name, &[h as i64, w as i64])
}

/// The pads of a convolution. Written as numbers where they do not depend on the picture's size.
fn pads(call: &mut LayerCall, window: &ConvConfig, kernel: [usize; 2]) -> Result<Attribute, Error> {
    let same = auto_pad(call)?;
    if window.strides != [1, 1] || same.name == "pads" {
        return Ok(same);
    }
    let total = [0, 1].map(|n| ((kernel[n] - 1) * window.dilations[n]) as i64);
    let (top, left) = (total[0] / 2, total[1] / 2);
    Ok(Attribute::ints("pads", &[top, left, total[0] - top, total[1] - left]))
}

pub fn conv(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let window = ConvConfig::read(call)?;
    let groups = call.config.number("groups")?.unwrap_or(1.0);
    let blob = net.input(call)?;
    let kernel = net.weights.take(call, "kernel", 4)?;
    let [kh, kw, channels, filters] = axes(&kernel);
    if groups != 1.0 || channels != blob.channels || kh * kw == 0 {
        let (dims, found) = (&kernel.dims, blob.channels);
        return Err(
            call.error(format!("weights of shape {dims:?} in {groups} groups do not fit {found} channels"))
        );
    }
    let attributes = attributes(call, &window, [kh, kw], 1)?;
    let weights = permuted(&kernel, [3, 2, 0, 1]);
    let result = emit(call, net, "Conv", &blob, weights, attributes, window.bias)?;
    finish(call, net, &window, &result, filters)
}

pub fn depthwise(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let window = ConvConfig::read(call)?;
    call.config.take("depth_multiplier");
    let blob = net.input(call)?;
    let (result, channels) = depthwise_part(call, net, &window, &blob, window.bias)?;
    finish(call, net, &window, &result, channels)
}

/// A depthwise convolution and a 1x1 convolution after it; the bias belongs to the second.
pub fn separable(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let window = ConvConfig::read(call)?;
    call.config.take("depth_multiplier");
    call.config.expect("groups", 1)?;
    let blob = net.input(call)?;
    let (name, channels) = depthwise_part(call, net, &window, &blob, false)?;
    let pointwise = net.weights.take(call, "pointwise_kernel", 4)?;
    let [1, 1, inputs, filters] = axes(&pointwise) else {
        return Err(call.error(format!("pointwise weights of shape {:?}", pointwise.dims)));
    };
    if inputs != channels {
        return Err(
            call.error(format!("pointwise weights for {inputs} channels do not fit {channels} channels"))
        );
    }
    let weights = permuted(&pointwise, [3, 2, 0, 1]);
    let result = emit(call, net, "Conv", &LayerOutput { name, channels }, weights, vec![], window.bias)?;
    finish(call, net, &window, &result, filters)
}

fn depthwise_part(
    call: &mut LayerCall,
    net: &mut LayersConverter,
    window: &ConvConfig,
    blob: &LayerOutput,
    bias: bool,
) -> Result<(String, usize), Error> {
    let kernel = net.weights.take(call, "depthwise_kernel", 4)?;
    let [kh, kw, channels, multiplier] = axes(&kernel);
    if channels != blob.channels || kh * kw * channels == 0 {
        return Err(
            call.error(format!("weights for {channels} channels do not fit {} channels", blob.channels))
        );
    }
    let attributes = attributes(call, window, [kh, kw], channels)?;
    let mut weights = permuted(&kernel, [2, 3, 0, 1]);
    weights.dims = vec![channels * multiplier, 1, kh, kw];
    let result = emit(call, net, "Conv", blob, weights, attributes, bias)?;
    Ok((result, channels * multiplier))
}

pub fn transposed(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let window = ConvConfig::read(call)?;
    let same = auto_pad(call)?.name == "auto_pad";
    if let Some(value) = call.config.take("output_padding") {
        return Err(call.config.unsupported("output_padding", &value));
    }
    if window.dilations != [1, 1] {
        return Err(call.error(format!("dilation {:?} is not supported", window.dilations)));
    }
    let blob = net.input(call)?;
    let kernel = net.weights.take(call, "kernel", 4)?;
    let [kh, kw, filters, channels] = axes(&kernel);
    if channels != blob.channels || kh * kw == 0 {
        return Err(
            call.error(format!("weights for {channels} channels do not fit {} channels", blob.channels))
        );
    }
    // The result of "same" is as large as the input times the stride, "valid" larger by what the kernel sticks out.
    let sizes = [(kh, window.strides[0]), (kw, window.strides[1])];
    let overlap = sizes.map(|(k, s)| if same { k.saturating_sub(s) as i64 } else { 0 });
    let missing = sizes.map(|(k, s)| s.saturating_sub(k));
    let (top, left) = (overlap[0] / 2, overlap[1] / 2);
    let attributes = vec![
        ints("kernel_shape", [kh, kw]),
        ints("strides", window.strides),
        ints("output_padding", missing),
        Attribute::ints("pads", &[top, left, overlap[0] - top, overlap[1] - left]),
    ];
    let weights = permuted(&kernel, [3, 2, 0, 1]);
    let result = emit(call, net, "ConvTranspose", &blob, weights, attributes, window.bias)?;
    finish(call, net, &window, &result, filters)
}

fn attributes(
    call: &mut LayerCall,
    window: &ConvConfig,
    kernel: [usize; 2],
    group: usize,
) -> Result<Vec<Attribute>, Error> {
    Ok(vec![
        ints("kernel_shape", kernel),
        ints("strides", window.strides),
        ints("dilations", window.dilations),
        Attribute::int("group", group as i64),
        pads(call, window, kernel)?,
    ])
}

/// Adds the convolution and returns the name of its result.
fn emit(
    call: &LayerCall,
    net: &mut LayersConverter,
    op: &str,
    blob: &LayerOutput,
    weights: Tensor,
    attributes: Vec<Attribute>,
    bias: bool,
) -> Result<String, Error> {
    let outputs = if op == "Conv" { weights.dims[0] } else { weights.dims[1] };
    let mut inputs = vec![blob.name.clone(), net.builder.constant(&format!("{}/kernel", call.name), weights)];
    if bias {
        let bias = net.weights.take(call, "bias", 1)?;
        if bias.dims != [outputs] {
            return Err(call.error(format!("bias of shape {:?}; expected {outputs} channels", bias.dims)));
        }
        inputs.push(net.builder.constant(&format!("{}/bias", call.name), bias));
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    Ok(net.builder.named_node(&call.name, op, &inputs, attributes))
}

fn finish(
    call: &LayerCall,
    net: &mut LayersConverter,
    window: &ConvConfig,
    result: &str,
    channels: usize,
) -> Result<(), Error> {
    let result = activation(call, net, &window.activation, result)?;
    net.set(call, result, channels);
    Ok(())
}

/// The four axes of a tensor whose rank has been checked.
fn axes(tensor: &Tensor) -> [usize; 4] {
    tensor.dims[..].try_into().unwrap_or_default()
}

/// The tensor with axis `n` of the result being axis `order[n]` of the original.
fn permuted(tensor: &Tensor, order: [usize; 4]) -> Tensor {
    let dims = axes(tensor);
    let values = tensor.as_floats().unwrap_or_default();
    let steps = [dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1];
    let [a, b, c, d] = order.map(|axis| (dims[axis], steps[axis]));
    let mut result = Vec::with_capacity(values.len());
    for i in 0..a.0 {
        for j in 0..b.0 {
            for k in 0..c.0 {
                let start = i * a.1 + j * b.1 + k * c.1;
                result.extend((0..d.0).map(|l| values[start + l * d.1]));
            }
        }
    }
    Tensor::floats(&order.map(|axis| dims[axis]), result)
}
