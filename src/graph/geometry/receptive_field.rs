//! The receptive field of a network.
//!
//! Found by walking the graph backwards from one block of output pixels, at a concrete picture size that is far larger
//! than any receptive field: each operator says which region of its inputs a region of its output needs, in whole pixels
//! and therefore exactly. A network that needs the picture's border from its middle is global.

use std::collections::HashMap;

use super::interval::{self, Interval, Region};
use super::operator_inputs::inputs_needed;
use super::{SizeLaw, output_dims};
use crate::error::Error;
use crate::graph::ir::Graph;
use crate::graph::shape::{PROBE, Shapes, Site};

/// The radius of the receptive field of a block of `size_multiple` x `size_multiple` pixels; `None` where it is the whole
/// picture. `shapes` are those of a picture with sides of [`PROBE`].
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is inconsistent.
pub(super) fn radius(
    graph: &Graph,
    shapes: &Shapes,
    law: SizeLaw,
    size_multiple: usize,
) -> Result<Option<u32>, Error> {
    let middle = PROBE / 2 / size_multiple * size_multiple;
    let radius_at = |origin: usize| -> Result<Option<u32>, Error> {
        let block = Interval::new(origin as i64, (origin + size_multiple - 1) as i64);
        let output = block.shifted(-(law.valid_crop as i64)).expanded(law.scale as i64);
        let Some([rows, columns]) = needed(graph, shapes, output)? else { return Ok(None) };
        let border = Interval::new(0, PROBE as i64 - 1);
        let global = [rows, columns].iter().any(|s| s.lo == border.lo || s.hi == border.hi);
        let around = [rows, columns].map(|s| (block.lo - s.lo).max(s.hi - block.hi).max(0));
        Ok((!global).then_some(around[0].max(around[1]) as u32))
    };
    let (here, there) = (radius_at(middle)?, radius_at(middle + 8 * size_multiple)?);
    Ok(here.filter(|_| here == there))
}

/// The rows and columns of the input that a square of the output depends on; `None` if it depends on none.
fn needed(graph: &Graph, shapes: &Shapes, output: Interval) -> Result<Option<[Interval; 2]>, Error> {
    let mut regions = HashMap::<&str, Region>::new();
    let channels = output_dims(graph, shapes)?[1] as i64;
    let whole = Region::from([Interval::new(0, 0), Interval::new(0, channels - 1), output, output]);
    regions.insert(&graph.output.name, whole);
    for node in graph.nodes.iter().rev() {
        let site = Site::new(graph, node, shapes);
        for (n, name) in node.output.iter().enumerate() {
            let Some(region) = regions.remove(name.as_str()) else { continue };
            for (input, part) in inputs_needed(&site, n, &region)? {
                let Some(name) = node.arg(input) else { continue };
                regions.entry(name).and_modify(|r| interval::unite(r, &part)).or_insert(part);
            }
        }
    }
    Ok(regions.get(graph.input.name.as_str()).map(|region| [region[2], region[3]]))
}
