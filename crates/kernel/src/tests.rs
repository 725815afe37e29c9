//! Whole convolutions against the definition, and against each other bit by bit.

use std::ops::Range;

use proptest::prelude::*;

use super::reference::{self, Problem};
use super::*;

mod activations;
mod fused_pointwise;
mod refusals;
mod transforms;

fn isas() -> Vec<Isa> {
    [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter(|isa| isa.is_available()).collect()
}

fn spec(kernel: usize, padding: usize) -> ConvSpec {
    let epilogue = Epilogue::Activate(Activation::Identity);
    ConvSpec { inputs: vec![2], outputs: 1, kernel, padding, upsample: false, epilogue }
}

/// A small generator: proptest shrinks the shapes, the contents only need to be varied.
struct Noise(u32);

impl Noise {
    /// Floats evenly spread over -1..1.
    fn floats(&mut self, count: usize) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }
}

#[derive(Clone, Debug)]
struct Case {
    spec: ConvSpec,
    height: usize,
    width: usize,
    seed: u32,
}

/// A case's numbers: tensors `[channels][height][width]`.
struct Data {
    input: Vec<f32>,
    /// What is convolved: the input, upsampled where the case says so.
    convolved: Vec<f32>,
    filters: Vec<f32>,
    bias: Vec<f32>,
    residual: Vec<f32>,
    out_height: usize,
    out_width: usize,
}

impl Case {
    fn channels(&self) -> usize {
        self.spec.inputs.iter().sum()
    }

    fn scale(&self) -> usize {
        if self.spec.upsample { 2 } else { 1 }
    }

    fn data(&self) -> Data {
        let mut noise = Noise(self.seed);
        let ConvSpec { outputs, kernel, padding, .. } = self.spec;
        let shrink = kernel - 1 - 2 * padding;
        let scale = self.scale();
        let (out_height, out_width) = (self.height * scale - shrink, self.width * scale - shrink);
        let input = noise.floats(self.channels() * self.height * self.width);
        let rows = input.chunks_exact(self.width).flat_map(|row| std::iter::repeat_n(row, scale));
        let convolved = rows.flatten().flat_map(|&x| std::iter::repeat_n(x, scale)).collect();
        let fan_in = (self.channels() * kernel * kernel) as f32;
        Data {
            input,
            convolved,
            filters: noise
                .floats(outputs * self.channels() * kernel * kernel)
                .iter()
                .map(|x| x * 4.0 / fan_in.sqrt())
                .collect(),
            bias: noise.floats(outputs),
            residual: noise.floats(outputs * out_height * out_width),
            out_height,
            out_width,
        }
    }

    fn problem<'a>(&self, data: &'a Data) -> Problem<'a> {
        Problem {
            input: &data.convolved,
            channels: self.channels(),
            height: self.height * self.scale(),
            width: self.width * self.scale(),
            filters: &data.filters,
            bias: &data.bias,
            kernel: self.spec.kernel,
            padding: self.spec.padding,
        }
    }
}

/// A tensor `[channels][size]` as planes, each segment beginning one of its own.
fn to_planes(tensor: &[f32], segments: &[usize], size: usize) -> Vec<Vec<f32>> {
    let mut planes = Vec::new();
    let mut rest = tensor;
    for &segment in segments {
        let (channels, after) = rest.split_at(segment * size);
        for channels in channels.chunks(LANES * size) {
            let mut plane = vec![f32::NAN; size * LANES];
            to_nchwc(&channels.chunks(size).collect::<Vec<_>>(), &mut plane).unwrap();
            planes.push(plane);
        }
        rest = after;
    }
    planes
}

fn views(planes: &[Vec<f32>]) -> Vec<&[f32]> {
    planes.iter().map(Vec::as_slice).collect()
}

