//! Pieces of one zlib stream (RFC 1950, 1951), compressed separately.

use crate::error::Error;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Adler-32's modulus.
const PRIME: u32 = 65521;

/// The two bytes that start a zlib stream: deflate with a 32 KiB window, and the level's class.
pub(super) fn header(level: u8) -> [u8; 2] {
    const DEFLATE_32K: u8 = 0x78;
    // FLEVEL; the low bits make the pair a multiple of 31.
    [
        DEFLATE_32K,
        match level {
            0 | 1 => 0x01,
            2..=5 => 0x5e,
            6 => 0x9c,
            _ => 0xda,
        },
    ]
}

/// Appends `data` as raw deflate blocks that end on a byte. Unless `last`, more blocks may follow.
pub(super) fn deflate(data: &[u8], level: u8, last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
    const ROOM: usize = 64 << 10;
    let failed = |what: &dyn std::fmt::Display| Error::Encode(format!("Deflate failed: {what}"));
    let mut state = Compress::new(Compression::new(level.into()), false);
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    loop {
        let consumed = state.total_in() as usize;
        out.reserve(ROOM);
        let status = state.compress_vec(&data[consumed..], out, flush).map_err(|e| failed(&e))?;
        let drained = out.len() < out.capacity();
        match status {
            Status::StreamEnd => return Ok(()),
            // Output left over means that the flush is complete.
            Status::Ok | Status::BufError if !last && drained && state.total_in() as usize == data.len() => {
                return Ok(());
            }
            Status::BufError if drained => return Err(failed(&"no progress")),
            Status::Ok | Status::BufError => {}
        }
    }
}

/// The checksum that ends a zlib stream, of `data` alone.
pub(super) fn adler32(data: &[u8]) -> u32 {
    // The most bytes whose sums fit 32 bits (zlib's NMAX).
    const RUN: usize = 5552;
    const BLOCK: usize = 16;
    let (mut a, mut b) = (1u32, 0u32);
    for run in data.chunks(RUN) {
        // b gains a once per byte, so byte i counts as often as bytes from it on are left: per block of sixteen a
        // fixed set of weights, plus sixteen times the sum before the block.
        let (blocks, rest) = run.as_chunks::<BLOCK>();
        for block in blocks {
            let (mut sum, mut weighted) = (0u32, 0u32);
            for (i, &byte) in block.iter().enumerate() {
                sum += u32::from(byte);
                weighted += u32::from(byte) * (BLOCK - i) as u32;
            }
            b += a * BLOCK as u32 + weighted;
            a += sum;
        }
        for &byte in rest {
            a += u32::from(byte);
            b += a;
        }
        a %= PRIME;
        b %= PRIME;
    }
    b << 16 | a
}

/// The checksum of two pieces together, from the checksum of each and the length of the second: zlib's
/// `adler32_combine`.
pub(super) fn adler32_joined(first: u32, second: u32, second_length: u64) -> u32 {
    let (a1, b1, a2, b2) = (first & 0xffff, first >> 16, second & 0xffff, second >> 16);
    let length = (second_length % u64::from(PRIME)) as u32;
    // Each start value of 1 in `second` was really a1: a differs by a1 - 1, b by that once per byte.
    let more = (a1 + PRIME - 1) % PRIME;
    let a = (a2 + more) % PRIME;
    let b = (u64::from(b1 + b2) + u64::from(length) * u64::from(more)) % u64::from(PRIME);
    (b as u32) << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    /// RFC 1950, section 8.2, word for word.
    fn adler_by_the_book(data: &[u8]) -> u32 {
        let (mut s1, mut s2) = (1u32, 0u32);
        for &byte in data {
            s1 = (s1 + u32::from(byte)) % PRIME;
            s2 = (s2 + s1) % PRIME;
        }
        s2 << 16 | s1
    }

    #[test]
    fn adler_of_extremes() {
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        for length in [0, 1, 5551, 5552, 5553, 70_000] {
            let data = vec![255; length];
            assert_eq!(adler32(&data), adler_by_the_book(&data), "{length}");
        }
    }

    proptest! {
        #[test]
        fn pieces_make_one_stream(
            data in prop::collection::vec(any::<u8>(), 0..40_000),
            cut in 0.0..1.0f64,
            level in 0..=9u8,
        ) {
            let cut = (data.len() as f64 * cut) as usize;
            let (first, second) = data.split_at(cut);
            let joined = adler32_joined(adler32(first), adler32(second), second.len() as u64);
            prop_assert_eq!(joined, adler_by_the_book(&data));

            let mut stream = header(level).to_vec();
            deflate(first, level, false, &mut stream).unwrap();
            deflate(second, level, true, &mut stream).unwrap();
            stream.extend(joined.to_be_bytes());
            let mut back = Vec::new();
            flate2::read::ZlibDecoder::new(&stream[..]).read_to_end(&mut back).unwrap();
            prop_assert_eq!(back, data);
        }
    }
}
