//! Takes out what does nothing at inference: Identity, Dropout, and Casts of floats to floats.

use std::collections::{HashMap, HashSet};

use super::ir::Graph;
use super::proto::{NodeProto, data_type};
use super::tensor::Data;

/// Removes the nodes that hand their input on unchanged.
pub fn simplify(graph: &mut Graph) {
    let floats = float_values(graph);
    let mask_read: HashSet<&str> = graph.nodes.iter().flat_map(|n| &n.input).map(String::as_str).collect();
    let does_nothing = |node: &NodeProto| match node.op_type.as_str() {
        _ if !node.in_onnx_domain() => false,
        "Identity" => true,
        "Dropout" => !node.output.get(1).is_some_and(|mask| mask_read.contains(mask.as_str())),
        "Cast" => node.arg(0).is_some_and(|i| floats.contains(i)) && casts_to_float(node),
        _ => false,
    };
    let handed_on = |node: &NodeProto| Some((node.out().to_owned(), node.arg(0)?.to_owned()));
    let redirects: HashMap<_, _> =
        graph.nodes.iter().filter(|n| does_nothing(n)).filter_map(handed_on).collect();
    graph.nodes.retain(|node| !redirects.contains_key(node.out()));
    graph.redirect(&redirects);
}

fn casts_to_float(node: &NodeProto) -> bool {
    node.int("to", 0) == i64::from(data_type::FLOAT)
}

/// The values that are floats, as far as the operators that make them show.
fn float_values(graph: &Graph) -> HashSet<String> {
    let constants =
        graph.constants.iter().filter(|(_, t)| matches!(t.data, Data::F32(_))).map(|(name, _)| name.clone());
    let mut floats: HashSet<String> = constants.chain([graph.input.name.clone()]).collect();
    for node in &graph.nodes {
        let is_float = match node.op_type.as_str() {
            "Cast" => casts_to_float(node),
            "Add" | "Sub" | "Mul" | "Div" | "Clip" | "Relu" | "LeakyRelu" | "PRelu" | "Concat"
            | "Reshape" | "Transpose" | "Slice" | "Pad" | "Identity" | "Dropout" | "Squeeze"
            | "Unsqueeze" | "Resize" | "Upsample" | "DepthToSpace" | "SpaceToDepth" => {
                node.arg(0).is_some_and(|name| floats.contains(name))
            }
            "Conv" | "ConvTranspose" | "Sigmoid" | "Tanh" | "BatchNormalization" | "AveragePool"
            | "DequantizeLinear" | "Softmax" | "Elu" | "Gelu" | "HardSigmoid" | "HardSwish" | "Mish" => true,
            _ => false,
        };
        if is_float {
            floats.insert(node.out().to_owned());
        }
    }
    floats
}
