//! Reading a network and rewriting it: what loading a model costs beside ONNX Runtime's own part.
//!
//! Measured: from the message of an `.onnx` to the network in the engine's form, for a network of 32 convolutions of 64
//! channels in which one pass finds work at every convolution; `plain` is the same without any: what is over that is the
//! pass. Then the steps from there to the engine: the rewrites for ONNX Runtime's kernels (`lower`) and handing the body
//! to ours (`split`). Not measured: reading files, and making sessions.

use divan::Bencher;
use upscaler_node::graph::{Attribute, Builder, ModelProto, Network, Tensor, split};
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
        x = net.conv(&x, [CHANNELS, CHANNELS]);
        if pass == "affine" {
            x = net.number("Mul", &x, 0.5);
            x = net.number("Add", &x, 0.5);
        }
        x = net.0.node("Relu", &[&x], vec![]);
    }
    if pass == "upsample_conv" {
        x = net.resize(&x, "nearest");
        x = net.conv(&x, [3, CHANNELS]);
    } else {
        x = net.conv(&x, [12, CHANNELS]);
        x = net.0.node("DepthToSpace", &[&x], vec![Attribute::int("blocksize", 2)]);
    }
    if pass == "resize_conv" {
        let large = net.resize("input", "cubic");
        x = net.0.node("Add", &[&x, &large], vec![]);
    }
    net.0.finish(3, None, &x)
}

#[divan::bench(args = ["plain", "affine", "upsample_conv", "resize_conv"])]
fn reading(bencher: Bencher, pass: &str) {
    bencher.with_inputs(|| model(pass)).bench_values(Network::from_model);
}

#[divan::bench]
fn grey(bencher: Bencher) {
    bencher.with_inputs(|| model("plain")).bench_values(|model| Network::grey_from_model(model, LUMA));
}

#[divan::bench]
fn lower(bencher: Bencher) {
    let network = Network::from_model(model("plain")).expect("a network");
    bencher.bench(|| network.to_bytes());
}

#[divan::bench]
fn body(bencher: Bencher) {
    let network = Network::from_model(model("plain")).expect("a network");
    let isa = Isa::detect().unwrap_or(Isa::Portable);
    bencher.bench(|| split(network.graph(), isa));
}

fn main() {
    divan::main();
}
