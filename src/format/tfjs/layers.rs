//! One function per kind of layer, after Keras' documentation as TensorFlow.js implements it.

use serde_json::Value;

use super::activation::{activation, clip};
use super::topology::LayerCall;
use super::{LayersConverter, convolution};
use crate::error::Error;
use crate::graph::{Attribute, Builder, Tensor};

/// The factor of UpscalerJS's MultiplyBeta (residual scaling in its RRDN networks).
const BETA: f64 = 0.2;

/// Adds a call of a layer to the network.
pub fn convert(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    match call.class.clone().as_str() {
        "InputLayer" => input(call, net),
        "Conv2D" => convolution::conv(call, net),
        "DepthwiseConv2D" => convolution::depthwise(call, net),
        "SeparableConv2D" => convolution::separable(call, net),
        "Conv2DTranspose" => convolution::transposed(call, net),
        "Activation" => activation_layer(call, net),
        "ReLU" => relu(call, net),
        "LeakyReLU" => leaky_relu(call, net),
        "PReLU" => prelu(call, net),
        "ELU" => {
            call.config.expect("alpha", 1.0)?;
            unary(call, net, "Elu", vec![])
        }
        "Add" => joined(call, net, "Add"),
        "Subtract" => joined(call, net, "Sub"),
        "Multiply" => joined(call, net, "Mul"),
        "Maximum" => joined(call, net, "Max"),
        "Minimum" => joined(call, net, "Min"),
        "Average" => joined(call, net, "Mean"),
        "Concatenate" => concatenate(call, net),
        "UpSampling2D" => up_sampling(call, net),
        "ZeroPadding2D" => zero_padding(call, net),
        "Cropping2D" => cropping(call, net),
        "MaxPooling2D" => pooling(call, net, "MaxPool"),
        "AveragePooling2D" => pooling(call, net, "AveragePool"),
        "BatchNormalization" => batch_normalization(call, net),
        "Rescaling" => rescaling(call, net),
        "Dropout" | "SpatialDropout2D" | "AlphaDropout" => {
            call.config.number("rate")?;
            call.config.take("noise_shape");
            pass_on(call, net)
        }
        "GaussianNoise" | "GaussianDropout" => {
            call.config.take("stddev");
            call.config.take("rate");
            pass_on(call, net)
        }
        "MultiplyBeta" => multiply_beta(call, net),
        "PixelShuffle2x" => pixel_shuffle(call, net, 2),
        "PixelShuffle3x" => pixel_shuffle(call, net, 3),
        "PixelShuffle4x" => pixel_shuffle(call, net, 4),
        "PixelShuffle8x" => pixel_shuffle(call, net, 8),
        other => Err(Error::ModelLoad(format!(
            "layer \"{}\": layers of class {other} are not supported",
            call.name
        ))),
    }
}

fn input(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let config = &mut call.config;
    config.expect("sparse", false)?;
    config.expect("ragged", false)?;
    let shape = config.take("batch_input_shape").or_else(|| config.take("batch_shape")).unwrap_or_default();
    let dims = shape.as_array().map(|dims| dims.iter().map(Value::as_u64).collect::<Vec<_>>());
    let Some(&[_, height, width, Some(channels)]) = dims.as_deref() else {
        return Err(config.unsupported("batch_input_shape", &shape));
    };
    let size = match (height, width) {
        (None, None) => None,
        (Some(h), Some(w)) if h > 0 && w > 0 => Some((h as usize, w as usize)),
        _ => return Err(config.unsupported("batch_input_shape", &shape)),
    };
    if net.input.replace((channels as usize, size)).is_some() {
        return Err(call.error("a second input; expected one".to_owned()));
    }
    net.set(call, Builder::INPUT.to_owned(), channels as usize);
    Ok(())
}

fn pass_on(call: &LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let blob = net.input(call)?;
    net.set(call, blob.name, blob.channels);
    Ok(())
}

fn unary(
    call: &LayerCall,
    net: &mut LayersConverter,
    op: &str,
    attributes: Vec<Attribute>,
) -> Result<(), Error> {
    let blob = net.input(call)?;
    net.emit(call, op, &[&blob.name], attributes, blob.channels);
    Ok(())
}

fn activation_layer(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let kind = call.config.text("activation", "linear")?;
    let blob = net.input(call)?;
    let result = activation(call, net, &kind, &blob.name)?;
    net.set(call, result, blob.channels);
    Ok(())
}

fn relu(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    call.config.expect("negative_slope", 0.0)?;
    call.config.expect("threshold", 0.0)?;
    match call.config.number("max_value")? {
        None => unary(call, net, "Relu", vec![]),
        Some(high) => {
            let blob = net.input(call)?;
            let result = clip(net, &call.name, &blob.name, 0.0, high as f32);
            net.set(call, result, blob.channels);
            Ok(())
        }
    }
}

