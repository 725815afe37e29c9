//! The one-channel form against the colour network: the reference interpreter runs both.

use super::run;
use crate::graph::ir::Graph;
use crate::graph::passes;
use crate::graph::passes::tests::{Net, operators};
use crate::graph::proto::AttributeProto as Attribute;
use crate::graph::reference::{Plane, run as reference};

const WEIGHTS: [f32; 3] = [0.299, 0.587, 0.114];

/// What the colour network makes of a grey picture, summed.
fn by_colours(graph: &Graph, picture: &Plane) -> Plane {
    let [_, _, height, width] = picture.dims;
    let colours = Plane::from_fn([1, 3, height, width], |[n, _, y, x]| picture.at([n, 0, y, x]));
    let result = reference(graph, &colours);
    let [_, channels, height, width] = result.dims;
    assert_eq!(channels, 3);
    Plane::from_fn([1, 1, height, width], |[n, _, y, x]| {
        WEIGHTS.iter().enumerate().map(|(c, weight)| weight * result.at([n, c, y, x])).sum()
    })
}

/// Fails unless the grey form consists of `expected` and gives what the colours give, before and after the other passes.
fn assert_grey(colour: Graph, expected: &[&str]) -> Graph {
    let mut grey = colour.clone();
    run(&mut grey, WEIGHTS).unwrap();
    assert_eq!(operators(&grey), expected);
    let mut optimised = grey.clone();
    passes::run(&mut optimised, 1, 1).unwrap();
    for (height, width) in [(1, 1), (2, 5), (7, 4)] {
        let picture = Plane::noise([1, 1, height, width], 5);
        let wanted = by_colours(&colour, &picture);
        for graph in [&grey, &optimised] {
            let distance = reference(graph, &picture).distance(&wanted);
            assert!(distance < 2e-5, "{distance} at {height}x{width}");
        }
    }
    grey
}

fn weights_of(graph: &Graph, index: usize) -> Vec<usize> {
    graph.constants[graph.nodes[index].arg(1).unwrap()].dims.clone()
}

#[test]
fn first_and_last_convolution_lose_their_colours() {
    for mode in ["DCR", "CRD"] {
        let mut net = Net::new(1);
        let x = net.conv("input", [8, 3, 3, 3], [1; 4]);
        let x = net.builder.node("Relu", &[&x], vec![]);
        let x = net.conv(&x, [12, 8, 3, 3], [1; 4]);
        let block = vec![Attribute::int("blocksize", 2), Attribute::text("mode", mode)];
        let x = net.builder.node("DepthToSpace", &[&x], block);
        let grey = assert_grey(net.graph(3, &x), &["Conv", "Relu", "Conv", "DepthToSpace"]);
        assert_eq!(weights_of(&grey, 0), [8, 1, 3, 3]);
        assert_eq!(weights_of(&grey, 2), [4, 8, 3, 3]);
    }
}

#[test]
fn a_mean_per_channel_before_a_padded_convolution_stays_exact() {
    let mut net = Net::new(2);
    let mean = net.noise(&[1, 3, 1, 1]);
    let x = net.builder.node("Sub", &["input", &mean], vec![]);
    let x = net.conv(&x, [8, 3, 3, 3], [1; 4]);
    let x = net.conv(&x, [3, 8, 3, 3], [1; 4]);
    let x = net.builder.node("Add", &[&mean, &x], vec![]);
    let grey = assert_grey(net.graph(3, &x), &["Sub", "Conv", "Conv"]);
    assert_eq!(weights_of(&grey, 1), [8, 3, 3, 3]);
}

#[test]
fn a_mean_that_is_the_same_for_all_channels_is_taken_off_one() {
    let mut net = Net::new(3);
    let (factor, mean) = (net.noise(&[]), net.noise(&[1]));
    let x = net.builder.node("Mul", &["input", &factor], vec![]);
    let x = net.builder.node("Sub", &[&x, &mean], vec![]);
    let x = net.conv(&x, [4, 3, 3, 3], [1; 4]);
    let x = net.conv(&x, [3, 4, 1, 1], [0; 4]);
    let grey = assert_grey(net.graph(3, &x), &["Mul", "Sub", "Conv", "Conv"]);
    assert_eq!(weights_of(&grey, 2), [4, 1, 3, 3]);
}

