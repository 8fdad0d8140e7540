//! What is entered into one field: as JSON, or what is wrong with it, in words that server and browser
//! share.

use serde_json::{Number, Value};

use super::{Field, Sort};

/// What can be wrong with what is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing is entered.
    Missing,
    /// Too few characters.
    Short,
    /// Too many characters.
    Long,
    /// It does not look as it should.
    Pattern,
    /// It is no number.
    NoNumber,
    /// It is no whole number.
    NotWhole,
    /// The number is too small.
    Low,
    /// The number is too large.
    High,
    /// It is none of the choices.
    NoChoice,
    /// Too few lines.
    Few,
    /// Too many lines.
    Many,
}

impl Field {
    /// What is wrong and what would be right, for people.
    pub fn message(&self, wrong: Wrong) -> String {
        let (min, max) = self.bounds();
        match wrong {
            Wrong::Missing => "This is empty. Please fill it in.".to_owned(),
            Wrong::Short => format!("Please give at least {min} characters."),
            Wrong::Long => format!("Please give at most {max} characters."),
            Wrong::Pattern => match &self.sort {
                Sort::Text { pattern_description: Some(pattern_description), .. } => {
                    pattern_description.clone()
                }
                Sort::Text { pattern: Some(pattern), .. } => {
                    format!("This does not have the form that is asked for: {pattern}")
                }
                _ => "This does not have the form that is asked for.".to_owned(),
            },
            Wrong::NoNumber => "Please give a number, such as 2.5.".to_owned(),
            Wrong::NotWhole => "Please give a whole number.".to_owned(),
            Wrong::Low => format!("Please give {min} or more."),
            Wrong::High => format!("Please give {max} or less."),
            Wrong::NoChoice => "Please choose one of these.".to_owned(),
            Wrong::Few => format!("Please give at least {min}, one a line."),
            Wrong::Many => format!("Please give at most {max}, one a line."),
        }
    }

    /// The messages by the name under which a browser finds the same thing wrong (`ValidityState`).
    pub fn messages(&self) -> Value {
        let number = match self.sort {
            Sort::Number { whole: true, .. } => Wrong::NotWhole,
            _ => Wrong::NoNumber,
        };
        let named = [
            ("valueMissing", Wrong::Missing),
            ("tooShort", Wrong::Short),
            ("tooLong", Wrong::Long),
            ("patternMismatch", Wrong::Pattern),
            ("badInput", number),
            ("stepMismatch", number),
            ("rangeUnderflow", Wrong::Low),
            ("rangeOverflow", Wrong::High),
        ];
        let fits = |wrong: &Wrong| match (&self.sort, wrong) {
            (_, Wrong::Missing) => self.required,
            (Sort::Text { min, .. }, Wrong::Short) => min.is_some(),
            (Sort::Text { max, .. }, Wrong::Long) => max.is_some(),
            (Sort::Text { pattern, .. }, Wrong::Pattern) => pattern.is_some(),
            (Sort::Number { .. }, Wrong::NoNumber | Wrong::NotWhole) => true,
            (Sort::Number { min, .. }, Wrong::Low) => min.is_some(),
            (Sort::Number { max, .. }, Wrong::High) => max.is_some(),
            _ => false,
        };
        let named = named.into_iter().filter(|(_, wrong)| fits(wrong));
        named.map(|(name, wrong)| (name.to_owned(), Value::String(self.message(wrong)))).collect()
    }

    fn bounds(&self) -> (String, String) {
        let count = |bound: &Option<u64>| bound.map(|it| it.to_string()).unwrap_or_default();
        let number = |bound: &Option<Number>| bound.as_ref().map(ToString::to_string);
        match &self.sort {
            Sort::Text { min, max, .. } | Sort::List { min, max } => (count(min), count(max)),
            Sort::Number { min, max, .. } => {
                (number(min).unwrap_or_default(), number(max).unwrap_or_default())
            }
            Sort::Boolean | Sort::Choice(_) | Sort::File => (String::new(), String::new()),
        }
    }
}

/// What was entered into a field as JSON; `None` where it may be left out and was.
pub(super) fn value(field: &Field, text: Option<&str>) -> Result<Option<Value>, Wrong> {
    if field.sort == Sort::Boolean {
        return Ok(Some(Value::Bool(text.is_some_and(|text| text != "false"))));
    }
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return if field.required { Err(Wrong::Missing) } else { Ok(None) };
    }
    // Browsers send the lines of a text with CR LF, whatever was typed.
    let text = text.replace("\r\n", "\n");
    match &field.sort {
        Sort::Number { whole, min, max } => number(&text, *whole, min.as_ref(), max.as_ref()),
        Sort::Choice(choices) if !choices.contains(&text) => Err(Wrong::NoChoice),
        Sort::List { min, max } => list(&text, *min, *max),
        // A pattern is left to the kind, which says in words what would be right.
        Sort::Text { min, max, .. } => {
            let length = text.chars().count() as u64;
            if min.is_some_and(|min| length < min) {
                return Err(Wrong::Short);
            }
            if max.is_some_and(|max| length > max) {
                return Err(Wrong::Long);
            }
            Ok(Some(Value::String(text)))
        }
        Sort::Choice(_) | Sort::Boolean | Sort::File => Ok(Some(Value::String(text))),
    }
}

fn number(
    text: &str,
    whole: bool,
    min: Option<&Number>,
    max: Option<&Number>,
) -> Result<Option<Value>, Wrong> {
    let text = text.trim();
    let (value, number) = if whole {
        let number = text.parse::<i64>().map_err(|_| Wrong::NotWhole)?;
        (number.into(), number as f64)
    } else {
        let number = text.parse::<f64>().map_err(|_| Wrong::NoNumber)?;
        (Value::Number(Number::from_f64(number).ok_or(Wrong::NoNumber)?), number)
    };
    let bound = |bound: Option<&Number>| bound.and_then(Number::as_f64);
    if bound(min).is_some_and(|min| number < min) {
        return Err(Wrong::Low);
    }
    if bound(max).is_some_and(|max| number > max) {
        return Err(Wrong::High);
    }
    Ok(Some(value))
}

fn list(text: &str, min: Option<u64>, max: Option<u64>) -> Result<Option<Value>, Wrong> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<Value> = lines.map(Value::from).collect();
    let count = lines.len() as u64;
    if min.is_some_and(|min| count < min) {
        return Err(Wrong::Few);
    }
    if max.is_some_and(|max| count > max) {
        return Err(Wrong::Many);
    }
    Ok(Some(Value::Array(lines)))
}
