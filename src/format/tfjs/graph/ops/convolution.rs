//! Convolutions, pooling, and what is fused with them. TensorFlow keeps their weights as height, width, channels in,
//! channels out; ONNX as channels out, channels in, height, width.

use super::{NodeCall, layout, pointwise};
use crate::error::Error;
use crate::format::tfjs::graph::emit::{Emitter, axes};
use crate::format::tfjs::graph::fold::{Elements, Known};
use crate::format::tfjs::graph::value::{ChannelLayout, Value};
use crate::graph::Attribute;

/// Where a window goes, in height and width.
struct WindowAttributes {
    kernel: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
}

/// The height and width of a setting that has four numbers, `[1, height, width, 1]`.
fn pair(call: &NodeCall, name: &str) -> Result<[usize; 2], Error> {
    match call.list(name) {
        [] => Ok([1, 1]),
        &[1, h @ 1..=0xffff, w @ 1..=0xffff, 1] => Ok([h as usize, w as usize]),
        other => Err(call.error(format!("{name} {other:?} is not supported"))),
    }
}

impl WindowAttributes {
    fn new(call: &NodeCall, kernel: [usize; 2]) -> Result<WindowAttributes, Error> {
        match call.text("data_format", "NHWC") {
            "NHWC" => Ok(WindowAttributes {
                kernel,
                strides: pair(call, "strides")?,
                dilations: pair(call, "dilations")?,
            }),
            other => Err(call.error(format!("data_format {other} is not supported; expected NHWC"))),
        }
    }

    /// How far the window reaches from its first to its last element, along `axis`.
    fn extent(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilations[axis] + 1
    }

    /// What is added before and after each side of `[height, width]`.
    fn pads(&self, call: &NodeCall, size: [usize; 2]) -> Result<[[usize; 2]; 2], Error> {
        match call.text("padding", "VALID") {
            "VALID" => Ok([[0, 0]; 2]),
            // What is odd goes after.
            "SAME" => Ok([0, 1].map(|axis| {
                let reached = (size[axis].div_ceil(self.strides[axis]).max(1) - 1) * self.strides[axis];
                let total = (reached + self.extent(axis)).saturating_sub(size[axis]);
                [total / 2, total - total / 2]
            })),
            "EXPLICIT" => match *call.list("explicit_paddings") {
                [
                    0,
                    0,
                    top @ 0..=0xffff,
                    bottom @ 0..=0xffff,
                    left @ 0..=0xffff,
                    right @ 0..=0xffff,
                    0,
                    0,
                ] => Ok([[top as usize, bottom as usize], [left as usize, right as usize]]),
                ref other => Err(call.error(format!("explicit_paddings {other:?} are not supported"))),
            },
            other => Err(call.error(format!("padding {other} is not supported"))),
        }
    }

    /// The result's height and width.
    fn result(&self, call: &NodeCall, size: [usize; 2], pads: [[usize; 2]; 2]) -> Result<[usize; 2], Error> {
        let along = |axis: usize| {
            let room = (size[axis] + pads[axis][0] + pads[axis][1]).checked_sub(self.extent(axis));
            room.map(|room| room / self.strides[axis] + 1)
        };
        along(0).zip(along(1)).map(|(h, w)| [h, w]).ok_or_else(|| {
            call.error(format!("a picture of {}x{} is smaller than its window", size[1], size[0]))
        })
    }

    fn attributes(&self, pads: [[usize; 2]; 2], groups: usize) -> Vec<Attribute> {
        vec![
            axes("kernel_shape", &self.kernel),
            axes("strides", &self.strides),
            axes("dilations", &self.dilations),
            axes("pads", &[pads[0][0], pads[1][0], pads[0][1], pads[1][1]]),
            Attribute::int("group", groups as i64),
        ]
    }
}

