//! Spatial geometry: scale, receptive field, valid crop and size multiple of a network; its work and memory per pixel.
//!
//! | file | what |
//! |---|---|
//! | `receptive_field` | how far around a pixel the network looks |
//! | `operator_inputs`, `interval` | which region of its inputs each operator needs for a region of its output |
//! | `memory` | the most memory that a run takes |
//! | here | scale, valid crop, size multiple, multiply-adds |

mod interval;
mod memory;
mod operator_inputs;
mod receptive_field;

use super::ir::Graph;
use super::shape::{self, Kind, PROBE, Shapes, Site};
use crate::error::Error;

/// Larger size multiples than this are refused as absurd.
const MAX_SIZE_MULTIPLE: usize = 256;

/// The geometry of a network, in pixels of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpatialGeometry {
    /// The upscaling factor, at least 1: output size = (input size - 2 `valid_crop`) x `scale`.
    pub scale: u32,
    /// The radius of the receptive field of a block of `size_multiple` x `size_multiple` pixels; `None`: the whole
    /// picture.
    pub radius: Option<u32>,
    /// Input pixels on each side that have no result, in networks of convolutions without padding.
    pub valid_crop: u32,
    /// Sizes must be multiples of this; so must be the origins of tiles.
    pub size_multiple: u32,
}

/// The geometry and the work of a graph.
#[derive(Clone, Copy, Debug)]
pub struct Analysis {
    pub geometry: SpatialGeometry,
    pub channels_out: usize,
    /// Multiplications and additions per input pixel; `None` if they do not grow with the number of pixels.
    pub macs_per_pixel: Option<u64>,
}

/// Analyses a graph whose input and output are NCHW.
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is inconsistent or does not scale its input by a whole number.
pub fn analyse(graph: &Graph, channels: usize) -> Result<Analysis, Error> {
    match (any_size(graph, channels), graph.input.dims) {
        (Err(_), [.., Some(height), Some(width)]) => one_size(graph, [1, channels, height, width]),
        (result, _) => result,
    }
}

/// The most bytes per input pixel that a run of the graph holds in activations.
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is inconsistent.
pub fn bytes_per_pixel(graph: &Graph, channels: usize) -> Result<f64, Error> {
    per_pixel(graph, channels, memory::most_elements)
}

/// The same where memory is planned shape by shape.
///
/// # Errors
/// [`Error::ModelLoad`] if the graph is inconsistent.
pub fn planned_bytes_per_pixel(graph: &Graph, channels: usize) -> Result<f64, Error> {
    per_pixel(graph, channels, memory::most_elements_by_shape)
}

fn per_pixel(
    graph: &Graph,
    channels: usize,
    most: impl Fn(&Graph, &Shapes) -> Result<f64, Error>,
) -> Result<f64, Error> {
    let (height, width) = match graph.input.dims {
        [.., Some(height), Some(width)] => (height, width),
        _ => (PROBE, PROBE),
    };
    let shapes = shape::infer(graph, [1, channels, height, width])?;
    let bytes = most(graph, &shapes)? * size_of::<f32>() as f64;
    Ok(bytes / (height as f64 * width as f64))
}

/// For networks that take pictures of any size (even if the file says only one).
fn any_size(graph: &Graph, channels: usize) -> Result<Analysis, Error> {
    let at = |size: usize| shape::infer(graph, [1, channels, size, size]);
    let (small, large) = (at(PROBE)?, at(2 * PROBE)?);
    let (out_small, out_large) = (output_dims(graph, &small)?, output_dims(graph, &large)?);
    let law = SizeLaw::fit(out_small, out_large)?;
    let size_multiple = size_multiple(graph, &small, &large, channels, law)?;
    let radius = if depends_on_size(graph, &small, &large)? {
        None
    } else {
        receptive_field::radius(graph, &small, law, size_multiple)?
    };
    let macs = (work_per_pixel(graph, &small, PROBE)?, work_per_pixel(graph, &large, 2 * PROBE)?);
    Ok(Analysis {
        geometry: SpatialGeometry {
            scale: law.scale as u32,
            radius,
            valid_crop: law.valid_crop as u32,
            size_multiple: size_multiple as u32,
        },
        channels_out: out_small[1],
        macs_per_pixel: ((macs.0 - macs.1).abs() <= 0.01 * macs.0).then_some(macs.1.round() as u64),
    })
}

/// For networks that take one size only: nothing is known of their insides.
fn one_size(graph: &Graph, dims: [usize; 4]) -> Result<Analysis, Error> {
    let shapes = shape::infer(graph, dims)?;
    let [_, channels_out, height, width] = output_dims(graph, &shapes)?;
    let scale = height / dims[2];
    if scale == 0 || height != scale * dims[2] || width != scale * dims[3] {
        return Err(ratio_error([dims[2], dims[3]], [height, width]));
    }
    let pixels = (dims[2] * dims[3]) as f64;
    let macs = work(graph, &shapes)? / pixels;
    Ok(Analysis {
        geometry: SpatialGeometry { scale: scale as u32, radius: None, valid_crop: 0, size_multiple: 1 },
        channels_out,
        macs_per_pixel: Some(macs.round() as u64),
    })
}

