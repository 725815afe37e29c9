//! Runs a graph element by element, straight from the operators' definitions. For tests: slow, and independent of the
//! shape rules and rewrites that it checks.

use std::collections::HashMap;

use super::Network;
use super::ir::Graph;
use super::proto::NodeProto;
use super::tensor::Tensor;

/// A picture-like tensor: batch, channels, height, width.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub dims: [usize; 4],
    pub values: Vec<f32>,
}

impl Plane {
    /// A tensor of which `f` says each element.
    pub fn from_fn(dims: [usize; 4], mut f: impl FnMut([usize; 4]) -> f32) -> Plane {
        let mut values = Vec::with_capacity(dims.iter().product());
        for n in 0..dims[0] {
            for c in 0..dims[1] {
                for y in 0..dims[2] {
                    values.extend((0..dims[3]).map(|x| f([n, c, y, x])));
                }
            }
        }
        Plane { dims, values }
    }

    /// Reproducible noise between -1 and 1.
    pub fn noise(dims: [usize; 4], seed: u64) -> Plane {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Plane::from_fn(dims, |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
    }

    /// The largest difference to another tensor of the same shape.
    pub fn distance(&self, other: &Plane) -> f32 {
        assert_eq!(self.dims, other.dims);
        self.values.iter().zip(&other.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    pub fn at(&self, [n, c, y, x]: [usize; 4]) -> f32 {
        self.values[((n * self.dims[1] + c) * self.dims[2] + y) * self.dims[3] + x]
    }

    /// The element, or 0 outside the picture.
    fn padded(&self, n: usize, c: usize, y: i64, x: i64) -> f32 {
        let inside = |at: i64, size: usize| usize::try_from(at).ok().filter(|&at| at < size);
        match (inside(y, self.dims[2]), inside(x, self.dims[3])) {
            (Some(y), Some(x)) => self.at([n, c, y, x]),
            _ => 0.0,
        }
    }

    /// As broadcasting reads it.
    fn broadcast(&self, index: [usize; 4]) -> f32 {
        self.at(std::array::from_fn(|axis| if self.dims[axis] == 1 { 0 } else { index[axis] }))
    }
}

/// The graph's output for `input`.
pub fn run(graph: &Graph, input: &Plane) -> Plane {
    let mut values: HashMap<&str, Plane> = HashMap::new();
    for (name, tensor) in &graph.constants {
        if let Some(floats) = tensor.as_floats() {
            let ones = 4 - tensor.dims.len();
            let dims = std::array::from_fn(|axis| if axis < ones { 1 } else { tensor.dims[axis - ones] });
            values.insert(name, Plane { dims, values: floats.to_vec() });
        }
    }
    values.insert(&graph.input.name, input.clone());
    for node in &graph.nodes {
        let result = step(graph, node, &values);
        values.insert(node.out(), result);
    }
    values.remove(graph.output.name.as_str()).expect("the output is computed")
}

/// The output of a network for one picture, given and returned channel by channel.
pub fn run_network(network: &Network, [height, width]: [usize; 2], values: Vec<f32>) -> Vec<f32> {
    run(network.graph(), &Plane { dims: [1, network.channels_in(), height, width], values }).values
}

fn step(graph: &Graph, node: &NodeProto, values: &HashMap<&str, Plane>) -> Plane {
    let arg = |n: usize| &values[node.arg(n).expect("an input")];
    let ints = |n: usize| node.arg(n).and_then(|name| graph.constants.get(name)).and_then(Tensor::to_ints);
    let map = |f: &dyn Fn(f32) -> f32| {
        let x = arg(0);
        Plane { dims: x.dims, values: x.values.iter().map(|&v| f(v)).collect() }
    };
    if let Some(f) = activation(node) {
        return map(&*f);
    }
    match node.op_type.as_str() {
        "Identity" | "Cast" => arg(0).clone(),
        "Clip" => {
            let limit = |n: usize, default| node.arg(n).map_or(default, |name| values[name].values[0]);
            map(&|v| v.max(limit(1, f32::MIN)).min(limit(2, f32::MAX)))
        }
        "PRelu" => binary(arg(0), arg(1), |v, slope| if v < 0.0 { v * slope } else { v }),
        "Add" => binary(arg(0), arg(1), |a, b| a + b),
        "Sub" => binary(arg(0), arg(1), |a, b| a - b),
        "Mul" => binary(arg(0), arg(1), |a, b| a * b),
        "Div" => binary(arg(0), arg(1), |a, b| a / b),
        "Pow" => binary(arg(0), arg(1), f32::powf),
        "Max" => binary(arg(0), arg(1), f32::max),
        "Min" => binary(arg(0), arg(1), f32::min),
        "Mean" => {
            let sum = (1..node.input.len()).fold(arg(0).clone(), |sum, n| binary(&sum, arg(n), |a, b| a + b));
            Plane { dims: sum.dims, values: sum.values.iter().map(|v| v / node.input.len() as f32).collect() }
        }
        "Concat" => concat(&(0..node.input.len()).map(arg).collect::<Vec<_>>(), node.int("axis", 1) as usize),
        "Conv" => conv(node, arg(0), arg(1), node.arg(2).map(|name| &values[name])),
        "ConvTranspose" => conv_transpose(node, arg(0), arg(1), node.arg(2).map(|name| &values[name])),
        "MaxPool" | "AveragePool" => pool(node, arg(0)),
        "GlobalAveragePool" => {
            let (x, [n, c, h, w]) = (arg(0), arg(0).dims);
            let sum = |n, c| (0..h * w).map(|k| x.at([n, c, k / w, k % w])).sum::<f32>();
            Plane::from_fn([n, c, 1, 1], |[n, c, _, _]| sum(n, c) / (h * w) as f32)
        }
        "DepthToSpace" => depth_to_space(node, arg(0)),
        "SpaceToDepth" => space_to_depth(node, arg(0)),
        "Resize" => resize(node, arg(0), &arg(2).values),
        "Transpose" => {
            let (x, perm) = (arg(0), node.ints("perm").expect("perm"));
            let mut index = [0; 4];
            Plane::from_fn(std::array::from_fn(|axis| x.dims[perm[axis] as usize]), |out| {
                perm.iter().enumerate().for_each(|(axis, &from)| index[from as usize] = out[axis]);
                x.at(index)
            })
        }
        "LayerNormalization" => layer_norm(arg(0), arg(1), arg(2), node.float("epsilon", 1e-5)),
        "ReduceSum" if node.int("keepdims", 1) == 1 && ints(1) == Some(vec![3]) => {
            let [n, c, h, w] = arg(0).dims;
            Plane::from_fn([n, c, h, 1], |[n, c, y, _]| (0..w).map(|x| arg(0).at([n, c, y, x])).sum())
        }
        "Slice" => slice(arg(0), &ints(1).expect("starts"), &ints(2).expect("ends"), &ints(3).expect("axes")),
        "Pad" => {
            let value = node.arg(2).map_or(0.0, |name| values[name].values[0]);
            pad(arg(0), &ints(1).expect("pads"), node.text("mode", "constant"), value)
        }
        other => panic!("the reference does not know {other}"),
    }
}

/// The function of a node that treats each element by itself.
fn activation(node: &NodeProto) -> Option<Box<dyn Fn(f32) -> f32>> {
    Some(match node.op_type.as_str() {
        "Relu" => Box::new(|v| v.max(0.0)),
        "LeakyRelu" => {
            let slope = node.float("alpha", 0.01);
            Box::new(move |v| if v < 0.0 { v * slope } else { v })
        }
        "Elu" => {
            let alpha = node.float("alpha", 1.0);
            Box::new(move |v| if v < 0.0 { alpha * v.exp_m1() } else { v })
        }
        "Selu" => Box::new(|v| 1.050_701 * if v < 0.0 { 1.673_263_2 * v.exp_m1() } else { v }),
        "Sigmoid" => Box::new(|v| 1.0 / (1.0 + (-v).exp())),
        "HardSigmoid" => {
            let (alpha, beta) = (node.float("alpha", 0.2), node.float("beta", 0.5));
            Box::new(move |v| (v * alpha + beta).clamp(0.0, 1.0))
        }
        "Tanh" => Box::new(f32::tanh),
        "Sqrt" => Box::new(f32::sqrt),
        "Reciprocal" => Box::new(f32::recip),
        "Softplus" => Box::new(|v| v.exp().ln_1p()),
        _ => return None,
    })
}

fn binary(a: &Plane, b: &Plane, f: impl Fn(f32, f32) -> f32) -> Plane {
    let dims = std::array::from_fn(|axis| a.dims[axis].max(b.dims[axis]));
    Plane::from_fn(dims, |index| f(a.broadcast(index), b.broadcast(index)))
}

fn concat(parts: &[&Plane], axis: usize) -> Plane {
    let mut dims = parts[0].dims;
    dims[axis] = parts.iter().map(|part| part.dims[axis]).sum();
    Plane::from_fn(dims, |mut index| {
        let mut parts = parts.iter();
        loop {
            let part = parts.next().expect("a part for every index");
            if index[axis] < part.dims[axis] {
                return part.at(index);
            }
            index[axis] -= part.dims[axis];
        }
    })
}

fn two(node: &NodeProto, name: &str, default: i64) -> [i64; 2] {
    node.ints(name).map_or([default; 2], |v| [v[0], v[1]])
}

/// Stride, dilation, first pads and output size of a convolution or pooling.
fn geometry(node: &NodeProto, x: &Plane, kernel: [usize; 2]) -> ([i64; 2], [i64; 2], [i64; 2], [usize; 2]) {
    let (strides, dilations) = (two(node, "strides", 1), two(node, "dilations", 1));
    let size = |n: usize| x.dims[n + 2] as i64;
    let extent = |n: usize| (kernel[n] as i64 - 1) * dilations[n] + 1;
    if node.text("auto_pad", "NOTSET") == "SAME_UPPER" {
        let out = |n: usize| (size(n) + strides[n] - 1) / strides[n];
        let before = |n: usize| ((out(n) - 1) * strides[n] + extent(n) - size(n)).max(0) / 2;
        return (strides, dilations, [before(0), before(1)], [out(0) as usize, out(1) as usize]);
    }
    let pads = node.ints("pads").map_or(vec![0; 4], <[i64]>::to_vec);
    let out = |n: usize| ((size(n) + pads[n] + pads[n + 2] - extent(n)) / strides[n] + 1) as usize;
    (strides, dilations, [pads[0], pads[1]], [out(0), out(1)])
}

fn conv(node: &NodeProto, x: &Plane, w: &Plane, bias: Option<&Plane>) -> Plane {
    let [filters, per_group, kh, kw] = w.dims;
    let (strides, dilations, before, [oh, ow]) = geometry(node, x, [kh, kw]);
    let group = node.int("group", 1) as usize;
    Plane::from_fn([x.dims[0], filters, oh, ow], |[n, f, oy, ox]| {
        let mut sum = bias.map_or(0.0, |b| f64::from(b.values[f]));
        let first = f / (filters / group) * per_group;
        for (c, ky, kx) in (0..per_group).flat_map(|c| (0..kh * kw).map(move |k| (c, k / kw, k % kw))) {
            let y = oy as i64 * strides[0] - before[0] + ky as i64 * dilations[0];
            let x_at = ox as i64 * strides[1] - before[1] + kx as i64 * dilations[1];
            sum += f64::from(x.padded(n, first + c, y, x_at)) * f64::from(w.at([f, c, ky, kx]));
        }
        sum as f32
    })
}

fn conv_transpose(node: &NodeProto, x: &Plane, w: &Plane, bias: Option<&Plane>) -> Plane {
    let [inputs, per_group, kh, kw] = w.dims;
    let (strides, extra) = (two(node, "strides", 1), two(node, "output_padding", 0));
    let pads = node.ints("pads").map_or(vec![0; 4], <[i64]>::to_vec);
    let group = node.int("group", 1) as usize;
    let out = |n: usize, k: usize| {
        ((x.dims[n + 2] as i64 - 1) * strides[n] + k as i64 + extra[n] - pads[n] - pads[n + 2]) as usize
    };
    let dims = [x.dims[0], per_group * group, out(0, kh), out(1, kw)];
    let mut result = Plane::from_fn(dims, |[_, c, _, _]| bias.map_or(0.0, |b| b.values[c]));
    for c in 0..inputs {
        let first = c / (inputs / group) * per_group;
        for (iy, ix) in (0..x.dims[2]).flat_map(|y| (0..x.dims[3]).map(move |x| (y, x))) {
            for (f, ky, kx) in (0..per_group).flat_map(|f| (0..kh * kw).map(move |k| (f, k / kw, k % kw))) {
                let oy = iy as i64 * strides[0] + ky as i64 - pads[0];
                let ox = ix as i64 * strides[1] + kx as i64 - pads[1];
                if (0..dims[2] as i64).contains(&oy) && (0..dims[3] as i64).contains(&ox) {
                    let at = ((first + f) * dims[2] + oy as usize) * dims[3] + ox as usize;
                    result.values[at] += x.at([0, c, iy, ix]) * w.at([c, f, ky, kx]);
                }
            }
        }
    }
    result
}

/// Max and average; pixels in the padding count for neither.
fn pool(node: &NodeProto, x: &Plane) -> Plane {
    let kernel = two(node, "kernel_shape", 1);
    let (strides, _, before, [oh, ow]) = geometry(node, x, kernel.map(|k| k as usize));
    Plane::from_fn([x.dims[0], x.dims[1], oh, ow], |[n, c, oy, ox]| {
        let rows = (0..kernel[0]).map(|k| oy as i64 * strides[0] - before[0] + k);
        let inside = |at: &i64, size: usize| (0..size as i64).contains(at);
        let mut found = Vec::new();
        for y in rows.filter(|y| inside(y, x.dims[2])) {
            let columns = (0..kernel[1]).map(|k| ox as i64 * strides[1] - before[1] + k);
            found.extend(columns.filter(|x_at| inside(x_at, x.dims[3])).map(|x_at| x.padded(n, c, y, x_at)));
        }
        match node.op_type.as_str() {
            "MaxPool" => found.into_iter().fold(f32::MIN, f32::max),
            _ => found.iter().sum::<f32>() / found.len() as f32,
        }
    })
}

/// As ONNX defines it, along the last axis.
fn layer_norm(x: &Plane, scale: &Plane, offset: &Plane, epsilon: f32) -> Plane {
    let width = x.dims[3];
    let row = |[n, c, y, _]: [usize; 4]| (0..width).map(move |at| f64::from(x.at([n, c, y, at])));
    Plane::from_fn(x.dims, |index| {
        let mean = row(index).sum::<f64>() / width as f64;
        let variance = row(index).map(|v| (v - mean).powi(2)).sum::<f64>() / width as f64;
        let normal = (f64::from(x.at(index)) - mean) / (variance + f64::from(epsilon)).sqrt();
        let at = [0, 0, 0, index[3]];
        (normal * f64::from(scale.at(at)) + f64::from(offset.at(at))) as f32
    })
}

fn depth_to_space(node: &NodeProto, x: &Plane) -> Plane {
    let b = node.int("blocksize", 1) as usize;
    let [n, c, h, w] = x.dims;
    let channels = c / (b * b);
    Plane::from_fn([n, channels, h * b, w * b], |[n, c, y, x_at]| {
        let phase = y % b * b + x_at % b;
        let from = match node.text("mode", "DCR") {
            "DCR" => phase * channels + c,
            _ => c * b * b + phase,
        };
        x.at([n, from, y / b, x_at / b])
    })
}

fn space_to_depth(node: &NodeProto, x: &Plane) -> Plane {
    let b = node.int("blocksize", 1) as usize;
    let [n, c, h, w] = x.dims;
    Plane::from_fn([n, c * b * b, h / b, w / b], |[n, to, y, x_at]| {
        let (phase, from) = (to / c, to % c);
        x.at([n, from, y * b + phase / b, x_at * b + phase % b])
    })
}

/// The pixels along one axis that output `o` is made of, with their weights.
fn taps(node: &NodeProto, o: usize, scale: f64, size: usize) -> Vec<(usize, f64)> {
    let place = match node.text("coordinate_transformation_mode", "half_pixel") {
        "asymmetric" => o as f64 / scale,
        _ => (o as f64 + 0.5) / scale - 0.5,
    };
    let clamp = |at: f64| (at.max(0.0) as usize).min(size - 1);
    let (floor, t) = (place.floor(), place - place.floor());
    match node.text("mode", "nearest") {
        "nearest" => match node.text("nearest_mode", "round_prefer_floor") {
            "floor" => vec![(clamp(floor), 1.0)],
            _ => vec![(clamp((place - 0.5).ceil()), 1.0)],
        },
        "linear" => vec![(clamp(floor), 1.0 - t), (clamp(floor + 1.0), t)],
        _ => {
            // The cubic of Keys, written by distance.
            let a = f64::from(node.float("cubic_coeff_a", -0.75));
            let weight = |d: f64| match d.abs() {
                d if d <= 1.0 => (a + 2.0) * d.powi(3) - (a + 3.0) * d.powi(2) + 1.0,
                d => a * d.powi(3) - 5.0 * a * d.powi(2) + 8.0 * a * d - 4.0 * a,
            };
            (-1..=2).map(|n| (clamp(floor + f64::from(n)), weight(f64::from(n) - t))).collect()
        }
    }
}

fn resize(node: &NodeProto, x: &Plane, scales: &[f32]) -> Plane {
    let [n, c, h, w] = x.dims;
    let size = |size: usize, scale: f32| (size as f64 * f64::from(scale)) as usize;
    Plane::from_fn([n, c, size(h, scales[2]), size(w, scales[3])], |[n, c, y, x_at]| {
        let (rows, columns) = (taps(node, y, scales[2].into(), h), taps(node, x_at, scales[3].into(), w));
        let row = |y: usize| {
            columns.iter().map(|&(at, weight)| weight * f64::from(x.at([n, c, y, at]))).sum::<f64>()
        };
        rows.iter().map(|&(at, weight)| weight * row(at)).sum::<f64>() as f32
    })
}

fn slice(x: &Plane, starts: &[i64], ends: &[i64], axes: &[i64]) -> Plane {
    let (mut first, mut dims) = ([0; 4], x.dims);
    for (n, &axis) in axes.iter().enumerate() {
        let size = x.dims[axis as usize] as i64;
        let place = |at: i64| (if at < 0 { at + size } else { at }).clamp(0, size);
        first[axis as usize] = place(starts[n]) as usize;
        dims[axis as usize] = (place(ends[n]) - place(starts[n])) as usize;
    }
    Plane::from_fn(dims, |index| x.at(std::array::from_fn(|axis| index[axis] + first[axis])))
}

fn pad(x: &Plane, pads: &[i64], mode: &str, value: f32) -> Plane {
    let dims = std::array::from_fn(|axis| (x.dims[axis] as i64 + pads[axis] + pads[axis + 4]) as usize);
    Plane::from_fn(dims, |index| {
        let mut from = [0; 4];
        for axis in 0..4 {
            let (at, last) = (index[axis] as i64 - pads[axis], x.dims[axis] as i64 - 1);
            from[axis] = match mode {
                _ if (0..=last).contains(&at) => at,
                "edge" => at.clamp(0, last),
                "reflect" => last - (last - at.abs()).abs(),
                _ => return value,
            } as usize;
        }
        x.at(from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Attribute;

    /// The examples of ONNX's own documentation of Resize (`resize_upsample_scales_cubic`, `…_linear`).
    #[test]
    fn resize_agrees_with_the_documentation_of_onnx() {
        let x = Plane { dims: [1, 1, 4, 4], values: (1..=16).map(|v| v as f32).collect() };
        let cubic = NodeProto::single("Resize", &[], "", vec![Attribute::text("mode", "cubic")]);
        let first = [0.47265625, 0.76953125, 1.24609375, 1.875, 2.28125, 2.91015625, 3.38671875, 3.68359375];
        let found = resize(&cubic, &x, &[1.0, 1.0, 2.0, 2.0]);
        assert_eq!(found.values[..8], first.map(|v: f64| v as f32));
        let x = Plane { dims: [1, 1, 2, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
        let linear = NodeProto::single("Resize", &[], "", vec![Attribute::text("mode", "linear")]);
        assert_eq!(
            resize(&linear, &x, &[1.0, 1.0, 2.0, 2.0]).values[..8],
            [1.0, 1.25, 1.75, 2.0, 1.5, 1.75, 2.25, 2.5]
        );
    }

    /// The example of ONNX's documentation of ConvTranspose.
    #[test]
    fn transposed_convolution_agrees_with_the_documentation_of_onnx() {
        let x = Plane { dims: [1, 1, 3, 3], values: (0..9).map(|v| v as f32).collect() };
        let w = Plane { dims: [1, 2, 3, 3], values: vec![1.0; 18] };
        let node = NodeProto::single("ConvTranspose", &[], "", vec![]);
        let y = conv_transpose(&node, &x, &w, None);
        assert_eq!(y.dims, [1, 2, 5, 5]);
        assert_eq!(y.values[..10], [0.0, 1.0, 3.0, 3.0, 2.0, 3.0, 8.0, 15.0, 12.0, 7.0]);
    }
}
