//! From the requested size to passes of the network, resampling and framing.

use super::options::{Fit, Options};
use crate::error::Error;

/// More passes than this add artefacts, not detail; the rest is resampled.
const MAX_PASSES: u32 = 2;

/// The scales of the available networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scales {
    /// The scale of a result for which none is requested.
    pub primary: u32,
    /// At least one, in any order.
    pub networks: Vec<u32>,
}

/// How to get from a picture to the requested size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// The scale of the network that is taken: the smallest that reaches the size in one pass, else the largest.
    pub factor: u32,
    /// How often the network runs over the whole picture.
    pub passes: u32,
    /// The size to resample to after the passes, if they do not hit it.
    pub resample: Option<(u32, u32)>,
    /// The size to crop or letterbox to at the end.
    pub canvas: Option<(u32, u32)>,
    /// The final size.
    pub width: u32,
    pub height: u32,
}

impl Sizing {
    /// For a picture of `width` x `height` pixels and networks of these scales.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for sizes that are not positive or beyond what can be counted, [`Error::Limit`] if
    /// the result or a step on the way has more than `limit` pixels.
    pub fn new(
        width: u32,
        height: u32,
        scales: &Scales,
        options: &Options,
        limit: Option<u64>,
    ) -> Result<Sizing, Error> {
        let (target, canvas) = target(width, height, scales.primary, options)?;
        let factor = factor((width, height), scales, target);
        let passes = passes((width, height), factor, target);
        let reached = (0..passes).try_fold((width, height), |(w, h), _| {
            let (w, h) = (side(f64::from(w) * f64::from(factor))?, side(f64::from(h) * f64::from(factor))?);
            check(w, h, limit).map(|()| (w, h))
        })?;
        check(target.0, target.1, limit)?;
        let (final_width, final_height) = canvas.unwrap_or(target);
        check(final_width, final_height, limit)?;
        let resample = (reached != target).then_some(target);
        Ok(Sizing { factor, passes, resample, canvas, width: final_width, height: final_height })
    }
}

type Size = (u32, u32);

fn factor(size: Size, scales: &Scales, target: Size) -> u32 {
    let reaching = scales.networks.iter().filter(|factor| reaches(size, u64::from(**factor), target)).min();
    reaching.or(scales.networks.iter().max()).copied().unwrap_or(scales.primary)
}

/// Whether both sides, multiplied by `factor`, are at least the target's.
fn reaches((width, height): Size, factor: u64, target: Size) -> bool {
    u64::from(width) * factor >= u64::from(target.0) && u64::from(height) * factor >= u64::from(target.1)
}

/// The size to resample to, and the box to crop or pad to afterwards.
fn target(width: u32, height: u32, factor: u32, options: &Options) -> Result<(Size, Option<Size>), Error> {
    let (w, h) = (f64::from(width), f64::from(height));
    let by = |factor: f64| -> Result<Size, Error> { Ok((side(w * factor)?, side(h * factor)?)) };
    match (options.width, options.height, options.scale) {
        (None, None, None) => Ok((by(f64::from(factor))?, None)),
        (None, None, Some(scale)) if scale > 0.0 && scale.is_finite() => Ok((by(scale)?, None)),
        (None, None, Some(scale)) => {
            Err(Error::InvalidArgument(format!("Expected a positive number for scale but received {scale}")))
        }
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(Error::InvalidArgument(
            "Expected either scale or width and height but received both".to_owned(),
        )),
        (Some(width), None, None) => Ok(((positive(width)?, side(h * f64::from(width) / w)?), None)),
        (None, Some(height), None) => Ok(((side(w * f64::from(height) / h)?, positive(height)?), None)),
        (Some(box_width), Some(box_height), None) => {
            let boxed = (positive(box_width)?, positive(box_height)?);
            let (x, y) = (f64::from(box_width) / w, f64::from(box_height) / h);
            Ok(match options.fit {
                Fit::Fill => (boxed, None),
                Fit::Inside => (by(x.min(y))?, None),
                Fit::Outside => (by(x.max(y))?, None),
                Fit::Contain => (by(x.min(y))?, Some(boxed)),
                Fit::Cover => (by(x.max(y))?, Some(boxed)),
            })
        }
    }
}

/// The fewest passes that reach the target; none where it is smaller than the picture, unless the network restores.
fn passes((width, height): Size, factor: u32, target: Size) -> u32 {
    if factor <= 1 {
        return 1;
    }
    if target.0 < width && target.1 < height {
        return 0;
    }
    let reached = |passes: &u32| reaches((width, height), u64::from(factor).pow(*passes), target);
    (1..MAX_PASSES).find(reached).unwrap_or(MAX_PASSES)
}

/// A side in whole pixels, at least one.
fn side(pixels: f64) -> Result<u32, Error> {
    let rounded = pixels.round().max(1.0);
    if rounded > f64::from(u32::MAX) {
        return Err(Error::Limit(format!(
            "Expected at most {} pixels a side but {rounded} were asked for",
            u32::MAX
        )));
    }
    Ok(rounded as u32)
}

