//! Normalisation along the last axis, which JAX and TensorFlow write as a dozen operators, as ONNX's one:
//! `(x - mean) * (1 / sqrt(max(0, mean of squares - mean^2) + epsilon) * scale) + offset`.

use crate::graph::ir::Graph;
use crate::graph::pattern::Pattern;
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::tensor::Tensor;

/// The first operator set that has it.
const OPSET: i64 = 17;

/// Rewrites all such normalisations.
pub fn run(graph: &mut Graph) {
    if graph.opset() < OPSET {
        return;
    }
    let pattern = Pattern::new(graph);
    let found: Vec<_> = (graph.nodes.iter().enumerate())
        .filter_map(|(index, node)| Some((index, norm(&pattern, node)?.owned())))
        .collect();
    let mut names = graph.names();
    for (index, (x, epsilon, scale, offset)) in found {
        let output = graph.nodes[index].out().to_owned();
        let [scale, offset] = [("scale", scale), ("offset", offset)].map(|(what, values)| {
            let name = names.fresh(&format!("{output}_{what}"));
            graph.constants.insert(name.clone(), Tensor::floats(&[values.len()], values));
            name
        });
        let attributes = vec![AttributeProto::int("axis", -1), AttributeProto::float("epsilon", epsilon)];
        graph.nodes[index] =
            NodeProto::single("LayerNormalization", &[&x, &scale, &offset], &output, attributes);
    }
    graph.remove_dead();
}

struct Norm<'a> {
    x: &'a str,
    epsilon: f32,
    scale: &'a [f32],
    offset: &'a [f32],
}

impl Norm<'_> {
    fn owned(self) -> (String, f32, Vec<f32>, Vec<f32>) {
        (self.x.to_owned(), self.epsilon, self.scale.to_vec(), self.offset.to_vec())
    }
}

/// The normalisation that ends with a node.
fn norm<'a>(pattern: &Pattern<'a>, node: &'a NodeProto) -> Option<Norm<'a>> {
    if !node.is("Add") {
        return None;
    }
    let (offset, product) = pattern.with_constant(node)?;
    let product = pattern.made_by(product, "Mul")?;
    pattern.operands(product).into_iter().find_map(|(centred, factor)| {
        let centred = pattern.made_by(centred, "Sub")?;
        let (x, mean) = (centred.arg(0)?, unfolded(pattern, centred.arg(1)?));
        let (scale, inverse) = pattern.with_constant(pattern.made_by(factor, "Mul")?)?;
        let (last, count) = (scale.dims.len().checked_sub(1)?, scale.count());
        // One number for each element of the last axis, which is as long as both say.
        if scale.dims[last] != count || offset.dims != scale.dims {
            return None;
        }
        let root = pattern.made_by(pattern.made_by(inverse, "Reciprocal")?.arg(0)?, "Sqrt")?;
        let (epsilon, variance) = pattern.with_number(pattern.made_by(root.arg(0)?, "Add")?)?;
        let variance = not_negative(pattern, unfolded(pattern, variance))?;
        let variance = pattern.made_by(variance, "Sub")?;
        let (squares, squared) = (variance.arg(0)?, pattern.made_by(variance.arg(1)?, "Mul")?);
        let of = |name| mean_of(pattern, name, last, count);
        let square = pattern.made_by(of(squares)?, "Mul")?;
        let is_square = |node: &NodeProto, of: &str| node.arg(0) == Some(of) && node.arg(1) == Some(of);
        let fits = of(mean)? == x && is_square(squared, mean) && is_square(square, x);
        fits.then_some(Norm { x, epsilon, scale: scale.as_floats()?, offset: offset.as_floats()? })
    })
}

/// A value before an axis of one element was put at its end.
fn unfolded<'a>(pattern: &Pattern<'a>, name: &'a str) -> &'a str {
    let before = || {
        let node = pattern.made_by(name, "Reshape")?;
        let shape = pattern.constant(node.arg(1)?)?.to_ints()?;
        (shape.last() == Some(&1)).then_some(node.arg(0)?)
    };
    before().unwrap_or(name)
}

/// What `max(0, …)` was taken of, which rounding asks for and the one operator does not need.
fn not_negative<'a>(pattern: &Pattern<'a>, name: &'a str) -> Option<&'a str> {
    let Some(node) = pattern.made_by(name, "Max") else { return Some(name) };
    pattern.with_number(node).filter(|(limit, _)| *limit == 0.0).map(|(_, value)| value)
}

/// What a value is the mean of, along the last axis `last` of `count` elements.
fn mean_of<'a>(pattern: &Pattern<'a>, name: &str, last: usize, count: usize) -> Option<&'a str> {
    let (factor, sum) = pattern.with_number(pattern.made_by(name, "Mul")?)?;
    let sum = pattern.made_by(sum, "ReduceSum")?;
    let axes = pattern.constant(sum.arg(1)?)?.to_ints()?;
    let along_last = axes == [last as i64] || axes == [-1];
    let divides = (factor * count as f32 - 1.0).abs() < 1e-5;
    (along_last && divides).then_some(sum.arg(0)?)
}
