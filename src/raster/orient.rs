//! EXIF orientation: which of the eight ways a camera was held.

use super::picture::{Raster, Samples, zeroed};
use crate::error::Error;
use bytemuck::Zeroable;

/// Side of the square that is transposed at once: source and destination stay in the first-level cache.
const BLOCK: usize = 32;

/// The picture turned upright. `orientation` is EXIF's 1..=8 (Exif 2.32, tag 274): 2 to 4 mirror and turn by half,
/// 5 to 8 also swap the sides. Anything else leaves it as it is.
pub(super) fn upright(raster: Raster, orientation: u8) -> Result<Raster, Error> {
    if !(2..=8).contains(&orientation) {
        return Ok(raster);
    }
    let Raster { width, height, channels, samples } = raster;
    let turn = Turn {
        width: width as usize,
        height: height as usize,
        channels: channels.into(),
        transpose: orientation >= 5,
        // In terms of the source: is its x axis, is its y axis, read backwards?
        flip_x: matches!(orientation, 2 | 3 | 7 | 8),
        flip_y: matches!(orientation, 3 | 4 | 6 | 7),
    };
    let samples = match samples {
        Samples::U8(v) => Samples::U8(turn.apply(&v)?),
        Samples::U16(v) => Samples::U16(turn.apply(&v)?),
        Samples::F32(v) => Samples::F32(turn.apply(&v)?),
    };
    let (width, height) = if turn.transpose { (height, width) } else { (width, height) };
    Ok(Raster { width, height, channels, samples })
}

struct Turn {
    width: usize,
    height: usize,
    channels: usize,
    transpose: bool,
    flip_x: bool,
    flip_y: bool,
}

impl Turn {
    fn apply<T: Zeroable + Copy>(&self, source: &[T]) -> Result<Vec<T>, Error> {
        let mut out = zeroed(source.len())?;
        match self.channels {
            1 => self.pixels::<T, 1>(source, &mut out),
            2 => self.pixels::<T, 2>(source, &mut out),
            3 => self.pixels::<T, 3>(source, &mut out),
            _ => self.pixels::<T, 4>(source, &mut out),
        }
        Ok(out)
    }

    fn pixels<T: Copy, const N: usize>(&self, source: &[T], out: &mut [T]) {
        let (source, _) = source.as_chunks::<N>();
        let (out, _) = out.as_chunks_mut::<N>();
        let (out_width, out_height) =
            if self.transpose { (self.height, self.width) } else { (self.width, self.height) };
        for top in (0..out_height).step_by(BLOCK) {
            for left in (0..out_width).step_by(BLOCK) {
                for y in top..out_height.min(top + BLOCK) {
                    for x in left..out_width.min(left + BLOCK) {
                        let (sx, sy) = if self.transpose { (y, x) } else { (x, y) };
                        let sx = if self.flip_x { self.width - 1 - sx } else { sx };
                        let sy = if self.flip_y { self.height - 1 - sy } else { sy };
                        out[y * out_width + x] = source[sy * self.width + sx];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a viewer must show rows "ABC" over "DEF" for each orientation, read off the figures of the standard:
    /// the tag says which side of the scene the stored row 0 and column 0 are.
    #[test]
    fn all_eight_by_hand() {
        let stored = |channels: u8| Raster {
            width: 3,
            height: 2,
            channels,
            samples: Samples::U8(b"ABCDEF".iter().flat_map(|&b| vec![b; channels.into()]).collect()),
        };
        for (orientation, shown, width) in [
            (1, b"ABCDEF", 3),
            (2, b"CBAFED", 3),
            (3, b"FEDCBA", 3),
            (4, b"DEFABC", 3),
            (5, b"ADBECF", 2),
            (6, b"DAEBFC", 2),
            (7, b"FCEBDA", 2),
            (8, b"CFBEAD", 2),
        ] {
            for channels in 1..=4 {
                let turned = upright(stored(channels), orientation).unwrap();
                let Samples::U8(samples) = turned.samples else { panic!("depth changed") };
                let firsts: Vec<u8> = samples.iter().copied().step_by(channels.into()).collect();
                assert_eq!((turned.width, firsts.as_slice()), (width, &shown[..]), "{orientation}");
            }
        }
    }

    #[test]
    fn larger_than_a_block() {
        let (width, height) = (75, 41);
        let samples: Vec<u16> = (0..width * height).collect();
        let raster = Raster::new(width.into(), height.into(), 1, Samples::U16(samples.clone())).unwrap();
        let turned = upright(raster, 6).unwrap();
        let Samples::U16(turned) = turned.samples else { panic!("depth changed") };
        for y in 0..width {
            for x in 0..height {
                assert_eq!(turned[usize::from(y * height + x)], (height - 1 - x) * width + y);
            }
        }
    }
}
