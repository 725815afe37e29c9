//! Within a job, a network that takes the place of another where the picture is drawn.

use super::doubling::{Doubling, darker, nan, nearest, same, samples};
use super::*;

const WIDTH: u32 = 120;
const HEIGHT: u32 = 80;

/// The first column that is not drawn.
const EDGE: u32 = 60;

/// A network that sees as far as the look at what is drawn.
pub fn far(plane: fn(&[f32], usize, usize) -> Vec<f32>, max_pixels: u64) -> Arc<dyn Engine> {
    let Blur { signature, .. } = Blur::new(2, crate::upscale::drawn::REACH, 3);
    let limits = TileLimits { max_pixels, ..signature.limits };
    Arc::new(Doubling { signature: Signature { limits, ..signature }, plane })
}

/// Stripes of two grey levels up to column `edge`, and noise beyond.
pub fn half_drawn(edge: u32) -> Raster {
    let level = |x: u32, y: u32| {
        if x < edge { 100 + (y % 2) as u8 * 40 } else { (50 + (y * 131 + x * 57) % 151) as u8 }
    };
    let samples = (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| [level(x, y); 3])).collect();
    Raster { width: WIDTH, height: HEIGHT, channels: 3, samples: Samples::U8(samples) }
}

/// The mean of 5x5 pixels, of those that there are.
fn smooth(plane: &[f32], height: usize, width: usize) -> Vec<f32> {
    let near = |at: usize, len: usize| at.saturating_sub(2)..(at + 3).min(len);
    nearest(height, width, |y, x| {
        let around = near(y, height).flat_map(|y| near(x, width).map(move |x| plane[y * width + x]));
        around.clone().sum::<f32>() / around.count() as f32
    })
}

/// A job whose network is `engine`, with one that gives a result 20 levels darker for what is drawn.
fn job_of(engine: Arc<dyn Engine>, picture: &Raster) -> Job {
    with_drawn(engine, Doubling::new(darker), picture)
}

/// A job whose network is `engine`, with another for what is drawn.
pub fn with_drawn(engine: Arc<dyn Engine>, drawn: Arc<dyn Engine>, picture: &Raster) -> Job {
    let stand_in = network("drawn", drawn);
    let drawn = LazyNetwork::new(2, NetworkRole::Drawn, move || Ok(stand_in.clone()));
    let networks = Networks::new(network("same", engine.clone()), vec![drawn]);
    Job { networks: Arc::new(networks), ..job(engine, picture, raw(None, 0)) }
}

#[tokio::test]
async fn what_is_drawn_comes_from_the_network_for_that() {
    let picture = half_drawn(EDGE);
    let upscaled = run(job_of(far(same, 60_000), &picture)).await.unwrap();
    assert!((upscaled.drawn - 0.5).abs() < 0.03, "{}", upscaled.drawn);
    assert_eq!(upscaled.guarded, 0.0);
    let upscaled = raster(upscaled);
    let darker_by = |x: u32, y: u32| {
        let at = |raster: &Raster, x: u32, y: u32| {
            i32::from(samples(raster)[((y * raster.width + x) * 3) as usize])
        };
        at(&picture, x, y) - at(&upscaled, 2 * x, 2 * y)
    };
    for y in 0..HEIGHT {
        assert!((0..EDGE - 4).all(|x| darker_by(x, y) == 20), "line {y}");
        assert!((EDGE + 8..WIDTH).all(|x| darker_by(x, y) == 0), "line {y}");
        // Between the two the one fades into the other.
        let steps: Vec<i32> = (EDGE - 4..EDGE + 8).map(|x| darker_by(x, y)).collect();
        assert!(
            steps.is_sorted_by(|a, b| a >= b) && steps.windows(2).all(|pair| pair[0] - pair[1] <= 5),
            "{steps:?}"
        );
    }
}

#[tokio::test]
async fn tiles_are_drawn_as_the_whole_is() {
    let picture = half_drawn(EDGE);
    let upscaled = |max_pixels: u64| {
        let drawn = Arc::new(Doubling { signature: Blur::new(2, 2, 3).signature, plane: smooth });
        run(with_drawn(far(same, max_pixels), drawn, &picture))
    };
    let whole = raster(upscaled(60_000).await.unwrap());
    // The part that is drawn has no edge of the tile within its 5x5 pixels: it is smoothed as all of the picture would be.
    let all = smooth(&planes_of(&picture), HEIGHT as usize, WIDTH as usize);
    for (y, x) in (0..2 * HEIGHT).flat_map(|y| (0..2 * (EDGE - 4)).map(move |x| (y, x))) {
        let at = (y * 2 * WIDTH + x) as usize;
        assert_eq!(samples(&whole)[3 * at], (all[at] * 255.0).round() as u8, "column {x}, row {y}");
    }
    for max_pixels in [5000, 3000, 2000] {
        let tiled = upscaled(max_pixels).await.unwrap();
        assert!((tiled.drawn - 0.5).abs() < 0.03, "{}", tiled.drawn);
        assert_eq!(raster(tiled), whole, "tiles of {max_pixels} pixels");
    }
}

/// The first channel, 0 to 1.
fn planes_of(picture: &Raster) -> Vec<f32> {
    samples(picture).iter().step_by(3).map(|value| f32::from(*value) / 255.0).collect()
}

#[tokio::test]
async fn what_is_blown_but_drawn_is_neither_counted_nor_seen() {
    // White where stripes are: only the guard's mask reaches a little farther than they do.
    let stripes = |plane: &[f32], height: usize, width: usize| {
        let striped = |y: usize, x: usize| x > 0 && plane[y * width + x] == plane[y * width + x - 1];
        nearest(height, width, |y, x| if striped(y, x) { 30.0 } else { plane[y * width + x] })
    };
    let guarded = |engine: Arc<dyn Engine>| -> Arc<dyn Engine> {
        let signature = Signature { guarded: true, multiplies: true, ..engine.signature().clone() };
        Arc::new(Doubling { signature, plane: stripes })
    };
    let picture = half_drawn(EDGE);
    let upscaled = run(job_of(guarded(far(same, 60_000)), &picture)).await.unwrap();
    assert!(upscaled.guarded < 0.1, "{}", upscaled.guarded);
    let upscaled = raster(upscaled);
    let drawn = (0..2 * HEIGHT).flat_map(|y| (0..2 * (EDGE - 4)).map(move |x| (y, x)));
    assert!(drawn.clone().all(|(y, x)| samples(&upscaled)[((y * upscaled.width + x) * 3) as usize] < 140));
}

#[tokio::test]
async fn where_all_is_drawn_the_other_network_does_not_run() {
    // What it gives would be an error.
    let upscaled = run(job_of(far(nan, 60_000), &half_drawn(WIDTH))).await.unwrap();
    assert_eq!(upscaled.drawn, 1.0);
    assert_eq!(samples(&raster(upscaled))[..3], [80; 3]);
}

#[tokio::test]
async fn a_network_that_sees_less_far_than_the_look_is_left_alone() {
    let upscaled = run(job_of(Doubling::new(same), &half_drawn(WIDTH))).await.unwrap();
    assert_eq!((upscaled.drawn, samples(&raster(upscaled))[0]), (0.0, 100));
}
