//! The first step of a job: bytes to pixels, within the limits, and what they need before the network sees them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::finish::Opacity;
use super::hooks::Hook;
use super::networks::LossyCompression;
use super::options::{Alpha, Input, KeepMetadata, Limits, Options, OutputKind};
use super::route::Traits;
use crate::error::Error;
use crate::files::{self, Refused};
use crate::raster::{self, DecodeOptions, Depth, Format, Header, Metadata, Raster};

/// Bytes whose header was read, or pixels.
pub enum Opened {
    Encoded { bytes: Vec<u8>, header: Header },
    Raster(Raster),
}

impl Opened {
    /// Reads the file, if it is one, and checks its size against the limit before anything is decoded.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::UnsupportedFormat`], [`Error::Decode`], [`Error::Limit`].
    pub fn new(input: Input, page: u32, limits: &Limits) -> Result<Opened, Error> {
        match input {
            Input::Pixels { width, height, fetch } => {
                check(width, height, limits)?;
                fetch().map(Opened::Raster)
            }
            Input::Encoded(bytes) => Opened::probe(bytes, page, limits),
            Input::Path(path) => {
                Opened::probe(read(&path, limits.input_bytes, &AtomicBool::new(true))?, page, limits)
            }
        }
    }

    fn probe(bytes: Vec<u8>, page: u32, limits: &Limits) -> Result<Opened, Error> {
        let header = raster::probe(&bytes, page)?;
        check(header.width, header.height, limits)?;
        Ok(Opened::Encoded { bytes, header })
    }

    /// Width and height as they are stored.
    pub fn size(&self) -> (u32, u32) {
        match self {
            Opened::Encoded { header, .. } => (header.width, header.height),
            Opened::Raster(raster) => (raster.width, raster.height),
        }
    }

    /// About how many bytes its decoder will take beside the decoded picture.
    pub fn decoder_bytes(&self) -> u64 {
        match self {
            Opened::Encoded { header, .. } => header.decoder_bytes,
            Opened::Raster(_) => 0,
        }
    }

    /// Bits per sample: 8 or 16.
    pub fn depth(&self) -> u8 {
        match self {
            Opened::Encoded { header, .. } => header.depth,
            Opened::Raster(raster) if raster.depth() == Depth::Sixteen => 16,
            Opened::Raster(_) => 8,
        }
    }

    /// Bytes that the decoded picture will take; 0 of pixels, which are there already.
    pub fn decoded_bytes(&self) -> u64 {
        let (width, height) = self.size();
        let per_pixel = match self {
            Opened::Encoded { header, .. } => u64::from(header.channels) * u64::from(header.depth / 8),
            Opened::Raster(_) => 0,
        };
        (u64::from(width) * u64::from(height)).saturating_mul(per_pixel)
    }
}

fn check(width: u32, height: u32, limits: &Limits) -> Result<(), Error> {
    match limits.input_pixels {
        Some(limit) if u64::from(width) * u64::from(height) > limit => Err(Error::Limit(format!(
            "Expected a picture of at most {limit} pixels (limitInputPixels) but found {width}x{height}"
        ))),
        _ => Ok(()),
    }
}

/// How long reading a file may take: on a network disk that is gone, it never ends.
const MAX_READ_TIME: Duration = Duration::from_secs(30);

/// Files that may be read at the same time: enough that some on a slow disk do not hold up the others. Those that never end
/// keep their threads, and what else needs one must find it.
pub const MAX_READERS: usize = 16;

static READERS: Semaphore = Semaphore::const_new(MAX_READERS);

impl Input {
    /// Reads a file into memory, on a thread of its own: workers do not wait for disks.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Limit`].
    pub async fn in_memory(self, limits: &Limits) -> Result<Input, Error> {
        let Input::Path(path) = self else { return Ok(self) };
        let (max_bytes, cancel) = (limits.input_bytes, CancelOnDrop::default());
        let reading = async {
            let reader = READERS.acquire().await.map_err(|_| Error::Aborted)?;
            let (path, cancelled) = (path.clone(), cancel.0.clone());
            let work = move || {
                let _reader = reader;
                read(&path, max_bytes, &cancelled)
            };
            tokio::task::spawn_blocking(work).await.map_err(|_| Error::Aborted)?
        };
        match tokio::time::timeout(MAX_READ_TIME, reading).await {
            Ok(read) => read.map(Input::Encoded),
            Err(_) => Err(Error::Read {
                message: format!(
                    "Expected to read {} within {} s but it took longer",
                    files::shown(&path),
                    MAX_READ_TIME.as_secs()
                ),
                source: None,
            }),
        }
    }
}

