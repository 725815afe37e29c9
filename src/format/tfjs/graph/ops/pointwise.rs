//! Operators that work place by place.

use super::{NodeCall, layout};
use crate::error::Error;
use crate::format::tfjs::graph::emit::Emitter;
use crate::format::tfjs::graph::fold::{
    self, Arithmetic, Comparison, Elements, Known, Logical, Unary, broadcast_shape,
};
use crate::format::tfjs::graph::value::{ChannelLayout, Value};
use crate::graph::Attribute;

/// The operator of one number that TensorFlow calls `op`.
pub fn unary(op: &str) -> Option<Unary> {
    Some(match op {
        "Abs" => Unary::Abs,
        "Ceil" => Unary::Ceil,
        "Cos" => Unary::Cos,
        "Erf" => Unary::Erf,
        "Exp" => Unary::Exp,
        "Floor" => Unary::Floor,
        "Log" => Unary::Log,
        "Neg" => Unary::Neg,
        "Reciprocal" | "Inv" => Unary::Reciprocal,
        "Relu" => Unary::Relu,
        "Rint" | "Round" => Unary::Round,
        "Rsqrt" => Unary::Rsqrt,
        "Sigmoid" => Unary::Sigmoid,
        "Sign" => Unary::Sign,
        "Sin" => Unary::Sin,
        "Softplus" => Unary::Softplus,
        "Sqrt" => Unary::Sqrt,
        "Square" => Unary::Square,
        "Tanh" => Unary::Tanh,
        _ => return None,
    })
}

pub fn apply_unary(op: Unary, call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let x = call.input(0)?;
    if let Some(known) = x.known().and_then(|x| op.fold(x)) {
        return Ok(Value::Known(known));
    }
    let (dims, layout) = (x.dims().to_vec(), layout(x));
    let name = net.named(x, layout);
    let onnx = match op {
        Unary::Abs => "Abs",
        Unary::Ceil => "Ceil",
        Unary::Cos => "Cos",
        Unary::Erf => "Erf",
        Unary::Exp => "Exp",
        Unary::Floor => "Floor",
        Unary::Log => "Log",
        Unary::Neg => "Neg",
        Unary::Reciprocal => "Reciprocal",
        Unary::Relu => "Relu",
        Unary::Round => "Round",
        Unary::Sigmoid => "Sigmoid",
        Unary::Sign => "Sign",
        Unary::Sin => "Sin",
        Unary::Softplus => "Softplus",
        Unary::Sqrt => "Sqrt",
        Unary::Tanh => "Tanh",
        Unary::Square => return Ok(net.node("Mul", &[&name, &name], vec![], dims, layout)),
        Unary::Rsqrt => {
            let root = net.raw("Sqrt", &[&name], vec![]);
            return Ok(net.node("Reciprocal", &[&root], vec![], dims, layout));
        }
    };
    Ok(net.node(onnx, &[&name], vec![], dims, layout))
}

/// An operator of two tensors.
#[derive(Clone, Copy)]
pub enum BinaryOp {
    Arithmetic(Arithmetic),
    Comparison(Comparison),
    Logical(Logical),
}

/// The operator of two tensors that TensorFlow calls `op`.
pub fn binary(op: &str) -> Option<BinaryOp> {
    Some(match op {
        "Add" | "AddV2" | "BiasAdd" => BinaryOp::Arithmetic(Arithmetic::Add),
        "Sub" => BinaryOp::Arithmetic(Arithmetic::Sub),
        "Mul" => BinaryOp::Arithmetic(Arithmetic::Mul),
        "Div" | "RealDiv" => BinaryOp::Arithmetic(Arithmetic::Div),
        "DivNoNan" => BinaryOp::Arithmetic(Arithmetic::DivNoNan),
        "FloorDiv" => BinaryOp::Arithmetic(Arithmetic::FloorDiv),
        "FloorMod" | "Mod" => BinaryOp::Arithmetic(Arithmetic::FloorMod),
        "Maximum" => BinaryOp::Arithmetic(Arithmetic::Max),
        "Minimum" => BinaryOp::Arithmetic(Arithmetic::Min),
        "Pow" => BinaryOp::Arithmetic(Arithmetic::Pow),
        "SquaredDifference" => BinaryOp::Arithmetic(Arithmetic::SquaredDifference),
        "Equal" => BinaryOp::Comparison(Comparison::Equal),
        "NotEqual" => BinaryOp::Comparison(Comparison::NotEqual),
        "Greater" => BinaryOp::Comparison(Comparison::Greater),
        "GreaterEqual" => BinaryOp::Comparison(Comparison::GreaterEqual),
        "Less" => BinaryOp::Comparison(Comparison::Less),
        "LessEqual" => BinaryOp::Comparison(Comparison::LessEqual),
        "LogicalAnd" => BinaryOp::Logical(Logical::And),
        "LogicalOr" => BinaryOp::Logical(Logical::Or),
        _ => return None,
    })
}

