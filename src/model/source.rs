//! Model files on disk and in memory, told apart and read into one graph.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::format::{ncnn, onnx, tfjs};
use crate::graph::ModelProto;

/// Larger files are not models of this kind, and reading them would only fill memory.
const LARGEST_FILE: u64 = 2 << 30;

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum Source {
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

impl Source {
    /// Reads a model that is one network.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if there is no model file, if it cannot be read, is not understood, or is another network
    /// for every size of picture.
    pub fn read(&self) -> Result<(ModelProto, FileFormat), Error> {
        let (contents, format) = self.open()?;
        Ok((contents.network(None)?, format))
    }

    /// Reads the model.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if there is no model file, if it cannot be read, or is not understood.
    pub fn open(&self) -> Result<(Contents, FileFormat), Error> {
        match self {
            Source::Bytes(bytes) => Ok((onnx::read(bytes)?.into(), FileFormat::Onnx)),
            Source::Path(path) => {
                let path = model_file(path)?;
                let described = |error: Error| match error {
                    Error::ModelLoad(message) => Error::ModelLoad(format!("{}: {message}", path.display())),
                    other => other,
                };
                read_file(&path).map_err(described)
            }
        }
    }

    /// The sha256 of all of the model's bytes: of its own file, followed by a TensorFlow.js model's shards in the
    /// manifest's order or an ncnn model's `.bin`. Files are read piece by piece, and not parsed.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if there is no model file or it cannot be read.
    pub fn digest(&self) -> Result<[u8; 32], Error> {
        let mut hash = Sha256::new();
        match self {
            Source::Bytes(bytes) => hash.update(bytes),
            Source::Path(path) => {
                let path = model_file(path)?;
                hash_file(&path, &mut hash)?;
                for companion in companions(&path)? {
                    hash_file(&companion, &mut hash)?;
                }
            }
        }
        Ok(hash.finalize().into())
    }

    /// Checks that the model, of the digest that was found, is the one that was published.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if `sha256`, in hexadecimal digits, is another.
    pub fn verify(&self, found: &[u8; 32], sha256: &str) -> Result<(), Error> {
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        if found.eq_ignore_ascii_case(sha256) {
            return Ok(());
        }
        let model = match self {
            Source::Bytes(_) => "the model".to_owned(),
            Source::Path(path) => path.display().to_string(),
        };
        Err(Error::ModelLoad(format!(
            "Expected {model} to have the sha256 {sha256} but found {found}: it is another, or was damaged on its way"
        )))
    }

    /// A name for a model that was given none.
    pub fn name(&self) -> String {
        let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        match self {
            Source::Bytes(_) => None,
            // `model.json` says nothing; its folder does.
            Source::Path(path) if path.ends_with("model.json") => path.parent().and_then(stem),
            Source::Path(path) => stem(path),
        }
        .unwrap_or_else(|| "custom".to_owned())
    }
}

fn read_file(path: &Path) -> Result<(Contents, FileFormat), Error> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("onnx") => Ok((onnx::read(&file(path)?)?.into(), FileFormat::Onnx)),
        Some("param") => {
            let param = String::from_utf8(file(path)?).map_err(|error| {
                Error::ModelLoad(format!("Expected the text of an ncnn .param but: {error}"))
            })?;
            let proto = ncnn::read(&param, &file(&path.with_extension("bin"))?)?;
            Ok((proto.into(), FileFormat::Ncnn))
        }
        Some("json") => {
            let folder = path.parent().unwrap_or(Path::new("."));
            let mut shard = |relative: &str| file(&folder.join(relative));
            Ok((tfjs::read(&file(path)?, &mut shard)?, FileFormat::Tfjs))
        }
        _ => Err(Error::ModelLoad("Expected a model file ending in .onnx, .json or .param".to_owned())),
    }
}

/// The model file that a path names: itself, or the one in the folder.
fn model_file(path: &Path) -> Result<PathBuf, Error> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let unreadable = |error: std::io::Error| {
        Error::ModelLoad(format!("Expected a folder with a model at {} but: {error}", path.display()))
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
            path.display(),
            found.len()
        ))),
    }
}

/// The files with the weights of a model whose own file has none.
fn companions(path: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("param") => vec![path.with_extension("bin")],
        Some("json") => {
            let folder = path.parent().unwrap_or(Path::new("."));
            tfjs::shards(&file(path)?)?.iter().map(|shard| folder.join(shard)).collect()
        }
        _ => Vec::new(),
    })
}

fn hash_file(path: &Path, hash: &mut Sha256) -> Result<(), Error> {
    check_size(path)?;
    let mut file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
    std::io::copy(&mut file, hash).map_err(|error| unreadable(path, error))?;
    Ok(())
}

fn file(path: &Path) -> Result<Vec<u8>, Error> {
    check_size(path)?;
    fs::read(path).map_err(|error| unreadable(path, error))
}

fn check_size(path: &Path) -> Result<(), Error> {
    let found = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !found.is_file() {
        // A device or a pipe may never end.
        return Err(Error::ModelLoad(format!("Expected a file at {}", path.display())));
    }
    let size = found.len();
    if size > LARGEST_FILE {
        return Err(Error::ModelLoad(format!(
            "Expected a file of at most {LARGEST_FILE} bytes at {} but found {size}",
            path.display()
        )));
    }
    Ok(())
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::ModelLoad(format!("Expected a readable file at {} but: {error}", path.display()))
}
