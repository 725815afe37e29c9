//! Reading and making nodes and their attributes.

use super::proto::{AttributeProto, AttributeType, NodeProto};

impl NodeProto {
    /// A node with one output.
    pub fn single(op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
        NodeProto {
            op_type: op.to_owned(),
            name: output.to_owned(),
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attributes,
            ..NodeProto::default()
        }
    }

    /// Whether this is ONNX's own operator `op`.
    pub fn is(&self, op: &str) -> bool {
        self.op_type == op && self.in_onnx_domain()
    }

    /// Whether the operator is one of ONNX's own.
    pub fn in_onnx_domain(&self) -> bool {
        matches!(self.domain.as_str(), "" | "ai.onnx")
    }

    /// The name of input `index`, or `None` if it is left out.
    pub fn arg(&self, index: usize) -> Option<&str> {
        self.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The name of the first output (empty if there is none, which the import refuses).
    pub fn out(&self) -> &str {
        self.output.first().map_or("", String::as_str)
    }

    /// How error messages call this node.
    pub fn label(&self) -> String {
        let name = if self.name.is_empty() { self.out() } else { &self.name };
        format!("{} \"{name}\"", self.op_type)
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|a| a.name == name)
    }

    /// Whether attribute `name` is given.
    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    /// An integer attribute, or the default.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |a| a.i.unwrap_or(0))
    }

    /// A float attribute, or the default.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).map_or(default, |a| a.f.unwrap_or(0.0))
    }

    /// A list of integers, if given.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|a| a.ints.as_slice())
    }

    /// A list of floats, if given.
    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        self.attribute(name).map(|a| a.floats.as_slice())
    }

    /// A text attribute, or the default.
    pub fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        match self.attribute(name).and_then(|a| a.s.as_deref()) {
            Some(bytes) => std::str::from_utf8(bytes).unwrap_or("(not UTF-8)"),
            None => default,
        }
    }
}

impl AttributeProto {
    fn new(name: &str, r#type: AttributeType) -> AttributeProto {
        AttributeProto { name: name.to_owned(), r#type: r#type.into(), ..AttributeProto::default() }
    }

    /// An integer.
    pub fn int(name: &str, value: i64) -> AttributeProto {
        AttributeProto { i: Some(value), ..Self::new(name, AttributeType::Int) }
    }

    /// A list of integers.
    pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
        AttributeProto { ints: values.to_vec(), ..Self::new(name, AttributeType::Ints) }
    }

    /// A float.
    pub fn float(name: &str, value: f32) -> AttributeProto {
        AttributeProto { f: Some(value), ..Self::new(name, AttributeType::Float) }
    }

    /// A text.
    pub fn text(name: &str, value: &str) -> AttributeProto {
        AttributeProto { s: Some(value.as_bytes().to_vec()), ..Self::new(name, AttributeType::String) }
    }
}
