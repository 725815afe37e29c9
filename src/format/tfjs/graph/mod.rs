//! TensorFlow.js graph models: a frozen TensorFlow graph as its converter writes it, 28 to 43 thousand nodes in the
//! case of MAXIM, most of which only compute sizes.
//!
//! A graph is read once and then specialised to a picture's size: with numbers for height and width, every node whose
//! inputs are known is computed at once, and what is left is the network. A graph whose network comes out the same for
//! two sizes is one for all sizes.

mod document;
mod emit;
mod fold;
mod model;
mod ops;
mod value;

use std::collections::HashMap;

use prost::Message;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::graph::ModelProto;

use super::weights::Weights;
use document::Document;
use emit::Emitter;
use fold::{Known, affordable};
use model::FrozenGraph;
use ops::NodeCall;
use value::Value;

/// No tensor that can be computed has more elements.
const MAX_ELEMENTS: usize = 1 << 36;

/// Constants that were computed beforehand may hold this many elements at one time.
const MAX_FOLDED: usize = 1 << 27;

/// Channels of the picture where the file does not say.
const USUAL_CHANNELS: usize = 3;

/// Two sizes at which a network that takes all sizes is the same; multiples of most divisors, and far from square.
const PROBES: [[usize; 2]; 2] = [[192, 320], [256, 448]];

/// A graph whose network is another one for every size of picture.
#[derive(Debug)]
pub struct GraphModel {
    graph: FrozenGraph,
    /// The constants among its nodes.
    constants: Vec<Option<Known>>,
    /// SHA-256 of its files.
    digest: [u8; 32],
}

/// What a file holds.
#[derive(Debug)]
pub enum Reading {
    /// One network, for pictures of any size or of the only one that it takes.
    Network(Box<ModelProto>),
    /// A network for every size.
    PerSize(GraphModel),
}

impl From<ModelProto> for Reading {
    fn from(network: ModelProto) -> Reading {
        Reading::Network(Box::new(network))
    }
}

impl Reading {
    /// The network, of a model that has one; `size` (height, width) chooses one of a model that has many.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the model has many and none is chosen, or does not take pictures of the size.
    pub fn network(self, size: Option<(usize, usize)>) -> Result<ModelProto, Error> {
        match (self, size) {
            (Reading::Network(network), _) => Ok(*network),
            (Reading::PerSize(model), Some((height, width))) => model.specialise(height, width),
            (Reading::PerSize(_), None) => Err(Error::ModelLoad(
                "expected a network for pictures of any size, found a graph model that is another network for every \
                 size"
                    .to_owned(),
            )),
        }
    }
}

