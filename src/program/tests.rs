//! Programs against their definition, and against themselves where bands or cuts may not show.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::schedule::Schedule;
use super::*;
use crate::kernel::{
    Activation, Activations, Conv, ConvSpec, Epilogue, Isa, LANES, from_nchwc, plane_count, to_nchwc,
};

/// The fastest kernels of this machine: all instruction sets give the same bits.
fn isa() -> Isa {
    Isa::detect().unwrap_or(Isa::Portable)
}

/// A 1x1 convolution whose weight from input i to output o is `weight(o, i)`.
fn mix(inputs: &[usize], outputs: usize, epilogue: Epilogue, weight: impl Fn(usize, usize) -> f32) -> Op {
    let total: usize = inputs.iter().sum();
    let pairs = (0..outputs).flat_map(|o| (0..total).map(move |i| (o, i)));
    let weights: Vec<f32> = pairs.map(|(o, i)| weight(o, i)).collect();
    let spec =
        ConvSpec { inputs: inputs.to_vec(), outputs, kernel: 1, padding: 0, upsample: false, epilogue };
    Op::Conv(Arc::new(Conv::new(isa(), &spec, &weights, &vec![0.0; outputs]).unwrap()))
}

/// A convolution with weights that look like noise.
fn noisy(inputs: &[usize], outputs: usize, kernel: usize, padding: usize, epilogue: Epilogue) -> Op {
    let count = inputs.iter().sum::<usize>() * outputs * kernel * kernel;
    let weights: Vec<f32> = (0..count).map(noise).collect();
    let spec = ConvSpec { inputs: inputs.to_vec(), outputs, kernel, padding, upsample: false, epilogue };
    Op::Conv(Arc::new(Conv::new(isa(), &spec, &weights, &vec![0.1; outputs]).unwrap()))
}

/// A 3x3 convolution with a 1x1 convolution behind it.
fn fused(inputs: &[usize], outputs: usize, epilogue: Epilogue) -> Op {
    let Op::Conv(larger) = noisy(inputs, 12, 3, 1, Epilogue::Activate(Activation::Relu)) else { panic!() };
    let weights: Vec<f32> = (0..12 * outputs).map(noise).collect();
    let larger = Arc::into_inner(larger).unwrap();
    Op::Conv(Arc::new(larger.fuse_pointwise(&epilogue, &weights, &vec![0.1; outputs]).unwrap()))
}

/// Some channels of a value.
fn part(value: usize, channels: Range<usize>) -> Operand {
    Operand { value, channels: Some(channels) }
}

fn noise(i: usize) -> f32 {
    ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5
}

fn identity() -> Epilogue {
    Epilogue::Activate(Activation::Identity)
}

fn step(op: Op, inputs: &[usize]) -> Step {
    Step { op, inputs: inputs.iter().map(|&value| value.into()).collect() }
}

fn run(program: &Program, input: &[f32], size: (usize, usize)) -> Vec<f32> {
    let (channels, height, width) = program.output_shape(size.0, size.1).unwrap();
    let mut output = vec![f32::NAN; channels * height * width];
    program.run(input, size, &mut output, &mut Workspace::default(), &ThreadTeam::SINGLE).unwrap();
    output
}

#[test]
fn values_are_read_until_their_last_reader() {
    // v1 = 2x, v2 = v1 + 3x, v3 = v1 * v2, v4 = v3 + residual v1, v5 = v4 * 0.5 + 1.
    let program = Program::new(
        1,
        vec![
            step(mix(&[1], 1, identity(), |_, _| 2.0), &[0]),
            step(Op::Add { factor: 3.0 }, &[1, 0]),
            step(Op::Mul, &[1, 2]),
            step(mix(&[1], 1, Epilogue::AddThenActivate(Activation::Identity), |_, _| 1.0), &[3, 1]),
            step(Op::Affine { factor: 0.5, offset: 1.0 }, &[4]),
        ],
    )
    .unwrap();
    let values = [1.0_f32, -2.0, 3.0];
    let expected: Vec<f32> = values.iter().map(|x| (2.0 * x * 5.0 * x + 2.0 * x) * 0.5 + 1.0).collect();
    assert_eq!(run(&program, &values, (1, 3)), expected);
}

#[test]
fn depth_to_space_is_onnx_dcr() {
    let (side, channels, height, width) = (2, 32, 2, 3);
    let program = Program::new(side * side * channels, vec![step(Op::DepthToSpace { side }, &[0])]).unwrap();
    let input: Vec<f32> = (0..side * side * channels * height * width).map(|i| i as f32).collect();
    let output = run(&program, &input, (height, width));
    // The definition in ONNX's operator list, index by index.
    for c in 0..channels {
        for y in 0..height * side {
            for x in 0..width * side {
                let from = ((y % side) * side + x % side) * channels + c;
                let expected = input[(from * height + y / side) * width + x / side];
                assert_eq!(output[(c * height * side + y) * width * side + x], expected);
            }
        }
    }
}