pub fn apply_binary(op: BinaryOp, call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if let (Some(a), Some(b)) = (a.known(), b.known()) {
        return call.folded(match op {
            BinaryOp::Arithmetic(op) => op.fold(a, b),
            BinaryOp::Comparison(op) => op.fold(a, b),
            BinaryOp::Logical(op) => op.fold(a, b),
        });
    }
    emit_binary(op, call, net, a, b)
}

/// Writes an operator of two tensors.
fn emit_binary(
    op: BinaryOp,
    call: &NodeCall,
    net: &mut Emitter,
    a: &Value,
    b: &Value,
) -> Result<Value, Error> {
    let dims = together(call, &[a, b])?;
    let layout = common_layout(&[a, b], &dims);
    let (x, y) = (net.named(a, layout), net.named(b, layout));
    let onnx = match op {
        BinaryOp::Arithmetic(Arithmetic::Add) => "Add",
        BinaryOp::Arithmetic(Arithmetic::Sub) => "Sub",
        BinaryOp::Arithmetic(Arithmetic::Mul) => "Mul",
        BinaryOp::Arithmetic(Arithmetic::Div) => "Div",
        BinaryOp::Arithmetic(Arithmetic::Max) => "Max",
        BinaryOp::Arithmetic(Arithmetic::Min) => "Min",
        BinaryOp::Arithmetic(Arithmetic::Pow) => "Pow",
        BinaryOp::Arithmetic(Arithmetic::SquaredDifference) => {
            let difference = net.raw("Sub", &[&x, &y], vec![]);
            return Ok(net.node("Mul", &[&difference, &difference], vec![], dims, layout));
        }
        BinaryOp::Arithmetic(Arithmetic::DivNoNan) => {
            let quotient = net.raw("Div", &[&x, &y], vec![]);
            let zero = net.float(0.0);
            let is_zero = net.raw("Equal", &[&y, &zero], vec![]);
            return Ok(net.node("Where", &[&is_zero, &zero, &quotient], vec![], dims, layout));
        }
        BinaryOp::Arithmetic(Arithmetic::FloorDiv) => {
            let quotient = net.raw("Div", &[&x, &y], vec![]);
            return Ok(net.node("Floor", &[&quotient], vec![], dims, layout));
        }
        BinaryOp::Arithmetic(Arithmetic::FloorMod) => {
            let quotient = net.raw("Div", &[&x, &y], vec![]);
            let whole = net.raw("Floor", &[&quotient], vec![]);
            let taken = net.raw("Mul", &[&whole, &y], vec![]);
            return Ok(net.node("Sub", &[&x, &taken], vec![], dims, layout));
        }
        BinaryOp::Comparison(Comparison::NotEqual) => {
            let equal = net.raw("Equal", &[&x, &y], vec![]);
            return Ok(net.node("Not", &[&equal], vec![], dims, layout));
        }
        BinaryOp::Comparison(Comparison::Equal) => "Equal",
        BinaryOp::Comparison(Comparison::Greater) => "Greater",
        BinaryOp::Comparison(Comparison::GreaterEqual) => "GreaterOrEqual",
        BinaryOp::Comparison(Comparison::Less) => "Less",
        BinaryOp::Comparison(Comparison::LessEqual) => "LessOrEqual",
        BinaryOp::Logical(Logical::And) => "And",
        BinaryOp::Logical(Logical::Or) => "Or",
    };
    Ok(net.node(onnx, &[&x, &y], vec![], dims, layout))
}

/// `a + b`, for operators that do so on the side.
pub fn plus(call: &NodeCall, net: &mut Emitter, a: &Value, b: &Value) -> Result<Value, Error> {
    emit_binary(BinaryOp::Arithmetic(Arithmetic::Add), call, net, a, b)
}

/// `a * b`, for operators that do so on the side.
pub fn times(call: &NodeCall, net: &mut Emitter, a: &Value, b: &Value) -> Result<Value, Error> {
    emit_binary(BinaryOp::Arithmetic(Arithmetic::Mul), call, net, a, b)
}

