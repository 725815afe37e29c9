//! Models: where they come from, what is said of them beside their file, and loading them into an engine that all
//! instances share.

mod cache;
mod definition;
mod load;
mod per_size;
mod precision;
mod shared;
mod source;

pub use definition::{Definition, ModelInfo};
pub use load::{Model, Storage, load, read, to_onnx};
pub use source::{FileFormat, Source};
