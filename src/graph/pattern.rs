//! Looking for patterns of nodes, backwards from a value.

use std::collections::HashMap;

use super::ir::Graph;
use super::proto::NodeProto;
use super::tensor::Tensor;

/// The most values that a concatenation is taken apart into.
const MAX_JOINED: usize = 64;

/// A graph with the node that makes each value.
pub struct Pattern<'a> {
    graph: &'a Graph,
    producers: HashMap<&'a str, usize>,
}

impl<'a> Pattern<'a> {
    pub fn new(graph: &'a Graph) -> Pattern<'a> {
        Pattern { graph, producers: graph.producers() }
    }

    /// The node that makes a value.
    pub fn maker(&self, name: &str) -> Option<&'a NodeProto> {
        self.producers.get(name).map(|&n| &self.graph.nodes[n])
    }

    /// The node that makes a value, if it is of operator `op`.
    pub fn made_by(&self, name: &str, op: &str) -> Option<&'a NodeProto> {
        self.maker(name).filter(|node| node.is(op))
    }

    /// The node that makes a value, if it joins channels.
    pub fn concatenation(&self, name: &str) -> Option<&'a NodeProto> {
        self.made_by(name, "Concat").filter(|concat| joins_channels(concat))
    }

    /// What a concatenation joins that is no concatenation itself; `None` if that is more than a network has any use for.
    pub fn leaves(&self, concat: &'a NodeProto) -> Option<Vec<&'a str>> {
        let mut leaves = Vec::new();
        let mut left: Vec<&str> = concat.input.iter().rev().map(String::as_str).collect();
        while let Some(name) = left.pop() {
            match self.concatenation(name) {
                Some(inner) => left.extend(inner.input.iter().rev().map(String::as_str)),
                None => leaves.push(name),
            }
            if left.len() + leaves.len() > MAX_JOINED {
                return None;
            }
        }
        Some(leaves)
    }

    /// A constant.
    pub fn constant(&self, name: &str) -> Option<&'a Tensor> {
        self.graph.constants.get(name)
    }

    /// The one number of a constant.
    pub fn number(&self, name: &str) -> Option<f32> {
        self.constant(name)?.as_scalar()
    }

    /// Both operands, in both orders.
    pub fn operands(&self, node: &'a NodeProto) -> [(&'a str, &'a str); 2] {
        let (a, b) = (node.arg(0).unwrap_or(""), node.arg(1).unwrap_or(""));
        [(a, b), (b, a)]
    }

    /// The constant operand of a node, and the other one.
    pub fn with_constant(&self, node: &'a NodeProto) -> Option<(&'a Tensor, &'a str)> {
        self.operands(node).into_iter().find_map(|(a, b)| Some((self.constant(a)?, b)))
    }

    /// The operand of a node that is one number, and the other one.
    pub fn with_number(&self, node: &'a NodeProto) -> Option<(f32, &'a str)> {
        self.operands(node).into_iter().find_map(|(a, b)| Some((self.number(a)?, b)))
    }
}

/// Whether a node joins channels.
pub fn joins_channels(node: &NodeProto) -> bool {
    node.is("Concat") && matches!(node.int("axis", 0), 1 | -3)
}
