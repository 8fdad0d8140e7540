//! Forms from JSON Schema: which fields there are, and what was entered as JSON.

mod entry;
mod several;
#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;

pub use entry::FieldErrorKind;
pub use several::{one_of, several};

use milepost::task::FieldError;
use serde_json::{Map, Number, Value};

/// A text that may be longer than this gets more than one line, unless it says how many it has
/// (`format`: `line` or `textarea`) or is secret: those are not shown while they are typed.
const LONG_TEXT: u64 = 1_000;
/// References are followed this deep; a schema that refers to itself ends here.
const MAX_DEPTH: usize = 8;

/// One field of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name in the input.
    pub name: String,
    /// What people read.
    pub label: String,
    /// What helps to fill it in.
    pub help: Option<String>,
    /// What could be entered.
    pub examples: Vec<String>,
    /// What is entered at first.
    pub default: Option<String>,
    /// Whether the input needs it.
    pub required: bool,
    /// Whether it is never shown again (`writeOnly`).
    pub secret: bool,
    /// What is entered into it.
    pub sort: FieldType,
}

/// What is entered into a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldType {
    /// A text.
    Text {
        /// Whether it may have more than one line.
        long: bool,
        /// The least number of characters.
        min: Option<u64>,
        /// The greatest number of characters.
        max: Option<u64>,
        /// What the whole of it has to look like, as a regular expression.
        pattern: Option<String>,
        /// The same in the kind's own words (`x-pattern-description`).
        pattern_description: Option<String>,
    },
    /// A number.
    Number {
        /// Whether it has to be whole.
        whole: bool,
        /// The least.
        min: Option<Number>,
        /// The greatest.
        max: Option<Number>,
    },
    /// Yes or no.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
    /// A file; what is entered is the id of its upload.
    File,
    /// Several texts, one a line.
    List {
        /// The least number of lines.
        min: Option<u64>,
        /// The greatest number of lines.
        max: Option<u64>,
    },
}

/// The fields of an object's schema in the order of its `propertyOrder`; else those needed first, in
/// the order in which the schema names them. What a form cannot ask for, such as a nested object, is
/// left out.
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

/// The names of what a form cannot ask for.
pub fn unasked(schema: &Value) -> Vec<String> {
    let root = resolve(schema, schema, 0);
    let Some(Value::Object(properties)) = root.get("properties") else { return Vec::new() };
    let asked = fields(schema);
    let names = properties.keys().filter(|name| asked.iter().all(|field| field.name != **name));
    names.cloned().collect()
}

/// What was entered, as the input of a task. Fields left empty are left out.
///
/// # Errors
/// Names each field that is needed and empty, and each that is not what it should be.
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

/// An input as it would have been entered; what no field asks for is left out, and so is what is
/// secret.
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

/// The type that is not `null`.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

/// The schema with its references followed; what stands beside a reference comes first.
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

/// `player_name` is `Player name`.
fn humanize(name: &str) -> String {
    let name = name.replace(['_', '-'], " ");
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
