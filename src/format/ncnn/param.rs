//! The `.param` text: a magic number, the counts of layers and blobs, then per layer
//! `Type name inputs outputs input-names… output-names… id=value…`.
//!
//! A value with a point or an exponent is a float, any other an integer. Lists are written `-23300 - id=count,v,v,…`.

use std::collections::{BTreeMap, HashSet};

use crate::error::Error;

const MAGIC: &str = "7767517";
const FIRST_LIST_KEY: i64 = -23300;

/// One line.
pub struct Layer {
    pub kind: String,
    pub name: String,
    /// How error messages call it.
    pub label: String,
    pub bottoms: Vec<String>,
    pub tops: Vec<String>,
    pub params: Params,
}

impl Layer {
    /// An error that names this layer.
    pub fn error(&self, what: String) -> Error {
        Error::ModelLoad(format!("{}: {what}", self.label))
    }

    /// Refuses a value of parameter `id`, which means `what`.
    pub fn unsupported(&self, id: i64, what: &str, value: impl std::fmt::Display) -> Error {
        self.error(format!("parameter {id} ({what}) = {value} is not supported"))
    }
}

/// A layer's parameters. Taking one removes it, so that what is left in the end was not understood.
pub struct Params {
    /// The layer's label.
    label: String,
    map: BTreeMap<i64, Param>,
}

#[derive(Debug, PartialEq)]
enum Param {
    Int(i64),
    Float(f32),
    List(Vec<Param>),
}

impl Params {
    /// Takes an integer.
    pub fn int(&mut self, id: i64, default: i64) -> Result<i64, Error> {
        match self.map.remove(&id) {
            None => Ok(default),
            Some(Param::Int(value)) => Ok(value),
            Some(other) => Err(self.mismatch(id, "an integer", &other)),
        }
    }

    /// Takes a float. A zero may be written as an integer; for other integers ncnn would read the wrong bits.
    pub fn float(&mut self, id: i64, default: f32) -> Result<f32, Error> {
        match self.map.remove(&id) {
            None => Ok(default),
            Some(param) => param.as_float().ok_or_else(|| self.mismatch(id, "a float", &param)),
        }
    }

    /// Takes a list of floats.
    pub fn floats(&mut self, id: i64) -> Result<Vec<f32>, Error> {
        let floats = |list: &[Param]| list.iter().map(Param::as_float).collect::<Option<Vec<_>>>();
        self.list(id, "a list of floats", floats)
    }

    /// Takes a list of integers.
    pub fn ints(&mut self, id: i64) -> Result<Vec<i64>, Error> {
        let int = |param: &Param| if let Param::Int(value) = param { Some(*value) } else { None };
        self.list(id, "a list of integers", |list| list.iter().map(int).collect())
    }

    fn list<T>(
        &mut self,
        id: i64,
        what: &str,
        read: impl Fn(&[Param]) -> Option<Vec<T>>,
    ) -> Result<Vec<T>, Error> {
        match self.map.remove(&id) {
            None => Ok(Vec::new()),
            Some(Param::List(list)) => read(&list).ok_or_else(|| self.mismatch(id, what, &Param::List(list))),
            Some(other) => Err(self.mismatch(id, what, &other)),
        }
    }

    fn mismatch(&self, id: i64, expected: &str, found: &Param) -> Error {
        Error::ModelLoad(format!("{}: parameter {id}: expected {expected}, found {found}", self.label))
    }

    /// Fails if a parameter was given that the layer's reader did not ask for.
    pub fn expect_empty(&self) -> Result<(), Error> {
        match self.map.first_key_value() {
            None => Ok(()),
            Some((id, value)) => {
                Err(Error::ModelLoad(format!("{}: parameter {id} = {value} is not supported", self.label)))
            }
        }
    }
}

