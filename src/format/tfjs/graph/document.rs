//! The `model.json` of a graph model: TensorFlow's GraphDef in JSON, of which these are the parts that matter.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::format::tfjs::weights::Group;

/// What the file says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub model_topology: GraphDef,
    #[serde(default)]
    pub signature: Option<SignatureDef>,
    #[serde(default)]
    pub weights_manifest: Vec<Group>,
}

#[derive(Deserialize)]
pub struct GraphDef {
    pub node: Vec<NodeDef>,
}

#[derive(Deserialize)]
pub struct NodeDef {
    pub name: String,
    pub op: String,
    #[serde(default)]
    pub input: Vec<String>,
    #[serde(default)]
    pub attr: Attributes,
}

/// The settings of a node.
pub type Attributes = HashMap<String, Attribute>;

#[derive(Default, Deserialize)]
pub struct SignatureDef {
    #[serde(default)]
    pub outputs: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
pub struct Endpoint {
    #[serde(default)]
    pub name: Option<String>,
}

/// One setting of a node: an `AttrValue`.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text, which the file has in base64.
    Text(String),
    Int(i64),
    Float(f32),
    Flag(bool),
    Type(String),
    /// Axes that are free are `None`, as is a shape without a known number of them.
    Shape(Option<Vec<Option<usize>>>),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    /// What no operator here asks for.
    Other,
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attribute, D::Error> {
        deserializer.deserialize_map(AttributeVisitor)
    }
}

struct AttributeVisitor;

impl<'de> Visitor<'de> for AttributeVisitor {
    type Value = Attribute;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an attribute, {\"kind\": value}")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Attribute, M::Error> {
        let mut attribute = Attribute::Other;
        while let Some(key) = map.next_key::<String>()? {
            attribute = match key.as_str() {
                "s" => Attribute::Text(map.next_value::<Text>()?.0),
                "i" => Attribute::Int(map.next_value::<Int>()?.0),
                "f" => map.next_value::<Option<f32>>()?.map_or(Attribute::Other, Attribute::Float),
                "b" => Attribute::Flag(map.next_value()?),
                "type" => Attribute::Type(map.next_value::<TypeName>()?.0),
                "shape" => Attribute::Shape(map.next_value::<Shape>()?.sizes()),
                "list" => map.next_value::<List>()?.into(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    attribute
                }
            };
        }
        Ok(attribute)
    }
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    i: Vec<Int>,
    #[serde(default)]
    s: Vec<Text>,
}

impl From<List> for Attribute {
    fn from(list: List) -> Attribute {
        match list.s.is_empty() {
            true => Attribute::Ints(list.i.into_iter().map(|Int(n)| n).collect()),
            false => Attribute::Texts(list.s.into_iter().map(|Text(text)| text).collect()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    dim: Vec<Dimension>,
    #[serde(default)]
    unknown_rank: bool,
}

impl Shape {
    fn sizes(self) -> Option<Vec<Option<usize>>> {
        let size = |dim: &Dimension| dim.size.as_ref().and_then(|Int(n)| usize::try_from(*n).ok());
        (!self.unknown_rank).then(|| self.dim.iter().map(size).collect())
    }
}

#[derive(Deserialize)]
struct Dimension {
    #[serde(default)]
    size: Option<Int>,
}

/// A whole number, which the JSON of protocol buffers has as text where it may be long.
struct Int(i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Int, D::Error> {
        struct IntVisitor;
        impl Visitor<'_> for IntVisitor {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number, perhaps as text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Int, E> {
                text.parse().map(Int).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Int, E> {
                Ok(Int(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Int, E> {
                i64::try_from(number)
                    .map(Int)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_any(IntVisitor)
    }
}

/// The name of an element type; files that give its number instead are understood where it does not matter.
struct TypeName(String);

impl<'de> Deserialize<'de> for TypeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TypeName, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = TypeName;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the name or number of an element type")
            }

            fn visit_str<E>(self, name: &str) -> Result<TypeName, E> {
                Ok(TypeName(name.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<TypeName, E> {
                let name = TYPES.iter().find(|(n, _)| *n == number).map_or("", |(_, name)| name);
                Ok(TypeName(name.to_owned()))
            }
        }
        deserializer.deserialize_any(NameVisitor)
    }
}

/// The numbers of the types that are computed with, in tensorflow/core/framework/types.proto.
const TYPES: [(u64, &str); 4] = [(1, "DT_FLOAT"), (3, "DT_INT32"), (9, "DT_INT64"), (10, "DT_BOOL")];

/// Bytes, in base64 or as a list of their numbers.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("text in base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
                let bytes = from_base64(text);
                let bytes = bytes.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))?;
                Ok(Text(String::from_utf8_lossy(&bytes).into_owned()))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Text, S::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element::<u8>()? {
                    bytes.push(byte);
                }
                Ok(Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Base64 (RFC 4648, section 4), padded or not.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(json: &str) -> Attribute {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn attributes_are_read_in_every_form_that_converters_write() {
        assert_eq!(attribute(r#"{"s": "U0FNRQ=="}"#), Attribute::Text("SAME".into()));
        assert_eq!(attribute(r#"{"s": [86, 65]}"#), Attribute::Text("VA".into()));
        assert_eq!(attribute(r#"{"i": "-2"}"#), Attribute::Int(-2));
        assert_eq!(attribute(r#"{"list": {"i": ["1", 2]}}"#), Attribute::Ints(vec![1, 2]));
        assert_eq!(
            attribute(r#"{"list": {"s": ["QmlhcyBBZGQ"]}}"#),
            Attribute::Texts(vec!["Bias Add".into()])
        );
        assert_eq!(attribute(r#"{"type": 3}"#), Attribute::Type("DT_INT32".into()));
        let shape = attribute(r#"{"shape": {"dim": [{"size": "-1"}, {"size": 3}]}}"#);
        assert_eq!(shape, Attribute::Shape(Some(vec![None, Some(3)])));
        assert_eq!(attribute(r#"{"shape": {"unknownRank": true}}"#), Attribute::Shape(None));
        assert_eq!(attribute(r#"{"tensor": {"dtype": 1}}"#), Attribute::Other);
    }
}
