//! Linear or cubic resampling by a fixed ratio `p / q` is a filter bank: `p * p` filters moved by `q` pixels, then
//! depth-to-space.
//!
//! Output pixel `p j + f` lies at `(p j + f + 1/2) q / p - 1/2` = `q j` + a constant of its phase `f`, so its weights
//! are constants too. At the border, resampling repeats the last pixel; so does the padding here. A convolution is many
//! times faster than the general operator, and does the same at every place of the picture to the last bit, which the
//! operator's float coordinates do not.

use std::collections::HashMap;

use crate::error::Error;
use crate::graph::ir::{Graph, Names};
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::shape::{self, Shapes};
use crate::graph::tensor::Tensor;

/// The largest numerator and denominator of a ratio. Filter banks grow with the square of both.
const MAX_TERM: usize = 8;
/// More channels than this are no picture, nor a reason for that many filters.
const MAX_CHANNELS: usize = 64;
/// Two primes: an axis that is a multiple of `q` at these many times the network's size multiple is so at every size.
const TRIAL_SIZES: [usize; 2] = [1009, 1013];
/// Operator set from which Pad takes its pads as an input, and DepthToSpace knows the order used here.
const OLDEST_OPSET: i64 = 11;

/// Rewrites every Resize of that kind, in a network that takes multiples of `size_multiple`.
pub fn run(graph: &mut Graph, channels: usize, size_multiple: usize) -> Result<(), Error> {
    if graph.opset() < OLDEST_OPSET || !graph.nodes.iter().any(|n| n.is("Resize")) {
        return Ok(());
    }
    let sizes = |size: usize| match graph.input.dims {
        [.., Some(height), Some(width)] => [1, channels, height, width],
        _ => [1, channels, size * size_multiple, size * size_multiple],
    };
    let shapes = [shape::infer(graph, sizes(TRIAL_SIZES[0]))?, shape::infer(graph, sizes(TRIAL_SIZES[1]))?];
    let mut names = graph.names();
    let mut rewritten = HashMap::new();
    let mut constants = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.is("Resize")) {
        let Some(bank) = FilterBank::of(graph, node) else { continue };
        let Some(channels) = node.arg(0).and_then(|input| channels_of(&shapes, input, bank.stride)) else {
            continue;
        };
        rewritten.insert(index, bank.nodes(node, channels, &mut names, &mut constants));
    }
    graph.replace(rewritten);
    graph.constants.extend(constants);
    Ok(())
}

/// The channels of a tensor whose height and width are multiples of `stride` whatever the picture's size.
fn channels_of(shapes: &[Shapes; 2], name: &str, stride: usize) -> Option<usize> {
    let channels = |shapes: &Shapes| match shapes.get(name)?.dims[..] {
        [_, channels, height, width] if height % stride == 0 && width % stride == 0 => Some(channels),
        _ => None,
    };
    let [small, large] = shapes.each_ref().map(channels);
    small.filter(|&channels| small == large && channels <= MAX_CHANNELS)
}

/// The filters along one axis; those of the plane are their products.
struct FilterBank {
    /// The weights of each phase, all for the same pixels.
    phases: Vec<Vec<f64>>,
    stride: usize,
    /// Pixels needed before the first.
    before: usize,
}

impl FilterBank {
    /// `None` unless the node resamples height and width by the same fixed ratio, pixel centres kept in place.
    fn of(graph: &Graph, node: &NodeProto) -> Option<FilterBank> {
        let plain = node.text("coordinate_transformation_mode", "half_pixel") == "half_pixel"
            && node.int("antialias", 0) == 0
            && node.int("exclude_outside", 0) == 0
            && !node.has("axes");
        let scales = graph.constants.get(node.arg(2)?)?.as_floats()?;
        let &[1.0, 1.0, height, width] = scales else { return None };
        let (p, q) = ratio(height.into()).filter(|_| plain && height == width)?;
        let kernel: fn(f64, f64) -> [f64; 4] = match node.text("mode", "nearest") {
            "linear" => |t, _| [0.0, 1.0 - t, t, 0.0],
            "cubic" => cubic,
            _ => return None,
        };
        let a = f64::from(node.float("cubic_coeff_a", -0.75));
        let taps_of = |phase: usize| -> Vec<(i64, f64)> {
            let place = (phase as f64 + 0.5) * q as f64 / p as f64 - 0.5;
            let weights = kernel(place - place.floor(), a);
            (place.floor() as i64 - 1..).zip(weights).filter(|(_, weight)| *weight != 0.0).collect()
        };
        Self::new((0..p).map(taps_of).collect(), q)
    }

