//! Shape inference at a concrete picture size, with the shape arithmetic (Shape, Gather, Concat, …) that exporters
//! write evaluated on the way. Sizes being numbers, every operator has one plain rule.

mod arithmetic;
mod kind;
mod rules;
mod spatial;
mod value;

use std::collections::HashMap;

use super::ir::Graph;
use super::limits::ComputedBytes;
use super::proto::NodeProto;
use crate::error::Error;
use crate::load_cancel;

pub use kind::{Kind, kind};
pub use rules::{block_size, einsum_labels, permutation, reduced_axes, splits};
pub use spatial::{SliceRange, Window, pads, pair, resize_scales, slice_ranges, transposed, windows};
pub use value::ShapeValue;

/// A picture size to infer shapes at where any does: far larger than receptive fields and numbers of channels, and with
/// many divisors (8!), so that networks that only take multiples of something take it.
pub const PROBE: usize = 40320;

/// Every size must stay below this: no tensor that can be computed has a longer axis.
const MAX_DIM: usize = 1 << 40;

/// What is known of one tensor.
#[derive(Clone, Debug)]
pub struct Info {
    pub dims: Vec<usize>,
    /// The elements, if they follow from constants and sizes alone and are few.
    pub value: Option<ShapeValue>,
    /// Whether the elements depend on the picture.
    pub of_picture: bool,
    /// Whether the elements depend on the picture's size.
    pub of_size: bool,
}

/// The shapes of all tensors of a graph, by name.
pub type Shapes = HashMap<String, Info>;

/// A node with what is known of its inputs.
pub struct Site<'a> {
    pub node: &'a NodeProto,
    pub opset: i64,
    shapes: &'a Shapes,
}

/// The shapes of all tensors for an input of `dims`.
///
/// # Errors
/// [`Error::ModelLoad`] naming the node: an operator that is not understood, or sizes that do not fit each other.
pub fn infer(graph: &Graph, dims: [usize; 4]) -> Result<Shapes, Error> {
    let mut shapes = Shapes::new();
    for (name, tensor) in &graph.constants {
        let info = Info {
            dims: tensor.dims.clone(),
            value: ShapeValue::of(tensor),
            of_picture: false,
            of_size: false,
        };
        shapes.insert(name.clone(), info);
    }
    let picture = Info { dims: dims.to_vec(), value: None, of_picture: true, of_size: false };
    shapes.insert(graph.input.name.clone(), picture);
    let opset = graph.opset();
    let mut computed = ComputedBytes::of(graph);
    for node in &graph.nodes {
        load_cancel::check()?;
        let site = Site { node, opset, shapes: &shapes };
        let outputs = rules::output_dims(&site)?;
        if let Some(huge) = outputs.iter().flatten().find(|&&d| d > MAX_DIM) {
            return Err(site.error(format!("a size of {huge} is absurd")));
        }
        let (of_picture, of_size) = site.sources();
        if of_picture && outputs.iter().flatten().any(|&d| d == 0) {
            return Err(site.error(format!("nothing is left of the picture (shape {:?})", outputs[0])));
        }
        if !of_picture && !of_size {
            computed.add(|| node.label(), &outputs)?;
        }
        let value = arithmetic::evaluate(&site, &outputs);
        let infos: Vec<_> = (outputs.into_iter())
            .enumerate()
            .map(|(n, dims)| Info { dims, value: value.clone().filter(|_| n == 0), of_picture, of_size })
            .collect();
        shapes.extend(node.output.iter().cloned().zip(infos).filter(|(name, _)| !name.is_empty()));
    }
    Ok(shapes)
}

impl<'a> Site<'a> {
    /// A node in a graph whose shapes are known already.
    pub fn new(graph: &'a Graph, node: &'a NodeProto, shapes: &'a Shapes) -> Site<'a> {
        Site { node, opset: graph.opset(), shapes }
    }

    /// What is known of input `index`, if it is given.
    pub fn input(&self, index: usize) -> Option<&'a Info> {
        self.shapes.get(self.node.arg(index)?)
    }

    /// The size of input `index`.
    pub fn dims(&self, index: usize) -> Result<&'a [usize], Error> {
        let info = self.input(index).ok_or_else(|| self.error(format!("input {index} is missing")))?;
        Ok(&info.dims)
    }

    /// The size of a four-axis input: batch, channels, height, width.
    pub fn image(&self, index: usize) -> Result<[usize; 4], Error> {
        let dims = self.dims(index)?;
        dims.try_into()
            .map_err(|_| self.error(format!("expected 4 axes in input {index}, found shape {dims:?}")))
    }

    /// The elements of input `index`, if it is given; they must be known.
    pub fn optional_value(&self, index: usize) -> Result<Option<&'a ShapeValue>, Error> {
        match self.input(index) {
            None => Ok(None),
            Some(Info { value: Some(value), .. }) => Ok(Some(value)),
            Some(_) => {
                Err(self
                    .error(format!("input {index} is not a constant, nor follows from the picture's size")))
            }
        }
    }

    /// The size of the first output, in a graph whose shapes are known already.
    pub fn output_dims(&self) -> &'a [usize] {
        self.shapes.get(self.node.out()).map_or(&[], |info| &info.dims)
    }

    /// A list of integers that newer operator sets take as input `index` and older ones as attribute `name`.
    pub fn list(&self, index: usize, name: &str) -> Result<Option<Vec<i64>>, Error> {
        if let Some(list) = self.node.ints(name) {
            return Ok(Some(list.to_vec()));
        }
        Ok(self.optional_value(index)?.map(ShapeValue::to_ints))
    }

    /// An axis, counted from the end if negative.
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize, Error> {
        let from_start = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        usize::try_from(from_start)
            .ok()
            .filter(|&a| a < rank)
            .ok_or_else(|| self.error(format!("axis {axis} is outside a shape of {rank} axes")))
    }

    /// An error that names this node.
    pub fn error(&self, what: String) -> Error {
        Error::ModelLoad(format!("{}: {what}", self.node.label()))
    }

    /// Whether the result depends on the picture, and whether on its size.
    fn sources(&self) -> (bool, bool) {
        let inputs = || (0..self.node.input.len()).filter_map(|n| self.input(n));
        let (of_picture, of_size) = (inputs().any(|info| info.of_picture), inputs().any(|info| info.of_size));
        match self.node.op_type.as_str() {
            "Shape" | "Size" => (false, of_picture || of_size),
            _ => (of_picture, of_size),
        }
    }
}
