//! Which Resize nodes make every pixel a block of equal ones.

use super::ir::Graph;
use super::proto::NodeProto;

/// Larger factors than this are no upscaler's, and the weights grow with the square of it.
const MAX_FACTOR: f32 = 8.0;

/// The whole factor of a Resize or Upsample in which every pixel becomes a block of equal ones.
pub fn nearest_factor(graph: &Graph, node: &NodeProto) -> Option<usize> {
    if !matches!(node.op_type.as_str(), "Resize" | "Upsample") || node.text("mode", "nearest") != "nearest" {
        return None;
    }
    let old = node.is("Upsample") || graph.opset() < 11;
    let coordinates =
        node.text("coordinate_transformation_mode", if old { "asymmetric" } else { "half_pixel" });
    let rounding = node.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" });
    // At a whole factor s, (f + 1/2) / s - 1/2 rounds to 0 for every phase f, and f / s is cut to 0.
    let blocks = match coordinates {
        "asymmetric" => rounding == "floor",
        "half_pixel" | "pytorch_half_pixel" => rounding.starts_with("round_prefer"),
        _ => false,
    };
    let scales = match node.floats("scales") {
        Some(scales) => scales,
        None => graph.constants.get(node.arg(if old { 1 } else { 2 })?)?.as_floats()?,
    };
    match scales {
        &[1.0, 1.0, h, w]
            if blocks
                && h == w
                && h.fract() == 0.0
                && (2.0..=MAX_FACTOR).contains(&h)
                && !node.has("axes") =>
        {
            Some(h as usize)
        }
        _ => None,
    }
}
