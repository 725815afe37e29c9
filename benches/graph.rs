//! Reading a network and rewriting it: what loading a model costs beside ONNX Runtime's own part.
//!
//! Measured: from the message of an `.onnx` to the network in the engine's form, for a network of 32 convolutions of 64
//! channels in which one pass finds work at every convolution; `plain` is the same without any: what is over that is the
//! pass. Then the steps from there to the engine: the lowering for ONNX Runtime's kernels (`lower`) and the partition
//! for ours (`partition`). Not measured: reading files, and creating sessions.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a benchmark that cannot begin should panic")]

use divan::Bencher;
use upscaler_node::compile::{onnxruntime, program};
use upscaler_node::graph::{Attribute, Builder, ModelProto, Network, Tensor};
use upscaler_node::kernel::Isa;

const CHANNELS: usize = 64;
const CONVOLUTIONS: usize = 32;
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

struct Net(Builder);

impl Net {
    fn conv(&mut self, input: &str, [outputs, inputs]: [usize; 2]) -> String {
        let weights = (0..outputs * inputs * 9).map(|i| (i % 17) as f32 * 0.01).collect();
        let weights = self.0.constant("weights", Tensor::floats(&[outputs, inputs, 3, 3], weights));
        let bias = self.0.constant("bias", Tensor::floats(&[outputs], vec![0.1; outputs]));
        self.0.node("Conv", &[input, &weights, &bias], vec![Attribute::ints("pads", &[1; 4])])
    }

    fn number(&mut self, op: &str, input: &str, value: f32) -> String {
        let constant = self.0.constant("number", Tensor::floats(&[], vec![value]));
        self.0.node(op, &[input, &constant], vec![])
    }

    /// The end of a residual dense block: its input and what it made of it, through a 1x1 convolution.
    fn block(&mut self, input: &str, made: &str) -> String {
        let joined = self.0.node("Concat", &[input, made], vec![Attribute::int("axis", 1)]);
        let weights = (0..2 * CHANNELS * CHANNELS).map(|i| (i % 17) as f32 * 1e-4).collect();
        let weights = self.0.constant("weights", Tensor::floats(&[CHANNELS, 2 * CHANNELS, 1, 1], weights));
        let fused = self.0.node("Conv", &[&joined, &weights], vec![]);
        self.0.node("Add", &[&fused, input], vec![])
    }

    /// A normalisation over channels as TensorFlow writes it.
    fn norm(&mut self, input: &str) -> String {
        let to = |perm: [i64; 4]| vec![Attribute::ints("perm", &perm)];
        let x = self.0.node("Transpose", &[input], to([0, 2, 3, 1]));
        let mean = |net: &mut Net, of: &str| {
            let last = net.0.constant("last", Tensor::ints(&[3]));
            let sum = net.0.node("ReduceSum", &[of, &last], vec![Attribute::int("keepdims", 1)]);
            net.number("Mul", &sum, 1.0 / CHANNELS as f32)
        };
        let square = self.0.node("Mul", &[&x, &x], vec![]);
        let (first, second) = (mean(self, &x), mean(self, &square));
        let squared = self.0.node("Mul", &[&first, &first], vec![]);
        let variance = self.0.node("Sub", &[&second, &squared], vec![]);
        let variance = self.number("Max", &variance, 0.0);
        let variance = self.number("Add", &variance, 1e-3);
        let root = self.0.node("Sqrt", &[&variance], vec![]);
        let inverse = self.0.node("Reciprocal", &[&root], vec![]);
        let [scale, offset] = [1.5, 0.5].map(|value| {
            self.0.constant("each", Tensor::floats(&[1, 1, 1, CHANNELS], vec![value; CHANNELS]))
        });
        let factor = self.0.node("Mul", &[&inverse, &scale], vec![]);
        let centred = self.0.node("Sub", &[&x, &first], vec![]);
        let product = self.0.node("Mul", &[&centred, &factor], vec![]);
        let sum = self.0.node("Add", &[&product, &offset], vec![]);
        self.0.node("Transpose", &[&sum], to([0, 3, 1, 2]))
    }

    fn resize(&mut self, input: &str, mode: &str) -> String {
        let scales = self.0.constant("scales", Tensor::floats(&[4], vec![1.0, 1.0, 2.0, 2.0]));
        self.0.node("Resize", &[input, "", &scales], vec![Attribute::text("mode", mode)])
    }
}

/// A network whose convolutions are surrounded by what the pass of this name rewrites.
fn model(pass: &str) -> ModelProto {
    let mut net = Net(Builder::new());
    let mut x = net.conv("input", [CHANNELS, 3]);
    for _ in 0..CONVOLUTIONS {
        x = layer(&mut net, &x, pass);
    }
    x = enlarged(&mut net, &x, pass);
    net.0.finish(3, None, &x)
}

fn layer(net: &mut Net, input: &str, pass: &str) -> String {
    let mut x = net.conv(input, [CHANNELS, CHANNELS]);
    if pass == "affine" {
        x = net.number("Mul", &x, 0.5);
        x = net.number("Add", &x, 0.5);
    }
    x = net.0.node("Relu", &[&x], vec![]);
    match pass {
        "residual" => net.block(input, &x),
        "layer_norm" => net.norm(&x),
        _ => x,
    }
}

/// The end of the network: the picture, twice as large.
fn enlarged(net: &mut Net, input: &str, pass: &str) -> String {
    match pass {
        "upsample_conv" => {
            let large = net.resize(input, "nearest");
            net.conv(&large, [3, CHANNELS])
        }
        "transposed_conv" => {
            let weights = Tensor::floats(&[CHANNELS, 3, 4, 4], vec![0.1; CHANNELS * 48]);
            let weights = net.0.constant("weights", weights);
            let attributes = vec![Attribute::ints("strides", &[2; 2]), Attribute::ints("pads", &[1; 4])];
            net.0.node("ConvTranspose", &[input, &weights], attributes)
        }
        _ => {
            let phases = net.conv(input, [12, CHANNELS]);
            let x = net.0.node("DepthToSpace", &[&phases], vec![Attribute::int("blocksize", 2)]);
            if pass != "resize_conv" {
                return x;
            }
            let large = net.resize("input", "cubic");
            net.0.node("Add", &[&x, &large], vec![])
        }
    }
}

const PASSES: [&str; 7] =
    ["plain", "affine", "upsample_conv", "transposed_conv", "residual", "layer_norm", "resize_conv"];

#[divan::bench(args = PASSES)]
fn reading(bencher: Bencher, pass: &str) {
    let optimised = |model| Network::from_model(model).and_then(Network::optimised);
    bencher.with_inputs(|| model(pass)).bench_values(optimised);
}

#[divan::bench]
fn grey(bencher: Bencher) {
    bencher.with_inputs(|| model("plain")).bench_values(|model| Network::grey_from_model(model, LUMA));
}

#[divan::bench]
fn lower(bencher: Bencher) {
    let network = Network::from_model(model("plain")).expect("a network");
    bencher.bench(|| onnxruntime::to_bytes(&network));
}

#[divan::bench]
fn partition(bencher: Bencher) {
    let network = Network::from_model(model("plain")).expect("a network");
    let isa = Isa::detect().unwrap_or(Isa::Portable);
    bencher.bench(|| program::partition(network.graph(), isa));
}

fn main() {
    divan::main();
}
