//! Chooses the networks of a job: the one that was named, or, where none was, those that suit the picture and its final
//! size.
//!
//! Of several networks, the smallest that reaches the final size in one pass upscales clean pictures. Pictures with
//! artefacts of compression need a network that takes them away: one of the same scale replaces the other; beside one of
//! another scale it first cleans the picture at its own size. Parts of files without losses that a program drew get a network
//! of their own, and so does alpha.

use std::sync::Arc;

use super::networks::{LazyNetwork, LoadedNetwork, LossyCompression, NetworkRole};
use super::size::{Scales, Sizing};
use super::{drawn, guard};
use crate::engine::{Engine, Engines, Signature};
use crate::error::Error;

/// What of a picture decides about its networks.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// How its file was written; `None` if without losses.
    pub compression: Option<LossyCompression>,
    /// Whether networks upscale alpha beside three colours.
    pub alpha: bool,
}

/// The networks that a job may run.
pub struct Networks {
    primary: LoadedNetwork,
    others: Vec<Arc<LazyNetwork>>,
}

impl Networks {
    /// `primary` upscales clean pictures to its own scale; without others it upscales all pictures to all sizes.
    pub fn new(primary: LoadedNetwork, others: Vec<LazyNetwork>) -> Networks {
        Networks { primary, others: others.into_iter().map(Arc::new).collect() }
    }

    /// The scale where none is asked for, and those of the networks for clean pictures.
    pub fn scales(&self) -> Scales {
        let primary = self.primary.engines.primary.signature().geometry.scale;
        let others =
            self.others.iter().filter(|other| other.role == NetworkRole::Clean).map(|other| other.scale);
        Scales { primary, networks: others.chain([primary]).collect() }
    }

    /// What the primary network is called.
    pub fn name(&self) -> &str {
        &self.primary.name
    }

    /// What the primary network takes and gives.
    pub fn signature(&self) -> &Signature {
        self.primary.engines.primary.signature()
    }

    /// Whether a picture may have to be cleaned before networks of scale `factor` upscale it.
    pub fn may_clean(&self, factor: u32) -> bool {
        self.others
            .iter()
            .any(|other| matches!(other.role, NetworkRole::Compressed(_)) && other.scale != factor)
    }

    /// The networks for a picture. Those that no picture needed before are loaded, which takes a while.
    ///
    /// # Errors
    /// Those of loading a network.
    pub fn route(&self, sizing: &Sizing, traits: Traits) -> Result<Route, Error> {
        let Traits { compression, alpha } = traits;
        let factor = sizing.factor;
        let cleaner = compression.filter(|_| sizing.passes > 0).and_then(|found| self.cleaner(found));
        let fallback = self.of_role(NetworkRole::Fallback, factor);
        let (cleaner, mut upscaler) = match cleaner {
            Some(cleaner) if cleaner.scale == factor => (None, cleaner.network()?),
            Some(cleaner) => (Some(cleaner.network()?), self.upscaler(factor)?),
            None => (None, self.upscaler(factor)?),
        };
        if let Some(other) = self.of_role(NetworkRole::Alpha, factor).filter(|_| alpha && sizing.passes > 0) {
            upscaler.engines = with_grey(upscaler.engines, other.network()?.engines.primary);
        }
        let drawn = match compression {
            Some(_) => None,
            None => self.of_role(NetworkRole::Drawn, factor),
        };
        let drawn = drawn.filter(|_| guard::halo(upscaler.engines.primary.signature()) >= drawn::REACH);
        Ok(Route { cleaner, upscaler, fallback, drawn })
    }

    /// Of the networks that take away artefacts as strong as these, the most careful.
    fn cleaner(&self, compression: LossyCompression) -> Option<&LazyNetwork> {
        let suiting = self.others.iter().filter_map(|other| Some((other.suits(compression)?, other)));
        suiting.min_by_key(|(highest, _)| *highest).map(|(_, other)| &**other)
    }

    fn of_role(&self, role: NetworkRole, factor: u32) -> Option<Arc<LazyNetwork>> {
        self.others.iter().find(|other| other.role == role && other.scale == factor).cloned()
    }

