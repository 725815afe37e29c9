//! Post-training static quantisation: weights as int8 with a scale for each output channel, values as uint8 with a
//! zero point, ranges chosen from what a network makes of sample pictures (Jacob et al., arXiv 1712.05877; ranges of
//! least square error as in Nagel et al., arXiv 2106.08295).
//!
//! The result is a standard network in QDQ form. Nothing here runs a network: the caller does, and passes its inner values to
//! [`Quantizer::observe`].

mod plan;
mod range;
mod rewrite;
#[cfg(test)]
mod tests;
mod weights;

use std::collections::BTreeMap;

use prost::Message;

use super::ir::Graph;
use super::network::Network;
use super::proto::{TensorTypeProto, TypeProto, ValueInfoProto, data_type};
use super::shape;
use crate::error::Error;
use plan::Plan;
use range::Histogram;

/// Turns a float32 network into an int8 one.
pub struct Quantizer {
    graph: Graph,
    channels: usize,
    plan: Plan,
    histograms: BTreeMap<String, Histogram>,
}

impl Quantizer {
    /// Decides what of `network` is to compute in integers.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a network that is quantised already, or has nothing that could be: no
    /// convolution but its first and last.
    pub fn new(network: &Network) -> Result<Quantizer, Error> {
        if network.is_quantized() {
            return Err(Error::InvalidArgument(
                "Expected a float32 network to quantise but found one that is quantised already".to_owned(),
            ));
        }
        let mut graph = network.graph().clone();
        raise_opset(&mut graph)?;
        let plan = Plan::of(&graph);
        if plan.integer.is_empty() {
            return Err(Error::InvalidArgument(
                "Expected a network with convolutions between its first and its last, which stay in float32, but \
                 found none to quantize"
                    .to_owned(),
            ));
        }
        let histograms = plan.measured.iter().map(|name| (name.clone(), Histogram::default())).collect();
        Ok(Quantizer { graph, channels: network.channels_in(), plan, histograms })
    }

    /// The network as an `.onnx` that gives its inner values beside its result. Only values that are named so are to be
    /// handed to [`Quantizer::observe`].
    pub fn to_observable(&self) -> Vec<u8> {
        let constants = self.graph.constants.iter().map(|(name, tensor)| tensor.to_proto(name)).collect();
        let mut model = self.graph.to_model(constants, Vec::new());
        let inner = self.plan.measured.iter().filter(|name| !self.is_port(name));
        if let Some(graph) = &mut model.graph {
            graph.output.extend(inner.map(|name| float_value(name)));
        }
        model.encode_to_vec()
    }

    /// Takes the numbers that a run gave for the value `name`; other names than those of the network's values are of no
    /// interest.
    pub fn observe(&mut self, name: &str, values: &[f32]) {
        if let Some(histogram) = self.histograms.get_mut(name) {
            histogram.record(values);
        }
    }

    /// Bytes, per input pixel, of all values that [`Quantizer::to_observable`] gives.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the graph is inconsistent.
    pub fn observed_bytes_per_pixel(&self) -> Result<f64, Error> {
        let shapes = shape::infer(&self.graph, [1, self.channels, shape::PROBE, shape::PROBE])?;
        let elements = |name: &String| {
            shapes.get(name).map_or(0.0, |info| info.dims.iter().map(|&dim| dim as f64).product::<f64>())
        };
        let all: f64 = self.plan.measured.iter().map(elements).sum();
        Ok(all * size_of::<f32>() as f64 / (shape::PROBE as f64).powi(2))
    }

    /// How many operators compute in integers, and how many there are.
    pub fn share(&self) -> (usize, usize) {
        (self.plan.integer.len(), self.graph.nodes.len())
    }

    /// The network with int8 weights, values as they were observed to be.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the rewritten graph is inconsistent, which a consistent one does not become.
    pub fn finish(self) -> Result<Network, Error> {
        let Quantizer { mut graph, plan, histograms, .. } = self;
        let schemes =
            histograms.iter().map(|(name, histogram)| (name.clone(), histogram.best_scheme())).collect();
        rewrite::rewrite(&mut graph, &plan, &schemes);
        graph.sort()?;
        graph.remove_dead();
        let constants = graph.constants.iter().map(|(name, tensor)| tensor.to_proto(name)).collect();
        Network::from_model(graph.to_model(constants, Vec::new()))
    }

    fn is_port(&self, name: &str) -> bool {
        name == self.graph.input.name || name == self.graph.output.name
    }
}

/// A float tensor of any shape.
fn float_value(name: &str) -> ValueInfoProto {
    let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: None };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}

/// The first operator set in which weights can have a scale for each output.
const OPSET: i64 = 13;

/// Operators that are the same in operator sets 11 and [`OPSET`].
const SAME: [&str; 22] = [
    "Add",
    "AveragePool",
    "Cast",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Div",
    "GlobalAveragePool",
    "LeakyRelu",
    "Mul",
    "PRelu",
    "Pad",
    "Relu",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Slice",
    "Sub",
    "Tanh",
    "Transpose",
];

fn raise_opset(graph: &mut Graph) -> Result<(), Error> {
    let opset = graph.opset();
    if opset >= OPSET {
        return Ok(());
    }
    let other = graph.nodes.iter().find(|node| !SAME.contains(&node.op_type.as_str()));
    if opset < 11 || other.is_some() {
        let found = other.map_or(String::new(), |node| format!(" with {}", node.label()));
        return Err(Error::InvalidArgument(format!(
            "Expected a network of operator set {OPSET} or newer to quantise but found {opset}{found}"
        )));
    }
    for opset in graph.opsets.iter_mut().filter(|opset| matches!(opset.domain.as_str(), "" | "ai.onnx")) {
        opset.version = OPSET;
    }
    Ok(())
}
