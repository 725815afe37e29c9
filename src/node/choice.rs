//! The networks among which an instance chooses for each picture.

use napi_derive::napi;

use super::enums::NativeRole;
use super::model::NativeModelSource;
use crate::error::Error;
use crate::model;
use crate::upscale::{Artefacts, LazyNetwork, LoadedNetwork, NetworkRole};
use crate::workers::Pool;

/// A model that takes the place of an instance's own for some pictures.
#[napi(object, object_to_js = false)]
pub struct Alternative {
    pub source: NativeModelSource,
    pub scale: u32,
    pub role: NativeRole,
    /// Of `compressed`: which pictures need artefacts taken away by it.
    pub artefacts: Option<NativeArtefacts>,
}

/// The highest qualities, 1..=100, at which the model is taken.
#[napi(object, object_to_js = false)]
pub struct NativeArtefacts {
    pub jpeg: u32,
    pub webp: u32,
}

/// The core's form of them.
pub fn candidates(given: Vec<Alternative>) -> Result<Vec<LazyNetwork>, Error> {
    given.into_iter().map(candidate).collect()
}

fn candidate(given: Alternative) -> Result<LazyNetwork, Error> {
    let Alternative { source, scale, role, artefacts } = given;
    let (source, definition) = source.parts()?;
    let quality = |given: u32| given.min(100) as u8;
    let role = match (role, artefacts) {
        (NativeRole::Clean, _) => NetworkRole::Clean,
        (NativeRole::Fallback, _) => NetworkRole::Fallback,
        (NativeRole::Drawn, _) => NetworkRole::Drawn,
        (NativeRole::Alpha, _) => NetworkRole::Alpha,
        (NativeRole::Compressed, Some(NativeArtefacts { jpeg, webp })) => {
            NetworkRole::Compressed(Artefacts { jpeg: quality(jpeg), webp: quality(webp) })
        }
        (NativeRole::Compressed, None) => {
            return Err(Error::InvalidArgument(
                "Expected artefacts for the role compressed but received none".to_owned(),
            ));
        }
    };
    Ok(LazyNetwork::new(scale, role, move || {
        let model = model::load(&source, &definition, Pool::global()?.threads())?;
        Ok(LoadedNetwork { name: model.info.name, engines: model.engines })
    }))
}
