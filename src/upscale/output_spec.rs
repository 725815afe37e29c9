//! What the result of a job is to be: format, channels, depth and metadata.

use super::options::{Options, OutputKind};
use super::size::Sizing;
use super::source::PreparedPicture;
use crate::raster::{self, Depth, Format, Metadata};

/// The form of a result.
pub struct OutputSpec {
    /// The file format; `None` for pixels.
    pub format: Option<Format>,
    pub depth: Depth,
    /// Channels that the networks compute: without alpha that bypasses them.
    pub network_channels: u8,
    /// Channels of the result.
    pub channels: u8,
    pub metadata: Metadata,
}

impl OutputSpec {
    /// The form that `options` ask for, or that follows from the input where they leave it open. Metadata that the
    /// format cannot hold is dropped, with a warning.
    pub fn new(
        source: &PreparedPicture,
        options: &Options,
        sizing: Sizing,
        warnings: &mut Vec<String>,
    ) -> OutputSpec {
        let colours = source.colours();
        let network_channels = colours + u8::from(source.alpha_by_model());
        let all = colours + u8::from(source.raster.has_alpha());
        let encoded = options.output == OutputKind::Encoded;
        let format = encoded.then(|| options.format.unwrap_or_else(|| default_format(source, all, sizing)));
        let channels = if format == Some(Format::Jpeg) { colours } else { all };
        let metadata = match format {
            Some(format) => source.metadata.clone().fitted(format, channels, warnings),
            None => Metadata::default(),
        };
        OutputSpec { format, depth: depth(source, options, format), network_channels, channels, metadata }
    }

    /// Bits per sample of an encoded result.
    pub fn encoded_bits(&self) -> u8 {
        if self.depth == Depth::Sixteen { 16 } else { 8 }
    }
}

fn depth(source: &PreparedPicture, options: &Options, format: Option<Format>) -> Depth {
    let deep = options.depth.unwrap_or(source.depth) == 16;
    match (options.output, format) {
        (OutputKind::Tensor, _) => Depth::Float,
        (OutputKind::Encoded, Some(Format::Jpeg | Format::Webp)) => Depth::Eight,
        _ if deep => Depth::Sixteen,
        _ => Depth::Eight,
    }
}

/// The input's format if it can hold the result, else PNG.
fn default_format(source: &PreparedPicture, channels: u8, sizing: Sizing) -> Format {
    let largest = sizing.width.max(sizing.height);
    let alpha = raster::has_alpha(channels);
    let holds = |format: &Format| {
        raster::max_side(*format).is_some_and(|limit| largest <= limit) && !(alpha && *format == Format::Jpeg)
    };
    source.format.filter(holds).unwrap_or(Format::Png)
}
