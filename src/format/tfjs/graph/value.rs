//! What flows along the edges of a graph while it is specialised.

use std::rc::Rc;

use super::fold::Known;

/// A tensor of the graph. Its shape is always known.
#[derive(Clone, Debug)]
pub enum Value {
    /// Its elements are known too.
    Known(Known),
    /// Its elements are computed by the network.
    ComputedTensor(ComputedTensor),
}

/// A tensor that the network computes.
#[derive(Clone, Debug)]
pub struct ComputedTensor {
    /// Its name in the network.
    pub name: Rc<str>,
    /// Its shape as the graph has it.
    pub dims: Vec<usize>,
    /// How the network has it.
    pub layout: ChannelLayout,
}

/// Where a tensor of the network has its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelLayout {
    /// As the graph has it: channels last, if it is a picture at all.
    Plain,
    /// A picture with the channels second, as convolutions want it.
    ChannelsFirst,
}

impl Value {
    /// Its shape as the graph has it.
    pub fn dims(&self) -> &[usize] {
        match self {
            Value::Known(known) => &known.dims,
            Value::ComputedTensor(computed) => &computed.dims,
        }
    }

    /// Its elements, if they are known.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Value::Known(known) => Some(known),
            Value::ComputedTensor(_) => None,
        }
    }
}