fn leaky_relu(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    // Keras 3 has another name for it; 0.3 is the default of both.
    let slope = call.config.number("alpha")?.or(call.config.number("negative_slope")?).unwrap_or(0.3);
    unary(call, net, "LeakyRelu", vec![Attribute::float("alpha", slope as f32)])
}

fn prelu(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    call.config.take("shared_axes");
    let blob = net.input(call)?;
    let alpha = net.weights.take(call, "alpha", 3)?;
    match (&alpha.dims[..], alpha.as_floats()) {
        (&[1, 1, c], Some(slopes)) if c == blob.channels || c == 1 => {
            let slopes = Tensor::floats(&[c, 1, 1], slopes.to_vec());
            let slopes = net.builder.constant(&format!("{}_slopes", call.name), slopes);
            net.emit(call, "PRelu", &[&blob.name, &slopes], vec![], blob.channels);
            Ok(())
        }
        (dims, _) => Err(call.error(format!("slopes of shape {dims:?}; expected shared_axes [1, 2]"))),
    }
}

fn joined(call: &LayerCall, net: &mut LayersConverter, op: &str) -> Result<(), Error> {
    let blobs = net.inputs(call)?;
    if blobs.len() < 2 {
        return Err(call.error(format!("expected two inputs or more, found {}", blobs.len())));
    }
    let channels = blobs.iter().map(|blob| blob.channels).max().unwrap_or_default();
    let names: Vec<&str> = blobs.iter().map(|blob| blob.name.as_str()).collect();
    if op == "Mean" || names.len() == 2 {
        net.emit(call, op, &names, vec![], channels);
        return Ok(());
    }
    let mut result = names[0].to_owned();
    for name in &names[1..] {
        result = net.builder.named_node(&call.name, op, &[&result, name], vec![]);
    }
    net.set(call, result, channels);
    Ok(())
}

fn concatenate(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let axis = call.config.take("axis").unwrap_or(Value::from(-1));
    let blobs = net.inputs(call)?;
    let (axis, channels) = match axis.as_i64() {
        Some(3 | -1) => (1, blobs.iter().map(|blob| blob.channels).sum()),
        Some(1 | -3) => (2, blobs.first().map_or(0, |blob| blob.channels)),
        Some(2 | -2) => (3, blobs.first().map_or(0, |blob| blob.channels)),
        _ => return Err(call.config.unsupported("axis", &axis)),
    };
    let names: Vec<&str> = blobs.iter().map(|blob| blob.name.as_str()).collect();
    net.emit(call, "Concat", &names, vec![Attribute::int("axis", axis)], channels);
    Ok(())
}

fn up_sampling(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    call.config.expect("data_format", "channels_last")?;
    let [h, w] = call.config.pair("size", [2, 2])?;
    let mode = match call.config.text("interpolation", "nearest")?.as_str() {
        "nearest" => vec![Attribute::text("mode", "nearest"), Attribute::text("nearest_mode", "floor")],
        "bilinear" => vec![Attribute::text("mode", "linear")],
        other => return Err(call.config.unsupported("interpolation", &other.into())),
    };
    // TensorFlow.js resizes without half-pixel centres, unlike Keras on TensorFlow.
    let coordinates = Attribute::text("coordinate_transformation_mode", "asymmetric");
    let blob = net.input(call)?;
    let scales = Tensor::floats(&[4], vec![1.0, 1.0, h as f32, w as f32]);
    let scales = net.builder.constant(&format!("{}_scales", call.name), scales);
    let attributes = mode.into_iter().chain([coordinates]).collect();
    net.emit(call, "Resize", &[&blob.name, "", &scales], attributes, blob.channels);
    Ok(())
}

/// Takes what is padded or cropped: `[[top, bottom], [left, right]]`, `[rows, columns]`, or one number for all.
fn borders(call: &mut LayerCall, key: &str) -> Result<[i64; 4], Error> {
    let value = call.config.take(key).unwrap_or_default();
    let size = |value: &Value| value.as_u64().filter(|&n| n <= 1 << 16).map(|n| n as i64);
    let side = |value: &Value| match value {
        Value::Array(ends) => match &ends[..] {
            [a, b] => size(a).zip(size(b)),
            _ => None,
        },
        one => size(one).map(|n| (n, n)),
    };
    let sides = match &value {
        Value::Array(sides) => match &sides[..] {
            [rows, columns] => side(rows).zip(side(columns)),
            _ => None,
        },
        one => side(one).map(|ends| (ends, ends)),
    };
    let ((top, bottom), (left, right)) = sides.ok_or_else(|| call.config.unsupported(key, &value))?;
    Ok([top, bottom, left, right])
}

fn zero_padding(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    call.config.expect("data_format", "channels_last")?;
    let [top, bottom, left, right] = borders(call, "padding")?;
    let blob = net.input(call)?;
    let pads = Tensor::ints(&[0, 0, top, left, 0, 0, bottom, right]);
    let pads = net.builder.constant(&format!("{}_pads", call.name), pads);
    net.emit(call, "Pad", &[&blob.name, &pads], vec![], blob.channels);
    Ok(())
}

