//! Which layer reads which: the `modelTopology` of a Functional (Keras before 2.4: Model) or Sequential model.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

use super::config::Config;
use crate::error::Error;

/// One use of a layer. A shared layer is used more than once.
pub struct LayerCall {
    /// The layer's class.
    pub class: String,
    /// The layer's name, under which its weights are.
    pub name: String,
    pub config: Config,
    /// The results that this call reads.
    pub inputs: Vec<String>,
    /// What other calls know its result by.
    pub result: String,
}

impl LayerCall {
    /// An error that names the layer.
    pub fn error(&self, what: String) -> Error {
        Error::ModelLoad(format!("{}: {what}", label(&self.class, &self.name)))
    }
}

/// All calls, each after those that it reads, and the result that is the model's.
pub struct Topology {
    pub calls: Vec<LayerCall>,
    pub output: String,
}

fn label(class: &str, name: &str) -> String {
    format!("layer {class} \"{name}\"")
}

fn broken(what: String) -> Error {
    Error::ModelLoad(format!("model.json: {what}"))
}

impl Topology {
    /// Finds the layers in `model.json`.
    pub fn parse(model: &Value) -> Result<Topology, Error> {
        let topology =
            model.get("modelTopology").ok_or_else(|| broken("modelTopology is missing".to_owned()))?;
        let root = topology.get("model_config").unwrap_or(topology);
        let config = root.get("config").ok_or_else(|| broken("the model's config is missing".to_owned()))?;
        let layers = config.get("layers").unwrap_or(config).as_array();
        let layers = layers.ok_or_else(|| broken("the list of layers is missing".to_owned()))?;
        match root.get("class_name").and_then(Value::as_str) {
            Some("Functional" | "Model") => functional(config, layers),
            Some("Sequential") => sequential(layers),
            other => {
                Err(broken(format!("expected a Functional, Model or Sequential model, found {other:?}")))
            }
        }
    }
}

/// A layer without its connections.
struct KerasLayer<'a> {
    class: &'a str,
    name: &'a str,
    config: &'a Map<String, Value>,
}

impl<'a> KerasLayer<'a> {
    fn parse(value: &'a Value) -> Result<KerasLayer<'a>, Error> {
        let class = value.get("class_name").and_then(Value::as_str);
        let config = value.get("config").and_then(Value::as_object);
        let (Some(class), Some(config)) = (class, config) else {
            return Err(broken("a layer without class_name or config".to_owned()));
        };
        let name = value.get("name").or_else(|| config.get("name")).and_then(Value::as_str);
        let name = name.ok_or_else(|| broken(format!("a {class} layer without a name")))?;
        Ok(KerasLayer { class, name, config })
    }

    fn call(&self, number: usize, inputs: Vec<String>) -> LayerCall {
        LayerCall {
            class: self.class.to_owned(),
            name: self.name.to_owned(),
            config: Config::new(label(self.class, self.name), self.config.clone()),
            inputs,
            result: result(self.name, number as u64),
        }
    }
}

fn result(layer: &str, number: u64) -> String {
    format!("{layer}:{number}")
}

fn functional(config: &Value, layers: &[Value]) -> Result<Topology, Error> {
    let mut calls = Vec::with_capacity(layers.len());
    for value in layers {
        let layer = KerasLayer::parse(value)?;
        let nodes = value.get("inbound_nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if nodes.is_empty() {
            calls.push(layer.call(0, Vec::new()));
        }
        for (number, node) in nodes.iter().enumerate() {
            let sources =
                node.as_array().map(|sources| sources.iter().map(source).collect::<Option<Vec<_>>>());
            let inputs = sources.flatten().ok_or_else(|| {
                broken(format!(
                    "{}: its connections are not understood: {node}",
                    label(layer.class, layer.name)
                ))
            })?;
            calls.push(layer.call(number, inputs));
        }
    }
    let outputs = config.get("output_layers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let outputs = match outputs {
        // Keras writes a lone output without the outer list too.
        [Value::String(_), ..] => vec![source(&Value::Array(outputs.to_vec()))],
        _ => outputs.iter().map(source).collect(),
    };
    let [Some(output)] = &outputs[..] else {
        return Err(broken(format!("expected one output layer, found {}", outputs.len())));
    };
    Ok(Topology { calls: sorted(calls)?, output: output.clone() })
}

/// `[layer, call, tensor, {}]`
fn source(value: &Value) -> Option<String> {
    let items = value.as_array()?;
    let no_arguments = items.get(3).is_none_or(|kwargs| kwargs.as_object().is_some_and(Map::is_empty));
    let first_tensor = items.get(2)?.as_u64()? == 0;
    (no_arguments && first_tensor).then(|| Some(result(items.first()?.as_str()?, items.get(1)?.as_u64()?)))?
}

fn sequential(layers: &[Value]) -> Result<Topology, Error> {
    let mut calls: Vec<LayerCall> = Vec::with_capacity(layers.len() + 1);
    for value in layers {
        let layer = KerasLayer::parse(value)?;
        if calls.is_empty() && layer.class != "InputLayer" {
            let input = KerasLayer { class: "InputLayer", name: "sequential_input", config: layer.config };
            let shape = input.config.iter().filter(|(key, _)| *key == "batch_input_shape");
            let shape: Map<_, _> = shape.map(|(key, value)| (key.clone(), value.clone())).collect();
            calls.push(KerasLayer { config: &shape, ..input }.call(0, Vec::new()));
        }
        let inputs = calls.last().map(|call| call.result.clone()).into_iter().collect();
        calls.push(layer.call(0, inputs));
    }
    let output = calls.last().map(|call| call.result.clone());
    Ok(Topology { calls, output: output.ok_or_else(|| broken("no layers".to_owned()))? })
}

/// Each call after those that it reads.
fn sorted(calls: Vec<LayerCall>) -> Result<Vec<LayerCall>, Error> {
    let by_result: HashMap<&str, usize> =
        calls.iter().enumerate().map(|(n, call)| (call.result.as_str(), n)).collect();
    if by_result.len() != calls.len() {
        return Err(broken("two layers have the same name".to_owned()));
    }
    let mut readers = vec![Vec::new(); calls.len()];
    for (n, call) in calls.iter().enumerate() {
        for input in &call.inputs {
            let source = by_result.get(input.as_str());
            let source = source.ok_or_else(|| call.error(format!("reads {input}, which is not there")))?;
            readers[*source].push(n);
        }
    }
    let mut missing: Vec<usize> = calls.iter().map(|call| call.inputs.len()).collect();
    let mut ready: VecDeque<usize> = (0..calls.len()).filter(|&n| missing[n] == 0).collect();
    let mut calls: Vec<Option<LayerCall>> = calls.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(calls.len());
    while let Some(n) = ready.pop_front() {
        sorted.extend(calls[n].take());
        for &reader in &readers[n] {
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push_back(reader);
            }
        }
    }
    match calls.iter().flatten().next() {
        None => Ok(sorted),
        Some(stuck) => Err(stuck.error("the layers form a cycle: it needs its own output".to_owned())),
    }
}
