//! An image on its way through everything but codecs and the network: cutting tiles out of the picture, queueing them,
//! and stitching the results together.
//!
//! Measured: a whole job on one megapixel of raw pixels with a network that costs nothing, because its result is there
//! before; one worker. Not measured: what the network does, reading and writing files. Throughput counts the samples of
//! the result.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a benchmark that cannot begin should panic")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use upscaler_node::engine::{Engine, Engines, RunContext, Signature, Sink, TileLimits};
use upscaler_node::error::Error;
use upscaler_node::graph::SpatialGeometry;
use upscaler_node::raster::{Raster, Samples};
use upscaler_node::upscale::{
    Counters, Hooks, Input, Job, Limits, LoadedNetwork, Networks, Options, OutputKind, Places, Ticket,
};
use upscaler_node::workers::{Cancel, Pool, Share};

const SIDE: u32 = 1024;
const SCALE: u32 = 2;
const HALO: u32 = 21;

/// Gives the same values for every tile.
struct Ready {
    signature: Signature,
    values: Vec<f32>,
}

impl Ready {
    fn new(channels: usize) -> Ready {
        let geometry = SpatialGeometry { scale: SCALE, radius: Some(HALO), valid_crop: 0, size_multiple: 1 };
        let limits = TileLimits { max_pixels: 256 * 1024, max_width: 1024, ..TileLimits::UNLIMITED };
        let largest = (SIDE + 2 * HALO) as usize * SCALE as usize;
        Ready {
            signature: Signature {
                channels_in: channels,
                channels_out: channels,
                geometry,
                halo: HALO,
                alignment: 4,
                limits,
                fixed_size: None,
                input_range: (0.0, 1.0),
                output_range: (0.0, 1.0),
                guarded: false,
                multiplies: false,
            },
            values: (0..channels * largest * largest).map(|i| i as f32 * 1e-7).collect(),
        }
    }
}

impl Engine for Ready {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        planes: &[f32],
        height: usize,
        width: usize,
        _: &RunContext,
        sink: Sink,
    ) -> Result<(), Error> {
        divan::black_box(planes);
        let (height, width) = (height * SCALE as usize, width * SCALE as usize);
        sink(&self.values[..self.signature.channels_out * height * width], height, width)
    }
}

fn picture(channels: u8) -> Raster {
    let samples = (0..SIDE * SIDE * u32::from(channels)).map(|i| (i * 7 % 251) as u8).collect();
    Raster { width: SIDE, height: SIDE, channels, samples: Samples::U8(samples) }
}

/// Channels of the picture and of the network, and what comes out.
const CASES: [(&str, u8, usize, OutputKind); 5] = [
    ("rgb", 3, 3, OutputKind::Raw),
    ("grey by colours", 1, 3, OutputKind::Raw),
    ("grey", 1, 1, OutputKind::Raw),
    ("rgba", 4, 4, OutputKind::Raw),
    ("rgb to floats", 3, 3, OutputKind::Tensor),
];

#[divan::bench(args = CASES.iter().map(|case| case.0))]
fn stitching(bencher: Bencher, name: &str) {
    let Some((_, channels, planes, output)) = CASES.into_iter().find(|case| case.0 == name) else { return };
    let (engine, pool) = (Arc::new(Ready::new(planes)), Pool::new(1).expect("a thread"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let count = SIDE as usize * SIDE as usize * usize::from(channels) * (SCALE * SCALE) as usize;
    bencher.counter(ItemsCount::new(count)).with_inputs(|| picture(channels)).bench_local_values(|picture| {
        let engines = Engines { primary: engine.clone(), grey: None };
        let network = LoadedNetwork { name: "ready".to_owned(), engines };
        let job = Job {
            networks: Arc::new(Networks::new(network, Vec::new())),
            input: Input::Pixels { width: SIDE, height: SIDE, fetch: Box::new(|| Ok(picture)) },
            options: Options { output, ..Options::default() },
            limits: Limits::default(),
            cancel: Cancel::default(),
            hooks: Hooks::default(),
            listener: None,
            stream: None,
        };
        let ticket =
            Ticket::new(&Arc::new(Counters::default()), &Places::new(16, 256)).expect("a free place");
        runtime.block_on(job.run(&pool, Share::new(1), ticket)).expect("a result")
    });
}

fn main() {
    divan::main();
}
