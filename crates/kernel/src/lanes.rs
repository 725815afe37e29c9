//! Vectors of sixteen `f32` lanes: the operations in which every kernel is written.
//!
//! A [`Lanes`] value is a proof token: it can only be made where the CPU has the instructions, so all its operations are
//! safe. Each implementation rounds every operation alike (fused multiply-add included), hence all
//! of them give the same bits.

/// Channels in a plane, and floats in a vector.
pub const LANES: usize = 16;

/// Sixteen floats on a cache line of their own: the unit of scratch memory and of packed weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Block(pub [f32; LANES]);

impl Block {
    pub const ZERO: Block = Block([0.0; LANES]);

    /// The blocks' contents, still on cache-line boundaries.
    pub fn as_pixels(blocks: &[Block]) -> &[[f32; LANES]] {
        // SAFETY: a block is `repr(C)` with the array as its only field and no padding (16 floats are 64 bytes).
        unsafe { std::slice::from_raw_parts(blocks.as_ptr().cast(), blocks.len()) }
    }

    /// The same, to be written.
    pub fn as_pixels_mut(blocks: &mut [Block]) -> &mut [[f32; LANES]] {
        // SAFETY: as above; the borrow is exclusive, and any floats make a valid block.
        unsafe { std::slice::from_raw_parts_mut(blocks.as_mut_ptr().cast(), blocks.len()) }
    }

    /// The blocks' contents as one run of floats.
    pub fn as_floats(blocks: &[Block]) -> &[f32] {
        Block::as_pixels(blocks).as_flattened()
    }

    /// The same, to be written.
    pub fn as_floats_mut(blocks: &mut [Block]) -> &mut [f32] {
        Block::as_pixels_mut(blocks).as_flattened_mut()
    }
}

/// Work that is compiled once per instruction set.
pub(super) trait SimdTask {
    /// Must be `#[inline(always)]`, and everything in it that touches vectors too: only what is inlined into
    /// [`Lanes::run`] is compiled with the instruction set's features.
    fn run<L: Lanes>(self, lanes: L);
}

/// Arithmetic on sixteen lanes.
pub(super) trait Lanes: Copy {
    /// Sixteen floats in registers.
    type V: Copy;
    /// Registers of sixteen floats that the instruction set has: the budget of the GEMM microkernels.
    const REGISTERS: usize;

    /// Runs `task` in a function of its own that is compiled for this instruction set.
    fn run<T: SimdTask>(self, task: T);

    fn splat(self, x: f32) -> Self::V;
    fn load(self, from: &[f32; LANES]) -> Self::V;
    fn store(self, v: Self::V, to: &mut [f32; LANES]);
    /// Prefetches the cache line of any address into the first-level cache.
    fn prefetch(self, from: *const [f32; LANES]);
    /// Prefetches the cache line of any address into the second-level cache.
    fn prefetch_l2(self, from: *const [f32; LANES]);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a * b`, rounded once.
    fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger; `b` where either is not a number.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where either is not a number.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// The nearest integer, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// 2 to the power of `n`, an integer in -126..=127 held as a float.
    fn exp2_integer(self, n: Self::V) -> Self::V;
    /// In lane 4 i + j the sum of `v[i][j]`: of each four lanes the first plus the third plus the second plus the fourth,
    /// then the four sums two by two.
    fn horizontal_sums(self, v: &[[Self::V; 4]; 4]) -> Self::V;
}

/// Plain Rust on arrays: runs anywhere, and is what the vector versions are tested against. Its operations are not
/// inlined: they would make two thirds of the crate's code, and of the time to compile it.
#[derive(Clone, Copy)]
pub(super) struct Portable;

/// Applies a scalar function to each lane.
macro_rules! lanewise {
    (|$($lane:ident),+| $result:expr) => {{
        let mut out = [0.0; LANES];
        for i in 0..LANES {
            $(let $lane = $lane[i];)+
            out[i] = $result;
        }
        out
    }};
}

impl Lanes for Portable {
    type V = [f32; LANES];
    const REGISTERS: usize = 8;

    fn run<T: SimdTask>(self, task: T) {
        task.run(self);
    }

    #[inline(never)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }

    #[inline(never)]
    fn load(self, from: &[f32; LANES]) -> Self::V {
        *from
    }

    #[inline(never)]
    fn store(self, v: Self::V, to: &mut [f32; LANES]) {
        *to = v;
    }

    #[inline(never)]
    fn prefetch(self, _from: *const [f32; LANES]) {}

    #[inline(never)]
    fn prefetch_l2(self, _from: *const [f32; LANES]) {}

    #[inline(never)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(|a, b| a + b)
    }

    #[inline(never)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(|a, b| a - b)
    }

    #[inline(never)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(|a, b| a * b)
    }

    #[inline(never)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(|a, b| a / b)
    }

    #[inline(never)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        lanewise!(|a, b, c| a.mul_add(b, c))
    }

    #[inline(never)]
    fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        lanewise!(|a, b, c| (-a).mul_add(b, c))
    }

    #[inline(never)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(|a, b| if a > b { a } else { b })
    }

    #[inline(never)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(|a, b| if a < b { a } else { b })
    }

    #[inline(never)]
    fn round(self, a: Self::V) -> Self::V {
        lanewise!(|a| a.round_ties_even())
    }

    #[inline(never)]
    fn exp2_integer(self, n: Self::V) -> Self::V {
        lanewise!(|n| f32::from_bits(((n as i32 + 127) << 23) as u32))
    }

    #[inline(never)]
    fn horizontal_sums(self, v: &[[Self::V; 4]; 4]) -> Self::V {
        let mut sums = [0.0; LANES];
        for (sum, v) in sums.iter_mut().zip(v.as_flattened()) {
            let mut four = [0.0; 4];
            for k in 0..4 {
                four[k] = (v[4 * k] + v[4 * k + 2]) + (v[4 * k + 1] + v[4 * k + 3]);
            }
            *sum = (four[0] + four[1]) + (four[2] + four[3]);
        }
        sums
    }
}
