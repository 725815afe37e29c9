//! A chain of blocks in the basis in which nothing but what is new is added.

use super::chain::{ChannelCounts, Link};
use super::matrix::Matrix;
use crate::graph::ir::{Graph, Names};
use crate::graph::pattern::joins_channels;
use crate::graph::proto::NodeProto;
use crate::graph::tensor::Tensor;

/// Chains that would lose more bits than this are left alone: 1 % of a float's precision is left to the network's own
/// rounding errors.
const WORST_CONDITION: f64 = 1e5;

/// The most readers of a value that are looked for.
const MAX_READS: usize = 256;

/// A block's end in the chain's basis: `sum = input + conv`, with `conv = weights * rest + bias`.
pub struct RebasedLink {
    pub input: String,
    /// What the 1x1 convolution reads.
    pub rest: String,
    pub conv: String,
    pub sum: String,
    pub weights: Matrix,
    pub bias: Vec<f64>,
}

/// Rewrites the chain, if convolutions alone read its values.
pub fn change(graph: &mut Graph, channels: usize, links: Vec<Link>) -> Option<Vec<RebasedLink>> {
    let segments = ChannelCounts::of(graph, channels)?;
    let mut reads = Vec::new();
    for (index, link) in links.iter().enumerate() {
        reads.push(reads_of(graph, &segments, &link.sum, links.get(index + 1))?);
    }
    let mut basis = Matrix::identity(links.first()?.own.rows());
    let mut changed = Vec::new();
    for link in &links {
        basis = basis.plus(&link.own.times(&basis));
        let inverse = basis.inverse()?;
        if basis.condition(&inverse) > WORST_CONDITION {
            return None;
        }
        changed.push((basis.clone(), inverse));
    }
    let mut names = graph.names();
    for (reads, (basis, _)) in reads.iter().zip(&changed) {
        reads.iter().for_each(|read| read.compose(graph, &mut names, basis));
    }
    let steps = links.iter().zip(&changed).map(|(link, (_, inverse))| step(graph, &mut names, link, inverse));
    let steps = steps.collect();
    Some(steps)
}

/// A convolution that reads a value as the inputs from `first` on.
struct Read {
    conv: String,
    first: usize,
}

/// The readers of a chain's value beside the next link; `None` if one is no convolution.
fn reads_of(graph: &Graph, segments: &ChannelCounts, value: &str, next: Option<&Link>) -> Option<Vec<Read>> {
    let is_next =
        |node: &NodeProto| next.is_some_and(|next| [&next.sum, &next.conv].contains(&&node.output[0]));
    let mut reads = Vec::new();
    // The value, and concatenations that hold it, with its first channel in each.
    let mut left = vec![(value, 0)];
    while let Some((name, first)) = left.pop() {
        if graph.output.name == name || reads.len() + left.len() > MAX_READS {
            return None;
        }
        for node in readers(graph, name).filter(|node| !is_next(node)) {
            if let Some(read) = convolution(graph, node, name, first) {
                reads.push(read);
                continue;
            }
            let joined = joins_channels(node).then(|| node.input.iter().map(String::as_str))?;
            let places = segments.places(joined)?;
            let holds = places.iter().filter(|place| place.name == name);
            left.extend(holds.map(|place| (node.out(), place.first + first)));
        }
    }
    Some(reads)
}

fn readers<'a>(graph: &'a Graph, value: &str) -> impl Iterator<Item = &'a NodeProto> {
    graph.nodes.iter().filter(move |node| node.input.iter().any(|name| name == value))
}

/// The node, if it is a convolution that reads `input` and has weights that can be changed.
fn convolution(graph: &Graph, node: &NodeProto, input: &str, first: usize) -> Option<Read> {
    let plain = node.is("Conv") && node.int("group", 1) == 1 && node.arg(0) == Some(input);
    graph.constants.get(node.arg(1).filter(|_| plain)?)?.as_floats()?;
    Some(Read { conv: node.out().to_owned(), first })
}

impl Read {
    /// Gives the convolution the weights for the value in the other basis.
    fn compose(&self, graph: &mut Graph, names: &mut Names, basis: &Matrix) {
        let Some(conv) = graph.nodes.iter_mut().find(|node| node.out() == self.conv) else { return };
        let Some(tensor) = conv.arg(1).and_then(|name| graph.constants.get(name)) else { return };
        let [_, inputs, height, width] = tensor.dims[..] else { return };
        let taps = height * width;
        let mut weights = tensor.as_floats().unwrap_or_default().to_vec();
        for filter in weights.chunks_mut(inputs * taps) {
            let filter = &mut filter[self.first * taps..][..basis.rows() * taps];
            let before =
                Matrix::from_fn(taps, basis.rows(), |tap, channel| filter[channel * taps + tap].into());
            let after = before.times(basis);
            filter.iter_mut().enumerate().for_each(|(n, w)| *w = after.at(n % taps, n / taps) as f32);
        }
        let name = names.fresh(&format!("{}_weights", self.conv));
        let tensor = Tensor::floats(&tensor.dims.clone(), weights);
        conv.input[1].clone_from(&name);
        graph.constants.insert(name, tensor);
    }
}

/// Lets a link add what is new, and no more.
fn step(graph: &mut Graph, names: &mut Names, link: &Link, inverse: &Matrix) -> RebasedLink {
    let (weights, bias) = (inverse.times(&link.others), inverse.apply(&link.bias));
    let constants = pointwise_constants(graph, names, &link.conv, &weights, Some(&bias));
    let index = graph.nodes.iter().position(|node| node.out() == link.conv).unwrap_or_default();
    let joined = graph.nodes[index].input[0].clone();
    let rest = match &link.rest[..] {
        [only] => only.clone(),
        several => {
            let concat = graph.nodes.iter_mut().find(|node| node.out() == joined);
            concat.into_iter().for_each(|concat| concat.input = several.to_vec());
            joined
        }
    };
    graph.nodes[index].input = [vec![rest.clone()], constants].concat();
    RebasedLink {
        input: link.input.clone(),
        rest,
        conv: link.conv.clone(),
        sum: link.sum.clone(),
        weights,
        bias,
    }
}

/// Adds the constants of a 1x1 convolution called `conv`; returns their names.
pub fn pointwise_constants(
    graph: &mut Graph,
    names: &mut Names,
    conv: &str,
    weights: &Matrix,
    bias: Option<&[f64]>,
) -> Vec<String> {
    let mut add = |what: &str, dims: &[usize], values: Vec<f32>| {
        let name = names.fresh(&format!("{conv}_{what}"));
        graph.constants.insert(name.clone(), Tensor::floats(dims, values));
        name
    };
    let values = (0..weights.rows()).flat_map(|row| weights.row(row)).map(|&value| value as f32).collect();
    let mut constants = vec![add("weights", &[weights.rows(), weights.columns(), 1, 1], values)];
    if let Some(bias) = bias {
        constants.push(add("bias", &[bias.len()], bias.iter().map(|&value| value as f32).collect()));
    }
    constants
}
