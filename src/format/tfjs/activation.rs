//! Keras' activations, as layers of their own and within others.

use super::LayersConverter;
use super::topology::LayerCall;
use crate::error::Error;
use crate::graph::{Attribute, Tensor};

/// Adds Keras' activation `kind` and returns the name of its result.
pub fn activation(
    call: &LayerCall,
    net: &mut LayersConverter,
    kind: &str,
    input: &str,
) -> Result<String, Error> {
    let builder = &mut net.builder;
    let hint = format!("{}_{kind}", call.name);
    let mut plain = |op: &str| Ok(builder.named_node(&hint, op, &[input], vec![]));
    match kind {
        "linear" => Ok(input.to_owned()),
        "relu" => plain("Relu"),
        "sigmoid" => plain("Sigmoid"),
        "tanh" => plain("Tanh"),
        "elu" => plain("Elu"),
        "selu" => plain("Selu"),
        "softplus" => plain("Softplus"),
        "softsign" => plain("Softsign"),
        // Keras' slope and offset, 0.2 and 0.5, are ONNX's too.
        "hard_sigmoid" => plain("HardSigmoid"),
        "relu6" => Ok(clip(net, &hint, input, 0.0, 6.0)),
        "softmax" => Ok(builder.named_node(&hint, "Softmax", &[input], vec![Attribute::int("axis", 1)])),
        "swish" | "silu" => {
            let gate = builder.node("Sigmoid", &[input], vec![]);
            Ok(builder.named_node(&hint, "Mul", &[input, &gate], vec![]))
        }
        "mish" => {
            let soft = builder.node("Softplus", &[input], vec![]);
            let gate = builder.node("Tanh", &[&soft], vec![]);
            Ok(builder.named_node(&hint, "Mul", &[input, &gate], vec![]))
        }
        other => Err(call.error(format!("activation \"{other}\" is not supported"))),
    }
}

/// Adds a Clip to `low..=high` and returns the name of its result.
pub fn clip(net: &mut LayersConverter, hint: &str, input: &str, low: f32, high: f32) -> String {
    let low = net.builder.constant(&format!("{hint}_low"), Tensor::floats(&[], vec![low]));
    let high = net.builder.constant(&format!("{hint}_high"), Tensor::floats(&[], vec![high]));
    net.builder.named_node(hint, "Clip", &[input, &low, &high], vec![])
}