/// The planes that `conv` makes of the picture's rows, in bands of `band` rows.
fn planes(conv: &Conv, picture: Activations, band: usize) -> Vec<Vec<f32>> {
    let (height, width) = conv.output_size(picture.height, picture.width).unwrap();
    let mut planes = vec![vec![f32::NAN; height * width * LANES]; plane_count(conv.outputs())];
    let mut scratch = Scratch::new();
    for top in (0..height).step_by(band) {
        let rows = top..height.min(top + band);
        let floats = rows.start * width * LANES..rows.end * width * LANES;
        let mut output: Vec<&mut [f32]> = planes.iter_mut().map(|plane| &mut plane[floats.clone()]).collect();
        conv.run_rows(picture, rows, &mut output, &mut scratch).unwrap();
    }
    assert!(scratch.bytes() <= conv.scratch_bytes(), "{} > {}", scratch.bytes(), conv.scratch_bytes());
    planes
}

/// Runs the convolution in bands of `band` rows, and returns `[outputs][height][width]`.
fn run(isa: Isa, case: &Case, data: &Data, band: usize) -> Vec<f32> {
    let conv = Conv::new(isa, &case.spec, &data.filters, &data.bias).unwrap();
    let inputs = to_planes(&data.input, &case.spec.inputs, case.height * case.width);
    let size = data.out_height * data.out_width;
    let residual = to_planes(&data.residual, &[case.spec.outputs], size);
    let (inputs, residual) = (views(&inputs), views(&residual));
    let residual = if case.spec.epilogue.has_residual() { &residual[..] } else { &[] };
    let picture = Activations::whole(case.height, case.width, &inputs, residual);

    let planes = planes(&conv, picture, band);
    let mut out = vec![0.0; case.spec.outputs * size];
    for (channels, plane) in out.chunks_mut(LANES * size).zip(&planes) {
        from_nchwc(plane, &mut channels.chunks_mut(size).collect::<Vec<_>>()).unwrap();
    }
    out
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Identity),
        Just(Activation::Relu),
        (0.0_f32..0.5).prop_map(Activation::LeakyRelu),
        Just(Activation::PRelu(Vec::new())),
        Just(Activation::Sigmoid),
        Just(Activation::Swish),
    ]
}

fn epilogue() -> impl Strategy<Value = Epilogue> {
    prop_oneof![
        activation().prop_map(Epilogue::Activate),
        activation().prop_map(Epilogue::AddThenActivate),
        activation().prop_map(Epilogue::ActivateThenAdd),
        Just(Epilogue::Gate),
    ]
}

/// Cases of up to `size` pixels a side and up to `channels` channels in and out.
fn case(size: usize, channels: usize) -> impl Strategy<Value = Case> {
    let kernel = prop::sample::select(vec![(1_usize, false), (3, false), (3, true), (5, false)]);
    let shape = (kernel, any::<bool>(), 1..=size, 1..=size);
    let channels = (prop::collection::vec(1..=channels / 3, 1..=3), prop_oneof![1..=4_usize, 1..=channels]);
    (shape, channels, epilogue(), any::<u32>()).prop_map(
        |(((kernel, upsample), same, height, width), (inputs, outputs), mut epilogue, seed)| {
            let same = same || upsample;
            let padding = if same { kernel / 2 } else { 0 };
            let shrink = kernel - 1 - 2 * padding;
            if let Epilogue::Activate(Activation::PRelu(slopes))
            | Epilogue::AddThenActivate(Activation::PRelu(slopes))
            | Epilogue::ActivateThenAdd(Activation::PRelu(slopes)) = &mut epilogue
            {
                *slopes = Noise(seed ^ 1).floats(outputs);
            }
            let spec = ConvSpec { inputs, outputs, kernel, padding, upsample, epilogue };
            Case { spec, height: height + shrink, width: width + shrink, seed }
        },
    )
}

/// An activation in double precision, and the steepest it gets.
fn activate(activation: &Activation, channel: usize, x: f64) -> (f64, f64) {
    let leaky = |slope: f64| (if x > 0.0 { x } else { slope * x }, slope.abs().max(1.0));
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Identity => (x, 1.0),
        Activation::Relu => leaky(0.0),
        Activation::LeakyRelu(slope) => leaky(f64::from(*slope)),
        Activation::PRelu(slopes) => leaky(f64::from(slopes[channel])),
        Activation::Sigmoid => (sigmoid, 0.25),
        Activation::Swish => (x * sigmoid, 1.1),
    }
}

