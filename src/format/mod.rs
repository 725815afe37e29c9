//! Model files → the graph. One module per format; each reads bytes into an ONNX model and knows no engine.
//!
//! A layer, parameter or value that is not understood is an error that names it, never a guess.

pub mod ncnn;
pub mod onnx;
pub mod tfjs;
