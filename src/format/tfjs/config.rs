//! A layer's settings. Taking one removes it, so that what is left in the end was not understood.

use serde_json::{Map, Value};

use crate::error::Error;

/// Settings that say nothing of what a layer computes once it is trained.
const TRAINING_ONLY: [&str; 8] =
    ["name", "trainable", "dtype", "seed", "build_config", "registered_name", "module", "batch_input_shape"];

/// The settings of one layer.
pub struct Config {
    label: String,
    map: Map<String, Value>,
}

impl Config {
    /// `label` is how error messages call the layer.
    pub fn new(label: String, map: Map<String, Value>) -> Config {
        Config { label, map }
    }

    /// Takes a setting; JSON's null is as good as none.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// Takes a text.
    pub fn text(&mut self, key: &str, default: &str) -> Result<String, Error> {
        match self.take(key) {
            None => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.unsupported(key, &other)),
        }
    }

    /// Takes a number.
    pub fn number(&mut self, key: &str) -> Result<Option<f64>, Error> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| self.unsupported(key, &value)),
        }
    }

    /// Takes a yes or no.
    pub fn flag(&mut self, key: &str, default: bool) -> Result<bool, Error> {
        match self.take(key) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| self.unsupported(key, &value)),
        }
    }

    /// Takes a height and a width: two whole numbers, or one for both.
    pub fn pair(&mut self, key: &str, default: [usize; 2]) -> Result<[usize; 2], Error> {
        let Some(value) = self.take(key) else { return Ok(default) };
        let size = |value: &Value| value.as_u64().filter(|n| (1..=1 << 16).contains(n)).map(|n| n as usize);
        let pair = match &value {
            Value::Array(items) => match &items[..] {
                [a, b] => size(a).zip(size(b)),
                _ => None,
            },
            one => size(one).map(|n| (n, n)),
        };
        pair.map(|(h, w)| [h, w]).ok_or_else(|| self.unsupported(key, &value))
    }

    /// Takes a setting that has to be what it is in almost every model.
    pub fn expect(&mut self, key: &str, expected: impl Into<Value>) -> Result<(), Error> {
        let expected = expected.into();
        match self.take(key) {
            None => Ok(()),
            // 1 and 1.0 are the same in JSON, but not to its reader.
            Some(value)
                if value == expected || (value.is_number() && value.as_f64() == expected.as_f64()) =>
            {
                Ok(())
            }
            Some(value) => Err(self.unsupported(key, &value)),
        }
    }

    /// Fails if a setting was given that the layer's reader did not ask for.
    pub fn expect_empty(&self) -> Result<(), Error> {
        let for_training = |key: &str| {
            TRAINING_ONLY.contains(&key)
                || ["_initializer", "_regularizer", "_constraint"].iter().any(|end| key.ends_with(end))
        };
        match self.map.iter().find(|(key, value)| !value.is_null() && !for_training(key)) {
            None => Ok(()),
            Some((key, value)) => Err(self.unsupported(key, value)),
        }
    }

    /// Refuses a setting.
    pub fn unsupported(&self, key: &str, value: &Value) -> Error {
        Error::ModelLoad(format!("{}: {key} = {value} is not supported", self.label))
    }
}
