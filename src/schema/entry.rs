//! Converts the value of a field to JSON, or returns an error with a message shared by server and
//! browser.

use serde_json::{Number, Value};

use super::{Field, FieldType};

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// No value.
    Missing,
    /// Too few characters.
    Short,
    /// Too many characters.
    Long,
    /// Does not match the pattern.
    Pattern,
    /// Not a number.
    NoNumber,
    /// Not an integer.
    NotWhole,
    /// The number is too small.
    Low,
    /// The number is too large.
    High,
    /// Not one of the choices.
    NoChoice,
    /// Too few lines.
    Few,
    /// Too many lines.
    Many,
}

impl Field {
    /// Message for an error: what is wrong and what would be valid.
    pub fn message(&self, wrong: FieldErrorKind) -> String {
        let (min, max) = self.bounds();
        match wrong {
            FieldErrorKind::Missing => "Please fill in this field.".to_owned(),
            FieldErrorKind::Short => format!("Please enter at least {}.", characters(&min)),
            FieldErrorKind::Long => format!("Please enter at most {}.", characters(&max)),
            FieldErrorKind::Pattern => match &self.sort {
                FieldType::Text { pattern_description: Some(pattern_description), .. } => {
                    pattern_description.clone()
                }
                FieldType::Text { pattern: Some(pattern), .. } => {
                    format!("This does not match the required pattern: {pattern}")
                }
                _ => "This does not match the required pattern.".to_owned(),
            },
            FieldErrorKind::NoNumber => "Please enter a number, such as 2.5.".to_owned(),
            FieldErrorKind::NotWhole => "Please enter a whole number.".to_owned(),
            FieldErrorKind::Low => format!("Please enter {min} or more."),
            FieldErrorKind::High => format!("Please enter {max} or less."),
            FieldErrorKind::NoChoice => "Please choose one of these.".to_owned(),
            FieldErrorKind::Few => format!("Please enter at least {min}, one per line."),
            FieldErrorKind::Many => format!("Please enter at most {max}, one per line."),
        }
    }

    /// Messages by the names that browsers use for the same errors (`ValidityState`).
    pub fn messages(&self) -> Value {
        let number = match self.sort {
            FieldType::Number { whole: true, .. } => FieldErrorKind::NotWhole,
            _ => FieldErrorKind::NoNumber,
        };
        let named = [
            ("valueMissing", FieldErrorKind::Missing),
            ("tooShort", FieldErrorKind::Short),
            ("tooLong", FieldErrorKind::Long),
            ("patternMismatch", FieldErrorKind::Pattern),
            ("badInput", number),
            ("stepMismatch", number),
            ("rangeUnderflow", FieldErrorKind::Low),
            ("rangeOverflow", FieldErrorKind::High),
        ];
        let fits = |wrong: &FieldErrorKind| match (&self.sort, wrong) {
            (_, FieldErrorKind::Missing) => self.required,
            (FieldType::Text { min, .. }, FieldErrorKind::Short) => min.is_some(),
            (FieldType::Text { max, .. }, FieldErrorKind::Long) => max.is_some(),
            (FieldType::Text { pattern, .. }, FieldErrorKind::Pattern) => pattern.is_some(),
            (FieldType::Number { .. }, FieldErrorKind::NoNumber | FieldErrorKind::NotWhole) => true,
            (FieldType::Number { min, .. }, FieldErrorKind::Low) => min.is_some(),
            (FieldType::Number { max, .. }, FieldErrorKind::High) => max.is_some(),
            _ => false,
        };
        let named = named.into_iter().filter(|(_, wrong)| fits(wrong));
        named.map(|(name, wrong)| (name.to_owned(), Value::String(self.message(wrong)))).collect()
    }

    fn bounds(&self) -> (String, String) {
        let count = |bound: &Option<u64>| bound.map(|it| it.to_string()).unwrap_or_default();
        let number = |bound: &Option<Number>| bound.as_ref().map(ToString::to_string);
        match &self.sort {
            FieldType::Text { min, max, .. } | FieldType::List { min, max } => {
                (count(min), count(max))
            }
            FieldType::Number { min, max, .. } => {
                (number(min).unwrap_or_default(), number(max).unwrap_or_default())
            }
            FieldType::Boolean | FieldType::Choice(_) | FieldType::File => {
                (String::new(), String::new())
            }
        }
    }
}

fn characters(bound: &str) -> String {
    format!("{bound} character{}", if bound == "1" { "" } else { "s" })
}

/// Converts a field's value to JSON; `None` if it is optional and empty.
pub(super) fn value(field: &Field, text: Option<&str>) -> Result<Option<Value>, FieldErrorKind> {
    if field.sort == FieldType::Boolean {
        return Ok(Some(Value::Bool(text.is_some_and(|text| text != "false"))));
    }
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return if field.required { Err(FieldErrorKind::Missing) } else { Ok(None) };
    }
    // Browsers send line breaks as CR LF.
    let text = text.replace("\r\n", "\n");
    match &field.sort {
        FieldType::Number { whole, min, max } => number(&text, *whole, min.as_ref(), max.as_ref()),
        FieldType::Choice(choices) if !choices.contains(&text) => Err(FieldErrorKind::NoChoice),
        FieldType::List { min, max } => list(&text, *min, *max),
        // The kind checks the pattern, with a message of its own.
        FieldType::Text { min, max, .. } => {
            let length = text.chars().count() as u64;
            if min.is_some_and(|min| length < min) {
                return Err(FieldErrorKind::Short);
            }
            if max.is_some_and(|max| length > max) {
                return Err(FieldErrorKind::Long);
            }
            Ok(Some(Value::String(text)))
        }
        FieldType::Choice(_) | FieldType::Boolean | FieldType::File => {
            Ok(Some(Value::String(text)))
        }
    }
}

fn number(
    text: &str,
    whole: bool,
    min: Option<&Number>,
    max: Option<&Number>,
) -> Result<Option<Value>, FieldErrorKind> {
    let text = text.trim();
    let (value, number) = if whole {
        let number = text.parse::<i64>().map_err(|_| FieldErrorKind::NotWhole)?;
        (number.into(), number as f64)
    } else {
        let number = text.parse::<f64>().map_err(|_| FieldErrorKind::NoNumber)?;
        (Value::Number(Number::from_f64(number).ok_or(FieldErrorKind::NoNumber)?), number)
    };
    let bound = |bound: Option<&Number>| bound.and_then(Number::as_f64);
    if bound(min).is_some_and(|min| number < min) {
        return Err(FieldErrorKind::Low);
    }
    if bound(max).is_some_and(|max| number > max) {
        return Err(FieldErrorKind::High);
    }
    Ok(Some(value))
}

fn list(text: &str, min: Option<u64>, max: Option<u64>) -> Result<Option<Value>, FieldErrorKind> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<Value> = lines.map(Value::from).collect();
    let count = lines.len() as u64;
    if min.is_some_and(|min| count < min) {
        return Err(FieldErrorKind::Few);
    }
    if max.is_some_and(|max| count > max) {
        return Err(FieldErrorKind::Many);
    }
    Ok(Some(Value::Array(lines)))
}
