//! Luma and chroma of AV1 to RGB (ITU-T H.273).

use re_rav1d::dav1d::{Picture, PixelLayout, PlanarImageComponent, Plane as Bytes};

/// The planes of a decoded picture.
pub(super) struct Planes {
    planes: Vec<Plane>,
    pub(super) width: usize,
    pub(super) height: usize,
    bits: u32,
    /// How many times wider and higher luma is than chroma, as shifts.
    shift: (usize, usize),
}

struct Plane {
    bytes: Bytes,
    stride: usize,
    width: usize,
    height: usize,
    /// Whether samples are bytes.
    narrow: bool,
}

/// A row of a picture as it is converted.
#[derive(Default)]
pub(super) struct Row {
    /// Red, green and blue, or luma alone, 0..=1.
    pub(super) colours: [Vec<f32>; 3],
    near: Vec<u16>,
    far: Vec<u16>,
}

impl Planes {
    /// The planes of the decoder's picture, which lives as long.
    pub(super) fn of(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let shift = match picture.pixel_layout() {
            PixelLayout::I420 => (1, 1),
            PixelLayout::I422 => (1, 0),
            _ => (0, 0),
        };
        let components: &[PlanarImageComponent] = match picture.pixel_layout() {
            PixelLayout::I400 => &[PlanarImageComponent::Y],
            _ => &[PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V],
        };
        let bits = picture.bits_per_component().map_or(8, |bits| bits.0 as u32);
        let planes = components.iter().enumerate().map(|(i, &component)| {
            let (x, y) = if i == 0 { (0, 0) } else { shift };
            Plane {
                bytes: picture.plane(component),
                stride: picture.stride(component) as usize,
                width: (width + x) >> x,
                height: (height + y) >> y,
                narrow: bits == 8,
            }
        });
        Planes { planes: planes.collect(), width, height, bits, shift }
    }

    pub(super) fn is_grey(&self) -> bool {
        self.planes.len() == 1
    }

    /// Luma of row `y` as the first colour of `row`.
    pub(super) fn read_luma(&self, y: usize, range: Range, row: &mut Row) {
        self.read_full(0, y, range, &mut row.near, &mut row.colours[0]);
    }

    /// The colours of row `y`.
    pub(super) fn read_rgb(&self, y: usize, matrix: YuvMatrix, range: Range, row: &mut Row) {
        let Row { colours: [red, green, blue], near, far } = row;
        if let YuvMatrix::Identity = matrix {
            for (plane, colour) in [green, blue, red].into_iter().enumerate() {
                self.read_full(plane, y, range, near, colour);
            }
            return;
        }
        // Luma, then chroma, where the colours come to be.
        self.read_full(0, y, range, near, green);
        self.read_chroma(1, y, range, (near, far), blue);
        self.read_chroma(2, y, range, (near, far), red);
        matrix.apply([red, green, blue]);
    }

    /// A row of a plane without any sampling, 0..=1.
    fn read_full(&self, plane: usize, y: usize, range: Range, stored: &mut Vec<u16>, out: &mut Vec<f32>) {
        self.planes[plane].read(y, stored);
        out.clear();
        out.extend(stored.iter().map(|&sample| f32::from(sample)));
        range.scale_luma(out, self.bits);
    }

    /// The chroma of a row, -0.5..=0.5: between samples that lie in the middle of the pixels that they stand for, three
    /// quarters of the nearer one in each direction.
    fn read_chroma(
        &self,
        plane: usize,
        y: usize,
        range: Range,
        (near, far): (&mut Vec<u16>, &mut Vec<u16>),
        out: &mut Vec<f32>,
    ) {
        let plane = &self.planes[plane];
        if self.shift.1 == 0 {
            plane.read(y, near);
            near.iter_mut().for_each(|sample| *sample *= 4);
        } else {
            plane.read(y / 2, near);
            plane.read(if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { y / 2 + 1 }, far);
            near.iter_mut().zip(far.iter()).for_each(|(near, far)| *near = *near * 3 + far);
        }
        // Quarters become sixteenths: of 12 bits they just fit 16.
        out.clear();
        let value = |sixteenths: u16| f32::from(sixteenths) / 16.0;
        if self.shift.0 == 0 {
            out.extend(near.iter().map(|&quarters| value(quarters * 4)));
        } else {
            out.resize(self.width, 0.0);
            let (first, last) = (near[0], near[near.len() - 1]);
            out[0] = value(first * 4);
            for (pair, quarters) in out[1..].as_chunks_mut::<2>().0.iter_mut().zip(near.windows(2)) {
                let (left, right) = (quarters[0], quarters[1]);
                *pair = [value(left * 3 + right), value(right * 3 + left)];
            }
            if self.width.is_multiple_of(2) {
                out[self.width - 1] = value(last * 4);
            }
        }
        range.scale_chroma(out, self.bits);
    }
}

