//! Convolutions of the networks' shapes, one thread, 64, 128 and 256 pixels a side.
//!
//! Measured: [`Conv::run`] on planes that are there, into planes that are there, scratch grown before. Not measured:
//! preparing the weights, conversions from and to NCHWc. Throughput counts the multiplications and additions
//! of the definition (2 k² per input channel, output channel and pixel), however few are done: so it can exceed what the
//! machine can do.
//!
//! `UPSCALER_KERNELS=avx2 cargo bench --bench kernel` compares instruction sets.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a benchmark that cannot begin should panic")]

use divan::Bencher;
use divan::counter::ItemsCount;
use upscaler_kernel::{Activation, Activations, Conv, ConvSpec, Epilogue, Isa, LANES, Scratch, plane_count};

/// Name, channels of each concatenated input, outputs, kernel, epilogue.
type Shape = (&'static str, &'static [usize], usize, usize, Epilogue);

fn shapes() -> Vec<Shape> {
    let activate = Epilogue::Activate;
    vec![
        ("3x3 3-64 relu", &[3], 64, 3, activate(Activation::Relu)),
        ("3x3 32-32 relu", &[32], 32, 3, activate(Activation::Relu)),
        ("3x3 48-48 swish", &[48], 48, 3, activate(Activation::Swish)),
        ("3x3 48-48 gate", &[48], 48, 3, Epilogue::Gate),
        ("3x3 64-64 prelu", &[64], 64, 3, activate(Activation::PRelu(vec![0.1; 64]))),
        ("3x3 192-32 leaky", &[64, 32, 32, 32, 32], 32, 3, activate(Activation::LeakyRelu(0.2))),
        ("3x3 192-64 add", &[64, 32, 32, 32, 32], 64, 3, Epilogue::ActivateThenAdd(Activation::Identity)),
        ("3x3 64-12", &[64], 12, 3, activate(Activation::Identity)),
        ("3x3 64-3", &[64], 3, 3, activate(Activation::Identity)),
        ("5x5 64-64 relu", &[64], 64, 5, activate(Activation::Relu)),
        ("1x1 64-64", &[64], 64, 1, activate(Activation::Identity)),
        ("1x1 192-48", &[48; 4], 48, 1, activate(Activation::Identity)),
        ("1x1 128-64 add", &[64; 2], 64, 1, Epilogue::ActivateThenAdd(Activation::Identity)),
        ("1x1 640-64", &[64; 10], 64, 1, activate(Activation::Identity)),
    ]
}

fn isa() -> Isa {
    let named = std::env::var("UPSCALER_KERNELS").ok().and_then(|name| Isa::from_name(&name));
    named.or_else(Isa::detect).unwrap_or(Isa::Portable)
}

/// Numbers without structure, so that no shortcut applies.
fn noise(count: usize, amplitude: f32) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * amplitude
    };
    (0..count).map(|_| next()).collect()
}

#[divan::bench(args = shapes().iter().map(|shape| shape.0).collect::<Vec<_>>(), consts = [64, 128, 256])]
fn convolution<const SIZE: usize>(bencher: Bencher, name: &str) {
    let Some((_, inputs, outputs, kernel, epilogue)) = shapes().into_iter().find(|shape| shape.0 == name)
    else {
        return;
    };
    let channels: usize = inputs.iter().sum();
    let weights =
        noise(outputs * channels * kernel * kernel, 1.0 / ((channels * kernel * kernel) as f32).sqrt());
    let residuals = if epilogue.has_residual() { plane_count(outputs) } else { 0 };
    let spec =
        ConvSpec { inputs: inputs.to_vec(), outputs, kernel, padding: kernel / 2, upsample: false, epilogue };
    let conv = Conv::new(isa(), &spec, &weights, &vec![0.1; outputs]).expect("a valid specification");

    let plane = || noise(SIZE * SIZE * LANES, 1.0);
    let planes: Vec<_> =
        inputs.iter().flat_map(|&segment| (0..plane_count(segment)).map(|_| plane())).collect();
    let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
    let residual: Vec<_> = (0..residuals).map(|_| plane()).collect();
    let residual: Vec<&[f32]> = residual.iter().map(Vec::as_slice).collect();
    let picture = Activations::whole(SIZE, SIZE, &planes, &residual);
    let mut output: Vec<_> = (0..plane_count(outputs)).map(|_| plane()).collect();
    let mut output: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
    let mut scratch = Scratch::new();

    bencher
        .counter(ItemsCount::new(2 * SIZE * SIZE * channels * outputs * kernel * kernel))
        .bench_local(|| conv.run(picture, &mut output, &mut scratch));
}

/// A 3x3 convolution of 64 channels and a 1x1 convolution of its result with a residual: as two, and fused.
#[divan::bench(args = [false, true], consts = [64, 128, 256])]
fn fused_pointwise<const SIZE: usize>(bencher: Bencher, fused: bool) {
    const OUTPUTS: usize = 128;
    let add = Epilogue::AddThenActivate(Activation::Identity);
    let relu = Epilogue::Activate(Activation::Relu);
    let spec = |kernel: usize, outputs: usize, epilogue: &Epilogue| ConvSpec {
        inputs: vec![64],
        outputs,
        kernel,
        padding: kernel / 2,
        upsample: false,
        epilogue: epilogue.clone(),
    };
    let (weights, bias) = (noise(64 * 64 * 9, 0.04), vec![0.1; OUTPUTS]);
    let conv =
        || Conv::new(isa(), &spec(3, 64, &relu), &weights, &bias[..64]).expect("a valid specification");
    let pointwise = noise(64 * OUTPUTS, 0.1);
    let second = Conv::new(isa(), &spec(1, OUTPUTS, &add), &pointwise, &bias).expect("a valid specification");
    let both = conv().fuse_pointwise(&add, &pointwise, &bias).expect("a valid fused");
    let first = conv();

    let planes = |count: usize| (0..count).map(|_| noise(SIZE * SIZE * LANES, 1.0)).collect::<Vec<_>>();
    let (input, mut between, residual, mut output) = (planes(4), planes(4), planes(8), planes(8));
    let input: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
    let residual: Vec<&[f32]> = residual.iter().map(Vec::as_slice).collect();
    let mut scratch = Scratch::new();
    bencher.bench_local(|| {
        let mut output: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
        if fused {
            return both.run(Activations::whole(SIZE, SIZE, &input, &residual), &mut output, &mut scratch);
        }
        {
            let mut between: Vec<&mut [f32]> = between.iter_mut().map(Vec::as_mut_slice).collect();
            first.run(Activations::whole(SIZE, SIZE, &input, &[]), &mut between, &mut scratch)?;
        }
        let between: Vec<&[f32]> = between.iter().map(Vec::as_slice).collect();
        second.run(Activations::whole(SIZE, SIZE, &between, &residual), &mut output, &mut scratch)
    });
}

fn main() {
    divan::main();
}
