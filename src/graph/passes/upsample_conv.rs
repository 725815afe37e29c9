//! Nearest-neighbour enlargement by `s` followed by a `k`x`k` convolution is a convolution at the small size to `s * s`
//! times the channels, followed by depth-to-space.
//!
//! Pixel `s q + f` of the enlarged picture is pixel `q` of the small one for all phases `f < s`, so tap `t` of the
//! convolution at phase `f`, padded by `p`, reads small pixel `q + floor((f + t - p) / s)`: the taps that read the same
//! one are summed. A tap that falls into the padding of the large picture falls into the padding of the small one, so
//! the borders are exact too. The enlarged tensor, `s * s` times the size, is never made.

use std::collections::HashMap;

use super::phases::{Filters, PhaseConv, Taps};
use crate::graph::ir::Graph;
use crate::graph::nearest::nearest_factor;
use crate::graph::proto::NodeProto;

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
        let Some(plan) = plan(graph, conv, scale) else { continue };
        let input = resize.arg(0).unwrap_or_default();
        rewritten.insert(index, plan.nodes(input, conv.out(), &mut names, &mut constants));
    }
    graph.replace(rewritten);
    graph.constants.extend(constants);
}

/// The convolution at the small size.
fn plan(graph: &Graph, conv: &NodeProto, scale: usize) -> Option<PhaseConv> {
    if conv.ints("strides").is_some_and(|strides| strides.iter().any(|&stride| stride != 1)) {
        return None;
    }
    let filters = Filters::of(graph, conv)?;
    let ([outputs, inputs, height, width], pads) = (filters.dims, filters.pads);
    if outputs > MAX_OUTPUTS {
        return None;
    }
    let both = [taps(height, scale, pads[0], pads[2])?, taps(width, scale, pads[1], pads[3])?];
    PhaseConv::new(&filters, [outputs, inputs], both, |output, input, y, x| {
        filters.weights[((output * inputs + input) * height + y) * width + x]
    })
}

/// Which small pixels the taps of one axis read; `None` unless the padding keeps the size, which the padding of the small
/// convolution then does too.
fn taps(kernel: usize, scale: usize, before: i64, after: i64) -> Option<Taps> {
    let (kernel, scale) = (kernel as i64, scale as i64);
    if before + after != kernel - 1 {
        return None;
    }
    let pixel = |phase: i64, tap: i64| (phase + tap - before).div_euclid(scale);
    let (first, last) = (pixel(0, 0), pixel(scale - 1, kernel - 1));
    let pixels = (0..scale).map(|phase| (0..kernel).map(|tap| Some(pixel(phase, tap))).collect());
    Some(Taps { first, last, after: last, pixels: pixels.collect() })
}
