//! Lowers a graph for ONNX Runtime's own kernels, as the last step before a session is created.
//!
//! On x86-64 those kernels are fastest in a blocked layout (NCHWc) that a tensor leaves and enters again around every
//! operator that has no blocked form. Per-channel arithmetic in the middle of a network is such an operator; a 1x1 depthwise
//! convolution computes the same and is not. Measured with ONNX Runtime 1.32, one thread, 64..256 pixels a side: networks
//! with PReLU (SRVGGNetCompact) run 1.4-1.6x faster so, SPAN 1.05x.
//!
//! | file | what |
//! |---|---|
//! | `split_concat` | convolutions of concatenated values as sums of smaller ones |
//! | `gelu` | the nine operators of a GELU as one |
//! | here | per-channel arithmetic as depthwise convolutions |

mod gelu;
mod split_concat;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::error::Error;
use crate::graph::Network;
use crate::graph::ir::{Graph, Names};
use crate::graph::pattern::Pattern;
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::shape::{self, Shapes};
use crate::graph::tensor::Tensor;

/// The widest block of NCHWc. Other numbers of channels have no blocked form.
const BLOCK: usize = 16;
/// Longer chains of activations than this have no place in a network.
const MAX_ACTIVATIONS: usize = 4;

/// The `.onnx` file that ONNX Runtime is given.
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is inconsistent.
pub fn to_bytes(network: &Network) -> Result<Vec<u8>, Error> {
    let mut graph = network.graph().clone();
    if cfg!(target_arch = "x86_64") {
        lower_for_x86(&mut graph, network.channels_in())?;
    }
    gelu::run(&mut graph);
    Ok(graph.to_bytes())
}

/// Rewrites per-channel arithmetic between convolutions, and convolutions of concatenations.
fn lower_for_x86(graph: &mut Graph, channels: usize) -> Result<(), Error> {
    let [_, _, height, width] = graph.input.dims;
    let size = |fixed: Option<usize>| fixed.unwrap_or(shape::PROBE);
    let shapes = shape::infer(graph, [1, channels, size(height), size(width)])?;
    let names = graph.names();
    let mut lowering =
        Lowering { pattern: Pattern::new(graph), shapes: &shapes, names, constants: Vec::new() };
    let mut replaced = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let nodes = match node.op_type.as_str() {
            "PRelu" => lowering.prelu(node),
            "Add" | "Sub" => lowering.shift(node),
            _ => None,
        };
        replaced.extend(nodes.map(|nodes| (index, nodes)));
    }
    let constants = lowering.constants;
    graph.replace(replaced);
    graph.constants.extend(constants);
    split_concat::run(graph, &shapes);
    graph.remove_dead();
    Ok(())
}

struct Lowering<'a> {
    pattern: Pattern<'a>,
    shapes: &'a Shapes,
    names: Names,
    constants: Vec<(String, Tensor)>,
}

impl<'a> Lowering<'a> {
    /// `prelu(x) = a x + (1 - a) relu(x)`, with the Relu behind the factor where that is the same.
    fn prelu(&mut self, node: &'a NodeProto) -> Option<Vec<NodeProto>> {
        let (input, slopes) = self.per_channel(node)?;
        let [between, linear, rest] =
            ["between", "linear", "rest"].map(|what| self.names.fresh(&format!("{}_{what}", node.out())));
        let complement: Vec<f32> = slopes.iter().map(|a| 1.0 - a).collect();
        let relu = |input: &str, output: &str| NodeProto::single("Relu", &[input], output, vec![]);
        let [first, second] = if complement.iter().all(|&factor| factor >= 0.0) {
            // The same values in either order, but ONNX Runtime computes a Relu behind a convolution within it.
            [self.depthwise(input, &between, complement, None), relu(&between, &rest)]
        } else {
            [relu(input, &between), self.depthwise(&between, &rest, complement, None)]
        };
        let linear_part = self.depthwise(input, &linear, slopes, None);
        let sum = NodeProto::single("Add", &[&linear, &rest], node.out(), vec![]);
        Some(vec![first, second, linear_part, sum])
    }

    /// `x + b` and `x - b`.
    fn shift(&mut self, node: &'a NodeProto) -> Option<Vec<NodeProto>> {
        let (input, mut shifts) = self.per_channel(node)?;
        if node.is("Sub") {
            shifts.iter_mut().for_each(|b| *b = -*b);
        }
        let ones = vec![1.0; shifts.len()];
        Some(vec![self.depthwise(input, node.out(), ones, Some(shifts))])
    }

    /// What a node reads in the blocked layout, and its constant as one number for each channel of that.
    fn per_channel(&self, node: &'a NodeProto) -> Option<(&'a str, Vec<f32>)> {
        let input = node.arg(0).filter(|name| self.is_blocked(name))?;
        let &[_, channels, _, _] = &self.shapes.get(input)?.dims[..] else { return None };
        if channels % BLOCK != 0 {
            return None;
        }
        Some((input, self.pattern.constant(node.arg(1)?)?.per_channel(channels)?))
    }

    /// Whether a value comes out of a convolution, perhaps through activations, and so is in the blocked layout.
    fn is_blocked(&self, mut name: &'a str) -> bool {
        for _ in 0..MAX_ACTIVATIONS {
            let Some(node) = self.pattern.maker(name) else { return false };
            match (node.op_type.as_str(), node.arg(0)) {
                ("Conv", _) => return true,
                ("Relu" | "Sigmoid" | "Tanh" | "LeakyRelu" | "PRelu", Some(input)) => name = input,
                _ => return false,
            }
        }
        false
    }

    fn depthwise(
        &mut self,
        input: &str,
        output: &str,
        factors: Vec<f32>,
        shifts: Option<Vec<f32>>,
    ) -> NodeProto {
        let channels = factors.len();
        let weights = self.names.fresh(&format!("{output}_factors"));
        let bias = self.names.fresh(&format!("{output}_shifts"));
        self.constants.push((weights.clone(), Tensor::floats(&[channels, 1, 1, 1], factors)));
        let mut inputs = vec![input, &weights];
        if let Some(shifts) = shifts {
            self.constants.push((bias.clone(), Tensor::floats(&[channels], shifts)));
            inputs.push(&bias);
        }
        let attributes = vec![
            AttributeProto::ints("kernel_shape", &[1, 1]),
            AttributeProto::int("group", channels as i64),
        ];
        NodeProto::single("Conv", &inputs, output, attributes)
    }
}
