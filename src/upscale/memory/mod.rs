//! About what a job holds in memory at its peak: it is admitted when that fits.
//!
//! | file | what |
//! |---|---|
//! | `tiles` | planes and activations of the tiles that run at the same time |
//! | `reservations` | what images hold together, and those that wait for it |
//! | `whole_picture` | activations of networks that run on the whole picture at once |
//! | here | the sum of these and of the decoded picture, its result and the bands in progress |

mod reservations;
mod tiles;
mod whole_picture;

use super::options::{Options, OutputKind};
use super::route::Networks;
use super::size::Sizing;
use super::source::Opened;
use super::tiling::ROW_BYTES;
use crate::error::Error;
pub use reservations::{Reservations, Reserved};

/// Bytes that a job holds at its peak, with `workers` workers.
///
/// # Errors
/// [`Error::Limit`] for networks that look at the whole picture at once, if that takes more than all images together may
/// hold.
pub fn estimate(
    opened: &Opened,
    networks: &Networks,
    sizing: &Sizing,
    options: &Options,
    workers: usize,
) -> Result<u64, Error> {
    let (size, signature) = (opened.size(), networks.signature());
    let whole = whole_picture::bytes(size, signature, options, sizing, workers)?;
    let tiles = tiles::bytes(size, signature, options, sizing.passes, workers);
    Ok(pictures(opened, networks, sizing, options).saturating_add(whole.max(tiles)))
}

/// Bytes of the input, and of the result or the two rows of tiles and the bands of it that are held at a time; where the picture may be cleaned first, also of
/// twice its sides with 16 bits a sample.
fn pictures(opened: &Opened, networks: &Networks, sizing: &Sizing, options: &Options) -> u64 {
    let (width, height) = opened.size();
    let may_clean = networks.may_clean(sizing.factor);
    let cleaned = if may_clean { (u64::from(width) * u64::from(height)).saturating_mul(4 * 8) } else { 0 };
    let result = u64::from(sizing.width) * u64::from(sizing.height);
    let result = result.saturating_mul(result_pixel(opened, options));
    let streamed = options.output == OutputKind::Encoded && sizing.resample.is_none() && sizing.passes == 1;
    // Colour conversions write into another copy, when the decoder is done.
    let decoded = opened.decoded_bytes();
    let decoding = decoded.saturating_add(opened.decoder_bytes().max(decoded));
    let held = if streamed { result.min((result / 4).max(2 * ROW_BYTES)) } else { result.saturating_mul(2) };
    decoding.saturating_add(cleaned.max(held))
}

/// Bytes of a pixel of the result, if it has four channels.
fn result_pixel(opened: &Opened, options: &Options) -> u64 {
    let deep = options.depth.unwrap_or(opened.depth()) == 16;
    4 * match options.output {
        OutputKind::Tensor => size_of::<f32>() as u64,
        OutputKind::Raw | OutputKind::Encoded => 1 + u64::from(deep),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{Raster, Samples};

    #[test]
    fn four_samples_of_the_results_depth_a_pixel() {
        let of = |samples| Opened::Raster(Raster { width: 1, height: 1, channels: 1, samples });
        let (eight, sixteen) = (of(Samples::U8(vec![0])), of(Samples::U16(vec![0])));
        let options = |output, depth| Options { output, depth, ..Options::default() };
        assert_eq!(result_pixel(&eight, &options(OutputKind::Encoded, None)), 4);
        assert_eq!(result_pixel(&sixteen, &options(OutputKind::Encoded, None)), 8);
        assert_eq!(result_pixel(&sixteen, &options(OutputKind::Raw, Some(8))), 4);
        assert_eq!(result_pixel(&eight, &options(OutputKind::Raw, Some(16))), 8);
        assert_eq!(result_pixel(&eight, &options(OutputKind::Tensor, None)), 16);
    }
}
