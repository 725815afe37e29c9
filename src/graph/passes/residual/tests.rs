//! Chains against the same graph before the rewrite, run by the reference interpreter.

use crate::graph::ir::Graph;
use crate::graph::proto::AttributeProto as Attribute;
use crate::graph::reference::{Plane, run as reference};
use crate::graph::{Builder, Tensor, import};

const FEATURES: usize = 6;

/// A residual dense network under construction.
struct Net {
    builder: Builder,
    seed: u64,
    /// Whether blocks join what they have with each layer, as Keras' models do, or everything anew, as PyTorch's.
    nested: bool,
}

impl Net {
    fn new() -> Net {
        Net { builder: Builder::new(), seed: 0, nested: false }
    }

    /// A convolution that keeps the size, whose weights keep values near one.
    fn conv(&mut self, input: &str, [outputs, inputs, kernel]: [usize; 3]) -> String {
        let dims = [outputs, inputs, kernel, kernel];
        let size = 1.0 / ((inputs * kernel * kernel) as f32).sqrt();
        let mut noise = |dims: &[usize]| {
            self.seed += 1;
            let values = Plane::noise([1, 1, 1, dims.iter().product()], self.seed).values;
            self.builder.constant("noise", Tensor::floats(dims, values.iter().map(|v| v * size).collect()))
        };
        let (weights, bias) = (noise(&dims), noise(&dims[..1]));
        let pads = Attribute::ints("pads", &[kernel as i64 / 2; 4]);
        self.builder.node("Conv", &[input, &weights, &bias], vec![pads])
    }

    fn concat(&mut self, inputs: &[&str]) -> String {
        self.builder.node("Concat", inputs, vec![Attribute::int("axis", 1)])
    }

    /// A block whose dense layers grow by `growth` each.
    fn block(&mut self, x: &str, growth: &[usize]) -> String {
        let (mut made, mut joined) = (vec![x.to_owned()], x.to_owned());
        let mut channels = FEATURES;
        for &grown in growth {
            let conv = self.conv(&joined, [grown, channels, 3]);
            made.push(self.builder.node("Relu", &[&conv], vec![]));
            joined = match &made[..] {
                [.., last] if self.nested => self.concat(&[&joined, last]),
                all => self.concat(&all.iter().map(String::as_str).collect::<Vec<_>>()),
            };
            channels += grown;
        }
        let conv = self.conv(&joined, [FEATURES, channels, 1]);
        self.builder.node("Add", &[&conv, x], vec![])
    }

    fn graph(self, output: &str) -> Graph {
        let mut graph = import::import(self.builder.finish(3, None, output)).unwrap();
        graph.rename(output, "output");
        graph
    }
}

/// Runs the pass; returns how many weights it left. Fails unless results stay the same at several sizes.
fn weights_left(before: &Graph) -> usize {
    let mut after = before.clone();
    super::run(&mut after, 3);
    after.sort().unwrap();
    for [height, width] in [[1, 1], [2, 5], [7, 4]] {
        let picture = Plane::noise([1, 3, height, width], 99);
        let distance = reference(before, &picture).distance(&reference(&after, &picture));
        assert!(distance < 1e-5, "{distance} at {height}x{width}");
    }
    weights(&after)
}

fn weights(graph: &Graph) -> usize {
    graph.constants.values().map(|tensor| tensor.count()).sum()
}

/// Blocks with one layer each, then what `tail` makes of all blocks' outputs.
fn network(blocks: usize, tail: impl Fn(&mut Net, &[String]) -> String) -> Graph {
    let mut net = Net::new();
    let mut outputs = vec![net.conv("input", [FEATURES, 3, 3])];
    for _ in 0..blocks {
        let last = outputs.last().cloned().unwrap_or_default();
        outputs.push(net.block(&last, &[4]));
    }
    let output = tail(&mut net, &outputs);
    net.graph(&output)
}

#[test]
fn blocks_stop_reading_their_own_input_through_1x1_convolutions() {
    let graph = network(3, |net, outputs| net.conv(&outputs[3], [3, FEATURES, 3]));
    assert_eq!(weights_left(&graph), weights(&graph) - 3 * FEATURES * FEATURES);
}

