//! Moves a network's convolutional body out of the graph and into a [`Program`] on blocked planes.
//!
//! The body is what can be reached from the first convolution through operators that the kernels know. It has one way in
//! (that convolution's input) and one way out; a graph in which it has more keeps its own operators. What remains is the
//! graph with one node of the operator [`OPERATOR`] in the body's place.
//!
//! | file | what |
//! |---|---|
//! | `draft` | ONNX nodes → drafts of steps: which nodes are understood, and as what |
//! | `fuse` | drafts → fewer drafts: activations, residuals, gates and scales move into convolutions |
//! | `join` | fewer still: 1x1 convolutions move into those before them |
//! | here | drafts → program, and the graph around it |

mod draft;
mod fuse;
mod join;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost::Message;

use super::ir::{Graph, outputs_of};
use super::proto::{AttributeProto, NodeProto, OperatorSetIdProto};
use crate::error::Error;
use crate::kernel::{Conv, ConvSpec, Isa};
use crate::program::{Op, Program, Source, Step};
use draft::{Draft, DraftConv, DraftOp};

/// The domain of our operators.
pub const DOMAIN: &str = "upscaler";
/// The operator that runs a program: one image in, one out.
pub const OPERATOR: &str = "Body";
/// Its attribute: the program's number, as an integer.
pub const ATTRIBUTE: &str = "program";

/// Bodies with fewer multiply-adds per pixel than this stay as they are: the ways in and out would cost as much.
const LEAST_WORK: usize = 20_000;

/// A graph whose body was moved out.
pub struct Split {
    /// The body.
    pub program: Program,
    /// What is left.
    pub around: Around,
}

/// A graph with a node of [`OPERATOR`] in its body's place.
pub struct Around(Graph);

impl Around {
    /// The `.onnx` file around the body, which its node calls `number`.
    pub fn to_bytes(&self, number: i64) -> Vec<u8> {
        let mut graph = self.0.clone();
        for node in graph.nodes.iter_mut().filter(|node| node.domain == DOMAIN) {
            node.attribute = vec![AttributeProto::int(ATTRIBUTE, number)];
        }
        let constants = graph.constants.iter().map(|(name, tensor)| tensor.to_proto(name)).collect();
        graph.to_model(constants, Vec::new()).encode_to_vec()
    }
}

/// Moves the body of `graph` out, to run with `isa`; `None` where there is none, or too little of it to gain from.
///
/// # Errors
/// Those of the kernels for what should not have been taken in.
pub fn split(graph: &Graph, isa: Isa) -> Result<Option<Split>, Error> {
    let Some(body) = draft::body(graph) else { return Ok(None) };
    let drafts = fewest(body.drafts, &body.output);
    if work(&drafts) < LEAST_WORK {
        return Ok(None);
    }
    let mut program = program(&body.input, body.input_channels, &drafts, isa)?;
    let mut output = body.output;
    if let Some((shuffle, shuffled)) = body.exit {
        program = program.with_exit(shuffle)?;
        output = shuffled;
    }
    let mut outer = graph.clone();
    let taken: HashSet<&str> = body.nodes.iter().map(|&index| graph.nodes[index].out()).collect();
    outer.nodes.retain(|node| !outputs_of(node).any(|name| taken.contains(name)));
    let node = NodeProto {
        domain: DOMAIN.to_owned(),
        ..NodeProto::single(OPERATOR, &[&body.input], &output, vec![])
    };
    outer.nodes.push(node);
    outer.opsets.push(OperatorSetIdProto { domain: DOMAIN.to_owned(), version: 1 });
    outer.sort()?;
    outer.remove_dead();
    Ok(Some(Split { program, around: Around(outer) }))
}

/// The same in as few steps as the kernels can do it in; `output` is read outside.
fn fewest(drafts: Vec<Draft>, output: &str) -> Vec<Draft> {
    join::join(fuse::fuse(drafts, output), output)
}

/// Multiply-adds per pixel.
fn work(drafts: &[Draft]) -> usize {
    let of = |draft: &Draft| match &draft.op {
        DraftOp::Conv(conv) => {
            conv.weights.len() + conv.follower.as_ref().map_or(0, |follower| follower.weights.len())
        }
        _ => 0,
    };
    drafts.iter().map(of).sum()
}

fn program(input: &str, input_channels: usize, drafts: &[Draft], isa: Isa) -> Result<Program, Error> {
    // What a name stands for: more than one value for a concatenation.
    let mut values: HashMap<&str, Vec<Source>> = HashMap::from([(input, vec![0.into()])]);
    let mut channels = vec![input_channels];
    let mut steps = Vec::new();
    for draft in drafts {
        let read = |name: &String| values[name.as_str()].clone();
        let inputs: Vec<Source> = draft.inputs.iter().flat_map(read).collect();
        let op = match &draft.op {
            DraftOp::Concat => {
                values.insert(&draft.output, inputs);
                continue;
            }
            DraftOp::Part { first } => {
                let part = *first..first + draft.channels;
                values.insert(&draft.output, inputs.iter().map(|of| of.part(part.clone())).collect());
                continue;
            }
            DraftOp::Conv(conv) => {
                // What a source does not have are no channels, which the convolution refuses.
                let count = |source: &Source| source.count(channels[source.value]).unwrap_or(0);
                let convolved = read(&draft.inputs[0]).iter().map(count).collect();
                Op::Conv(Arc::new(convolution(conv, convolved, isa)?))
            }
            DraftOp::Add { factor } => Op::Add { factor: *factor },
            DraftOp::Mul => Op::Mul,
            DraftOp::Affine { factor, offset } => Op::Affine { factor: *factor, offset: *offset },
            DraftOp::DepthToSpace { side } => Op::DepthToSpace { side: *side },
            DraftOp::Enlarge { side } => Op::Enlarge { side: *side },
            DraftOp::Activate(activation) => Op::Activate(activation.clone()),
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
        enlarged: conv.enlarged,
        epilogue: conv.epilogue.clone(),
    };
    let larger = Conv::new(isa, &spec, &conv.weights, &conv.bias)?;
    match &conv.follower {
        None => Ok(larger),
        Some(follower) => Ok(larger.followed_by(&follower.epilogue, &follower.weights, &follower.bias)?),
    }
}
