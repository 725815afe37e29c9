//! What models are taken, and what becomes of them.

use prost::Message;

use super::ir::Graph;
use super::proto::{
    DimensionProto, DimensionValue, FunctionProto, GraphProto, StringStringEntryProto, TensorProto, data_type,
};
use super::reference::{Plane, run as reference};
use super::*;
use crate::error::Error;
use crate::format;

fn weights(dims: &[usize], seed: u64) -> Tensor {
    Tensor::floats(dims, Plane::noise([1, 1, 1, dims.iter().product()], seed).values)
}

fn conv(b: &mut Builder, input: &str, dims: [usize; 4]) -> String {
    let name = b.constant("weights", weights(&dims, 3));
    let pads = [dims[2] as i64 / 2, dims[3] as i64 / 2];
    b.node("Conv", &[input, &name], vec![Attribute::ints("pads", &[pads[0], pads[1], pads[0], pads[1]])])
}

/// A small network: 3x3 convolution, PReLU, convolution, depth-to-space.
pub(crate) fn small() -> ModelProto {
    small_with_slopes(weights(&[16, 1, 1], 8))
}

pub(crate) fn small_with_slopes(slopes: Tensor) -> ModelProto {
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [16, 3, 3, 3]);
    let slopes = b.constant("slopes", slopes);
    let x = b.node("PRelu", &[&x, &slopes], vec![]);
    let half = b.constant("half", Tensor::floats(&[], vec![0.5]));
    let gate = b.node("Sigmoid", &[&x], vec![]);
    let gate = b.node("Sub", &[&gate, &half], vec![]);
    let x = b.node("Mul", &[&gate, &x], vec![]);
    let x = conv(&mut b, &x, [12, 16, 3, 3]);
    let x = b.node("DepthToSpace", &[&x], vec![Attribute::int("blocksize", 2)]);
    b.metadata("upscaler.input_range", "0,1");
    b.finish(3, None, &x)
}

fn graph_of(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

fn set_input_dims(model: &mut ModelProto, dims: &[Option<i64>]) {
    let dimension = |size: &Option<i64>| {
        let name = DimensionValue::Name("any".to_owned());
        DimensionProto { value: Some(size.map_or(name, DimensionValue::Number)) }
    };
    let value = &mut graph_of(model).input[0];
    let tensor = value.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
    tensor.shape.as_mut().unwrap().dim = dims.iter().map(dimension).collect();
}

pub(crate) fn load(model: &ModelProto) -> Result<Network, Error> {
    Network::from_model(format::onnx::read(&model.encode_to_vec())?)
}

fn fails(model: &ModelProto) -> String {
    match load(model).unwrap_err() {
        Error::ModelLoad(message) => message,
        other => panic!("expected a ModelLoad error, found {other:?}"),
    }
}

pub(crate) fn assert_same(a: &Graph, b: &Graph, tolerance: f32) {
    let picture = Plane::noise([1, 3, 7, 6], 1);
    let distance = reference(a, &picture).distance(&reference(b, &picture));
    assert!(distance <= tolerance, "{distance}");
}

#[test]
fn a_written_model_reads_back_the_same() {
    let network = load(&small()).unwrap();
    let again = Network::from_model(format::onnx::read(&network.to_onnx()).unwrap()).unwrap();
    assert_same(network.graph(), again.graph(), 0.0);
    assert_eq!(again.metadata().get("upscaler.input_range").map(String::as_str), Some("0,1"));
    assert_eq!((again.channels_in(), again.channels_out(), again.fixed_size()), (3, 3, None));
    assert_eq!(again.geometry(), network.geometry());
}

#[test]
fn half_precision_storage_halves_the_file_and_rounds_weights_only() {
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [64, 3, 3, 3]);
    let x = conv(&mut b, &x, [64, 64, 3, 3]);
    let x = conv(&mut b, &x, [3, 64, 3, 3]);
    let network = load(&b.finish(3, None, &x)).unwrap();
    let (full, half) = (network.to_onnx(), network.to_onnx_fp16_storage());
    assert!(half.len() * 100 < full.len() * 56, "{} of {}", half.len(), full.len());
    let again = Network::from_model(format::onnx::read(&half).unwrap()).unwrap();
    assert!(again.graph().nodes.iter().all(|node| node.op_type == "Conv"), "the Casts are folded");
    for (name, tensor) in &network.graph().constants {
        let stored = |v: f32| if tensor.count() < 2048 { v } else { half::f16::from_f32(v).to_f32() };
        let expected: Vec<f32> = tensor.as_floats().unwrap().iter().map(|&v| stored(v)).collect();
        let found = again.graph().constants.iter().find(|(n, _)| n.starts_with(name.as_str())).unwrap().1;
        assert_eq!(found.as_floats().unwrap(), expected);
    }
}

