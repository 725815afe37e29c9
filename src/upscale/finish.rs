//! What happens to rows between the network and the file: alpha is put back, or laid on the background, and colours
//! go back to the input's profile.

use super::canvas::{self, Depth};
use crate::error::Error;
use crate::raster::{self, Raster, Samples, ToProfile};

/// Alpha that did not go through the network.
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
    /// What to lay transparent pixels on, for formats without alpha.
    pub flatten: Option<[u8; 3]>,
    /// The profile that the colours go back to.
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
        let depth = canvas::depth(&rows);
        let alpha = match &self.opacity {
            Opacity::None => return Ok(rows),
            Opacity::Constant(alpha) => {
                let one =
                    Raster { width: 1, height: 1, channels: 1, samples: Samples::F32(vec![alpha * 255.0]) };
                let one = canvas::convert(one, depth);
                let count = rows.width as usize * rows.height as usize;
                let samples = match one.samples {
                    Samples::U8(one) => Samples::U8(one.repeat(count)),
                    Samples::U16(one) => Samples::U16(one.repeat(count)),
                    Samples::F32(one) => Samples::F32(one.repeat(count)),
                };
                Raster { width: rows.width, height: rows.height, channels: 1, samples }
            }
            Opacity::Plane(plane) => {
                canvas::convert(canvas::crop(plane, 0, y, rows.width, rows.height), depth)
            }
        };
        append_channel(rows, alpha, depth)
    }
}

/// `picture` with `alpha` (one channel, same size and depth) as its last channel.
fn append_channel(picture: Raster, alpha: Raster, depth: Depth) -> Result<Raster, Error> {
    let channels = picture.channels;
    let mut out = canvas::blank(picture.width, picture.height, channels + 1, depth)?;
    match (&mut out.samples, &picture.samples, &alpha.samples) {
        (Samples::U8(out), Samples::U8(colour), Samples::U8(alpha)) => {
            interleave(out, colour, alpha, channels)
        }
        (Samples::U16(out), Samples::U16(colour), Samples::U16(alpha)) => {
            interleave(out, colour, alpha, channels)
        }
        (Samples::F32(out), Samples::F32(colour), Samples::F32(alpha)) => {
            interleave(out, colour, alpha, channels)
        }
        _ => unreachable!("alpha was converted to the picture's depth"),
    }
    Ok(out)
}

fn interleave<S: Copy>(out: &mut [S], colour: &[S], alpha: &[S], channels: u8) {
    let channels = usize::from(channels);
    for ((out, colour), alpha) in
        out.chunks_exact_mut(channels + 1).zip(colour.chunks_exact(channels)).zip(alpha)
    {
        out[..channels].copy_from_slice(colour);
        out[channels] = *alpha;
    }
}

/// The alpha channel of a picture, as a grey picture.
pub fn alpha_of(picture: &Raster) -> Raster {
    let channels = usize::from(picture.channels);
    let samples = match &picture.samples {
        Samples::U8(samples) => Samples::U8(last_of_each(samples, channels)),
        Samples::U16(samples) => Samples::U16(last_of_each(samples, channels)),
        Samples::F32(samples) => Samples::F32(last_of_each(samples, channels)),
    };
    Raster { width: picture.width, height: picture.height, channels: 1, samples }
}

fn last_of_each<S: Copy>(samples: &[S], channels: usize) -> Vec<S> {
    samples.iter().skip(channels - 1).step_by(channels).copied().collect()
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
        let finish = Finish { opacity: Opacity::Plane(alpha_of(&picture)), ..Finish::nothing() };
        assert_eq!(finish.apply(row, 1).unwrap(), canvas::crop(&picture, 0, 1, 2, 1));
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
