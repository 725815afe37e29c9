//! From a model and sample pictures to an int8 model: runs the float32 network on crops of the pictures, lets
//! [`graph::Quantizer`](crate::graph::Quantizer) see what goes through it, and compares the result with the original on
//! other crops. A module of its own because it needs pictures and an engine, which `graph` and `model` do not know.

mod crops;

use std::path::PathBuf;

use crate::compile::onnxruntime;
use crate::engine::{Observer, Signature};
use crate::error::Error;
use crate::graph::{Network, Quantizer};
use crate::model::{self, Definition, ModelSource, Storage};
use crate::workers::Pool;
use crops::{Crop, Crops};

/// Side of the crops, in input pixels, and what it becomes where a network's intermediate values would take too much memory.
const SIDES: [usize; 3] = [128, 64, 32];

/// What the intermediate values of one crop may take.
const MAX_BYTES: f64 = (768 << 20) as f64;

/// An int8 model, and how it compares.
#[derive(Clone, Debug)]
pub struct QuantizedModel {
    /// The `.onnx`.
    pub onnx: Vec<u8>,
    /// Bytes of the same model as an `.onnx` in float32.
    pub float_bytes: usize,
    /// Operators that compute in integers, and all of the float32 network.
    pub operators: (usize, usize),
    /// Crops that ranges were taken from.
    pub calibrated_on: usize,
    /// Crops that were compared.
    pub compared_on: usize,
    /// Of the int8 results against the float32 ones, both within black and white, in dB of that range.
    pub psnr: f64,
}

/// Quantises a model on pictures like those that it is for. It takes seconds to minutes: call it on a thread that may
/// block.
///
/// # Errors
/// Those of [`model::load`]; [`Error::InvalidArgument`] for models that are quantised already or have nothing to
/// quantise, and if there are no pictures; [`Error::Read`] and those of `raster::decode` for pictures.
pub fn quantize(
    source: &ModelSource,
    definition: &Definition,
    pictures: &[PathBuf],
    storage: Storage,
) -> Result<QuantizedModel, Error> {
    let (network, signature) = model::read(source, definition)?;
    let network = network.optimised()?;
    let mut quantizer = Quantizer::new(&network)?;
    let operators = quantizer.share();
    let crops = Crops::of(pictures, &signature, side(&quantizer, &signature)?)?;

    let mut float = Observer::new(&quantizer.to_observable(), threads()?)?;
    for crop in &crops.calibration {
        run(&mut float, crop, &mut |name, values| quantizer.observe(name, values))?;
    }
    drop(float);
    let quantized = quantizer.finish()?;
    let psnr = compare(&network, &quantized, &signature, &crops.held_out)?;
    Ok(QuantizedModel {
        onnx: storage.write(&quantized),
        float_bytes: network.to_onnx().len(),
        operators,
        calibrated_on: crops.calibration.len(),
        compared_on: crops.held_out.len(),
        psnr,
    })
}

fn threads() -> Result<usize, Error> {
    Ok(Pool::global()?.threads())
}

/// The largest side at which a crop's intermediate values fit into memory, as a multiple of what the network takes.
fn side(quantizer: &Quantizer, signature: &Signature) -> Result<[usize; 2], Error> {
    if let Some((height, width)) = signature.fixed_size {
        return Ok([height as usize, width as usize]);
    }
    let divisor = signature.geometry.size_multiple.max(1) as usize;
    let bytes_per_pixel = quantizer.observed_bytes_per_pixel()?;
    let fits = |side: &usize| bytes_per_pixel * (side * side) as f64 <= MAX_BYTES;
    let side = SIDES.into_iter().find(fits).unwrap_or(SIDES[SIDES.len() - 1]);
    Ok([side.next_multiple_of(divisor); 2])
}

fn run(observer: &mut Observer, crop: &Crop, show: &mut dyn FnMut(&str, &[f32])) -> Result<(), Error> {
    observer.run(&crop.planes, crop.dims, show)
}

/// The PSNR of `quantised` against `network`.
fn compare(
    network: &Network,
    quantized: &Network,
    signature: &Signature,
    crops: &[Crop],
) -> Result<f64, Error> {
    let threads = threads()?;
    let mut expected = Observer::new(&onnxruntime::to_bytes(network)?, threads)?;
    let mut found = Observer::new(&onnxruntime::to_bytes(quantized)?, threads)?;
    let (low, high) = signature.output_range;
    let (mut squares, mut count) = (0.0, 0usize);
    for crop in crops {
        let mut reference = Vec::new();
        run(&mut expected, crop, &mut |_, values| reference = values.to_vec())?;
        run(&mut found, crop, &mut |_, values| {
            let apart = |(a, b): (&f32, &f32)| f64::from(a.clamp(low, high) - b.clamp(low, high)).powi(2);
            squares += values.iter().zip(&reference).map(apart).sum::<f64>();
            count += values.len();
        })?;
    }
    let mean = squares / count.max(1) as f64;
    Ok(10.0 * (f64::from(high - low).powi(2) / mean).log10())
}