#[test]
fn a_gate_multiplies_and_a_factor_does_not() {
    assert!(load(&small()).unwrap().multiplies());
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [3, 3, 3, 3]);
    let factor = b.constant("factor", Tensor::floats(&[3, 1, 1], vec![0.5, 2.0, 3.0]));
    let x = b.node("Mul", &[&x, &factor], vec![]);
    assert!(!load(&b.finish(3, None, &x)).unwrap().multiplies());
}

/// The small network as TensorFlow exports it: channels last outside, a Transpose on both sides of the convolutions.
pub(crate) fn channels_last() -> ModelProto {
    let mut b = Builder::new();
    let x = b.node("Transpose", &["input"], vec![Attribute::ints("perm", &[0, 3, 1, 2])]);
    let x = conv(&mut b, &x, [3, 3, 3, 3]);
    let x = b.node("Transpose", &[&x], vec![Attribute::ints("perm", &[0, 2, 3, 1])]);
    b.finish(3, None, &x)
}

#[test]
fn layouts_are_told_apart() {
    let mut plain = Builder::new();
    let x = conv(&mut plain, "input", [3, 3, 3, 3]);
    let plain = plain.finish(3, None, &x);
    let expected = load(&plain).unwrap();
    let declared: [&[Option<i64>]; 4] = [
        &[None, None, None, Some(3)],
        &[Some(1), None, None, Some(3)],
        &[None, None, None, None],
        &[Some(-1), Some(0), None, Some(3)],
    ];
    for dims in declared {
        let mut model = channels_last();
        set_input_dims(&mut model, dims);
        let network = load(&model).unwrap();
        assert_eq!((network.channels_in(), network.channels_out()), (3, 3), "{dims:?}");
        assert_eq!(network.graph().nodes.len(), 1, "the Transposes cancel");
        assert_same(network.graph(), expected.graph(), 0.0);
    }
    let mut model = channels_last();
    set_input_dims(&mut model, &[Some(1), Some(20), Some(30), Some(3)]);
    assert_eq!(load(&model).unwrap().fixed_size(), Some((20, 30)));
    // Three pixels high: only the graph tells that this is not three channels.
    set_input_dims(&mut model, &[Some(1), Some(3), Some(30), Some(3)]);
    let network = load(&model).unwrap();
    assert_eq!(network.channels_in(), 3);
}

#[test]
fn grey_and_rgba_networks_are_found_where_the_file_leaves_channels_open() {
    for channels in [1, 4] {
        let mut b = Builder::new();
        let x = conv(&mut b, "input", [channels, channels, 3, 3]);
        let mut model = b.finish(channels, None, &x);
        set_input_dims(&mut model, &[None, None, None, None]);
        let network = load(&model).unwrap();
        assert_eq!((network.channels_in(), network.channels_out()), (channels, channels));
    }
    let mut b = Builder::new();
    let x = conv(&mut b, "input", [2, 2, 3, 3]);
    assert!(fails(&b.finish(2, None, &x)).contains("expected 1, 3 or 4 channels"));
}

#[test]
fn models_in_half_precision_are_widened() {
    let mut model = small();
    let graph = graph_of(&mut model);
    for tensor in &mut graph.initializer {
        let wide = Tensor::from_proto(tensor.clone()).unwrap();
        *tensor = wide.to_half_proto(&tensor.name).unwrap();
    }
    for value in graph.input.iter_mut().chain(&mut graph.output) {
        value.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = data_type::FLOAT16;
    }
    let to_half = vec![Attribute::int("to", data_type::FLOAT16.into())];
    let first = graph.node[0].input[0].clone();
    graph.node.insert(0, NodeProto::single("Cast", &[&first], "cast", to_half));
    graph.node[1].input[0] = "cast".to_owned();
    let network = load(&model).unwrap();
    assert!(!network.graph().nodes.iter().any(|node| node.op_type == "Cast"));
    assert_same(network.graph(), load(&small()).unwrap().graph(), 2e-2);
}

