//! The networks under `tests/fixtures/ncnn` were run by ncnn itself; the rest are broken files.

use super::*;
use crate::graph::{Network, reference_run};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ncnn");

fn floats(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

#[test]
fn networks_give_what_ncnn_gives() {
    for name in ["convolution", "arithmetic", "borders", "resampling"] {
        let param = std::fs::read_to_string(format!("{FIXTURES}/{name}.param")).unwrap();
        let bin = std::fs::read(format!("{FIXTURES}/{name}.bin")).unwrap();
        let network = Network::from_model(read(&param, &bin).unwrap()).unwrap();
        let found = reference_run(&network, [8, 12], floats(&format!("{FIXTURES}/{name}.in")));
        let expected = floats(&format!("{FIXTURES}/{name}.out"));
        assert_eq!(found.len(), expected.len(), "{name}");
        let distance = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(distance < 1e-5, "{name}: {distance}");
    }
}

/// What a network of one layer without weights makes of some values.
fn layer_of(line: &str, values: &[f32]) -> Vec<f32> {
    let param = format!("7767517\n2 2\nInput in 0 1 data 2=1\n{line}\n");
    let network = Network::from_model(read(&param, &[]).unwrap()).unwrap();
    reference_run(&network, [1, values.len()], values.to_vec())
}

/// By the formulas of ncnn's operator documentation, with its defaults and with other parameters.
#[test]
fn activations_are_those_of_ncnns_documentation() {
    let values = [-4.0, -1.0, 0.0, 0.5, 4.0];
    let close = |line: &str, expected: [f32; 5]| {
        let found = layer_of(line, &values);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{line}: {found:?}");
    };
    close("HardSigmoid h 1 1 data out", [0.0, 0.3, 0.5, 0.6, 1.0]);
    close("HardSigmoid h 1 1 data out 0=0.1 1=0.4", [0.0, 0.3, 0.4, 0.45, 0.8]);
    close("ELU e 1 1 data out", [-0.098_168, -0.063_212, 0.0, 0.5, 4.0]);
    close("ELU e 1 1 data out 0=0.5", [-0.490_842, -0.316_060, 0.0, 0.5, 4.0]);
}

/// One 1x1 convolution from 3 to 3 channels, with what is given added to its line and its weights as float32.
fn one_convolution(params: &str, weights: usize) -> Result<ModelProto, Error> {
    let line = format!("Convolution conv 1 1 data out 0=3 1=1 6=9 {params}");
    read(&network(&[&line], 2), &vec![0; weights])
}

fn network(layers: &[&str], blobs: usize) -> String {
    format!("7767517\n{} {blobs}\nInput in 0 1 data\n{}\n", layers.len() + 1, layers.join("\n"))
}

fn message(result: Result<ModelProto, Error>) -> String {
    match result.unwrap_err() {
        Error::ModelLoad(message) => message,
        other => panic!("expected a ModelLoad error, found {other:?}"),
    }
}

#[test]
fn weights_must_be_exactly_as_many_as_the_layers_take() {
    assert!(one_convolution("", 4 + 9 * 4).is_ok());
    let short = message(one_convolution("", 4 + 9 * 4 - 1));
    assert_eq!(
        short,
        "layer Convolution \"conv\": its weights need 36 bytes more, the .bin has 35 left of 39"
    );
    let long = message(one_convolution("", 4 + 9 * 4 + 4));
    assert!(long.contains("take 40 bytes, the file has 44"), "{long}");
    assert!(message(one_convolution("", 2)).contains("need 4 bytes more"));
}

#[test]
fn what_is_not_understood_is_named() {
    let cases = [
        ("77=1", "layer Convolution \"conv\": parameter 77 = 1 is not supported"),
        ("-23377=2,1,0.5", "parameter 77 = [\"1\", \"0.5\"] is not supported"),
        ("9=17", "parameter 9 (activation) = 17 with [] is not supported"),
        ("9=2", "parameter 9 (activation) = 2 with [] is not supported"),
        ("18=1.5", "parameter 18 (pad value) = 1.5 is not supported"),
        ("8=1", "parameter 8 (int8 scales) = 1 is not supported"),
        ("4=-5", "parameter 4 (pads) = [-5, -5, -5, -5] is not supported"),
        ("3=0", "a size of 0"),
        ("11=2147483647", "no whole number of 2147483647x1 filters"),
        ("9=0.5", "layer Convolution \"conv\": parameter 9: expected an integer, found 0.5"),
        ("18=1", "layer Convolution \"conv\": parameter 18: expected a float, found 1"),
        ("4=1 4=1", "a parameter is given twice"),
        ("four", "expected id=value"),
        ("4=x", "expected id=value"),
        ("-23310=3,1.0", "expected id=value"),
    ];
    for (params, expected) in cases {
        let found = message(one_convolution(params, 40));
        assert!(found.contains(expected), "{params}: {found}");
    }
    let unknown = message(read(&network(&["Teleport t 1 1 data out"], 2), &[]));
    assert_eq!(unknown, "layer Teleport \"t\": layers of type Teleport are not supported");
}

#[test]
fn weights_stored_in_other_ways_are_refused() {
    let with_tag = |tag: u32| {
        let bin: Vec<u8> = tag.to_le_bytes().into_iter().chain([0; 36]).collect();
        message(read(&network(&["Convolution conv 1 1 data out 0=3 1=1 6=9"], 2), &bin))
    };
    assert!(with_tag(0x000D_4B38).contains("int8"), "int8");
    assert!(with_tag(0x0101_0101).contains("unknown way (tag 0x01010101)"), "256 values and their indices");
}

#[test]
fn claims_of_gigabytes_are_refused_before_memory_is_reserved() {
    let huge = "Convolution conv 1 1 data out 0=32768 1=1 6=1073741824";
    assert!(message(read(&network(&[huge], 2), &[0; 64])).contains("bytes more, the .bin has 60 left"));
    let huge = "MemoryData m 0 1 out 0=65536 1=65536 2=65536";
    assert!(message(read(&network(&[huge], 2), &[0; 64])).contains("bytes more"));
    let huge = "MemoryData m 0 1 out 0=9223372036854775807 1=9223372036854775807 2=9";
    assert!(message(read(&network(&[huge], 2), &[0; 64])).contains("absurdly large"));
    let huge = "PReLU p 1 1 data out 0=1000000000";
    assert!(message(read(&network(&[huge], 2), &[0; 64])).contains("bytes more"));
    assert!(
        message(read("7767517\n99999999999 1\nInput in 0 1 data\n", &[]))
            .contains("99999999999 layers, found 1")
    );
    assert!(
        message(read("7767517\n2 2\nInput in 0 1 data\nSplit s 1 4000000000 data a\n", &[]))
            .contains("line 4")
    );
}

#[test]
fn broken_texts_are_refused() {
    let cases = [
        ("", "expected 7767517"),
        ("7767517\n", "numbers of layers and blobs"),
        ("7767517\n1 2\nInput in 0 1 data\n", "2 blobs, found 1"),
        ("7767517\n2 1\nInput in 0 1 data\nReLU r 1 1 nothing out\n", "1 blobs, found 2"),
        (
            "7767517\n2 2\nInput in 0 1 data\nReLU r 1 1 nothing out\n",
            "input \"nothing\" is made by no earlier layer",
        ),
        (
            "7767517\n2 2\nInput in 0 1 data\nReLU r 1 1 out out\n",
            "input \"out\" is made by no earlier layer",
        ),
        ("7767517\n2 1\nInput in 0 1 data\nReLU r 1 1 data data\n", "output \"data\" is made twice"),
        ("7767517\n2 2\nInput in 0 1 data 2=3\nSplit s 1 2 data data2 data3\n", "2 blobs, found 3"),
        (
            "7767517\n2 3\nInput in 0 1 data 2=3\nSplit s 1 2 data a b\n",
            "expected one output, found 2 (a, b)",
        ),
        ("7767517\n2 2\nInput in 0 1 data\nInput in2 0 1 more\n", "a second input"),
        (
            "7767517\n2 2\nInput in 0 1 data\nReLU r 1 1 data out\n",
            "the number of input channels is not given",
        ),
    ];
    for (text, expected) in cases {
        let found = message(read(text, &[]));
        assert!(found.contains(expected), "{text:?}: {found}");
    }
}

#[test]
fn channels_must_fit() {
    let two = ["Convolution a 1 1 data b 0=4 1=1 6=12", "Convolution b 1 1 b out 0=3 1=1 6=9"];
    let found = message(read(&network(&two, 3), &[0; 4 + 48 + 4 + 36]));
    assert!(found.contains("its weights are for 3 channels, its input has 4"), "{found}");
}
