//! Lanczos interpolation of single pixels by a whole factor, whose weights depend on nothing but the position between two
//! pixels: a tile gives the same bits as the whole picture. (fast_image_resize, which resamples pictures elsewhere,
//! computes them from coordinates.)

use crate::upscale::view::View;

/// Lobes of the kernel on each side.
const LOBES: isize = 3;

/// Input pixels that an output pixel is made of, along one axis.
const TAPS: usize = 2 * LOBES as usize;

/// The weights of one position between input pixels.
struct Phase {
    /// The first input pixel, relative to the one that the output pixel lies in.
    first: isize,
    weights: [f32; TAPS],
}

/// An interpolation by a whole factor.
pub struct Lanczos {
    scale: usize,
    phases: Vec<Phase>,
}

impl Lanczos {
    pub fn new(scale: usize) -> Lanczos {
        Lanczos { scale, phases: (0..scale).map(|index| Phase::new(index, scale)).collect() }
    }

    /// The output pixels of the input pixel `(y, x)` of the core, in output values, into `block`, `[scale, scale]`.
    pub fn block(&self, view: &View, input: &[f32], plane: usize, (y, x): (usize, usize), block: &mut [f32]) {
        let size = view.height * view.width;
        let input = &input[plane * size..][..size];
        let (y, x) = ((view.core.y + y) as isize, (view.core.x + x) as isize);
        let clamped =
            |at: isize, from: usize, len: usize| at.clamp(from as isize, (from + len) as isize - 1) as usize;
        let picture = view.picture;
        for (column, across) in self.phases.iter().enumerate() {
            let interpolated = |row: isize| {
                let row = clamped(y + row, picture.y, picture.rows) * view.width;
                let at = |tap: isize| clamped(x + across.first + tap, picture.x, picture.columns);
                let taps = across.weights.iter().zip(0..).map(|(weight, tap)| weight * input[row + at(tap)]);
                taps.sum::<f32>()
            };
            // Rows from the first phase's first to the last one's last.
            let rows: [f32; TAPS + 1] = std::array::from_fn(|row| interpolated(row as isize - LOBES));
            for (line, down) in self.phases.iter().enumerate() {
                let from = (down.first + LOBES) as usize;
                let value = down.weights.iter().zip(&rows[from..]).map(|(weight, row)| weight * row).sum();
                block[line * self.scale + column] = view.as_output(value);
            }
        }
    }
}

impl Phase {
    /// Of output pixel `index` of the `scale` in an input pixel.
    fn new(index: usize, scale: usize) -> Phase {
        let centre = (index as f64 + 0.5) / scale as f64 - 0.5;
        let first = centre.floor() as isize - LOBES + 1;
        let weights = std::array::from_fn(|tap| kernel(centre - (first + tap as isize) as f64));
        let sum: f64 = weights.iter().sum::<f64>();
        Phase { first, weights: weights.map(|weight| (weight / sum) as f32) }
    }
}

/// sinc(x) sinc(x / 3).
fn kernel(x: f64) -> f64 {
    let sinc =
        |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
    if x.abs() < LOBES as f64 { sinc(x) * sinc(x / LOBES as f64) } else { 0.0 }
}
