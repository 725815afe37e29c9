//! Residual dense blocks (Zhang et al. 2018, "Residual Dense Network for Image Super-Resolution") end with a 1x1
//! convolution of the block's input `x` beside what the block made of it, `r`, and add the input:
//!
//! > `x' = x + A x + W r + b`
//!
//! Half of that, and more where `r` has few channels, goes into `A x`, which is no more than another basis for the same
//! features. With `P = 1` for the first block and `P' = (1 + A) P` for the next, and `y` for `x = P y`:
//!
//! > `y' = y + P'⁻¹ (W r + b)`
//!
//! A convolution of `x` is one of `y` with its weights times `P`: zero padding stays zero ([`basis`]). In the same way,
//! the convolution in the end of all blocks' outputs side by side becomes a sum that grows with each block, of what it
//! makes of `r` ([`fusion`]): nothing has to be kept until the last block is done.
//!
//! Trained networks are far from where this would cost precision: esrgan-medium 4x has ten blocks, and its last `P` is
//! of condition 11.

mod basis;
mod chain;
mod fusion;
mod matrix;

use crate::graph::ir::Graph;

/// Rewrites all chains of a network that takes `channels`.
pub fn run(graph: &mut Graph, channels: usize) {
    for chain in chain::chains(graph, channels) {
        if let Some(chain) = basis::change(graph, channels, chain) {
            fusion::run(graph, &chain);
        }
    }
    graph.remove_dead();
}

#[cfg(test)]
mod tests;
