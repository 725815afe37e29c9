//! Rewrites that leave the result as it is (up to the rounding of sums) and make it cheaper. One file each:
//!
//! | pass | does |
//! |---|---|
//! | [`affine`] | folds constant factors and offsets around a convolution into its weights and bias |
//! | [`upsample_conv`] | nearest-neighbour enlargement and convolution → convolution at the small size and depth-to-space |
//! | [`transposed_conv`] | transposed convolution to few channels → convolution at the small size and depth-to-space |
//! | [`residual`] | a chain of residual blocks → in the basis in which blocks add what is new and no more |
//! | [`layer_norm`] | normalisation along the last axis, written out → one operator |
//! | [`resize_conv`] | linear or cubic resampling by a fixed ratio → convolution and depth-to-space |
//! | [`grey`] | where it is asked for: a colour network → its one-channel form |

mod affine;
mod grey;
mod layer_norm;
mod phases;
mod residual;
mod resize_conv;
mod transposed_conv;
mod upsample_conv;

pub use grey::run as grey;

use super::ir::Graph;
use crate::error::Error;

/// Applies all passes to a graph that takes pictures of `channels` channels and multiples of `size_multiple` pixels a side.
pub fn run(graph: &mut Graph, channels: usize, size_multiple: usize) -> Result<(), Error> {
    let output = graph.output.name.clone();
    affine::run(graph);
    residual::run(graph, channels);
    layer_norm::run(graph);
    upsample_conv::run(graph);
    transposed_conv::run(graph);
    resize_conv::run(graph, channels, size_multiple)?;
    graph.remove_dead();
    graph.name_output(&output);
    graph.sort()
}

#[cfg(test)]
pub mod tests;
