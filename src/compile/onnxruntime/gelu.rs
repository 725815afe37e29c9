//! GELU, `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`: exporters write nine operators, each of which reads and writes
//! memory; ONNX Runtime has one for it.

use crate::graph::ir::Graph;
use crate::graph::pattern::Pattern;
use crate::graph::proto::{NodeProto, OperatorSetIdProto};

/// The domain of ONNX Runtime's own operators.
const DOMAIN: &str = "com.microsoft";

/// Replaces the last node of each such pattern by the operator.
pub fn run(graph: &mut Graph) {
    let pattern = Pattern::new(graph);
    let found: Vec<(usize, NodeProto)> = (graph.nodes.iter().enumerate())
        .filter_map(|(index, node)| {
            let mut fused = NodeProto::single("FastGelu", &[gelu_of(&pattern, node)?], node.out(), vec![]);
            fused.domain = DOMAIN.to_owned();
            Some((index, fused))
        })
        .collect();
    if found.is_empty() {
        return;
    }
    for (index, node) in found {
        graph.nodes[index] = node;
    }
    graph.opsets.push(OperatorSetIdProto { domain: DOMAIN.to_owned(), version: 1 });
    graph.remove_dead();
}

/// The input of the GELU whose last node this is.
fn gelu_of<'a>(pattern: &Pattern<'a>, node: &'a NodeProto) -> Option<&'a str> {
    let is = |found: f32, expected: f32| (found - expected).abs() < 1e-5;
    if !node.is("Mul") {
        return None;
    }
    pattern.operands(node).into_iter().find_map(|(half, gate)| {
        let (factor, x) = pattern.with_number(pattern.made_by(half, "Mul")?)?;
        let (one, tanh) = pattern.with_number(pattern.made_by(gate, "Add")?)?;
        let inner = pattern.made_by(tanh, "Tanh")?.arg(0)?;
        let (root, sum) = pattern.with_number(pattern.made_by(inner, "Mul")?)?;
        let sum = pattern.made_by(sum, "Add")?;
        let cube = pattern.operands(sum).into_iter().find(|(first, _)| *first == x)?.1;
        let cube = pattern.made_by(cube, "Mul")?;
        let third = pattern.operands(cube).into_iter().find_map(|(scaled, square)| {
            let (third, base) = pattern.with_number(pattern.made_by(scaled, "Mul")?)?;
            let square = pattern.made_by(square, "Mul")?;
            (base == x && square.arg(0) == Some(x) && square.arg(1) == Some(x)).then_some(third)
        })?;
        let fits = is(factor, 0.5) && is(one, 1.0) && is(root, (2.0 / std::f32::consts::PI).sqrt());
        (fits && is(third, 0.044_715)).then_some(x)
    })
}
