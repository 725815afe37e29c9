//! What is done to the decoded picture before it is shown: cut, turned, mirrored.

use super::boxes::Container;
use crate::error::Error;
use crate::raster::orient;
use crate::raster::picture::Raster;

/// A transformative property (ISO/IEC 23008-12, 6.5): applied to the decoded picture in the file's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    Crop {
        x: u32,
        y: u32,
        width: u32,
        height: u32,
    },
    /// EXIF's number of the same turn or mirroring.
    Orient(u8),
}

impl Transform {
    pub fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Transform::Crop { width, height, .. } => (width, height),
            Transform::Orient(5..) => (height, width),
            Transform::Orient(_) => (width, height),
        }
    }

    pub fn apply(self, raster: Raster) -> Result<Raster, Error> {
        match self {
            Transform::Crop { x, y, width, height } => Ok(raster.crop(x, y, width, height)),
            Transform::Orient(orientation) => orient::upright(raster, orientation),
        }
    }
}

/// The transformations of an item that is coded in `coded` pixels (width, height), in the file's order.
pub fn transforms(container: &Container, item: u32, coded: (u32, u32)) -> Vec<Transform> {
    let mut transforms = Vec::new();
    let mut size = coded;
    for found in container.properties(item) {
        let transform = match (&found.kind, found.data) {
            (b"clap", data) => crop(data, size),
            // Quarter turns against the clock, and the axis: 0 exchanges top and bottom, 1 left and right.
            (b"irot", [turns, ..]) => {
                [None, Some(8), Some(3), Some(6)][usize::from(turns & 3)].map(Transform::Orient)
            }
            (b"imir", [axis, ..]) => Some(Transform::Orient(if axis & 1 == 0 { 4 } else { 2 })),
            _ => None,
        };
        if let Some(transform) = transform {
            size = transform.size(size);
            transforms.push(transform);
        }
    }
    transforms
}

/// The clean aperture (ISO/IEC 14496-12, 12.1.4), where it is whole pixels inside the picture.
fn crop(data: &[u8], size: (u32, u32)) -> Option<Transform> {
    let numbers: Vec<f64> =
        data.as_chunks::<4>().0.iter().map(|bytes| f64::from(i32::from_be_bytes(*bytes))).collect();
    let &[width, width_by, height, height_by, x, x_by, y, y_by, ..] = &numbers[..] else { return None };
    let (width, height) = (width / width_by, height / height_by);
    let left = (f64::from(size.0) - width) / 2.0 + x / x_by;
    let top = (f64::from(size.1) - height) / 2.0 + y / y_by;
    let whole = |value: f64| (value >= 0.0 && value.fract() == 0.0 && value < 1e9).then_some(value as u32);
    let (width, height, x, y) = (whole(width)?, whole(height)?, whole(left)?, whole(top)?);
    let inside = width > 0 && height > 0 && x + width <= size.0 && y + height <= size.1;
    inside.then_some(Transform::Crop { x, y, width, height })
}
