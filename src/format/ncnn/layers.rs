//! One function per kind of layer. Parameter numbers are those of ncnn's operator documentation.

use super::convolution::{FusedActivation, convolution, deconvolution};
use super::param::Layer;
use super::{Blob, NcnnConverter};
use crate::error::Error;
use crate::graph::{Attribute, Builder, Tensor};

/// "To the end", where ncnn lists the ends of a crop.
const TO_THE_END: i64 = -233;

/// Adds a layer to the network.
pub fn convert(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    match layer.kind.as_str() {
        "Input" => input(layer, net),
        "MemoryData" => memory_data(layer, net),
        "Split" => split(layer, net),
        "Noop" => pass_on(layer, net),
        "Dropout" => dropout(layer, net),
        "Convolution" | "ConvolutionDepthWise" => convolution(layer, net),
        "Deconvolution" | "DeconvolutionDepthWise" => deconvolution(layer, net),
        "PReLU" => prelu(layer, net),
        "ReLU" => relu(layer, net),
        "Clip" => clip(layer, net),
        "Sigmoid" => activation(layer, net, FusedActivation::Sigmoid),
        "Mish" => activation(layer, net, FusedActivation::Mish),
        "HardSigmoid" => hard_sigmoid(layer, net),
        "HardSwish" => hard_swish(layer, net),
        "ELU" => elu(layer, net),
        "TanH" => tanh(layer, net),
        "Swish" => swish(layer, net),
        "BinaryOp" => binary_op(layer, net),
        "Eltwise" => eltwise(layer, net),
        "Concat" => concat(layer, net),
        "PixelShuffle" => pixel_shuffle(layer, net),
        "Interp" => interp(layer, net),
        "Crop" => crop(layer, net),
        "Padding" => padding(layer, net),
        other => Err(layer.error(format!("layers of type {other} are not supported"))),
    }
}

/// The picture. Its declared size is a hint that ncnn itself does not hold to.
fn input(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let [_, _, channels] = [layer.params.int(0, 0)?, layer.params.int(1, 0)?, layer.params.int(2, 0)?];
    if std::mem::replace(&mut net.input_seen, true) {
        return Err(layer.error("a second input; expected one".to_owned()));
    }
    net.input_channels = usize::try_from(channels).ok().filter(|&c| c > 0);
    net.set_top(layer, Builder::INPUT.to_owned(), None)
}

/// A constant: one number per channel, or a whole picture.
fn memory_data(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let params = &mut layer.params;
    let [w, h, d, c] = [params.int(0, 0)?, params.int(1, 0)?, params.int(11, 0)?, params.int(2, 0)?];
    let load_type = params.int(21, 1)?;
    let dims = match [w, h, c].map(|n| usize::try_from(n).ok()) {
        [Some(n), Some(0), Some(0)] if n > 0 && d == 0 => [1, n, 1, 1],
        [Some(w), Some(h), Some(c)] if w > 0 && h > 0 && c > 0 && d == 0 => [1, c, h, w],
        _ => return Err(layer.unsupported(0, "shape w, h, d, c", format!("{:?}", [w, h, d, c]))),
    };
    let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let count = count.ok_or_else(|| layer.error(format!("shape {dims:?} is absurdly large")))?;
    let values = match load_type {
        0 => net.weights.tagged(layer, count)?,
        1 => net.weights.plain(layer, count)?,
        other => return Err(layer.unsupported(21, "load type", other)),
    };
    let name = net.builder.constant(&layer.name, Tensor::floats(&dims, values));
    net.set_top(layer, name, Some(dims[1]))
}

fn split(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    layer.tops.iter().try_for_each(|top| net.set(layer, top, blob.clone()))
}

fn pass_on(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    net.set_top(layer, blob.name, blob.channels)
}

/// At inference ncnn's Dropout is a factor.
fn dropout(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let scale = layer.params.float(0, 1.0)?;
    if scale == 1.0 {
        return pass_on(layer, net);
    }
    let blob = net.bottom(layer)?;
    let factor = scalar(net, layer, scale);
    net.emit(layer, "Mul", &[&blob.name, &factor], vec![], blob.channels)
}

