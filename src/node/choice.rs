//! The networks among which an instance chooses for each picture.

use napi_derive::napi;

use super::errors::{Code, thrown};
use super::model::ModelSource;
use crate::engine::Pool;
use crate::error::Error;
use crate::model;
use crate::upscale::{Artefacts, Candidate, Network, Role};

/// A model that takes the place of an instance's own for some pictures.
#[napi(object, object_to_js = false)]
pub struct Alternative {
    pub source: ModelSource,
    pub scale: u32,
    /// `clean`: it upscales clean pictures; `compressed`: those with artefacts of compression; `fallback`: what another of the
    /// same scale has blown up.
    #[napi(ts_type = "'clean' | 'compressed' | 'fallback'")]
    pub role: String,
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
pub fn candidates(given: Vec<Alternative>) -> Result<Vec<Candidate>, napi::Error<Code>> {
    given.into_iter().map(candidate).collect()
}

fn candidate(given: Alternative) -> Result<Candidate, napi::Error<Code>> {
    let Alternative { source, scale, role, artefacts } = given;
    let (source, definition) = source.parts()?;
    let quality = |given: u32| given.min(100) as u8;
    let role = match (role.as_str(), artefacts) {
        ("clean", None) => Role::Clean,
        ("fallback", None) => Role::Fallback,
        ("compressed", Some(NativeArtefacts { jpeg, webp })) => {
            Role::Compressed(Artefacts { jpeg: quality(jpeg), webp: quality(webp) })
        }
        (role, _) => {
            return Err(thrown(Error::InvalidArgument(format!(
                "Expected the role clean or fallback, or compressed with artefacts, but received {role}"
            ))));
        }
    };
    Ok(Candidate::new(scale, role, move || {
        let model = model::load(&source, &definition, Pool::global()?.threads())?;
        Ok(Network { name: model.info.name, engines: model.engines })
    }))
}
