//! The `weightsManifest`: groups of weights, each group stored one after the other across its shards. Quantised weights
//! are `value = stored * scale + min`.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path};

use half::f16;
use serde::Deserialize;
use serde_json::Value;

use super::topology::LayerCall;
use crate::error::Error;
use crate::graph::{Data, Tensor};

/// All weights by name.
pub struct Weights(HashMap<String, Tensor>);

/// A group of weights: the shards that hold it, and what is in them.
#[derive(Deserialize)]
pub struct Group {
    paths: Vec<String>,
    weights: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<Quantization>,
}

#[derive(Deserialize)]
struct Quantization {
    dtype: String,
    #[serde(default)]
    scale: f64,
    #[serde(default)]
    min: f64,
}

/// The part of `model.json` that describes weights.
#[derive(Deserialize)]
pub struct Manifest {
    #[serde(rename = "weightsManifest")]
    groups: Vec<Group>,
}

/// The paths of all shards.
pub fn shards(manifest: Manifest) -> Result<Vec<String>, Error> {
    check_paths(&manifest.groups)?;
    Ok(manifest.groups.into_iter().flat_map(|group| group.paths).collect())
}

fn groups(model: &Value) -> Result<Vec<Group>, Error> {
    let manifest = model.get("weightsManifest").cloned().unwrap_or_default();
    serde_json::from_value(manifest)
        .map_err(|e| Error::ModelLoad(format!("model.json: weightsManifest is broken: {e}")))
}

/// TensorFlow.js's converter writes shards of 4 MB: more of them than this are more than a model may have.
const MAX_SHARDS: usize = 4096;

fn check_paths(groups: &[Group]) -> Result<(), Error> {
    let paths = || groups.iter().flat_map(|group| &group.paths);
    let found = paths().count();
    if found > MAX_SHARDS {
        return Err(Error::ModelLoad(format!(
            "model.json: weightsManifest: expected at most {MAX_SHARDS} shards, found {found}"
        )));
    }
    let mut seen = HashSet::new();
    paths().try_for_each(|path| {
        check_path(path)?;
        if seen.insert(path) {
            return Ok(());
        }
        Err(Error::ModelLoad(format!("model.json: weightsManifest: shard {path:?} is there twice")))
    })
}

impl Weights {
    /// Reads all groups.
    pub fn read(
        model: &Value,
        shard: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
    ) -> Result<Weights, Error> {
        Weights::of(groups(model)?, shard)
    }

    /// Reads the groups of a manifest.
    pub fn of(
        groups: Vec<Group>,
        shard: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
    ) -> Result<Weights, Error> {
        check_paths(&groups)?;
        let mut weights = HashMap::new();
        for group in groups {
            let bytes = group.load(shard)?;
            let mut rest = &bytes[..];
            for entry in group.weights {
                let (taken, left) = rest.split_at(entry.size()?.min(rest.len()));
                rest = left;
                let name = entry.name.strip_suffix(":0").unwrap_or(&entry.name).to_owned();
                if weights.insert(name.clone(), entry.decode(taken)).is_some() {
                    return Err(Error::ModelLoad(format!("model.json: weight \"{name}\" is there twice")));
                }
            }
        }
        Ok(Weights(weights))
    }

    /// Takes weight `what` of a layer, which must have `rank` axes.
    pub fn take(&self, call: &LayerCall, what: &str, rank: usize) -> Result<Tensor, Error> {
        let name = format!("{}/{what}", call.name);
        match self.0.get(&name) {
            Some(tensor) if tensor.as_floats().is_none() => {
                Err(call.error(format!("weight \"{name}\" is not of a float type")))
            }
            Some(tensor) if tensor.dims.len() == rank => Ok(tensor.clone()),
            Some(tensor) => {
                Err(call.error(format!("weight \"{name}\" of shape {:?}; expected {rank} axes", tensor.dims)))
            }
            None => Err(call.error(format!("weight \"{name}\" is missing"))),
        }
    }

    /// All of them by name.
    pub fn into_tensors(self) -> HashMap<String, Tensor> {
        self.0
    }
}

impl Group {
    /// The bytes of all shards, which must be exactly as many as the weights take.
    fn load(&self, shard: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>) -> Result<Vec<u8>, Error> {
        let mut sizes = self.weights.iter().map(Entry::size);
        let expected = sizes.try_fold(0usize, |sum, size| Ok::<_, Error>(sum.saturating_add(size?)))?;
        let mut bytes = Vec::new();
        for path in &self.paths {
            bytes.append(&mut shard(path)?);
            if bytes.len() > expected {
                break;
            }
        }
        match bytes.len() == expected {
            true => Ok(bytes),
            false => Err(Error::ModelLoad(format!(
                "shards {}: expected {expected} bytes of weights, found {}{}",
                self.paths.join(", "),
                bytes.len(),
                if bytes.len() > expected { " or more" } else { "" }
            ))),
        }
    }
}

impl Entry {
    /// The type that the elements are stored in.
    fn stored(&self) -> &str {
        self.quantization.as_ref().map_or(&self.dtype, |q| &q.dtype)
    }

    /// How many bytes this weight takes.
    fn size(&self) -> Result<usize, Error> {
        let width = match self.stored() {
            "int32" if self.dtype == "int32" && self.quantization.is_none() => Some(4usize),
            "bool" if self.dtype == "bool" => Some(1),
            _ if self.dtype != "float32" => None,
            "float32" if self.quantization.is_none() => Some(4),
            "float16" | "uint16" => Some(2),
            "uint8" => Some(1),
            _ => None,
        };
        let width = width.ok_or_else(|| {
            let (name, dtype, stored) = (&self.name, &self.dtype, self.stored());
            Error::ModelLoad(format!("weight \"{name}\": type {dtype} stored as {stored} is not supported"))
        })?;
        let size = self.shape.iter().try_fold(width, |n, &d| n.checked_mul(d));
        size.ok_or_else(|| {
            Error::ModelLoad(format!("weight \"{}\": shape {:?} is absurdly large", self.name, self.shape))
        })
    }

    /// The values, from as many bytes as [`Entry::size`] says.
    fn decode(&self, bytes: &[u8]) -> Tensor {
        let scaled = |stored: f64| match &self.quantization {
            Some(q) => (stored * q.scale + q.min) as f32,
            None => stored as f32,
        };
        let pairs = || bytes.as_chunks().0.iter();
        let words = || bytes.as_chunks().0.iter();
        let dims = self.shape.clone();
        if self.dtype == "int32" {
            let data = Data::I64(words().map(|&b| i32::from_le_bytes(b).into()).collect());
            return Tensor { dims, data };
        }
        if self.dtype == "bool" {
            return Tensor::bools(&dims, bytes.iter().map(|&b| b != 0));
        }
        let values = match self.stored() {
            "uint8" => bytes.iter().map(|&b| scaled(b.into())).collect(),
            "uint16" => pairs().map(|&b| scaled(u16::from_le_bytes(b).into())).collect(),
            "float16" => pairs().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
            _ => words().map(|&b| f32::from_le_bytes(b)).collect(),
        };
        Tensor::floats(&self.shape, values)
    }
}

/// Refuses whatever is not a plain relative path below the model's folder.
fn check_path(path: &str) -> Result<(), Error> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    // The last two are separators and drive letters on Windows, whichever system this is.
    match plain && !path.is_empty() && !path.contains(['\\', ':', '\0']) {
        true => Ok(()),
        false => Err(Error::ModelLoad(format!(
            "model.json: shard path {path:?} is not allowed; expected a path inside the model's folder"
        ))),
    }
}
