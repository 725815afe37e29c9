//! The same mathematics, slow and plain: to read, and to test the kernels against.
//!
//! Tensors are `[channels][height][width]`, filters `[output][input][kernel][kernel]`, everything in double precision.

use super::winograd::points::{filter_transform, points, transform_2d};

/// A convolution of stride 1 with `padding` zeros around the picture.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    pub input: &'a [f32],
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub filters: &'a [f32],
    pub bias: &'a [f32],
    pub kernel: usize,
    pub padding: usize,
}

impl Problem<'_> {
    /// Rows and columns of the output.
    pub fn output_size(&self) -> (usize, usize) {
        let shrink = self.kernel - 1 - 2 * self.padding;
        (self.height - shrink, self.width - shrink)
    }

    /// The input at a position that counts from the padding's corner; zero outside the picture.
    fn at(&self, channel: usize, y: usize, x: usize) -> f64 {
        match (y.checked_sub(self.padding), x.checked_sub(self.padding)) {
            (Some(y), Some(x)) if y < self.height && x < self.width => {
                f64::from(self.input[(channel * self.height + y) * self.width + x])
            }
            _ => 0.0,
        }
    }

    fn filter(&self, output: usize, channel: usize) -> &[f32] {
        let taps = self.kernel * self.kernel;
        &self.filters[(output * self.channels + channel) * taps..][..taps]
    }
}

/// The definition: every output is the sum of all products.
pub fn direct(p: &Problem) -> Vec<f64> {
    let (height, width) = p.output_size();
    let mut out = Vec::with_capacity(p.bias.len() * height * width);
    for (output, &bias) in p.bias.iter().enumerate() {
        for y in 0..height {
            for x in 0..width {
                let mut sum = f64::from(bias);
                for channel in 0..p.channels {
                    let filter = p.filter(output, channel);
                    for (i, &weight) in filter.iter().enumerate() {
                        sum += f64::from(weight) * p.at(channel, y + i / p.kernel, x + i % p.kernel);
                    }
                }
                out.push(sum);
            }
        }
    }
    out
}

/// Lavin & Gray's algorithm (arXiv 1509.09308, section 4.1), F(m x m, r x r) with r = `kernel`:
///
/// ```text
/// for each filter k and channel c:   U = G g Gᵀ
/// for each channel c and tile b:     V = Bᵀ d B
/// for each k and b:                  M = Σ over c of U ⊙ V,   Y = Aᵀ M A
/// ```
pub fn winograd(p: &Problem, m: usize) -> Vec<f64> {
    evaluate(p, m, |x| x)
}

/// What [`winograd`] in single precision, with single-precision weights U, may differ from the exact result.
///
/// Each result is a sum of products of at most four rounded factors. Standard forward analysis (Higham, "Accuracy and
/// Stability of Numerical Algorithms", section 3) bounds its error by the number of roundings on the longest path times
/// the unit roundoff, times the same expression with all terms made positive. That path has one rounding for each
/// channel, one for U, at most n in each of the four one-dimensional transforms, and one for the bias.
pub fn error_bound(p: &Problem, m: usize) -> Vec<f64> {
    let n = m + p.kernel - 1;
    let roundings = (p.channels + 4 * n + 2) as f64;
    let unit = f64::from(f32::EPSILON) / 2.0;
    evaluate(p, m, f64::abs).into_iter().map(|magnitude| magnitude * roundings * unit).collect()
}

/// Winograd's algorithm with `each` applied to every entry of every matrix.
fn evaluate(p: &Problem, m: usize, each: fn(f64) -> f64) -> Vec<f64> {
    let n = m + p.kernel - 1;
    let apply =
        |matrix: Vec<Vec<f64>>| matrix.into_iter().map(|row| row.into_iter().map(each).collect()).collect();
    let (g, bt, at): (Vec<_>, Vec<_>, Vec<_>) = (
        apply(filter_transform(n, p.kernel).matrix()),
        apply(input_transform(n)),
        apply(output_transform(n, m)),
    );
    let (height, width) = p.output_size();
    let mut out = vec![0.0; p.bias.len() * height * width];
    for (output, &bias) in p.bias.iter().enumerate() {
        let filters: Vec<Vec<f64>> = (0..p.channels)
            .map(|channel| p.filter(output, channel).iter().map(|&weight| each(f64::from(weight))).collect())
            .map(|filter: Vec<f64>| transform_2d(&g, &filter))
            .collect();
        for top in (0..height).step_by(m) {
            for left in (0..width).step_by(m) {
                let mut products = vec![0.0; n * n];
                for (channel, u) in filters.iter().enumerate() {
                    let d: Vec<f64> =
                        (0..n * n).map(|i| each(p.at(channel, top + i / n, left + i % n))).collect();
                    let v = transform_2d(&bt, &d);
                    for ((product, u), v) in products.iter_mut().zip(u).zip(v) {
                        *product += u * v;
                    }
                }
                for (i, value) in transform_2d(&at, &products).into_iter().enumerate() {
                    let (y, x) = (top + i / m, left + i % m);
                    if y < height && x < width {
                        out[(output * height + y) * width + x] = value + each(f64::from(bias));
                    }
                }
            }
        }
    }
    out
}

/// Bᵀ, n by n: the coefficients of Π (x - q) over all finite points but one, and over all of them.
pub(super) fn input_transform(n: usize) -> Vec<Vec<f64>> {
    let points = points(n);
    let skips = (0..n - 1).map(Some).chain([None]);
    skips
        .map(|skip| {
            let mut coefficients = vec![0.0; n];
            coefficients[0] = 1.0;
            for (_, &q) in points.iter().enumerate().filter(|&(i, _)| Some(i) != skip) {
                for power in (0..n).rev() {
                    let lower = if power > 0 { coefficients[power - 1] } else { 0.0 };
                    coefficients[power] = lower - q * coefficients[power];
                }
            }
            coefficients
        })
        .collect()
}

/// Aᵀ, m by n: powers of the finite points, and the highest power alone at infinity.
pub(super) fn output_transform(n: usize, m: usize) -> Vec<Vec<f64>> {
    let row = |j: usize| {
        let infinity = if j + 1 == m { 1.0 } else { 0.0 };
        points(n).into_iter().map(|p| p.powi(j as i32)).chain([infinity]).collect()
    };
    (0..m).map(row).collect()
}
