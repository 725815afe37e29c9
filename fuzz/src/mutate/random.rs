//! Numbers that follow from libFuzzer's seed, so that what it finds can be made again.

/// Values at which arithmetic goes wrong.
const INTERESTING: [u64; 22] = [
    0,
    1,
    2,
    3,
    7,
    8,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x3fff,
    0x4000,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    i64::MAX as u64,
    u64::MAX,
];

/// Marsaglia's xorshift of 32 bits.
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Random {
        // Seeds that follow each other give numbers that do not.
        Random(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.next() as usize % count
    }

    /// What a number becomes: one beside it, an interesting one, or any.
    pub fn value(&mut self, old: u64) -> u64 {
        match self.next() % 8 {
            0 => u64::from(self.next()),
            1 => old.wrapping_add(1),
            2 => old.wrapping_sub(1),
            3 => old.wrapping_mul(2),
            _ => INTERESTING[self.below(INTERESTING.len())],
        }
    }
}
