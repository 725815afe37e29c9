//! A network in the engine's form.

use std::collections::{BTreeMap, HashSet};

use prost::Message;

use super::geometry::{self, Analysis, SpatialGeometry};
use super::ir::Graph;
use super::proto::{AttributeProto, ModelProto, NodeProto, data_type};
use super::tensor::Data;
use super::{import, layout, limits, passes, simplify};
use crate::error::Error;

/// Weights with fewer elements stay float32 when stored by [`Network::to_onnx_fp16_storage`]: biases and slopes are
/// where precision shows, and are next to nothing of the file.
const SMALLEST_HALF_TENSOR: usize = 2048;

/// An image network: one input "input" `[1, C, H, W]`, one output "output" `[1, C', H', W']`, both float32, NCHW; H and
/// W are free unless the model fixes them. For inference only.
///
/// The operator set is that of the file it came from (7 or newer, as ONNX Runtime takes them); files of other formats
/// are read as 17.
#[derive(Clone, Debug)]
pub struct Network {
    graph: Graph,
    analysis: Analysis,
    channels_in: usize,
    parameters: u64,
}

impl Network {
    /// Takes any valid model with one image in and one image out: either layout, float16 or float32, constants listed
    /// as inputs or not. Its layers stay as they are; see [`Network::optimised`].
    ///
    /// # Errors
    /// [`Error::ModelLoad`] saying what is not understood or inconsistent, and at which node.
    pub fn from_model(model: ModelProto) -> Result<Network, Error> {
        Network::import(model, None)
    }

    /// The one-channel form of a network for colour pictures: what it makes of a grey picture in all three channels,
    /// summed with these weights, which add up to 1. Sums are rounded differently; nothing else changes.
    ///
    /// # Errors
    /// Those of [`Network::from_model`], and [`Error::ModelLoad`] for networks with other than three channels.
    pub fn grey_from_model(model: ModelProto, weights: [f32; 3]) -> Result<Network, Error> {
        Network::import(model, Some(weights))
    }

    fn import(model: ModelProto, grey: Option<[f32; 3]>) -> Result<Network, Error> {
        let mut graph = import::import(model)?;
        simplify::simplify(&mut graph);
        graph.remove_dead();
        let mut channels_in = layout::settle(&mut graph)?;
        layout::cancel_transposes(&mut graph);
        graph.sort()?;
        let parameters = trained_numbers(&graph);
        if let Some(weights) = grey {
            let channels_out = geometry::analyse(&graph, channels_in)?.channels_out;
            if (channels_in, channels_out) != (3, 3) {
                return Err(Error::ModelLoad(format!(
                    "a grey form is made of a network from 3 channels to 3; found {channels_in} and {channels_out}"
                )));
            }
            passes::grey(&mut graph, weights)?;
            channels_in = 1;
        }
        let analysis = geometry::analyse(&graph, channels_in)?;
        graph.output.dims[1] = Some(analysis.channels_out);
        Ok(Network { graph, analysis, channels_in, parameters })
    }

    /// The network with the rewrites that make it faster and leave its result as it is, up to rounding (see `passes`).
    /// Geometry and counts stay those of the layers as they were written.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the graph is inconsistent.
    pub fn optimised(mut self) -> Result<Network, Error> {
        passes::run(&mut self.graph, self.channels_in, self.analysis.geometry.size_multiple as usize)?;
        Ok(self)
    }

    /// Channels of the input: 1, 3 or 4.
    pub fn channels_in(&self) -> usize {
        self.channels_in
    }

    /// Channels of the output: 1, 3 or 4.
    pub fn channels_out(&self) -> usize {
        self.analysis.channels_out
    }

    /// `(height, width)`, if the model takes pictures of one size only.
    pub fn fixed_size(&self) -> Option<(usize, usize)> {
        self.graph.input.dims[2].zip(self.graph.input.dims[3])
    }

    /// How many trained numbers the model came with.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Multiply-adds per input pixel; `None` for networks whose work does not grow with the number of pixels.
    pub fn macs_per_pixel(&self) -> Option<u64> {
        self.analysis.macs_per_pixel
    }

    /// The most bytes per input pixel that a run holds in activations, if every operator is run by itself.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the graph is inconsistent.
    pub fn bytes_per_pixel(&self) -> Result<f64, Error> {
        geometry::bytes_per_pixel(&self.graph, self.channels_in)
    }