/// The four axes of a convolution's weights.
fn weights<'a>(call: &'a NodeCall, index: usize) -> Result<(&'a Known, [usize; 4]), Error> {
    let known = call.known(index)?;
    match (<[usize; 4]>::try_from(&known.dims[..]), known.as_floats()) {
        (Ok(dims), Some(_)) if !dims.contains(&0) => Ok((known, dims)),
        _ => Err(call.error(format!("weights of shape {:?}; expected floats of 4 axes", known.dims))),
    }
}

fn misfit(call: &NodeCall, weights: &Known, channels: usize) -> Error {
    call.error(format!("weights of shape {:?} do not fit {channels} channels", weights.dims))
}

pub fn conv(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let [batch, height, width, channels] = call.picture(0)?;
    let (filter, [kh, kw, inputs, filters]) = weights(call, 1)?;
    let groups = channels / inputs;
    if inputs * groups != channels || groups == 0 || filters % groups != 0 {
        return Err(misfit(call, filter, channels));
    }
    let window = WindowAttributes::new(call, [kh, kw])?;
    let pads = window.pads(call, [height, width])?;
    let [h, w] = window.result(call, [height, width], pads)?;
    let dims = vec![batch, h, w, filters];
    let dense = [kh, kw] == [1, 1] && window.strides == [1, 1] && groups == 1 && pads == [[0, 0]; 2];
    let result = if dense && layout(call.input(0)?) == ChannelLayout::Plain {
        // With the channels last already, it is a product of matrices.
        let matrix = call.folded(filter.reshaped(&[inputs, filters]))?;
        let (x, matrix) = (net.plain(call.input(0)?), net.plain(&matrix));
        net.node("MatMul", &[&x, &matrix], vec![], dims, ChannelLayout::Plain)
    } else {
        let filter = call.folded(filter.transposed(&[3, 2, 0, 1]))?;
        let (x, filter) = (net.named(call.input(0)?, ChannelLayout::ChannelsFirst), net.plain(&filter));
        net.node("Conv", &[&x, &filter], window.attributes(pads, groups), dims, ChannelLayout::ChannelsFirst)
    };
    fused(call, net, result)
}

pub fn depthwise(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let [batch, height, width, channels] = call.picture(0)?;
    let (filter, [kh, kw, inputs, multiplier]) = weights(call, 1)?;
    if inputs != channels {
        return Err(misfit(call, filter, channels));
    }
    let window = WindowAttributes::new(call, [kh, kw])?;
    let pads = window.pads(call, [height, width])?;
    let [h, w] = window.result(call, [height, width], pads)?;
    let filters = inputs * multiplier;
    let filter = filter.transposed(&[2, 3, 0, 1]).and_then(|known| known.reshaped(&[filters, 1, kh, kw]));
    let filter = call.folded(filter)?;
    let (x, filter) = (net.named(call.input(0)?, ChannelLayout::ChannelsFirst), net.plain(&filter));
    let attributes = window.attributes(pads, channels);
    let dims = vec![batch, h, w, filters];
    let result = net.node("Conv", &[&x, &filter], attributes, dims, ChannelLayout::ChannelsFirst);
    fused(call, net, result)
}

/// A convolution's gradient, which is what a transposed convolution is: of size (given), weights and picture.
pub fn transposed(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let given = call.sizes(0)?;
    let (filter, [kh, kw, filters, inputs]) = weights(call, 1)?;
    let [batch, height, width, channels] = call.picture(2)?;
    let window = WindowAttributes::new(call, [kh, kw])?;
    let &[_, h, w, found] = &given[..] else {
        return Err(call.error(format!("a result of shape {given:?}; expected 4 axes")));
    };
    let pads = window.pads(call, [h, w])?;
    // It undoes a convolution of the given size, which must lead to the picture's.
    if inputs != channels || found != filters || window.result(call, [h, w], pads)? != [height, width] {
        return Err(call.error(format!(
            "weights of shape {:?} do not make {given:?} of a picture of {width}x{height} with {channels} channels",
            filter.dims
        )));
    }
    let left_over = |axis: usize, size: usize, from: usize| {
        let reached = (from - 1) * window.strides[axis] + window.extent(axis);
        size + pads[axis][0] + pads[axis][1] - reached
    };
    let mut attributes = window.attributes(pads, 1);
    attributes.push(axes("output_padding", &[left_over(0, h, height), left_over(1, w, width)]));
    let filter = call.folded(filter.transposed(&[3, 2, 0, 1]))?;
    let (x, filter) = (net.named(call.input(2)?, ChannelLayout::ChannelsFirst), net.plain(&filter));
    let dims = vec![batch, h, w, filters];
    Ok(net.node("ConvTranspose", &[&x, &filter], attributes, dims, ChannelLayout::ChannelsFirst))
}