pub fn add_all(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let mut sum = call.input(0)?.clone();
    for value in &call.inputs[1..] {
        sum = match (&sum, value) {
            (Value::Known(a), Value::Known(b)) => call.folded(Arithmetic::Add.fold(a, b))?,
            (a, b) => plus(call, net, a, b)?,
        };
    }
    Ok(sum)
}

/// The shape that values have together.
fn together(call: &NodeCall, values: &[&Value]) -> Result<Vec<usize>, Error> {
    let shapes: Vec<_> = values.iter().map(|value| value.dims()).collect();
    let joined = shapes.iter().try_fold(Vec::new(), |all, dims| broadcast_shape(&all, dims));
    joined.ok_or_else(|| call.error(format!("shapes {shapes:?} do not fit each other")))
}

/// The layout in which to compute: channels second if all pictures are so already, and nothing else is in the way.
fn common_layout(values: &[&Value], dims: &[usize]) -> ChannelLayout {
    let fits = |value: &&Value| match value {
        Value::Known(known) => known.dims.len() <= 4,
        Value::ComputedTensor(computed) => computed.layout == ChannelLayout::ChannelsFirst,
    };
    match dims.len() == 4 && values.iter().all(fits) {
        true => ChannelLayout::ChannelsFirst,
        false => ChannelLayout::Plain,
    }
}

pub fn cast(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    /// ONNX's number for float32.
    const FLOAT: i64 = 1;
    let (x, to) = (call.input(0)?, call.type_name("DstT"));
    if let Some(known) = x.known() {
        return call.folded(known.cast(to));
    }
    if to != "DT_FLOAT" {
        return Err(call.error(format!("a picture as {to}; expected to compute with float32 only")));
    }
    let layout = layout(x);
    let name = net.named(x, layout);
    Ok(net.node("Cast", &[&name], vec![Attribute::int("to", FLOAT)], x.dims().to_vec(), layout))
}

pub fn clip(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let limit = |n: usize| match call.known(n)?.as_floats() {
        Some([limit]) => Ok(*limit),
        _ => Err(call.error(format!("input {n}: expected one float as limit"))),
    };
    clipped(net, call.input(0)?, limit(1)?, limit(2)?)
}

fn clipped(net: &mut Emitter, x: &Value, low: f32, high: f32) -> Result<Value, Error> {
    let layout = layout(x);
    let (name, low, high) = (net.named(x, layout), net.float(low), net.float(high));
    Ok(net.node("Clip", &[&name, &low, &high], vec![], x.dims().to_vec(), layout))
}

/// An activation with settings, by TensorFlow's name.
pub fn activate(call: &NodeCall, net: &mut Emitter, x: &Value, name: &str) -> Result<Value, Error> {
    let attributes = match name {
        "Relu6" => return clipped(net, x, 0.0, 6.0),
        "LeakyRelu" => {
            vec![Attribute::float("alpha", call.float("alpha", call.float("leakyrelu_alpha", 0.2)))]
        }
        "Elu" | "Relu" | "Selu" | "Sigmoid" | "Tanh" => vec![],
        other => return Err(call.error(format!("activation {other} is not supported"))),
    };
    let layout = layout(x);
    let input = net.named(x, layout);
    Ok(net.node(name, &[&input], attributes, x.dims().to_vec(), layout))
}

pub fn not(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    match call.input(0)? {
        Value::Known(Known { dims, elements: Elements::Flags(flags) }) => {
            let elements = Elements::flags(flags.iter().map(|flag| !flag).collect());
            Ok(Value::Known(Known { dims: dims.clone(), elements }))
        }
        x => {
            let layout = layout(x);
            let name = net.named(x, layout);
            Ok(net.node("Not", &[&name], vec![], x.dims().to_vec(), layout))
        }
    }
}

pub fn prelu(call: &NodeCall, net: &mut Emitter, x: &Value, slopes: &Value) -> Result<Value, Error> {
    let dims = together(call, &[x, slopes])?;
    let layout = common_layout(&[x, slopes], &dims);
    let (input, slopes) = (net.named(x, layout), net.named(slopes, layout));
    Ok(net.node("PRelu", &[&input, &slopes], vec![], dims, layout))
}

pub fn select(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let (condition, yes, no) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if let Some(known) = call.all_known() {
        return call.folded(fold::select(known[0], known[1], known[2]));
    }
    let dims = together(call, &[condition, yes, no])?;
    let layout = common_layout(&[condition, yes, no], &dims);
    let names = [condition, yes, no].map(|value| net.named(value, layout));
    Ok(net.node("Where", &[&names[0], &names[1], &names[2]], vec![], dims, layout))
}