    /// From the pixels, counted from the first of a block of `stride`, that each phase reads with a weight.
    fn new(phases: Vec<Vec<(i64, f64)>>, stride: usize) -> Option<FilterBank> {
        let pixels = phases.iter().flatten().map(|&(pixel, _)| pixel);
        // The window holds all that it is moved by, so that no pixel at the end is left over.
        let (first, last) = (pixels.clone().min()?.min(0), pixels.max()?.max(stride as i64 - 1));
        let row = |taps: &Vec<(i64, f64)>| {
            let mut row = vec![0.0; (last - first + 1) as usize];
            taps.iter().for_each(|&(pixel, weight)| row[(pixel - first) as usize] = weight);
            row
        };
        Some(FilterBank {
            phases: phases.iter().map(row).collect(),
            stride,
            before: first.unsigned_abs() as usize,
        })
    }

    /// The nodes that take the place of `resize`.
    fn nodes(
        &self,
        resize: &NodeProto,
        channels: usize,
        names: &mut Names,
        constants: &mut Vec<(String, Tensor)>,
    ) -> Vec<NodeProto> {
        let output = resize.out();
        let [pads, weights, padded, phases] =
            ["pads", "filters", "padded", "phases"].map(|what| names.fresh(&format!("{output}_{what}")));
        constants.extend([(pads.clone(), self.pads()), (weights.clone(), self.weights(channels))]);
        let edge = vec![AttributeProto::text("mode", "edge")];
        let conv = vec![
            AttributeProto::ints("kernel_shape", &[self.taps() as i64; 2]),
            AttributeProto::ints("strides", &[self.stride as i64; 2]),
            AttributeProto::int("group", channels as i64),
        ];
        let pad = NodeProto::single("Pad", &[resize.arg(0).unwrap_or_default(), &pads], &padded, edge);
        if self.phases.len() == 1 {
            return vec![pad, NodeProto::single("Conv", &[&padded, &weights], output, conv)];
        }
        let block = AttributeProto::int("blocksize", self.phases.len() as i64);
        let shuffle = vec![block, AttributeProto::text("mode", "CRD")];
        vec![
            pad,
            NodeProto::single("Conv", &[&padded, &weights], &phases, conv),
            NodeProto::single("DepthToSpace", &[&phases], output, shuffle),
        ]
    }

    fn taps(&self) -> usize {
        self.phases[0].len()
    }

    fn pads(&self) -> Tensor {
        let (before, after) = (self.before as i64, (self.taps() - self.stride - self.before) as i64);
        Tensor::ints(&[0, 0, before, before, 0, 0, after, after])
    }

    /// For each channel, the filters of all phases, row by row.
    fn weights(&self, channels: usize) -> Tensor {
        let (p, taps) = (self.phases.len(), self.taps());
        let pairs =
            self.phases.iter().flat_map(|rows| self.phases.iter().map(move |columns| (rows, columns)));
        let filter = |(rows, columns): (&Vec<f64>, &Vec<f64>)| -> Vec<f32> {
            rows.iter().flat_map(|y| columns.iter().map(move |x| (y * x) as f32)).collect()
        };
        let plane: Vec<f32> = pairs.flat_map(filter).collect();
        Tensor::floats(&[channels * p * p, 1, taps, taps], plane.repeat(channels))
    }
}

/// The Keys cubic with parameter `a` (Keys 1981) at distance `t` past the second of four pixels.
fn cubic(t: f64, a: f64) -> [f64; 4] {
    let near = |x: f64| ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}

/// A scale as a fraction of small numbers, if it is one (other than 1) to float precision.
fn ratio(scale: f64) -> Option<(usize, usize)> {
    let q = (1..=MAX_TERM).find(|&q| {
        let p = scale * q as f64;
        (p - p.round()).abs() < 1e-6 * p
    })?;
    let p = (scale * q as f64).round() as usize;
    ((1..=MAX_TERM).contains(&p) && p != q).then_some((p, q))
}
