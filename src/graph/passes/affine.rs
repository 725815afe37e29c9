//! Folds constants into convolutions: `conv(a x)`, `a conv(x)` and `conv(x) + b`, with `a` and `b` one number or one per
//! channel. All three hold at the borders too, as zero padding times `a` is zero; `conv(x + b)` would not.

use std::collections::HashMap;

use crate::graph::ir::{Graph, Names};
use crate::graph::proto::NodeProto;
use crate::graph::tensor::Tensor;

/// A chain of constants is folded one by one from its end; longer ones than this are no work of an exporter.
const MAX_ROUNDS: usize = 8;

/// Folds until nothing is left to fold.
pub fn run(graph: &mut Graph) {
    let mut names = graph.names();
    for _ in 0..MAX_ROUNDS {
        if !fold_round(graph, &mut names) {
            break;
        }
    }
}

/// Folds all that do not touch each other; whether there were any.
fn fold_round(graph: &mut Graph, names: &mut Names) -> bool {
    let folds = find(graph);
    let mut redirects = HashMap::new();
    for fold in &folds {
        let (from, to) = apply(graph, names, fold);
        redirects.insert(from, to);
    }
    graph.redirect(&redirects);
    graph.remove_dead();
    !folds.is_empty()
}

/// A convolution and the constant operation next to it that it takes in.
struct Fold {
    conv: usize,
    other: usize,
    change: Change,
}

enum Change {
    /// The factor of each input channel.
    ScaleInput(Vec<f32>),
    /// The factor of each output channel.
    ScaleOutput(Vec<f32>),
    /// What is added to each output channel.
    ShiftOutput(Vec<f32>),
}

fn find(graph: &Graph) -> Vec<Fold> {
    let (producers, readers) = (graph.producers(), graph.readers());
    let single = |name: &str| readers.get(name) == Some(&1);
    let mut used = vec![false; graph.nodes.len()];
    let mut folds = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let producer =
            |place: usize| node.arg(place).filter(|name| single(name)).and_then(|name| producers.get(name));
        let fold = if node.is("Conv") {
            producer(0).and_then(|&other| before_conv(graph, index, other))
        } else {
            [0, 1].into_iter().find_map(|place| after_conv(graph, *producer(place)?, index, place))
        };
        if let Some(fold) = fold.filter(|fold| !used[fold.conv] && !used[fold.other]) {
            (used[fold.conv], used[fold.other]) = (true, true);
            folds.push(fold);
        }
    }
    folds
}

/// `conv(a x)`.
fn before_conv(graph: &Graph, conv: usize, other: usize) -> Option<Fold> {
    let dims = foldable_weights(graph, &graph.nodes[conv])?;
    let node = &graph.nodes[other];
    let place = (0..2).find(|&n| node.arg(n).is_some_and(|name| graph.constants.contains_key(name)))?;
    let channels = dims[1] * graph.nodes[conv].int("group", 1).max(1) as usize;
    let factors = graph.constants.get(node.arg(place)?)?.per_channel(channels)?;
    let change = match node.op_type.as_str() {
        "Mul" => Change::ScaleInput(factors),
        "Div" if place == 1 => Change::ScaleInput(factors.iter().map(|a| 1.0 / a).collect()),
        _ => return None,
    };
    Some(Fold { conv, other, change })
}

/// `a conv(x)` or `conv(x) + b`, the convolution being operand `place`.
fn after_conv(graph: &Graph, conv: usize, other: usize, place: usize) -> Option<Fold> {
    let dims = foldable_weights(graph, &graph.nodes[conv])?;
    let node = &graph.nodes[other];
    let values = graph.constants.get(node.arg(1 - place)?)?.per_channel(dims[0])?;
    let negative = |values: Vec<f32>| values.iter().map(|b| -b).collect();
    let change = match (node.op_type.as_str(), place) {
        ("Mul", _) => Change::ScaleOutput(values),
        ("Div", 0) => Change::ScaleOutput(values.iter().map(|a| 1.0 / a).collect()),
        ("Add", _) => Change::ShiftOutput(values),
        ("Sub", 0) => Change::ShiftOutput(negative(values)),
        _ => return None,
    };
    Some(Fold { conv, other, change })
}

/// The shape of a convolution's weights, if those and its bias are float constants.
fn foldable_weights(graph: &Graph, conv: &NodeProto) -> Option<[usize; 4]> {
    let weights = graph.constants.get(conv.arg(1)?)?;
    weights.as_floats()?;
    let dims: [usize; 4] = weights.dims[..].try_into().ok().filter(|_| conv.is("Conv"))?;
    if let Some(bias) = conv.arg(2) {
        graph.constants.get(bias)?.as_floats().filter(|bias| bias.len() == dims[0])?;
    }
    Some(dims)
}

/// Gives the convolution its new constants; returns the name that goes and the one that takes its place.
fn apply(graph: &mut Graph, names: &mut Names, fold: &Fold) -> (String, String) {
    let (conv, other) = (&graph.nodes[fold.conv], &graph.nodes[fold.other]);
    let kept = match fold.change {
        Change::ScaleInput(_) => {
            other.input.iter().find(|name| !graph.constants.contains_key(*name)).cloned()
        }
        _ => Some(conv.out().to_owned()),
    };
    let redirect = (other.out().to_owned(), kept.unwrap_or_default());
    let constant = |place: usize| conv.arg(place).and_then(|name| graph.constants.get(name));
    let dims = constant(1).map(|weights| weights.dims.clone()).unwrap_or_default();
    let mut weights = constant(1).and_then(Tensor::as_floats).unwrap_or_default().to_vec();
    let mut bias = constant(2).and_then(Tensor::as_floats).map(<[f32]>::to_vec);
    match &fold.change {
        Change::ScaleInput(factors) => {
            scale_inputs(&mut weights, &dims, conv.int("group", 1).max(1) as usize, factors);
        }
        Change::ScaleOutput(factors) => {
            let filters = weights.chunks_mut(dims[1..].iter().product());
            filters.zip(factors).for_each(|(filter, a)| filter.iter_mut().for_each(|w| *w *= a));
            bias.iter_mut().flatten().zip(factors).for_each(|(b, a)| *b *= a);
        }
        Change::ShiftOutput(shifts) => {
            let bias = bias.get_or_insert_with(|| vec![0.0; dims[0]]);
            bias.iter_mut().zip(shifts).for_each(|(b, shift)| *b += shift);
        }
    }
    let [weights_name, bias_name] =
        ["weights", "bias"].map(|what| names.fresh(&format!("{}_{what}", conv.out())));
    let conv = &mut graph.nodes[fold.conv];
    conv.input.truncate(1);
    conv.input.push(weights_name.clone());
    graph.constants.insert(weights_name, Tensor::floats(&dims, weights));
    if let Some(bias) = bias {
        conv.input.push(bias_name.clone());
        graph.constants.insert(bias_name, Tensor::floats(&dims[..1], bias));
    }
    redirect
}

/// Multiplies the weights of each input channel, which a grouped convolution counts from the group's first.
fn scale_inputs(weights: &mut [f32], dims: &[usize], group: usize, factors: &[f32]) {
    let (per_group, filters_per_group) = (dims[1], dims[0] / group);
    for (n, plane) in weights.chunks_mut(dims[2] * dims[3]).enumerate() {
        let (filter, channel) = (n / per_group, n % per_group);
        let first = filter / filters_per_group * per_group;
        plane.iter_mut().for_each(|w| *w *= factors[first + channel]);
    }
}
