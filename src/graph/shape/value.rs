//! Small constant-like values that shape arithmetic computes with: sizes, axes, scales.

use super::super::tensor::{Data, Tensor};

/// Lists longer than this are no shape arithmetic; they are not tracked.
const MAX_LEN: usize = 64;

/// The known elements of a small tensor. `f64` holds every size that a tensor can have exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeValue {
    pub numbers: Vec<f64>,
    pub integer: bool,
}

impl ShapeValue {
    /// Integers.
    pub fn ints(numbers: impl IntoIterator<Item = usize>) -> ShapeValue {
        ShapeValue { numbers: numbers.into_iter().map(|n| n as f64).collect(), integer: true }
    }

    /// The elements of a constant, if it is a small number tensor.
    pub fn of(tensor: &Tensor) -> Option<ShapeValue> {
        if tensor.count() > MAX_LEN {
            return None;
        }
        match &tensor.data {
            Data::F32(values) => {
                Some(ShapeValue { numbers: values.iter().map(|&v| v.into()).collect(), integer: false })
            }
            _ => Some(ShapeValue {
                numbers: tensor.to_ints()?.iter().map(|&v| v as f64).collect(),
                integer: true,
            }),
        }
    }

    /// The elements as integers (saturating, as `i64::MAX` for "to the end" is a usual value).
    pub fn to_ints(&self) -> Vec<i64> {
        self.numbers.iter().map(|&n| n as i64).collect()
    }

    /// Applies `f` to each element.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> ShapeValue {
        ShapeValue { numbers: self.numbers.iter().map(|&n| f(n)).collect(), integer: self.integer }
    }

    /// Combines two values element by element; one of them may be a single number.
    pub fn zip(&self, other: &ShapeValue, f: impl Fn(f64, f64) -> f64) -> Option<ShapeValue> {
        let (a, b) = (&self.numbers, &other.numbers);
        let numbers = match (a.len(), b.len()) {
            (n, m) if n == m => a.iter().zip(b).map(|(&x, &y)| f(x, y)).collect(),
            (_, 1) => a.iter().map(|&x| f(x, b[0])).collect(),
            (1, _) => b.iter().map(|&y| f(a[0], y)).collect(),
            _ => return None,
        };
        Some(ShapeValue { numbers, integer: self.integer && other.integer })
    }

    /// Repeats a single number, or keeps a list that has `len` elements already.
    pub fn stretch(&self, len: usize) -> Option<ShapeValue> {
        match self.numbers[..] {
            _ if self.numbers.len() == len => Some(self.clone()),
            [number] if len <= MAX_LEN => {
                Some(ShapeValue { numbers: vec![number; len], integer: self.integer })
            }
            _ => None,
        }
    }
}
