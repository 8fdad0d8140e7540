//! JSON in which no object has a key twice. RFC 8259 leaves open which of the values counts: readers differ, and a check
//! may see another one than what is used.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Maximum length of a key that an error repeats, in characters.
const MAX_KEY_CHARS: usize = 100;

/// Why a text is not read.
pub(super) enum StrictError {
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// An object has a key twice; its path.
    Twice(String),
}

/// Reads a value.
pub(super) fn value(bytes: &[u8]) -> Result<Value, StrictError> {
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(&twice).deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match twice.take() {
        Some(path) => StrictError::Twice(path),
        None => StrictError::Syntax(error),
    })
}

/// Reads a value; the path of a key that is given twice is built while the error passes through its parents.
#[derive(Clone, Copy)]
struct Strict<'t>(&'t RefCell<Option<String>>);

impl Strict<'_> {
    fn put_before(self, parent: impl fmt::Display) {
        if let Some(path) = &mut *self.0.borrow_mut() {
            let dot = if path.starts_with('[') { "" } else { "." };
            *path = format!("{parent}{dot}{path}");
        }
    }
}

fn shown(key: &str) -> String {
    key.chars().take(MAX_KEY_CHARS).collect()
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let item = items.next_element_seed(self);
            match item.inspect_err(|_| self.put_before(format_args!("[{}]", list.len())))? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if object.contains_key(&key) {
                *self.0.borrow_mut() = Some(shown(&key));
                return Err(A::Error::custom("a key is given twice"));
            }
            let value = fields.next_value_seed(self);
            let value = value.inspect_err(|_| self.put_before(shown(&key)))?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
