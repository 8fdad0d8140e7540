//! Forms from JSON Schema: the fields, and conversion of their values to JSON.

mod entry;
mod several;
#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;

pub use entry::FieldErrorKind;
pub use several::{one_of, several};

use crate::task::FieldError;
use serde_json::{Map, Number, Value};

/// Texts that may be longer than this get several lines, unless `format` says otherwise (`line` or
/// `textarea`) or they are secret: those are hidden while typed.
const LONG_TEXT: u64 = 1_000;
/// Maximum depth of references; limits schemas that refer to themselves.
const MAX_DEPTH: usize = 8;

/// Field of a form.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// Name in the input.
    pub name: String,
    /// Label.
    pub label: String,
    /// Help text.
    pub help: Option<String>,
    /// Example values.
    pub examples: Vec<String>,
    /// Default value.
    pub default: Option<String>,
    /// Whether the input requires it.
    pub required: bool,
    /// Whether its value is never shown again (`writeOnly`).
    pub secret: bool,
    /// Type of its value.
    pub sort: FieldType,
}

/// Type of a field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldType {
    /// Text.
    Text {
        /// Whether it may have several lines.
        long: bool,
        /// Minimum length in characters.
        min: Option<u64>,
        /// Maximum length in characters.
        max: Option<u64>,
        /// Regular expression that the whole text must match.
        pattern: Option<String>,
        /// Description of the pattern by the kind (`x-pattern-description`).
        pattern_description: Option<String>,
    },
    /// Number.
    Number {
        /// Whether it must be an integer.
        whole: bool,
        /// Minimum.
        min: Option<Number>,
        /// Maximum.
        max: Option<Number>,
    },
    /// Boolean.
    Boolean,
    /// One of these values.
    Choice(Vec<String>),
    /// File; the value is the id of its upload.
    File,
    /// List of texts, one per line.
    List {
        /// Minimum number of lines.
        min: Option<u64>,
        /// Maximum number of lines.
        max: Option<u64>,
    },
}

/// Fields of an object schema, ordered by its `propertyOrder`, or else required fields first, in
/// schema order. Omits what a form cannot represent, such as nested objects.
pub fn fields(schema: &Value) -> Vec<Field> {
    let root = resolve(schema, schema, 0);
    let Some(Value::Object(properties)) = root.get("properties") else { return Vec::new() };
    let required: Vec<&str> = root
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let first = required.iter().filter_map(|&name| Some((name, properties.get(name)?)));
    let others = properties
        .iter()
        .map(|(name, property)| (name.as_str(), property))
        .filter(|(name, _)| !required.contains(name));
    let mut fields: Vec<Field> = first
        .chain(others)
        .filter_map(|(name, property)| {
            field(name, &resolve(schema, property, 0), required.contains(&name))
        })
        .collect();
    if let Some(order) = root.get("propertyOrder").and_then(Value::as_array) {
        let place = |field: &Field| order.iter().position(|name| *name == field.name.as_str());
        fields.sort_by_key(|field| place(field).unwrap_or(usize::MAX));
    }
    fields
}

/// Names of the properties that a form cannot represent.
pub fn unasked(schema: &Value) -> Vec<String> {
    let root = resolve(schema, schema, 0);
    let Some(Value::Object(properties)) = root.get("properties") else { return Vec::new() };
    let asked = fields(schema);
    let names = properties.keys().filter(|name| asked.iter().all(|field| field.name != **name));
    names.cloned().collect()
}

/// Converts entered values to the input of a task. Empty fields are omitted.
///
/// # Errors
/// Names each required field that is empty, and each invalid value.
pub fn read(fields: &[Field], entered: &[(String, String)]) -> Result<Value, Vec<FieldError>> {
    let mut input = Map::new();
    let mut errors = Vec::new();
    for field in fields {
        let text = entered.iter().rev().find(|(name, _)| *name == field.name);
        match entry::value(field, text.map(|(_, text)| text.as_str())) {
            Ok(Some(value)) => _ = input.insert(field.name.clone(), value),
            Ok(None) => {}
            Err(wrong) => {
                let detail = field.message(wrong);
                errors.push(FieldError { field: field.name.clone(), detail });
            }
        }
    }
    if errors.is_empty() { Ok(Value::Object(input)) } else { Err(errors) }
}