    /// The same as ONNX Runtime plans it for a picture of known size: a tensor's memory serves others of its shape, but
    /// none of another shape, until the run is over. For MAXIM it is 13.6 kB, of which 8 to 10 were measured: ONNX Runtime
    /// joins some operators, so that what lies between them is never stored.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the graph is inconsistent.
    pub fn planned_bytes_per_pixel(&self) -> Result<f64, Error> {
        geometry::planned_bytes_per_pixel(&self.graph, self.channels_in)
    }

    /// Refuses a network of which one step takes more than `max_bytes` bytes, for a small picture or for the one size it takes.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn check_activations(&self, max_bytes: u64) -> Result<(), Error> {
        let size_multiple = self.analysis.geometry.size_multiple as usize;
        limits::check_activations(&self.graph, self.channels_in, size_multiple, max_bytes)
    }

    /// The least height and width of pictures that it takes.
    pub fn min_size(&self) -> (usize, usize) {
        limits::min_size(&self.graph, self.channels_in, self.analysis.geometry.size_multiple as usize)
    }

    /// The model's metadata. `upscaler.input_range` and `upscaler.output_range`, if there, say what 0 and 255 are for
    /// the network, as in "0,1".
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.graph.metadata
    }

    /// Sets a line of metadata.
    pub fn set_metadata(&mut self, key: &str, value: &str) {
        self.graph.metadata.insert(key.to_owned(), value.to_owned());
    }

    /// Scale, receptive field and size rules.
    pub fn geometry(&self) -> SpatialGeometry {
        self.analysis.geometry
    }

    /// Whether it computes in integers, at least in part.
    pub fn is_quantized(&self) -> bool {
        self.graph.nodes.iter().any(|node| matches!(node.op_type.as_str(), "QuantizeLinear" | "QLinearConv"))
    }

    /// Whether any layer multiplies two values that both depend on the picture: a gate, attention, a normalisation.
    pub fn multiplies(&self) -> bool {
        let depends = |name: &&String| !name.is_empty() && !self.graph.constants.contains_key(*name);
        let several = |node: &NodeProto| node.input.iter().filter(depends).count() > 1;
        let products = ["Mul", "Div", "MatMul", "Einsum"];
        self.graph.nodes.iter().any(|node| products.contains(&node.op_type.as_str()) && several(node))
    }

    /// The graph, to be compiled.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The model as an `.onnx` file for others to read, float32.
    pub fn to_onnx(&self) -> Vec<u8> {
        self.graph.to_bytes()
    }

    /// The model as an `.onnx` file of half the size: large weights are stored as float16, each with a Cast back to
    /// float32. Weights that were float16 before lose nothing; others are rounded to 11 bits.
    pub fn to_onnx_fp16_storage(&self) -> Vec<u8> {
        let mut names = self.graph.names();
        let (mut constants, mut casts) = (Vec::new(), Vec::new());
        for (name, tensor) in &self.graph.constants {
            let stored = names.fresh(&format!("{name}_f16"));
            let half =
                if tensor.count() < SMALLEST_HALF_TENSOR { None } else { tensor.to_half_proto(&stored) };
            match half {
                Some(half) => {
                    constants.push(half);
                    let to_float = AttributeProto::int("to", data_type::FLOAT.into());
                    casts.push(NodeProto::single("Cast", &[&stored], name, vec![to_float]));
                }
                None => constants.push(tensor.to_proto(name)),
            }
        }
        self.graph.to_model(constants, casts).encode_to_vec()
    }
}

/// The constants that were trained: floats, without those that are settings (single numbers, scales of a Resize, limits
/// of a Clip, scales of integers), and integers that stand for floats.
fn trained_numbers(graph: &Graph) -> u64 {
    let settings: HashSet<&String> = (graph.nodes.iter())
        .filter(|node| {
            matches!(
                node.op_type.as_str(),
                "Resize" | "Upsample" | "Clip" | "Pad" | "QuantizeLinear" | "DequantizeLinear"
            )
        })
        .flat_map(|node| node.input.iter().skip(1))
        .collect();
    let dequantized: HashSet<&str> = graph
        .nodes
        .iter()
        .filter(|node| node.is("DequantizeLinear"))
        .filter_map(|node| node.arg(0))
        .collect();
    let trained = graph.constants.iter().filter(|(name, tensor)| {
        let number = matches!(tensor.data, Data::F32(_)) || dequantized.contains(name.as_str());
        number && !tensor.dims.is_empty() && !settings.contains(name)
    });
    trained.map(|(_, tensor)| tensor.count() as u64).sum()
}
