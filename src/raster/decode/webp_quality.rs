//! The quality that a lossy WebP was probably written with, from the quantiser in its frame header.

/// The quality, 1 to 100, for which libwebp chooses the quantiser of the first lossy frame; `None` where there is
/// none.
///
/// libwebp's `QualityToCompression` (src/enc/quant_enc.c) maps quality q in 0..1 to the cube root of 2q/3 below 0.75
/// and of 2q - 1 above it, and quantiser index 127 (1 - c) to that; this is the inverse. Where the frame is segmented
/// the mean of the segments' quantisers stands in for the base.
pub(super) fn lossy_quality(file: &[u8]) -> Option<u8> {
    let quantizer = quantizer(frame(file)?)?;
    let compression = 1.0 - quantizer / 127.0;
    let linear = compression.powi(3);
    let quality = if linear < 0.5 { 1.5 * linear } else { (linear + 1.0) / 2.0 };
    Some((quality * 100.0).round().clamp(1.0, 100.0) as u8)
}

/// The payload of the first `VP8 ` chunk, in the file or in its first animation frame.
fn frame(file: &[u8]) -> Option<&[u8]> {
    const ANIMATION_HEADER: usize = 16;
    let mut rest = file.get(12..)?;
    loop {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        rest = match kind {
            b"VP8 " => return Some(&after[..length.min(after.len())]),
            b"VP8L" => return None,
            b"ANMF" => after.get(ANIMATION_HEADER..)?,
            _ => after.get(length.checked_add(length & 1)?..)?,
        };
    }
}

/// The quantiser index, 0..=127, from a key frame's header (RFC 6386, sections 9.1 to 9.6 and 19.2).
fn quantizer(frame: &[u8]) -> Option<f32> {
    const FRAME_TAG_AND_START_CODE: usize = 10;
    const FILTER_TYPE_LEVEL_SHARPNESS: u32 = 1 + 6 + 3;
    let mut bits = BoolReader::new(frame.get(FRAME_TAG_AND_START_CODE..)?)?;
    let _colour_space_and_clamping = bits.literal(2);
    let mut segments = None;
    if bits.flag() {
        let update_map = bits.flag();
        if bits.flag() {
            let absolute = bits.flag();
            let quantisers: [i32; 4] = std::array::from_fn(|_| bits.optional_signed(7));
            let _filter_levels: [i32; 4] = std::array::from_fn(|_| bits.optional_signed(6));
            segments = Some((absolute, quantisers));
        }
        if update_map {
            for _ in 0..3 {
                if bits.flag() {
                    bits.literal(8);
                }
            }
        }
    }
    bits.literal(FILTER_TYPE_LEVEL_SHARPNESS);
    if bits.flag() && bits.flag() {
        for _ in 0..8 {
            bits.optional_signed(6);
        }
    }
    let _partitions = bits.literal(2);
    let base = bits.literal(7) as f32;
    Some(match segments {
        Some((absolute, quantisers)) => {
            let mean = quantisers.iter().sum::<i32>() as f32 / 4.0;
            (if absolute { mean } else { base + mean }).clamp(0.0, 127.0)
        }
        None => base,
    })
}

/// The boolean entropy decoder of RFC 6386, section 7.3, for even odds only: all that this part of a header uses.
/// Past the end it reads zeros.
struct BoolReader<'a> {
    bytes: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    bits: u32,
}

impl<'a> BoolReader<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut bytes = bytes.iter();
        let value = u32::from(*bytes.next()?) << 8 | u32::from(*bytes.next()?);
        Some(BoolReader { bytes, value, range: 255, bits: 0 })
    }

    fn flag(&mut self) -> bool {
        let split = 1 + (((self.range - 1) * 128) >> 8);
        let found = self.value >= split << 8;
        if found {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.value <<= 1;
            self.range <<= 1;
            self.bits += 1;
            if self.bits == 8 {
                self.bits = 0;
                self.value |= u32::from(*self.bytes.next().unwrap_or(&0));
            }
        }
        found
    }

    fn literal(&mut self, bits: u32) -> u32 {
        (0..bits).fold(0, |value, _| value << 1 | u32::from(self.flag()))
    }

    /// A value behind a flag that says whether it is there, with a sign bit after it.
    fn optional_signed(&mut self, bits: u32) -> i32 {
        if !self.flag() {
            return 0;
        }
        let value = self.literal(bits) as i32;
        if self.flag() { -value } else { value }
    }
}
