//! Moves a mixing of channels, which is a 1x1 convolution, from the output towards the input.
//!
//! It passes whatever is linear and treats all pixels alike: sums, constants per channel, resampling, depth-to-space
//! (behind which it mixes within each phase). A convolution takes it in: its filters are mixed instead of their results.
//! Where it can go no further, it stays as a 1x1 convolution. All of this holds for every pixel, at the borders too.

use std::collections::{HashMap, HashSet};

use super::copies::Copies;
use crate::graph::ir::{Graph, Names};
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::tensor::Tensor;

/// How far back it goes. Deeper than this lies no tail of a network.
const MAX_STEPS: usize = 16;

/// Lets the graph's output be its three channels' sum with these weights.
pub fn run(graph: &mut Graph, copies: &Copies, weights: [f32; 3]) {
    let mut names = graph.names();
    let colours = names.fresh(&format!("{}_colours", graph.output.name));
    let mut copies = copies.clone();
    if let Some(single) = copies.remove(&graph.output.name) {
        copies.insert(colours.clone(), single);
    }
    graph.rename(&graph.output.name.clone(), &colours);
    let mut mixer = Mixer {
        graph,
        singles: copies.values().map(String::as_str).collect(),
        copies: &copies,
        producers: graph.producers(),
        readers: graph.readers(),
        names,
        nodes: Vec::new(),
        constants: Vec::new(),
    };
    let mix = Mix { rows: vec![weights.map(f64::from).to_vec()], shifts: vec![0.0] };
    let output = mixer.mixed(&colours, mix, MAX_STEPS);
    let Mixer { nodes, constants, .. } = mixer;
    graph.nodes.extend(nodes);
    graph.constants.extend(constants);
    graph.output.name = output;
}

/// `rows · channels + shifts`.
#[derive(Clone)]
struct Mix {
    rows: Vec<Vec<f64>>,
    shifts: Vec<f64>,
}

impl Mix {
    fn inputs(&self) -> usize {
        self.rows[0].len()
    }

    /// Of channels that are multiplied by `factors` first.
    fn scaled(mut self, factors: &[f32]) -> Mix {
        let scale = |row: &mut Vec<f64>| row.iter_mut().zip(factors).for_each(|(a, f)| *a *= f64::from(*f));
        self.rows.iter_mut().for_each(scale);
        self
    }

    /// Of channels to which `sign * values` is added first.
    fn shifted(mut self, values: &[f32], sign: f64) -> Mix {
        for (shift, row) in self.shifts.iter_mut().zip(&self.rows) {
            *shift += sign * row.iter().zip(values).map(|(a, v)| a * f64::from(*v)).sum::<f64>();
        }
        self
    }

    fn negated(mut self) -> Mix {
        self.rows.iter_mut().flatten().for_each(|a| *a = -*a);
        self
    }

    /// Without the shifts.
    fn linear(&self) -> Mix {
        Mix { rows: self.rows.clone(), shifts: vec![0.0; self.shifts.len()] }
    }

    /// In front of a depth-to-space of `phases` phases: the same mix within each, results in the order "DCR".
    fn phased(&self, phases: usize, place: impl Fn(usize, usize) -> usize) -> Mix {
        let mut rows = Vec::with_capacity(phases * self.rows.len());
        for phase in 0..phases {
            for from in &self.rows {
                let mut row = vec![0.0; phases * from.len()];
                from.iter().enumerate().for_each(|(channel, a)| row[place(phase, channel)] = *a);
                rows.push(row);
            }
        }
        Mix { rows, shifts: self.shifts.repeat(phases) }
    }

    /// `rows · filters`, of filters of `taps` numbers each.
    fn filters(&self, filters: &[f32], taps: usize) -> Vec<f32> {
        let mixed = |row: &Vec<f64>, tap: usize| -> f32 {
            row.iter().enumerate().map(|(n, a)| a * f64::from(filters[n * taps + tap])).sum::<f64>() as f32
        };
        self.rows.iter().flat_map(|row| (0..taps).map(move |tap| mixed(row, tap))).collect()
    }
}

struct Mixer<'a> {
    graph: &'a Graph,
    copies: &'a Copies,
    /// Single channels that may be read by arithmetic which broadcasts them.
    singles: HashSet<&'a str>,
    producers: HashMap<&'a str, usize>,
    readers: HashMap<&'a str, usize>,
    names: Names,
    nodes: Vec<NodeProto>,
    constants: Vec<(String, Tensor)>,
}

