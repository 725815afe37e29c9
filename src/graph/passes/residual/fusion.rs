//! The 1x1 convolution of all blocks' outputs side by side as a sum that grows with each block.
//!
//! Output `k` is `y_k = y_f + Σ u_j` over the blocks `j` from the first one that is read on, `u_j` being the 1x1
//! convolution of what the block made. So `Σ H_k y_k = (Σ H_k) y_f + Σ_j (Σ_{k>j} H_k) u_j`.

use std::collections::HashMap;

use super::basis::{RebasedLink, pointwise_constants};
use super::chain::{is_pointwise, weights};
use super::matrix::Matrix;
use crate::graph::ir::{Graph, Names};
use crate::graph::pattern::Pattern;
use crate::graph::proto::{AttributeProto, NodeProto};

/// Rewrites such convolutions of a chain's values where that takes no more multiplications.
pub fn run(graph: &mut Graph, chain: &[RebasedLink]) {
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
    fn of(graph: &Graph, pattern: &Pattern, conv: &NodeProto, chain: &[RebasedLink]) -> Option<Fusion> {
        let concat = is_pointwise(conv).then(|| pattern.concatenation(conv.arg(0)?))?;
        let concat = concat.filter(|concat| concat.input.len() > 1)?;
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
        let fits = all.columns() == concat.input.len() * size && fusion.first() < fusion.last();
        (fits && fusion.reads(chain, size) <= all.columns()).then_some(fusion)
    }

    fn first(&self) -> usize {
        self.weights.iter().map(|(depth, _)| *depth).min().unwrap_or(0)
    }

    fn last(&self) -> usize {
        self.weights.iter().map(|(depth, _)| *depth).max().unwrap_or(0)
    }

    /// How many channels the sum's convolutions read.
    fn reads(&self, chain: &[RebasedLink], size: usize) -> usize {
        size + chain[self.first()..self.last()].iter().map(|step| step.weights.columns()).sum::<usize>()
    }

    /// The weights of the value after `depth` blocks.
    fn at(&self, depth: usize) -> Matrix {
        self.sum(|at| at == depth)
    }

    /// The sum of the weights of all values that come later.
    fn after(&self, depth: usize) -> Matrix {
        self.sum(|at| at > depth)
    }

    fn sum(&self, of: impl Fn(usize) -> bool) -> Matrix {
        let zero = Matrix::from_fn(self.bias.len(), self.weights[0].1.columns(), |_, _| 0.0);
        let chosen = self.weights.iter().filter(|(depth, _)| of(*depth));
        chosen.fold(zero, |sum, (_, weights)| sum.plus(weights))
    }

    /// The bias of the sum: the convolution's own, and what it makes of the blocks'.
    fn bias(&self, chain: &[RebasedLink]) -> Vec<f64> {
        let mut bias = self.bias.clone();
        for (depth, step) in chain.iter().enumerate().take(self.last()).skip(self.first()) {
            let more = self.after(depth).apply(&step.bias);
            bias.iter_mut().zip(more).for_each(|(bias, more)| *bias += more);
        }
        bias
    }

    fn apply(self, graph: &mut Graph, chain: &[RebasedLink]) {
        let mut names = graph.names();
        let (first, last) = (self.first(), self.last());
        let mut sum = names.fresh(&format!("{}_base", self.conv));
        // Each block's part stands where its convolution does, so that what the block made is read while it is near.
        let mut beside: HashMap<String, Vec<NodeProto>> = HashMap::new();
        let (all, bias) = (self.after(first).plus(&self.at(first)), self.bias(chain));
        let base = pointwise(graph, &mut names, &chain[first].input, &sum, &all, Some(&bias));
        beside.insert(chain[first].conv.clone(), vec![base]);
        for (depth, step) in chain.iter().enumerate().take(last).skip(first) {
            let part = names.fresh(&format!("{}_part", self.conv));
            let weights = self.after(depth).times(&step.weights);
            let conv = pointwise(graph, &mut names, &step.rest, &part, &weights, None);
            let grown = match depth + 1 == last {
                true => self.conv.clone(),
                false => names.fresh(&format!("{}_sum", self.conv)),
            };
            let add = NodeProto::single("Add", &[&sum, &part], &grown, vec![]);
            beside.entry(step.conv.clone()).or_default().extend([conv, add]);
            sum = grown;
        }
        let nodes = std::mem::take(&mut graph.nodes).into_iter().filter(|node| node.out() != self.conv);
        let with_parts = |node: NodeProto| {
            let parts = beside.remove(node.out()).unwrap_or_default();
            std::iter::once(node).chain(parts)
        };
        graph.nodes = nodes.flat_map(with_parts).collect();
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
    let attributes = vec![AttributeProto::ints("kernel_shape", &[1, 1])];
    NodeProto::single("Conv", &inputs, output, attributes)
}