#[test]
fn old_files_list_their_constants_as_inputs_and_have_constant_nodes() {
    let mut model = small();
    model.ir_version = 3;
    let graph = graph_of(&mut model);
    let declared: Vec<_> =
        graph.initializer.iter().map(|t| Port { name: t.name.clone(), dims: [None; 4] }).collect();
    graph.input.extend(declared.iter().map(|port| port.to_proto(["a", "b", "c", "d"])));
    // One of them as a Constant node, out of order; and a Dropout.
    let tensor = graph.initializer.pop().unwrap();
    graph.input.pop();
    let mut constant = NodeProto::single("Constant", &[], &tensor.name.clone(), vec![]);
    constant.attribute.push(Attribute {
        name: "value".to_owned(),
        t: Some(TensorProto { name: String::new(), ..tensor }),
        r#type: 4,
        ..Attribute::default()
    });
    graph.node.push(constant);
    let output = graph.output[0].name.clone();
    graph.node.push(NodeProto::single("Dropout", &[&output], "dropped", vec![]));
    graph.output[0].name = "dropped".to_owned();
    assert_same(load(&model).unwrap().graph(), load(&small()).unwrap().graph(), 0.0);
}

#[test]
fn broken_graphs_are_refused_by_name() {
    type Break = fn(&mut ModelProto);
    let cases: [(Break, &str); 14] = [
        (
            |m| graph_of(m).node[0].input[0] = "output_of_nothing".into(),
            "reads \"output_of_nothing\", which nothing",
        ),
        (|m| graph_of(m).node[0].input[0] = "Sub".into(), "has a cycle"),
        (|m| graph_of(m).node[1].output[0] = "Conv".into(), "defined twice"),
        (|m| graph_of(m).output[0].name = "elsewhere".into(), "nothing computes the output \"elsewhere\""),
        (|m| graph_of(m).node[0].op_type = "Teleport".into(), "operator Teleport is not supported"),
        (|m| graph_of(m).node[0].domain = "acme".into(), "operator Conv of domain \"acme\" is not supported"),
        (|m| graph_of(m).output.clear(), "expected one output, found 0"),
        (
            |m| {
                let second = graph_of(m).output[0].clone();
                graph_of(m).input.push(second);
            },
            "expected one input, found 2 (input, ",
        ),
        (|m| m.functions.push(FunctionProto { name: "f".into() }), "model-local function \"f\""),
        (|m| m.opset_import[0].version = 6, "operator set 6 is too old"),
        (
            |m| graph_of(m).node[0].attribute[0].g = Some(GraphProto::default()),
            "attribute \"pads\" (subgraph",
        ),
        (|m| graph_of(m).initializer.last_mut().unwrap().dims[0] = 1 << 40, "needs"),
        (|m| graph_of(m).node[0].attribute[0].ints = vec![i64::MIN; 4], "absurd"),
        (|m| set_input_dims(m, &[Some(2), Some(3), None, None]), "fixed batch of 2"),
    ];
    for (index, (damage, expected)) in cases.into_iter().enumerate() {
        let mut model = small();
        damage(&mut model);
        let message = fails(&model);
        assert!(message.contains(expected), "case {index}: {message}");
    }
}

#[test]
fn external_data_is_refused_wherever_it_lies() {
    let mut model = small();
    let tensor = &mut graph_of(&mut model).initializer[0];
    tensor.raw_data = None;
    tensor.data_location = Some(1);
    tensor.external_data =
        vec![StringStringEntryProto { key: "location".into(), value: "../../../etc/passwd".into() }];
    assert!(fails(&model).contains("another file (\"../../../etc/passwd\")"));
}

#[test]
fn bytes_that_are_no_model_are_refused() {
    for bytes in [&b""[..], b"not a model", &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x07], &[8; 64]] {
        assert!(matches!(format::onnx::read(bytes), Err(Error::ModelLoad(_))), "{bytes:?}");
    }
    // Cut anywhere, a model gives an error and not a panic, unless what is left is whole by chance.
    let whole = small().encode_to_vec();
    for length in (0..whole.len()).step_by(7) {
        let _ = format::onnx::read(&whole[..length]).and_then(Network::from_model);
    }
}