/// Converts an input to the values of its form. Omits secrets and properties without a field.
pub fn write(fields: &[Field], input: &Value) -> Vec<(String, String)> {
    let entry = |field: &Field| {
        let value = input.get(&field.name).filter(|_| !field.secret)?;
        let text = match value {
            Value::Array(lines) => {
                let lines: Option<Vec<_>> = lines.iter().map(plain).collect();
                lines?.join("\n")
            }
            value => plain(value)?,
        };
        Some((field.name.clone(), text))
    };
    fields.iter().filter_map(entry).collect()
}

fn field(name: &str, schema: &Map<String, Value>, required: bool) -> Option<Field> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let examples = schema.get("examples").and_then(Value::as_array);
    Some(Field {
        name: name.to_owned(),
        label: text("title").unwrap_or_else(|| humanize(name)),
        help: text("description"),
        examples: examples.into_iter().flatten().filter_map(plain).collect(),
        default: schema.get("default").and_then(plain),
        required,
        secret: secret(schema),
        sort: sort(schema)?,
    })
}

fn secret(schema: &Map<String, Value>) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
}

fn sort(schema: &Map<String, Value>) -> Option<FieldType> {
    let whole = |key: &str| schema.get(key).and_then(Value::as_u64);
    let number = |key: &str| schema.get(key).and_then(Value::as_number).cloned();
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return Some(FieldType::Choice(choices.iter().filter_map(plain).collect()));
    }
    match type_of(schema)? {
        "string" => {
            let max = whole("maxLength");
            let format = schema.get("format").and_then(Value::as_str);
            if format == Some("upload") {
                return Some(FieldType::File);
            }
            let long = match format {
                _ if secret(schema) => false,
                Some("textarea") => true,
                Some("line") => false,
                _ => max.is_some_and(|max| max > LONG_TEXT),
            };
            let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
            let (min, pattern, pattern_description) =
                (whole("minLength"), text("pattern"), text("x-pattern-description"));
            Some(FieldType::Text { long, min, max, pattern, pattern_description })
        }
        "integer" => {
            Some(FieldType::Number { whole: true, min: number("minimum"), max: number("maximum") })
        }
        "number" => {
            Some(FieldType::Number { whole: false, min: number("minimum"), max: number("maximum") })
        }
        "boolean" => Some(FieldType::Boolean),
        "array" => {
            let items = schema.get("items").and_then(Value::as_object);
            let texts = items.is_some_and(|items| type_of(items) == Some("string"));
            texts.then(|| FieldType::List { min: whole("minItems"), max: whole("maxItems") })
        }
        _ => None,
    }
}

/// The first type other than `null`.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

/// Resolves the references of a schema; keys beside a reference take precedence.
fn resolve(root: &Value, schema: &Value, depth: usize) -> Map<String, Value> {
    let Value::Object(schema) = schema else { return Map::new() };
    let mut resolved = schema.clone();
    if depth >= MAX_DEPTH {
        return resolved;
    }
    let options = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array());
    let not_null = |option: &&Value| option.get("type").and_then(Value::as_str) != Some("null");
    let mut behind: Vec<&Value> = options.flatten().filter(not_null).take(1).collect();
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        behind.extend(path.strip_prefix('#').and_then(|path| root.pointer(path)));
    }
    for behind in behind {
        for (key, value) in resolve(root, behind, depth + 1) {
            resolved.entry(key).or_insert(value);
        }
    }
    resolved
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Converts `player_name` to `Player name`.
fn humanize(name: &str) -> String {
    let name = name.replace(['_', '-'], " ");
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
