//! The transforms, in exact arithmetic and as vectors.

use std::ops::{Add, Mul};

use super::super::lanes::{LANES, Lanes, SimdTask};
use super::super::reference::{input_transform, output_transform};
use super::super::winograd::points::filter_transform;
use super::super::winograd::transform;
use super::isas;

/// A fraction, exact.
#[derive(Clone, Copy, Debug)]
struct Ratio(i128, i128);

impl Ratio {
    /// The value of a float whose fraction has at most twenty bits.
    fn dyadic(x: f64) -> Ratio {
        let scale = f64::from(1 << 20);
        assert_eq!((x * scale).fract(), 0.0, "{x} is no such float");
        Ratio((x * scale) as i128, 1 << 20).reduced()
    }

    fn reduced(self) -> Ratio {
        let (mut a, mut b) = (self.0.abs(), self.1.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = a.max(1) * self.1.signum();
        Ratio(self.0 / divisor, self.1 / divisor)
    }
}

impl Add for Ratio {
    type Output = Ratio;
    fn add(self, other: Ratio) -> Ratio {
        Ratio(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
    }
}

impl Mul for Ratio {
    type Output = Ratio;
    fn mul(self, other: Ratio) -> Ratio {
        Ratio(self.0 * other.0, self.1 * other.1).reduced()
    }
}

/// y = Aᵀ [(G g) ⊙ (Bᵀ d)] is bilinear in g and d, so it is the convolution if it is one for all unit vectors.
fn assert_computes_a_convolution(m: usize, r: usize) {
    let n = m + r - 1;
    let (g, bt, at) = (filter_transform(n, r), input_transform(n), output_transform(n, m));
    for (j, at) in at.iter().enumerate() {
        for k in 0..r {
            for d in 0..n {
                let mut y = Ratio(0, 1);
                for i in 0..n {
                    let Ratio(numerator, denominator) = Ratio::dyadic(g.denominators[i]);
                    let g = Ratio::dyadic(g.numerators[i][k]) * Ratio(denominator, numerator).reduced();
                    y = y + Ratio::dyadic(at[i]) * g * Ratio::dyadic(bt[i][d]);
                }
                let expected = i128::from(d == j + k);
                assert_eq!((y.0, y.1), (expected, 1), "F({m}, {r}): output {j}, tap {k}, input {d}");
            }
        }
    }
}

#[test]
fn the_matrices_compute_convolutions_exactly() {
    assert_computes_a_convolution(2, 3);
    assert_computes_a_convolution(4, 3);
    assert_computes_a_convolution(2, 5);
    assert_computes_a_convolution(4, 5);
    assert_computes_a_convolution(6, 3);
}

#[test]
fn f_4_3_has_the_matrices_of_the_paper() {
    let bt = [
        [4.0, 0.0, -5.0, 0.0, 1.0, 0.0],
        [0.0, -4.0, -4.0, 1.0, 1.0, 0.0],
        [0.0, 4.0, -4.0, -1.0, 1.0, 0.0],
        [0.0, -2.0, -1.0, 2.0, 1.0, 0.0],
        [0.0, 2.0, -1.0, -2.0, 1.0, 0.0],
        [0.0, 4.0, 0.0, -5.0, 0.0, 1.0],
    ];
    assert_eq!(input_transform(6), bt.map(Vec::from));
    let g = filter_transform(6, 3).matrix();
    assert_eq!(g[0], [0.25, 0.0, 0.0]);
    assert_eq!(g[2], [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0]);
    assert_eq!(g[3], [1.0 / 24.0, 2.0 / 24.0, 4.0 / 24.0]);
    assert_eq!(output_transform(6, 4)[3], [0.0, 1.0, -1.0, 8.0, -8.0, 1.0]);
}

/// The vector transforms, read off by giving them unit vectors, are the matrices.
struct ReadOff<const N: usize, const M: usize>;

impl<const N: usize, const M: usize> SimdTask for ReadOff<N, M> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (bt, at) = (input_transform(N), output_transform(N, M));
        for unit in 0..N {
            let mut d = [l.splat(0.0); N];
            d[unit] = l.splat(1.0);
            let transformed = transform::input(l, &d);
            for i in 0..N {
                assert_eq!(every_lane(l, transformed[i]), bt[i][unit], "Bᵀ[{i}][{unit}] of {N}");
            }
            let values: [L::V; M] = transform::output(l, &d);
            for j in 0..M {
                assert_eq!(every_lane(l, values[j]), at[j][unit], "Aᵀ[{j}][{unit}] of {N}");
            }
        }
    }
}

fn every_lane<L: Lanes>(l: L, v: L::V) -> f64 {
    let mut lanes = [0.0; LANES];
    l.store(v, &mut lanes);
    assert!(lanes.iter().all(|lane| lane == &lanes[0]), "{lanes:?}");
    f64::from(lanes[0])
}

#[test]
fn the_vector_transforms_are_the_matrices() {
    for isa in isas() {
        isa.run(ReadOff::<6, 4>);
        isa.run(ReadOff::<6, 2>);
        isa.run(ReadOff::<8, 4>);
        isa.run(ReadOff::<8, 6>);
    }
}
