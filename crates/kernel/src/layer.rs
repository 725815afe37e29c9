//! One layer, ready to run: packed weights, bias and epilogue.

use super::epilogue::{Epilogue, PackedEpilogue, pack_channels};
use super::gemm::PackedWeights;
use super::lanes::Block;
use crate::Error;

/// Packed weights, and what is applied to the product.
pub(super) struct PackedLayer {
    pub weights: PackedWeights,
    /// One block per output plane.
    pub bias: Vec<Block>,
    pub epilogue: PackedEpilogue,
}

impl PackedLayer {
    /// A layer with one bias per output channel.
    ///
    /// # Errors
    /// Those of [`PackedEpilogue::new`].
    pub fn new(weights: PackedWeights, bias: &[f32], epilogue: &Epilogue) -> Result<PackedLayer, Error> {
        let epilogue = PackedEpilogue::new(epilogue, bias.len())?;
        Ok(PackedLayer { weights, bias: pack_channels(bias), epilogue })
    }
}
