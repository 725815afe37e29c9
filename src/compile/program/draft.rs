//! The draft IR: ONNX nodes as steps whose values have names.

use std::collections::{HashMap, HashSet};

use crate::graph::ir::{Graph, outputs_of};
use crate::graph::nearest::nearest_factor;
use crate::graph::proto::NodeProto;
use crate::kernel::{Activation, Epilogue, LANES};
use crate::program::{ChannelOrder, PixelShuffle};

/// A step. A convolution reads its first input, and adds the others as its residual.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub op: DraftOp,
    pub inputs: Vec<String>,
    pub output: String,
    /// Channels of the output.
    pub channels: usize,
}

/// What a draft computes.
#[derive(Clone, Debug, PartialEq)]
pub enum DraftOp {
    Conv(DraftConv),
    /// `a + factor * b`.
    Add {
        factor: f32,
    },
    Mul,
    Affine {
        factor: f32,
        offset: f32,
    },
    Activate(Activation),
    DepthToSpace {
        side: usize,
    },
    NearestUpsample {
        factor: usize,
    },
    Concat,
    /// Some channels of its input, from `first` on.
    Slice {
        first: usize,
    },
}

/// A convolution, with all that is fused into it.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftConv {
    pub outputs: usize,
    pub kernel: usize,
    pub padding: usize,
    /// Whether a nearest-neighbour upsample by two comes first.
    pub upsample: bool,
    /// `[outputs][inputs][kernel][kernel]`.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub epilogue: Epilogue,
    /// A fused 1x1 convolution of the result.
    pub fused: Option<Box<DraftConv>>,
}

/// The nodes that become a program.
pub struct Subgraph {
    /// What the first convolution reads.
    pub input: String,
    pub input_channels: usize,
    /// The one value that is read outside.
    pub output: String,
    /// The depth-to-space that is its only reader, and the output of that.
    pub shuffle: Option<(PixelShuffle, String)>,
    /// In an order in which every value is made before it is read.
    pub drafts: Vec<Draft>,
    /// Their nodes, by number.
    pub nodes: Vec<usize>,
}

/// Finds the subgraph; `None` if no node is supported, or if it has more than one output.
pub fn subgraph(graph: &Graph) -> Option<Subgraph> {
    let first = graph.nodes.iter().find(|node| convolution(graph, node).is_some())?;
    let input = first.arg(0)?.to_owned();
    let input_channels = graph.constants.get(first.arg(1)?)?.dims[1];
    let mut reader = DraftReader {
        graph,
        channels: HashMap::from([(input.clone(), input_channels)]),
        concatenations: HashSet::new(),
    };
    let (mut drafts, mut nodes) = (Vec::new(), Vec::new());
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Some(draft) = reader.read(node, &input) {
            reader.channels.insert(draft.output.clone(), draft.channels);
            drafts.push(draft);
            nodes.push(index);
        }
    }
    let output = only_output(graph, &drafts, &nodes)?;
    let shuffle = shuffle(graph, &output, reader.channels[&output]).map(|(shuffle, index)| {
        nodes.push(index);
        (shuffle, graph.nodes[index].out().to_owned())
    });
    (!reader.concatenations.contains(&output)).then_some(Subgraph {
        input,
        input_channels,
        output,
        shuffle,
        drafts,
        nodes,
    })
}

/// The only reader of a value, if it is a depth-to-space, and its number.
fn shuffle(graph: &Graph, value: &str, channels: usize) -> Option<(PixelShuffle, usize)> {
    let mut readers =
        graph.nodes.iter().enumerate().filter(|(_, node)| node.input.iter().any(|name| name == value));
    let (index, node) = readers.next()?;
    let side = usize::try_from(node.int("blocksize", 0)).ok().filter(|&side| (1..=16).contains(&side))?;
    let whole =
        channels.is_multiple_of(side * side) && graph.output.name != value && readers.next().is_none();
    let order = if node.text("mode", "DCR") == "CRD" { ChannelOrder::Crd } else { ChannelOrder::Dcr };
    (node.is("DepthToSpace") && whole).then_some((PixelShuffle { side, order }, index))
}

