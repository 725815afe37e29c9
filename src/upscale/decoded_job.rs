//! From a decoded picture to a result: runs the passes, then resamples, frames and encodes.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::canvas::Canvas;
use super::encoding::Encoding;
use super::finish::{Finish, Opacity};
use super::frame;
use super::output_spec::OutputSpec;
use super::output_stream::{self, OutputChunk, OutputSender, StreamHeader};
use super::passes::Passes;
use super::result::{ResultData, Stages, Upscaled};
use super::size::Sizing;
use super::source::PreparedPicture;
use crate::error::Error;
use crate::raster::{self, Depth, EncodeOptions, Encoder, Format, Raster, ToProfile};

/// A job whose picture is decoded.
pub struct DecodedJob<'a> {
    passes: Passes<'a>,
    spec: OutputSpec,
    stream: Option<OutputSender>,
    /// When the last pass was done.
    computed: OnceLock<Instant>,
}

impl<'a> DecodedJob<'a> {
    /// A job that gives the result the form of `spec`.
    pub fn new(passes: Passes<'a>, spec: OutputSpec, stream: Option<OutputSender>) -> DecodedJob<'a> {
        DecodedJob { passes, spec, stream, computed: OnceLock::new() }
    }

    /// The result, and when the networks were done with it.
    pub async fn finish(self, source: PreparedPicture) -> Result<(Upscaled, Option<Instant>), Error> {
        let PreparedPicture { raster, opacity, .. } = source;
        let picture = self.passes.before_last(Arc::new(raster)).await?;
        let opacity = self.opacity(opacity, &picture).await?;
        let data = self.data(picture, opacity).await?;
        let depth = match self.spec.depth {
            Depth::Eight => 8,
            Depth::Sixteen => 16,
            Depth::Float => 32,
        };
        let Sizing { width, height, .. } = self.passes.sizing;
        let (channels, model) = (self.spec.channels, self.passes.route.name());
        let guarded = self.passes.replaced.share();
        let drawn = self.passes.drawn.share();
        let (duration_ms, stages, warnings) = (0.0, Stages::default(), Vec::new());
        let computed = self.computed.get().copied();
        let result = Upscaled {
            data,
            width,
            height,
            channels,
            depth,
            model,
            guarded,
            drawn,
            duration_ms,
            stages,
            pages: 1,
            warnings,
        };
        Ok((result, computed))
    }

    async fn data(&self, picture: Arc<Raster>, opacity: Opacity) -> Result<ResultData, Error> {
        let sizing = &self.passes.sizing;
        let direct = sizing.resample.is_none() && sizing.canvas.is_none() && sizing.passes > 0;
        Ok(match self.spec.format {
            Some(format) if direct => {
                ResultData::Encoded(self.encode_last_pass(picture, opacity, format).await?, format)
            }
            Some(format) => {
                let picture = self.picture(picture, opacity).await?;
                ResultData::Encoded(self.encode(picture, format).await?, format)
            }
            None => ResultData::Raster(self.picture(picture, opacity).await?),
        })
    }

    /// Alpha that bypasses the network, at the size that the last pass gives.
    async fn opacity(&self, opacity: Opacity, picture: &Raster) -> Result<Opacity, Error> {
        let Opacity::Plane(plane) = opacity else { return Ok(opacity) };
        let sizing = &self.passes.sizing;
        let factor = if sizing.passes > 0 { sizing.factor } else { 1 };
        let (width, height) = (picture.width * factor, picture.height * factor);
        self.passes.lane.run(move || raster::resample(&plane, width, height).map(Opacity::Plane)).await
    }

    /// The last pass, band by band into a file.
    async fn encode_last_pass(
        &self,
        picture: Arc<Raster>,
        opacity: Opacity,
        format: Format,
    ) -> Result<Vec<u8>, Error> {
        let finish = Arc::new(Finish { opacity, ..self.colour_steps(format)? });
        let mut encoding = self.encoding(finish, format).await?;
        self.passes.last_encoded(picture, self.spec.depth, &mut encoding).await?;
        _ = self.computed.set(Instant::now());
        encoding.finish().await
    }

    /// The last pass, then resampling and framing to the final size, with all channels.
    async fn picture(&self, picture: Arc<Raster>, opacity: Opacity) -> Result<Raster, Error> {
        let picture = self.passes.last(picture, self.spec.depth).await?;
        _ = self.computed.set(Instant::now());
        let (sizing, background) = (self.passes.sizing, self.passes.options.background);
        let work = move || {
            let opacity = Finish { opacity, ..Finish::nothing() };
            frame::frame(opacity.apply(picture, 0)?, &sizing, background)
        };
        self.passes.lane.run(work).await
    }

    /// A finished picture into a file.
    async fn encode(&self, picture: Raster, format: Format) -> Result<Vec<u8>, Error> {
        let mut encoding = self.encoding(Arc::new(self.colour_steps(format)?), format).await?;
        let height = picture.height;
        encoding.push(Canvas::new(picture, 0), height).await?;
        encoding.finish().await
    }

    /// The file to be written; its header goes to the output stream first.
    async fn encoding(&self, finish: Arc<Finish>, format: Format) -> Result<Encoding<'_>, Error> {
        let (options, spec, sizing) = (&self.passes.options, &self.spec, &self.passes.sizing);
        let encode = EncodeOptions {
            format,
            quality: options.quality,
            lossless: options.lossless,
            compression_level: options.compression_level,
            metadata: spec.metadata.clone(),
        };
        let (width, height) = (sizing.width, sizing.height);
        let encoder = Encoder::new(width, height, spec.channels, spec.encoded_bits(), encode)?;
        if let Some(stream) = &self.stream {
            let (channels, model) = (spec.channels, self.passes.route.name());
            let header = StreamHeader { format, width, height, channels, model };
            output_stream::send(stream, OutputChunk::Header(header)).await?;
        }
        Ok(Encoding::new(self.passes.lane, encoder, finish, (width, height), self.stream.clone()))
    }

    /// The colour steps that the format and the metadata require.
    fn colour_steps(&self, format: Format) -> Result<Finish, Error> {
        let spec = &self.spec;
        let profile = spec.metadata.icc.as_deref();
        let profile =
            profile.map(|icc| ToProfile::new(icc, spec.channels, spec.encoded_bits())).transpose()?;
        let flatten = (format == Format::Jpeg).then_some(self.passes.options.background);
        Ok(Finish { opacity: Opacity::None, flatten, profile })
    }
}
