//! The networks among which an instance chooses for each picture.

use napi_derive::napi;

use super::errors::Code;
use super::model::ModelSource;
use crate::engine::Pool;
use crate::model;
use crate::upscale::{Artefacts, Candidate, Network};

/// A model that takes the place of an instance's own for some pictures.
#[napi(object, object_to_js = false)]
pub struct Alternative {
    pub source: ModelSource,
    pub scale: u32,
    /// Which pictures need artefacts taken away by it; absent: it upscales clean ones.
    pub artefacts: Option<NativeArtefacts>,
}

/// The highest qualities, 1..=100, at which the model is taken.
#[napi(object, object_to_js = false)]
pub struct NativeArtefacts {
    pub jpeg: u32,
    pub webp: u32,
}

/// The core's form of them.
pub fn candidates(given: Vec<Alternative>) -> Result<Vec<Candidate>, napi::Error<Code>> {
    given.into_iter().map(candidate).collect()
}

fn candidate(Alternative { source, scale, artefacts }: Alternative) -> Result<Candidate, napi::Error<Code>> {
    let (source, definition) = source.parts()?;
    let quality = |given: u32| given.min(100) as u8;
    let artefacts = artefacts
        .map(|NativeArtefacts { jpeg, webp }| Artefacts { jpeg: quality(jpeg), webp: quality(webp) });
    Ok(Candidate::new(scale, artefacts, move || {
        let model = model::load(&source, &definition, Pool::global()?.threads())?;
        Ok(Network { name: model.info.name, engines: model.engines })
    }))
}
