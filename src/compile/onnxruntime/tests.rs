//! What ONNX Runtime is given, against what it was made from.

use prost::Message;

use super::to_bytes;
use crate::format;
use crate::graph::tests::{assert_same, channels_last, load, resampling, slicing, small, small_with_slopes};
use crate::graph::{ModelProto, Network, Tensor};

#[test]
fn the_lowered_graph_computes_the_same() {
    let operators = |model: &ModelProto| -> Vec<String> {
        model.graph.iter().flat_map(|g| &g.node).map(|n| n.op_type.clone()).collect()
    };
    // Slopes up to 1, and beyond.
    for steepest in [1.0, 3.0] {
        let slopes = (0..16).map(|channel| steepest * channel as f32 / 15.0 - 0.2).collect();
        let network = load(&small_with_slopes(Tensor::floats(&[16, 1, 1], slopes))).unwrap();
        let lowered = format::onnx::read(&to_bytes(&network).unwrap()).unwrap();
        if cfg!(target_arch = "x86_64") {
            assert!(
                !operators(&lowered).iter().any(|op| op == "PRelu" || op == "Sub"),
                "{:?}",
                operators(&lowered)
            );
        }
        assert_same(network.graph(), Network::from_model(lowered).unwrap().graph(), 1e-5);
    }
}

proptest::proptest! {
    /// Bytes changed at random, most often in a number or a name, give an error or a network that is lowered or refused, never a panic.
    #[test]
    fn damaged_files_never_panic(
        places in proptest::collection::vec((0usize..20_000, proptest::num::u8::ANY), 1..6),
        base in 0usize..4,
    ) {
        let mut bytes = match base {
            0 => small().encode_to_vec(),
            1 => channels_last().encode_to_vec(),
            2 => resampling().encode_to_vec(),
            _ => slicing().encode_to_vec(),
        };
        for (place, value) in places {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        if let Ok(network) = format::onnx::read(&bytes).and_then(Network::from_model) {
            _ = to_bytes(&network);
        }
    }
}
