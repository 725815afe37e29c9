//! From the ONNX message to the [`Graph`]: refuses what an image network cannot have, decodes the constants.

use std::collections::{BTreeMap, HashSet};

use super::ir::{Graph, Port};
use super::limits;
use super::proto::{
    AttributeProto, DimensionValue, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, data_type,
};
use super::tensor::{Data, Tensor};
use crate::error::Error;
use crate::load_cancel;

/// The oldest operator set that ONNX Runtime runs.
const OLDEST_OPSET: i64 = 7;
/// The first file version in which constants need not be listed as inputs.
const OLDEST_IR: i64 = 4;

/// Builds the graph, in topological order, floats of every width as `f32`; the input's axes are as the file has them.
///
/// # Errors
/// [`Error::ModelLoad`] for anything but a valid network with one image in and one image out.
pub fn import(model: ModelProto) -> Result<Graph, Error> {
    if let Some(function) = model.functions.first() {
        return fail(format!(
            "model-local function \"{}\" is not supported; inline the functions",
            function.name
        ));
    }
    let Some(mut proto) = model.graph else {
        return fail("no graph in the file: this is no ONNX model".to_owned());
    };
    limits::check(&proto)?;
    if !proto.sparse_initializer.is_empty() {
        return fail("sparse constants are not supported".to_owned());
    }
    let mut constants = decode_constants(std::mem::take(&mut proto.initializer))?;
    let (input, output) = ports(&proto, &constants)?;
    let mut nodes = Vec::with_capacity(proto.node.len());
    for mut node in proto.node {
        load_cancel::check()?;
        check_node(&node)?;
        if node.is("Constant") {
            let name = node.out().to_owned();
            if constants.insert(name.clone(), constant_value(node)?).is_some() {
                return fail(format!("value \"{name}\" is defined twice"));
            }
        } else {
            widen_attributes(&mut node)?;
            nodes.push(node);
        }
    }
    let metadata = model.metadata_props.into_iter().map(|e| (e.key, e.value)).collect();
    let ir_version = model.ir_version.max(OLDEST_IR);
    let mut graph =
        Graph { ir_version, opsets: model.opset_import, metadata, nodes, constants, input, output };
    if graph.opset() < OLDEST_OPSET {
        return fail(format!("operator set {} is too old; expected {OLDEST_OPSET} or newer", graph.opset()));
    }
    graph.sort()?;
    Ok(graph)
}

fn fail<T>(message: String) -> Result<T, Error> {
    Err(Error::ModelLoad(message))
}

fn decode_constants(protos: Vec<TensorProto>) -> Result<BTreeMap<String, Tensor>, Error> {
    let mut constants = BTreeMap::new();
    for proto in protos {
        let name = proto.name.clone();
        if constants.insert(name.clone(), Tensor::from_proto(proto)?).is_some() {
            return fail(format!("constant \"{name}\" is defined twice"));
        }
    }
    Ok(constants)
}

/// The one true input (older files list the constants as inputs too) and the one output.
fn ports(proto: &GraphProto, constants: &BTreeMap<String, Tensor>) -> Result<(Port, Port), Error> {
    let inputs: Vec<_> = proto.input.iter().filter(|v| !constants.contains_key(&v.name)).collect();
    let names =
        |values: &[&ValueInfoProto]| values.iter().map(|v| v.name.as_str()).collect::<Vec<_>>().join(", ");
    let [input] = inputs[..] else {
        return fail(format!("expected one input, found {} ({})", inputs.len(), names(&inputs)));
    };
    let outputs: Vec<_> = proto.output.iter().collect();
    let [output] = outputs[..] else {
        return fail(format!("expected one output, found {} ({})", outputs.len(), names(&outputs)));
    };
    let mut port = Port { name: input.name.clone(), dims: declared_dims(input)? };
    if let Some(batch) = port.dims[0].filter(|&n| n != 1) {
        return fail(format!(
            "input \"{}\" has a fixed batch of {batch}; expected 1 or a free batch",
            port.name
        ));
    }
    port.dims[0] = Some(1);
    check_float(output)?;
    Ok((port, Port { name: output.name.clone(), dims: [None; 4] }))
}

