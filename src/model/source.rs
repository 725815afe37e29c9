//! Model files on disk and in memory: their format, their bytes, and the graph that they hold.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::files::{self, Refused};
use crate::format::{ncnn, onnx, tfjs};
use crate::graph::ModelProto;
use crate::load_cancel;

/// Larger models, all files together, are not of this kind, and reading them would only fill memory. ONNX itself ends at 2
/// GiB.
const LARGEST_MODEL: u64 = 2 << 30;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// An `.onnx`, a TensorFlow.js `model.json`, an ncnn `.param` with its `.bin`, or a folder that holds one.
    Path(PathBuf),
    /// The bytes of an `.onnx`.
    Bytes(Vec<u8>),
}

/// The format of a model's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Onnx,
    Tfjs,
    Ncnn,
}

impl FileFormat {
    fn of(path: &Path) -> Result<FileFormat, Error> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("onnx") => Ok(FileFormat::Onnx),
            Some("param") => Ok(FileFormat::Ncnn),
            Some("json") => Ok(FileFormat::Tfjs),
            _ => Err(Error::ModelLoad("Expected a model file ending in .onnx, .json or .param".to_owned())),
        }
    }

    /// The names of the files with the weights, relative to the folder of the model's own file.
    fn companions(self, path: &Path, own: &[u8]) -> Result<Vec<String>, Error> {
        match self {
            FileFormat::Onnx => Ok(Vec::new()),
            FileFormat::Ncnn => Ok(path
                .with_extension("bin")
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .into_iter()
                .collect()),
            FileFormat::Tfjs => tfjs::shards(own),
        }
    }

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            FileFormat::Onnx => "onnx",
            FileFormat::Tfjs => "tfjs",
            FileFormat::Ncnn => "ncnn",
        }
    }

    /// The values for black and white that networks of this format take, where nothing else is said: UpscalerJS's
    /// convention for TensorFlow.js, that of the super-resolution networks' authors for the others.
    pub fn default_range(self) -> (f32, f32) {
        match self {
            FileFormat::Tfjs => (0.0, 255.0),
            FileFormat::Onnx | FileFormat::Ncnn => (0.0, 1.0),
        }
    }
}

/// What a model's file holds: one network, or one for every size of picture.
pub use crate::format::tfjs::Reading as Contents;

/// All of a model's bytes, read once: what is hashed is what is parsed.
pub struct Files<'a> {
    /// The model's own file; `None` for one in memory.
    path: Option<PathBuf>,
    format: FileFormat,
    own: Cow<'a, [u8]>,
    /// The files with the weights of a model whose own file has none, by what it calls them.
    companions: Vec<(String, Vec<u8>)>,
}

impl ModelSource {
    /// Reads the model's files.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if there is no model file, or one of its files cannot be read.
    pub fn files(&self) -> Result<Files<'_>, Error> {
        match self {
            ModelSource::Bytes(bytes) => Ok(Files {
                path: None,
                format: FileFormat::Onnx,
                own: Cow::Borrowed(bytes),
                companions: Vec::new(),
            }),
            ModelSource::Path(path) => {
                let path = model_file(path)?;
                let named = |error| described(&path, error);
                let format = FileFormat::of(&path).map_err(named)?;
                let mut room = LARGEST_MODEL;
                let own = file(&path, &mut room)?;
                let mut companions = Vec::new();
                for name in format.companions(&path, &own).map_err(named)? {
                    let bytes = file(&beside(&path, &name)?, &mut room)?;
                    companions.push((name, bytes));
                }
                Ok(Files { path: Some(path), format, own: Cow::Owned(own), companions })
            }
        }
    }

    /// Reads a model that is one network.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if there is no model file, if it cannot be read, is not understood, or is another network
    /// for every size of picture.
    pub fn read(&self) -> Result<(ModelProto, FileFormat), Error> {
        let files = self.files()?;
        let format = files.format;
        Ok((files.contents()?.network(None)?, format))
    }

    /// A name for a model that was given none.
    pub fn name(&self) -> String {
        let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        match self {
            ModelSource::Bytes(_) => None,
            // `model.json` says nothing; its folder does.
            ModelSource::Path(path) if path.ends_with("model.json") => path.parent().and_then(stem),
            ModelSource::Path(path) => stem(path),
        }
        .unwrap_or_else(|| "custom".to_owned())
    }
}