#[test]
fn the_pixel_shuffle_takes_any_number_of_channels() {
    let (side, channels, height, width) = (3, 5, 2, 4);
    let input: Vec<f32> = (0..side * side * channels * height * width).map(|i| i as f32).collect();
    for order in [ChannelOrder::Dcr, ChannelOrder::Crd] {
        let same = mix(&[side * side * channels], side * side * channels, identity(), |o, i| {
            f32::from(u8::from(o == i))
        });
        let program = Program::new(side * side * channels, vec![step(same, &[0])]).unwrap();
        let program = program.with_shuffle(PixelShuffle { side, order }).unwrap();
        let output = run(&program, &input, (height, width));
        // ONNX's operator list: DCR is [side, side, C'], CRD is [C', side, side].
        for (i, found) in output.iter().enumerate() {
            let (c, y, x) = (
                i / (height * width * side * side),
                i / (width * side) % (height * side),
                i % (width * side),
            );
            let phase = y % side * side + x % side;
            let from =
                if order == ChannelOrder::Crd { c * side * side + phase } else { phase * channels + c };
            assert_eq!(*found, input[(from * height + y / side) * width + x / side]);
        }
    }
    let three = Program::new(3, vec![step(Op::Affine { factor: 1.0, offset: 0.0 }, &[0])]).unwrap();
    assert_eq!(
        three.with_shuffle(PixelShuffle { side: 2, order: ChannelOrder::Crd }).err().unwrap().code(),
        "ERR_INVALID_ARG_VALUE"
    );
}

#[test]
fn concatenation_is_a_list_of_inputs() {
    // Channels 0..3 and 0..5 of two values; the third of the second is picked.
    let program = Program::new(
        3,
        vec![
            step(mix(&[3], 5, identity(), |o, i| f32::from(u8::from(i == 0)) * o as f32), &[0]),
            step(mix(&[3, 5], 1, identity(), |_, i| f32::from(u8::from(i == 3 + 2))), &[0, 1]),
        ],
    )
    .unwrap();
    assert_eq!(run(&program, &[7.0, 0.0, 0.0], (1, 1)), [14.0]);
}

/// A subgraph with everything in it: skips that are read late, a concatenation, 5x5, valid convolutions on request.
fn network(padding: usize) -> Program {
    let add = Epilogue::AddThenActivate(Activation::Relu);
    let padded = |kernel: usize| if padding == 0 { 0 } else { kernel / 2 };
    let mut steps = vec![
        step(noisy(&[3], 20, 3, padded(3), Epilogue::Activate(Activation::Swish)), &[0]),
        step(noisy(&[20], 20, 3, padded(3), Epilogue::Activate(Activation::Identity)), &[1]),
    ];
    if padding > 0 {
        steps.extend([
            step(noisy(&[20], 20, 3, 1, add.clone()), &[2, 1]),
            step(noisy(&[20, 20, 20], 20, 5, 2, Epilogue::Activate(Activation::LeakyRelu(0.1))), &[1, 2, 3]),
            step(Op::Add { factor: 0.2 }, &[4, 1]),
            step(noisy(&[20], 20, 3, 1, Epilogue::Gate), &[5, 1]),
            step(noisy(&[20], 64, 1, 0, identity()), &[6]),
            step(Op::DepthToSpace { side: 2 }, &[7]),
            step(fused(&[16], 48, Epilogue::Activate(Activation::Relu)), &[8]),
            // Some of a value's channels, and a residual of several.
            Step { op: noisy(&[16], 16, 3, 1, add.clone()), inputs: vec![part(9, 32..48), part(9, 0..16)] },
            Step { op: fused(&[16], 32, add), inputs: vec![part(9, 16..32), part(9, 0..16), 10.into()] },
            step(noisy(&[32], 3, 3, 1, identity()), &[11]),
        ]);
    }
    Program::new(3, steps).unwrap()
}

/// Step after step on whole pictures, each a program of its own: no bands, no windows.
fn whole(program: &Program, input: &[f32], size: (usize, usize)) -> Vec<f32> {
    let sizes = program.sizes(size.0, size.1).unwrap();
    let mut values = vec![input.to_vec()];
    for step in &program.steps {
        let Op::Conv(conv) = &step.op else {
            let first = step.inputs[0].value;
            values.push(other(step, program.channels[first], &values, sizes[first]));
            continue;
        };
        values.push(convolved(conv, step, &values, &sizes));
    }
    values.pop().unwrap()
}