/// Cancels the reading of a file when it is dropped, with the future that waits for it.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn read(path: &Path, max_bytes: u64, cancelled: &AtomicBool) -> Result<Vec<u8>, Error> {
    files::read(path, max_bytes, &|| cancelled.load(Ordering::Relaxed)).map_err(|refused| match refused {
        Refused::Cancelled => Error::Aborted,
        Refused::Large(max_bytes) => Error::Limit(format!(
            "Expected a file of at most {max_bytes} bytes (limitInputBytes) but {} has more",
            files::shown(path)
        )),
        Refused::Irregular => Error::Read {
            message: format!(
                "Expected a regular file at {} but it is a folder, pipe or device",
                files::shown(path)
            ),
            source: None,
        },
        Refused::Io(source) => Error::Read {
            message: format!("Expected to read {} but: {source}", files::shown(path)),
            source: Some(source),
        },
    })
}

/// A picture that is ready for the network.
pub struct PreparedPicture {
    /// Alpha is there only if the network is to upscale it.
    pub raster: Raster,
    /// Alpha that goes around the network, at the input's size.
    pub opacity: Opacity,
    /// The format that it came in.
    pub format: Option<Format>,
    /// How it was compressed, if that has left its marks.
    pub compression: Option<LossyCompression>,
    /// Bits per sample that it came with: 8 or 16.
    pub depth: u8,
    /// How many pages or frames the file has.
    pub pages: u32,
    /// What of the file's metadata is asked for.
    pub metadata: Metadata,
    pub warnings: Vec<String>,
}

impl PreparedPicture {
    /// Decodes the picture.
    ///
    /// # Errors
    /// [`Error::Decode`], [`Error::Limit`].
    pub fn new(opened: Opened, options: &Options, limits: &Limits) -> Result<PreparedPicture, Error> {
        let depth = opened.depth();
        match opened {
            Opened::Encoded { bytes, .. } => decode(&bytes, options, limits),
            Opened::Raster(raster) => {
                let (opacity, warnings) = (Opacity::None, Vec::new());
                let (format, compression, metadata) = (None, None, Metadata::default());
                Ok(PreparedPicture {
                    raster,
                    opacity,
                    format,
                    compression,
                    depth,
                    pages: 1,
                    metadata,
                    warnings,
                })
            }
        }
    }

    /// The same with the picture that the caller's code makes of it.
    ///
    /// # Errors
    /// Those of the hook; [`Error::Limit`] for a picture beyond the limit.
    pub async fn preprocessed(self, hook: &Hook, limits: &Limits) -> Result<PreparedPicture, Error> {
        let raster = hook(self.raster.into_depth(Depth::Float)).await?;
        check(raster.width, raster.height, limits)?;
        Ok(PreparedPicture { raster, ..self })
    }

    /// Decides where the picture's alpha goes.
    pub fn separate_alpha(&mut self, options: &Options) {
        if !self.raster.has_alpha() {
            return;
        }
        if options.alpha == Alpha::Remove {
            raster::flatten(&mut self.raster, options.background);
            return;
        }
        raster::bleed_alpha(&mut self.raster);
        if let Some(alpha) = raster::constant_alpha(&self.raster) {
            self.opacity = Opacity::Constant(alpha);
        } else if options.alpha == Alpha::Resample {
            self.opacity = Opacity::Plane(self.raster.last_channel());
        }
    }

    /// What decides about its networks.
    pub fn traits(&self) -> Traits {
        Traits { compression: self.compression, alpha: self.colours() == 3 && self.alpha_by_model() }
    }

    /// The colour channels: 1 or 3.
    pub fn colours(&self) -> u8 {
        raster::colours_of(self.raster.channels)
    }

    /// Whether the network upscales the alpha channel.
    pub fn alpha_by_model(&self) -> bool {
        self.raster.has_alpha() && matches!(self.opacity, Opacity::None)
    }
}

fn decode(bytes: &[u8], options: &Options, limits: &Limits) -> Result<PreparedPicture, Error> {
    let decoded = raster::decode(
        bytes,
        &DecodeOptions {
            fail_on: limits.fail_on,
            limit_pixels: limits.input_pixels,
            auto_orient: options.auto_orient,
            keep_metadata: options.keep_metadata != KeepMetadata::None
                && options.output == OutputKind::Encoded,
            page: options.page,
        },
    )?;
    let format = decoded.format;
    Ok(PreparedPicture {
        raster: decoded.raster,
        opacity: Opacity::None,
        format: Some(format),
        compression: decoded.quality.map(|quality| LossyCompression { format, quality }),
        depth: decoded.depth,
        pages: decoded.pages,
        metadata: match options.keep_metadata {
            KeepMetadata::None => Metadata::default(),
            KeepMetadata::Icc => decoded.metadata.profile_only(),
            KeepMetadata::All => decoded.metadata,
        },
        warnings: decoded.warnings,
    })
}
