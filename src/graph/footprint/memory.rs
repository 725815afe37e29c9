//! How much memory a run takes.

use std::collections::HashMap;

use crate::error::Error;
use crate::graph::ir::Graph;
use crate::graph::shape::{self, Kind, Shapes};

/// The most elements that the values of a run have at one time, with every value freed after its last reader. An
/// operator that works place by place writes over an input that nobody else reads, as ONNX Runtime does.
pub fn most_elements(graph: &Graph, shapes: &Shapes) -> Result<f64, Error> {
    let elements = |name: &str| match shapes.get(name) {
        Some(info) if info.of_picture => info.dims.iter().map(|&dim| dim as f64).product(),
        _ => 0.0,
    };
    let mut last_reader = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        last_reader.extend(node.input.iter().map(|name| (name.as_str(), index)));
    }
    let (mut held, mut most) = (elements(&graph.input.name), 0.0_f64);
    for (index, node) in graph.nodes.iter().enumerate() {
        let made: f64 = node.output.iter().map(|name| elements(name)).sum();
        let mut inputs: Vec<&str> = node.input.iter().map(String::as_str).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let done = inputs.into_iter().filter(|name| last_reader.get(name) == Some(&index));
        let freed: f64 = done.map(elements).sum();
        let in_place = matches!(shape::kind(node)?, Kind::Pointwise | Kind::Reshape) && freed >= made;
        most = most.max(if in_place { held } else { held + made });
        held += made - freed;
    }
    Ok(most)
}