/// The epilogue in double precision, and the steepest it gets as a function of x.
fn finish(epilogue: &Epilogue, channel: usize, x: f64, r: f64) -> (f64, f64) {
    match epilogue {
        Epilogue::Activate(activation) => activate(activation, channel, x),
        Epilogue::AddThenActivate(activation) => activate(activation, channel, x + r),
        Epilogue::ActivateThenAdd(activation) => {
            let (y, slope) = activate(activation, channel, x);
            (y + r, slope)
        }
        Epilogue::Gate => {
            let (sigmoid, slope) = activate(&Activation::Sigmoid, channel, x);
            ((x + r) * (sigmoid - 0.5), 0.5 + (x + r).abs() * slope)
        }
    }
}

/// The convolution's own error bound, made as much steeper as the epilogue is, and 4 units in the last place of the
/// values that the epilogue handles for its own arithmetic.
fn assert_matches_the_definition(isa: Isa, case: &Case) {
    let data = case.data();
    let problem = case.problem(&data);
    let exact = reference::direct(&problem);
    let bounds = match case.spec.kernel {
        1 => magnitudes_of_products(&problem),
        _ => reference::error_bound(&problem, 4),
    };
    let found = run(isa, case, &data, data.out_height);
    let size = data.out_height * data.out_width;
    for (i, &found) in found.iter().enumerate() {
        let residual = f64::from(data.residual[i]);
        let (expected, slope) = finish(&case.spec.epilogue, i / size, exact[i], residual);
        let own = 4.0 * f64::from(f32::EPSILON) * (1.0 + exact[i].abs() + residual.abs());
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= bounds[i] * slope + own,
            "{isa:?} {case:?}: value {i} is {found}, expected {expected}, off by {error}, allowed {} * {slope} + {own}",
            bounds[i]
        );
    }
}

