//! The ONNX graph in memory: messages, building, shapes, receptive field, and rewrites. Knows no file format but the
//! ONNX messages themselves, and no engine.
//!
//! A format's reader makes a [`ModelProto`] (with [`Builder`], unless it was one), [`Network::from_model`] brings it
//! into the one form that the engine takes and finds out its [`Footprint`].

mod builder;
mod footprint;
mod import;
mod ir;
mod layout;
mod network;
mod node;
mod passes;
mod proto;
mod shape;
mod simplify;
mod tensor;

#[cfg(test)]
mod reference;

pub use builder::Builder;
pub use footprint::Footprint;
pub use ir::{Graph, Port};
pub use network::Network;
pub use proto::{AttributeProto as Attribute, ModelProto, NodeProto};
pub use tensor::{Data, Tensor};
