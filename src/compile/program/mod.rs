//! Compiles a graph's convolutional subgraph into a [`Program`], and leaves the outer graph to ONNX Runtime.
//!
//! The subgraph is what can be reached from the first convolution through operators that the kernels have. It has one
//! input (that convolution's) and one output; a graph in which it has more is not partitioned. The outer graph is the graph
//! with one node of the operator [`operator::NAME`] in the subgraph's place.
//!
//! | file | what |
//! |---|---|
//! | `draft` | ONNX nodes to the draft IR: which nodes are supported, and as what |
//! | `fuse` | activations, residuals, gates, scales and upsamples are fused into convolutions |
//! | `fuse_pointwise` | 1x1 convolutions are fused with the larger ones before them |
//! | here | draft IR to program, and the outer graph |

mod draft;
mod fuse;
mod fuse_pointwise;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::error::Error;
use crate::graph::ir::{Graph, outputs_of};
use crate::graph::proto::{AttributeProto, NodeProto, OperatorSetIdProto};
use crate::kernel::{Conv, ConvSpec, Isa};
use crate::program::{Activate, Op, Operand, Program, Step, operator};
use draft::{Draft, DraftConv, DraftOp};

/// Subgraphs with fewer multiply-adds per pixel than this stay in the graph: conversion from and to NCHWc would cost as much.
const MIN_WORK: usize = 20_000;

/// A graph whose convolutional subgraph became a program.
pub struct Partitioned {
    pub program: Program,
    pub outer: OuterGraph,
}

/// A graph with a node of [`operator::NAME`] in the subgraph's place.
pub struct OuterGraph(Graph);

impl OuterGraph {
    /// The `.onnx` file, whose node names the program by `number`.
    pub fn to_bytes(&self, number: i64) -> Vec<u8> {
        let mut graph = self.0.clone();
        for node in graph.nodes.iter_mut().filter(|node| node.domain == operator::DOMAIN) {
            node.attribute = vec![AttributeProto::int(operator::NUMBER, number)];
        }
        graph.to_bytes()
    }
}

/// Partitions `graph`, for a program that runs with `isa`; `None` where there is no subgraph, or too little work in it to
/// gain from.
///
/// # Errors
/// Those of the kernels, for a convolution that should not have been taken.
pub fn partition(graph: &Graph, isa: Isa) -> Result<Option<Partitioned>, Error> {
    let Some(subgraph) = draft::subgraph(graph) else { return Ok(None) };
    let drafts = fuse_all(subgraph.drafts, &subgraph.output);
    if work(&drafts) < MIN_WORK {
        return Ok(None);
    }
    let mut program = program(&subgraph.input, subgraph.input_channels, &drafts, isa)?;
    let mut output = subgraph.output;
    if let Some((shuffle, shuffled)) = subgraph.shuffle {
        program = program.with_shuffle(shuffle)?;
        output = shuffled;
    }
    let mut outer = graph.clone();
    let taken: HashSet<&str> = subgraph.nodes.iter().map(|&index| graph.nodes[index].out()).collect();
    outer.nodes.retain(|node| !outputs_of(node).any(|name| taken.contains(name)));
    let node = NodeProto {
        domain: operator::DOMAIN.to_owned(),
        ..NodeProto::single(operator::NAME, &[&subgraph.input], &output, vec![])
    };
    outer.nodes.push(node);
    outer.opsets.push(OperatorSetIdProto { domain: operator::DOMAIN.to_owned(), version: 1 });
    outer.sort()?;
    outer.remove_dead();
    Ok(Some(Partitioned { program, outer: OuterGraph(outer) }))
}

/// All fusions; `output` is read outside.
fn fuse_all(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    fuse_pointwise::fuse(fuse::fuse(drafts, output), output)
}

/// Multiply-adds per pixel.
fn work(drafts: &[Draft]) -> usize {
    let of = |draft: &Draft| match &draft.op {
        DraftOp::Conv(conv) => {
            conv.weights.len() + conv.fused.as_ref().map_or(0, |fused| fused.weights.len())
        }
        _ => 0,
    };
    drafts.iter().map(of).sum()
}

fn program(input: &str, input_channels: usize, drafts: &[Draft], isa: Isa) -> Result<Program, Error> {
    // What a name stands for: more than one value for a concatenation.
    let mut values: HashMap<&str, Vec<Operand>> = HashMap::from([(input, vec![0.into()])]);
    let mut channels = vec![input_channels];
    let mut steps = Vec::new();
    for draft in drafts {
        let read = |name: &String| values[name.as_str()].clone();
        let inputs: Vec<Operand> = draft.inputs.iter().flat_map(read).collect();
        let op = match &draft.op {
            DraftOp::Concat => {
                values.insert(&draft.output, inputs);
                continue;
            }
            DraftOp::Slice { first } => {
                let part = *first..first + draft.channels;
                values.insert(&draft.output, inputs.iter().map(|of| of.part(part.clone())).collect());
                continue;
            }
            DraftOp::Conv(conv) => {
                // Channels that a value does not have count as none, which the convolution refuses.
                let count = |source: &Operand| source.count(channels[source.value]).unwrap_or(0);
                let convolved = read(&draft.inputs[0]).iter().map(count).collect();
                Op::Conv(Arc::new(convolution(conv, convolved, isa)?))
            }
            DraftOp::Add { factor } => Op::Add { factor: *factor },
            DraftOp::Mul => Op::Mul,
            DraftOp::Affine { factor, offset } => Op::Affine { factor: *factor, offset: *offset },
            DraftOp::DepthToSpace { side } => Op::DepthToSpace { side: *side },
            DraftOp::NearestUpsample { factor } => Op::NearestUpsample { factor: *factor },
            DraftOp::Activate(activation) => {
                Op::Activate(Activate::new(isa, activation.clone(), draft.channels)?)
            }
        };
        channels.push(draft.channels);
        steps.push(Step { op, inputs });
        values.insert(&draft.output, vec![steps.len().into()]);
    }
    Program::new(input_channels, steps)
}

/// The convolution of tensors of so many channels.
fn convolution(conv: &DraftConv, inputs: Vec<usize>, isa: Isa) -> Result<Conv, Error> {
    let spec = ConvSpec {
        inputs,
        outputs: conv.outputs,
        kernel: conv.kernel,
        padding: conv.padding,
        upsample: conv.upsample,
        epilogue: conv.epilogue.clone(),
    };
    let larger = Conv::new(isa, &spec, &conv.weights, &conv.bias)?;
    match &conv.fused {
        None => Ok(larger),
        Some(fused) => Ok(larger.fuse_pointwise(&fused.epilogue, &fused.weights, &fused.bias)?),
    }
}
