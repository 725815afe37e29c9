//! Subgraphs against the graphs that they came from: the program streams through Winograd kernels, the reference interpreter
//! computes ONNX's definitions element by element.

use proptest::prelude::*;

use super::*;
use crate::graph::proto::AttributeProto as Attribute;
use crate::graph::reference::{Plane, run as reference};
use crate::graph::{Builder, Tensor, import};
use crate::kernel::{Activation, Epilogue};
use crate::program::{ThreadTeam, Workspace};

/// A network under construction whose weights are noise that keeps values near one.
struct Net {
    builder: Builder,
    seed: u64,
    /// Values that later layers may read, with their channels.
    values: Vec<(String, usize)>,
}

impl Net {
    fn new(channels: usize, seed: u64) -> Net {
        Net { builder: Builder::new(), seed, values: vec![(Builder::INPUT.to_owned(), channels)] }
    }

    fn noise(&mut self, dims: &[usize], size: f32) -> String {
        self.seed += 1;
        let count = dims.iter().product();
        let values =
            Plane::noise([1, 1, 1, count], self.seed).values.iter().map(|value| value * size).collect();
        self.builder.constant("noise", Tensor::floats(dims, values))
    }

    fn number(&mut self, value: f32) -> String {
        self.builder.constant("number", Tensor::floats(&[], vec![value]))
    }

    fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        self.builder.node(op, inputs, attributes)
    }

    fn conv(&mut self, input: &str, channels: usize, outputs: usize, kernel: usize, pad: i64) -> String {
        let size = 1.5 / ((channels * kernel * kernel) as f32).sqrt();
        let weights = self.noise(&[outputs, channels, kernel, kernel], size);
        let bias = self.noise(&[outputs], 0.2);
        self.node("Conv", &[input, &weights, &bias], vec![Attribute::ints("pads", &[pad; 4])])
    }

    fn activation(&mut self, kind: usize, x: &str, channels: usize) -> String {
        match kind {
            0 => self.node("Relu", &[x], vec![]),
            1 => self.node("LeakyRelu", &[x], vec![Attribute::float("alpha", 0.2)]),
            2 => {
                let slopes = self.noise(&[channels, 1, 1], 0.5);
                self.node("PRelu", &[x, &slopes], vec![])
            }
            3 => self.node("Sigmoid", &[x], vec![]),
            4 => {
                let gate = self.node("Sigmoid", &[x], vec![]);
                self.node("Mul", &[&gate, x], vec![])
            }
            _ => x.to_owned(),
        }
    }

    /// SPAN's attention: `(x + r) * (sigmoid(x) - 1/2)`.
    fn gate(&mut self, x: &str, residual: &str) -> String {
        let (sigmoid, half) = (self.node("Sigmoid", &[x], vec![]), self.number(0.5));
        let shifted = self.node("Sub", &[&sigmoid, &half], vec![]);
        let sum = self.node("Add", &[x, residual], vec![]);
        self.node("Mul", &[&sum, &shifted], vec![])
    }

    /// One layer as `recipe` says: a convolution of one or two earlier values, and what may follow it.
    fn layer(&mut self, recipe: &Recipe) {
        let pick = |from: usize| self.values[self.values.len() - 1 - from % self.values.len()].clone();
        let ((mut input, mut channels), (other, more)) = (pick(recipe.input), pick(recipe.other));
        // The subgraph's input is read by convolutions alone.
        if recipe.concatenated && input != Builder::INPUT && other != Builder::INPUT {
            input = self.node("Concat", &[&input, &other], vec![Attribute::int("axis", 1)]);
            channels += more;
        }
        let outputs = recipe.outputs;
        let convolved = self.conv(&input, channels, outputs, recipe.kernel, recipe.kernel as i64 / 2);
        let residual = self.values.iter().skip(1).rev().find(|(_, channels)| *channels == outputs).cloned();
        let made = match (residual, recipe.tail) {
            (Some((residual, _)), 0) => self.gate(&convolved, &residual),
            (Some((residual, _)), 1) => {
                let active = self.activation(recipe.activation, &convolved, outputs);
                self.node("Add", &[&residual, &active], vec![])
            }
            (Some((residual, _)), 2) => {
                let beta = self.number(0.2);
                let scaled = self.node("Mul", &[&convolved, &beta], vec![]);
                let sum = self.node("Add", &[&residual, &scaled], vec![]);
                self.activation(recipe.activation, &sum, outputs)
            }
            (Some((residual, _)), 3) => self.node("Sub", &[&residual, &convolved], vec![]),
            _ => self.activation(recipe.activation, &convolved, outputs),
        };
        self.values.push((made, outputs));
    }

    fn graph(mut self, outputs: usize, tail: Tail) -> Graph {
        let (last, channels) = self.values.last().cloned().unwrap_or_default();
        let output = match tail {
            Tail::Plain => self.conv(&last, channels, outputs, 3, 1),
            Tail::PixelShuffle { side, mode } => {
                let features = self.conv(&last, channels, outputs * side * side, 3, 1);
                let attributes =
                    vec![Attribute::int("blocksize", side as i64), Attribute::text("mode", mode)];
                self.node("DepthToSpace", &[&features], attributes)
            }
            Tail::NearestUpsample => {
                let scales = self.builder.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, 2.0, 2.0]));
                let attributes = vec![
                    Attribute::text("mode", "nearest"),
                    Attribute::text("coordinate_transformation_mode", "asymmetric"),
                    Attribute::text("nearest_mode", "floor"),
                ];
                let large = self.node("Resize", &[&last, "", &scales], attributes);
                self.conv(&large, channels, outputs, 3, 1)
            }
        };
        let mut graph = import::import(self.builder.finish(3, None, &output)).unwrap();
        graph.rename(&output, "output");
        graph
    }
}

