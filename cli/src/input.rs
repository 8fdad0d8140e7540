//! Converts `--input KEY=VALUE` to JSON, typed by the kind's JSON Schema.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde_json::{Map, Value};

use super::ClientError;

/// Maximum size of a file or standard input, in bytes; the server's limit is lower.
const LONGEST: u64 = 256 * 1024 * 1024;

/// One `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    key: String,
    value: Given,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("it has the form KEY=VALUE")?;
        if key.is_empty() {
            return Err("the KEY before = is missing".to_owned());
        }
        let value = match value.strip_prefix('@') {
            None => Given::Text(value.to_owned()),
            Some("-") => Given::Stdin,
            Some("") => return Err("the name of a file after @ is missing".to_owned()),
            Some(literal) if literal.starts_with('@') => Given::Text(literal.to_owned()),
            Some(file) => Given::File(PathBuf::from(file)),
        };
        Ok(Self { key: key.to_owned(), value })
    }
}

impl Input {
    /// Name of the field.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The file, if the value names one.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.value {
            Given::File(path) => Some(path),
            Given::Text(_) | Given::Stdin => None,
        }
    }

    /// The same field with this text.
    pub(super) fn with_text(self, text: String) -> Self {
        Self { value: Given::Text(text), ..self }
    }
}

impl Given {
    fn read(self) -> Result<String, ClientError> {
        let bytes = match self {
            Self::Text(text) => return Ok(text),
            Self::Stdin => read("the standard input".into(), std::io::stdin().lock())?,
            Self::File(path) => {
                let file = std::fs::File::open(&path)
                    .map_err(|error| ClientError::File { path: path.clone(), error })?;
                read(path, file)?
            }
        };
        // Invalid UTF-8 becomes U+FFFD, so that the task can report the affected lines.
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                super::note("the input is not valid UTF-8; what makes no sense is sent as U+FFFD");
                String::from_utf8_lossy(error.as_bytes()).into_owned()
            }
        })
    }
}

/// Reads a file or standard input completely; `path` is its name in errors.
pub(super) fn read(path: PathBuf, from: impl std::io::Read) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    match from.take(LONGEST + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > LONGEST => {
            Err(ClientError::Input(format!("{}: larger than 256 MiB", path.display())))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(ClientError::File { path, error }),
    }
}

/// Builds the input object with the schema's types; the server validates the rest.
///
/// # Errors
/// If a key is unknown or repeated, or a value does not match its type.
pub(super) fn typed(schema: &Value, inputs: Vec<Input>) -> Result<Value, ClientError> {
    let properties = schema["properties"].as_object();
    let mut object = Map::new();
    for Input { key, value } in inputs {
        let property = properties.and_then(|properties| properties.get(&key));
        let open = schema["additionalProperties"] != Value::Bool(false) && properties.is_none();
        let Some(property) = property.or(open.then_some(&Value::Null)) else {
            let known = properties.into_iter().flatten().map(|(name, _)| name.as_str());
            let known = known.collect::<Vec<_>>().join(", ");
            return Err(ClientError::Input(format!("unknown input {key}; there are: {known}")));
        };
        let of_list = list_item(schema, property);
        let text = value.read()?;
        let value = match of_list {
            Some(item) if object.contains_key(&key) || !is_list(&text, &types(schema, item, 0)) => {
                convert(schema, item, text).map(|item| Value::Array(vec![item]))
            }
            _ => convert(schema, property, text),
        };
        let value = value.map_err(|right| ClientError::Input(format!("input {key}: {right}")))?;
        match (object.get_mut(&key), value) {
            // Each repetition adds to the list.
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (Some(_), _) => {
                return Err(ClientError::Input(format!("input {key} is given twice")));
            }
            (None, value) => _ = object.insert(key, value),
        }
    }
    Ok(Value::Object(object))
}

/// Whether a text is a JSON list of such items. Any other text is an item, even if it begins with
/// `[`.
fn is_list(text: &str, item_types: &[&str]) -> bool {
    let are_texts = item_types == ["string"];
    let list = serde_json::from_str::<Vec<Value>>(text);
    list.is_ok_and(|items| !are_texts || items.iter().all(Value::is_string))
}

/// Schema of an item, if the property is a list and not also a text.
fn list_item<'s>(root: &'s Value, property: &'s Value) -> Option<&'s Value> {
    let types = types(root, property, 0);
    let list = types.contains(&"array") && !types.contains(&"string");
    list.then(|| property.get("items").unwrap_or(&Value::Null))
}

/// Converts a text to the JSON type in the schema.
fn convert(root: &Value, property: &Value, text: String) -> Result<Value, String> {
    let types = types(root, property, 0);
    let wants = |name: &str| types.contains(&name);
    if wants("null") && text.is_empty() {
        return Ok(Value::Null);
    }
    if wants("string") {
        return Ok(Value::String(text));
    }
    // Numbers, booleans, lists and objects use JSON syntax.
    let parsed = serde_json::from_str::<Value>(&text);
    if types.is_empty() {
        return Ok(parsed.unwrap_or(Value::String(text)));
    }
    let fits = |value: &Value| match value {
        Value::Null => wants("null"),
        Value::Bool(_) => wants("boolean"),
        Value::Number(number) => wants("number") || wants("integer") && !number.is_f64(),
        Value::String(_) => false,
        Value::Array(_) => wants("array"),
        Value::Object(_) => wants("object"),
    };
    parsed.ok().filter(fits).ok_or_else(|| format!("must be of type {}", types.join(" or ")))
}

