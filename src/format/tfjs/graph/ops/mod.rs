//! TensorFlow's operators: each is computed beforehand where all that it reads is known, and written into the network
//! where it is not.

mod convolution;
mod einsum;
mod pointwise;
mod reduce;
mod resize;
mod shape;
mod slice;

use super::document::Attribute;
use super::emit::Emitter;
use super::fold::Known;
use super::model::Node;
use super::value::{ChannelLayout, ComputedTensor, Value};
use crate::error::Error;

/// A node with the values that it reads.
pub struct NodeCall<'a> {
    pub node: &'a Node,
    pub inputs: Vec<Value>,
}

/// The outputs of a node.
///
/// # Errors
/// [`Error::ModelLoad`] naming the node: an operator or setting that is not supported, or shapes that do not fit.
pub fn apply(call: &NodeCall, net: &mut Emitter) -> Result<Vec<Value>, Error> {
    match call.node.op.as_str() {
        "Split" | "SplitV" | "Unpack" => slice::parts(call, net),
        _ => Ok(vec![one(call, net)?]),
    }
}

/// The output of a node that has one.
fn one(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let op = call.node.op.as_str();
    if let Some(unary) = pointwise::unary(op) {
        return pointwise::apply_unary(unary, call, net);
    }
    if let Some(binary) = pointwise::binary(op) {
        return pointwise::apply_binary(binary, call, net);
    }
    if let Some(kind) = reduce::reduction(op) {
        return reduce::apply(kind, call, net);
    }
    match op {
        "Identity" | "StopGradient" | "PreventGradient" | "CheckNumerics" | "Snapshot" => {
            Ok(call.input(0)?.clone())
        }
        "AddN" => pointwise::add_all(call, net),
        "Cast" => pointwise::cast(call, net),
        "ClipByValue" => pointwise::clip(call, net),
        "Elu" | "LeakyRelu" | "Relu6" | "Selu" => pointwise::activate(call, net, call.input(0)?, op),
        "LogicalNot" => pointwise::not(call, net),
        "Prelu" => pointwise::prelu(call, net, call.input(0)?, call.input(1)?),
        "Select" | "SelectV2" => pointwise::select(call, net),
        "BatchMatMul" | "BatchMatMulV2" | "MatMul" | "_FusedMatMul" => einsum::matmul(call, net),
        "Einsum" => einsum::einsum(call, net),
        "Softmax" => reduce::softmax(call, net),
        "AvgPool" | "MaxPool" => convolution::pool(call, net),
        "Conv2D" | "_FusedConv2D" => convolution::conv(call, net),
        "Conv2DBackpropInput" => convolution::transposed(call, net),
        "DepthwiseConv2dNative" | "FusedDepthwiseConv2dNative" => convolution::depthwise(call, net),
        "FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3" => convolution::batch_norm(call, net),
        "DepthToSpace" | "SpaceToDepth" => resize::blocks(call, net),
        "MirrorPad" | "Pad" | "PadV2" => resize::pad(call, net),
        "ResizeBilinear" | "ResizeNearestNeighbor" => resize::resize(call, net),
        "BroadcastTo" => shape::broadcast(call, net),
        "ConcatV2" => shape::concat(call, net),
        "ExpandDims" | "Reshape" | "Squeeze" => shape::reshape(call, net),
        "Fill" => shape::fill(call),
        "OnesLike" | "ZerosLike" => shape::like(call),
        "Pack" => shape::pack(call, net),
        "Range" => shape::range(call),
        "Rank" | "Shape" | "Size" => shape::sizes(call),
        "Tile" => shape::tile(call, net),
        "Transpose" => shape::transpose(call, net),
        "GatherV2" => slice::gather(call, net),
        "Slice" => slice::slice(call, net),
        "StridedSlice" => slice::strided(call, net),
        _ => Err(call.error("this operator is not supported")),
    }
}

