//! The range of a value's numbers, chosen so that rounding them to eight bits loses least.

/// Bins of a histogram. With a reach of up to twice the largest number there are at least 8 of them for each of the
/// 256 levels that are chosen in the end.
const BINS: usize = 4096;

/// The smallest reach: numbers nearer to zero than this (2^-20) in a whole network are none.
const MIN_REACH: f32 = 1.0 / (1 << 20) as f32;

/// Candidates for either end of the range, from the farthest number seen to this share of it.
const CANDIDATES: usize = 80;
const MIN_SHARE: f64 = 0.2;

/// Levels between the ends of the range.
const LEVELS: f64 = 255.0;

/// How often numbers of which size occur, gathered piece by piece in bounded memory. Zeros are not counted: they are
/// represented exactly whatever the range.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Equal parts of -reach..reach.
    counts: Vec<u64>,
    /// A power of two.
    reach: f32,
    low: f32,
    high: f32,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; BINS], reach: MIN_REACH, low: 0.0, high: 0.0 }
    }
}

impl Histogram {
    /// Counts numbers; those that are not finite are left out.
    pub fn record(&mut self, values: &[f32]) {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) =
            finite().fold((self.low, self.high), |(low, high), value| (low.min(value), high.max(value)));
        (self.low, self.high) = (low, high);
        while self.reach < high.max(-low) && self.reach < f32::MAX / 2.0 {
            self.double_reach();
        }
        let (middle, per_unit) = (BINS as f32 / 2.0, BINS as f32 / 2.0 / self.reach);
        for value in finite().filter(|&value| value != 0.0) {
            let bin = (value * per_unit + middle) as usize;
            self.counts[bin.min(BINS - 1)] += 1;
        }
    }

    /// Two bins become one, around the same middle.
    fn double_reach(&mut self) {
        let mut counts = vec![0; BINS];
        for (bin, pair) in self.counts.chunks_exact(2).enumerate() {
            counts[BINS / 4 + bin] = pair[0] + pair[1];
        }
        (self.counts, self.reach) = (counts, self.reach * 2.0);
    }

    /// The range with the least mean square error, zero always within it.
    ///
    /// A number inside is off by a step's uniform rounding error, one outside by its distance to the end.
    pub fn best_scheme(&self) -> Scheme {
        let sums = Sums::of(self);
        let shares = || {
            let apart = (1.0 - MIN_SHARE) / (CANDIDATES - 1) as f64;
            (0..CANDIDATES).map(move |n| 1.0 - n as f64 * apart)
        };
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        let lows: Vec<f64> = if low < 0.0 { shares().map(|share| share * low).collect() } else { vec![0.0] };
        let highs: Vec<f64> =
            if high > 0.0 { shares().map(|share| share * high).collect() } else { vec![0.0] };
        let ranges = lows.iter().flat_map(|&low| highs.iter().map(move |&high| (low, high)));
        let best = ranges.min_by(|&a, &b| sums.error(a).total_cmp(&sums.error(b)));
        best.map_or(Scheme::default(), |(low, high)| Scheme::of_range(low, high))
    }
}

/// How the numbers of a value are written as bytes: number = (byte - zero_point) x scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheme {
    pub scale: f32,
    pub zero_point: u8,
}

impl Default for Scheme {
    /// For a value that is zero throughout.
    fn default() -> Scheme {
        Scheme { scale: 1.0, zero_point: 0 }
    }
}

impl Scheme {
    /// The scheme for numbers from `low` (at most 0) to `high` (at least 0).
    pub fn of_range(low: f64, high: f64) -> Scheme {
        let scale = (high - low) / LEVELS;
        if scale as f32 <= f32::MIN_POSITIVE {
            return Scheme::default();
        }
        Scheme { scale: scale as f32, zero_point: (-low / scale).round().clamp(0.0, LEVELS) as u8 }
    }
}

/// Running sums over a histogram's bins: how many numbers lie below a place, their sum and that of their squares.
struct Sums {
    bins: Vec<[f64; 3]>,
    reach: f64,
}

impl Sums {
    fn of(histogram: &Histogram) -> Sums {
        let reach = f64::from(histogram.reach);
        let width = 2.0 * reach / BINS as f64;
        let mut bins = vec![[0.0; 3]];
        let mut sum = [0.0; 3];
        for (bin, &count) in histogram.counts.iter().enumerate() {
            let (centre, count) = ((bin as f64 + 0.5) * width - reach, count as f64);
            sum = [sum[0] + count, sum[1] + count * centre, sum[2] + count * centre * centre];
            bins.push(sum);
        }
        Sums { bins, reach }
    }

