//! The networks under `tests/fixtures/tfjs` were run by TensorFlow.js itself; the rest are broken files.

use serde_json::json;

use super::*;
use crate::graph::{Network, reference_run};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tfjs");

/// A picture's floats, which TensorFlow.js has channels last, channels first.
fn picture(path: &str, [height, width]: [usize; 2]) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let values: Vec<f32> = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    let pixels = height * width;
    assert_eq!(values.len(), 3 * pixels);
    (0..3 * pixels).map(|n| values[n % pixels * 3 + n / pixels]).collect()
}

fn load(name: &str) -> Network {
    let folder = format!("{FIXTURES}/{name}");
    let json = std::fs::read(format!("{folder}/model.json")).unwrap();
    let mut shard = |path: &str| Ok(std::fs::read(format!("{folder}/{path}")).unwrap());
    Network::from_model(read(&json, &mut shard).unwrap().network(None).unwrap()).unwrap()
}

#[test]
fn networks_give_what_tensorflow_js_gives() {
    for (name, scale) in [("convolution", 2), ("branches", 4), ("sequential", 3)] {
        let network = load(name);
        assert_eq!(network.geometry().scale, scale as u32, "{name}");
        let found = reference_run(&network, [8, 12], picture(&format!("{FIXTURES}/{name}/in.bin"), [8, 12]));
        let expected = picture(&format!("{FIXTURES}/{name}/out.bin"), [8 * scale, 12 * scale]);
        let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let distance = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(distance < 2e-6 * largest.max(1.0), "{name}: {distance} of {largest}");
    }
}

#[test]
fn a_fixed_input_shape_is_kept() {
    assert_eq!(load("sequential").fixed_size(), Some((8, 12)));
    assert_eq!(load("convolution").fixed_size(), None);
}

fn layer(class: &str, name: &str, config: Value, inputs: &[&str]) -> Value {
    let sources: Vec<Value> = inputs.iter().map(|input| json!([input, 0, 0, {}])).collect();
    let nodes = if sources.is_empty() { json!([]) } else { json!([sources]) };
    json!({ "class_name": class, "name": name, "config": config, "inbound_nodes": nodes })
}

/// A model of an input and one 1x1 convolution, to be damaged.
fn model() -> Value {
    let conv = json!({ "filters": 3, "kernel_size": [1, 1], "use_bias": false });
    let layers = [
        layer("InputLayer", "in", json!({ "batch_input_shape": [null, null, null, 3] }), &[]),
        layer("Conv2D", "conv", conv, &["in"]),
    ];
    json!({
        "format": "layers-model",
        "modelTopology": { "model_config": { "class_name": "Functional", "config": {
            "layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["conv", 0, 0]]
        } } },
        "weightsManifest": [{ "paths": ["a.bin"], "weights": [
            { "name": "conv/kernel", "shape": [1, 1, 3, 3], "dtype": "float32" }
        ] }]
    })
}

fn read_with(model: &Value, bytes: usize) -> Result<ModelProto, Error> {
    read(model.to_string().as_bytes(), &mut |_| Ok(vec![0; bytes]))?.network(None)
}

/// The error of the model with the value at `place` replaced.
fn damaged(place: &str, value: Value) -> String {
    let mut model = model();
    *model.pointer_mut(place).unwrap() = value;
    match read_with(&model, 36).unwrap_err() {
        Error::ModelLoad(message) => message,
        other => panic!("expected a ModelLoad error, found {other:?}"),
    }
}

const LAYERS: &str = "/modelTopology/model_config/config/layers";