#[test]
fn fusion_of_all_outputs_becomes_a_sum_that_grows() {
    let fused = |first: usize| {
        network(3, move |net, outputs| {
            let joined: Vec<&str> = outputs[first..].iter().map(String::as_str).collect();
            let all = net.concat(&joined);
            net.conv(&all, [5, FEATURES * joined.len(), 1])
        })
    };
    // Left of the convolution: what reads the first value, and 4 channels of each later block. The last block's own
    // output is read by nobody.
    let without = |first: usize, blocks: usize| {
        let own = 3 * FEATURES * FEATURES + FEATURES * (4 + 1);
        weights(&fused(first)) - own - 5 * FEATURES * (4 - first) + 5 * (FEATURES + 4 * blocks)
    };
    assert_eq!(weights_left(&fused(0)), without(0, 3));
    assert_eq!(weights_left(&fused(1)), without(1, 2));
}

#[test]
fn blocks_of_many_layers_read_their_input_in_several_places() {
    for nested in [false, true] {
        let mut net = Net { nested, ..Net::new() };
        let first = net.conv("input", [FEATURES, 3, 3]);
        let second = net.block(&first, &[2, 3, 4]);
        let third = net.block(&second, &[2, 3, 4]);
        let joined = net.concat(&[&first, &third, &second]);
        let output = net.conv(&joined, [3, 3 * FEATURES, 3]);
        let graph = net.graph(&output);
        assert_eq!(weights_left(&graph), weights(&graph) - 2 * FEATURES * FEATURES);
    }
}

#[test]
fn absurdly_nested_concatenations_are_left_alone() {
    let mut net = Net::new();
    let first = net.conv("input", [1, 3, 3]);
    let mut joined = first.clone();
    for _ in 0..12 {
        joined = net.concat(&[&joined, &joined]);
    }
    let conv = net.conv(&joined, [1, 1 << 12, 1]);
    let sum = net.builder.node("Add", &[&conv, &first], vec![]);
    let output = net.conv(&sum, [3, 1, 3]);
    let graph = net.graph(&output);
    assert_eq!(weights_left(&graph), weights(&graph));
}

#[test]
fn fusion_that_would_cost_more_multiplications_stays() {
    let mut net = Net::new();
    let first = net.conv("input", [FEATURES, 3, 3]);
    let second = net.block(&first, &[9]);
    let third = net.block(&second, &[9]);
    let joined = net.concat(&[&second, &third]);
    let output = net.conv(&joined, [3, 2 * FEATURES, 1]);
    let graph = net.graph(&output);
    assert_eq!(weights_left(&graph), weights(&graph) - 2 * FEATURES * FEATURES);
}

#[test]
fn chains_that_others_read_are_left_alone() {
    // An activation, a product, and the graph's output see the values themselves.
    let readers: [fn(&mut Net, &str) -> String; 3] = [
        |net, x| net.builder.node("Relu", &[x], vec![]),
        |net, x| net.builder.node("Mul", &[x, x], vec![]),
        |_, x| x.to_owned(),
    ];
    for reader in readers {
        let graph = network(2, |net, outputs| reader(net, &outputs[2]));
        assert_eq!(weights_left(&graph), weights(&graph));
    }
}

#[test]
fn a_basis_that_would_lose_precision_is_not_taken() {
    // x + (-1) x + W r: the input is gone, and cannot be had back.
    let mut net = Net::new();
    let first = net.conv("input", [FEATURES, 3, 3]);
    let relu = net.builder.node("Relu", &[&first], vec![]);
    let joined = net.concat(&[&first, &relu]);
    let minus = |n: usize| if n % (2 * FEATURES) == n / (2 * FEATURES) { -1.0 } else { 0.0 };
    let values = (0..2 * FEATURES * FEATURES).map(minus).collect();
    let weights_of = net.builder.constant("minus", Tensor::floats(&[FEATURES, 2 * FEATURES, 1, 1], values));
    let conv = net.builder.node("Conv", &[&joined, &weights_of], vec![]);
    let sum = net.builder.node("Add", &[&first, &conv], vec![]);
    let output = net.conv(&sum, [3, FEATURES, 3]);
    let graph = net.graph(&output);
    assert_eq!(weights_left(&graph), weights(&graph));
}
