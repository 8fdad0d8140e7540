//! Several tasks from one form, one value per line.

use crate::task::FieldError;
use serde_json::Value;

use super::{Field, FieldType, read};

/// Whether a field takes one value per line when several tasks are started; other fields are shared
/// by all tasks. Secrets are always shared, because a text area would show them while typed.
pub fn one_of(field: &Field) -> bool {
    !field.secret
        && matches!(field.sort, FieldType::Text { long: false, .. } | FieldType::Number { .. })
}

/// Number of errors from which on no more lines are read.
const MAX_ERRORS: usize = 20;

/// Converts the values of a form for several tasks to their inputs. A field with one line applies
/// to all tasks; fields with more lines must have equally many.
///
/// # Errors
/// Names each field with a different number of lines, or the first 20 invalid lines.
pub fn several(
    fields: &[Field],
    entered: &[(String, String)],
) -> Result<Vec<Value>, Vec<FieldError>> {
    let lines = |field: &Field| -> Vec<String> {
        let text = entered.iter().rev().find(|(name, _)| *name == field.name);
        let text = text.map(|(_, text)| text.as_str()).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    let listed: Vec<(&Field, Vec<String>)> =
        fields.iter().filter(|field| one_of(field)).map(|field| (field, lines(field))).collect();
    let count = listed.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0).max(1);
    let wrong = listed.iter().filter(|(_, lines)| lines.len() > 1 && lines.len() != count);
    let wrong: Vec<_> = wrong
        .map(|(field, lines)| FieldError {
            field: field.name.clone(),
            detail: format!("There are {} lines here and {count} elsewhere.", lines.len()),
        })
        .collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let (mut inputs, mut wrong) = (Vec::with_capacity(count), Vec::new());
    for place in 0..count {
        let mut one = entered.to_vec();
        for (field, lines) in &listed {
            let line = if lines.len() == 1 { lines.first() } else { lines.get(place) };
            one.push((field.name.clone(), line.cloned().unwrap_or_default()));
        }
        match read(fields, &one) {
            Ok(input) => inputs.push(input),
            Err(errors) => {
                let errors = in_line(errors, &listed, place).into_iter();
                // A field with a single line is wrong once.
                let new: Vec<_> = errors.filter(|error| !wrong.contains(error)).collect();
                wrong.extend(new);
            }
        }
        if wrong.len() >= MAX_ERRORS {
            break;
        }
    }
    if wrong.is_empty() { Ok(inputs) } else { Err(wrong) }
}

/// Adds the line number to errors of fields with several lines.
fn in_line(
    errors: Vec<FieldError>,
    listed: &[(&Field, Vec<String>)],
    place: usize,
) -> Vec<FieldError> {
    let mut errors = errors;
    for error in &mut errors {
        let lines = listed.iter().find(|(field, _)| field.name == error.field);
        if lines.is_some_and(|(_, lines)| lines.len() > 1) {
            error.detail = format!("Line {}: {}", place + 1, error.detail);
        }
    }
    errors
}
