//! Within a job, a network of one channel for alpha, and what stands in for it.

use super::doubling::{Doubling, darker, same, samples};
use super::drawn::{far, half_drawn, with_drawn};
use super::guard::{MARK, blown_up, marked};
use super::*;

const WIDTH: u32 = 120;
const HEIGHT: u32 = 80;

fn engine(planes: usize, guarded: bool, plane: fn(&[f32], usize, usize) -> Vec<f32>) -> Arc<dyn Engine> {
    let Blur { signature, .. } = Blur::new(2, 3, planes);
    Arc::new(Doubling { signature: Signature { guarded, ..signature }, plane })
}

/// A network for colours, one for alpha that blows up near marks, and one whose results, in place of either's, are 20 levels
/// darker.
fn job_of(picture: &Raster) -> Job {
    let colour = engine(3, true, same);
    let alpha = network("alpha", engine(1, true, blown_up));
    let both = Engines { primary: Doubling::new(darker), grey: Some(engine(1, false, darker)) };
    let darker = LoadedNetwork { name: "darker".to_owned(), engines: both };
    let others = vec![
        LazyNetwork::new(2, NetworkRole::Alpha, move || Ok(alpha.clone())),
        LazyNetwork::new(2, NetworkRole::Fallback, move || Ok(darker.clone())),
    ];
    let networks = Arc::new(Networks::new(network("colour", colour.clone()), others));
    Job { networks, ..job(colour, picture, raw(None, 0)) }
}

/// The marked picture's first channel as each channel of `channels`.
fn of_channels(channels: u8) -> Raster {
    let colours = marked(WIDTH, HEIGHT);
    let pixel = |pixel: &[u8]| vec![pixel[0]; usize::from(channels)];
    let samples = samples(&colours).chunks_exact(3).flat_map(pixel).collect();
    Raster { channels, samples: Samples::U8(samples), ..colours }
}

#[tokio::test]
async fn alpha_alone_goes_through_it_and_what_stands_in_has_one_channel_too() {
    for (channels, by_alpha) in [(1, 0), (2, 0), (3, 0), (4, 1)] {
        let picture = of_channels(channels);
        let upscaled = run(job_of(&picture)).await.unwrap();
        assert_eq!(
            (upscaled.model.as_str(), upscaled.guarded > 0.0),
            ("colour", by_alpha > 0),
            "{channels} channels"
        );
        let upscaled = raster(upscaled);
        let channels = usize::from(channels);
        let at =
            |x: usize, y: usize| &samples(&upscaled)[(y * 2 * WIDTH as usize + x) * channels..][..channels];
        let source = |x: usize, y: usize| samples(&picture)[(y * WIDTH as usize + x) * channels];
        assert_eq!(source(30, 30), MARK);
        let (near, far) = (source(32, 32), source(30, 55));
        let mut expected = vec![near; channels];
        expected.iter_mut().rev().take(by_alpha).for_each(|alpha| *alpha -= 20);
        assert_eq!(at(64, 64), expected, "near a mark");
        assert_eq!(at(60, 110), vec![far; channels], "far from any");
    }
}

/// A network that may not run.
fn never(_: &[f32], _: usize, _: usize) -> Vec<f32> {
    panic!("this network is not needed")
}

/// Noise, opaque within `seen` (columns, rows) and transparent elsewhere.
fn cut_out(seen: (std::ops::Range<u32>, std::ops::Range<u32>)) -> Raster {
    let level = |x: u32, y: u32| (50 + (y * 131 + x * 57) % 151) as u8;
    let alpha = |x: u32, y: u32| if seen.0.contains(&x) && seen.1.contains(&y) { 255 } else { 0 };
    let pixel = |x: u32, y: u32| [level(x, y), level(y, x), level(x, 2 * y), alpha(x, y)];
    let samples = (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| pixel(x, y))).collect();
    Raster { width: WIDTH, height: HEIGHT, channels: 4, samples: Samples::U8(samples) }
}

/// A job with a network that sees three pixels far, for all channels.
fn job_of_one(plane: fn(&[f32], usize, usize) -> Vec<f32>, max_pixels: u64, picture: &Raster) -> Job {
    let Blur { signature, .. } = Blur::new(2, 3, 3);
    let limits = TileLimits { max_pixels, ..signature.limits };
    let signature = Signature { guarded: true, limits, ..signature };
    job(Arc::new(Doubling { signature, plane }), picture, raw(None, 0))
}

