//! The ONNX graph in memory: messages, building, shapes, receptive field, and rewrites. Knows no file format but the
//! ONNX messages themselves, and no engine.
//!
//! A format's reader makes a [`ModelProto`] (with [`Builder`], unless it was one), [`Network::from_model`] brings it
//! into the one form that the engine takes and computes its [`SpatialGeometry`].

mod builder;
mod geometry;
pub(crate) mod import;
pub(crate) mod ir;
mod layout;
mod limits;
pub(crate) mod nearest;
mod network;
mod node;
pub(crate) mod passes;
pub(crate) mod pattern;
pub(crate) mod proto;
mod quantize;
pub(crate) mod shape;
mod simplify;
pub(crate) mod tensor;

#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
pub(crate) mod tests;

pub use builder::Builder;
pub use geometry::SpatialGeometry;
pub use ir::{Graph, Port};
pub use network::Network;
pub use proto::{AttributeProto as Attribute, ModelProto, NodeProto};
pub use quantize::Quantizer;
pub use tensor::{Data, Tensor};

#[cfg(test)]
pub(crate) use reference::run_network as reference_run;