/// The one value that is read by nodes outside, or is the graph's output.
fn only_output(graph: &Graph, drafts: &[Draft], nodes: &[usize]) -> Option<String> {
    let inside: HashSet<usize> = nodes.iter().copied().collect();
    let outside = graph.nodes.iter().enumerate().filter(|(index, _)| !inside.contains(index));
    let mut read: HashSet<&str> =
        outside.flat_map(|(_, node)| node.input.iter().map(String::as_str)).collect();
    read.insert(&graph.output.name);
    let mut outputs = drafts.iter().map(|draft| draft.output.as_str()).filter(|name| read.contains(name));
    let output = outputs.next()?;
    outputs.next().is_none().then(|| output.to_owned())
}

struct DraftReader<'a> {
    graph: &'a Graph,
    /// The channels of every value inside, and of the input.
    channels: HashMap<String, usize>,
    /// Values that are concatenations: only convolutions and concatenations can read them.
    concatenations: HashSet<String>,
}

impl DraftReader<'_> {
    /// The node as a draft, if it is supported and reads values of the subgraph alone. Only convolutions may read the
    /// subgraph's input: other operators on it are cheaper outside.
    fn read(&mut self, node: &NodeProto, input: &str) -> Option<Draft> {
        if !node.in_onnx_domain() || outputs_of(node).count() != 1 {
            return None;
        }
        let (op, inputs) = self.operation(node)?;
        let takes_concatenation = matches!(op, DraftOp::Conv(_) | DraftOp::Concat);
        let fits = |name: &String| {
            self.channels.contains_key(name)
                && (takes_concatenation || !self.concatenations.contains(name))
                && (name != input || matches!(op, DraftOp::Conv(_)))
        };
        if !inputs.iter().all(fits) {
            return None;
        }
        let given: Vec<usize> = inputs.iter().map(|name| self.channels[name]).collect();
        let channels = output_channels(&op, &given)?;
        if matches!(op, DraftOp::Concat) {
            self.concatenations.insert(node.out().to_owned());
        }
        Some(Draft { op, inputs, output: node.out().to_owned(), channels })
    }

    fn operation(&self, node: &NodeProto) -> Option<(DraftOp, Vec<String>)> {
        let first = || Some(vec![node.arg(0)?.to_owned()]);
        let activate = |activation| Some((DraftOp::Activate(activation), first()?));
        match node.op_type.as_str() {
            "Conv" => Some((DraftOp::Conv(convolution(self.graph, node)?), first()?)),
            "Relu" => activate(Activation::Relu),
            "Sigmoid" => activate(Activation::Sigmoid),
            "LeakyRelu" => activate(Activation::LeakyRelu(node.float("alpha", 0.01))),
            "PRelu" => activate(Activation::PRelu(self.slopes(node)?)),
            "Add" | "Sub" | "Mul" => self.arithmetic(node),
            "Concat" if node.int("axis", 0) == 1 => Some((DraftOp::Concat, node.input.clone())),
            "Resize" | "Upsample" => {
                Some((DraftOp::NearestUpsample { factor: nearest_factor(self.graph, node)? }, first()?))
            }
            "DepthToSpace" if node.text("mode", "DCR") == "DCR" => Some((
                DraftOp::DepthToSpace { side: usize::try_from(node.int("blocksize", 0)).ok()? },
                first()?,
            )),
            _ => None,
        }
    }

    fn slopes(&self, node: &NodeProto) -> Option<Vec<f32>> {
        let channels = *self.channels.get(node.arg(0)?)?;
        let slopes = self.graph.constants.get(node.arg(1)?)?.as_floats()?;
        match slopes {
            [slope] => Some(vec![*slope; channels]),
            _ => (slopes.len() == channels).then(|| slopes.to_vec()),
        }
    }

    /// Sums and products of two values, or of a value and one number.
    fn arithmetic(&self, node: &NodeProto) -> Option<(DraftOp, Vec<String>)> {
        let (a, b) = (node.arg(0)?, node.arg(1)?);
        let number = |name: &str| self.graph.constants.get(name).map(|tensor| tensor.as_scalar());
        let one = |factor: f32, offset: f32, name: &str| {
            Some((DraftOp::Affine { factor, offset }, vec![name.to_owned()]))
        };
        let two = |op: DraftOp| Some((op, vec![a.to_owned(), b.to_owned()]));
        match (node.op_type.as_str(), number(a), number(b)) {
            ("Add", None, None) => two(DraftOp::Add { factor: 1.0 }),
            ("Sub", None, None) => two(DraftOp::Add { factor: -1.0 }),
            ("Mul", None, None) => two(DraftOp::Mul),
            ("Add", None, Some(Some(value))) => one(1.0, value, a),
            ("Add", Some(Some(value)), None) => one(1.0, value, b),
            ("Sub", None, Some(Some(value))) => one(1.0, -value, a),
            ("Sub", Some(Some(value)), None) => one(-1.0, value, b),
            ("Mul", None, Some(Some(value))) => one(value, 0.0, a),
            ("Mul", Some(Some(value)), None) => one(value, 0.0, b),
            _ => None,
        }
    }
}

