//! Models: their sources and definitions, and loading them into engines that all instances share.
//!
//! | file | what |
//! |---|---|
//! | `source` | model files and their formats |
//! | `definition` | what the caller says of a model; what is known of a loaded one |
//! | `load`, `loaded` | from a source to engines, and what instances share |
//! | `channel_forms` | networks for grey pictures and for alpha |
//! | `signature` | inputs, outputs and value ranges of a network |
//! | `backend` | which kernels run it |
//! | `tile_limits` | how large tiles may be |
//! | `precision` | float32 or int8 |
//! | `per_size` | models whose network is specialised for each size |
//! | `shared`, `cache` | what is shared in the process, and kept on disk |
//! | `export` | a model as an `.onnx` |

mod backend;
mod cache;
mod channel_forms;
mod definition;
mod export;
mod load;
mod loaded;
mod per_size;
mod precision;
mod shared;
mod signature;
mod source;
mod tile_limits;

pub use definition::{Definition, ModelInfo};
pub use export::{Storage, read, to_onnx};
pub use load::{Model, load};
pub use precision::Precision;
pub use source::{FileFormat, ModelSource};