fn other(step: &Step, channels: usize, values: &[Vec<f32>], size: (usize, usize)) -> Vec<f32> {
    let input = |place: usize| &values[step.inputs[place].value];
    match step.op {
        Op::Add { factor } => input(0).iter().zip(input(1)).map(|(a, b)| a + factor * b).collect(),
        Op::DepthToSpace { .. } => {
            let alone = Step { op: step.op.clone(), inputs: vec![0.into()] };
            run(&Program::new(channels, vec![alone]).unwrap(), input(0), size)
        }
        _ => panic!("not in the test's network"),
    }
}

fn convolved(conv: &Conv, step: &Step, values: &[Vec<f32>], sizes: &[(usize, usize)]) -> Vec<f32> {
    let to_planes = |source: &Operand| {
        let pixels = sizes[source.value].0 * sizes[source.value].1;
        let channels: Vec<&[f32]> = values[source.value].chunks(pixels).collect();
        let read = source.channels.clone().unwrap_or(0..channels.len());
        let channels = &channels[read];
        let planes = channels.chunks(LANES).map(|channels| {
            let mut plane = vec![0.0; pixels * LANES];
            to_nchwc(channels, &mut plane).unwrap();
            plane
        });
        planes.collect::<Vec<_>>()
    };
    let split = conv.inputs().len();
    let inputs: Vec<Vec<f32>> = step.inputs[..split].iter().flat_map(to_planes).collect();
    let residual: Vec<Vec<f32>> = step.inputs[split..].iter().flat_map(to_planes).collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let residual: Vec<&[f32]> = residual.iter().map(Vec::as_slice).collect();
    let (height, width) = sizes[step.inputs[0].value];
    let (out_height, out_width) = conv.output_size(height, width).unwrap();
    let mut planes = vec![vec![0.0; out_height * out_width * LANES]; plane_count(conv.outputs())];
    let mut outputs: Vec<&mut [f32]> = planes.iter_mut().map(Vec::as_mut_slice).collect();
    conv.run(Activations::whole(height, width, &inputs, &residual), &mut outputs, &mut Scratch::new())
        .unwrap();
    let mut out = vec![0.0; conv.outputs() * out_height * out_width];
    let mut channels: Vec<&mut [f32]> = out.chunks_mut(out_height * out_width).collect();
    for (plane, channels) in planes.iter().zip(channels.chunks_mut(LANES)) {
        from_nchwc(plane, channels).unwrap();
    }
    out
}

fn picture(height: usize, width: usize) -> Vec<f32> {
    (0..3 * height * width).map(|i| noise(i + 77)).collect()
}

#[test]
fn streaming_gives_the_bits_of_whole_layers() {
    for (height, width) in [(1, 1), (3, 9), (13, 7), (61, 33), (40, 900)] {
        let input = picture(height, width);
        let program = network(1);
        assert_eq!(
            run(&program, &input, (height, width)),
            whole(&program, &input, (height, width)),
            "{width}x{height}"
        );
    }
    let program = network(0);
    let input = picture(50, 300);
    assert_eq!(run(&program, &input, (50, 300)), whole(&program, &input, (50, 300)));
}

#[test]
fn a_cut_with_the_halo_of_bit_reach_does_not_show() {
    let program = network(1);
    let (reach, alignment) = (program.bit_reach(), program.alignment());
    let (height, width) = (8 + 2 * reach.next_multiple_of(4), 20);
    let input = picture(height, width);
    let all = run(&program, &input, (height, width));
    let cut = reach.next_multiple_of(alignment);
    let part: Vec<f32> =
        input.chunks(height * width).flat_map(|channel| channel[8 * width..].to_vec()).collect();
    let below = run(&program, &part, (height - 8, width));
    let rows = |output: &[f32], height: usize, from: usize| {
        output.chunks(2 * height * 2 * width).flat_map(|c| c[from * 2 * width..].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&all, height, 2 * (8 + cut)), rows(&below, height - 8, 2 * cut));
}

#[test]
fn memory_is_bounded_by_the_width_and_used_again() {
    let program = network(1);
    let mut workspace = Workspace::default();
    let mut held = |height: usize| {
        let (input, mut output) = (picture(height, 64), vec![0.0; 3 * 4 * height * 64]);
        program.run(&input, (height, 64), &mut output, &mut workspace, &ThreadTeam::SINGLE).unwrap();
        workspace.bytes()
    };
    let tall = held(400);
    assert_eq!(held(400), tall);
    assert_eq!(held(800), tall);
}

