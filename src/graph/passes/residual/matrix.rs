//! Dense matrices of a few hundred rows, in double precision: what is computed once from weights should not lose any of
//! their bits.

/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    pub fn from_fn(rows: usize, columns: usize, f: impl Fn(usize, usize) -> f64) -> Matrix {
        let values = (0..rows * columns).map(|n| f(n / columns, n % columns)).collect();
        Matrix { rows, columns, values }
    }

    pub fn identity(size: usize) -> Matrix {
        Matrix::from_fn(size, size, |row, column| if row == column { 1.0 } else { 0.0 })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// The sum with a matrix of the same shape.
    pub fn plus(&self, other: &Matrix) -> Matrix {
        let values = self.values.iter().zip(&other.values).map(|(a, b)| a + b).collect();
        Matrix { values, ..*self }
    }

    /// The product with a matrix of as many rows as this one has columns.
    pub fn times(&self, other: &Matrix) -> Matrix {
        let mut values = vec![0.0; self.rows * other.columns];
        for (row, sums) in values.chunks_mut(other.columns).enumerate() {
            for (k, &factor) in self.row(row).iter().enumerate() {
                sums.iter_mut().zip(other.row(k)).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        Matrix { rows: self.rows, columns: other.columns, values }
    }

    /// The product with a column of as many numbers as this matrix has columns.
    pub fn apply(&self, vector: &[f64]) -> Vec<f64> {
        let product = |row| self.row(row).iter().zip(vector).map(|(a, b)| a * b).sum();
        (0..self.rows).map(product).collect()
    }

    /// The inverse of a square matrix, by Gauss-Jordan elimination with row pivoting; `None` of a singular one.
    pub fn inverse(&self) -> Option<Matrix> {
        let size = self.rows;
        let mut left = self.clone();
        let mut right = Matrix::identity(size);
        for column in 0..size {
            let larger =
                |a: &usize, b: &usize| left.at(*a, column).abs().total_cmp(&left.at(*b, column).abs());
            let pivot = (column..size).max_by(larger)?;
            let scale = 1.0 / left.at(pivot, column);
            if !scale.is_finite() {
                return None;
            }
            for matrix in [&mut left, &mut right] {
                matrix.swap_rows(pivot, column);
                matrix.scale_row(column, scale);
            }
            for row in (0..size).filter(|&row| row != column) {
                let factor = -left.at(row, column);
                left.add_row(row, column, factor);
                right.add_row(row, column, factor);
            }
        }
        Some(right)
    }

    /// How much larger a rounding error can get by a product with this matrix and one with its `inverse`: the condition
    /// number in the Frobenius norm, for which a matrix without any such loss has its size.
    pub fn condition(&self, inverse: &Matrix) -> f64 {
        let norm = |matrix: &Matrix| matrix.values.iter().map(|value| value * value).sum::<f64>().sqrt();
        norm(self) * norm(inverse)
    }

    fn swap_rows(&mut self, a: usize, b: usize) {
        (0..self.columns).for_each(|n| self.values.swap(a * self.columns + n, b * self.columns + n));
    }

    fn scale_row(&mut self, row: usize, factor: f64) {
        self.values[row * self.columns..][..self.columns].iter_mut().for_each(|value| *value *= factor);
    }

    /// Adds `factor` times row `from` to row `to`.
    fn add_row(&mut self, to: usize, from: usize, factor: f64) {
        for n in 0..self.columns {
            self.values[to * self.columns + n] += factor * self.values[from * self.columns + n];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_of_a_matrix_that_needs_its_rows_exchanged() {
        // [0 2; 4 1]⁻¹ = [-1/8 1/4; 1/2 0], by hand.
        let matrix = Matrix { rows: 2, columns: 2, values: vec![0.0, 2.0, 4.0, 1.0] };
        let inverse = matrix.inverse().unwrap();
        assert_eq!(inverse.values, [-0.125, 0.25, 0.5, 0.0]);
        assert_eq!(matrix.times(&inverse), Matrix::identity(2));
        assert_eq!(matrix.apply(&[3.0, 5.0]), [10.0, 17.0]);
    }

    #[test]
    fn a_singular_matrix_has_none() {
        let matrix = Matrix { rows: 2, columns: 2, values: vec![1.0, 2.0, 2.0, 4.0] };
        assert_eq!(matrix.inverse(), None);
    }
}