fn output_dims(graph: &Graph, shapes: &Shapes) -> Result<[usize; 4], Error> {
    let dims = shapes.get(&graph.output.name).map_or(&[][..], |info| &info.dims);
    match *dims {
        [1, channels, height, width] => Ok([1, channels, height, width]),
        _ => Err(Error::ModelLoad(format!("expected an image as output, found a tensor of shape {dims:?}"))),
    }
}

fn ratio_error(from: [usize; 2], to: [usize; 2]) -> Error {
    Error::ModelLoad(format!(
        "a picture of {}x{} becomes {}x{}; expected the same whole factor along height and width",
        from[1], from[0], to[1], to[0]
    ))
}

/// output size = (input size - 2 valid_crop) x scale
#[derive(Clone, Copy)]
struct SizeLaw {
    scale: usize,
    valid_crop: usize,
}

impl SizeLaw {
    fn fit(small: [usize; 4], large: [usize; 4]) -> Result<SizeLaw, Error> {
        let fit = |axis: usize| {
            let growth = large[axis].checked_sub(small[axis]).filter(|g| *g > 0 && g % PROBE == 0)?;
            let scale = growth / PROBE;
            let lost = (scale * PROBE).checked_sub(small[axis]).filter(|lost| lost % (2 * scale) == 0)?;
            Some((scale, lost / (2 * scale)))
        };
        match (fit(2), fit(3)) {
            (Some(a), Some(b)) if a == b && a.0 <= 64 => Ok(SizeLaw { scale: a.0, valid_crop: a.1 }),
            _ => Err(ratio_error([PROBE; 2], [small[2], small[3]])),
        }
    }

    fn holds(self, graph: &Graph, channels: usize, size: usize) -> bool {
        let wanted = (size - 2 * self.valid_crop) * self.scale;
        let dims = shape::infer(graph, [1, channels, size, size]).and_then(|s| output_dims(graph, &s));
        dims.is_ok_and(|dims| dims[2..] == [wanted; 2])
    }
}

/// The smallest number whose multiples the network takes, and by which shifts of the input shift the result: the least
/// common multiple of the strides, in input pixels, of all its inner tensors.
fn size_multiple(
    graph: &Graph,
    small: &Shapes,
    large: &Shapes,
    channels: usize,
    law: SizeLaw,
) -> Result<usize, Error> {
    let mut period = 1;
    for (name, a) in small.iter().filter(|(_, info)| info.of_picture) {
        let Some(b) = large.get(name) else { continue };
        for (&a, &b) in a.dims.iter().zip(&b.dims) {
            let growth = b.saturating_sub(a);
            if growth > 0 && period <= MAX_SIZE_MULTIPLE {
                period = lcm(period, PROBE / gcd(PROBE, growth));
            }
        }
    }
    let takes = |d: usize| [1, 3, 5].iter().all(|n| law.holds(graph, channels, PROBE + n * d));
    let fits = |d: &usize| *d <= MAX_SIZE_MULTIPLE && takes(*d);
    (1..=4).map(|n| n * period).find(fits).ok_or_else(|| {
        Error::ModelLoad(format!(
            "the network repeats itself every {period} pixels, but does not take such sizes"
        ))
    })
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn lcm(a: usize, b: usize) -> usize {
    a / gcd(a, b) * b
}

/// Whether the picture's size enters the computation: then a tile differs from the same part of the picture.
fn depends_on_size(graph: &Graph, small: &Shapes, large: &Shapes) -> Result<bool, Error> {
    for node in &graph.nodes {
        let (kind, site) = (shape::kind(node)?, Site::new(graph, node, small));
        if kind == Kind::Resize && operator_inputs::stretches_to_corners(&site)? {
            return Ok(true);
        }
        let of_picture = small.get(node.out()).is_some_and(|info| info.of_picture);
        let varies = |name: &String| match (small.get(name), large.get(name)) {
            (Some(a), Some(b)) if a.of_size && !a.of_picture => {
                a.value.is_none() || a.value != b.value || a.dims != b.dims
            }
            _ => false,
        };
        if of_picture && node.input.iter().take(operator_inputs::data_inputs(kind)).any(varies) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn work_per_pixel(graph: &Graph, shapes: &Shapes, size: usize) -> Result<f64, Error> {
    Ok(work(graph, shapes)? / (size as f64 * size as f64))
}

/// Multiply-adds of the whole graph at the size that `shapes` were inferred for.
fn work(graph: &Graph, shapes: &Shapes) -> Result<f64, Error> {
    let product = |dims: &[usize]| dims.iter().map(|&d| d as f64).product::<f64>();
    let mut total = 0.0;
    for node in &graph.nodes {
        let site = Site::new(graph, node, shapes);
        let output = shapes.get(node.out()).map_or(&[][..], |info| &info.dims);
        total += match shape::kind(node)? {
            Kind::Conv => product(output) * product(&site.dims(1)?[1..]),
            Kind::ConvTranspose => product(site.dims(0)?) * product(&site.dims(1)?[1..]),
            Kind::MatMul | Kind::Gemm => product(output) * site.dims(0)?.last().map_or(1.0, |&k| k as f64),
            _ => 0.0,
        };
    }
    Ok(total)
}

#[cfg(test)]
mod tests;