impl Param {
    fn as_float(&self) -> Option<f32> {
        match self {
            Param::Float(value) => Some(*value),
            Param::Int(0) => Some(0.0),
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Param> {
        if text.contains(['.', 'e', 'E']) {
            return text.parse().ok().filter(|v: &f32| v.is_finite()).map(Param::Float);
        }
        text.parse().ok().map(Param::Int)
    }
}

impl std::fmt::Display for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Param::Int(value) => write!(f, "{value}"),
            Param::Float(value) => write!(f, "{value:?}"),
            Param::List(list) => f.debug_list().entries(list.iter().map(|v| format!("{v}"))).finish(),
        }
    }
}

/// The layers, in order.
///
/// # Errors
/// [`Error::ModelLoad`] naming the line that is broken.
pub fn parse(text: &str) -> Result<Vec<Layer>, Error> {
    let fail = |what: String| Err(Error::ModelLoad(format!("ncnn .param: {what}")));
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        Some(MAGIC) => {}
        other => {
            return fail(format!(
                "expected {MAGIC} in the first line, found {:?}",
                other.unwrap_or_default()
            ));
        }
    }
    let header = lines.next().unwrap_or_default();
    let counts: Option<Vec<usize>> = header.split_whitespace().map(|n| n.parse().ok()).collect();
    let Some(&[layer_count, blob_count]) = counts.as_deref() else {
        return fail(format!(
            "expected the numbers of layers and blobs in the second line, found {header:?}"
        ));
    };
    let layers =
        lines.enumerate().map(|(n, line)| parse_layer(n + 3, line)).collect::<Result<Vec<_>, _>>()?;
    if layers.len() != layer_count {
        return fail(format!("the header says {layer_count} layers, found {}", layers.len()));
    }
    let blobs: HashSet<&str> = layers.iter().flat_map(|layer| &layer.tops).map(String::as_str).collect();
    if blobs.len() != blob_count {
        return fail(format!("the header says {blob_count} blobs, found {}", blobs.len()));
    }
    Ok(layers)
}

fn parse_layer(number: usize, line: &str) -> Result<Layer, Error> {
    let broken = |what: &str| Error::ModelLoad(format!("ncnn .param, line {number}: {what}: {line:?}"));
    let mut words = line.split_whitespace();
    let (Some(kind), Some(name)) = (words.next(), words.next()) else {
        return Err(broken("expected a layer type and a name"));
    };
    let mut count = || words.next().and_then(|n| n.parse::<usize>().ok());
    let (Some(bottoms), Some(tops)) = (count(), count()) else {
        return Err(broken("expected the numbers of inputs and outputs"));
    };
    let mut take = |n: usize| -> Vec<String> { words.by_ref().take(n).map(str::to_owned).collect() };
    let (bottom_names, top_names) = (take(bottoms), take(tops));
    if bottom_names.len() != bottoms || top_names.len() != tops {
        return Err(broken("fewer names than inputs and outputs"));
    }
    let mut params = BTreeMap::new();
    for word in words {
        let (id, value) = parse_param(word).ok_or_else(|| broken("expected id=value"))?;
        if params.insert(id, value).is_some() {
            return Err(broken("a parameter is given twice"));
        }
    }
    let label = format!("layer {kind} \"{name}\"");
    Ok(Layer {
        kind: kind.to_owned(),
        name: name.to_owned(),
        label: label.clone(),
        bottoms: bottom_names,
        tops: top_names,
        params: Params { label, map: params },
    })
}

fn parse_param(word: &str) -> Option<(i64, Param)> {
    let (id, value) = word.split_once('=')?;
    let id: i64 = id.parse().ok()?;
    if id > FIRST_LIST_KEY {
        return (id >= 0).then_some((id, Param::parse(value)?));
    }
    let mut items = value.split(',');
    let count: usize = items.next()?.parse().ok()?;
    let list = items.map(Param::parse).collect::<Option<Vec<_>>>()?;
    (list.len() == count).then_some((FIRST_LIST_KEY.checked_sub(id)?, Param::List(list)))
}
