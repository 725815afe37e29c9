//! Luma and chroma of AV1 to RGB (ITU-T H.273).

use re_rav1d::dav1d::{Picture, PixelLayout, PlanarImageComponent};

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
    samples: Vec<u16>,
    width: usize,
    height: usize,
}

impl Planes {
    /// Copies the planes out of the decoder's picture.
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
        let planes = components
            .iter()
            .enumerate()
            .map(|(i, &component)| {
                let (x, y) = if i == 0 { (0, 0) } else { shift };
                let (width, height) = ((width + x) >> x, (height + y) >> y);
                plane(picture, component, width, height, bits)
            })
            .collect();
        Planes { planes, width, height, bits, shift }
    }

    pub(super) fn is_grey(&self) -> bool {
        self.planes.len() == 1
    }

    /// Luma, 0..=1.
    pub(super) fn luma(&self, x: usize, y: usize, range: Range) -> f32 {
        range.luma(self.planes[0].at(x, y), self.bits)
    }

    /// The chroma at a pixel, -0.5..=0.5: between samples that lie in the middle of the pixels that they stand for.
    fn chroma(&self, plane: usize, x: usize, y: usize, range: Range) -> f32 {
        let plane = &self.planes[plane];
        let along = |place: usize, shift: usize| match (shift, place % 2) {
            (0, _) => (place, place, 1.0),
            (_, 0) => (place / 2, (place / 2).saturating_sub(1), 0.75),
            _ => (place / 2, place / 2 + 1, 0.75),
        };
        let (near_x, far_x, share_x) = along(x, self.shift.0);
        let (near_y, far_y, share_y) = along(y, self.shift.1);
        let row = |y: usize| plane.at(near_x, y) * share_x + plane.at(far_x, y) * (1.0 - share_x);
        range.chroma(row(near_y) * share_y + row(far_y) * (1.0 - share_y), self.bits)
    }

    /// Red, green and blue, 0..=1.
    pub(super) fn rgb(&self, x: usize, y: usize, matrix: Matrix, range: Range) -> [f32; 3] {
        if let Matrix::Identity = matrix {
            // Green, blue, red.
            let at = |plane: usize| range.luma(self.planes[plane].at(x, y), self.bits);
            return [at(2), at(0), at(1)];
        }
        let (luma, cb, cr) =
            (self.luma(x, y, range), self.chroma(1, x, y, range), self.chroma(2, x, y, range));
        match matrix {
            Matrix::Weights(red, blue) => {
                let green = 1.0 - red - blue;
                let (r, b) = (luma + cr * (2.0 - 2.0 * red), luma + cb * (2.0 - 2.0 * blue));
                [r, (luma - red * r - blue * b) / green, b]
            }
            _ => [luma - cb + cr, luma + cb, luma - cb - cr],
        }
    }
}

impl Plane {
    fn at(&self, x: usize, y: usize) -> f32 {
        self.samples[y.min(self.height - 1) * self.width + x.min(self.width - 1)].into()
    }
}

fn plane(
    picture: &Picture,
    component: PlanarImageComponent,
    width: usize,
    height: usize,
    bits: u32,
) -> Plane {
    let stride = picture.stride(component) as usize;
    let data = picture.plane(component);
    let mut samples = Vec::with_capacity(width * height);
    for row in data.chunks(stride).take(height) {
        if bits == 8 {
            samples.extend(row.iter().take(width).map(|&sample| u16::from(sample)));
        } else {
            samples.extend(row.as_chunks::<2>().0.iter().take(width).map(|&pair| u16::from_ne_bytes(pair)));
        }
    }
    samples.resize(width * height, 0);
    Plane { samples, width, height }
}

/// Which numbers stand for black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Full,
    Limited,
}

impl Range {
    fn luma(self, sample: f32, bits: u32) -> f32 {
        let step = (1u32 << (bits - 8)) as f32;
        match self {
            Range::Full => sample / ((1u32 << bits) - 1) as f32,
            Range::Limited => (sample / step - 16.0) / 219.0,
        }
    }

    fn chroma(self, sample: f32, bits: u32) -> f32 {
        let (step, middle) = ((1u32 << (bits - 8)) as f32, (1u32 << (bits - 1)) as f32);
        match self {
            Range::Full => (sample - middle) / ((1u32 << bits) - 1) as f32,
            Range::Limited => (sample - middle) / step / 224.0,
        }
    }
}

/// Matrix coefficients: how luma and chroma are made of RGB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Matrix {
    /// The planes are green, blue and red.
    Identity,
    /// The shares of red and blue in luma.
    Weights(f32, f32),
    YCgCo,
}

impl Matrix {
    /// From the code point of H.273, table 4; `None` where it is one that still pictures are not made with.
    pub(super) fn new(code: u8) -> Option<Matrix> {
        Some(match code {
            0 => Matrix::Identity,
            1 => Matrix::Weights(0.2126, 0.0722),
            // Where it is not said, BT.601, as in libavif and libheif.
            2 | 5 | 6 => Matrix::Weights(0.299, 0.114),
            4 => Matrix::Weights(0.30, 0.11),
            7 => Matrix::Weights(0.212, 0.087),
            8 => Matrix::YCgCo,
            9 => Matrix::Weights(0.2627, 0.0593),
            _ => return None,
        })
    }
}
