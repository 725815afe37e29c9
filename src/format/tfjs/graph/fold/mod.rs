//! Tensors whose elements are known before there is a picture, and computing with them: how a graph's arithmetic on
//! sizes, its interpolation matrices and the like become constants. As TensorFlow computes it: row-major elements,
//! numpy's broadcasting, floor division.

mod arithmetic;
mod movement;

use std::sync::Arc;

use crate::graph::{Data, Tensor};

pub use arithmetic::{Arithmetic, Comparison, Logical, Reduction, Unary, reduce, select};
pub use movement::{affordable, broadcast_shape, strides};

/// A tensor with its elements, which copies share.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub dims: Vec<usize>,
    pub elements: Elements,
}

/// The elements of a [`Known`]. Integers are TensorFlow's int32, in a type that their products fit into.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    Floats(Arc<Vec<f32>>),
    Ints(Arc<Vec<i64>>),
    Flags(Arc<Vec<bool>>),
}

impl Elements {
    pub fn floats(values: Vec<f32>) -> Elements {
        Elements::Floats(Arc::new(values))
    }

    pub fn ints(values: Vec<i64>) -> Elements {
        Elements::Ints(Arc::new(values))
    }

    pub fn flags(values: Vec<bool>) -> Elements {
        Elements::Flags(Arc::new(values))
    }
}

impl Known {
    /// A list of whole numbers.
    pub fn ints(values: Vec<i64>) -> Known {
        Known { dims: vec![values.len()], elements: Elements::ints(values) }
    }

    /// One whole number, without axes.
    pub fn int(value: i64) -> Known {
        Known { dims: vec![], elements: Elements::ints(vec![value]) }
    }

    /// One float, without axes.
    pub fn float(value: f32) -> Known {
        Known { dims: vec![], elements: Elements::floats(vec![value]) }
    }

    /// How many elements there are.
    pub fn count(&self) -> usize {
        match &self.elements {
            Elements::Floats(values) => values.len(),
            Elements::Ints(values) => values.len(),
            Elements::Flags(values) => values.len(),
        }
    }

    /// The elements, if they are floats.
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.elements {
            Elements::Floats(values) => Some(values),
            _ => None,
        }
    }

    /// The elements, if they are whole numbers.
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Ints(values) => Some(values),
            _ => None,
        }
    }

    /// The same elements as another type: `DT_FLOAT`, `DT_INT32`, `DT_INT64` or `DT_BOOL`.
    pub fn cast(&self, to: &str) -> Option<Known> {
        let elements = match (&self.elements, to) {
            (Elements::Floats(_), "DT_FLOAT")
            | (Elements::Ints(_), "DT_INT32" | "DT_INT64")
            | (Elements::Flags(_), "DT_BOOL") => self.elements.clone(),
            (Elements::Ints(v), "DT_FLOAT") => Elements::floats(v.iter().map(|&n| n as f32).collect()),
            (Elements::Flags(v), "DT_FLOAT") => {
                Elements::floats(v.iter().map(|&b| f32::from(u8::from(b))).collect())
            }
            (Elements::Floats(v), "DT_INT32" | "DT_INT64") => {
                Elements::ints(v.iter().map(|&x| x as i64).collect())
            }
            (Elements::Flags(v), "DT_INT32" | "DT_INT64") => {
                Elements::ints(v.iter().map(|&b| b.into()).collect())
            }
            (Elements::Floats(v), "DT_BOOL") => Elements::flags(v.iter().map(|&x| x != 0.0).collect()),
            (Elements::Ints(v), "DT_BOOL") => Elements::flags(v.iter().map(|&n| n != 0).collect()),
            _ => return None,
        };
        Some(Known { dims: self.dims.clone(), elements })
    }

    /// As a constant of the network.
    pub fn to_tensor(&self) -> Tensor {
        let data = match &self.elements {
            Elements::Floats(values) => Data::F32(values.to_vec()),
            Elements::Ints(values) => Data::I64(values.to_vec()),
            Elements::Flags(values) => return Tensor::bools(&self.dims, values.iter().copied()),
        };
        Tensor { dims: self.dims.clone(), data }
    }
}

impl TryFrom<Tensor> for Known {
    type Error = ();

    /// Fails for elements that are none of the three kinds, which the files have not.
    fn try_from(tensor: Tensor) -> Result<Known, ()> {
        let flags = |numbers: Vec<i64>| Elements::flags(numbers.into_iter().map(|n| n != 0).collect());
        let Tensor { dims, data } = tensor;
        let elements = match data {
            Data::F32(values) => Elements::floats(values),
            Data::I64(values) => Elements::ints(values),
            Data::Other { .. } => flags(Tensor { dims: dims.clone(), data }.to_ints().ok_or(())?),
        };
        Ok(Known { dims, elements })
    }
}

#[cfg(test)]
mod tests;
