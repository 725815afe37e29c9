//! The networks that a job may run: what each is for, and loading those that not every picture needs.

use once_cell::sync::OnceCell;

use crate::engine::Engines;
use crate::error::Error;
use crate::raster::Format;

/// A loaded network.
#[derive(Clone)]
pub struct LoadedNetwork {
    /// Its name in results.
    pub name: String,
    pub engines: Engines,
}

/// How a lossy file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossyCompression {
    pub format: Format,
    /// 1..=100, estimated from the file.
    pub quality: u8,
}

/// The highest qualities, 1..=100, at which a picture is better off with a network that takes artefacts away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Artefacts {
    pub jpeg: u8,
    pub webp: u8,
}

impl Artefacts {
    /// The highest quality for files of this format.
    fn quality(self, format: Format) -> u8 {
        match format {
            Format::Jpeg => self.jpeg,
            Format::Webp => self.webp,
            _ => 0,
        }
    }
}

type ModelLoader = Box<dyn Fn() -> Result<LoadedNetwork, Error> + Send + Sync>;

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkRole {
    /// Upscales clean pictures.
    Clean,
    /// Upscales pictures with artefacts of compression, and takes them away.
    Compressed(Artefacts),
    /// Takes the place of a network of the same scale where that has blown up.
    Fallback,
    /// Takes the place of a network for clean pictures of the same scale where they are drawn.
    Drawn,
    /// Upscales the alpha of pictures in colour, beside a network of the same scale for the colours.
    Alpha,
}

/// A network that is loaded when a picture first needs it.
pub struct LazyNetwork {
    pub scale: u32,
    pub role: NetworkRole,
    load: ModelLoader,
    loaded: OnceCell<LoadedNetwork>,
}

impl LazyNetwork {
    /// A network of this scale. `load` may block; what fails is tried again for the next picture.
    pub fn new(
        scale: u32,
        role: NetworkRole,
        load: impl Fn() -> Result<LoadedNetwork, Error> + Send + Sync + 'static,
    ) -> LazyNetwork {
        LazyNetwork { scale, role, load: Box::new(load), loaded: OnceCell::new() }
    }

    /// The network, which may have to be loaded.
    ///
    /// # Errors
    /// Those of loading it.
    pub fn network(&self) -> Result<LoadedNetwork, Error> {
        self.loaded.get_or_try_init(&self.load).cloned()
    }

    /// The highest quality that it is for; `None` if it is better not used.
    pub fn suits(&self, compression: LossyCompression) -> Option<u8> {
        let NetworkRole::Compressed(artefacts) = self.role else { return None };
        let highest = artefacts.quality(compression.format);
        (compression.quality <= highest).then_some(highest)
    }
}
