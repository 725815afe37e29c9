//! What a network may come to, however few bytes describe it. The largest networks for pictures have some ten thousand
//! nodes and names of some hundred letters; what is beyond all reason is refused before time or memory is spent on it.

use super::ir::Graph;
use super::proto::{GraphProto, NodeProto};
use super::shape::{self, Shapes};
use crate::error::Error;

/// HAT-L, exported with free sizes, has 21,000.
const MAX_NODES: usize = 50_000;

/// Of one node: a dense block of hundreds of layers joins as many.
const MAX_PORTS: usize = 4096;

/// Of all nodes.
const MAX_PORTS_OF_ALL: usize = 8 * MAX_NODES;

/// Exporters join the names of nested modules: 300 letters were seen.
const MAX_NAME: usize = 2048;

/// What follows from constants alone may take this much, and some copies of the constants themselves (transposed, turned from
/// integers into floats): ONNX Runtime computes all of it when a network is loaded.
const MAX_COMPUTED: u64 = 256 << 20;
const MAX_COPIES: u64 = 8;

/// The side of the picture that a tile is, at least.
const SMALL: usize = 64;

/// Refuses a graph of too many parts.
///
/// # Errors
/// [`Error::ModelLoad`] saying of which.
pub fn check(proto: &GraphProto) -> Result<(), Error> {
    at_most("nodes", proto.node.len(), MAX_NODES)?;
    at_most("constants", proto.initializer.len(), MAX_NODES)?;
    at_most("inputs", proto.input.len(), MAX_NODES)?;
    let mut ports = 0;
    for node in &proto.node {
        let count = node.input.len() + node.output.len() + node.attribute.len();
        at_most("inputs, outputs and attributes of one node", count, MAX_PORTS)?;
        ports += count;
        names(node)?;
    }
    at_most("inputs, outputs and attributes of all nodes", ports, MAX_PORTS_OF_ALL)?;
    proto.initializer.iter().try_for_each(|tensor| short(&tensor.name))?;
    proto.input.iter().chain(&proto.output).try_for_each(|value| short(&value.name))
}

fn names(node: &NodeProto) -> Result<(), Error> {
    [&node.name, &node.op_type, &node.domain].into_iter().try_for_each(|name| short(name))?;
    node.input.iter().chain(&node.output).try_for_each(|name| short(name))?;
    node.attribute.iter().try_for_each(|attribute| short(&attribute.name))
}

fn short(name: &str) -> Result<(), Error> {
    at_most("letters in a name", name.len(), MAX_NAME)
}

fn at_most(what: &str, found: usize, most: usize) -> Result<(), Error> {
    if found <= most {
        return Ok(());
    }
    Err(Error::ModelLoad(format!(
        "expected at most {most} {what}, found {found}: this is no network for pictures"
    )))
}

/// The bytes of what follows from constants alone, counted node by node.
pub struct ComputedBytes {
    bytes: u64,
    max_bytes: u64,
}

impl ComputedBytes {
    /// Of a graph with these constants.
    pub fn of(graph: &Graph) -> ComputedBytes {
        let constants =
            graph.constants.values().fold(0u64, |sum, tensor| sum.saturating_add(bytes(&tensor.dims)));
        ComputedBytes {
            bytes: 0,
            max_bytes: constants.saturating_mul(MAX_COPIES).saturating_add(MAX_COMPUTED),
        }
    }

    /// Counts the results of a node.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if all together are too large.
    pub fn add(&mut self, label: impl Fn() -> String, outputs: &[Vec<usize>]) -> Result<(), Error> {
        self.bytes = outputs.iter().fold(self.bytes, |sum, dims| sum.saturating_add(bytes(dims)));
        if self.bytes <= self.max_bytes {
            return Ok(());
        }
        Err(Error::ModelLoad(format!(
            "{}: what follows from constants alone takes more than {} MiB",
            label(),
            self.max_bytes >> 20
        )))
    }
}

fn bytes(dims: &[usize]) -> u64 {
    dims.iter().fold(size_of::<f32>() as u64, |product, &n| product.saturating_mul(n as u64))
}

/// Refuses a network of which one activation alone takes more than `most` bytes: for the one size that it takes, or for a
/// small picture.
///
/// # Errors
/// [`Error::Limit`].
pub fn check_activations(
    graph: &Graph,
    channels: usize,
    size_multiple: usize,
    most: u64,
) -> Result<(), Error> {
    let (height, width) = match graph.input.dims {
        [.., Some(height), Some(width)] => (height, width),
        _ => (SMALL.next_multiple_of(size_multiple), SMALL.next_multiple_of(size_multiple)),
    };
    // Too small for it, or for what a free size was found to be: nothing is said of memory.
    let Ok(shapes) = shape::infer(graph, [1, channels, height, width]) else { return Ok(()) };
    let largest = largest_of_picture(&shapes);
    if largest <= most {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Err(Error::Limit(format!(
        "Expected a network that takes at most {} MiB (maxMemory) for a picture of {width}x{height} but one step of it \
         takes {}: give more memory with Upscaler.configure",
        mib(most),
        mib(largest)
    )))
}

fn largest_of_picture(shapes: &Shapes) -> u64 {
    shapes.values().filter(|info| info.of_picture).map(|info| bytes(&info.dims)).max().unwrap_or(0)
}

/// The least height and width that leave something of the picture everywhere: windows of a pooling or of a convolution
/// without padding may be larger than a picture, and ONNX Runtime divides by what is left.
pub fn min_size(graph: &Graph, channels: usize, size_multiple: usize) -> (usize, usize) {
    const LARGE: usize = 2 * SMALL;
    const SIDES: usize = LARGE;
    if graph.input.dims[2].is_some() || graph.input.dims[3].is_some() {
        return (1, 1);
    }
    let large = LARGE.next_multiple_of(size_multiple);
    let fits = |height, width| shape::infer(graph, [1, channels, height, width]).is_ok();
    let smallest = size_multiple.max(1);
    // Most networks take anything; of one that takes nothing at all, other words are to be said.
    if fits(smallest, smallest) || !fits(large, large) {
        return (1, 1);
    }
    let least =
        |fits: &dyn Fn(usize) -> bool| (smallest..SIDES).step_by(smallest).find(|&n| fits(n)).unwrap_or(1);
    (least(&|n| fits(n, large)), least(&|n| fits(large, n)))
}
