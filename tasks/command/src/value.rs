//! Converts a JSON value to the value of a parameter. All input is untrusted.

use std::borrow::Cow;

use milepost::task::UploadId;
use serde_json::Value;

use super::{
    counted,
    offer::MAX_CHOICE,
    params::{Param, ParamType, Text},
};

/// Value of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamValue {
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

impl ParamValue {
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

impl Param {
    /// Value of this parameter, or its default.
    pub(super) fn read(&self, value: Option<&Value>) -> Result<ParamValue, String> {
        match value.filter(|value| !value.is_null()).or(self.default.as_ref()) {
            Some(value) => match self.param_type.read(value)? {
                ParamValue::Absent
                    if self.required && !matches!(self.param_type, ParamType::Boolean { .. }) =>
                {
                    Err("is required".to_owned())
                }
                given => Ok(given),
            },
            None if self.required => Err("is required".to_owned()),
            None => Ok(ParamValue::Absent),
        }
    }
}

impl ParamType {
    /// Validates a value; also used for the operator's defaults.
    ///
    /// # Errors
    /// What would be valid.
    pub fn read(&self, value: &Value) -> Result<ParamValue, String> {
        match self {
            Self::Text(text) => text.read(value).map(ParamValue::Text),
            Self::Offered(_) => offered().read(value).map(ParamValue::Text),
            Self::Choice(choices) => choice(choices, value).map(ParamValue::Text),
            Self::Integer { min, max } => {
                let number = value.as_i64().ok_or("must be a whole number")?;
                range(&number, min.as_ref(), max.as_ref())?;
                Ok(ParamValue::Text(number.to_string()))
            }
            Self::Number { min, max } => {
                let number = value.as_f64().filter(|number| number.is_finite());
                let number = number.ok_or("must be a number")?;
                range(&number, min.as_ref(), max.as_ref())?;
                Ok(ParamValue::Text(number.to_string()))
            }
            Self::File => {
                let id = value.as_str().and_then(|id| id.parse().ok());
                id.map(ParamValue::Upload).ok_or_else(|| "must be the id of an upload".to_owned())
            }
            Self::Boolean { .. } => match value.as_bool() {
                Some(true) => Ok(ParamValue::Yes),
                Some(false) => Ok(ParamValue::Absent),
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
                Ok(if items.is_empty() { ParamValue::Absent } else { ParamValue::List(items) })
            }
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

/// What a value can be that is compared with the choices of a program later.
pub(super) fn offered() -> Text {
    Text { pattern: None, pattern_description: None, min: 1, max: MAX_CHOICE, multiline: false }
}

impl Text {
    fn read(&self, value: &Value) -> Result<String, String> {
        let text = value.as_str().ok_or("must be a text")?;
        // As forms send them and as files of other systems have them.
        let text = &*if self.multiline { line_breaks(text) } else { Cow::Borrowed(text) };
        let length = text.chars().count();
        if length > self.max {
            let max = counted(self.max as u64, "character", "characters");
            return Err(format!("must have at most {max}"));
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
