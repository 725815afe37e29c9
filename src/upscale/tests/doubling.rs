//! Networks of 2x whose result follows from each plane alone.

use super::*;

/// A network of 2x whose result is a function of each plane, its height and its width.
pub struct Doubling {
    pub signature: Signature,
    pub plane: fn(&[f32], usize, usize) -> Vec<f32>,
}

impl Doubling {
    pub fn new(plane: fn(&[f32], usize, usize) -> Vec<f32>) -> Arc<Doubling> {
        Arc::new(Doubling { signature: Blur::new(2, 0, 3).signature, plane })
    }
}

impl Engine for Doubling {
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
        let doubled = |plane| (self.plane)(plane, height, width);
        let out: Vec<f32> = planes.chunks_exact(height * width).flat_map(doubled).collect();
        sink(&out, 2 * height, 2 * width)
    }
}

/// Nearest neighbour of a value for each input pixel.
pub fn nearest(height: usize, width: usize, value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    (0..2 * height)
        .flat_map(|y| (0..2 * width).map(move |x| (y / 2, x / 2)))
        .map(|(y, x)| value(y, x))
        .collect()
}

/// As it is, twice as large.
pub fn same(plane: &[f32], height: usize, width: usize) -> Vec<f32> {
    nearest(height, width, |y, x| plane[y * width + x])
}

/// Nearest neighbour, 20 levels darker.
pub fn darker(plane: &[f32], height: usize, width: usize) -> Vec<f32> {
    nearest(height, width, |y, x| plane[y * width + x] - 20.0 / 255.0)
}

/// A half, but NaN at column 7, row 4.
pub fn nan(_: &[f32], height: usize, width: usize) -> Vec<f32> {
    let mut out = nearest(height, width, |_, _| 0.5);
    out[4 * 2 * width + 7] = f32::NAN;
    out
}

pub fn samples(raster: &Raster) -> &[u8] {
    match &raster.samples {
        Samples::U8(samples) => samples,
        _ => panic!("expected 8 bits"),
    }
}
