//! Intervals of tensor axes, and regions of tensors made of them.

/// An interval of one axis, both ends included. Empty if `hi < lo`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub lo: i64,
    pub hi: i64,
}

/// One [`Interval`] per axis of a tensor.
pub type Region = Vec<Interval>;

impl Interval {
    /// From `lo` to `hi`.
    pub fn new(lo: i64, hi: i64) -> Interval {
        Interval { lo, hi }
    }

    /// All of an axis.
    pub fn all(size: usize) -> Interval {
        Interval { lo: 0, hi: size as i64 - 1 }
    }

    /// Moved by `by`.
    pub fn shifted(self, by: i64) -> Interval {
        Interval { lo: self.lo + by, hi: self.hi + by }
    }

    /// The elements of these blocks of `by` elements.
    pub fn expanded(self, by: i64) -> Interval {
        Interval { lo: self.lo * by, hi: self.hi * by + by - 1 }
    }

    /// The blocks of `by` elements that it touches.
    pub fn reduced(self, by: i64) -> Interval {
        Interval { lo: self.lo.div_euclid(by), hi: self.hi.div_euclid(by) }
    }

    /// The part inside an axis of `size` elements.
    pub fn within(self, size: usize) -> Interval {
        Interval { lo: self.lo.max(0), hi: self.hi.min(size as i64 - 1) }
    }

    /// Whether it has no elements.
    pub fn is_empty(self) -> bool {
        self.hi < self.lo
    }

    fn union(self, other: Interval) -> Interval {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) },
        }
    }
}

/// Extends `region` to hold `other` too.
pub fn unite(region: &mut Region, other: &Region) {
    for (interval, other) in region.iter_mut().zip(other) {
        *interval = interval.union(*other);
    }
}
