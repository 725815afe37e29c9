//! The whole job with an engine that needs no network: a box blur, zero-padded as convolutions are, then nearest
//! neighbour. Its receptive field is real, so a plan with too little halo shows.

mod alpha;
mod doubling;
mod drawn;
mod guard;
mod output_stream;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::engine::{Engine, Engines, RunContext, Signature, Sink, TileLimits};
use crate::error::Error;
use crate::raster::{self, DecodeOptions, EncodeOptions, Format, Raster, Samples};
use crate::workers::{Cancel, Pool, Share};

/// What a future gives when it is polled once; none while it waits.
pub async fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    tokio::select! { biased; result = future => Some(result), () = std::future::ready(()) => None }
}

struct Blur {
    signature: Signature,
    runs: AtomicUsize,
    pause: Duration,
}

impl Blur {
    fn new(scale: u32, radius: u32, channels: usize) -> Blur {
        Blur {
            signature: Signature {
                channels_in: channels,
                channels_out: channels,
                limits: TileLimits { max_pixels: 60_000, ..TileLimits::UNLIMITED },
                ..Signature::of_convolutions(scale, radius)
            },
            runs: AtomicUsize::new(0),
            pause: Duration::ZERO,
        }
    }

    fn blurred(&self, plane: &[f32], height: usize, width: usize, y: usize, x: usize) -> f32 {
        let radius = self.signature.geometry.radius.unwrap() as usize;
        let mut sum = 0.0;
        for yy in y.saturating_sub(radius)..(y + radius + 1).min(height) {
            for xx in x.saturating_sub(radius)..(x + radius + 1).min(width) {
                sum += plane[yy * width + xx];
            }
        }
        sum / ((2 * radius + 1) * (2 * radius + 1)) as f32
    }
}

impl Engine for Blur {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        planes: &[f32],
        height: usize,
        width: usize,
        context: &RunContext,
        sink: Sink,
    ) -> Result<(), Error> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(self.pause);
        (context.on_progress)(0.5);
        let scale = self.signature.geometry.scale as usize;
        let (out_height, out_width) = (height * scale, width * scale);
        let mut out = Vec::with_capacity(self.signature.channels_out * out_height * out_width);
        for plane in planes.chunks_exact(height * width) {
            for y in 0..out_height {
                out.extend((0..out_width).map(|x| self.blurred(plane, height, width, y / scale, x / scale)));
            }
        }
        sink(&out, out_height, out_width)
    }
}