#[derive(Clone, Copy, Debug)]
enum Tail {
    Plain,
    PixelShuffle { side: usize, mode: &'static str },
    NearestUpsample,
}

#[derive(Clone, Debug)]
struct Recipe {
    input: usize,
    other: usize,
    concatenated: bool,
    outputs: usize,
    kernel: usize,
    activation: usize,
    tail: usize,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let channels = prop_oneof![Just(4_usize), Just(16), Just(20), Just(33)];
    let kernel = prop_oneof![Just(1_usize), Just(3), Just(3), Just(5)];
    (0..3_usize, 0..4_usize, any::<bool>(), channels, kernel, 0..6_usize, 0..6_usize).prop_map(
        |(input, other, concatenated, outputs, kernel, activation, tail)| Recipe {
            input,
            other,
            concatenated,
            outputs,
            kernel,
            activation,
            tail,
        },
    )
}

fn tail() -> impl Strategy<Value = Tail> {
    let shuffle = |side, mode| Just(Tail::PixelShuffle { side, mode });
    prop_oneof![Just(Tail::Plain), shuffle(2, "CRD"), shuffle(3, "DCR"), Just(Tail::NearestUpsample)]
}

/// The whole graph as a program, however little work it is.
fn whole(graph: &Graph, isa: Isa) -> Program {
    let subgraph = draft::subgraph(graph).unwrap();
    let drafts = fuse_all(subgraph.drafts, &subgraph.output);
    let program = program(&subgraph.input, subgraph.input_channels, &drafts, isa).unwrap();
    match subgraph.shuffle {
        Some((shuffle, _)) => program.with_shuffle(shuffle).unwrap(),
        None => program,
    }
}

fn run(program: &Program, picture: &Plane) -> Plane {
    let [_, _, height, width] = picture.dims;
    let (channels, out_height, out_width) = program.output_shape(height, width).unwrap();
    let mut values = vec![0.0; channels * out_height * out_width];
    program
        .run(&picture.values, (height, width), &mut values, &mut Workspace::default(), &ThreadTeam::SINGLE)
        .unwrap();
    Plane { dims: [1, channels, out_height, out_width], values }
}

/// How far the program is from the graph that it was made of, and the largest value.
fn distance(program: &Program, graph: &Graph, picture: &Plane) -> (f32, f32) {
    let expected = reference(graph, picture);
    let size = expected.values.iter().fold(1.0_f32, |size, value| size.max(value.abs()));
    (run(program, picture).distance(&expected), size)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_program_computes_what_its_graph_did(
        recipes in prop::collection::vec(recipe(), 1..7),
        tail in tail(),
        height in 1..14_usize,
        width in 1..14_usize,
        seed: u32,
    ) {
        let mut net = Net::new(3, seed.into());
        recipes.iter().for_each(|recipe| net.layer(recipe));
        let graph = net.graph(3, tail);
        let program = whole(&graph, Isa::detect().unwrap_or(Isa::Portable));
        let picture = Plane::noise([1, 3, height, width], u64::from(seed) + 1);
        // Winograd's rounding, about 1e-6 of the values a layer, through at most eight layers.
        let (distance, size) = distance(&program, &graph, &picture);
        prop_assert!(distance < 2e-4 * size, "{} of {}", distance, size);
    }
}

/// The operations that a network's convolutions do beside convolving.
fn epilogues(graph: &Graph) -> Vec<Epilogue> {
    let subgraph = draft::subgraph(graph).unwrap();
    let drafts = fuse::fuse(subgraph.drafts, &subgraph.output);
    let of = |draft: Draft| match draft.op {
        DraftOp::Conv(conv) => conv.epilogue,
        other => panic!("{other:?} was not fused"),
    };
    drafts.into_iter().map(of).collect()
}

#[test]
fn epilogues_are_fused() {
    let plain =
        Recipe { input: 0, other: 0, concatenated: false, outputs: 16, kernel: 3, activation: 5, tail: 9 };
    let mut net = Net::new(3, 1);
    net.layer(&plain);
    net.layer(&Recipe { activation: 4, ..plain.clone() });
    net.layer(&Recipe { tail: 0, ..plain.clone() });
    net.layer(&Recipe { tail: 1, activation: 0, ..plain.clone() });
    net.layer(&Recipe { tail: 2, activation: 1, ..plain.clone() });
    net.layer(&Recipe { tail: 3, ..plain });
    let identity = Epilogue::Activate(Activation::Identity);
    let expected = [
        identity.clone(),
        Epilogue::Activate(Activation::Swish),
        Epilogue::Gate,
        Epilogue::ActivateThenAdd(Activation::Relu),
        Epilogue::AddThenActivate(Activation::LeakyRelu(0.2)),
        Epilogue::AddThenActivate(Activation::Identity),
        identity,
    ];
    assert_eq!(epilogues(&net.graph(3, Tail::Plain)), expected);
}

/// Residual dense blocks as they are rewritten: what a 3x3 convolution makes goes into two sums, each through a 1x1
/// convolution.
fn two_sums(blocks: usize, channels: usize) -> Graph {
    let mut net = Net::new(3, 21);
    let features = net.conv(Builder::INPUT, 3, channels, 3, 1);
    let mut sums = [features.clone(), net.conv(&features, channels, channels, 1, 0)];
    for _ in 0..blocks {
        let convolved = net.conv(&sums[0], channels, channels, 3, 1);
        let active = net.node("Relu", &[&convolved], vec![]);
        sums = sums.map(|sum| {
            let new = net.conv(&active, channels, channels, 1, 0);
            net.node("Add", &[&new, &sum], vec![])
        });
    }
    let both = net.node("Concat", &[&sums[0], &sums[1]], vec![Attribute::int("axis", 1)]);
    net.values.push((both, 2 * channels));
    net.graph(3, Tail::Plain)
}

#[test]
fn pointwise_convolutions_are_fused() {
    // The first, one for each block, the last, and the 1x1 convolution of what a second one reads as well.
    for (channels, steps) in [(16, 1 + 3 + 1 + 1), (20, 1 + 1 + 3 * 3 + 1)] {
        let graph = two_sums(3, channels);
        let subgraph = draft::subgraph(&graph).unwrap();
        let drafts = fuse_all(subgraph.drafts, &subgraph.output);
        let is_step = |draft: &&Draft| !matches!(draft.op, DraftOp::Concat | DraftOp::Slice { .. });
        assert_eq!(drafts.iter().filter(is_step).count(), steps, "{channels} channels");
        let picture = Plane::noise([1, 3, 9, 14], 3);
        let program = whole(&graph, Isa::detect().unwrap_or(Isa::Portable));
        let (distance, size) = distance(&program, &graph, &picture);
        assert!(distance < 2e-4 * size, "{distance} of {size}");
    }
}

#[test]
fn a_value_with_other_readers_is_not_changed() {
    let mut net = Net::new(3, 5);
    let first = net.conv(Builder::INPUT, 3, 16, 3, 1);
    let active = net.activation(0, &first, 16);
    let both = net.node("Add", &[&first, &active], vec![]);
    net.values.push((both, 16));
    let graph = net.graph(3, Tail::Plain);
    let picture = Plane::noise([1, 3, 6, 6], 2);
    let program = whole(&graph, Isa::Portable);
    assert!(run(&program, &picture).distance(&reference(&graph, &picture)) < 1e-4);
}

#[test]
fn unsupported_nodes_stay_outside() {
    let mut net = Net::new(3, 9);
    for _ in 0..4 {
        let recipe = Recipe {
            input: 0,
            other: 0,
            concatenated: false,
            outputs: 48,
            kernel: 3,
            activation: 0,
            tail: 9,
        };
        net.layer(&recipe);
    }
    let (last, _) = net.values.last().cloned().unwrap();
    let features = net.conv(&last, 48, 3, 3, 1);
    let squashed = net.node("Tanh", &[&features], vec![]);
    let graph = import::import(net.builder.finish(3, None, &squashed)).unwrap();
    let partitioned = partition(&graph, Isa::Portable).unwrap().unwrap();
    let left: Vec<&str> = partitioned.outer.0.nodes.iter().map(|node| node.op_type.as_str()).collect();
    assert_eq!(left, [operator::NAME, "Tanh"]);
    assert!(partitioned.outer.0.constants.is_empty(), "the weights went into the program");
}

#[test]
fn a_subgraph_with_two_outputs_is_not_partitioned() {
    let mut net = Net::new(3, 11);
    let first = net.conv(Builder::INPUT, 3, 64, 3, 1);
    let second = net.conv(&first, 64, 64, 3, 1);
    let (a, b) = (net.node("Tanh", &[&first], vec![]), net.node("Tanh", &[&second], vec![]));
    let sum = net.node("Add", &[&a, &b], vec![]);
    let graph = import::import(net.builder.finish(3, None, &sum)).unwrap();
    assert!(partition(&graph, Isa::Portable).unwrap().is_none());
}
