//! What every convolution comes down to: weights for the product, a bias, and what is done with the result.

use super::epilogue::{Epilogue, Packed, pack_channels};
use super::lanes::Block;
use super::product::Weights;
use crate::Error;

/// Weights in the order of the product, and what follows it.
pub(super) struct Layer {
    pub weights: Weights,
    /// One block per output plane.
    pub bias: Vec<Block>,
    pub epilogue: Packed,
}

impl Layer {
    /// A layer with one bias per output channel.
    ///
    /// # Errors
    /// Those of [`Packed::new`].
    pub fn new(weights: Weights, bias: &[f32], epilogue: &Epilogue) -> Result<Layer, Error> {
        let epilogue = Packed::new(epilogue, bias.len())?;
        Ok(Layer { weights, bias: pack_channels(bias), epilogue })
    }
}