impl Plane {
    /// The samples of a row; beyond the last row, of that one.
    fn read(&self, y: usize, out: &mut Vec<u16>) {
        let start = y.min(self.height - 1) * self.stride;
        let row = self.bytes.get(start..).unwrap_or(&[]);
        out.clear();
        if self.narrow {
            out.extend(row.iter().take(self.width).map(|&sample| u16::from(sample)));
        } else {
            out.extend(row.as_chunks::<2>().0.iter().take(self.width).map(|&pair| u16::from_ne_bytes(pair)));
        }
        out.resize(self.width, 0);
    }
}

/// Which numbers stand for black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Full,
    Limited,
}

impl Range {
    fn scale_luma(self, samples: &mut [f32], bits: u32) {
        let (step, full) = ((1u32 << (bits - 8)) as f32, ((1u32 << bits) - 1) as f32);
        match self {
            Range::Full => samples.iter_mut().for_each(|sample| *sample /= full),
            Range::Limited => {
                samples.iter_mut().for_each(|sample| *sample = (*sample / step - 16.0) / 219.0);
            }
        }
    }

    fn scale_chroma(self, samples: &mut [f32], bits: u32) {
        let (step, full) = ((1u32 << (bits - 8)) as f32, ((1u32 << bits) - 1) as f32);
        let middle = (1u32 << (bits - 1)) as f32;
        match self {
            Range::Full => samples.iter_mut().for_each(|sample| *sample = (*sample - middle) / full),
            Range::Limited => {
                samples.iter_mut().for_each(|sample| *sample = (*sample - middle) / step / 224.0);
            }
        }
    }
}

/// Matrix coefficients: how luma and chroma are made of RGB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum YuvMatrix {
    /// The planes are green, blue and red.
    Identity,
    /// The shares of red and blue in luma.
    Weights(f32, f32),
    YCgCo,
}

impl YuvMatrix {
    /// From the code point of H.273, table 4; `None` where it is one that still pictures are not made with.
    pub(super) fn new(code: u8) -> Option<YuvMatrix> {
        Some(match code {
            0 => YuvMatrix::Identity,
            1 => YuvMatrix::Weights(0.2126, 0.0722),
            // Where it is not said, BT.601, as in libavif and libheif.
            2 | 5 | 6 => YuvMatrix::Weights(0.299, 0.114),
            4 => YuvMatrix::Weights(0.30, 0.11),
            7 => YuvMatrix::Weights(0.212, 0.087),
            8 => YuvMatrix::YCgCo,
            9 => YuvMatrix::Weights(0.2627, 0.0593),
            _ => return None,
        })
    }

    /// Red chroma, luma and blue chroma to red, green and blue, in place.
    fn apply(self, [red, green, blue]: [&mut [f32]; 3]) {
        let pixels = red.iter_mut().zip(green).zip(blue);
        match self {
            YuvMatrix::Weights(kr, kb) => {
                let (kg, to_red, to_blue) = (1.0 - kr - kb, 2.0 - 2.0 * kr, 2.0 - 2.0 * kb);
                for ((red, green), blue) in pixels {
                    let (cr, luma, cb) = (*red, *green, *blue);
                    let (r, b) = (luma + cr * to_red, luma + cb * to_blue);
                    (*red, *green, *blue) = (r, (luma - kr * r - kb * b) / kg, b);
                }
            }
            YuvMatrix::YCgCo | YuvMatrix::Identity => {
                for ((red, green), blue) in pixels {
                    let (cr, luma, cb) = (*red, *green, *blue);
                    (*red, *green, *blue) = (luma - cb + cr, luma + cb, luma - cb - cr);
                }
            }
        }
    }
}