fn positive(side: u32) -> Result<u32, Error> {
    if side == 0 {
        return Err(Error::InvalidArgument("Expected a positive width and height but received 0".to_owned()));
    }
    Ok(side)
}

fn check(width: u32, height: u32, limit: Option<u64>) -> Result<(), Error> {
    match limit {
        Some(limit) if u64::from(width) * u64::from(height) > limit => Err(Error::Limit(format!(
            "Expected a result of at most {limit} pixels (limitOutputPixels) but it would have {width}x{height}"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scales(networks: &[u32]) -> Scales {
        Scales { primary: networks[0], networks: networks.to_vec() }
    }

    fn size(options: Options) -> Sizing {
        Sizing::new(100, 50, &scales(&[2]), &options, Some(1_000_000)).unwrap()
    }

    #[test]
    fn plain_upscaling_is_one_pass() {
        let sizing = size(Options::default());
        assert_eq!(
            sizing,
            Sizing { factor: 2, passes: 1, resample: None, canvas: None, width: 200, height: 100 }
        );
    }

    #[test]
    fn any_scale_is_the_fewest_passes_and_a_resample() {
        let scaled = |scale| size(Options { scale: Some(scale), ..Options::default() });
        assert_eq!((scaled(1.5).passes, scaled(1.5).resample), (1, Some((150, 75))));
        assert_eq!((scaled(4.0).passes, scaled(4.0).resample), (2, None));
        assert_eq!((scaled(3.0).passes, scaled(3.0).resample), (2, Some((300, 150))));
        assert_eq!((scaled(6.0).passes, scaled(6.0).resample), (2, Some((600, 300))));
        assert_eq!((scaled(0.5).passes, scaled(0.5).resample), (0, Some((50, 25))));
    }

    #[test]
    fn of_several_networks_the_smallest_that_reaches_the_size_is_taken() {
        let taken = |networks: &[u32], scale| {
            let options = Options { scale, ..Options::default() };
            let sizing = Sizing::new(100, 50, &scales(networks), &options, None).unwrap();
            (sizing.factor, sizing.passes, sizing.width)
        };
        assert_eq!(taken(&[2, 4], None), (2, 1, 200));
        assert_eq!(taken(&[4, 2], None), (4, 1, 400));
        assert_eq!(taken(&[4, 2], Some(1.5)), (2, 1, 150));
        assert_eq!(taken(&[2, 4], Some(2.01)), (4, 1, 201));
        assert_eq!(taken(&[2, 4], Some(4.0)), (4, 1, 400));
        assert_eq!(taken(&[2, 4], Some(6.0)), (4, 2, 600));
        assert_eq!(taken(&[2, 4], Some(0.5)), (2, 0, 50));
    }

    #[test]
    fn one_side_keeps_the_aspect_ratio() {
        let sizing = size(Options { width: Some(150), ..Options::default() });
        assert_eq!((sizing.width, sizing.height, sizing.passes), (150, 75, 1));
        let sizing = size(Options { height: Some(100), ..Options::default() });
        assert_eq!((sizing.width, sizing.height, sizing.resample), (200, 100, None));
    }

    #[test]
    fn fits_are_those_of_sharp() {
        let fitted = |fit| size(Options { width: Some(160), height: Some(160), fit, ..Options::default() });
        assert_eq!((fitted(Fit::Fill).resample, fitted(Fit::Fill).canvas), (Some((160, 160)), None));
        assert_eq!((fitted(Fit::Inside).width, fitted(Fit::Inside).height), (160, 80));
        assert_eq!((fitted(Fit::Outside).width, fitted(Fit::Outside).height), (320, 160));
        assert_eq!(fitted(Fit::Contain).canvas, Some((160, 160)));
        assert_eq!(
            (fitted(Fit::Cover).resample, fitted(Fit::Cover).canvas),
            (Some((320, 160)), Some((160, 160)))
        );
    }

    #[test]
    fn limits_and_nonsense_are_refused() {
        let code = |options| Sizing::new(100, 50, &scales(&[2]), &options, Some(20_000)).unwrap_err().code();
        assert_eq!(code(Options { scale: Some(2.1), ..Options::default() }), "ERR_UPSCALER_LIMIT");
        assert_eq!(code(Options { scale: Some(1e30), ..Options::default() }), "ERR_UPSCALER_LIMIT");
        assert_eq!(code(Options { scale: Some(-1.0), ..Options::default() }), "ERR_INVALID_ARG_VALUE");
        assert_eq!(code(Options { scale: Some(f64::NAN), ..Options::default() }), "ERR_INVALID_ARG_VALUE");
        assert_eq!(code(Options { width: Some(0), ..Options::default() }), "ERR_INVALID_ARG_VALUE");
        assert_eq!(
            code(Options { scale: Some(2.0), width: Some(1), ..Options::default() }),
            "ERR_INVALID_ARG_VALUE"
        );
        let huge = Sizing::new(u32::MAX, u32::MAX, &scales(&[2]), &Options::default(), None);
        assert_eq!(huge.unwrap_err().code(), "ERR_UPSCALER_LIMIT");
    }
}
