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

/// The same if the memory of a value serves only values of the same shape after it, as ONNX Runtime's plan for shapes
/// that are known has it: for each shape, the most values of it at one time, all added up.
pub fn most_elements_by_shape(graph: &Graph, shapes: &Shapes) -> Result<f64, Error> {
    let dims = |name: &str| shapes.get(name).filter(|info| info.of_picture).map(|info| &info.dims[..]);
    let mut last_reader = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        last_reader.extend(node.input.iter().map(|name| (name.as_str(), index)));
    }
    // By shape: how many there are, and the most there were.
    let mut held: HashMap<&[usize], (usize, usize)> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut done: Vec<&str> = node.input.iter().map(String::as_str).collect();
        done.sort_unstable();
        done.dedup();
        done.retain(|name| last_reader.get(name) == Some(&index));
        let done: Vec<&[usize]> = done.into_iter().filter_map(dims).collect();
        let made: Vec<&[usize]> = node.output.iter().filter_map(|name| dims(name)).collect();
        // What works place by place writes over an input that nobody else reads.
        let in_place = matches!(shape::kind(node)?, Kind::Pointwise | Kind::Reshape);
        let kept = made.iter().filter(|shape| !(in_place && done.contains(shape)));
        for shape in kept {
            let (now, most) = held.entry(shape).or_default();
            *most = (*most).max(*now + 1);
        }
        for shape in made {
            held.entry(shape).or_default().0 += 1;
        }
        for shape in done {
            let (now, _) = held.entry(shape).or_default();
            *now = now.saturating_sub(1);
        }
    }
    let elements = |shape: &[usize]| shape.iter().map(|&dim| dim as f64).product::<f64>();
    Ok(held.iter().map(|(shape, (_, most))| elements(shape) * *most as f64).sum())
}
