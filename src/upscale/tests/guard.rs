//! The guard within a job: a network that blows up where it sees a marked pixel.

use super::doubling::{Doubling, darker, nan, nearest, samples};
use super::*;

/// What sets it off, in all channels.
pub const MARK: u8 = 250;

/// How far it spreads, in input pixels.
const SPREAD: usize = 3;

/// Blows up where it sees a marked pixel.
fn gate(guarded: bool, max_pixels: u64) -> Arc<Doubling> {
    let Blur { signature, .. } = Blur::new(2, SPREAD as u32, 3);
    let limits = TileLimits { max_pixels, ..signature.limits };
    Arc::new(Doubling { signature: Signature { limits, guarded, ..signature }, plane: blown_up })
}

/// Nearest neighbour, but for 30 times white within [`SPREAD`] of a marked pixel.
pub fn blown_up(plane: &[f32], height: usize, width: usize) -> Vec<f32> {
    let near = |at: usize, len: usize| at.saturating_sub(SPREAD)..(at + SPREAD + 1).min(len);
    let marked = |y: usize, x: usize| (plane[y * width + x] * 255.0).round() as u8 == MARK;
    nearest(height, width, |y, x| {
        let blown = near(y, height).any(|y| near(x, width).any(|x| marked(y, x)));
        if blown { 30.0 } else { plane[y * width + x] }
    })
}

/// A smooth picture with some marked pixels, one at its edge.
pub fn marked(width: u32, height: u32) -> Raster {
    let marks = [(0, 40), (30, 30), (31, 90), (70, 110)];
    let level = |x: u32, y: u32| if marks.contains(&(y, x)) { MARK } else { (60 + x / 2 + y / 3) as u8 };
    let samples = (0..height).flat_map(|y| (0..width).flat_map(move |x| [level(x, y); 3])).collect();
    Raster { width, height, channels: 3, samples: Samples::U8(samples) }
}

#[tokio::test]
async fn what_is_blown_is_replaced_and_nothing_else() {
    let picture = marked(120, 80);
    let result = |guarded| run(job(gate(guarded, 60_000), &picture, raw(None, 0)));
    let (bare, guarded) = (result(false).await.unwrap(), result(true).await.unwrap());
    assert_eq!(bare.guarded, 0.0);
    assert!(guarded.guarded > 0.02 && guarded.guarded < 0.2, "{}", guarded.guarded);
    let (bare, guarded) = (raster(bare), raster(guarded));
    let resampled = raster::resample(&picture, 240, 160).unwrap();
    let (mut white, mut same) = (0, 0);
    for ((bare, guarded), resampled) in samples(&bare).iter().zip(samples(&guarded)).zip(samples(&resampled))
    {
        white += u32::from(*bare == 255);
        same += u32::from(bare == guarded);
        // The marks themselves are bright spots, which nearest neighbour and Lanczos draw differently.
        assert!(guarded.abs_diff(*resampled) <= 110, "{guarded} where Lanczos gives {resampled}");
    }
    assert!(white > 2000);
    assert!(same > 240 * 160 * 3 * 3 / 4, "most of the picture is the network's, bit for bit");
}

#[tokio::test]
async fn tiles_are_guarded_as_the_whole_is() {
    let picture = marked(120, 80);
    let whole = run(job(gate(true, 60_000), &picture, raw(None, 0))).await.unwrap();
    for max_pixels in [5000, 3000, 2000] {
        let tiled = run(job(gate(true, max_pixels), &picture, raw(None, 0))).await.unwrap();
        assert!((tiled.guarded - whole.guarded).abs() < 1e-9, "{max_pixels}");
        assert_eq!(samples(&raster(tiled)).len(), 240 * 160 * 3);
    }
    let whole = raster(whole);
    for max_pixels in [5000, 3000, 2000] {
        let tiled = run(job(gate(true, max_pixels), &picture, raw(None, 0))).await.unwrap();
        assert_eq!(raster(tiled), whole, "tiles of {max_pixels} pixels");
    }
}

#[tokio::test]
async fn alpha_and_grey_are_guarded_too() {
    let colours = marked(120, 80);
    for channels in [1u8, 2, 4] {
        let pixel = |pixel: &[u8]| match channels {
            1 => vec![pixel[0]],
            2 => vec![128, pixel[0]],
            _ => vec![90, 100, 110, pixel[0]],
        };
        let samples = samples(&colours).chunks_exact(3).flat_map(pixel).collect();
        let picture = Raster { channels, samples: Samples::U8(samples), ..colours };
        let upscaled = run(job(gate(true, 60_000), &picture, raw(None, 0))).await.unwrap();
        assert!(upscaled.guarded > 0.0, "{channels} channels");
        let last = raster(upscaled).last_channel();
        let brightest = self::samples(&last).iter().max().copied().unwrap();
        assert!(brightest < 255, "{channels} channels: {brightest}");
    }
}

#[tokio::test]
async fn another_network_stands_in_where_there_is_one() {
    let picture = marked(120, 80);
    let darker: Arc<dyn Engine> = Doubling::new(darker);
    let stand_in = network("darker", darker);
    let fallback = LazyNetwork::new(2, NetworkRole::Fallback, move || Ok(stand_in.clone()));
    let networks = Networks::new(network("gate", gate(true, 60_000)), vec![fallback]);
    let job = Job { networks: Arc::new(networks), ..job(gate(true, 60_000), &picture, raw(None, 0)) };
    let upscaled = raster(run(job).await.unwrap());
    let at = |x: usize, y: usize| samples(&upscaled)[(y * 240 + x) * 3];
    assert_eq!(at(64, 64), samples(&picture)[(32 * 120 + 32) * 3] - 20, "near a mark");
    assert_eq!(at(60, 110), samples(&picture)[(55 * 120 + 30) * 3], "far from any");
}

#[tokio::test]
async fn a_result_that_is_no_number_is_an_error_with_the_networks_name() {
    let engine: Arc<dyn Engine> = Doubling::new(nan);
    let error = run(job(engine, &marked(20, 20), raw(None, 0))).await.unwrap_err();
    assert_eq!(error.code(), "ERR_UPSCALER_INFERENCE");
    let message = error.to_string();
    assert!(message.contains("blur") && message.contains("column 7, row 4"), "{message}");
}