/// Reads a graph model with one picture in and one out.
///
/// # Errors
/// [`Error::ModelLoad`] naming the operator that is not understood, the constant that is missing, or the path that
/// leaves the folder; and whatever `shard` fails with.
pub fn read(
    model_json: &[u8],
    shard: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<Reading, Error> {
    let mut document: Document = serde_json::from_slice(model_json)
        .map_err(|e| Error::ModelLoad(format!("model.json is not understood: {e}")))?;
    let graph = FrozenGraph::new(&mut document)?;
    let mut hash = Sha256::new_with_prefix(model_json);
    let mut hashed = |path: &str| {
        let bytes = shard(path)?;
        hash.update(&bytes);
        Ok(bytes)
    };
    let weights = Weights::of(document.weights_manifest, &mut hashed)?.into_tensors();
    let known = weights.into_iter().filter_map(|(name, tensor)| Some((name, Known::try_from(tensor).ok()?)));
    let constants = graph.constants(known.collect::<HashMap<_, _>>())?;
    let model = GraphModel { graph, constants, digest: hash.finalize().into() };
    if let [_, Some(height), Some(width), _] = model.graph.shape {
        return model.specialise(height, width).map(Reading::from);
    }
    match model.for_all_sizes() {
        Some(network) => Ok(network.into()),
        None => Ok(Reading::PerSize(model)),
    }
}

impl GraphModel {
    /// The network for pictures of `height` x `width` pixels.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] naming the operator that is not supported, or does not take pictures of this size.
    pub fn specialise(&self, height: usize, width: usize) -> Result<ModelProto, Error> {
        let channels = self.channels();
        let (builder, output) = self.walk(height, width)?;
        Ok(builder.finish(channels, Some((height, width)), &output))
    }

    /// Its identity: the SHA-256 of its files.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// How many trained numbers there are: those of all float constants with axes.
    pub fn parameters(&self) -> u64 {
        let trained = self.constants.iter().flatten().filter(|known| !known.dims.is_empty());
        trained.map(|known| known.as_floats().map_or(0, <[f32]>::len) as u64).sum()
    }

    /// What all constants take in memory, in bytes.
    pub fn weight_bytes(&self) -> u64 {
        self.constants.iter().flatten().map(|known| known.count() as u64 * 4).sum()
    }

    fn channels(&self) -> usize {
        self.graph.shape[3].unwrap_or(USUAL_CHANNELS)
    }

    /// The network, if it does not depend on the size of the picture.
    fn for_all_sizes(&self) -> Option<ModelProto> {
        let [one, other] = PROBES.map(|[height, width]| {
            let (builder, output) = self.walk(height, width).ok()?;
            Some(builder.finish(self.channels(), None, &output))
        });
        let (one, other) = (one?, other?);
        (one.encode_to_vec() == other.encode_to_vec()).then_some(one)
    }

    /// Goes through the nodes for a picture of a size.
    fn walk(&self, height: usize, width: usize) -> Result<(crate::graph::Builder, std::rc::Rc<str>), Error> {
        let FrozenGraph { nodes, output, input, .. } = &self.graph;
        let mut net = Emitter::new();
        let mut unread = self.graph.readers();
        let mut made: Vec<Vec<Value>> = vec![Vec::new(); nodes.len()];
        let most = MAX_FOLDED + (self.weight_bytes() / 4) as usize;
        let mut folded = 0;
        for (n, node) in nodes.iter().enumerate() {
            let results = match &self.constants[n] {
                Some(known) => vec![Value::Known(known.clone())],
                None if n == *input => vec![Emitter::picture([1, height, width, self.channels()])],
                None => {
                    let read = |edge: &model::Edge| {
                        let value = made[edge.node].get(edge.output).cloned();
                        value.ok_or_else(|| {
                            node.error(format!("{} has no output {}", nodes[edge.node].name, edge.output))
                        })
                    };
                    let inputs = node.inputs.iter().map(read).collect::<Result<_, _>>()?;
                    let call = NodeCall { node, inputs };
                    let results = ops::apply(&call, &mut net)?;
                    check(&call, &results)?;
                    results
                }
            };
            folded += elements(&results);
            made[n] = results;
            for edge in &node.inputs {
                unread[edge.node] -= 1;
                if unread[edge.node] == 0 {
                    folded -= elements(&std::mem::take(&mut made[edge.node]));
                }
            }
            if folded > most {
                return Err(node.error("the constants that it leads to are absurdly large"));
            }
        }
        let result = made[output.node].get(output.output).cloned();
        let result = result.ok_or_else(|| nodes[output.node].error("it has no such output"))?;
        if result.dims().len() != 4 || result.known().is_some() {
            let dims = result.dims();
            return Err(
                nodes[output.node].error(format!("expected a picture as result, found shape {dims:?}"))
            );
        }
        Ok(net.finish(&result))
    }
}

/// Refuses tensors that cannot be computed.
fn check(call: &NodeCall, results: &[Value]) -> Result<(), Error> {
    let from_constants = call.all_known().is_some();
    for value in results.iter().filter(|value| value.known().is_none()) {
        let dims = value.dims();
        let count = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
        let fits = count.is_some_and(|count| count <= MAX_ELEMENTS) && (!from_constants || affordable(dims));
        if !fits {
            return Err(call.error(format!("a result of shape {dims:?} is absurdly large")));
        }
    }
    Ok(())
}

fn elements(values: &[Value]) -> usize {
    values.iter().filter_map(Value::known).map(Known::count).sum()
}
