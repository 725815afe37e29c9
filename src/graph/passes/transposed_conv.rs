//! A transposed convolution that enlarges by `s` is a convolution to `s * s` times the channels, followed by
//! depth-to-space.
//!
//! It adds tap `t` of pixel `i`, times its weight, to pixel `s i + t - p` of the result, `p` being its padding. So pixel
//! `s q + f` of the result reads the pixels `q + (f + p - t) / s` for the taps where that is a whole number: the same ones
//! for all pixels of a phase `f`. What lies outside the picture adds nothing in either form.

use std::collections::HashMap;

use super::phases::{Filters, PhaseConv, Taps};
use crate::graph::ir::Graph;
use crate::graph::proto::NodeProto;

/// Transposed convolutions with more outputs stay as they are: a phase reads a part of the taps, and the convolution
/// multiplies the others by zero. It takes one block of ONNX Runtime's 16 channels for four phases of three.
const MAX_OUTPUTS: usize = 16;

/// Rewrites every one whose result is as many times as large for pictures of any size.
pub fn run(graph: &mut Graph) {
    let mut names = graph.names();
    let mut rewritten = HashMap::new();
    let mut constants = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.is("ConvTranspose")) {
        let Some(plan) = plan(graph, node) else { continue };
        let input = node.arg(0).unwrap_or_default();
        rewritten.insert(index, plan.nodes(input, node.out(), &mut names, &mut constants));
    }
    graph.replace(rewritten);
    graph.constants.extend(constants);
}

/// The convolution that takes its place.
fn plan(graph: &Graph, node: &NodeProto) -> Option<PhaseConv> {
    let &[scale, across] = node.ints("strides")? else { return None };
    let filters = Filters::of(graph, node)?;
    let ([inputs, outputs, height, width], pads) = (filters.dims, filters.pads);
    if scale != across || scale < 2 || node.has("output_shape") || outputs > MAX_OUTPUTS {
        return None;
    }
    let &[down, right] = node.ints("output_padding").unwrap_or(&[0; 2]) else { return None };
    let rows = taps(height as i64, scale, pads[0], pads[2] - down)?;
    let columns = taps(width as i64, scale, pads[1], pads[3] - right)?;
    PhaseConv::new(&filters, [outputs, inputs], [rows, columns], |output, input, y, x| {
        filters.weights[((input * outputs + output) * height + y) * width + x]
    })
}

/// Which pixels the phases of one axis read; `None` unless the size of the result is a multiple of `scale`.
fn taps(kernel: i64, scale: i64, before: i64, after: i64) -> Option<Taps> {
    let grown = kernel - before - after;
    if grown % scale != 0 {
        return None;
    }
    let pixel = |phase: i64, tap: i64| {
        let distance = phase + before - tap;
        (distance % scale == 0).then_some(distance / scale)
    };
    let row = |phase: i64| -> Vec<Option<i64>> { (0..kernel).map(|tap| pixel(phase, tap)).collect() };
    let pixels: Vec<_> = (0..scale).map(row).collect();
    // The result has `grown / scale - 1` pixels more than the input, times the scale. A window that would be moved fewer
    // times than that, or begin after the first pixel, is made larger by taps of zero.
    let read = || pixels.iter().flatten().flatten();
    let first = (*read().min()?).min(0);
    let last = (*read().max()?).max(1 - grown / scale);
    Some(Taps { first, last, after: last - 1 + grown / scale, pixels })
}
