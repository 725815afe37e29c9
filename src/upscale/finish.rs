//! The last steps of rows between the network and the encoder: alpha is put back, or composited on the background, and
//! colours are converted to the input's profile.

use crate::error::Error;
use crate::raster::{self, Raster, Samples, ToProfile};

/// Alpha that bypassed the network.
pub enum Opacity {
    /// The rows have all the channels that they need.
    None,
    /// The same everywhere, 0..=1.
    Constant(f32),
    /// One channel of the result's size.
    Plane(Raster),
}

/// The last steps of every row.
pub struct Finish {
    /// Alpha to put back.
    pub opacity: Opacity,
    /// The background for transparent pixels, for formats without alpha.
    pub flatten: Option<[u8; 3]>,
    /// The profile to which colours are converted.
    pub profile: Option<ToProfile>,
}

impl Finish {
    /// Rows that need nothing.
    pub fn nothing() -> Finish {
        Finish { opacity: Opacity::None, flatten: None, profile: None }
    }

    /// Finishes `rows`, of which the first is row `y` of the result.
    pub fn apply(&self, rows: Raster, y: u32) -> Result<Raster, Error> {
        let mut rows = self.with_alpha(rows, y)?;
        if let Some(background) = self.flatten {
            raster::flatten(&mut rows, background);
        }
        if let Some(profile) = &self.profile {
            profile.apply(&mut rows)?;
        }
        Ok(rows)
    }

    fn with_alpha(&self, rows: Raster, y: u32) -> Result<Raster, Error> {
        let depth = rows.depth();
        let alpha = match &self.opacity {
            Opacity::None => return Ok(rows),
            Opacity::Constant(alpha) => {
                let one =
                    Raster { width: 1, height: 1, channels: 1, samples: Samples::F32(vec![alpha * 255.0]) };
                let count = rows.width as usize * rows.height as usize;
                let samples = match one.into_depth(depth).samples {
                    Samples::U8(one) => Samples::U8(one.repeat(count)),
                    Samples::U16(one) => Samples::U16(one.repeat(count)),
                    Samples::F32(one) => Samples::F32(one.repeat(count)),
                };
                Raster { width: rows.width, height: rows.height, channels: 1, samples }
            }
            Opacity::Plane(plane) => plane.crop(0, y, rows.width, rows.height).into_depth(depth),
        };
        rows.with_channel(&alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_that_was_taken_off_is_put_back() {
        let samples: Vec<u8> = (0..24).collect();
        let picture = Raster { width: 2, height: 3, channels: 4, samples: Samples::U8(samples) };
        let colour = Samples::U8(vec![8, 9, 10, 12, 13, 14]);
        let row = Raster { width: 2, height: 1, channels: 3, samples: colour };
        let finish = Finish { opacity: Opacity::Plane(picture.last_channel()), ..Finish::nothing() };
        assert_eq!(finish.apply(row, 1).unwrap(), picture.crop(0, 1, 2, 1));
    }

    #[test]
    fn constant_alpha_has_the_depth_of_the_picture() {
        let grey = |samples| Raster { width: 1, height: 1, channels: 1, samples };
        let finish = Finish { opacity: Opacity::Constant(0.2), ..Finish::nothing() };
        assert_eq!(finish.apply(grey(Samples::U8(vec![7])), 0).unwrap().samples, Samples::U8(vec![7, 51]));
        assert_eq!(
            finish.apply(grey(Samples::U16(vec![7])), 0).unwrap().samples,
            Samples::U16(vec![7, 13107])
        );
    }
}