/// A picture with structure everywhere, the same at every run.
fn picture(width: u32, height: u32, channels: u8) -> Raster {
    let count = width * height * u32::from(channels);
    let samples = (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Raster { width, height, channels, samples: Samples::U8(samples) }
}

fn job(engine: Arc<dyn Engine>, picture: &Raster, options: Options) -> Job {
    let (width, height, picture) = (picture.width, picture.height, picture.clone());
    let input = Input::Pixels { width, height, fetch: Box::new(|| Ok(picture)) };
    let (limits, cancel) = (Limits::default(), Cancel::default());
    Job {
        networks: only(engine),
        input,
        options,
        limits,
        cancel,
        hooks: Hooks::default(),
        listener: None,
        stream: None,
    }
}

fn only(engine: Arc<dyn Engine>) -> Arc<Networks> {
    Arc::new(Networks::new(network("blur", engine), Vec::new()))
}

fn network(name: &str, engine: Arc<dyn Engine>) -> LoadedNetwork {
    LoadedNetwork { name: name.to_owned(), engines: Engines { primary: engine, grey: None } }
}

async fn run(job: Job) -> Result<Upscaled, Error> {
    run_on(&Pool::new(2)?, job).await
}

async fn run_on(pool: &Pool, job: Job) -> Result<Upscaled, Error> {
    job.run(pool, Share::new(8), Ticket::new(&Arc::default(), &Places::new(16, 256))?).await
}

fn raw(patch_size: Option<u32>, padding: u32) -> Options {
    Options { output: OutputKind::Raw, patch_size, padding, ..Options::default() }
}

fn raster(upscaled: Upscaled) -> Raster {
    match upscaled.data {
        ResultData::Raster(raster) => raster,
        ResultData::Encoded(..) => panic!("expected pixels"),
    }
}

#[tokio::test]
async fn tiled_equals_untiled_at_every_size() {
    let engine = Arc::new(Blur::new(2, 3, 3));
    for (width, height) in [(1, 1), (1, 9), (17, 1), (5, 3), (64, 64), (131, 97), (300, 41)] {
        let picture = picture(width, height, 3);
        let whole = raster(run(job(engine.clone(), &picture, raw(Some(1000), 0))).await.unwrap());
        assert_eq!((whole.width, whole.height), (2 * width, 2 * height));
        let tiled = raster(run(job(engine.clone(), &picture, raw(None, 0))).await.unwrap());
        assert_eq!(tiled, whole, "{width}x{height}");
    }
    let before = engine.runs.load(Ordering::SeqCst);
    run(job(engine.clone(), &picture(300, 300, 3), raw(None, 0))).await.unwrap();
    assert!(engine.runs.load(Ordering::SeqCst) > before + 1, "300x300 pixels are more than one tile");
}

#[tokio::test]
async fn patches_without_padding_show_their_seams() {
    let engine = Arc::new(Blur::new(2, 3, 3));
    let picture = picture(64, 64, 3);
    let whole = raster(run(job(engine.clone(), &picture, raw(Some(64), 0))).await.unwrap());
    let seams = raster(run(job(engine, &picture, raw(Some(16), 0))).await.unwrap());
    assert_ne!(seams, whole);
}

#[tokio::test]
async fn progress_is_ordered_complete_and_its_slices_are_the_result() {
    let (reports, engine) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Blur::new(2, 0, 3)));
    let picture = picture(50, 30, 3);
    let mut job = job(engine, &picture, raw(Some(20), 0));
    let heard = reports.clone();
    let call = Arc::new(move |progress: Progress| heard.lock().unwrap().push(progress));
    job.listener = Some(Listener { slices: Some(OutputKind::Raw), call });
    let whole = raster(run(job).await.unwrap());

    let reports = reports.lock().unwrap();
    let tiles: Vec<_> = reports.iter().map(|report| report.tile.as_ref().unwrap()).collect();
    let places: Vec<_> = tiles.iter().map(|tile| (tile.row, tile.column)).collect();
    assert_eq!(places, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    let fractions: Vec<_> = reports.iter().map(|report| (report.fraction * 6.0).round() as u32).collect();
    assert_eq!(fractions, [1, 2, 3, 4, 5, 6]);
    assert_eq!(reports[5].fraction, 1.0);
    for tile in tiles {
        let Slice::Raster(slice) = &tile.slice else { panic!("expected a slice") };
        let (x, y) = ((tile.pre.x + tile.post.x) as u32 * 2, (tile.pre.y + tile.post.y) as u32 * 2);
        assert_eq!((slice.width, slice.height), (tile.post.width * 2, tile.post.height * 2));
        assert_eq!(*slice, whole.crop(x, y, slice.width, slice.height));
    }
}

#[tokio::test]
async fn without_slices_progress_is_told_within_tiles() {
    for (patch_size, tiles) in [(None, 1), (Some(10), 4), (Some(1), 400)] {
        let fractions = Arc::new(Mutex::new(Vec::new()));
        let heard = fractions.clone();
        let call = Arc::new(move |progress: Progress| heard.lock().unwrap().push(progress.fraction));
        let mut job = job(Arc::new(Blur::new(2, 0, 3)), &picture(20, 20, 3), raw(patch_size, 0));
        job.listener = Some(Listener { slices: None, call });
        run(job).await.unwrap();
        let fractions = fractions.lock().unwrap();
        let expected: Vec<_> = (1..=2 * tiles).map(|half| f64::from(half) / f64::from(2 * tiles)).collect();
        if tiles < 50 {
            assert_eq!(*fractions, expected);
        } else {
            assert!(
                fractions.is_sorted_by(|a, b| a < b) && (90..=100).contains(&fractions.len()),
                "{fractions:?}"
            );
            assert_eq!(fractions.last(), Some(&1.0));
        }
    }
}

#[tokio::test]
async fn a_cancel_stops_within_a_tile() {
    let engine = Arc::new(Blur { pause: Duration::from_millis(5), ..Blur::new(2, 0, 3) });
    let job = job(engine.clone(), &picture(100, 100, 3), raw(Some(5), 0));
    let cancel = job.cancel.clone();
    let pool = Pool::new(2).unwrap();
    let (result, ()) = tokio::join!(run_on(&pool, job), async {
        tokio::time::sleep(Duration::from_millis(40)).await;
        cancel.abort();
    });
    assert_eq!(result.unwrap_err().code(), "ABORT_ERR");
    let ran = engine.runs.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(30)).await;
    let after = engine.runs.load(Ordering::SeqCst);
    assert!(after <= ran + 2, "{} tiles began after the cancel", after - ran);
    assert!(after < 400);
}

