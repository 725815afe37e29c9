//! Elements moved about: every such operator is a walk over the source with a stride for each axis of the result.

use super::{Elements, Known};

/// Larger tensors are not computed beforehand: interpolation matrices of pictures of 4096 pixels a side are the largest
/// that there are good reasons for.
pub const MAX_ELEMENTS: usize = 1 << 24;

/// Whether a tensor of this shape is computed beforehand.
pub fn affordable(dims: &[usize]) -> bool {
    count(dims).is_some_and(|count| count <= MAX_ELEMENTS)
}

/// The elements of a shape, if they can be counted.
fn count(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim))
}

/// The row-major strides of a shape.
pub fn strides(dims: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis] as isize;
    }
    strides
}

/// The shape that two shapes are broadcast to, if they can be.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |dims: &[usize], axis: usize| match (axis + dims.len()).checked_sub(rank) {
        Some(n) => dims[n],
        None => 1,
    };
    (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (1, n) | (n, 1) => Some(n),
            (n, m) => (n == m).then_some(n),
        })
        .collect()
}

/// The positions of a walk: `offset`, and `strides` steps along each axis of `dims`.
pub fn walk(dims: &[usize], strides: &[isize], offset: isize) -> Vec<usize> {
    let count = dims.iter().product();
    let mut positions = Vec::with_capacity(count);
    let mut place = vec![0; dims.len()];
    let mut at = offset;
    for _ in 0..count {
        positions.push(at as usize);
        for axis in (0..dims.len()).rev() {
            place[axis] += 1;
            at += strides[axis];
            if place[axis] < dims[axis] {
                break;
            }
            at -= strides[axis] * dims[axis] as isize;
            place[axis] = 0;
        }
    }
    positions
}

impl Known {
    /// The same elements in another shape of as many.
    pub fn reshaped(&self, dims: &[usize]) -> Option<Known> {
        (count(dims)? == self.count()).then(|| Known { dims: dims.to_vec(), elements: self.elements.clone() })
    }

    /// The elements at `positions`, in a shape of as many; `None` if one of them is not there.
    pub fn picked(&self, dims: &[usize], positions: &[usize]) -> Option<Known> {
        fn pick<T: Copy>(values: &[T], positions: &[usize]) -> Option<Vec<T>> {
            positions.iter().map(|&n| values.get(n).copied()).collect()
        }
        let elements = match &self.elements {
            Elements::Floats(values) => Elements::floats(pick(values, positions)?),
            Elements::Ints(values) => Elements::ints(pick(values, positions)?),
            Elements::Flags(values) => Elements::flags(pick(values, positions)?),
        };
        Some(Known { dims: dims.to_vec(), elements })
    }

    /// A walk over the elements; `None` if it leaves them, or the result is too large.
    pub fn walked(&self, dims: &[usize], strides: &[isize], offset: isize) -> Option<Known> {
        let few = count(dims).is_some_and(|count| count <= MAX_ELEMENTS.max(self.count()));
        few.then(|| self.picked(dims, &walk(dims, strides, offset)))?
    }

    /// Axis `n` of the result is axis `perm[n]` of this.
    pub fn transposed(&self, perm: &[usize]) -> Option<Known> {
        let from = strides(&self.dims);
        let dims: Vec<usize> = perm.iter().map(|&axis| self.dims[axis]).collect();
        let steps: Vec<isize> = perm.iter().map(|&axis| from[axis]).collect();
        self.walked(&dims, &steps, 0)
    }

    /// Repeated to fill `dims`, which numpy's rules allow.
    pub fn broadcast(&self, dims: &[usize]) -> Option<Known> {
        if self.dims == dims {
            return Some(self.clone());
        }
        (broadcast_shape(&self.dims, dims)? == dims).then_some(())?;
        self.walked(dims, &broadcast_strides(&self.dims, dims), 0)
    }

    /// Parts one after the other along an axis; they have the same type and the same size along the others.
    pub fn concatenated(parts: &[&Known], axis: usize) -> Option<Known> {
        fn join<'a, T: Copy + 'a>(parts: &[(&'a [T], usize)], outer: usize) -> Vec<T> {
            let mut all = Vec::with_capacity(parts.iter().map(|(values, _)| values.len()).sum());
            for n in 0..outer {
                for (values, block) in parts {
                    all.extend_from_slice(&values[n * block..(n + 1) * block]);
                }
            }
            all
        }
        let mut dims = parts.first()?.dims.clone();
        dims[axis] = parts.iter().map(|part| part.dims[axis]).sum();
        let outer: usize = dims[..axis].iter().product();
        let block = |part: &Known| part.dims[axis..].iter().product::<usize>();
        let elements = match &parts.first()?.elements {
            Elements::Floats(_) => {
                let parts: Option<Vec<_>> = parts.iter().map(|p| Some((p.as_floats()?, block(p)))).collect();
                Elements::floats(join(&parts?, outer))
            }
            Elements::Ints(_) => {
                let parts: Option<Vec<_>> = parts.iter().map(|p| Some((p.as_ints()?, block(p)))).collect();
                Elements::ints(join(&parts?, outer))
            }
            Elements::Flags(_) => return None,
        };
        Some(Known { dims, elements })
    }
}

/// The strides of a walk over a tensor of shape `from` that is broadcast to `to`.
pub fn broadcast_strides(from: &[usize], to: &[usize]) -> Vec<isize> {
    let own = strides(from);
    let missing = to.len() - from.len();
    (0..to.len())
        .map(|axis| match axis.checked_sub(missing) {
            Some(n) if from[n] != 1 => own[n],
            _ => 0,
        })
        .collect()
}
