//! Rewrites that leave the result as it is (up to the rounding of sums) and make it cheaper. One file each:
//!
//! | pass | does |
//! |---|---|
//! | [`affine`] | folds constant factors and offsets around a convolution into its weights and bias |
//! | [`upsample_conv`] | nearest-neighbour enlargement and convolution → convolution at the small size and depth-to-space |

mod affine;
mod upsample_conv;

use super::ir::Graph;
use crate::error::Error;

/// Applies all passes, in an order in which one finds what another leaves.
pub fn run(graph: &mut Graph) -> Result<(), Error> {
    for pass in [affine::run, upsample_conv::run] {
        pass(graph);
        graph.remove_dead();
    }
    if graph.output.name != "output" {
        graph.rename(&graph.output.name.clone(), "output");
    }
    graph.sort()
}