#[tokio::test]
async fn grey_stays_grey_and_alpha_stays_alpha() {
    let engine = Arc::new(Blur::new(2, 0, 3));
    for channels in [1, 2, 3, 4] {
        let picture = picture(9, 7, channels);
        let result = raster(run(job(engine.clone(), &picture, raw(None, 0))).await.unwrap());
        assert_eq!(result.channels, channels);
        let doubled = |x: u32, y: u32| picture.crop(x / 2, y / 2, 1, 1);
        for (x, y) in [(0, 0), (17, 13), (5, 8)] {
            let (found, expected) = (result.crop(x, y, 1, 1), doubled(x, y));
            let close = found
                .samples
                .into_u8()
                .iter()
                .zip(expected.samples.into_u8())
                .all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(close, "{channels} channels at {x},{y}");
        }
    }
}

#[tokio::test]
async fn constant_alpha_costs_no_run() {
    let engine = Arc::new(Blur::new(2, 0, 3));
    let mut opaque = picture(8, 8, 4);
    if let Samples::U8(samples) = &mut opaque.samples {
        samples.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
    }
    let result = raster(run(job(engine.clone(), &opaque, raw(None, 0))).await.unwrap());
    assert_eq!(engine.runs.load(Ordering::SeqCst), 1);
    let Samples::U8(samples) = result.samples else { panic!("expected bytes") };
    assert!(samples.iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
}

#[tokio::test]
async fn one_channel_networks_see_each_channel() {
    let engine = Arc::new(Blur::new(2, 0, 1));
    let picture = picture(6, 5, 3);
    let result = raster(run(job(engine.clone(), &picture, raw(None, 0))).await.unwrap());
    assert_eq!((result.channels, engine.runs.load(Ordering::SeqCst)), (3, 3));
    assert_eq!(result.crop(7, 5, 1, 1), picture.crop(3, 2, 1, 1));
}

#[tokio::test]
async fn alpha_and_grey_go_through_the_one_channel_form() {
    for (channels, runs) in [(1, (0, 1)), (2, (0, 2)), (3, (1, 0)), (4, (1, 1))] {
        let (primary, grey) = (Arc::new(Blur::new(2, 0, 3)), Arc::new(Blur::new(2, 0, 1)));
        let picture = picture(6, 5, channels);
        let engines = Engines { primary: primary.clone(), grey: Some(grey.clone()) };
        let networks =
            Arc::new(Networks::new(LoadedNetwork { name: "blur".to_owned(), engines }, Vec::new()));
        let job = Job { networks, ..job(primary.clone(), &picture, raw(None, 0)) };
        let result = raster(run(job).await.unwrap());
        assert_eq!((primary.runs.load(Ordering::SeqCst), grey.runs.load(Ordering::SeqCst)), runs);
        assert_eq!(result.crop(7, 5, 1, 1), picture.crop(3, 2, 1, 1), "{channels} channels");
    }
}

#[tokio::test]
async fn two_passes_reach_four_times_the_size() {
    let engine = Arc::new(Blur::new(2, 0, 3));
    let picture = picture(10, 6, 3);
    let result = run(job(engine, &picture, Options { scale: Some(4.0), ..raw(None, 0) })).await.unwrap();
    let result = raster(result);
    assert_eq!((result.width, result.height), (40, 24));
    assert_eq!(result.crop(13, 22, 1, 1), picture.crop(3, 5, 1, 1));
}

#[tokio::test]
async fn cleaning_comes_first_at_the_size_of_the_picture() {
    let picture = picture(40, 24, 3);
    let jpeg =
        raster::encode(picture, EncodeOptions { quality: 60, ..EncodeOptions::new(Format::Jpeg) }).unwrap();
    let decoded = raster::decode(&jpeg, &DecodeOptions::default()).unwrap();
    let (small, large) = (Arc::new(Blur::new(2, 2, 3)), Arc::new(Blur::new(4, 1, 3)));

    let cleaned = Options { scale: Some(1.0), depth: Some(16), ..raw(None, 0) };
    let cleaned = raster(run(job(small.clone(), &decoded.raster, cleaned)).await.unwrap());
    let eight = Options { depth: Some(8), ..raw(None, 0) };
    let expected = raster(run(job(large.clone(), &cleaned, eight)).await.unwrap());

    let load = move || Ok(network("small", small.clone()));
    let cleaner = LazyNetwork::new(2, NetworkRole::Compressed(Artefacts { jpeg: 90, webp: 90 }), load);
    let usual = network("large", large);
    let fractions = Arc::new(Mutex::new(Vec::new()));
    let heard = fractions.clone();
    let call = Arc::new(move |progress: Progress| heard.lock().unwrap().push(progress.fraction));
    let chosen = Job {
        networks: Arc::new(Networks::new(usual, vec![cleaner])),
        input: Input::Encoded(jpeg),
        listener: Some(Listener { slices: None, call }),
        ..job(Arc::new(Blur::new(2, 0, 3)), &decoded.raster, raw(None, 0))
    };
    let result = run(chosen).await.unwrap();
    assert_eq!(result.model, "small+large");
    assert_eq!(raster(result), expected);
    let fractions = fractions.lock().unwrap();
    assert!(
        fractions.is_sorted() && fractions.contains(&0.5) && fractions.last() == Some(&1.0),
        "{fractions:?}"
    );
}

#[tokio::test]
async fn limits_are_checked_before_pixels_are_fetched() {
    let engine = Arc::new(Blur::new(2, 0, 3));
    let fetch = Box::new(|| panic!("fetched"));
    let input = Input::Pixels { width: 1000, height: 1000, fetch };
    let limits = Limits { input_pixels: Some(999_999), ..Limits::default() };
    let cancel = Cancel::default();
    let (networks, options) = (only(engine), Options::default());
    let job = Job {
        networks,
        input,
        options,
        limits,
        cancel,
        hooks: Hooks::default(),
        listener: None,
        stream: None,
    };
    assert_eq!(run(job).await.unwrap_err().code(), "ERR_UPSCALER_LIMIT");
}

#[tokio::test]
async fn a_full_queue_refuses_and_counts_stay_right() {
    let counters = Arc::new(Counters::default());
    let places = Places::new(1, 0);
    let first = Ticket::new(&counters, &places).unwrap();
    assert_eq!(Ticket::new(&counters, &places).err().unwrap().code(), "ERR_UPSCALER_QUEUE_FULL");
    first.settle(Outcome::Done);
    Ticket::new(&counters, &places).unwrap().settle(Outcome::Failed);
    drop(Ticket::new(&counters, &places).unwrap());
    let counts = counters.counts();
    // What is refused has failed, as what cannot be decoded has.
    assert_eq!((counts.queued, counts.running, counts.done, counts.failed, counts.aborted), (0, 0, 1, 2, 1));
}

#[tokio::test]
async fn as_many_are_worked_on_as_may_and_the_rest_waits_in_order() {
    let counters = Arc::new(Counters::default());
    let places = Places::new(2, 1);
    let tickets: Vec<Ticket> = (0..3).map(|_| Ticket::new(&counters, &places).unwrap()).collect();
    assert!(Ticket::new(&counters, &places).is_err(), "two are worked on, one waits");
    let one = tickets[0].permit(None).await.unwrap();
    let _two = tickets[1].permit(None).await.unwrap();
    let mut three = Box::pin(tickets[2].permit(None));
    let patience = Duration::from_millis(20);
    assert!(tokio::time::timeout(patience, &mut three).await.is_err());
    drop(one);
    assert!(tokio::time::timeout(Duration::from_secs(20), three).await.is_ok());
}

#[tokio::test]
async fn a_network_that_lies_about_its_scale_is_an_error() {
    struct Liar(Blur);
    impl Engine for Liar {
        fn signature(&self) -> &Signature {
            self.0.signature()
        }
        fn run(
            &self,
            planes: &[f32],
            height: usize,
            width: usize,
            _: &RunContext,
            sink: Sink,
        ) -> Result<(), Error> {
            sink(planes, height, width)
        }
    }
    let result = run(job(Arc::new(Liar(Blur::new(2, 0, 3))), &picture(8, 8, 3), raw(None, 0))).await;
    assert_eq!(result.unwrap_err().code(), "ERR_UPSCALER_MODEL_SHAPE");
}