impl<'a> Mixer<'a> {
    /// The name of the mix of `value`.
    fn mixed(&mut self, value: &'a str, mix: Mix, steps: usize) -> String {
        if self.singles.contains(value) {
            return self.of_copies(value, &mix);
        }
        if let Some(single) = self.copies.get(value) {
            return self.of_copies(single, &mix);
        }
        let maker = self.maker(value).filter(|_| steps > 0);
        match maker.and_then(|node| self.through(node, &mix, steps)) {
            Some(name) => name,
            None => self.pointwise(value, &mix),
        }
    }

    /// The node that makes `value`, if nobody else reads it.
    fn maker(&self, value: &str) -> Option<&'a NodeProto> {
        let sole = self.readers.get(value) == Some(&1);
        self.producers.get(value).filter(|_| sole).map(|&index| &self.graph.nodes[index])
    }

    /// Whether a mix of `value` costs nothing.
    fn takes_in(&self, value: &str) -> bool {
        let is_conv = |node: &NodeProto| node.is("Conv") || node.is("ConvTranspose");
        self.copies.contains_key(value) || self.maker(value).is_some_and(is_conv)
    }

    /// The mix of what `node` makes, if it can be had in front of it.
    fn through(&mut self, node: &'a NodeProto, mix: &Mix, steps: usize) -> Option<String> {
        match node.op_type.as_str() {
            _ if !node.in_onnx_domain() => None,
            "Conv" => self.fold_into_conv(node, mix),
            "ConvTranspose" => self.fold_into_transposed(node, mix),
            "DepthToSpace" => self.through_shuffle(node, mix, steps),
            "Resize" => self.through_resize(node, mix.clone(), steps),
            "Add" | "Sub" | "Mul" | "Div" => match self.constant(node, mix.inputs()) {
                Some((values, place)) => self.through_constant(node, mix.clone(), &values, place, steps),
                None => self.through_sum(node, mix.clone(), steps),
            },
            _ => None,
        }
    }

    fn floats(&self, name: &str) -> Option<(&'a [usize], &'a [f32])> {
        let tensor = self.graph.constants.get(name)?;
        Some((&tensor.dims, tensor.as_floats()?))
    }

    /// The operand that is one number or one per channel, and its place.
    fn constant(&self, node: &NodeProto, channels: usize) -> Option<(Vec<f32>, usize)> {
        let at = |place: usize| self.graph.constants.get(node.arg(place)?)?.per_channel(channels);
        (0..2).find_map(|place| Some((at(place)?, place)))
    }

    fn through_constant(
        &mut self,
        node: &'a NodeProto,
        mix: Mix,
        values: &[f32],
        place: usize,
        steps: usize,
    ) -> Option<String> {
        let inverse = || values.iter().map(|a| 1.0 / a).collect::<Vec<_>>();
        let mix = match (node.op_type.as_str(), place) {
            ("Add", _) => mix.shifted(values, 1.0),
            ("Sub", 1) => mix.shifted(values, -1.0),
            ("Sub", _) => mix.shifted(values, 1.0).negated(),
            ("Mul", _) => mix.scaled(values),
            ("Div", 1) => mix.scaled(&inverse()),
            _ => return None,
        };
        Some(self.mixed(node.arg(1 - place)?, mix, steps - 1))
    }

    /// The sum or difference of two values.
    fn through_sum(&mut self, node: &'a NodeProto, mix: Mix, steps: usize) -> Option<String> {
        let (a, b) = (node.arg(0)?, node.arg(1)?);
        let dynamic = [a, b].iter().all(|name| !self.graph.constants.contains_key(*name));
        // Two mixes in the place of one are worth it only where one of them vanishes.
        let gains =
            self.takes_in(a) || self.takes_in(b) || self.maker(a).is_some_and(|n| n.is("DepthToSpace"));
        if !matches!(node.op_type.as_str(), "Add" | "Sub") || !dynamic || !gains {
            return None;
        }
        let second = mix.linear();
        let [a, b] = [self.mixed(a, mix, steps - 1), self.mixed(b, second, steps - 1)];
        Some(self.node(&node.op_type, &[&a, &b], node.out(), node.attribute.clone()))
    }

    fn through_resize(&mut self, node: &'a NodeProto, mix: Mix, steps: usize) -> Option<String> {
        let plain = node.text("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize"
            && !node.has("axes")
            && node.arg(1).is_none();
        let (_, scales) = self.floats(node.arg(2)?).filter(|_| plain)?;
        if !matches!(scales, [1.0, 1.0, _, _]) {
            return None;
        }
        let small = self.mixed(node.arg(0)?, mix, steps - 1);
        Some(self.node("Resize", &[&small, "", node.arg(2)?], node.out(), node.attribute.clone()))
    }

    fn through_shuffle(&mut self, node: &'a NodeProto, mix: &Mix, steps: usize) -> Option<String> {
        let input = node.arg(0).filter(|name| self.takes_in(name))?;
        let side = usize::try_from(node.int("blocksize", 0)).ok().filter(|side| (1..=16).contains(side))?;
        let (phases, channels) = (side * side, mix.inputs());
        let side_by_side = node.text("mode", "DCR") == "CRD";
        let phased = mix.phased(phases, |phase, channel| match side_by_side {
            true => channel * phases + phase,
            false => phase * channels + channel,
        });
        let phases = self.mixed(input, phased, steps - 1);
        let block = vec![AttributeProto::int("blocksize", side as i64)];
        Some(self.node("DepthToSpace", &[&phases], node.out(), block))
    }

    fn fold_into_conv(&mut self, conv: &'a NodeProto, mix: &Mix) -> Option<String> {
        let (dims, weights) = self.floats(conv.arg(1)?)?;
        let &[outputs, inputs, height, width] = dims else { return None };
        if conv.int("group", 1) != 1 || outputs != mix.inputs() {
            return None;
        }
        let weights = mix.filters(weights, inputs * height * width);
        let dims = [mix.rows.len(), inputs, height, width];
        self.convolution(conv, Tensor::floats(&dims, weights), mix)
    }

    fn fold_into_transposed(&mut self, conv: &'a NodeProto, mix: &Mix) -> Option<String> {
        let (dims, weights) = self.floats(conv.arg(1)?)?;
        let &[inputs, outputs, height, width] = dims else { return None };
        if conv.int("group", 1) != 1 || outputs != mix.inputs() {
            return None;
        }
        let taps = height * width;
        let mixed = weights.chunks_exact(outputs * taps).flat_map(|filters| mix.filters(filters, taps));
        let dims = [inputs, mix.rows.len(), height, width];
        self.convolution(conv, Tensor::floats(&dims, mixed.collect()), mix)
    }

    /// `conv` with other weights, and its bias mixed.
    fn convolution(&mut self, conv: &'a NodeProto, weights: Tensor, mix: &Mix) -> Option<String> {
        let shifts = |bias: &[f32]| -> Vec<f32> {
            mix.filters(bias, 1).iter().zip(&mix.shifts).map(|(b, shift)| b + *shift as f32).collect()
        };
        let bias = match conv.arg(2) {
            Some(name) => shifts(self.floats(name).filter(|(_, bias)| bias.len() == mix.inputs())?.1),
            None => shifts(&vec![0.0; mix.inputs()]),
        };
        Some(self.conv(&conv.op_type, conv.arg(0)?, weights, bias, conv.out(), conv.attribute.clone()))
    }

    /// The mix of three copies of `single`, of which every row is a multiple.
    fn of_copies(&mut self, single: &str, mix: &Mix) -> String {
        let sums: Vec<f64> = mix.rows.iter().map(|row| row.iter().sum()).collect();
        if let ([sum], [0.0]) = (&sums[..], &mix.shifts[..])
            && (sum - 1.0).abs() < f64::from(f32::EPSILON)
        {
            return single.to_owned();
        }
        let rows = sums.into_iter().map(|sum| vec![sum]).collect();
        self.pointwise(single, &Mix { rows, shifts: mix.shifts.clone() })
    }

    fn pointwise(&mut self, value: &str, mix: &Mix) -> String {
        let weights = mix.rows.iter().flatten().map(|a| *a as f32).collect();
        let weights = Tensor::floats(&[mix.rows.len(), mix.inputs(), 1, 1], weights);
        let bias = mix.shifts.iter().map(|shift| *shift as f32).collect();
        self.conv("Conv", value, weights, bias, value, vec![AttributeProto::ints("kernel_shape", &[1, 1])])
    }

    fn conv(
        &mut self,
        op: &str,
        input: &str,
        weights: Tensor,
        bias: Vec<f32>,
        hint: &str,
        attributes: Vec<AttributeProto>,
    ) -> String {
        let [weights_name, bias_name] =
            ["weights", "bias"].map(|what| self.names.fresh(&format!("{hint}_mixed_{what}")));
        self.constants.push((bias_name.clone(), Tensor::floats(&[bias.len()], bias)));
        self.constants.push((weights_name.clone(), weights));
        self.node(op, &[input, &weights_name, &bias_name], hint, attributes)
    }

    fn node(&mut self, op: &str, inputs: &[&str], hint: &str, attributes: Vec<AttributeProto>) -> String {
        let name = self.names.fresh(&format!("{hint}_mixed"));
        self.nodes.push(NodeProto::single(op, inputs, &name, attributes));
        name
    }
}
