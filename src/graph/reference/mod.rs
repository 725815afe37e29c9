//! Runs a graph element by element, straight from the operators' definitions. For tests: slow, and independent of the
//! shape rules and rewrites that it checks.

mod place;
mod window;

use std::collections::HashMap;

use self::place::{depth_to_space, pad, resize, slice, space_to_depth};
use self::window::{conv, conv_transpose, pool};
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