    fn upscaler(&self, factor: u32) -> Result<LoadedNetwork, Error> {
        let fits = |other: &&Arc<LazyNetwork>| other.role == NetworkRole::Clean && other.scale == factor;
        match self.others.iter().find(fits) {
            Some(other) if self.primary.engines.primary.signature().geometry.scale != factor => {
                other.network()
            }
            _ => Ok(self.primary.clone()),
        }
    }
}

/// A network with another for what has one channel, unless the two cannot share a tile.
fn with_grey(engines: Engines, grey: Arc<dyn Engine>) -> Engines {
    if shares_tiles(grey.signature(), engines.primary.signature()) {
        Engines { grey: Some(grey), ..engines }
    } else {
        engines
    }
}

/// Whether tiles that are planned for one network suit another.
fn shares_tiles(network: &Signature, planned: &Signature) -> bool {
    let form = |signature: &Signature| {
        let (geometry, fixed_size) = (&signature.geometry, signature.fixed_size);
        (geometry.scale, geometry.valid_crop, geometry.size_multiple, signature.alignment, fixed_size)
    };
    form(network) == form(planned) && guard::halo(network) <= guard::halo(planned)
}

/// The networks for one picture.
pub struct Route {
    /// Takes artefacts away before anything else; its result is brought back to the picture's size.
    pub cleaner: Option<LoadedNetwork>,
    /// Makes every pass that upscales.
    pub upscaler: LoadedNetwork,
    /// Takes its place where it has blown up; loaded when that happens.
    pub fallback: Option<Arc<LazyNetwork>>,
    /// Takes its place where the picture is drawn; loaded when that happens. Files with losses have none: areas of their
    /// photographs repeat too.
    pub drawn: Option<Arc<LazyNetwork>>,
}

