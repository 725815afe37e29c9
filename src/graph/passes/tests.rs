//! Each pass is checked by running the graph before and after it through the reference interpreter.

use super::*;
use crate::graph::ir::Graph;
use crate::graph::proto::AttributeProto as Attribute;
use crate::graph::reference::{Plane, run as reference};
use crate::graph::{Builder, Tensor, import};

/// A network under construction whose weights are noise.
pub struct Net {
    pub builder: Builder,
    seed: u64,
}

impl Net {
    pub fn new(seed: u64) -> Net {
        Net { builder: Builder::new(), seed }
    }

    pub fn noise(&mut self, dims: &[usize]) -> String {
        self.seed += 1;
        let count = dims.iter().product();
        self.builder.constant("noise", Tensor::floats(dims, Plane::noise([1, 1, 1, count], self.seed).values))
    }

    pub fn conv(&mut self, input: &str, dims: [usize; 4], pads: [i64; 4]) -> String {
        let (weights, bias) = (self.noise(&dims), self.noise(&dims[..1]));
        self.builder.node("Conv", &[input, &weights, &bias], vec![Attribute::ints("pads", &pads)])
    }

    pub fn resize(&mut self, input: &str, mode: &str, scale: f32, attributes: &[(&str, &str)]) -> String {
        let scales = self.builder.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, scale, scale]));
        let mode = [("mode", mode)];
        let attributes =
            mode.iter().chain(attributes).map(|(name, value)| Attribute::text(name, value)).collect();
        self.builder.node("Resize", &[input, "", &scales], attributes)
    }

    pub fn graph(self, channels: usize, output: &str) -> Graph {
        let mut graph = import::import(self.builder.finish(channels, None, output)).unwrap();
        graph.rename(output, "output");
        graph
    }
}

pub fn operators(graph: &Graph) -> Vec<&str> {
    graph.nodes.iter().map(|node| node.op_type.as_str()).collect()
}

/// Runs all passes; fails unless `operators` are left and the results stay the same at several sizes.
fn assert_rewritten(before: Graph, channels: usize, size_multiple: usize, expected: &[&str]) {
    let mut after = before.clone();
    run(&mut after, channels, size_multiple).unwrap();
    assert_eq!(operators(&after), expected);
    for (height, width) in [(1, 1), (2, 5), (7, 4)] {
        let picture = Plane::noise([1, channels, height * size_multiple, width * size_multiple], 99);
        let distance = reference(&before, &picture).distance(&reference(&after, &picture));
        assert!(distance < 2e-5, "{distance} at {height}x{width}");
    }
}

#[test]
fn nearest_enlargement_moves_behind_the_convolution() {
    // (factor, kernel, pads before and after)
    for (factor, kernel, before, after) in
        [(2, 3, 1, 1), (3, 3, 1, 1), (8, 3, 1, 1), (2, 5, 2, 2), (3, 1, 0, 0), (2, 4, 1, 2)]
    {
        let mut net = Net::new(factor as u64);
        let large = net.resize(
            "input",
            "nearest",
            factor as f32,
            &[("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")],
        );
        let output = net.conv(&large, [2, 3, kernel, kernel], [before, before, after, after]);
        assert_rewritten(net.graph(3, &output), 3, 1, &["Conv", "DepthToSpace"]);
    }
}

