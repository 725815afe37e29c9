//! The ONNX operator that stands for a program in an outer graph: `compile` writes it, `engine` runs it.

/// The domain of our operators.
pub const DOMAIN: &str = "upscaler";

/// The operator's name. It has one image as input and one as output.
pub const NAME: &str = "Program";

/// Its attribute: the program's number, an integer.
pub const NUMBER: &str = "number";
