//! Finding chains of residual blocks.

use std::collections::HashMap;

use super::matrix::Matrix;
use crate::graph::ir::Graph;
use crate::graph::pattern::Pattern;
use crate::graph::proto::NodeProto;
use crate::graph::shape::{self, Shapes};

/// The end of a block: `sum = input + conv(input beside rest)`, the convolution being 1x1.
#[derive(Clone, Debug)]
pub struct Link {
    pub input: String,
    /// What the block computed of its input.
    pub rest: Vec<String>,
    pub sum: String,
    /// The 1x1 convolution's output.
    pub conv: String,
    /// The weights of `input` and of `rest`, and the bias.
    pub own: Matrix,
    pub others: Matrix,
    pub bias: Vec<f64>,
}

/// All links of a graph, in chains: each link's input is the sum of the one before.
pub fn chains(graph: &Graph, channels: usize) -> Vec<Vec<Link>> {
    let pattern = Pattern::new(graph);
    let candidates: Vec<_> = graph.nodes.iter().filter_map(|node| Candidate::of(&pattern, node)).collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    let Some(segments) = ChannelCounts::of(graph, channels) else { return Vec::new() };
    let readers = graph.readers();
    let single = |name: &str| readers.get(name) == Some(&1);
    let mut chains: Vec<Vec<Link>> = Vec::new();
    for candidate in candidates.iter().filter(|c| single(c.conv.out()) && single(c.concat.out())) {
        let Some(link) = candidate.link(graph, &segments) else { continue };
        match chains.iter_mut().find(|chain| chain.last().is_some_and(|last| last.sum == link.input)) {
            Some(chain) => chain.push(link),
            None => chains.push(vec![link]),
        }
    }
    chains
}

/// What looks like a link.
struct Candidate<'a> {
    sum: &'a str,
    input: &'a str,
    conv: &'a NodeProto,
    concat: &'a NodeProto,
    /// What the concatenation joins.
    leaves: Vec<&'a str>,
}

impl<'a> Candidate<'a> {
    fn of(pattern: &Pattern<'a>, node: &'a NodeProto) -> Option<Candidate<'a>> {
        let operands = node.is("Add").then(|| pattern.operands(node))?;
        operands.into_iter().find_map(|(input, convolved)| {
            let conv = pattern.made_by(convolved, "Conv").filter(|conv| is_pointwise(conv))?;
            let concat = pattern.concatenation(conv.arg(0)?)?;
            let leaves = pattern.leaves(concat)?;
            let once = leaves.iter().filter(|&&name| name == input).count() == 1;
            once.then_some(Candidate { sum: node.out(), input, conv, concat, leaves })
        })
    }

    fn link(&self, graph: &Graph, segments: &ChannelCounts) -> Option<Link> {
        let (weights, bias) = weights(graph, self.conv)?;
        let size = weights.rows();
        let places = segments.places(self.leaves.iter().copied())?;
        let own =
            places.iter().find(|place| place.name == self.input).filter(|place| place.channels == size)?;
        let others: Vec<usize> = (0..weights.columns()).filter(|n| !own.range().contains(n)).collect();
        let rest = self.leaves.iter().filter(|&&name| name != self.input);
        Some(Link {
            input: self.input.to_owned(),
            rest: rest.map(|&name| name.to_owned()).collect(),
            sum: self.sum.to_owned(),
            conv: self.conv.out().to_owned(),
            own: Matrix::from_fn(size, size, |row, column| weights.at(row, own.first + column)),
            others: Matrix::from_fn(size, others.len(), |row, column| weights.at(row, others[column])),
            bias,
        })
    }
}

/// Whether a convolution is one of single pixels, each by itself.
pub fn is_pointwise(conv: &NodeProto) -> bool {
    let all = |name, expected| conv.ints(name).is_none_or(|v| v.iter().all(|&value| value == expected));
    conv.is("Conv")
        && conv.int("group", 1) == 1
        && all("kernel_shape", 1)
        && all("strides", 1)
        && all("pads", 0)
}

/// The weights of a 1x1 convolution as a matrix, and its bias.
pub fn weights(graph: &Graph, conv: &NodeProto) -> Option<(Matrix, Vec<f64>)> {
    let tensor = graph.constants.get(conv.arg(1)?)?;
    let (&[outputs, inputs, 1, 1], values) = (&tensor.dims[..], tensor.as_floats()?) else { return None };
    let bias = match conv.arg(2) {
        Some(name) => graph.constants.get(name)?.as_floats()?.iter().map(|&value| value.into()).collect(),
        None => vec![0.0; outputs],
    };
    let weights = Matrix::from_fn(outputs, inputs, |row, column| values[row * inputs + column].into());
    (bias.len() == outputs).then_some((weights, bias))
}

/// A value's channels among those of a concatenation.
pub struct Place<'a> {
    pub name: &'a str,
    pub first: usize,
    pub channels: usize,
}

impl Place<'_> {
    fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.channels
    }
}

/// How many channels every value has.
pub struct ChannelCounts(HashMap<String, usize>);

impl ChannelCounts {
    pub fn of(graph: &Graph, channels: usize) -> Option<ChannelCounts> {
        let [.., height, width] = graph.input.dims;
        let size = |fixed: Option<usize>| fixed.unwrap_or(shape::PROBE);
        let shapes: Shapes = shape::infer(graph, [1, channels, size(height), size(width)]).ok()?;
        let of_picture = |(name, info): (String, shape::Info)| match info.dims[..] {
            [1, channels, _, _] => Some((name, channels)),
            _ => None,
        };
        Some(ChannelCounts(shapes.into_iter().filter_map(of_picture).collect()))
    }

    /// Where values lie that are joined.
    pub fn places<'a>(&self, joined: impl Iterator<Item = &'a str>) -> Option<Vec<Place<'a>>> {
        let mut first = 0;
        let place = |name: &'a str| {
            let channels = *self.0.get(name)?;
            first += channels;
            Some(Place { name, first: first - channels, channels })
        };
        joined.map(place).collect()
    }
}
