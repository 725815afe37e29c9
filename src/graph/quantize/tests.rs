use super::*;
use crate::graph::{Builder, ModelProto, Tensor};

/// Four convolutions of two channels inside; the middle two, what joins them and nothing else is to be quantised.
fn network() -> Network {
    let mut b = Builder::new();
    let conv = |b: &mut Builder, name: &str, input: &str, channels: [usize; 2]| {
        let [outputs, inputs] = channels;
        let weights = (0..outputs * inputs).map(|n| n as f32 - 1.27).collect();
        let weights =
            b.constant(&format!("{name}_weights"), Tensor::floats(&[outputs, inputs, 1, 1], weights));
        let bias = b.constant(&format!("{name}_bias"), Tensor::floats(&[outputs], vec![0.5; outputs]));
        b.named_node(name, "Conv", &[input, &weights, &bias], vec![])
    };
    let first = conv(&mut b, "first", "input", [2, 3]);
    let second = conv(&mut b, "second", &first, [2, 2]);
    let rectified = b.named_node("rectified", "Relu", &[&second], vec![]);
    let third = conv(&mut b, "third", &rectified, [2, 2]);
    let joined = b.named_node("joined", "Add", &[&third, &first], vec![]);
    let fourth = conv(&mut b, "fourth", &joined, [2, 2]);
    let last = conv(&mut b, "last", &fourth, [3, 2]);
    Network::from_model(b.finish(3, None, &last)).unwrap()
}

/// Values that spread evenly over `low..high` have that very range.
fn spread(low: f32, high: f32) -> Vec<f32> {
    (0..=10_000).map(|n| low + (high - low) * n as f32 / 10_000.0).collect()
}

fn quantized() -> Network {
    let mut quantizer = Quantizer::new(&network()).unwrap();
    for name in ["first", "rectified", "third", "joined", "fourth"] {
        quantizer.observe(name, &spread(if name == "rectified" { 0.0 } else { -1.0 }, 4.1));
    }
    quantizer.finish().unwrap()
}

/// The constant that is input `index` of the node that makes `value`.
fn setting(network: &Network, value: &str, index: usize) -> Tensor {
    let graph = network.graph();
    let node = graph.nodes.iter().find(|node| node.out() == value).unwrap_or_else(|| panic!("no {value}"));
    graph.constants[&node.input[index]].clone()
}

/// The node that reads `value`, and its operator.
fn producer<'a>(network: &'a Network, value: &str) -> &'a crate::graph::NodeProto {
    network.graph().nodes.iter().find(|node| node.out() == value).unwrap_or_else(|| panic!("no {value}"))
}

#[test]
fn the_first_and_last_convolution_stay_floats() {
    let network = quantized();
    for (name, integer) in [("first", false), ("second", true), ("third", true), ("fourth", true)] {
        let conv = producer(&network, name);
        let weights = &conv.input[1];
        assert_eq!(network.graph().constants.contains_key(weights), !integer, "{name}");
    }
    let last = network.graph().nodes.iter().rfind(|node| node.is("Conv")).unwrap();
    assert!(network.graph().constants[&last.input[1]].as_floats().is_some());
    assert_eq!(producer(&network, &last.input[0]).op_type, "DequantizeLinear");
}

#[test]
fn scales_and_zero_points_by_hand() {
    let network = quantized();
    // -1..4.1 in 255 steps: 0.02 each, zero at the fiftieth; 0..4.1 has its zero at the end.
    let close = |found: f32, wanted: f32| (found / wanted - 1.0).abs() < 5e-3;
    for (value, scale, zero) in [("first", 0.02, 50), ("rectified", 4.1 / 255.0, 0), ("joined", 0.02, 50)] {
        let quantized = format!("{value}_quantised");
        let found = setting(&network, &quantized, 1).as_scalar().unwrap();
        assert!(close(found, scale), "{value}: {found}");
        assert_eq!(setting(&network, &quantized, 2).to_ints().unwrap(), [zero], "{value}");
    }
    // Weights -1.27, -0.27 and 0.73, 1.73: steps of 0.01 and 1.73 / 127.
    let weights = &producer(&network, "second").input[1];
    assert_eq!(setting(&network, weights, 0).to_ints().unwrap(), [-127, -27, 54, 127]);
    let scales = setting(&network, weights, 1);
    let scales = scales.as_floats().unwrap();
    assert!(close(scales[0], 0.01) && close(scales[1], 1.73 / 127.0), "{scales:?}");
    // Bias 0.5 in steps of the input's times the weights' scale.
    let bias = &producer(&network, "second").input[2];
    let steps = setting(&network, bias, 0).to_ints().unwrap();
    assert!(close(steps[0] as f32, 2500.0) && close(steps[1] as f32, 1835.0), "{steps:?}");
}

#[test]
fn each_integer_operator_reads_bytes_and_writes_bytes() {
    let network = quantized();
    let readers = |value: &str| {
        let reads = |node: &&crate::graph::NodeProto| node.input.iter().any(|name| name == value);
        network.graph().nodes.iter().filter(reads).map(|node| node.op_type.as_str()).collect::<Vec<_>>()
    };
    for value in ["rectified", "third", "joined", "fourth"] {
        assert_eq!(readers(value), ["QuantizeLinear"], "{value}");
    }
    // A Relu between a convolution and its bytes is left to them.
    assert_eq!(readers("second"), ["Relu"]);
    for node in network.graph().nodes.iter().filter(|node| node.is("DequantizeLinear")) {
        assert_eq!(readers(node.out()).len(), 1, "{} has one reader", node.label());
    }
}

#[test]
fn geometry_and_counts_are_those_of_the_original() {
    let (before, after) = (network(), quantized());
    assert!(after.is_quantized() && !before.is_quantized());
    assert_eq!(after.geometry(), before.geometry());
    assert_eq!(after.macs_per_pixel(), before.macs_per_pixel());
    assert_eq!(after.parameters(), before.parameters());
}

#[test]
fn the_observable_network_gives_every_value_that_is_measured() {
    let quantizer = Quantizer::new(&network()).unwrap();
    let model = ModelProto::decode(&quantizer.to_observable()[..]).unwrap();
    let outputs: Vec<_> = model.graph.unwrap().output.into_iter().map(|value| value.name).collect();
    assert_eq!(outputs, ["output", "first", "fourth", "joined", "rectified", "third"]);
    // Five values of two channels, four bytes each.
    assert_eq!(quantizer.observed_bytes_per_pixel().unwrap(), 40.0);
}

#[test]
fn what_cannot_be_quantised_is_refused() {
    let mut b = Builder::new();
    let weights = b.constant("weights", Tensor::floats(&[3, 3, 1, 1], vec![0.5; 9]));
    let only = b.node("Conv", &["input", &weights], vec![]);
    let small = Network::from_model(b.finish(3, None, &only)).unwrap();
    for network in [small, quantized()] {
        assert_eq!(Quantizer::new(&network).err().unwrap().code(), "ERR_INVALID_ARG_VALUE");
    }
}
