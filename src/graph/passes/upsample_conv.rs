//! Nearest-neighbour enlargement by `s` followed by a `k`x`k` convolution is a convolution at the small size to `s * s`
//! times the channels, followed by depth-to-space.
//!
//! Pixel `s q + f` of the enlarged picture is pixel `q` of the small one for all phases `f < s`, so tap `t` of the
//! convolution at phase `f`, padded by `p`, reads small pixel `q + floor((f + t - p) / s)`: the taps that read the same
//! one are summed. A tap that falls into the padding of the large picture falls into the padding of the small one, so
//! the borders are exact too. The enlarged tensor, `s * s` times the size, is never made.

use std::collections::HashMap;

use crate::graph::ir::{Graph, Names};
use crate::graph::nearest::nearest_factor;
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::tensor::Tensor;

/// Convolutions with more outputs than this stay as they are: they fill ONNX Runtime's blocks of 16 channels at the
/// large size already, and depth-to-space of many channels costs more than it saves (48 channels in, 128x128 pixels,
/// one thread: 3 outputs 2-3x faster, 8 outputs 1.4x, 16 outputs 1.1x, 32 outputs 0.8x).
const MAX_OUTPUTS: usize = 16;

/// Rewrites every such pair in which the convolution is the enlargement's only reader.
pub fn run(graph: &mut Graph) {
    let mut names = graph.names();
    let mut rewritten = HashMap::new();
    let mut constants = Vec::new();
    let (producers, readers) = (graph.producers(), graph.readers());
    for (index, conv) in graph.nodes.iter().enumerate().filter(|(_, n)| n.is("Conv")) {
        let Some(enlarged) = conv.arg(0).filter(|name| readers.get(name) == Some(&1)) else { continue };
        let Some(resize) = producers.get(enlarged).map(|&n| &graph.nodes[n]) else { continue };
        let Some(scale) = nearest_factor(graph, resize) else { continue };
        let Some(plan) = Plan::of(graph, conv, scale) else { continue };
        let input = resize.arg(0).unwrap_or_default();
        rewritten.insert(index, plan.nodes(input, conv.out(), &mut names, &mut constants));
    }
    graph.replace(rewritten);
    graph.constants.extend(constants);
}

/// The convolution at the small size.
struct Plan {
    scale: usize,
    weights: Tensor,
    bias: Option<Tensor>,
    kernel: [i64; 2],
    pads: [i64; 4],
}

impl Plan {
    fn of(graph: &Graph, conv: &NodeProto, scale: usize) -> Option<Plan> {
        let plain = |name| conv.ints(name).is_none_or(|values| values.iter().all(|&v| v == 1));
        if conv.int("group", 1) != 1 || !plain("strides") || !plain("dilations") {
            return None;
        }
        let weights = graph.constants.get(conv.arg(1)?)?;
        let (&[out, channels, kh, kw], values) = (&weights.dims[..], weights.as_floats()?) else {
            return None;
        };
        if out > MAX_OUTPUTS {
            return None;
        }
        let bias = match conv.arg(2) {
            Some(name) => Some(graph.constants.get(name)?.as_floats().filter(|bias| bias.len() == out)?),
            None => None,
        };
        let pads: [i64; 4] = match conv.text("auto_pad", "NOTSET") {
            "NOTSET" => conv.ints("pads").unwrap_or(&[0; 4]).try_into().ok()?,
            _ => return None,
        };
        let rows = Taps::of(kh, scale, pads[0], pads[2])?;
        let columns = Taps::of(kw, scale, pads[1], pads[3])?;
        let mut merged = vec![0.0f32; scale * scale * out * channels * rows.len() * columns.len()];
        for (phase, filter) in
            (0..scale * scale).flat_map(|phase| (0..out).map(move |filter| (phase, filter)))
        {
            let (fy, fx) = (phase / scale, phase % scale);
            for c in 0..channels {
                let from = (filter * channels + c) * kh * kw;
                let to = ((phase * out + filter) * channels + c) * rows.len() * columns.len();
                for (ty, tx) in (0..kh).flat_map(|ty| (0..kw).map(move |tx| (ty, tx))) {
                    let place = rows.place(fy, ty) * columns.len() + columns.place(fx, tx);
                    merged[to + place] += values[from + ty * kw + tx];
                }
            }
        }
        let dims = [scale * scale * out, channels, rows.len(), columns.len()];
        let repeat = |bias: &[f32]| Tensor::floats(&[scale * scale * out], bias.repeat(scale * scale));
        Some(Plan {
            scale,
            weights: Tensor::floats(&dims, merged),
            bias: bias.map(repeat),
            kernel: [rows.len() as i64, columns.len() as i64],
            pads: [-rows.first, -columns.first, rows.last, columns.last],
        })
    }

    fn nodes(
        self,
        input: &str,
        output: &str,
        names: &mut Names,
        constants: &mut Vec<(String, Tensor)>,
    ) -> Vec<NodeProto> {
        let [weights, bias, phases] =
            ["weights", "bias", "phases"].map(|what| names.fresh(&format!("{output}_{what}")));
        let mut inputs = vec![input, &weights];
        if let Some(tensor) = self.bias {
            constants.push((bias.clone(), tensor));
            inputs.push(&bias);
        }
        let attributes = vec![
            AttributeProto::ints("kernel_shape", &self.kernel),
            AttributeProto::ints("pads", &self.pads),
        ];
        let conv = NodeProto::single("Conv", &inputs, &phases, attributes);
        constants.push((weights, self.weights));
        let block = vec![AttributeProto::int("blocksize", self.scale as i64)];
        vec![conv, NodeProto::single("DepthToSpace", &[&phases], output, block)]
    }
}

/// Which small pixels, counted from the phase's own, the taps of one axis read.
struct Taps {
    scale: i64,
    before: i64,
    first: i64,
    last: i64,
}

impl Taps {
    /// `None` unless the padding keeps the size, which the padding of the small convolution then does too.
    fn of(kernel: usize, scale: usize, before: i64, after: i64) -> Option<Taps> {
        let (kernel, scale) = (kernel as i64, scale as i64);
        if before < 0 || after < 0 || before + after != kernel - 1 {
            return None;
        }
        let first = (-before).div_euclid(scale);
        let last = (scale - 1 + kernel - 1 - before).div_euclid(scale);
        Some(Taps { scale, before, first, last })
    }

    fn len(&self) -> usize {
        (self.last - self.first + 1) as usize
    }

    fn place(&self, phase: usize, tap: usize) -> usize {
        ((phase as i64 + tap as i64 - self.before).div_euclid(self.scale) - self.first) as usize
    }
}
