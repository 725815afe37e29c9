//! Building a model node by node, for the readers of other formats.

use std::collections::{BTreeMap, HashMap};

use super::ir::{Graph, Port};
use super::proto::{AttributeProto, ModelProto, NodeProto, OperatorSetIdProto};
use super::tensor::Tensor;

/// The operator set that built models are written in.
const OPSET: i64 = 17;
/// The ONNX file version that goes with [`OPSET`].
const IR_VERSION: i64 = 8;

/// Collects the nodes and constants of one image network, NCHW, float32.
///
/// ```
/// use upscaler_node::graph::{Builder, Network, Tensor};
///
/// let mut b = Builder::new();
/// let weights = b.constant("weights", Tensor::floats(&[12, 3, 1, 1], vec![0.5; 36]));
/// let features = b.node("Conv", &["input", &weights], vec![]);
/// let picture = b.node("DepthToSpace", &[&features], vec![upscaler_node::graph::Attribute::int("blocksize", 2)]);
/// let network = Network::from_model(b.finish(3, None, &picture)).unwrap();
/// assert_eq!(network.geometry().scale, 2);
/// ```
#[derive(Default)]
pub struct Builder {
    nodes: Vec<NodeProto>,
    constants: BTreeMap<String, Tensor>,
    /// Names given out, with the next number to try where one is wanted again.
    names: HashMap<String, usize>,
    metadata: BTreeMap<String, String>,
}

impl Builder {
    /// The name of the network's input, to be read by the first node.
    pub const INPUT: &'static str = "input";
    /// Kept free: the name that the result has in the end.
    const OUTPUT: &'static str = "output";

    /// An empty network.
    pub fn new() -> Builder {
        let reserved = [Self::INPUT, Self::OUTPUT].map(|name| (name.to_owned(), 1));
        Builder { names: HashMap::from(reserved), ..Builder::default() }
    }

    /// Adds a constant and returns its name: `hint`, or `hint` with a number if that is taken.
    pub fn constant(&mut self, hint: &str, tensor: Tensor) -> String {
        let name = self.unique(hint);
        self.constants.insert(name.clone(), tensor);
        name
    }

    /// Adds a node with one output, named after the operator, and returns the output's name.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.named_node(op, op, inputs, attributes)
    }

    /// Adds a node whose output is called `hint`, or `hint` with a number, and returns that name.
    pub fn named_node(
        &mut self,
        hint: &str,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let name = self.unique(hint);
        self.nodes.push(NodeProto::single(op, inputs, &name, attributes));
        name
    }

    /// Adds a line of metadata.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata.insert(key.to_owned(), value.to_owned());
    }

    /// The model with `output` as its result, for `channels` channels and pictures of any size or of `(height, width)`.
    pub fn finish(self, channels: usize, fixed_size: Option<(usize, usize)>, output: &str) -> ModelProto {
        let (height, width) = fixed_size.unzip();
        let graph = Graph {
            ir_version: IR_VERSION,
            opsets: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata: self.metadata,
            nodes: self.nodes,
            constants: self.constants,
            input: Port { name: Self::INPUT.to_owned(), dims: [Some(1), Some(channels), height, width] },
            output: Port { name: output.to_owned(), dims: [None; 4] },
        };
        let constants = graph.constants.iter().map(|(name, tensor)| tensor.to_proto(name)).collect();
        graph.to_model(constants, Vec::new())
    }

    fn unique(&mut self, hint: &str) -> String {
        let Some(mut number) = self.names.get(hint).copied() else {
            self.names.insert(hint.to_owned(), 1);
            return hint.to_owned();
        };
        loop {
            let name = format!("{hint}_{number}");
            number += 1;
            if !self.names.contains_key(&name) {
                self.names.insert(hint.to_owned(), number);
                self.names.insert(name.clone(), 1);
                return name;
            }
        }
    }
}
