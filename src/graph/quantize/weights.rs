//! The trained numbers of a convolution as integers.

use super::range::Scheme;
use crate::graph::proto::data_type;
use crate::graph::tensor::{Data, Tensor};

/// The largest weight as an integer: -128 is not used, so that every scale is symmetric.
const LARGEST: f32 = 127.0;

/// The largest bias as an integer, with room left for the sums that are added to it.
const LARGEST_BIAS: f32 = (1 << 30) as f32;

/// Weights `[outputs, …]` and bias as integers, with a scale for each output.
pub struct QuantizedWeights {
    /// int8.
    pub weights: Tensor,
    /// float32, one for each output.
    pub scales: Vec<f32>,
    /// int32, in steps of the input's scale times the output's.
    pub bias: Option<Tensor>,
    /// The steps of the bias.
    pub bias_scales: Vec<f32>,
}

/// Rounds the weights of each output to multiples of its largest / 127, the bias to what is added to their sums.
pub fn quantize(dims: &[usize], weights: &[f32], bias: Option<&[f32]>, input: Scheme) -> QuantizedWeights {
    let outputs = dims.first().copied().unwrap_or(0);
    let per_output = weights.len() / outputs.max(1);
    let (mut bytes, mut scales) = (Vec::with_capacity(weights.len()), Vec::with_capacity(outputs));
    for (output, weights) in weights.chunks_exact(per_output.max(1)).enumerate() {
        let largest = weights.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
        let offset = bias.and_then(|bias| bias.get(output)).map_or(0.0, |bias| bias.abs());
        let scale = scale_of(largest, offset, input.scale);
        bytes.extend(weights.iter().map(|weight| (weight / scale).round_ties_even() as i8 as u8));
        scales.push(scale);
    }
    let bias_scales: Vec<f32> = scales.iter().map(|scale| scale * input.scale).collect();
    let rounded = |(bias, scale): (&f32, &f32)| (bias / scale).round_ties_even() as i32;
    let bias = bias.map(|bias| {
        let bytes = bias.iter().zip(&bias_scales).map(rounded).flat_map(i32::to_le_bytes).collect();
        Tensor { dims: vec![outputs], data: Data::Other { data_type: data_type::INT32, bytes } }
    });
    let data = Data::Other { data_type: data_type::INT8, bytes };
    QuantizedWeights { weights: Tensor { dims: dims.to_vec(), data }, scales, bias, bias_scales }
}

/// The step of an output's weights: a 127th of the largest, but never so fine that the bias does not fit an int32.
fn scale_of(largest: f32, bias: f32, input_scale: f32) -> f32 {
    let scale = (largest / LARGEST).max(bias / input_scale / LARGEST_BIAS);
    if scale > f32::MIN_POSITIVE { scale } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Scheme = Scheme { scale: 0.5, zero_point: 3 };

    #[test]
    fn a_case_by_hand() {
        // The largest of the first output is 1.27: steps of 0.01. Bias steps: 0.5 * 0.01.
        let weights = [1.27, -0.634, 0.0, 0.02, 254.0, -2.0, 3.1, 0.9];
        let found = quantize(&[2, 4, 1, 1], &weights, Some(&[1.0, -100.0]), INPUT);
        let integers = found.weights.to_ints().unwrap();
        assert_eq!(integers, [127, -63, 0, 2, 127, -1, 2, 0]);
        assert_eq!(found.weights.data_type(), data_type::INT8);
        assert_eq!(found.scales, [0.01, 2.0]);
        assert_eq!(found.bias.unwrap().to_ints().unwrap(), [200, -100]);
    }

    #[test]
    fn weights_come_back_within_half_a_step() {
        let weights: Vec<f32> =
            (0..8 * 27).map(|n| ((n * 2_654_435_761_usize) % 10_007) as f32 / 5003.5 - 1.0).collect();
        let found = quantize(&[8, 3, 3, 3], &weights, None, INPUT);
        for (index, (integer, weight)) in found.weights.to_ints().unwrap().iter().zip(&weights).enumerate() {
            let scale = found.scales[index / 27];
            let off = (*integer as f32 * scale - weight).abs();
            assert!(off <= 0.5001 * scale, "{index}: {weight} is off by {off}, the step is {scale}");
        }
    }

    #[test]
    fn outputs_without_weights_keep_their_bias() {
        let found = quantize(&[2, 1, 1, 1], &[0.0, 1e-30], Some(&[0.25, 7.0]), INPUT);
        let bias = found.bias.unwrap().to_ints().unwrap();
        let back: Vec<f32> =
            bias.iter().zip(&found.bias_scales).map(|(b, scale)| *b as f32 * scale).collect();
        assert!((back[0] - 0.25).abs() <= 0.25 && (back[1] - 7.0).abs() < 1e-5, "{back:?}");
    }
}