#[test]
fn what_is_not_understood_is_named() {
    assert!(read_with(&model(), 36).is_ok());
    let config = |extra: Value| {
        let mut config = json!({ "filters": 3, "kernel_size": [1, 1], "use_bias": false });
        config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        damaged(&format!("{LAYERS}/1/config"), config)
    };
    let cases = [
        (config(json!({ "warp": 2 })), "layer Conv2D \"conv\": warp = 2 is not supported"),
        (config(json!({ "padding": "causal" })), "padding = \"causal\" is not supported"),
        (
            config(json!({ "data_format": "channels_first" })),
            "data_format = \"channels_first\" is not supported",
        ),
        (config(json!({ "activation": "teleport" })), "activation \"teleport\" is not supported"),
        (config(json!({ "strides": [0, 1] })), "strides = [0,1] is not supported"),
        (config(json!({ "use_bias": true })), "weight \"conv/bias\" is missing"),
        (config(json!({ "groups": 3 })), "in 3 groups do not fit 3 channels"),
        (
            damaged(&format!("{LAYERS}/1/class_name"), json!("Lambda")),
            "layers of class Lambda are not supported",
        ),
        (damaged("/format", json!("graph-model")), "missing field `node`"),
        (damaged("/modelTopology/model_config/class_name", json!("Subclass")), "expected a Functional"),
        (
            damaged(&format!("{LAYERS}/0/config/batch_input_shape"), json!([null, null, 3])),
            "batch_input_shape",
        ),
        (
            damaged(&format!("{LAYERS}/1/inbound_nodes"), json!([{ "args": [] }])),
            "connections are not understood",
        ),
        (damaged("/weightsManifest/0/weights/0/dtype", json!("int32")), "is not of a float type"),
        (
            damaged("/weightsManifest/0/weights/0/name", json!("conv/weird")),
            "weight \"conv/kernel\" is missing",
        ),
        (damaged("/weightsManifest", json!("none")), "weightsManifest is broken"),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "expected {expected:?} in {found:?}");
    }
    assert!(matches!(read(b"<html>", &mut |_| Ok(Vec::new())), Err(Error::ModelLoad(_))));
}

#[test]
fn cycles_are_found() {
    let found = damaged(&format!("{LAYERS}/1/inbound_nodes"), json!([[["conv", 0, 0, {}]]]));
    assert!(found.contains("layer Conv2D \"conv\": the layers form a cycle"), "{found}");
    let found = damaged(&format!("{LAYERS}/1/inbound_nodes"), json!([[["nowhere", 0, 0, {}]]]));
    assert!(found.contains("reads nowhere:0, which is not there"), "{found}");
}

#[test]
fn shards_outside_the_folder_are_never_asked_for() {
    let paths = [
        "../secret",
        "a/../../secret",
        "/etc/passwd",
        "..",
        "",
        ".",
        "C:\\secret",
        "..\\secret",
        "https://a.b/c",
        "./../x",
    ];
    for path in paths {
        let mut model = model();
        *model.pointer_mut("/weightsManifest/0/paths").unwrap() = json!(["a.bin", path]);
        let result = read(model.to_string().as_bytes(), &mut |path| panic!("asked for {path}"));
        let message = result.unwrap_err().to_string();
        assert!(message.contains("is not allowed"), "{path}: {message}");
    }
}

#[test]
fn weights_must_be_exactly_as_long_as_the_manifest_says() {
    for bytes in [0, 35, 37, 1 << 20] {
        let message = read_with(&model(), bytes).unwrap_err().to_string();
        assert!(message.contains("shards a.bin: expected 36 bytes of weights, found"), "{message}");
    }
    let claim = damaged("/weightsManifest/0/weights/0/shape", json!([1 << 20, 1 << 20, 3, 3]));
    assert!(claim.contains("found 36"), "{claim}");
    let claim = damaged("/weightsManifest/0/weights/0/shape", json!([u64::MAX, 4, 3, 3]));
    assert!(claim.contains("absurdly large"), "{claim}");
}

#[test]
fn an_error_of_the_reader_of_shards_is_handed_on() {
    let fail = |_: &str| Err(Error::Read { message: "gone".to_owned(), source: None });
    let result = read(model().to_string().as_bytes(), &mut { fail });
    assert!(matches!(result, Err(Error::Read { .. })));
}