fn prelu(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let count = layer.params.int(0, 0)?;
    let blob = net.bottom(layer)?;
    let count = usize::try_from(count)
        .ok()
        .filter(|&n| n > 0)
        .ok_or_else(|| layer.unsupported(0, "slopes", count))?;
    if count > 1 {
        net.reads_channels(layer, &blob, count)?;
    }
    let slopes = Tensor::floats(&[count, 1, 1], net.weights.plain(layer, count)?);
    let slopes = net.builder.constant(&format!("{}_slopes", layer.name), slopes);
    net.emit(layer, "PRelu", &[&blob.name, &slopes], vec![], blob.channels)
}

fn relu(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    match layer.params.float(0, 0.0)? {
        0.0 => activation(layer, net, FusedActivation::Relu),
        slope => activation(layer, net, FusedActivation::LeakyRelu(slope)),
    }
}

fn clip(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let (low, high) = (layer.params.float(0, f32::MIN)?, layer.params.float(1, f32::MAX)?);
    activation(layer, net, FusedActivation::Clip(low, high))
}

fn hard_sigmoid(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    let (alpha, beta) = (layer.params.float(0, 0.2)?, layer.params.float(1, 0.5)?);
    let slopes = vec![Attribute::float("alpha", alpha), Attribute::float("beta", beta)];
    net.emit(layer, "HardSigmoid", &[&blob.name], slopes, blob.channels)
}

fn elu(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    let alpha = Attribute::float("alpha", layer.params.float(0, 0.1)?);
    net.emit(layer, "Elu", &[&blob.name], vec![alpha], blob.channels)
}

fn hard_swish(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let (alpha, beta) = (layer.params.float(0, 0.2)?, layer.params.float(1, 0.5)?);
    activation(layer, net, FusedActivation::HardSwish(alpha, beta))
}

fn activation(layer: &mut Layer, net: &mut NcnnConverter, activation: FusedActivation) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    let result = activation.emit(layer, net, &blob.name);
    net.set_top(layer, result, blob.channels)
}

fn tanh(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    net.emit(layer, "Tanh", &[&blob.name], vec![], blob.channels)
}

/// x sigmoid(x): as two nodes, which ONNX Runtime joins again; the operator of that name is too new.
fn swish(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let blob = net.bottom(layer)?;
    let gate = net.builder.named_node(&format!("{}_gate", layer.name), "Sigmoid", &[&blob.name], vec![]);
    net.emit(layer, "Mul", &[&blob.name, &gate], vec![], blob.channels)
}

fn scalar(net: &mut NcnnConverter, layer: &Layer, value: f32) -> String {
    net.builder.constant(&format!("{}_value", layer.name), Tensor::floats(&[], vec![value]))
}

fn binary_op(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let op = layer.params.int(0, 0)?;
    let with_scalar = layer.params.int(1, 0)?;
    let value = layer.params.float(2, 0.0)?;
    let (a, b) = if with_scalar != 0 {
        let blob = net.bottom(layer)?;
        let value = Blob { name: scalar(net, layer, value), channels: Some(1) };
        (blob, value)
    } else {
        let [a, b] = <[Blob; 2]>::try_from(net.bottoms(layer)?)
            .map_err(|found| layer.error(format!("expected two inputs, found {}", found.len())))?;
        (a, b)
    };
    let channels = joined_channels(layer, net, &a, &b)?;
    let (op, a, b) = match op {
        0 => ("Add", a, b),
        1 => ("Sub", a, b),
        2 => ("Mul", a, b),
        3 => ("Div", a, b),
        4 => ("Max", a, b),
        5 => ("Min", a, b),
        6 => ("Pow", a, b),
        7 => ("Sub", b, a),
        8 => ("Div", b, a),
        9 => ("Pow", b, a),
        other => return Err(layer.unsupported(0, "operation", other)),
    };
    net.emit(layer, op, &[&a.name, &b.name], vec![], channels)
}

/// The channels of two blobs combined element by element; ncnn stretches the side that has one.
fn joined_channels(layer: &Layer, net: &NcnnConverter, a: &Blob, b: &Blob) -> Result<Option<usize>, Error> {
    let known = |blob: &Blob| blob.channels.or(net.input_channels);
    if let (Some(m), Some(n)) = (known(a), known(b))
        && m != n
        && m != 1
        && n != 1
    {
        return Err(layer.error(format!("inputs of {m} and {n} channels do not fit each other")));
    }
    Ok(match (a.channels, b.channels) {
        (Some(1), channels) | (channels, Some(1)) => channels,
        (Some(channels), Some(_)) => Some(channels),
        _ => None,
    })
}