#[test]
fn wide_rows_behind_an_upsample_are_made_few_at_a_time() {
    let steps = vec![
        step(noisy(&[3], 16, 3, 1, identity()), &[0]),
        step(Op::NearestUpsample { factor: 4 }, &[1]),
        step(noisy(&[16], 16, 3, 1, identity()), &[2]),
    ];
    let program = Program::new(3, steps).unwrap();
    let sizes = program.sizes(100, 1000).unwrap();
    let schedule = || Schedule::new(&program, &sizes, 1);
    // Eight rows of the input at a time are 32 of the upsample picture; eight of those, and what a filter reaches back, do.
    assert_eq!((schedule().rows(1), schedule().rows(2)), (8, 8));
    let windows = schedule().windows(&sections::sections(&program, &schedule(), usize::MAX));
    assert!(windows[2] <= 16 && windows[3] <= 8, "{windows:?}");
}

#[test]
fn threads_that_come_and_go_change_no_bit() {
    let program = network(2);
    let (height, width) = (3001, 30);
    let input = picture(height, width);
    let alone = run(&program, &input, (height, width));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let band = AtomicUsize::new(0);
    let on_band = || Ok([3, 1, 2][band.fetch_add(1, Ordering::Relaxed) % 3]);
    let mut on_team = vec![f32::NAN; alone.len()];
    let team = ThreadTeam { pool: Some(&pool), on_band: &on_band, ..ThreadTeam::SINGLE };
    program.run(&input, (height, width), &mut on_team, &mut Workspace::default(), &team).unwrap();
    assert!(band.into_inner() > 3);
    assert_eq!(on_team, alone);
}

#[test]
fn sections_give_the_same_bits_in_less_memory() {
    let relu = || Epilogue::Activate(Activation::Relu);
    let mut steps = vec![step(noisy(&[3], 16, 3, 1, identity()), &[0])];
    for layer in 1..24 {
        // Every fourth layer adds the one that begins its block, as residual networks do.
        let skip = Epilogue::AddThenActivate(Activation::Identity);
        steps.push(match layer % 4 {
            0 => step(noisy(&[16], 16, 3, 1, skip), &[layer, layer - 3]),
            _ => step(noisy(&[16], 16, 3, 1, relu()), &[layer]),
        });
    }
    let program = Program::new(3, steps).unwrap();
    let size = (24, 24);
    let (input, sizes) = (picture(size.0, size.1), program.sizes(size.0, size.1).unwrap());
    let cut = sections::sections(&program, &Schedule::new(&program, &sizes, 1), 100_000);
    assert!(cut.len() > 3, "{cut:?}");
    let held = |section_bytes: usize| {
        let (mut workspace, mut output) = (Workspace::default(), vec![0.0; 16 * size.0 * size.1]);
        let stream =
            StreamingRun::new(&program, &sizes, &mut workspace, section_bytes, &ThreadTeam::SINGLE).unwrap();
        stream.run(&input, &mut output, &ThreadTeam::SINGLE).unwrap();
        (workspace.bytes(), output)
    };
    let ((small, in_sections), (large, streamed)) = (held(100_000), held(usize::MAX));
    assert_eq!(in_sections, streamed);
    assert!(small * 2 < large, "{small} and {large} bytes");
}

#[test]
fn what_does_not_fit_is_refused() {
    let code = |steps| Program::new(3, steps).err().unwrap().code();
    assert_eq!(code(vec![]), "ERR_INVALID_ARG_VALUE");
    assert_eq!(code(vec![step(Op::Mul, &[0, 1])]), "ERR_INVALID_ARG_VALUE");
    assert_eq!(code(vec![step(Op::DepthToSpace { side: 2 }, &[0])]), "ERR_INVALID_ARG_VALUE");
    assert_eq!(code(vec![step(mix(&[4], 1, identity(), |_, _| 1.0), &[0])]), "ERR_INVALID_ARG_VALUE");
    // Parts that begin or end within a plane, or beyond the value.
    for channels in [1..3, 0..2, 0..4, 16..19, 0..0] {
        let cut = Step { op: Op::Mul, inputs: vec![part(0, channels.clone()), part(0, channels)] };
        assert_eq!(code(vec![cut]), "ERR_INVALID_ARG_VALUE");
    }
    let program = Program::new(1, vec![step(Op::Affine { factor: 1.0, offset: 0.0 }, &[0])]).unwrap();
    let mut workspace = Workspace::default();
    let stopped = program.run(
        &[0.0],
        (1, 1),
        &mut [0.0],
        &mut workspace,
        &ThreadTeam { on_band: &|| Err(Error::Aborted), ..ThreadTeam::SINGLE },
    );
    assert_eq!(stopped.unwrap_err().code(), "ABORT_ERR");
    let short = program.run(&[0.0], (1, 1), &mut [], &mut workspace, &ThreadTeam::SINGLE);
    assert_eq!(short.unwrap_err().code(), "ERR_UPSCALER_INFERENCE");
}
