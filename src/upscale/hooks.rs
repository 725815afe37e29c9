//! Hooks: the caller's code, called with the pixels of a job.

use std::sync::Arc;

use super::BoxFuture;
use super::pixels::Kept;
use crate::raster::{Raster, Samples};

/// A picture of floats in, another out. It may take its time: no worker waits for it.
pub type Hook = Arc<dyn Fn(Raster) -> BoxFuture<Raster> + Send + Sync>;

/// The caller's code of one job.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Given the whole picture, values 0..=255, before anything else; it may change size and channels.
    pub preprocess: Option<Hook>,
    /// Given what is kept of each tile, tile after tile, values in the network's output range, before they are clamped.
    pub postprocess: Option<Hook>,
}

/// The kept part of the network's planes, interleaved.
pub fn interleaved(kept: &Kept) -> Raster {
    let plane = kept.height * kept.width;
    let channels = kept.planes.len() / plane.max(1);
    let mut samples = vec![0.0; kept.rows * kept.columns * channels];
    for (y, row) in samples.chunks_exact_mut((kept.columns * channels).max(1)).enumerate() {
        let from = (kept.y + y) * kept.width + kept.x;
        for (channel, plane) in kept.planes.chunks_exact(plane.max(1)).enumerate() {
            for (pixel, value) in row.chunks_exact_mut(channels).zip(&plane[from..from + kept.columns]) {
                pixel[channel] = *value;
            }
        }
    }
    let (width, height) = (kept.columns as u32, kept.rows as u32);
    Raster { width, height, channels: channels as u8, samples: Samples::F32(samples) }
}

/// The channels of a picture, one after the other.
pub fn planes(picture: Raster) -> Vec<f32> {
    let channels = usize::from(picture.channels.max(1));
    let Samples::F32(samples) = picture.samples else { unreachable!("hooks take and give floats") };
    (0..channels).flat_map(|channel| samples.iter().skip(channel).step_by(channels)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_part_of_planes_is_interleaved_and_taken_apart_again() {
        let kept_planes: Vec<f32> = (0..24).map(|value| value as f32).collect();
        let kept = Kept { planes: &kept_planes, height: 3, width: 4, x: 1, y: 1, columns: 2, rows: 2 };
        let picture = interleaved(&kept);
        assert_eq!((picture.width, picture.height, picture.channels), (2, 2, 2));
        let pixels = vec![5.0, 17.0, 6.0, 18.0, 9.0, 21.0, 10.0, 22.0];
        assert_eq!(picture.samples, Samples::F32(pixels));
        assert_eq!(planes(picture), [5.0, 6.0, 9.0, 10.0, 17.0, 18.0, 21.0, 22.0]);
    }
}
