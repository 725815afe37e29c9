//! Moves "three times the same channel" towards the output.
//!
//! What treats all channels alike is done once, before they are copied. A convolution of three equal channels is one of
//! a single channel, with the weights summed; zero padding is the same for all, so this holds at the borders too.
//! An offset of one number per channel broadcasts the single channel by itself.

use std::collections::HashMap;

use super::COLOURS;
use crate::graph::ir::{Graph, Names, outputs_of};
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::shape::{Kind, kind};
use crate::graph::tensor::Tensor;

/// The values of a graph that are one channel three times, with the names of those channels.
pub type Copies = HashMap<String, String>;

/// Makes the input a single channel, copied; then moves the copying.
pub fn run(graph: &mut Graph) -> Copies {
    let mut names = graph.names();
    let single = graph.input.name.clone();
    let copied = names.fresh(&format!("{single}_copied"));
    graph.rename(&single, &copied);
    graph.input.name.clone_from(&single);
    graph.input.dims[1] = Some(1);

    let mut copies = Copies::from([(copied.clone(), single.clone())]);
    let mut nodes = vec![copying(&single, &copied)];
    let mut constants = Vec::new();
    for node in &graph.nodes {
        match moved(graph, &copies, node) {
            Some(Moved::Behind(inputs)) => {
                let single = names.fresh(&format!("{}_single", node.out()));
                let name = single.clone();
                nodes.push(NodeProto { input: inputs, output: vec![single.clone()], name, ..node.clone() });
                nodes.push(copying(&single, node.out()));
                copies.insert(node.out().to_owned(), single);
            }
            Some(Moved::Broadcast(inputs)) => nodes.push(NodeProto { input: inputs, ..node.clone() }),
            Some(Moved::Summed(weights)) => {
                nodes.push(summed(node, &copies, weights, &mut names, &mut constants))
            }
            None => nodes.push(node.clone()),
        }
    }
    graph.nodes = nodes;
    graph.constants.extend(constants);
    graph.remove_dead();
    copies
}

fn copying(single: &str, copied: &str) -> NodeProto {
    NodeProto::single("Concat", &[single; COLOURS], copied, vec![AttributeProto::int("axis", 1)])
}

/// How a node does without the copies that it reads.
enum Moved {
    /// It works on the single channel, and its result is copied. The inputs that it then has.
    Behind(Vec<String>),
    /// Its other operand, an offset per channel, makes three channels of the single one. The inputs that it then has.
    Broadcast(Vec<String>),
    /// It is a convolution, with these weights for the single channel.
    Summed(Tensor),
}

fn moved(graph: &Graph, copies: &Copies, node: &NodeProto) -> Option<Moved> {
    copies.get(node.arg(0)?).or_else(|| copies.get(node.arg(1)?))?;
    let kind = kind(node).ok().filter(|_| outputs_of(node).count() == 1)?;
    if kind == Kind::Conv {
        return summed_weights(graph, node).map(Moved::Summed);
    }
    let same_for_all = |tensor: &Tensor| match kind {
        Kind::Pointwise => tensor.count() == 1,
        Kind::Resize => tensor.count() == 0 || keeps_channels(tensor),
        Kind::Pad => tensor.count() == 1 || pads_no_channel(tensor),
        _ => false,
    };
    let by_attribute = node.floats("scales").is_none_or(|scales| matches!(scales, [1.0, 1.0, ..]));
    let channelwise = match kind {
        Kind::Pointwise | Kind::Pool | Kind::GlobalPool => true,
        Kind::Resize => by_attribute && !node.has("axes"),
        // Older operator sets have the pads as an attribute.
        Kind::Pad => node.arg(1).is_some() && node.arg(3).is_none(),
        _ => false,
    };
    let mut all_alike = channelwise;
    let mut inputs = Vec::with_capacity(node.input.len());
    for name in &node.input {
        match (copies.get(name), graph.constants.get(name)) {
            (Some(single), _) => inputs.push(single.clone()),
            (None, Some(tensor)) => {
                all_alike &= same_for_all(tensor);
                inputs.push(name.clone());
            }
            (None, None) if name.is_empty() => inputs.push(String::new()),
            (None, None) => return None,
        }
    }
    if all_alike {
        return Some(Moved::Behind(inputs));
    }
    let other = node.input.iter().find_map(|name| graph.constants.get(name));
    // Not factors: those are folded into convolutions, by a pass that does not expect them to make channels.
    let offset = matches!(node.op_type.as_str(), "Add" | "Sub");
    let per_channel = other.is_some_and(|tensor| tensor.per_channel(COLOURS).is_some());
    (offset && per_channel).then_some(Moved::Broadcast(inputs))
}

/// Scales of a Resize that leave batch and channels as they are.
fn keeps_channels(scales: &Tensor) -> bool {
    matches!(scales.as_floats(), Some([1.0, 1.0, _, _]))
}

/// Pads before and after each of the four axes that add nothing to batch and channels.
fn pads_no_channel(pads: &Tensor) -> bool {
    matches!(pads.to_ints().as_deref(), Some([0, 0, _, _, 0, 0, _, _]))
}

/// The weights of a convolution for one channel instead of three equal ones.
fn summed_weights(graph: &Graph, conv: &NodeProto) -> Option<Tensor> {
    let weights = graph.constants.get(conv.arg(1)?).filter(|_| conv.int("group", 1) == 1)?;
    let (&[filters, COLOURS, height, width], values) = (&weights.dims[..], weights.as_floats()?) else {
        return None;
    };
    let taps = height * width;
    let sum =
        |filter: &[f32], tap: usize| (0..COLOURS).map(|c| f64::from(filter[c * taps + tap])).sum::<f64>();
    let filters_of = values.chunks_exact(COLOURS * taps);
    let summed = filters_of.flat_map(|filter| (0..taps).map(move |tap| sum(filter, tap) as f32)).collect();
    Some(Tensor::floats(&[filters, 1, height, width], summed))
}

fn summed(
    conv: &NodeProto,
    copies: &Copies,
    weights: Tensor,
    names: &mut Names,
    constants: &mut Vec<(String, Tensor)>,
) -> NodeProto {
    let name = names.fresh(&format!("{}_summed", conv.out()));
    let mut node = conv.clone();
    let read = [copies.get(&conv.input[0]).cloned(), Some(name.clone())];
    for (input, replacement) in node.input.iter_mut().zip(read) {
        *input = replacement.unwrap_or_default();
    }
    constants.push((name, weights));
    node
}
