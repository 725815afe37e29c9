//! Within a job, a network of one channel for alpha, and what stands in for it.

use super::doubling::{Doubling, darker, same, samples};
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