impl Route {
    /// Its name in results.
    pub fn name(&self) -> String {
        match &self.cleaner {
            Some(cleaner) => format!("{}+{}", cleaner.name, self.upscaler.name),
            None => self.upscaler.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::networks::Artefacts;
    use super::*;
    use crate::engine::{RunContext, Sink};
    use crate::raster::Format;

    struct Still(Signature);

    impl Engine for Still {
        fn signature(&self) -> &Signature {
            &self.0
        }
        fn run(&self, _: &[f32], _: usize, _: usize, _: &RunContext, _: Sink) -> Result<(), Error> {
            panic!("nothing is run here")
        }
    }

    fn network(name: &str, scale: u32) -> LoadedNetwork {
        let primary = Arc::new(Still(Signature::of_convolutions(scale, 0)));
        LoadedNetwork { name: name.to_owned(), engines: Engines { primary, grey: None } }
    }

    fn candidate(name: &'static str, scale: u32, artefacts: Option<(u8, u8)>) -> LazyNetwork {
        let role = artefacts
            .map_or(NetworkRole::Clean, |(jpeg, webp)| NetworkRole::Compressed(Artefacts { jpeg, webp }));
        LazyNetwork::new(scale, role, move || Ok(network(name, scale)))
    }

    fn choice() -> Networks {
        let others = vec![
            candidate("large", 4, None),
            candidate("light", 2, Some((92, 82))),
            candidate("strong", 2, Some((80, 50))),
        ];
        Networks::new(network("primary", 2), others)
    }

    fn sizing(factor: u32, passes: u32) -> Sizing {
        Sizing { factor, passes, resample: None, canvas: None, width: 1, height: 1 }
    }

    fn colour(compression: Option<(Format, u8)>) -> Traits {
        let compression = compression.map(|(format, quality)| LossyCompression { format, quality });
        Traits { compression, alpha: false }
    }

    fn taken(factor: u32, format: Format, quality: u8) -> String {
        choice().route(&sizing(factor, 1), colour(Some((format, quality)))).unwrap().name()
    }

    #[test]
    fn clean_pictures_get_the_network_of_their_scale() {
        let clean = |factor| choice().route(&sizing(factor, 1), colour(None)).unwrap().name();
        assert_eq!((clean(2), clean(4)), ("primary".to_owned(), "large".to_owned()));
        assert_eq!(choice().scales(), Scales { primary: 2, networks: vec![4, 2] });
    }

    #[test]
    fn the_quality_of_the_file_decides() {
        for (quality, jpeg, webp) in [
            (100, "primary", "primary"),
            (93, "primary", "primary"),
            (92, "light", "primary"),
            (82, "light", "light"),
            (81, "light", "light"),
            (80, "strong", "light"),
            (50, "strong", "strong"),
            (1, "strong", "strong"),
        ] {
            assert_eq!(taken(2, Format::Jpeg, quality), jpeg, "JPEG of quality {quality}");
            assert_eq!(taken(2, Format::Webp, quality), webp, "WebP of quality {quality}");
        }
    }

    #[test]
    fn a_network_of_another_scale_is_preceded_by_cleaning() {
        assert_eq!(taken(4, Format::Jpeg, 85), "light+large");
        assert_eq!(taken(4, Format::Jpeg, 95), "large");
        assert!(choice().may_clean(4) && !choice().may_clean(2));
    }

    #[test]
    fn drawn_parts_of_files_without_losses_get_a_network_of_their_own() {
        let drawn = LazyNetwork::new(2, NetworkRole::Drawn, || Ok(network("letters", 2)));
        let Networks { others, .. } = choice();
        let mut primary = network("primary", 2);
        let signature = Signature { halo: drawn::REACH, ..primary.engines.primary.signature().clone() };
        primary.engines.primary = Arc::new(Still(signature));
        let networks = Networks { primary, others: others.into_iter().chain([Arc::new(drawn)]).collect() };
        let has_one = |factor, quality: Option<u8>| {
            let traits = colour(quality.map(|quality| (Format::Jpeg, quality)));
            networks.route(&sizing(factor, 1), traits).unwrap().drawn.is_some()
        };
        assert!(has_one(2, None));
        assert!(!has_one(2, Some(100)) && !has_one(2, Some(50)) && !has_one(4, None));
    }

    /// Those of `choice`, with one for alpha.
    fn with_alpha_network(halo: u32) -> Networks {
        let Networks { primary, mut others } = choice();
        let alpha = LazyNetwork::new(2, NetworkRole::Alpha, move || {
            let mut network = network("alpha", 2);
            let signature = network.engines.primary.signature();
            let signature = Signature { channels_in: 1, channels_out: 1, halo, ..signature.clone() };
            network.engines.primary = Arc::new(Still(signature));
            Ok(network)
        });
        others.push(Arc::new(alpha));
        Networks { primary, others }
    }

    #[test]
    fn alpha_gets_a_network_beside_that_for_colours() {
        let alpha = |halo, alpha, compression| {
            let traits = Traits { alpha, ..colour(compression) };
            let upscaler = with_alpha_network(halo).route(&sizing(2, 1), traits).unwrap().upscaler;
            (upscaler.name, upscaler.engines.grey.is_some())
        };
        assert_eq!(alpha(0, true, None), ("primary".to_owned(), true));
        assert_eq!(alpha(0, true, Some((Format::Webp, 40))), ("strong".to_owned(), true));
        assert_eq!(alpha(0, false, None), ("primary".to_owned(), false));
        assert_eq!(alpha(4, true, None), ("primary".to_owned(), false), "tiles are cut for a smaller halo");
    }

    #[test]
    fn a_picture_that_only_shrinks_needs_no_cleaning() {
        let route = choice().route(&sizing(2, 0), colour(Some((Format::Jpeg, 10)))).unwrap();
        assert_eq!(route.name(), "primary");
    }

    #[test]
    fn a_network_is_loaded_when_it_is_needed_and_tried_again_after_a_failure() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = loads.clone();
        let load = move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::ModelLoad("Expected a file".to_owned())),
            _ => Ok(network("light", 2)),
        };
        let light = LazyNetwork::new(2, NetworkRole::Compressed(Artefacts { jpeg: 92, webp: 82 }), load);
        let networks = Networks::new(network("primary", 2), vec![light]);
        let route = |quality| {
            networks.route(&sizing(2, 1), colour(Some((Format::Jpeg, quality)))).map(|route| route.name())
        };
        assert_eq!(route(95).unwrap(), "primary");
        assert_eq!(loads.load(Ordering::SeqCst), 0);
        assert_eq!(route(85).unwrap_err().code(), "ERR_UPSCALER_MODEL_LOAD");
        assert_eq!(route(85).unwrap(), "light");
        assert_eq!(route(80).unwrap(), "light");
        assert_eq!(loads.load(Ordering::SeqCst), 2);
    }
}