pub(crate) fn resampling() -> ModelProto {
    let mut b = Builder::new();
    let scales = b.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, 2.0, 2.0]));
    let x = b.node("Resize", &["input", "", &scales], vec![Attribute::text("mode", "cubic")]);
    let sizes = Attribute::ints("kernel_shape", &[2, 2]);
    let x = b.node("AveragePool", &[&x], vec![sizes, Attribute::ints("strides", &[2, 2])]);
    let x = b.node("Resize", &[&x, "", &scales], vec![]);
    let x = conv(&mut b, &x, [3, 3, 3, 3]);
    b.finish(3, None, &x)
}

pub(crate) fn slicing() -> ModelProto {
    let mut b = Builder::new();
    let pads = b.constant("pads", Tensor::ints(&[0, 0, 1, 1, 0, 0, 1, 1]));
    let x = b.node("Pad", &["input", &pads], vec![Attribute::text("mode", "reflect")]);
    let lists = [[1, 1], [-1, -1], [2, 3], [1, 1]].map(|list| b.constant("list", Tensor::ints(&list)));
    let x = b.node("Slice", &[&x, &lists[0], &lists[1], &lists[2], &lists[3]], vec![]);
    let shape = b.constant("shape", Tensor::ints(&[1, 3, 0, -1, 1]));
    let x = b.node("Reshape", &[&x, &shape], vec![]);
    let axes = b.constant("axes", Tensor::ints(&[4]));
    let x = b.node("Squeeze", &[&x, &axes], vec![]);
    let parts = vec![Attribute::int("axis", 1)];
    let mut split = NodeProto::single("Split", &[&x], "s0", parts);
    split.output = ["s0", "s1", "s2"].map(str::to_owned).to_vec();
    let x = b.node("Concat", &["s2", "s1", "s0"], vec![Attribute::int("axis", 1)]);
    let mut model = b.finish(3, None, &x);
    let place = graph_of(&mut model).node.len() - 1;
    graph_of(&mut model).node.insert(place, split);
    model
}

#[test]
fn channels_may_be_split_and_reordered() {
    assert_eq!(load(&slicing()).unwrap().geometry().radius, Some(0));
    assert_eq!(load(&resampling()).unwrap().geometry().size_multiple, 1);
}

#[test]
fn absurd_sizes_give_an_error_and_take_no_memory() {
    let tile = |repeats: [i64; 4]| {
        let mut b = Builder::new();
        let mut x = "input".to_owned();
        let repeats = b.constant("repeats", Tensor::ints(&repeats));
        for _ in 0..8 {
            x = b.node("Tile", &[&x, &repeats], vec![]);
        }
        let x = conv(&mut b, &x, [3, 3, 1, 1]);
        b.finish(3, None, &x)
    };
    assert!(fails(&tile([1, 1, 1 << 20, 1])).contains("absurd"));
    assert!(fails(&tile([1, 1 << 30, 1, 1])).contains("absurd"));
    let mut b = Builder::new();
    let shape = b.constant("shape", Tensor::ints(&[1 << 39, 1 << 39, 1 << 39]));
    let x = b.node("ConstantOfShape", &[&shape], vec![]);
    let x = b.node("Mul", &["input", &x], vec![]);
    fails(&b.finish(3, None, &x));
}

#[test]
fn old_operator_sets_are_read_in_their_own_words() {
    // Operator set 9: Upsample, Slice and Pad with attributes.
    let mut b = Builder::new();
    let scales = Attribute { floats: vec![1.0, 1.0, 2.0, 2.0], ..Attribute::ints("scales", &[]) };
    let x = b.node("Upsample", &["input"], vec![Attribute { r#type: 6, ..scales }]);
    let x = b.node("Pad", &[&x], vec![Attribute::ints("pads", &[0, 0, 2, 2, 0, 0, 2, 2])]);
    let bounds = [("starts", [2, 2]), ("ends", [-2, -2]), ("axes", [2, 3])];
    let x = b.node("Slice", &[&x], bounds.map(|(name, list)| Attribute::ints(name, &list)).to_vec());
    let mut model = b.finish(3, None, &x);
    model.opset_import[0].version = 7;
    assert_eq!(load(&model).unwrap().geometry().scale, 2);
}