impl NodeCall<'_> {
    /// An error that names the node.
    pub fn error(&self, what: impl std::fmt::Display) -> Error {
        self.node.error(what)
    }

    /// The value of an input.
    pub fn input(&self, index: usize) -> Result<&Value, Error> {
        self.inputs.get(index).ok_or_else(|| self.error(format!("input {index} is missing")))
    }

    /// All inputs, if they are all known.
    pub fn all_known(&self) -> Option<Vec<&Known>> {
        self.inputs.iter().map(Value::known).collect()
    }

    /// An input whose elements have to be known.
    pub fn known(&self, index: usize) -> Result<&Known, Error> {
        self.input(index)?
            .known()
            .ok_or_else(|| self.error(format!("input {index} depends on the picture; expected a constant")))
    }

    /// An input that is a list of whole numbers, or one.
    pub fn ints(&self, index: usize) -> Result<&[i64], Error> {
        let ints = self.known(index)?.as_ints();
        ints.ok_or_else(|| self.error(format!("input {index}: expected whole numbers")))
    }

    /// An input that is one whole number.
    pub fn number(&self, index: usize) -> Result<i64, Error> {
        match self.ints(index)? {
            [number] => Ok(*number),
            other => Err(self.error(format!("input {index}: expected one number, found {}", other.len()))),
        }
    }

    /// An input that is a shape.
    pub fn sizes(&self, index: usize) -> Result<Vec<usize>, Error> {
        let size = |&n: &i64| usize::try_from(n).map_err(|_| self.error(format!("a size of {n}")));
        self.ints(index)?.iter().map(size).collect()
    }

    /// An axis of a shape, counted from its end if negative.
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize, Error> {
        let counted = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        usize::try_from(counted)
            .ok()
            .filter(|&axis| axis < rank)
            .ok_or_else(|| self.error(format!("axis {axis} of a tensor of {rank} axes")))
    }

    /// A picture: its batch, height, width and channels.
    pub fn picture(&self, index: usize) -> Result<[usize; 4], Error> {
        let dims = self.input(index)?.dims();
        dims.try_into().map_err(|_| self.error(format!("expected a picture of 4 axes, found shape {dims:?}")))
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attributes.get(name)
    }

    /// A whole number.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        match self.attribute(name) {
            Some(Attribute::Int(number)) => *number,
            _ => default,
        }
    }

    /// A float.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        match self.attribute(name) {
            Some(Attribute::Float(number)) => *number,
            _ => default,
        }
    }

    /// A yes or no, which is no where it is absent.
    pub fn flag(&self, name: &str) -> bool {
        self.attribute(name) == Some(&Attribute::Flag(true))
    }

    /// A text.
    pub fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        match self.attribute(name) {
            Some(Attribute::Text(text)) => text,
            _ => default,
        }
    }

    /// The name of an element type.
    pub fn type_name(&self, name: &str) -> &str {
        match self.attribute(name) {
            Some(Attribute::Type(name)) => name,
            _ => "",
        }
    }

    /// A list of whole numbers, empty where it is absent.
    pub fn list(&self, name: &str) -> &[i64] {
        match self.attribute(name) {
            Some(Attribute::Ints(list)) => list,
            _ => &[],
        }
    }

    /// A list of texts, empty where it is absent.
    pub fn texts(&self, name: &str) -> &[String] {
        match self.attribute(name) {
            Some(Attribute::Texts(list)) => list,
            _ => &[],
        }
    }

    /// A folded value, or an error that says why there is none.
    fn folded(&self, known: Option<Known>) -> Result<Value, Error> {
        known.map(Value::Known).ok_or_else(|| {
            self.error("its constants do not fit each other, or their result is absurdly large")
        })
    }
}

/// The layout that a value is had in already.
fn layout(value: &Value) -> ChannelLayout {
    match value {
        Value::ComputedTensor(ComputedTensor { layout, .. }) => *layout,
        Value::Known(_) => ChannelLayout::Plain,
    }
}