fn eltwise(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let (op, factors) = (layer.params.int(0, 0)?, layer.params.floats(1)?);
    let blobs = net.bottoms(layer)?;
    let op = match op {
        0 => "Mul",
        1 => "Add",
        2 => "Max",
        other => return Err(layer.unsupported(0, "operation", other)),
    };
    if !factors.is_empty() && (op != "Add" || factors.len() != blobs.len()) {
        return Err(layer.unsupported(
            1,
            "factors",
            format!("{factors:?} for {op} of {} inputs", blobs.len()),
        ));
    }
    let mut terms = Vec::with_capacity(blobs.len());
    for (n, blob) in blobs.iter().enumerate() {
        terms.push(match factors.get(n) {
            None | Some(1.0) => blob.name.clone(),
            Some(&factor) => {
                let factor = scalar(net, layer, factor);
                net.builder.node("Mul", &[&blob.name, &factor], vec![])
            }
        });
    }
    let joined = terms.into_iter().reduce(|a, b| net.builder.named_node(&layer.name, op, &[&a, &b], vec![]));
    net.set_top(layer, joined.unwrap_or_default(), blobs[0].channels)
}

fn concat(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let axis = layer.params.int(0, 0)?;
    let blobs = net.bottoms(layer)?;
    let axis = onnx_axis(axis).ok_or_else(|| layer.unsupported(0, "axis", axis))?;
    let channels = if axis == 1 {
        let known = |blob: &Blob| blob.channels.or(net.input_channels);
        let counts = blobs.iter().map(known).collect::<Option<Vec<_>>>();
        Some(
            counts
                .ok_or_else(|| layer.error("the input's number of channels is not known".to_owned()))?
                .iter()
                .sum(),
        )
    } else {
        blobs[0].channels
    };
    let names: Vec<&str> = blobs.iter().map(|blob| blob.name.as_str()).collect();
    net.emit(layer, "Concat", &names, vec![Attribute::int("axis", axis)], channels)
}

/// ncnn's axes of a picture are channels, height, width, without a batch.
fn onnx_axis(axis: i64) -> Option<i64> {
    match axis {
        0..=2 => Some(axis + 1),
        -3..=-1 => Some(axis + 4),
        _ => None,
    }
}

fn pixel_shuffle(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let (factor, mode) = (layer.params.int(0, 1)?, layer.params.int(1, 0)?);
    let order = match mode {
        0 => "CRD",
        1 => "DCR",
        other => return Err(layer.unsupported(1, "mode", other)),
    };
    let blob = net.bottom(layer)?;
    let block = usize::try_from(factor).ok().filter(|f| (1..=64).contains(f));
    let block = block.ok_or_else(|| layer.unsupported(0, "factor", factor))?;
    let channels = blob.channels.or(net.input_channels).map(|c| c / (block * block));
    let attributes = vec![Attribute::int("blocksize", factor), Attribute::text("mode", order)];
    net.emit(layer, "DepthToSpace", &[&blob.name], attributes, channels)
}

fn interp(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let kind = layer.params.int(0, 0)?;
    let scales = [layer.params.float(1, 1.0)?, layer.params.float(2, 1.0)?];
    for (id, what) in
        [(3, "output height"), (4, "output width"), (5, "size of another blob"), (6, "aligned corners")]
    {
        match layer.params.int(id, 0)? {
            0 => {}
            value => return Err(layer.unsupported(id, what, value)),
        }
    }
    if let Some(bad) = scales.iter().find(|s| !(**s > 0.0 && **s <= 64.0)) {
        return Err(layer.unsupported(1, "scale", bad));
    }
    let attributes = match kind {
        1 => vec![
            Attribute::text("mode", "nearest"),
            Attribute::text("coordinate_transformation_mode", "asymmetric"),
            Attribute::text("nearest_mode", "floor"),
        ],
        2 => vec![
            Attribute::text("mode", "linear"),
            Attribute::text("coordinate_transformation_mode", "half_pixel"),
        ],
        3 => vec![
            Attribute::text("mode", "cubic"),
            Attribute::text("coordinate_transformation_mode", "half_pixel"),
            Attribute::float("cubic_coeff_a", -0.75),
        ],
        other => return Err(layer.unsupported(0, "kind", other)),
    };
    let blob = net.bottom(layer)?;
    let scales = Tensor::floats(&[4], vec![1.0, 1.0, scales[0], scales[1]]);
    let scales = net.builder.constant(&format!("{}_scales", layer.name), scales);
    net.emit(layer, "Resize", &[&blob.name, "", &scales], attributes, blob.channels)
}

