//! Writing the network: nodes, constants, and the layouts between them.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::fold::{Elements, Known};
use super::value::{ChannelLayout, ComputedTensor, Value};
use crate::graph::{Attribute, Builder};

/// From the graph's axes to those with the channels second, and back.
pub const TO_FIRST: [usize; 4] = [0, 3, 1, 2];
const TO_LAST: [usize; 4] = [0, 2, 3, 1];

/// A network that is being built.
pub struct Emitter {
    builder: Builder,
    /// Constants that are there already, by a hash of their elements.
    constants: HashMap<u64, Vec<(Known, Rc<str>)>>,
    /// The other layout of values that were wanted in it.
    transposed: HashMap<Rc<str>, Rc<str>>,
}

impl Emitter {
    pub fn new() -> Emitter {
        Emitter { builder: Builder::new(), constants: HashMap::new(), transposed: HashMap::new() }
    }

    /// The picture, of which the graph has the channels last.
    pub fn picture(dims: [usize; 4]) -> Value {
        Value::ComputedTensor(ComputedTensor {
            name: Builder::INPUT.into(),
            dims: dims.to_vec(),
            layout: ChannelLayout::ChannelsFirst,
        })
    }

    /// The builder with all that was written, and the name of the result with its channels second.
    pub fn finish(mut self, output: &Value) -> (Builder, Rc<str>) {
        let name = self.named(output, ChannelLayout::ChannelsFirst);
        (self.builder, name)
    }

    /// A node that makes a tensor of shape `dims`, which the network has in `layout`.
    pub fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
        dims: Vec<usize>,
        layout: ChannelLayout,
    ) -> Value {
        let name = self.raw(op, inputs, attributes);
        Value::ComputedTensor(ComputedTensor { name, dims, layout })
    }

    /// A node as ONNX has it.
    pub fn raw(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> Rc<str> {
        self.builder.node(op, inputs, attributes).into()
    }

    /// A list of whole numbers.
    pub fn ints(&mut self, values: &[i64]) -> Rc<str> {
        self.constant(&Known::ints(values.to_vec()))
    }

    /// Shapes and the like, as whole numbers.
    pub fn sizes(&mut self, dims: &[usize]) -> Rc<str> {
        self.constant(&Known::ints(dims.iter().map(|&dim| dim as i64).collect()))
    }

    /// One float.
    pub fn float(&mut self, value: f32) -> Rc<str> {
        self.constant(&Known::float(value))
    }

    /// A constant; equal ones are stored once.
    pub fn constant(&mut self, known: &Known) -> Rc<str> {
        let same = self.constants.entry(fingerprint(known)).or_default();
        if let Some((_, name)) = same.iter().find(|(other, _)| other == known) {
            return name.clone();
        }
        let name: Rc<str> = self.builder.constant("constant", known.to_tensor()).into();
        same.push((known.clone(), name.clone()));
        name
    }

    /// The name of a value in a layout; only pictures of four axes can have their channels second.
    pub fn named(&mut self, value: &Value, layout: ChannelLayout) -> Rc<str> {
        match value {
            Value::Known(known) => {
                let moved = if layout == ChannelLayout::ChannelsFirst { channels_first(known) } else { None };
                self.constant(moved.as_ref().unwrap_or(known))
            }
            Value::ComputedTensor(computed) if computed.layout == layout => computed.name.clone(),
            Value::ComputedTensor(computed) => self.moved(computed, layout),
        }
    }

    /// The name of a value with its axes as the graph has them.
    pub fn plain(&mut self, value: &Value) -> Rc<str> {
        self.named(value, ChannelLayout::Plain)
    }

    fn moved(&mut self, computed: &ComputedTensor, layout: ChannelLayout) -> Rc<str> {
        if let Some(name) = self.transposed.get(&computed.name) {
            return name.clone();
        }
        let perm = if layout == ChannelLayout::Plain { TO_LAST } else { TO_FIRST };
        let name = self.raw("Transpose", &[&computed.name], vec![axes("perm", &perm)]);
        self.transposed.insert(computed.name.clone(), name.clone());
        self.transposed.insert(name.clone(), computed.name.clone());
        name
    }
}

/// A constant to be broadcast against a picture with the channels second.
fn channels_first(known: &Known) -> Option<Known> {
    if known.dims.is_empty() {
        return None;
    }
    let mut dims = vec![1; 4usize.checked_sub(known.dims.len())?];
    dims.extend(&known.dims);
    known.reshaped(&dims)?.transposed(&TO_FIRST)
}

/// An attribute that lists axes.
pub fn axes(name: &str, axes: &[usize]) -> Attribute {
    Attribute::ints(name, &axes.iter().map(|&axis| axis as i64).collect::<Vec<_>>())
}

fn fingerprint(known: &Known) -> u64 {
    let mut hasher = DefaultHasher::new();
    known.dims.hash(&mut hasher);
    match &known.elements {
        Elements::Floats(values) => bytemuck::cast_slice::<f32, u8>(values).hash(&mut hasher),
        Elements::Ints(values) => values.hash(&mut hasher),
        Elements::Flags(values) => values.hash(&mut hasher),
    }
    hasher.finish()
}
