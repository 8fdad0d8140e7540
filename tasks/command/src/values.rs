//! Converts the input of a start to parameter values. All input is untrusted.

use std::borrow::Cow;

use milepost::{
    engine::ValidationError,
    task::{FieldError, UploadId},
};
use serde_json::{Map, Value};

use super::{
    counted,
    definition::{Definition, Param, ParamType, Text},
};

/// Value of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Absent; false for booleans.
    Absent,
    /// One argument.
    Text(String),
    /// Several arguments.
    List(Vec<String>),
    /// True.
    Yes,
    /// Uploaded file; replaced by its path once it is in the run's folder.
    Upload(UploadId),
}

impl Given {
    /// Whether there is no value.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The text; empty for other values.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

/// Validates an input and returns the values of all parameters in order.
///
/// # Errors
/// Names each invalid field and what would be valid.
pub(super) fn read(definition: &Definition, input: &Value) -> Result<Vec<Given>, ValidationError> {
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
            Err(ValidationError { detail: format!("{field}: {detail}"), errors })
        }
    }
}

impl Param {
    /// Value of this parameter, or its default.
    fn read(&self, value: Option<&Value>) -> Result<Given, String> {
        match value.filter(|value| !value.is_null()).or(self.default.as_ref()) {
            Some(value) => match self.sort.read(value)? {
                Given::Absent
                    if self.required && !matches!(self.sort, ParamType::Boolean { .. }) =>
                {
                    Err("is required".to_owned())
                }
                given => Ok(given),
            },
            None if self.required => Err("is required".to_owned()),
            None => Ok(Given::Absent),
        }
    }
}

impl ParamType {
    /// Validates a value; also used for the operator's defaults.
    ///
    /// # Errors
    /// What would be valid.
    pub fn read(&self, value: &Value) -> Result<Given, String> {
        match self {
            Self::Text(text) => text.read(value).map(Given::Text),
            Self::Choice(choices) => choice(choices, value).map(Given::Text),
            Self::Integer { min, max } => {
                let number = value.as_i64().ok_or("must be a whole number")?;
                range(&number, min.as_ref(), max.as_ref())?;
                Ok(Given::Text(number.to_string()))
            }
            Self::Number { min, max } => {
                let number = value.as_f64().filter(|number| number.is_finite());
                let number = number.ok_or("must be a number")?;
                range(&number, min.as_ref(), max.as_ref())?;
                Ok(Given::Text(number.to_string()))
            }
            Self::File => {
                let id = value.as_str().and_then(|id| id.parse().ok());
                id.map(Given::Upload).ok_or_else(|| "must be the id of an upload".to_owned())
            }
            Self::Boolean { .. } => match value.as_bool() {
                Some(true) => Ok(Given::Yes),
                Some(false) => Ok(Given::Absent),
                None => Err("must be true or false".to_owned()),
            },
            Self::List { items, choices, min, max } => {
                let list = value.as_array().ok_or("must be a list of texts")?;
                if !(*min..=*max).contains(&list.len()) {
                    return Err(match (*min, *max) {
                        (min, max) if min == max => {
                            format!("must have {}", counted(min as u64, "item", "items"))
                        }
                        (min, max) => format!("must have {min} to {max} items"),
                    });
                }
                let read = |(index, item)| {
                    let read = match &**choices {
                        [] => items.read(item),
                        choices => choice(choices, item),
                    };
                    read.map_err(|error| format!("item {}: {error}", index + 1))
                };
                let items = list.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
                Ok(if items.is_empty() { Given::Absent } else { Given::List(items) })
            }
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
        match (&param.sort, value) {
            (ParamType::Text(Text { multiline: true, .. }), value) => set(value),
            (ParamType::List { items: Text { multiline: true, .. }, .. }, Value::Array(items)) => {
                items.iter_mut().for_each(set)
            }
            _ => {}
        }
    }
}

/// Line breaks as LF: `\r\n` and `\r` become `\n`.
pub(super) fn line_breaks(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

fn range<T: PartialOrd + std::fmt::Display>(
    number: &T,
    min: Option<&T>,
    max: Option<&T>,
) -> Result<(), String> {
    match (min.filter(|min| number < min), max.filter(|max| number > max)) {
        (Some(min), _) => Err(format!("must be at least {min}")),
        (_, Some(max)) => Err(format!("must be at most {max}")),
        _ => Ok(()),
    }
}

fn choice(choices: &[String], value: &Value) -> Result<String, String> {
    let chosen = value.as_str().filter(|text| choices.iter().any(|choice| choice == text));
    chosen.map(str::to_owned).ok_or_else(|| format!("must be one of: {}", choices.join(", ")))
}

impl Text {
    fn read(&self, value: &Value) -> Result<String, String> {
        let text = value.as_str().ok_or("must be a text")?;
        // As forms send them and as files of other systems have them.
        let text = &*if self.multiline { line_breaks(text) } else { Cow::Borrowed(text) };
        let length = text.chars().count();
        if length > self.max {
            let most = counted(self.max as u64, "character", "characters");
            return Err(format!("must have at most {most}"));
        }
        if length < self.min {
            return Err(match self.min {
                1 => "must not be empty".to_owned(),
                min => format!("must have at least {min} characters"),
            });
        }
        let fine = |c: char| !c.is_control() || (self.multiline && matches!(c, '\n' | '\t'));
        if !text.chars().all(fine) {
            return Err(if self.multiline {
                "must not hold control characters other than line breaks and tabs".to_owned()
            } else {
                "must be one line without control characters".to_owned()
            });
        }
        match &self.pattern {
            Some(pattern) if !pattern.matches(text) => Err(self.mismatch().unwrap_or_default()),
            _ => Ok(text.to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
