//! The one-channel form of a colour network: the grey picture is shown to all three input channels, and a weighted sum
//! of the three output channels is what comes out.
//!
//! Written down as it is said, that is a Concat in front and a 1x1 convolution behind. Both are then moved into the
//! network as far as that is exact: [`copies`] moves the one forwards, [`mix`] the other backwards. In most networks
//! neither is left: the first convolution's weights are summed over its inputs, the last one's over its outputs.

mod copies;
mod mix;

use super::affine;
use crate::error::Error;
use crate::graph::ir::Graph;

/// Channels of the pictures that a colour network takes and gives.
const COLOURS: usize = 3;

/// Gives a graph from three channels to three its one-channel form; `weights` are those of the sum at the end, and add
/// up to 1.
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is not in order.
pub fn run(graph: &mut Graph, weights: [f32; COLOURS]) -> Result<(), Error> {
    let output = graph.output.name.clone();
    // Factors between the picture and the first convolution would be in the way.
    affine::run(graph);
    let copies = copies::run(graph);
    mix::run(graph, &copies, weights);
    graph.remove_dead();
    graph.name_output(&output);
    graph.sort()
}

#[cfg(test)]
mod tests;