#[test]
fn enlargement_with_pixel_centres_in_place_is_the_same_for_nearest() {
    let mut net = Net::new(3);
    let large = net.resize("input", "nearest", 2.0, &[]);
    let output = net.conv(&large, [3, 3, 3, 3], [1; 4]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Conv", "DepthToSpace"]);
}

#[test]
fn enlargement_stays_where_the_rewrite_would_be_wrong_or_slower() {
    // Read twice; a convolution that shrinks the picture; too many channels to gain.
    let mut net = Net::new(1);
    let large = net.resize("input", "nearest", 2.0, &[]);
    let conv = net.conv(&large, [3, 3, 3, 3], [1; 4]);
    let output = net.builder.node("Add", &[&conv, &large], vec![]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Resize", "Conv", "Add"]);

    let mut net = Net::new(2);
    let large = net.resize("input", "nearest", 4.0, &[]);
    let output = net.conv(&large, [3, 3, 3, 3], [0; 4]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Resize", "Conv"]);

    let mut net = Net::new(3);
    let large = net.resize("input", "nearest", 2.0, &[]);
    let output = net.conv(&large, [32, 3, 3, 3], [1; 4]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Resize", "Conv"]);
}

/// A transposed convolution of 3 channels to 2, with `attributes` as ONNX names them.
fn transposed(net: &mut Net, kernel: [usize; 2], attributes: &[(&str, &[i64])]) -> String {
    let (weights, bias) = (net.noise(&[3, 2, kernel[0], kernel[1]]), net.noise(&[2]));
    let attributes = attributes.iter().map(|(name, values)| Attribute::ints(name, values)).collect();
    net.builder.node("ConvTranspose", &["input", &weights, &bias], attributes)
}

#[test]
fn a_transposed_convolution_becomes_one_at_the_small_size() {
    // (factor, kernel, pads, output padding): as small as the factor, wider, waifu2x's, Keras's and PyTorch's own forms.
    for (factor, kernel, pads, extra) in [
        (2, [2, 2], [0; 4], [0, 0]),
        (2, [4, 4], [1; 4], [0, 0]),
        (2, [4, 4], [3, 3, 3, 3], [0, 0]),
        (2, [3, 3], [0, 0, 1, 1], [0, 0]),
        (2, [3, 3], [1; 4], [1, 1]),
        (3, [9, 9], [4; 4], [2, 2]),
        (4, [1, 2], [0; 4], [3, 2]),
        (2, [5, 3], [4, 1, 5, 2], [0, 0]),
        (2, [6, 2], [0, 2, 0, 4], [0, 0]),
    ] {
        let mut net = Net::new(factor as u64);
        // What is cut off must be there.
        let padded = net.conv("input", [3, 3, 1, 1], [4; 4]);
        let attributes: [(&str, &[i64]); 3] =
            [("strides", &[factor; 2]), ("pads", &pads), ("output_padding", &extra)];
        let output = transposed(&mut net, kernel, &attributes);
        let mut graph = net.graph(3, &output);
        graph.nodes[1].input[0] = padded;
        assert_rewritten(graph, 3, 1, &["Conv", "Conv", "DepthToSpace"]);
    }
}

#[test]
fn a_transposed_convolution_stays_where_it_is_no_enlargement() {
    // A result that is no multiple; two factors; one that keeps the size; dilated; of a given size.
    let cases: [&[(&str, &[i64])]; 5] = [
        &[("strides", &[2, 2])],
        &[("strides", &[1, 2]), ("pads", &[1, 0, 1, 1])],
        &[("strides", &[1, 1]), ("pads", &[1; 4])],
        &[("strides", &[2, 2]), ("dilations", &[3, 3]), ("pads", &[3, 3, 2, 2])],
        &[("strides", &[2, 2]), ("output_shape", &[14, 8])],
    ];
    for attributes in cases {
        let mut net = Net::new(5);
        let output = transposed(&mut net, [3, 3], attributes);
        let mut graph = net.graph(3, &output);
        run(&mut graph, 3, 1).unwrap();
        assert_eq!(operators(&graph), ["ConvTranspose"], "{attributes:?}");
    }
}

#[test]
fn constants_around_a_convolution_are_folded_into_it() {
    let mut net = Net::new(11);
    let (factor, per_channel) = (net.noise(&[]), net.noise(&[3, 1, 1]));
    let scaled = net.builder.node("Mul", &[&factor, "input"], vec![]);
    let scaled = net.builder.node("Mul", &[&scaled, &per_channel], vec![]);
    let conv = net.conv(&scaled, [4, 3, 3, 3], [1; 4]);
    let (divisor, shift, beta) = (net.noise(&[1]), net.noise(&[1, 4, 1, 1]), net.noise(&[]));
    let result = net.builder.node("Div", &[&conv, &divisor], vec![]);
    let result = net.builder.node("Sub", &[&result, &shift], vec![]);
    let result = net.builder.node("Mul", &[&beta, &result], vec![]);
    let relu = net.builder.node("Relu", &[&result], vec![]);
    assert_rewritten(net.graph(3, &relu), 3, 1, &["Conv", "Relu"]);
}

#[test]
fn grouped_convolutions_and_those_without_bias_fold_too() {
    let mut net = Net::new(12);
    let (per_channel, weights, shift) =
        (net.noise(&[4, 1, 1]), net.noise(&[6, 2, 3, 3]), net.noise(&[6, 1, 1]));
    let scaled = net.builder.node("Mul", &["input", &per_channel], vec![]);
    let attributes = vec![Attribute::int("group", 2), Attribute::ints("pads", &[1; 4])];
    let conv = net.builder.node("Conv", &[&scaled, &weights], attributes);
    let output = net.builder.node("Add", &[&shift, &conv], vec![]);
    assert_rewritten(net.graph(4, &output), 4, 1, &["Conv"]);
}

#[test]
fn what_is_not_exact_at_the_border_is_not_folded() {
    // An offset before zero padding, a factor that others read too, and "constant minus convolution".
    let mut net = Net::new(13);
    let (mean, factor) = (net.noise(&[3, 1, 1]), net.noise(&[]));
    let shifted = net.builder.node("Sub", &["input", &mean], vec![]);
    let conv = net.conv(&shifted, [3, 3, 3, 3], [1; 4]);
    let scaled = net.builder.node("Mul", &[&conv, &factor], vec![]);
    let other = net.builder.node("Add", &[&conv, &scaled], vec![]);
    let output = net.builder.node("Sub", &[&factor, &other], vec![]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Sub", "Conv", "Mul", "Add", "Sub"]);
}

#[test]
fn resampling_by_a_fixed_ratio_becomes_a_filter_bank() {
    let shuffled = &["Pad", "Conv", "DepthToSpace"][..];
    let cases = [
        ("linear", 2.0, 1, shuffled),
        ("linear", 4.0, 1, shuffled),
        ("linear", 0.5, 2, &shuffled[..2]),
        ("linear", 1.5, 2, shuffled),
        ("cubic", 2.0, 1, shuffled),
        ("cubic", 3.0, 1, shuffled),
        ("cubic", 0.5, 2, &shuffled[..2]),
        ("cubic", 0.25, 4, &shuffled[..2]),
        ("cubic", 0.75, 4, shuffled),
    ];
    for (mode, scale, size_multiple, expected) in cases {
        let mut net = Net::new(21);
        let output = net.resize("input", mode, scale, &[]);
        assert_rewritten(net.graph(3, &output), 3, size_multiple, expected);
    }
}

#[test]
fn resampling_stays_where_sizes_need_not_divide() {
    let mut net = Net::new(22);
    let output = net.resize("input", "cubic", 0.5, &[]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Resize"]);
    let mut net = Net::new(23);
    let output = net.resize("input", "linear", 2.0, &[("coordinate_transformation_mode", "asymmetric")]);
    assert_rewritten(net.graph(3, &output), 3, 1, &["Resize"]);
}

/// A normalisation over `channels` last axes as JAX writes it, with `factor` for the mean.
fn written_out_norm(net: &mut Net, channels: usize, factor: f32) -> String {
    let to = |perm: [i64; 4]| vec![Attribute::ints("perm", &perm)];
    let x = net.builder.node("Transpose", &["input"], to([0, 2, 3, 1]));
    let (last, each) = (Tensor::ints(&[3]), Tensor::floats(&[], vec![factor]));
    let (last, each) = (net.builder.constant("last", last), net.builder.constant("each", each));
    let mean = |net: &mut Net, of: &str| {
        let sum = net.builder.node("ReduceSum", &[of, &last], vec![Attribute::int("keepdims", 1)]);
        net.builder.node("Mul", &[&sum, &each], vec![])
    };
    let square = net.builder.node("Mul", &[&x, &x], vec![]);
    let (first, second) = (mean(net, &x), mean(net, &square));
    let squared = net.builder.node("Mul", &[&first, &first], vec![]);
    let variance = net.builder.node("Sub", &[&second, &squared], vec![]);
    let [zero, epsilon] =
        [0.0, 1e-3].map(|value| net.builder.constant("number", Tensor::floats(&[], vec![value])));
    let variance = net.builder.node("Max", &[&zero, &variance], vec![]);
    let variance = net.builder.node("Add", &[&variance, &epsilon], vec![]);
    let root = net.builder.node("Sqrt", &[&variance], vec![]);
    let inverse = net.builder.node("Reciprocal", &[&root], vec![]);
    let (scale, offset) = (net.noise(&[1, 1, 1, channels]), net.noise(&[1, 1, 1, channels]));
    let factor = net.builder.node("Mul", &[&inverse, &scale], vec![]);
    let centred = net.builder.node("Sub", &[&x, &first], vec![]);
    let product = net.builder.node("Mul", &[&centred, &factor], vec![]);
    let sum = net.builder.node("Add", &[&product, &offset], vec![]);
    net.builder.node("Transpose", &[&sum], to([0, 3, 1, 2]))
}

#[test]
fn a_normalisation_that_is_written_out_becomes_one_operator() {
    let mut net = Net::new(21);
    let output = written_out_norm(&mut net, 4, 0.25);
    assert_rewritten(net.graph(4, &output), 4, 1, &["Transpose", "LayerNormalization", "Transpose"]);
}

#[test]
fn a_sum_that_is_no_mean_makes_no_normalisation() {
    let mut net = Net::new(22);
    let output = written_out_norm(&mut net, 4, 0.2);
    let graph = net.graph(4, &output);
    let before: Vec<String> = operators(&graph).into_iter().map(str::to_owned).collect();
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    assert_rewritten(graph, 4, 1, &before);
}