impl Files<'_> {
    /// The format of the model's own file.
    pub fn format(&self) -> FileFormat {
        self.format
    }

    /// The sha256 of all of the model's bytes: of its own file, followed by a TensorFlow.js model's shards in the
    /// manifest's order or an ncnn model's `.bin`.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(&self.own);
        for (_, bytes) in &self.companions {
            hash.update(bytes);
        }
        hash.finalize().into()
    }

    /// Checks that the model is the one that was published.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if `sha256`, in hexadecimal digits, is not that of `digest`.
    pub fn verify(&self, digest: &[u8; 32], sha256: &str) -> Result<(), Error> {
        let found = hex(digest);
        if found.eq_ignore_ascii_case(sha256) {
            return Ok(());
        }
        let model = self.path.as_ref().map_or("the model".into(), |path| files::shown(path));
        Err(Error::ModelLoad(format!(
            "Expected {model} to have the sha256 {sha256} but found {found}: it is another, or was damaged on its way"
        )))
    }

    /// What they hold.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if it is not understood.
    pub fn contents(self) -> Result<Contents, Error> {
        let Files { path, format, own, companions } = self;
        let read = match format {
            FileFormat::Onnx => onnx::read(&own).map(Contents::from),
            FileFormat::Ncnn => ncnn_from(own.into_owned(), companions),
            FileFormat::Tfjs => tfjs_from(&own, companions),
        };
        match path {
            Some(path) => read.map_err(|error| described(&path, error)),
            None => read,
        }
    }
}

fn ncnn_from(own: Vec<u8>, companions: Vec<(String, Vec<u8>)>) -> Result<Contents, Error> {
    let param = String::from_utf8(own)
        .map_err(|error| Error::ModelLoad(format!("Expected the text of an ncnn .param but: {error}")))?;
    let weights = companions.into_iter().next().map(|(_, bytes)| bytes).unwrap_or_default();
    ncnn::read(&param, &weights).map(Contents::from)
}

fn tfjs_from(own: &[u8], companions: Vec<(String, Vec<u8>)>) -> Result<Contents, Error> {
    let mut shards: HashMap<String, Vec<u8>> = companions.into_iter().collect();
    let mut shard = |name: &str| {
        let missing = || Error::ModelLoad("Expected every shard to be used once".to_owned());
        shards.remove(name).ok_or_else(missing)
    };
    tfjs::read(own, &mut shard)
}

/// Adds the path to an error.
fn described(path: &Path, error: Error) -> Error {
    match error {
        Error::ModelLoad(message) => Error::ModelLoad(format!("{}: {message}", files::shown(path))),
        other => other,
    }
}

/// The model file that a path names: the path, or the one in the folder.
fn model_file(path: &Path) -> Result<PathBuf, Error> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let unreadable = |error: std::io::Error| {
        Error::ModelLoad(format!("Expected a folder with a model at {} but: {error}", files::shown(path)))
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if file.ends_with("model.json") || matches!(extension, Some("onnx" | "param")) {
            found.push(file);
        }
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        _ => Err(Error::ModelLoad(format!(
            "Expected one .onnx, model.json or .param in {} but found {}",
            files::shown(path),
            found.len()
        ))),
    }
}

/// A file that belongs to a model's own, beside it: where that is a link, beside what it leads to. A link that leads
/// anywhere else is refused: a model from outside could have any file read.
fn beside(path: &Path, name: &str) -> Result<PathBuf, Error> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let file = folder.join(name);
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| unreadable(path, &error));
    let found = real(&file)?;
    let beside_target = real(path)?.parent().is_some_and(|folder| found.starts_with(folder));
    if beside_target || found.starts_with(real(folder)?) {
        return Ok(found);
    }
    Err(Error::ModelLoad(format!(
        "Expected {} to lie in the folder of its model but it is a link to another",
        files::shown(&file)
    )))
}

/// Reads a file of a model of which `room` bytes may still be read, and subtracts its own.
fn file(path: &Path, room: &mut u64) -> Result<Vec<u8>, Error> {
    let bytes = files::read(path, *room, &load_cancel::is_cancelled).map_err(|refused| match refused {
        Refused::Irregular => Error::ModelLoad(format!("Expected a file at {}", files::shown(path))),
        Refused::Large(_) => Error::ModelLoad(format!(
            "Expected a model of at most {LARGEST_MODEL} bytes but {} makes it larger",
            files::shown(path)
        )),
        refused => load_cancel::check().err().unwrap_or_else(|| unreadable(path, &refused)),
    })?;
    *room -= bytes.len() as u64;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::ModelLoad(format!("Expected a readable file at {} but: {error}", files::shown(path)))
}

/// In hexadecimal digits.
pub fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