fn output_channels(op: &DraftOp, inputs: &[usize]) -> Option<usize> {
    match (op, inputs) {
        (DraftOp::Conv(conv), [channels]) => (channels * conv.outputs * conv.kernel * conv.kernel
            == conv.weights.len())
        .then_some(conv.outputs),
        (DraftOp::Concat, _) => Some(inputs.iter().sum()),
        (DraftOp::DepthToSpace { side }, [channels]) => {
            let moved = side * side * LANES;
            (moved > 0 && channels.is_multiple_of(moved)).then(|| channels / (side * side))
        }
        (DraftOp::Add { .. } | DraftOp::Mul, [a, b]) => (a == b).then_some(*a),
        (DraftOp::Affine { .. } | DraftOp::Activate(_) | DraftOp::NearestUpsample { .. }, [channels]) => {
            Some(*channels)
        }
        _ => None,
    }
}

/// A convolution that the kernels compute: 1x1, 3x3 or 5x5, stride 1, one group, the same padding on all sides.
fn convolution(graph: &Graph, node: &NodeProto) -> Option<DraftConv> {
    if !node.is("Conv") || node.int("group", 1) != 1 || node.text("auto_pad", "NOTSET") != "NOTSET" {
        return None;
    }
    let all_one = |name| node.ints(name).is_none_or(|values| values.iter().all(|&value| value == 1));
    let tensor = graph.constants.get(node.arg(1)?)?;
    let [outputs, _, kernel, width] = tensor.dims[..] else { return None };
    let padding = match node.ints("pads") {
        None => 0,
        Some(&[padding, ..]) if node.ints("pads")?.iter().all(|&pad| pad == padding) => {
            usize::try_from(padding).ok()?
        }
        Some(_) => return None,
    };
    let square = kernel == width && matches!(kernel, 1 | 3 | 5) && padding <= kernel / 2;
    if !square || !all_one("strides") || !all_one("dilations") {
        return None;
    }
    let bias = match node.arg(2) {
        None => vec![0.0; outputs],
        Some(name) => graph.constants.get(name)?.as_floats()?.to_vec(),
    };
    let weights = tensor.as_floats()?.to_vec();
    let epilogue = Epilogue::Activate(Activation::Identity);
    Some(DraftConv { outputs, kernel, padding, upsample: false, weights, bias, epilogue, fused: None })
}