fn cropping(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    call.config.expect("data_format", "channels_last")?;
    let [top, bottom, left, right] = borders(call, "cropping")?;
    let blob = net.input(call)?;
    let end = |cut: i64| if cut == 0 { i64::MAX } else { -cut };
    let lists = [("starts", [top, left]), ("ends", [end(bottom), end(right)]), ("axes", [2, 3])];
    let lists =
        lists.map(|(what, list)| net.builder.constant(&format!("{}_{what}", call.name), Tensor::ints(&list)));
    net.emit(call, "Slice", &[&blob.name, &lists[0], &lists[1], &lists[2]], vec![], blob.channels);
    Ok(())
}

fn pooling(call: &mut LayerCall, net: &mut LayersConverter, op: &str) -> Result<(), Error> {
    call.config.expect("data_format", "channels_last")?;
    let pool = call.config.pair("pool_size", [2, 2])?;
    let strides = call.config.pair("strides", pool)?;
    let ints = |name, [h, w]: [usize; 2]| Attribute::ints(name, &[h as i64, w as i64]);
    let padding = convolution::auto_pad(call)?;
    unary(call, net, op, vec![ints("kernel_shape", pool), ints("strides", strides), padding])
}

/// As trained: a factor and an offset per channel.
fn batch_normalization(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let config = &mut call.config;
    let axis = config.take("axis").unwrap_or(Value::from(-1));
    let axis = axis.as_array().and_then(|axes| axes.first()).unwrap_or(&axis);
    if !matches!(axis.as_i64(), Some(3 | -1)) {
        return Err(config.unsupported("axis", axis));
    }
    config.take("momentum");
    let epsilon = config.number("epsilon")?.unwrap_or(1e-3);
    let (center, scale) = (config.flag("center", true)?, config.flag("scale", true)?);
    let blob = net.input(call)?;
    let weight = |what: &str| -> Result<Vec<f32>, Error> {
        let tensor = net.weights.take(call, what, 1)?;
        match tensor.as_floats() {
            Some(values) if values.len() == blob.channels => Ok(values.to_vec()),
            _ => {
                Err(call
                    .error(format!("{what} of shape {:?}; expected {} channels", tensor.dims, blob.channels)))
            }
        }
    };
    let (mean, variance) = (weight("moving_mean")?, weight("moving_variance")?);
    let gamma = if scale { weight("gamma")? } else { vec![1.0; blob.channels] };
    let beta = if center { weight("beta")? } else { vec![0.0; blob.channels] };
    let factors: Vec<f32> = gamma
        .iter()
        .zip(&variance)
        .map(|(&g, &v)| (f64::from(g) / (f64::from(v) + epsilon).sqrt()) as f32)
        .collect();
    let offsets: Vec<f32> = factors.iter().zip(&mean).zip(&beta).map(|((a, m), b)| b - a * m).collect();
    affine(call, net, blob, [factors, offsets].map(|values| Tensor::floats(&[values.len(), 1, 1], values)));
    Ok(())
}

fn rescaling(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    let scale = call.config.number("scale")?.unwrap_or(1.0);
    let offset = call.config.number("offset")?.unwrap_or(0.0);
    let blob = net.input(call)?;
    affine(call, net, blob, [scale, offset].map(|value| Tensor::floats(&[], vec![value as f32])));
    Ok(())
}

fn affine(
    call: &LayerCall,
    net: &mut LayersConverter,
    blob: super::LayerOutput,
    [factors, offsets]: [Tensor; 2],
) {
    let factors = net.builder.constant(&format!("{}_factors", call.name), factors);
    let offsets = net.builder.constant(&format!("{}_offsets", call.name), offsets);
    let scaled =
        net.builder.named_node(&format!("{}_scaled", call.name), "Mul", &[&blob.name, &factors], vec![]);
    net.emit(call, "Add", &[&scaled, &offsets], vec![], blob.channels);
}

fn multiply_beta(call: &mut LayerCall, net: &mut LayersConverter) -> Result<(), Error> {
    call.config.expect("beta", BETA)?;
    let blob = net.input(call)?;
    let beta = net.builder.constant(&format!("{}_beta", call.name), Tensor::floats(&[], vec![BETA as f32]));
    net.emit(call, "Mul", &[&blob.name, &beta], vec![], blob.channels);
    Ok(())
}

fn pixel_shuffle(call: &mut LayerCall, net: &mut LayersConverter, factor: usize) -> Result<(), Error> {
    call.config.expect("scale", factor as u64)?;
    let blob = net.input(call)?;
    // TensorFlow's depthToSpace has the block's place in the slow part of the channel, as ONNX's default has.
    let attributes = vec![Attribute::int("blocksize", factor as i64)];
    net.emit(call, "DepthToSpace", &[&blob.name], attributes, blob.channels / (factor * factor));
    Ok(())
}
