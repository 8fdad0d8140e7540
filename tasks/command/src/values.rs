//! Converts the input of a start to parameter values. All input is untrusted.

use milepost::{engine::ValidationError, task::FieldError};
use serde_json::{Map, Value};

use super::{
    definition::Definition,
    params::{ParamType, Text},
    value::{ParamValue, line_breaks},
};

/// Validates an input and returns the values of all parameters in order.
///
/// # Errors
/// Names each invalid field and what would be valid.
pub(super) fn read(
    definition: &Definition,
    input: &Value,
) -> Result<Vec<ParamValue>, ValidationError> {
    let empty = Map::new();
    let object = match input {
        Value::Object(object) => object,
        Value::Null => &empty,
        _ => {
            return Err(ValidationError::new(
                "the input is an object with the parameters as its fields",
            ));
        }
    };
    let params = &definition.params;
    let mut errors = Vec::new();
    for name in object.keys().filter(|name| params.iter().all(|param| param.name != **name)) {
        let known: Vec<_> = params.iter().map(|param| param.name.as_str()).collect();
        let detail = format!("unknown; there are: {}", known.join(", "));
        // Not truncated, because a truncated secret cannot be recognised. The engine hides secrets
        // first, then truncates.
        errors.push(FieldError::new(name.clone(), detail));
    }
    let mut values = Vec::with_capacity(params.len());
    for param in params {
        match param.read(object.get(&param.name)) {
            Ok(value) => values.push(value),
            Err(detail) => errors.push(FieldError::new(param.name.clone(), detail)),
        }
    }
    if errors.is_empty()
        && let Err(index) = definition.argv.expand(params, &values)
    {
        let detail = "must not begin with -, as it would be taken for an option".to_owned();
        errors.push(FieldError::new(params[index].name.clone(), detail));
    }
    match errors.first() {
        None => Ok(values),
        Some(FieldError { field, detail, .. }) => {
            Err(ValidationError::fields(format!("{field}: {detail}"), errors))
        }
    }
}

/// Makes the line breaks of texts that may have some LF, so that inputs of the same text are the
/// same.
pub(super) fn normalize(definition: &Definition, input: &mut Value) {
    let set = |value: &mut Value| {
        if let Value::String(text) = value {
            *text = line_breaks(text).into_owned();
        }
    };
    for param in &definition.params {
        let Some(value) = input.get_mut(&param.name) else { continue };
        match (&param.param_type, value) {
            (ParamType::Text(Text { multiline: true, .. }), value) => set(value),
            (ParamType::List { items: Text { multiline: true, .. }, .. }, Value::Array(items)) => {
                items.iter_mut().for_each(set)
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