/// The four axes of the input; all free where the file does not say.
fn declared_dims(value: &ValueInfoProto) -> Result<[Option<usize>; 4], Error> {
    check_float(value)?;
    let shape = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
    let Some(shape) = shape else {
        return Ok([None; 4]);
    };
    let size = |value: &Option<DimensionValue>| match value {
        Some(DimensionValue::Number(n)) => usize::try_from(*n).ok().filter(|&n| n > 0),
        _ => None,
    };
    let dims: Vec<_> = shape.dim.iter().map(|d| size(&d.value)).collect();
    let Ok(dims) = <[Option<usize>; 4]>::try_from(dims) else {
        return fail(format!(
            "input \"{}\" has {} axes; expected 4: batch, channels, height, width in either layout",
            value.name,
            shape.dim.len()
        ));
    };
    Ok(dims)
}

fn check_float(value: &ValueInfoProto) -> Result<(), Error> {
    let Some(tensor) = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()) else {
        return fail(format!("\"{}\" is not declared as a tensor", value.name));
    };
    match tensor.elem_type {
        data_type::FLOAT | data_type::FLOAT16 | data_type::DOUBLE | data_type::BFLOAT16 => Ok(()),
        other => fail(format!(
            "\"{}\" has element type {other}; expected a float image (float32 or float16)",
            value.name
        )),
    }
}

fn check_node(node: &NodeProto) -> Result<(), Error> {
    if node.out().is_empty() {
        return fail(format!("{} has no output", node.label()));
    }
    for attribute in &node.attribute {
        let subgraph = attribute.g.is_some() || !attribute.graphs.is_empty();
        if subgraph || attribute.sparse_tensor.is_some() || !attribute.ref_attr_name.is_empty() {
            let (label, name) = (node.label(), &attribute.name);
            return fail(format!(
                "{label}: attribute \"{name}\" (subgraph, sparse or reference) is not supported"
            ));
        }
    }
    let mut outputs = HashSet::new();
    match node.output.iter().filter(|o| !o.is_empty()).find(|o| !outputs.insert(o.as_str())) {
        Some(twice) => fail(format!("value \"{twice}\" is defined twice")),
        None => Ok(()),
    }
}

/// The tensor of a Constant node, in any of the forms that it may have.
fn constant_value(node: NodeProto) -> Result<Tensor, Error> {
    let label = node.label();
    let Some(attribute) = node.attribute.into_iter().next() else {
        return fail(format!("{label} has no value"));
    };
    let AttributeProto { name, t, f, i, floats, ints, .. } = attribute;
    match (name.as_str(), t) {
        ("value", Some(tensor)) => Tensor::from_proto(TensorProto { name: label, ..tensor }),
        ("value_float", _) => Ok(Tensor::floats(&[], vec![f.unwrap_or(0.0)])),
        ("value_floats", _) => Ok(Tensor::floats(&[floats.len()], floats)),
        ("value_int", _) => Ok(Tensor { dims: vec![], data: Data::I64(vec![i.unwrap_or(0)]) }),
        ("value_ints", _) => Ok(Tensor::ints(&ints)),
        _ => fail(format!("{label}: a constant given as \"{name}\" is not supported")),
    }
}

/// Makes the floating-point types that a node names float32: the target of a Cast, the value of a ConstantOfShape.
fn widen_attributes(node: &mut NodeProto) -> Result<(), Error> {
    for attribute in &mut node.attribute {
        let names_a_type = matches!(attribute.name.as_str(), "to" | "dtype");
        let wide = [data_type::FLOAT16, data_type::BFLOAT16, data_type::DOUBLE].map(i64::from);
        if names_a_type && attribute.i.is_some_and(|i| wide.contains(&i)) {
            attribute.i = Some(data_type::FLOAT.into());
        }
        if let Some(tensor) = attribute.t.take() {
            let name = tensor.name.clone();
            attribute.t = Some(Tensor::from_proto(tensor)?.to_proto(&name));
        }
    }
    Ok(())
}