fn crop(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let params = &mut layer.params;
    let offsets = [params.int(2, 0)?, params.int(1, 0)?, params.int(0, 0)?];
    let sizes = [params.int(5, 0)?, params.int(4, 0)?, params.int(3, 0)?];
    let after = [params.int(8, 0)?, params.int(7, 0)?, params.int(6, 0)?];
    let (starts, ends, axes) = (params.ints(9)?, params.ints(10)?, params.ints(11)?);
    let depth = [params.int(13, 0)?, params.int(14, 0)?, params.int(15, 0)?];
    let blob = net.bottom(layer)?;
    if depth.iter().any(|&n| n != 0 && n != TO_THE_END) {
        return Err(layer.unsupported(13, "depth", format!("{depth:?}")));
    }
    let (starts, ends, axes) = if starts.is_empty() {
        let bounds = (0..3).map(|n| crop_bounds(layer, offsets[n], sizes[n], after[n]));
        let (starts, ends): (Vec<_>, Vec<_>) = bounds.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        (starts, ends, vec![1, 2, 3])
    } else {
        let axes = if axes.is_empty() { (0..starts.len() as i64).collect() } else { axes };
        let onnx_axes = axes.iter().map(|&a| onnx_axis(a)).collect::<Option<Vec<_>>>();
        let axes = onnx_axes.ok_or_else(|| layer.unsupported(11, "axes", format!("{axes:?}")))?;
        let start = |&n: &i64| if n == TO_THE_END { 0 } else { n };
        let end = |&n: &i64| if n == TO_THE_END || n == 0 { i64::MAX } else { n };
        (starts.iter().map(start).collect(), ends.iter().map(end).collect(), axes)
    };
    let channels = blob.channels.or(net.input_channels).map_or(i64::MAX, |c| c as i64);
    let bounds = axes.iter().zip(starts.iter().zip(&ends));
    if bounds.clone().any(|(&axis, (&start, &end))| axis == 1 && (start != 0 || end < channels)) {
        return Err(layer.error("cropping channels is not supported".to_owned()));
    }
    let lists = [("starts", starts), ("ends", ends), ("axes", axes)];
    let lists = lists
        .map(|(what, list)| net.builder.constant(&format!("{}_{what}", layer.name), Tensor::ints(&list)));
    net.emit(layer, "Slice", &[&blob.name, &lists[0], &lists[1], &lists[2]], vec![], blob.channels)
}

/// Start and end of a crop given as an offset from the start and either a size or an offset from the end.
fn crop_bounds(layer: &Layer, offset: i64, size: i64, after: i64) -> Result<(i64, i64), Error> {
    match (size, after) {
        (TO_THE_END, 0) => Ok((offset, i64::MAX)),
        (TO_THE_END, 1..) => Ok((offset, -after)),
        (1.., 0) => Ok((offset, offset.saturating_add(size))),
        // A size of 0 asks for that of a second input.
        _ => {
            Err(layer
                .error(format!("a crop of size {size} with {after} left out at the end is not supported")))
        }
    }
}

fn padding(layer: &mut Layer, net: &mut NcnnConverter) -> Result<(), Error> {
    let params = &mut layer.params;
    let [top, bottom, left, right] =
        [params.int(0, 0)?, params.int(1, 0)?, params.int(2, 0)?, params.int(3, 0)?];
    let kind = params.int(4, 0)?;
    let value = params.float(5, 0.0)?;
    for (id, what) in [(6, "values per channel"), (7, "front"), (8, "behind")] {
        match layer.params.int(id, 0)? {
            0 => {}
            value => return Err(layer.unsupported(id, what, value)),
        }
    }
    let mode = match kind {
        0 => "constant",
        1 => "edge",
        2 => "reflect",
        other => return Err(layer.unsupported(4, "kind", other)),
    };
    if let Some(negative) = [top, bottom, left, right].iter().find(|&&n| n < 0) {
        return Err(layer.unsupported(0, "padding", negative));
    }
    let blob = net.bottom(layer)?;
    let pads = Tensor::ints(&[0, 0, top, left, 0, 0, bottom, right]);
    let pads = net.builder.constant(&format!("{}_pads", layer.name), pads);
    let value = scalar(net, layer, value);
    net.emit(layer, "Pad", &[&blob.name, &pads, &value], vec![Attribute::text("mode", mode)], blob.channels)
}
