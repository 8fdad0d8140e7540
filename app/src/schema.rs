//! Forms from JSON Schema: which fields there are, and what was entered as JSON.

use milepost::task::FieldError;
use serde_json::{Map, Number, Value};

/// A text at least this long gets more than one line.
const LONG_TEXT: u64 = 300;
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
    /// What is entered into it.
    pub sort: Sort,
}

/// What is entered into a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Sort {
    /// A text.
    Text {
        /// Whether it may have more than one line.
        long: bool,
        /// The least number of characters.
        min: Option<u64>,
        /// The greatest number of characters.
        max: Option<u64>,
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
}

/// The fields of an object's schema: those needed first, in the order in which the schema names
/// them. What a form cannot ask for, such as a nested object, is left out.
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
    first
        .chain(others)
        .filter_map(|(name, property)| {
            field(name, &resolve(schema, property, 0), required.contains(&name))
        })
        .collect()
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
        match value(field, text.map(|(_, text)| text.as_str())) {
            Ok(Some(value)) => _ = input.insert(field.name.clone(), value),
            Ok(None) => {}
            Err(detail) => errors.push(FieldError { field: field.name.clone(), detail }),
        }
    }
    if errors.is_empty() { Ok(Value::Object(input)) } else { Err(errors) }
}

fn value(field: &Field, text: Option<&str>) -> Result<Option<Value>, String> {
    if field.sort == Sort::Boolean {
        return Ok(Some(Value::Bool(text.is_some_and(|text| text != "false"))));
    }
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return if field.required {
            Err("This is empty. Please fill it in.".to_owned())
        } else {
            Ok(None)
        };
    }
    match &field.sort {
        Sort::Number { whole: true, .. } => {
            let number = text.trim().parse::<i64>().map_err(|_| "Please give a whole number.")?;
            Ok(Some(number.into()))
        }
        Sort::Number { whole: false, .. } => {
            let number = text.trim().parse::<f64>().ok().and_then(Number::from_f64);
            Ok(Some(Value::Number(number.ok_or("Please give a number, such as 2.5.")?)))
        }
        Sort::Choice(choices) if !choices.iter().any(|choice| choice == text) => {
            Err("Please choose one of these.".to_owned())
        }
        // Browsers send the lines of a text with CR LF, whatever was typed.
        _ => Ok(Some(Value::String(text.replace("\r\n", "\n")))),
    }
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
        sort: sort(schema)?,
    })
}

fn sort(schema: &Map<String, Value>) -> Option<Sort> {
    let whole = |key: &str| schema.get(key).and_then(Value::as_u64);
    let number = |key: &str| schema.get(key).and_then(Value::as_number).cloned();
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return Some(Sort::Choice(choices.iter().filter_map(plain).collect()));
    }
    match type_of(schema)? {
        "string" => {
            let max = whole("maxLength");
            let format = schema.get("format").and_then(Value::as_str);
            if format == Some("upload") {
                return Some(Sort::File);
            }
            let long = format == Some("textarea") || max.is_some_and(|max| max >= LONG_TEXT);
            Some(Sort::Text { long, min: whole("minLength"), max })
        }
        "integer" => {
            Some(Sort::Number { whole: true, min: number("minimum"), max: number("maximum") })
        }
        "number" => {
            Some(Sort::Number { whole: false, min: number("minimum"), max: number("maximum") })
        }
        "boolean" => Some(Sort::Boolean),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn sample() -> Vec<Field> {
        fields(&json!({
            "type": "object",
            "required": ["subject", "player"],
            "properties": {
                "chapters": {"type": ["integer", "null"], "minimum": 1, "default": 7},
                "data": {"type": "string", "maxLength": 5000},
                "draft": {"type": "boolean"},
                "nested": {"type": "object"},
                "player": {"$ref": "#/$defs/Name", "description": "Who it is about."},
                "ratio": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                "subject": {"type": "string", "title": "About", "examples": ["sea"]},
                "table": {"type": ["string", "null"], "format": "upload"},
                "tone": {"enum": ["calm", "wild"]},
            },
            "$defs": {"Name": {"type": "string", "maxLength": 100, "description": "A name."}},
        }))
    }

    #[test]
    fn the_needed_fields_come_first_and_nested_ones_are_left_out() {
        let fields = sample();
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            ["subject", "player", "chapters", "data", "draft", "ratio", "table", "tone"]
        );
    }

    #[test]
    fn a_reference_is_followed_and_what_stands_beside_it_wins() {
        let fields = sample();
        assert_eq!(fields[1].label, "Player");
        assert_eq!(fields[1].help.as_deref(), Some("Who it is about."));
        assert_eq!(fields[1].sort, Sort::Text { long: false, min: None, max: Some(100) });
        assert_eq!(fields[2].default.as_deref(), Some("7"));
        assert!(matches!(fields[3].sort, Sort::Text { long: true, .. }));
        assert!(matches!(fields[5].sort, Sort::Number { whole: false, .. }));
        assert_eq!(fields[6].sort, Sort::File);
    }

    #[test]
    fn what_was_entered_becomes_json_of_the_right_types() {
        let entered = pairs(&[
            ("subject", "sea"),
            ("player", "Ada"),
            ("chapters", " 3 "),
            ("data", "a\r\nb"),
            ("draft", "true"),
            ("ratio", "2.5"),
            ("tone", "calm"),
            ("unknown", "x"),
        ]);
        assert_eq!(
            read(&sample(), &entered),
            Ok(json!({
                "subject": "sea", "player": "Ada", "chapters": 3, "data": "a\nb", "draft": true,
                "ratio": 2.5, "tone": "calm",
            }))
        );
    }

    #[test]
    fn each_field_at_fault_is_named() {
        let entered = pairs(&[
            ("subject", "  "),
            ("player", "Ada"),
            ("chapters", "many"),
            ("ratio", "NaN"),
            ("tone", "loud"),
        ]);
        let errors = read(&sample(), &entered).expect_err("four fields are wrong");
        let names: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["subject", "chapters", "ratio", "tone"]);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"$ref": "#"});
        assert_eq!(fields(&schema), []);
    }
}
