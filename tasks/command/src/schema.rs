//! JSON Schema of a command's parameters, used by the start form, the command line's help and other
//! programs. The server validates with [`super::values`].

use serde_json::{Map, Value, json};

use super::{
    definition::Definition,
    params::{Param, ParamType, Text},
    value::offered,
};

/// Schema of a start's input.
pub(super) fn schema(definition: &Definition) -> Value {
    let properties: Map<String, Value> =
        definition.params.iter().map(|param| (param.name.clone(), property(param))).collect();
    let required = definition.params.iter().filter(|param| param.required);
    let required: Vec<_> = required.map(|param| param.name.as_str()).collect();
    // JSON objects are unordered, but a form follows the order of the configuration.
    let order: Vec<_> = definition.params.iter().map(|param| param.name.as_str()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": definition.title,
        "type": "object",
        "properties": properties,
        "required": required,
        "propertyOrder": order,
        "additionalProperties": false,
    })
}

fn property(param: &Param) -> Value {
    let mut property = param_type(&param.param_type);
    let texts = [("title", &param.title), ("description", &param.description)];
    for (key, text) in texts {
        if let Some(text) = text {
            property.insert(key.to_owned(), text.as_str().into());
        }
    }
    if let Some(default) = &param.default {
        property.insert("default".to_owned(), default.clone());
    }
    if param.secret {
        property.insert("writeOnly".to_owned(), true.into());
    }
    Value::Object(property)
}

fn param_type(param_type: &ParamType) -> Map<String, Value> {
    let pairs = match param_type {
        ParamType::Text(rules) => text(rules),
        ParamType::Choice(choices) => vec![("type", json!("string")), ("enum", json!(choices))],
        ParamType::Offered(_) => text(&offered()),
        ParamType::File => vec![("type", json!("string")), ("format", json!("upload"))],
        ParamType::Boolean { .. } => vec![("type", json!("boolean"))],
        ParamType::Integer { min, max } => numeric("integer", json!(min), json!(max)),
        ParamType::Number { min, max } => numeric("number", json!(min), json!(max)),
        ParamType::List { items, choices, min, max } => {
            let item = match &**choices {
                [] => text(items),
                choices => vec![("type", json!("string")), ("enum", json!(choices))],
            };
            vec![
                ("type", json!("array")),
                ("items", Value::Object(object(item))),
                ("minItems", json!(min)),
                ("maxItems", json!(max)),
            ]
        }
    };
    object(pairs)
}

fn numeric(name: &str, min: Value, max: Value) -> Vec<(&'static str, Value)> {
    vec![("type", json!(name)), ("minimum", min), ("maximum", max)]
}

fn text(text: &Text) -> Vec<(&'static str, Value)> {
    // Omits patterns with syntax that only this server supports, so that others can use the schema.
    let common = |source: &&str| !source.contains("(?") || source.contains("(?:");
    let pattern = text.pattern.as_ref().map(|pattern| pattern.source()).filter(common);
    let pattern = pattern.map(|source| format!("^(?:{source})$"));
    let format = if text.multiline { "textarea" } else { "line" };
    vec![
        ("type", json!("string")),
        ("minLength", json!(text.min)),
        ("maxLength", json!(text.max)),
        ("pattern", json!(pattern)),
        ("x-pattern-description", json!(text.mismatch())),
        ("format", json!(format)),
    ]
}

/// Omits absent keys.
fn object(pairs: Vec<(&'static str, Value)>) -> Map<String, Value> {
    let present = pairs.into_iter().filter(|(_, value)| !value.is_null());
    present.map(|(key, value)| (key.to_owned(), value)).collect()
}
