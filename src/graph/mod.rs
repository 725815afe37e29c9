//! The ONNX graph in memory: messages, building, shapes, receptive field, and rewrites. Knows no file format but the
//! ONNX messages themselves, and no engine.
//!
//! A format's reader makes a [`ModelProto`] (with [`Builder`], unless it was one), [`Network::from_model`] brings it
//! into the one form that the engine takes and finds out its [`Footprint`].

mod body;
mod builder;
mod footprint;
mod gelu;
mod import;
mod ir;
mod layout;
mod limits;
mod lower;
mod nearest;
mod network;
mod node;
mod passes;
mod pattern;
mod proto;
mod quantise;
mod shape;
mod simplify;
mod tensor;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use body::{ATTRIBUTE as BODY_ATTRIBUTE, DOMAIN as BODY_DOMAIN, OPERATOR as BODY_OPERATOR, Split, split};
pub use builder::Builder;
pub use footprint::Footprint;
pub use ir::{Graph, Port};
pub use network::Network;
pub use proto::{AttributeProto as Attribute, ModelProto, NodeProto};
pub use quantise::Quantiser;
pub use tensor::{Data, Tensor};

#[cfg(test)]
pub(crate) use reference::run_network as reference_run;