    fn below(&self, place: f64) -> [f64; 3] {
        let bin = ((place + self.reach) / (2.0 * self.reach) * BINS as f64).round();
        self.bins[(bin.max(0.0) as usize).min(BINS)]
    }

    /// The sum of the squares of all errors that a range makes.
    fn error(&self, (low, high): (f64, f64)) -> f64 {
        let (under, over, all) = (self.below(low), self.below(high), self.bins[BINS]);
        let distance =
            |[count, sum, squares]: [f64; 3], end: f64| squares - 2.0 * end * sum + end * end * count;
        let above = [all[0] - over[0], all[1] - over[1], all[2] - over[2]];
        let step = (high - low) / LEVELS;
        (over[0] - under[0]) * step * step / 12.0 + distance(under, low) + distance(above, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number as a byte, as ONNX defines QuantizeLinear.
    fn quantized(scheme: Scheme, value: f32) -> u8 {
        let level = (value / scheme.scale).round_ties_even() + f32::from(scheme.zero_point);
        level.clamp(0.0, 255.0) as u8
    }

    /// What a byte stands for.
    fn number(scheme: Scheme, byte: u8) -> f32 {
        (f32::from(byte) - f32::from(scheme.zero_point)) * scheme.scale
    }

    #[test]
    fn a_range_becomes_the_scheme_that_onnx_defines() {
        // ONNX's DynamicQuantizeLinear: scale = (max - min) / 255, zero point = round(-min / scale).
        assert_eq!(Scheme::of_range(0.0, 255.0), Scheme { scale: 1.0, zero_point: 0 });
        assert_eq!(Scheme::of_range(-1.0, 4.1), Scheme { scale: 0.02, zero_point: 50 });
        assert_eq!(Scheme::of_range(0.0, 0.0), Scheme::default());
        let scheme = Scheme::of_range(-5.0, 122.5);
        assert_eq!(scheme, Scheme { scale: 0.5, zero_point: 10 });
        let bytes = [0.0, 0.25, 0.75, 2.0, -100.0, 1000.0].map(|value| quantized(scheme, value));
        assert_eq!(bytes, [10, 10, 12, 14, 0, 255]);
    }

    #[test]
    fn numbers_spread_evenly_keep_their_whole_range() {
        let mut histogram = Histogram::default();
        histogram.record(&(0..10_000).map(|n| n as f32 / 1000.0 - 2.0).collect::<Vec<_>>());
        let Scheme { scale, zero_point } = histogram.best_scheme();
        assert!((scale - 10.0 / 255.0).abs() < 1e-3, "{scale}");
        assert_eq!(zero_point, 51);
    }

    #[test]
    fn a_stray_number_does_not_stretch_the_range() {
        // The error for an end h is 1e5 (h / 255)^2 / 12 + (12 - h)^2: least at h = 12 / (1 + 1e5 / (12 * 255^2)).
        let mut histogram = Histogram::default();
        histogram.record(&(0..100_000).map(|n| n as f32 / 1e5 * 4.0).collect::<Vec<_>>());
        histogram.record(&[12.0]);
        let scheme = histogram.best_scheme();
        let high = f64::from(scheme.scale) * 255.0;
        assert!((high - 10.637).abs() < 0.13, "{high}");
        let error = |scheme: Scheme| {
            let of = |value: f32| f64::from(number(scheme, quantized(scheme, value)) - value).powi(2);
            (0..100_000).map(|n| of(n as f32 / 1e5 * 4.0)).sum::<f64>() + of(12.0)
        };
        assert!(error(scheme) < error(Scheme::of_range(0.0, 12.0)));
    }

    #[test]
    fn the_reach_grows_without_losing_counts() {
        let (mut at_once, mut grown) = (Histogram::default(), Histogram::default());
        let numbers: Vec<f32> = (1..=4000).map(|n| (n as f32 - 1000.5) / 7.0).collect();
        at_once.record(&numbers);
        let mut by_size = numbers.clone();
        by_size.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        by_size.chunks(100).for_each(|piece| grown.record(piece));
        assert_eq!(grown.counts, at_once.counts);
        assert_eq!(grown.counts.iter().sum::<u64>(), 4000);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut histogram = Histogram::default();
        histogram.record(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0]);
        assert_eq!(histogram.best_scheme(), Scheme::default());
    }
}
