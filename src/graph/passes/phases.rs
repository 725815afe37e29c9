//! A picture enlarged by `s` as `s * s` times the channels at the small size: one group of channels for each phase, the
//! place of a pixel in its square of `s` by `s`, row after row, as depth-to-space wants them.

use crate::graph::ir::{Graph, Names};
use crate::graph::proto::{AttributeProto, NodeProto};
use crate::graph::tensor::Tensor;

/// A convolution, transposed or not, of all channels by constants, without dilation.
pub struct Filters<'a> {
    pub weights: &'a [f32],
    /// As the operator orders them.
    pub dims: [usize; 4],
    bias: Option<&'a [f32]>,
    /// Rows and columns at the beginning, then at the end.
    pub pads: [i64; 4],
}

impl<'a> Filters<'a> {
    pub fn of(graph: &'a Graph, node: &'a NodeProto) -> Option<Filters<'a>> {
        let dilated = node.ints("dilations").is_some_and(|values| values.iter().any(|&v| v != 1));
        if node.int("group", 1) != 1 || dilated || node.text("auto_pad", "NOTSET") != "NOTSET" {
            return None;
        }
        let weights = graph.constants.get(node.arg(1)?)?;
        let bias = match node.arg(2) {
            Some(name) => Some(graph.constants.get(name)?.as_floats()?),
            None => None,
        };
        let pads: [i64; 4] = node.ints("pads").unwrap_or(&[0; 4]).try_into().ok()?;
        let dims = weights.dims[..].try_into().ok()?;
        pads.iter().all(|&pad| pad >= 0).then_some(Filters {
            weights: weights.as_floats()?,
            dims,
            bias,
            pads,
        })
    }
}

/// What the taps of one axis of a filter become at the small size.
pub struct Taps {
    /// The pixels that the first and the last tap there read, counted from the phase's own.
    pub first: i64,
    pub last: i64,
    /// Padding at the end; at the beginning it is `-first`.
    pub after: i64,
    /// The pixel that `[phase][tap]` reads, if it does.
    pub pixels: Vec<Vec<Option<i64>>>,
}

impl Taps {
    fn len(&self) -> usize {
        (self.last - self.first + 1) as usize
    }

    /// Each phase with each of its taps, and the tap that it is added to.
    fn places(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let of_phase = |(phase, taps): (usize, &Vec<Option<i64>>)| -> Vec<_> {
            let place = |(tap, pixel): (usize, &Option<i64>)| Some((phase, tap, (*pixel)? - self.first));
            taps.iter().enumerate().filter_map(place).collect()
        };
        let places = self.pixels.iter().enumerate().flat_map(of_phase);
        places.map(|(phase, tap, place)| (phase, tap, place as usize))
    }
}

/// A convolution that computes all phases of an enlarged picture.
pub struct PhaseConv {
    scale: usize,
    weights: Tensor,
    /// One per output of the picture, the same for all phases.
    bias: Option<Vec<f32>>,
    /// Rows and columns of padding at the beginning, then at the end.
    pads: [i64; 4],
}

impl PhaseConv {
    /// With the taps of `outputs` filters placed by `rows` and `columns`; `weight` gives the tap of an output, an input, a
    /// row and a column. `None` if the bias has another length.
    pub fn new(
        filters: &Filters,
        [outputs, inputs]: [usize; 2],
        [rows, columns]: [Taps; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Option<PhaseConv> {
        let scale = rows.pixels.len();
        let dims = [scale * scale * outputs, inputs, rows.len(), columns.len()];
        let mut weights = vec![0.0f32; dims.iter().product()];
        for (fy, ty, row) in rows.places() {
            for (fx, tx, column) in columns.places() {
                for (output, input) in (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))) {
                    let filter = ((fy * scale + fx) * outputs + output) * inputs + input;
                    weights[(filter * dims[2] + row) * dims[3] + column] += weight(output, input, ty, tx);
                }
            }
        }
        filters.bias.is_none_or(|bias| bias.len() == outputs).then(|| PhaseConv {
            scale,
            weights: Tensor::floats(&dims, weights),
            bias: filters.bias.map(<[f32]>::to_vec),
            pads: [-rows.first, -columns.first, rows.after, columns.after],
        })
    }

    /// The convolution of `input`, and the depth-to-space that makes `output` of it.
    pub fn nodes(
        self,
        input: &str,
        output: &str,
        names: &mut Names,
        constants: &mut Vec<(String, Tensor)>,
    ) -> Vec<NodeProto> {
        let [weights, bias, phases] =
            ["weights", "bias", "phases"].map(|what| names.fresh(&format!("{output}_{what}")));
        let mut inputs = vec![input, &weights];
        if let Some(values) = self.bias {
            let repeated = values.repeat(self.scale * self.scale);
            constants.push((bias.clone(), Tensor::floats(&[repeated.len()], repeated)));
            inputs.push(&bias);
        }
        let kernel: Vec<i64> = self.weights.dims[2..].iter().map(|&taps| taps as i64).collect();
        let attributes =
            vec![AttributeProto::ints("kernel_shape", &kernel), AttributeProto::ints("pads", &self.pads)];
        let conv = NodeProto::single("Conv", &inputs, &phases, attributes);
        constants.push((weights, self.weights));
        let block = vec![AttributeProto::int("blocksize", self.scale as i64)];
        vec![conv, NodeProto::single("DepthToSpace", &[&phases], output, block)]
    }
}