/// The bound for one chain of fused multiply-adds.
fn magnitudes_of_products(p: &Problem) -> Vec<f64> {
    let positive = |x: &[f32]| x.iter().map(|x| x.abs()).collect::<Vec<_>>();
    let (input, filters, bias) = (positive(p.input), positive(p.filters), positive(p.bias));
    let magnitudes = reference::direct(&Problem { input: &input, filters: &filters, bias: &bias, ..*p });
    let roundings = (p.channels + 1) as f64 * f64::from(f32::EPSILON) / 2.0;
    magnitudes.into_iter().map(|magnitude| magnitude * roundings).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn convolutions_match_the_definition(case in case(40, 100)) {
        if let Some(isa) = Isa::detect() {
            assert_matches_the_definition(isa, &case);
        }
    }

    #[test]
    fn plain_rust_matches_the_definition(case in case(13, 20)) {
        assert_matches_the_definition(Isa::Portable, &case);
    }

    #[test]
    fn all_instruction_sets_give_the_same_bits(case in case(21, 70)) {
        let data = case.data();
        let expected = bits(&run(Isa::Portable, &case, &data, data.out_height));
        for isa in isas() {
            prop_assert!(bits(&run(isa, &case, &data, data.out_height)) == expected, "{:?}", isa);
        }
    }

    #[test]
    fn row_ranges_give_the_same_bits(case in case(40, 40), band in 1_usize..6) {
        let isa = Isa::detect().unwrap_or(Isa::Portable);
        let data = case.data();
        let whole = bits(&run(isa, &case, &data, data.out_height));
        prop_assert!(bits(&run(isa, &case, &data, 4 * band)) == whole);
    }

    /// A part that is cut out, its corner on a multiple of four, gives the bits of the whole picture wherever it has
    /// all the inputs that these bits depend on.
    #[test]
    fn tiles_give_the_same_bits(case in case(40, 40), cut in [0_usize..40, 0_usize..40, 1_usize..30, 1_usize..30]) {
        let isa = Isa::detect().unwrap_or(Isa::Portable);
        let data = case.data();
        let shrink = case.spec.kernel - 1 - 2 * case.spec.padding;
        let span = |from: usize, length: usize, size: usize| {
            let from = from.min(size - shrink - 1) / 4 * 4;
            from..size.min(from + length + shrink)
        };
        let (rows, columns) = (span(cut[0], cut[2], case.height), span(cut[1], cut[3], case.width));
        let part = Case { height: rows.len(), width: columns.len(), ..case.clone() };
        let scale = case.scale();
        let out_rows = rows.start * scale..rows.end * scale - shrink;
        let out_columns = columns.start * scale..columns.end * scale - shrink;
        let crop_output = |tensor: &[f32]| {
            crop(tensor, data.out_height, data.out_width, out_rows.clone(), out_columns.clone())
        };
        let part_data = Data {
            input: crop(&data.input, case.height, case.width, rows.clone(), columns.clone()),
            residual: crop_output(&data.residual),
            out_height: out_rows.len(),
            out_width: out_columns.len(),
            ..case.data()
        };
        let expected = crop_output(&run(isa, &case, &data, data.out_height));
        let found = run(isa, &part, &part_data, out_rows.len());

        let conv = Conv::new(isa, &case.spec, &data.filters, &data.bias).unwrap();
        let complete = |position: usize, cut: &Range<usize>, size: usize| {
            let reach = conv.bit_reach(position as isize..position as isize + 1);
            (cut.start == 0 || reach.start >= 0) && (cut.end == size || reach.end <= cut.len() as isize)
        };
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let (y, x) = (i / out_columns.len() % out_rows.len(), i % out_columns.len());
            if complete(y, &rows, case.height) && complete(x, &columns, case.width) {
                prop_assert_eq!(found.to_bits(), expected.to_bits(), "at {}, {}", y, x);
            }
        }
    }

    #[test]
    fn the_paper_s_algorithm_is_a_convolution(case in case(9, 6), m in prop::sample::select(vec![2_usize, 4])) {
        prop_assume!(case.spec.kernel > 1);
        let data = case.data();
        let problem = case.problem(&data);
        for (found, expected) in reference::winograd(&problem, m).iter().zip(reference::direct(&problem)) {
            prop_assert!((found - expected).abs() < 1e-10, "{} instead of {}", found, expected);
        }
    }

    #[test]
    fn the_nchwc_layout_is_a_permutation(channels in 1..=LANES, size in 1_usize..50, seed: u32) {
        let tensor = Noise(seed).floats(channels * size);
        let plane = &to_planes(&tensor, &[channels], size)[0];
        for (i, value) in plane.iter().enumerate() {
            let (pixel, channel) = (i / LANES, i % LANES);
            let expected = if channel < channels { tensor[channel * size + pixel] } else { 0.0 };
            prop_assert_eq!(*value, expected);
        }
        let mut back = vec![f32::NAN; tensor.len()];
        from_nchwc(plane, &mut back.chunks_mut(size).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(back, tensor);
    }
}

/// Some rows and columns of a tensor `[channels][height][width]`.
fn crop(tensor: &[f32], height: usize, width: usize, rows: Range<usize>, columns: Range<usize>) -> Vec<f32> {
    let kept = tensor.chunks_exact(width).enumerate().filter(|(row, _)| rows.contains(&(row % height)));
    kept.flat_map(|(_, row)| row[columns.clone()].to_vec()).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn bits_depend_on_no_more_than_the_tile() {
    let conv = |kernel: usize, padding: usize| {
        let spec = spec(kernel, padding);
        Conv::new(Isa::Portable, &spec, &vec![0.0; 2 * kernel * kernel], &[0.0]).unwrap()
    };
    let same = conv(3, 1);
    assert_eq!(same.bit_reach(0..4), -1..5, "a whole tile: the filter's own reach");
    assert_eq!(same.bit_reach(1..2), 0..4, "inside a tile");
    assert_eq!(same.bit_reach(-1..0), -4..1);
    assert_eq!(same.bit_reach(same.bit_reach(0..4)), -4..8);
    assert_eq!(conv(3, 0).bit_reach(4..8), 4..10);
    assert_eq!(conv(5, 2).bit_reach(1..2), -1..5);
    assert_eq!(conv(1, 0).bit_reach(3..9), 3..9);
}
