//! The operators that image networks use, by how they move data.

use crate::error::Error;
use crate::graph::proto::NodeProto;

/// How the elements of an operator's result depend on those of its inputs: the shape rule and the receptive field
/// follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each element from the elements at the same place, with broadcasting.
    Pointwise,
    /// As pointwise in shape, but each element needs the whole of the axes from `axis` on.
    Normalised,
    /// As pointwise in shape, but each element needs the whole picture.
    Global,
    Conv,
    ConvTranspose,
    Pool,
    GlobalPool,
    DepthToSpace,
    SpaceToDepth,
    Resize,
    Pad,
    Slice,
    Concat,
    Split,
    Transpose,
    /// Same elements in the same order, another shape: Reshape, Flatten, Squeeze, Unsqueeze.
    Reshape,
    Expand,
    Tile,
    Gather,
    MatMul,
    Gemm,
    Einsum,
    Reduce,
    /// A result that depends on sizes only: Shape, Size, ConstantOfShape, Range.
    Sizes,
}

/// The kind of a node's operator.
///
/// # Errors
/// [`Error::ModelLoad`] naming an operator that is not understood.
pub fn kind(node: &NodeProto) -> Result<Kind, Error> {
    let kind = match node.op_type.as_str() {
        "Abs" | "Add" | "And" | "BatchNormalization" | "Cast" | "CastLike" | "Ceil" | "Celu" | "Clip"
        | "Cos" | "DequantizeLinear" | "Div" | "Dropout" | "Elu" | "Equal" | "Erf" | "Exp" | "Floor"
        | "Gelu" | "Greater" | "GreaterOrEqual" | "HardSigmoid" | "HardSwish" | "Identity" | "IsNaN"
        | "LeakyRelu" | "Less" | "LessOrEqual" | "Log" | "Max" | "Mean" | "Min" | "Mish" | "Mod" | "Mul"
        | "Neg" | "Not" | "Or" | "PRelu" | "Pow" | "QuantizeLinear" | "Reciprocal" | "Relu" | "Round"
        | "Selu" | "Shrink" | "Sigmoid" | "Sign" | "Sin" | "Softplus" | "Softsign" | "Sqrt" | "Sub"
        | "Sum" | "Swish" | "Tan" | "Tanh" | "ThresholdedRelu" | "Where" | "Xor" => Kind::Pointwise,
        "LayerNormalization" | "LogSoftmax" | "LpNormalization" | "RMSNormalization" | "Softmax"
        | "Hardmax" => Kind::Normalised,
        "InstanceNormalization" | "GroupNormalization" | "CumSum" | "MeanVarianceNormalization" => {
            Kind::Global
        }
        "Conv" => Kind::Conv,
        "ConvTranspose" => Kind::ConvTranspose,
        "MaxPool" | "AveragePool" | "LpPool" => Kind::Pool,
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => Kind::GlobalPool,
        "DepthToSpace" => Kind::DepthToSpace,
        "SpaceToDepth" => Kind::SpaceToDepth,
        "Resize" | "Upsample" => Kind::Resize,
        "Pad" => Kind::Pad,
        "Slice" => Kind::Slice,
        "Concat" => Kind::Concat,
        "Split" => Kind::Split,
        "Transpose" => Kind::Transpose,
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => Kind::Reshape,
        "Expand" => Kind::Expand,
        "Tile" => Kind::Tile,
        "Gather" => Kind::Gather,
        "MatMul" => Kind::MatMul,
        "Gemm" => Kind::Gemm,
        "Einsum" => Kind::Einsum,
        "ReduceL1" | "ReduceL2" | "ReduceLogSumExp" | "ReduceMax" | "ReduceMean" | "ReduceMin"
        | "ReduceProd" | "ReduceSum" | "ReduceSumSquare" => Kind::Reduce,
        "Shape" | "Size" | "ConstantOfShape" | "Range" => Kind::Sizes,
        _ => return Err(unknown(node)),
    };
    if node.in_onnx_domain() { Ok(kind) } else { Err(unknown(node)) }
}

fn unknown(node: &NodeProto) -> Error {
    let domain =
        if node.in_onnx_domain() { String::new() } else { format!(" of domain \"{}\"", node.domain) };
    Error::ModelLoad(format!("{}: operator {}{domain} is not supported", node.label(), node.op_type))
}
