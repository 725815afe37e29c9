//! Which operators of a network compute in integers, and how each of its values is written as bytes.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::graph::ir::{Graph, outputs_of};
use crate::graph::nearest::nearest_factor;
use crate::graph::proto::NodeProto;
use crate::graph::tensor::Data;

/// What is to be done with a graph.
#[derive(Debug)]
pub struct Plan {
    /// The nodes that compute in integers, by number.
    pub integer: HashSet<usize>,
    /// Values that are written as bytes, and whose numbers have to be known for that.
    pub measured: BTreeSet<String>,
    /// Values that are other values' bytes in another order.
    pub copies: HashMap<String, String>,
}

/// How an operator treats bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    /// A convolution with constant weights: the work.
    Conv,
    /// ONNX Runtime has it for bytes, with another scale for each value.
    Arithmetic,
    /// It moves bytes, whatever they stand for.
    Move,
    Other,
}

impl Plan {
    /// Convolutions compute in integers, and what lies between them as far as ONNX Runtime has it for bytes. Those that
    /// look at the picture itself, and the last before the result, stay as they are: they are little of the work, and
    /// their rounding would show the most.
    pub fn of(graph: &Graph) -> Plan {
        let roles: Vec<Role> = graph.nodes.iter().map(|node| role(graph, node)).collect();
        let is_conv = |index: usize| matches!(graph.nodes[index].op_type.as_str(), "Conv" | "ConvTranspose");
        let between = between(graph, &is_conv);
        let inner = |index: usize| roles[index] == Role::Conv && between[index];
        let around = self::between(graph, &inner);
        let takes = |index: &usize| match roles[*index] {
            Role::Conv => between[*index],
            Role::Arithmetic | Role::Move => around[*index],
            Role::Other => false,
        };
        let integer: HashSet<usize> = (0..graph.nodes.len()).filter(takes).collect();
        let mut plan = Plan { integer, measured: BTreeSet::new(), copies: HashMap::new() };
        plan.collect_values(graph, &roles);
        plan
    }

    fn collect_values(&mut self, graph: &Graph, roles: &[Role]) {
        for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| self.integer.contains(index))
        {
            let read = self.integer_inputs(graph, node).into_iter().map(str::to_owned);
            self.measured.extend(read.filter(|name| !self.copies.contains_key(name)));
            match (roles[index], node.arg(0)) {
                (Role::Move, Some(input)) => _ = self.copies.insert(node.out().to_owned(), input.to_owned()),
                _ => _ = self.measured.insert(rectified(graph, node).to_owned()),
            }
        }
    }

    /// The inputs of an integer node that are written as bytes: all that are computed.
    fn integer_inputs<'a>(&self, graph: &Graph, node: &'a NodeProto) -> Vec<&'a str> {
        let computed = |name: &&str| !name.is_empty() && !graph.constants.contains_key(*name);
        node.input.iter().map(String::as_str).filter(computed).collect()
    }
}

/// The value that holds what `node` computes: that of the Relu which is its only reader, if there is one. ONNX Runtime
/// leaves the Relu to the bytes, which have none below zero.
pub fn rectified<'a>(graph: &'a Graph, node: &'a NodeProto) -> &'a str {
    let mut readers = graph.nodes.iter().filter(|reader| reader.input.iter().any(|name| name == node.out()));
    match (readers.next(), readers.next()) {
        (Some(reader), None) if reader.is("Relu") && graph.output.name != node.out() => reader.out(),
        _ => node.out(),
    }
}

fn role(graph: &Graph, node: &NodeProto) -> Role {
    if !node.in_onnx_domain() || outputs_of(node).count() != 1 {
        return Role::Other;
    }
    let constant = |index: usize| node.arg(index).and_then(|name| graph.constants.get(name));
    let computed = |index: usize| node.arg(index).is_some() && constant(index).is_none();
    match node.op_type.as_str() {
        "Conv" => {
            let weights = constant(1).is_some_and(|t| matches!(t.data, Data::F32(_)) && t.dims.len() == 4);
            let bias = node.arg(2).is_none() || constant(2).is_some_and(|t| t.as_floats().is_some());
            if weights && bias && computed(0) { Role::Conv } else { Role::Other }
        }
        "Add" | "Mul" if computed(0) && computed(1) => Role::Arithmetic,
        "Sigmoid" | "LeakyRelu" => Role::Arithmetic,
        "Concat" if (0..node.input.len()).all(computed) => Role::Arithmetic,
        "DepthToSpace" | "SpaceToDepth" | "MaxPool" => Role::Move,
        "Resize" if nearest_factor(graph, node).is_some() => Role::Move,
        _ => Role::Other,
    }
}

/// For each node, whether one of those that `is_end` names lies before it, and one behind it.
fn between(graph: &Graph, is_end: &dyn Fn(usize) -> bool) -> Vec<bool> {
    let producers = graph.producers();
    let sources = |index: usize| {
        graph.nodes[index].input.iter().filter_map(|name| producers.get(name.as_str()).copied())
    };
    let count = graph.nodes.len();
    let (mut before, mut behind) = (vec![false; count], vec![false; count]);
    for index in 0..count {
        before[index] = sources(index).any(|source| before[source] || is_end(source));
    }
    for index in (0..count).rev().filter(|&index| graph.nodes[index].output.iter().any(|o| !o.is_empty())) {
        if behind[index] || is_end(index) {
            sources(index).for_each(|source| behind[source] = true);
        }
    }
    before.into_iter().zip(behind).map(|(before, behind)| before && behind).collect()
}