#[test]
fn the_enlarged_picture_is_added_as_one_channel() {
    for (mode, op) in [("nearest", "Add"), ("cubic", "Sub")] {
        let mut net = Net::new(4);
        let large = net.resize("input", mode, 2.0, &[]);
        let x = net.conv("input", [8, 3, 3, 3], [1; 4]);
        let x = net.conv(&x, [12, 8, 3, 3], [1; 4]);
        let x = net.builder.node("DepthToSpace", &[&x], vec![Attribute::int("blocksize", 2)]);
        let x = net.builder.node(op, &[&x, &large], vec![]);
        let grey = assert_grey(net.graph(3, &x), &["Resize", "Conv", "Conv", "DepthToSpace", op]);
        assert_eq!(weights_of(&grey, 2), [4, 8, 3, 3]);
    }
}

#[test]
fn resampling_at_the_end_is_left_with_one_channel() {
    let mut net = Net::new(5);
    let x = net.conv("input", [3, 3, 3, 3], [1; 4]);
    let x = net.resize(&x, "linear", 2.0, &[]);
    assert_grey(net.graph(3, &x), &["Conv", "Resize"]);
    let mut net = Net::new(6);
    let x = net.resize("input", "cubic", 2.0, &[]);
    assert_grey(net.graph(3, &x), &["Resize"]);
}

#[test]
fn constants_behind_the_last_convolution_are_taken_in() {
    let mut net = Net::new(7);
    let (factor, shift, divisor, from) =
        (net.noise(&[3, 1, 1]), net.noise(&[1, 3, 1, 1]), net.noise(&[1]), net.noise(&[]));
    let x = net.conv("input", [3, 3, 3, 3], [1; 4]);
    let x = net.builder.node("Relu", &[&x], vec![]);
    let x = net.builder.node("Mul", &[&factor, &x], vec![]);
    let x = net.builder.node("Add", &[&x, &shift], vec![]);
    let x = net.builder.node("Div", &[&x, &divisor], vec![]);
    let x = net.builder.node("Sub", &[&from, &x], vec![]);
    assert_grey(net.graph(3, &x), &["Conv", "Relu", "Conv"]);
}

#[test]
fn transposed_convolutions_lose_their_colours_too() {
    let mut net = Net::new(8);
    let x = net.conv("input", [4, 3, 3, 3], [1; 4]);
    let (weights, bias) = (net.noise(&[4, 3, 4, 4]), net.noise(&[3]));
    let attributes = vec![Attribute::ints("strides", &[2, 2]), Attribute::ints("pads", &[1; 4])];
    let x = net.builder.node("ConvTranspose", &[&x, &weights, &bias], attributes);
    let grey = assert_grey(net.graph(3, &x), &["Conv", "ConvTranspose"]);
    assert_eq!(weights_of(&grey, 1), [4, 1, 4, 4]);
}

#[test]
fn where_nothing_can_be_folded_the_wrapping_stays() {
    // Factors per channel that something else reads too, and a limit at the end.
    let mut net = Net::new(9);
    let (slopes, low, high) = (net.noise(&[3, 1, 1]), net.noise(&[]), net.noise(&[]));
    let x = net.builder.node("PRelu", &["input", &slopes], vec![]);
    let x = net.builder.node("Clip", &[&x, &low, &high], vec![]);
    assert_grey(net.graph(3, &x), &["Concat", "PRelu", "Clip", "Conv"]);
}

#[test]
fn a_tail_that_is_read_twice_is_not_folded() {
    let mut net = Net::new(10);
    let x = net.conv("input", [3, 3, 3, 3], [1; 4]);
    let gate = net.builder.node("Sigmoid", &[&x], vec![]);
    let x = net.builder.node("Mul", &[&x, &gate], vec![]);
    assert_grey(net.graph(3, &x), &["Conv", "Sigmoid", "Mul", "Conv"]);
}

#[test]
fn grouped_convolutions_read_their_copies() {
    let mut net = Net::new(11);
    let (weights, group) =
        (net.noise(&[3, 1, 3, 3]), vec![Attribute::int("group", 3), Attribute::ints("pads", &[1; 4])]);
    let x = net.builder.node("Conv", &["input", &weights], group);
    assert_grey(net.graph(3, &x), &["Concat", "Conv", "Conv"]);
}

#[test]
fn offsets_alone_are_a_network_too() {
    let mut net = Net::new(12);
    let mean = net.noise(&[3, 1, 1]);
    let x = net.builder.node("Sub", &["input", &mean], vec![]);
    assert_grey(net.graph(3, &x), &["Conv"]);
}
