//! The 1x1 convolution of all blocks' outputs side by side as a sum that grows with each block.
//!
//! Output `k` is `y_k = y_f + Σ u_j` over the blocks `j` from the first one that is read on, `u_j` being the 1x1
//! convolution of what the block made. So `Σ H_k y_k = (Σ H_k) y_f + Σ_j (Σ_{k>j} H_k) u_j`.

use std::collections::HashMap;

use super::basis::{Step, pointwise_constants};
use super::chain::{is_pointwise, joins_channels, weights};
use super::matrix::Matrix;
use crate::graph::ir::{Graph, Names};
use crate::graph::pattern::Pattern;
use crate::graph::proto::NodeProto;

/// Rewrites such convolutions of a chain's values where that takes no more multiplications.
pub fn run(graph: &mut Graph, chain: &[Step]) {
    let fusions: Vec<Fusion> = {
        let pattern = Pattern::new(graph);
        graph.nodes.iter().filter_map(|node| Fusion::of(graph, &pattern, node, chain)).collect()
    };
    fusions.into_iter().for_each(|fusion| fusion.apply(graph, chain));
}

struct Fusion {
    conv: String,
    /// The weights of each value that is read, by how many blocks it comes after the chain's input.
    weights: Vec<(usize, Matrix)>,
    bias: Vec<f64>,
}

impl Fusion {
    fn of(graph: &Graph, pattern: &Pattern, conv: &NodeProto, chain: &[Step]) -> Option<Fusion> {
        let concat = is_pointwise(conv).then(|| pattern.made_by(conv.arg(0)?, "Concat"))?;
        let concat = concat.filter(|concat| joins_channels(concat) && concat.input.len() > 1)?;
        let (all, bias) = weights(graph, conv)?;
        let size = chain.first()?.weights.rows();
        let depth = |name: &String| match chain.iter().position(|step| step.sum == *name) {
            Some(block) => Some(block + 1),
            None => (chain[0].input == *name).then_some(0),
        };
        let depths: Vec<usize> = concat.input.iter().map(depth).collect::<Option<_>>()?;
        let segment =
            |n: usize| Matrix::from_fn(all.rows(), size, |row, column| all.at(row, n * size + column));
        let weights: Vec<_> = depths.into_iter().enumerate().map(|(n, depth)| (depth, segment(n))).collect();
        let fusion = Fusion { conv: conv.out().to_owned(), weights, bias };
        (all.columns() == concat.input.len() * size && fusion.reads(chain, size) <= all.columns())
            .then_some(fusion)
    }

    fn first(&self) -> usize {
        self.weights.iter().map(|(depth, _)| *depth).min().unwrap_or(0)
    }

    fn last(&self) -> usize {
        self.weights.iter().map(|(depth, _)| *depth).max().unwrap_or(0)
    }

    /// How many channels the sum's convolutions read.
    fn reads(&self, chain: &[Step], size: usize) -> usize {
        size + chain[self.first()..self.last()].iter().map(|step| step.weights.columns()).sum::<usize>()
    }

    /// The sum of the weights of all values that come after more than `depth` blocks.
    fn after(&self, depth: usize) -> Matrix {
        let rows = self.bias.len();
        let zero = Matrix::from_fn(rows, self.weights[0].1.columns(), |_, _| 0.0);
        let later = self.weights.iter().filter(|(at, _)| *at > depth);
        later.fold(zero, |sum, (_, weights)| sum.plus(weights))
    }

    fn apply(self, graph: &mut Graph, chain: &[Step]) {
        let mut names = graph.names();
        let (first, last) = (self.first(), self.last());
        let position = |graph: &Graph, name: &str| graph.nodes.iter().position(|node| node.out() == name);
        let base = chain[first].input.clone();
        let mut bias = self.bias.clone();
        let all = self.weights.iter().skip(1).fold(self.weights[0].1.clone(), |sum, (_, h)| sum.plus(h));
        let mut inserted: HashMap<usize, Vec<NodeProto>> = HashMap::new();
        let mut sum = names.fresh(&format!("{}_base", self.conv));
        let base_name = sum.clone();
        for (depth, step) in chain.iter().enumerate().take(last).skip(first) {
            let share = self.after(depth);
            bias.iter_mut().zip(share.apply(&step.bias)).for_each(|(bias, more)| *bias += more);
            let weights = share.times(&step.weights);
            let part = names.fresh(&format!("{}_part", self.conv));
            let grown = match depth + 1 == last {
                true => self.conv.clone(),
                false => names.fresh(&format!("{}_sum", self.conv)),
            };
            let conv = pointwise(graph, &mut names, &step.rest, &part, &weights, None);
            let add = NodeProto::single("Add", &[&sum, &part], &grown, vec![]);
            sum = grown;
            let Some(index) = position(graph, &step.conv) else { return };
            inserted.entry(index).or_default().extend([conv, add]);
        }
        let conv = pointwise(graph, &mut names, &base, &base_name, &all, Some(&bias));
        if let Some(index) = position(graph, &chain[first].conv) {
            inserted.entry(index).or_default().insert(0, conv);
        }
        let with_itself = |(index, mut nodes): (usize, Vec<NodeProto>)| {
            nodes.push(graph.nodes[index].clone());
            (index, nodes)
        };
        let mut replaced: HashMap<usize, Vec<NodeProto>> = inserted.into_iter().map(with_itself).collect();
        replaced.extend(position(graph, &self.conv).map(|index| (index, vec![])));
        graph.replace(replaced);
    }
}

fn pointwise(
    graph: &mut Graph,
    names: &mut Names,
    input: &str,
    output: &str,
    weights: &Matrix,
    bias: Option<&[f64]>,
) -> NodeProto {
    let constants = pointwise_constants(graph, names, output, weights, bias);
    let inputs: Vec<&str> = std::iter::once(input).chain(constants.iter().map(String::as_str)).collect();
    let attributes = vec![crate::graph::proto::AttributeProto::ints("kernel_shape", &[1, 1])];
    NodeProto::single("Conv", &inputs, output, attributes)
}
