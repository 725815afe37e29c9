//! Turns a graph into something that can be executed.
//!
//! | module | what |
//! |---|---|
//! | `program` | partitions a graph: a program for our kernels, and the outer graph |
//! | `onnxruntime` | lowers a graph for ONNX Runtime's own kernels |

pub mod onnxruntime;
pub mod program;