/// What tfjs's converter has joined with an operator, in order: a bias, a normalisation, an activation.
pub fn fused(call: &NodeCall, net: &mut Emitter, mut result: Value) -> Result<Value, Error> {
    let mut arguments = call.inputs.iter().skip(2);
    let mut argument = || arguments.next().ok_or_else(|| call.error("an input of what is fused is missing"));
    for name in call.texts("fused_ops") {
        result = match name.as_str() {
            "BiasAdd" => pointwise::plus(call, net, &result, argument()?)?,
            "FusedBatchNorm" => {
                let [scale, offset, mean, variance] = [argument()?, argument()?, argument()?, argument()?];
                normalised(call, net, &result, [scale, offset, mean, variance])?
            }
            "Prelu" => pointwise::prelu(call, net, &result, argument()?)?,
            activation => pointwise::activate(call, net, &result, activation)?,
        };
    }
    Ok(result)
}

pub fn batch_norm(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    if call.node.attributes.contains_key("is_training") && call.flag("is_training") {
        return Err(call.error("it is of a network in training; expected one for inference"));
    }
    let numbers = [call.input(1)?, call.input(2)?, call.input(3)?, call.input(4)?];
    normalised(call, net, call.input(0)?, numbers)
}

/// `(x - mean) / sqrt(variance + epsilon) * scale + offset` as one product and one sum.
fn normalised(call: &NodeCall, net: &mut Emitter, x: &Value, numbers: [&Value; 4]) -> Result<Value, Error> {
    let epsilon = call.float("epsilon", 0.0001);
    let floats = |value: &Value| match value {
        Value::Known(Known { elements: Elements::Floats(values), .. }) => Ok(values.clone()),
        _ => Err(call.error("its scale, offset, mean and variance have to be constants")),
    };
    let [scale, offset, mean, variance] = numbers.map(floats);
    let (scale, offset, mean, variance) = (scale?, offset?, mean?, variance?);
    let channels = scale.len();
    if [&offset, &mean, &variance].iter().any(|values| values.len() != channels) {
        return Err(call.error("its scale, offset, mean and variance are not of one length"));
    }
    let factors: Vec<f32> = scale.iter().zip(&*variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
    let shifts = factors.iter().zip(&*mean).zip(&*offset).map(|((f, m), o)| o - m * f).collect();
    let list =
        |values: Vec<f32>| Value::Known(Known { dims: vec![channels], elements: Elements::floats(values) });
    let scaled = pointwise::times(call, net, x, &list(factors))?;
    pointwise::plus(call, net, &scaled, &list(shifts))
}

pub fn pool(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let [batch, height, width, channels] = call.picture(0)?;
    let window = WindowAttributes::new(call, pair(call, "ksize")?)?;
    let pads = window.pads(call, [height, width])?;
    let [h, w] = window.result(call, [height, width], pads)?;
    let average = call.node.op == "AvgPool";
    let mut attributes = window.attributes(pads, 1);
    attributes.retain(|attribute| !matches!(attribute.name.as_str(), "group" | "dilations"));
    let x = net.named(call.input(0)?, ChannelLayout::ChannelsFirst);
    let op = if average { "AveragePool" } else { "MaxPool" };
    Ok(net.node(op, &[&x], attributes, vec![batch, h, w, channels], ChannelLayout::ChannelsFirst))
}
