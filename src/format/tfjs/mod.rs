//! TensorFlow.js models: a `model.json` with a network and a manifest of weights, which lie in shards beside it. Graph
//! models (see `graph`) have TensorFlow's operators, layers models a topology in Keras' words, which is read here as
//! TensorFlow.js reads it, including UpscalerJS's own layers.
//!
//! Keras has the channels last; the graph is built with the channels second from the start.

mod activation;
mod config;
mod convolution;
mod graph;
mod layers;
mod topology;
mod weights;

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::graph::{Attribute, Builder, ModelProto};

pub use graph::{GraphModel, Reading};
use topology::{LayerCall, Topology};
use weights::Weights;

/// Reads a model with one image in and one image out. `shard` is given the path of each shard as the manifest has it,
/// relative to the folder of `model.json` and checked to stay inside it.
///
/// # Errors
/// [`Error::ModelLoad`] naming the layer or operator and the setting that is not understood, the weight that is
/// missing, or the path that leaves the folder; and whatever `shard` fails with.
pub fn read(
    model_json: &[u8],
    shard: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<Reading, Error> {
    let head: ModelHeader = parse(model_json)?;
    match head.format.as_deref() {
        None | Some("layers-model") => read_layers(model_json, shard).map(Reading::from),
        Some("graph-model") => graph::read(model_json, shard),
        Some(other) => Err(Error::ModelLoad(format!(
            "expected a layers-model or a graph-model, found format \"{other}\""
        ))),
    }
}

/// The part of `model.json` that names the kind of model.
#[derive(serde::Deserialize)]
struct ModelHeader {
    #[serde(default)]
    format: Option<String>,
}

fn read_layers(
    model_json: &[u8],
    shard: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<ModelProto, Error> {
    let model: Value = parse(model_json)?;
    let topology = Topology::parse(&model)?;
    let weights = Weights::read(&model, shard)?;
    let mut net = LayersConverter { builder: Builder::new(), weights, blobs: HashMap::new(), input: None };
    for mut call in topology.calls {
        layers::convert(&mut call, &mut net)?;
        call.config.expect_empty()?;
    }
    net.finish(&topology.output)
}

/// The paths of all shards, as the manifest of `model.json` has them, checked to stay inside its folder.
///
/// # Errors
/// [`Error::ModelLoad`] if there is no manifest that can be read, or a path leaves the folder.
pub fn shards(model_json: &[u8]) -> Result<Vec<String>, Error> {
    weights::shards(parse(model_json)?)
}

fn parse<T: DeserializeOwned>(model_json: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(model_json).map_err(|e| Error::ModelLoad(format!("model.json is no JSON: {e}")))
}

/// The state of a conversion.
struct LayersConverter {
    builder: Builder,
    weights: Weights,
    /// The result of each call of a layer, by [`LayerCall::result`].
    blobs: HashMap<String, LayerOutput>,
    /// Channels and, where fixed, height and width of the input.
    input: Option<(usize, Option<(usize, usize)>)>,
}

/// A value of the network.
#[derive(Clone)]
struct LayerOutput {
    name: String,
    channels: usize,
}

impl LayersConverter {
    /// The inputs of a call.
    fn inputs(&self, call: &LayerCall) -> Result<Vec<LayerOutput>, Error> {
        let blob = |name: &String| self.blobs.get(name).cloned();
        let inputs =
            call.inputs.iter().map(|name| blob(name).ok_or_else(|| call.error(format!("no input {name}"))));
        inputs.collect()
    }

    /// The only input of a call.
    fn input(&self, call: &LayerCall) -> Result<LayerOutput, Error> {
        match &self.inputs(call)?[..] {
            [blob] => Ok(blob.clone()),
            other => Err(call.error(format!("expected one input, found {}", other.len()))),
        }
    }

    /// Records the result of a call.
    fn set(&mut self, call: &LayerCall, name: String, channels: usize) {
        self.blobs.insert(call.result.clone(), LayerOutput { name, channels });
    }

    /// Adds a node for a call and records its result.
    fn emit(
        &mut self,
        call: &LayerCall,
        op: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
        channels: usize,
    ) {
        let name = self.builder.named_node(&call.name, op, inputs, attributes);
        self.set(call, name, channels);
    }

    fn finish(self, output: &str) -> Result<ModelProto, Error> {
        let (channels, size) = self
            .input
            .ok_or_else(|| Error::ModelLoad("the model has no InputLayer, nor an input shape".to_owned()))?;
        let output = self.blobs.get(output).map(|blob| blob.name.clone());
        let output = output
            .ok_or_else(|| Error::ModelLoad("the output layer is not connected to the input".to_owned()))?;
        Ok(self.builder.finish(channels, size, &output))
    }
}

#[cfg(test)]
mod tests;
