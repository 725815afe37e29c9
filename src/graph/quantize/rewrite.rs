//! The graph with its integer operators in QDQ form: each between DequantizeLinear and QuantizeLinear, which is the
//! form that ONNX Runtime and others recognise and replace by their integer kernels.

use std::collections::{BTreeMap, HashMap};

use super::plan::{Plan, rectified};
use super::range::Scheme;
use super::weights;
use crate::graph::ir::{Graph, Names};
use crate::graph::proto::{AttributeProto, NodeProto, data_type};
use crate::graph::tensor::{Data, Tensor};

/// Writes every integer operator of `plan` in QDQ form, values as `schemes` has them.
pub fn rewrite(graph: &mut Graph, plan: &Plan, schemes: &BTreeMap<String, Scheme>) {
    let mut rewriter = Rewriter {
        names: graph.names(),
        plan,
        schemes,
        constants: BTreeMap::new(),
        nodes: Vec::new(),
        bytes: HashMap::new(),
    };
    // Values that integer operators make exist as bytes only: others read them from there as well.
    let made: HashMap<&str, usize> = (plan.integer.iter())
        .flat_map(|&index| {
            [graph.nodes[index].out(), rectified(graph, &graph.nodes[index])].map(|name| (name, index))
        })
        .collect();
    for (index, node) in graph.nodes.iter().enumerate() {
        let integer = plan.integer.contains(&index);
        let mut node = node.clone();
        let scheme = node.arg(0).and_then(|input| rewriter.scheme(input));
        for input in &mut node.input {
            if made.contains_key(input.as_str()) || (integer && rewriter.scheme(input).is_some()) {
                *input = rewriter.dequantized(input);
            }
        }
        if let Some(scheme) = scheme.filter(|_| integer && node.is("Conv")) {
            rewriter.quantise_weights(graph, &mut node, scheme);
        }
        rewriter.nodes.push(node);
    }
    let Rewriter { nodes, constants, .. } = rewriter;
    graph.nodes = nodes;
    graph.constants.extend(constants);
}

struct Rewriter<'a> {
    names: Names,
    plan: &'a Plan,
    schemes: &'a BTreeMap<String, Scheme>,
    constants: BTreeMap<String, Tensor>,
    nodes: Vec<NodeProto>,
    /// The bytes of the values that have been written as such, with the names of their scale and zero point.
    bytes: HashMap<String, [String; 3]>,
}

impl Rewriter<'_> {
    /// How a value is written as bytes, if it is.
    fn scheme(&self, value: &str) -> Option<Scheme> {
        let mut value = value;
        while let Some(original) = self.plan.copies.get(value) {
            value = original;
        }
        self.schemes.get(value).copied()
    }

    /// The value back from its bytes, for one reader: ONNX Runtime wants one node for each.
    fn dequantized(&mut self, value: &str) -> String {
        let Some(scheme) = self.scheme(value) else { return value.to_owned() };
        let [bytes, scale, zero_point] = match self.bytes.get(value) {
            Some(known) => known.clone(),
            None => self.quantized(value, scheme),
        };
        let output = self.names.fresh(&format!("{value}_dequantised"));
        let inputs = [bytes.as_str(), &scale, &zero_point];
        self.nodes.push(NodeProto::single("DequantizeLinear", &inputs, &output, vec![]));
        output
    }

    fn quantized(&mut self, value: &str, scheme: Scheme) -> [String; 3] {
        let scale = self.constant(&format!("{value}_scale"), Tensor::floats(&[], vec![scheme.scale]));
        let zero_point = Data::Other { data_type: data_type::UINT8, bytes: vec![scheme.zero_point] };
        let zero_point =
            self.constant(&format!("{value}_zero_point"), Tensor { dims: vec![], data: zero_point });
        let bytes = self.names.fresh(&format!("{value}_quantised"));
        let inputs = [value, &scale, &zero_point];
        self.nodes.push(NodeProto::single("QuantizeLinear", &inputs, &bytes, vec![]));
        let names = [bytes, scale, zero_point];
        self.bytes.insert(value.to_owned(), names.clone());
        names
    }

    /// Gives a convolution, whose input is written as `input` says, integers for its weights and bias.
    fn quantise_weights(&mut self, graph: &Graph, node: &mut NodeProto, input: Scheme) {
        let tensor = |index: usize| node.arg(index).and_then(|name| graph.constants.get(name));
        let Some(weights) = tensor(1) else { return };
        let Some(values) = weights.as_floats() else { return };
        let bias = tensor(2).and_then(Tensor::as_floats);
        let quantized = weights::quantize(&weights.dims, values, bias, input);
        node.input[1] =
            self.dequantised_constant(&node.input[1].clone(), quantized.weights, quantized.scales);
        if let Some(bias) = quantized.bias {
            node.input[2] = self.dequantised_constant(&node.input[2].clone(), bias, quantized.bias_scales);
        }
    }

    /// Integers with a scale for each element of the first axis, and their zero at zero.
    fn dequantised_constant(&mut self, name: &str, integers: Tensor, scales: Vec<f32>) -> String {
        let hint = name.to_owned();
        let zeros = match &integers.data {
            Data::Other { data_type: data_type::INT8, .. } => Some(vec![0; scales.len()]),
            _ => None,
        };
        let outputs = scales.len();
        let integers = self.constant(&format!("{hint}_quantised"), integers);
        let scales = self.constant(&format!("{hint}_scale"), Tensor::floats(&[outputs], scales));
        let output = self.names.fresh(&format!("{hint}_dequantised"));
        let mut inputs = vec![integers.as_str(), &scales];
        let zero_point = zeros.map(|bytes| {
            let data = Data::Other { data_type: data_type::INT8, bytes };
            self.constant(&format!("{hint}_zero_point"), Tensor { dims: vec![outputs], data })
        });
        inputs.extend(zero_point.as_deref());
        let axis = vec![AttributeProto::int("axis", 0)];
        self.nodes.push(NodeProto::single("DequantizeLinear", &inputs, &output, axis));
        output
    }

    fn constant(&mut self, hint: &str, tensor: Tensor) -> String {
        let name = self.names.fresh(hint);
        self.constants.insert(name.clone(), tensor);
        name
    }
}