/// JSON types that a property allows; empty if the schema does not specify any.
fn types<'s>(root: &'s Value, property: &'s Value, depth: u8) -> Vec<&'s str> {
    // Limits the recursion of schemas that refer to themselves.
    const DEEPEST: u8 = 8;
    if depth > DEEPEST {
        return Vec::new();
    }
    if let Some(reference) = property["$ref"].as_str() {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map(|target| types(root, target, depth + 1)).unwrap_or_default();
    }
    match &property["type"] {
        Value::String(name) => return vec![name],
        Value::Array(names) => return names.iter().filter_map(Value::as_str).collect(),
        _ => {}
    }
    if property["enum"].as_array().is_some_and(|values| values.iter().all(Value::is_string))
        || property["const"].is_string()
    {
        return vec!["string"];
    }
    let alternatives = ["anyOf", "oneOf"].iter().filter_map(|name| property[*name].as_array());
    alternatives.flatten().flat_map(|inner| types(root, inner, depth + 1)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "properties": {
                "text": {"type": "string"},
                "maybe": {"type": ["string", "null"]},
                "count": {"type": "integer"},
                "share": {"type": "number"},
                "flag": {"type": "boolean"},
                "list": {"type": "array"},
                "names": {"type": "array", "items": {"type": "string"}},
                "named": {"$ref": "#/$defs/Name"},
                "choice": {"oneOf": [{"const": "a"}, {"const": "b"}]},
                "either": {"anyOf": [{"$ref": "#/$defs/Name"}, {"type": "null"}]},
                "loop": {"$ref": "#/properties/loop"}
            },
            "$defs": {"Name": {"type": "string"}},
            "additionalProperties": false
        })
    }

    fn convert(pairs: &[&str]) -> Result<Value, String> {
        let inputs = pairs.iter().map(|pair| pair.parse().unwrap()).collect();
        typed(&schema(), inputs).map_err(|error| error.to_string())
    }

    #[test]
    fn values_get_the_type_of_the_schema() {
        let cases = [
            ("text=5", json!({"text": "5"})),
            ("text=a=b", json!({"text": "a=b"})),
            ("text=@@home", json!({"text": "@home"})),
            ("text=", json!({"text": ""})),
            ("maybe=", json!({"maybe": null})),
            ("count=-5", json!({"count": -5})),
            ("share=5", json!({"share": 5})),
            ("flag=true", json!({"flag": true})),
            ("list=[1]", json!({"list": [1]})),
            ("named=5", json!({"named": "5"})),
            ("choice=a", json!({"choice": "a"})),
            ("either=x", json!({"either": "x"})),
            ("loop=x", json!({"loop": "x"})),
        ];
        for (pair, expected) in cases {
            assert_eq!(convert(&[pair]), Ok(expected), "{pair}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would_be_right() {
        assert_eq!(convert(&["count=1.5"]), Err("input count: must be of type integer".to_owned()));
        assert_eq!(convert(&["flag=yes"]), Err("input flag: must be of type boolean".to_owned()));
        let unknown = convert(&["colour=red"]).unwrap_err();
        assert!(unknown.starts_with("unknown input colour; there are: "), "{unknown}");
        assert_eq!(convert(&["text=a", "text=b"]), Err("input text is given twice".to_owned()));
        for bad in ["text", "=x", "text=@"] {
            assert!(bad.parse::<Input>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_is_json_or_an_item_for_each_repetition() {
        for (pairs, list) in [
            (&["names=[\"a\",\"b\"]"][..], json!(["a", "b"])),
            (&["names=a"], json!(["a"])),
            (&["names=a", "names=b c", "names=[1]"], json!(["a", "b c", "[1]"])),
            (&["names=[\"a\"]", "names=b"], json!(["a", "b"])),
            (&["names=[draft] a", "names=b"], json!(["[draft] a", "b"])),
            (&["names=[1]", "names=[2]"], json!(["[1]", "[2]"])),
            (&["names=[a-z]*"], json!(["[a-z]*"])),
            (&["names=["], json!(["["])),
            (&["names=[]"], json!([])),
        ] {
            assert_eq!(convert(pairs), Ok(json!({"names": list})), "{pairs:?}");
        }
        assert_eq!(convert(&["list=1", "list=x"]), Ok(json!({"list": [1, "x"]})));
    }

    #[test]
    fn a_file_that_is_no_utf_8_is_sent_with_replacement_characters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin1.csv");
        std::fs::write(&path, b"caf\xe9").unwrap();
        assert_eq!(
            convert(&[&format!("text=@{}", path.display())]),
            Ok(json!({"text": "caf\u{fffd}"}))
        );
        let missing = convert(&["text=@/nonexistent/x"]).unwrap_err();
        assert!(missing.starts_with("/nonexistent/x: "), "{missing}");
    }
}
