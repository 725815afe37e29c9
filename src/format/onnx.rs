//! ONNX files (onnx.ai): the graph's own form.

use prost::Message;

use crate::error::Error;
use crate::graph::ModelProto;

/// Reads an `.onnx` file. What the graph holds is checked by [`Network::from_model`](crate::graph::Network::from_model).
///
/// # Errors
/// [`Error::ModelLoad`] if the bytes are no ONNX model.
pub fn read(bytes: &[u8]) -> Result<ModelProto, Error> {
    let model = ModelProto::decode(bytes).map_err(|e| Error::ModelLoad(format!("not an ONNX file: {e}")))?;
    if model.graph.is_none() || model.opset_import.is_empty() {
        return Err(Error::ModelLoad(
            "not an ONNX file: it holds no graph or names no operator set".to_owned(),
        ));
    }
    Ok(model)
}