/// What a pixel of the result holds in place of the nearest one of the picture, which is of `darker` 20 levels less.
async fn darkened(picture: &Raster, max_pixels: u64) -> Vec<[bool; 4]> {
    let upscaled = raster(run(job_of_one(darker, max_pixels, picture)).await.unwrap());
    let mut source = picture.clone();
    raster::bleed_alpha(&mut source);
    let (source, upscaled) = (samples(&source), samples(&upscaled));
    let places = (0..HEIGHT as usize).flat_map(|y| (0..WIDTH as usize).map(move |x| (y, x)));
    let of_place = |(y, x): (usize, usize)| {
        let from = &source[(y * WIDTH as usize + x) * 4..][..4];
        let to = &upscaled[(y * 4 * WIDTH as usize + 2 * x) * 4..][..4];
        std::array::from_fn(|channel| match from[channel] - to[channel] {
            0 => false,
            20 => true,
            step => panic!("{step} levels at column {x}, row {y}"),
        })
    };
    places.map(of_place).collect()
}

#[tokio::test]
async fn what_alpha_hides_and_alpha_that_stays_need_no_network() {
    let picture = cut_out((40..90, 30..70));
    let found = darkened(&picture, 60_000).await;
    for (at, [red, green, blue, alpha]) in found.iter().enumerate() {
        let (x, y) = (at as u32 % WIDTH, at as u32 / WIDTH);
        let near = (32..98).contains(&x) && (22..78).contains(&y);
        assert_eq!([*red, *green, *blue], [near; 3], "colours at column {x}, row {y}");
        // Alpha of 0 cannot become less. Steps are right of columns 39 and 89 and below rows 29 and 69.
        let opaque = (40..90).contains(&x) && (30..70).contains(&y);
        let inside = (48..81).contains(&x) && (38..61).contains(&y);
        assert_eq!(*alpha, opaque && !inside, "alpha at column {x}, row {y}");
    }
    for max_pixels in [5000, 3000, 2000] {
        assert!(darkened(&picture, max_pixels).await == found, "tiles of {max_pixels} pixels");
    }
}

#[tokio::test]
async fn where_nothing_is_seen_no_network_runs() {
    let hidden = cut_out((0..0, 0..0));
    let upscaled = raster(run(job_of_one(never, 60_000, &hidden)).await.unwrap());
    assert!(samples(&upscaled).iter().skip(3).step_by(4).all(|alpha| *alpha == 0));
}

#[tokio::test]
async fn colours_made_up_under_transparent_pixels_are_not_drawn() {
    let picture = cut_out((40..90, 30..70));
    let far = |planes: usize| -> Arc<dyn Engine> {
        let Blur { signature, .. } = Blur::new(2, crate::upscale::drawn::REACH, planes);
        Arc::new(Doubling { signature: Signature { guarded: true, ..signature }, plane: same })
    };
    let (drawn, alpha) = (network("drawn", Doubling::new(darker)), network("alpha", far(1)));
    let others = vec![
        LazyNetwork::new(2, NetworkRole::Drawn, move || Ok(drawn.clone())),
        LazyNetwork::new(2, NetworkRole::Alpha, move || Ok(alpha.clone())),
    ];
    let networks = Arc::new(Networks::new(network("colour", far(3)), others));
    let upscaled = run(Job { networks, ..job(far(3), &picture, raw(None, 0)) }).await.unwrap();
    assert_eq!(upscaled.drawn, 0.0);
    let (source, upscaled) = (samples(&picture), raster(upscaled));
    let at = |x: usize, y: usize| &samples(&upscaled)[(y * 4 * WIDTH as usize + 2 * x) * 4..][..4];
    let mut opaque = (30..70).flat_map(|y| (40..90).map(move |x| (x, y)));
    assert!(opaque.all(|(x, y)| at(x, y) == &source[(y * WIDTH as usize + x) * 4..][..4]));
}

#[tokio::test]
async fn tiles_of_what_is_drawn_in_part_and_cut_out_are_as_the_whole() {
    let opaque = half_drawn(60);
    let alpha = |at: usize| {
        let (x, y) = (at as i32 % WIDTH as i32 - 60, at as i32 / WIDTH as i32 - 40);
        (900 - x * x - y * y).clamp(0, 255) as u8
    };
    let pixels = samples(&opaque).chunks_exact(3).enumerate();
    let pixels = pixels.flat_map(|(at, colours)| colours.iter().copied().chain([alpha(at)]));
    let picture = Raster { channels: 4, samples: Samples::U8(pixels.collect()), ..opaque };
    let guarded = |max_pixels| -> Arc<dyn Engine> {
        let signature = far(same, max_pixels).signature().clone();
        Arc::new(Doubling { signature: Signature { guarded: true, ..signature }, plane: same })
    };
    let upscaled = |max_pixels| run(with_drawn(guarded(max_pixels), Doubling::new(darker), &picture));
    let whole = upscaled(60_000).await.unwrap();
    assert!(whole.drawn > 0.3 && whole.drawn < 0.45, "{}", whole.drawn);
    let whole = raster(whole);
    for max_pixels in [5000, 3000, 2000] {
        let tiled = raster(upscaled(max_pixels).await.unwrap());
        assert!(tiled == whole, "tiles of {max_pixels} pixels");
    }
}
