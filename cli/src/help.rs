//! `milepost run KIND --help`: the inputs of a kind, from the same schema as its form.

use std::fmt::Write as _;

use milepost::{
    schema::{self, Field, FieldType},
    task::KindInfo,
};

use super::show::printable;

/// Indentation of a field's description.
const INDENT: &str = "          ";

/// Help for starting a task of this kind.
pub(super) fn help(info: &KindInfo) -> String {
    let kind = printable(&info.kind);
    let fields = schema::fields(&info.input_schema);
    let mut text = format!("{}: {}\n\n", printable(&info.title), printable(&info.description));
    let _ = writeln!(text, "Usage: milepost run {kind} [--input KEY=VALUE]... [OPTIONS]\n");
    if fields.is_empty() {
        text.push_str("This kind has no inputs.\n");
    } else {
        text.push_str("Inputs:\n");
    }
    for field in &fields {
        text.push_str(&about(field));
    }
    let others = schema::unasked(&info.input_schema);
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(|name| printable(name)).collect();
        let _ = writeln!(text, "  As JSON: {}", others.join(", "));
    }
    let _ = write!(text, "\nExample:\n  milepost run {kind}");
    for argument in arguments(&fields) {
        let _ = write!(text, " --input {argument}");
    }
    text.push_str(" --follow\n\n`milepost run --help` tells of the options.\n");
    text
}

/// One field: its name, then its properties, one per line.
fn about(field: &Field) -> String {
    let mut text = format!("  {}", printable(&field.name));
    // An unticked checkbox means false, so it is never required.
    if field.required && field.sort != FieldType::Boolean {
        text.push_str(" (required)");
    }
    text.push('\n');
    let mut line = |what: &str| {
        let _ = writeln!(text, "{INDENT}{}", printable(what));
    };
    if let Some(help) = &field.help {
        line(help);
    }
    line(&sort(&field.sort));
    if let FieldType::Text { pattern, pattern_description, .. } = &field.sort {
        let form = || pattern.as_ref().map(|pattern| format!("Pattern: {pattern}"));
        pattern_description.clone().or_else(form).iter().for_each(|form| line(form));
    }
    if field.secret {
        line("Secret: it is never shown again.");
    }
    if let Some(default) = &field.default {
        line(&format!("Default: {default}"));
    }
    if !field.examples.is_empty() {
        line(&format!("Such as: {}", field.examples.join(", ")));
    }
    text
}

/// Type and limits of a field.
fn sort(sort: &FieldType) -> String {
    match sort {
        FieldType::Text { long, min, max, .. } => {
            let what = if *long { "Text, several lines" } else { "Text" };
            format!("{what}{}", limits(min.as_ref(), max.as_ref(), " characters"))
        }
        FieldType::Number { whole, min, max } => {
            let what = if *whole { "Whole number" } else { "Number" };
            format!("{what}{}", limits(min.as_ref(), max.as_ref(), ""))
        }
        FieldType::Boolean => "true or false".to_owned(),
        FieldType::Choice(choices) => format!("One of: {}", choices.join(", ")),
        FieldType::File => "File: @PATH uploads it".to_owned(),
        FieldType::List { min, max } => {
            let limits = limits(min.as_ref(), max.as_ref(), " entries");
            format!("List of strings as JSON, such as [\"a\", \"b\"]{limits}")
        }
    }
}

fn limits<T: ToString>(min: Option<&T>, max: Option<&T>, unit: &str) -> String {
    match (min.map(T::to_string), max.map(T::to_string)) {
        (None, None) => String::new(),
        (Some(min), None) => format!(", at least {min}{unit}"),
        (None, Some(max)) => format!(", at most {max}{unit}"),
        (Some(min), Some(max)) => format!(", {min} to {max}{unit}"),
    }
}

/// Arguments for the example: the required fields, or else the first field.
fn arguments(fields: &[Field]) -> Vec<String> {
    let mut shown: Vec<_> =
        fields.iter().filter(|field| field.required && field.sort != FieldType::Boolean).collect();
    if shown.is_empty() {
        shown.extend(fields.first());
    }
    let argument = |field: &&Field| quoted(&format!("{}={}", field.name, value(field)));
    shown.iter().map(argument).collect()
}

fn value(field: &Field) -> String {
    if field.secret {
        return "@FILE".to_owned();
    }
    if let Some(known) = field.examples.first().or(field.default.as_ref()) {
        return known.clone();
    }
    match &field.sort {
        FieldType::Text { long: true, .. } | FieldType::File => "@FILE".to_owned(),
        FieldType::Text { .. } => "TEXT".to_owned(),
        FieldType::Number { min, max, .. } => {
            let bound = min.as_ref().or(max.as_ref());
            bound.map_or_else(|| "1".to_owned(), ToString::to_string)
        }
        FieldType::Boolean => "true".to_owned(),
        FieldType::Choice(choices) => choices.first().cloned().unwrap_or_default(),
        FieldType::List { .. } => "[\"TEXT\"]".to_owned(),
    }
}

/// Quotes an argument for a shell.
fn quoted(argument: &str) -> String {
    let argument = printable(argument);
    let plain = |c: char| c.is_ascii_alphanumeric() || "=@%+,./:_-".contains(c);
    match argument.chars().all(plain) {
        true => argument,
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(schema: serde_json::Value) -> KindInfo {
        KindInfo::new("copy", "Copy", "Copies\u{1b}[2J a folder.", schema)
    }

    #[test]
    fn each_field_is_told_with_all_that_is_known_of_it() {
        let told = help(&kind(json!({
            "required": ["folder", "tries"],
            "properties": {
                "dry": {"type": "boolean"},
                "files": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "folder": {
                    "type": "string", "description": "What to copy.", "minLength": 1, "maxLength": 9,
                    "pattern": "\\w+", "x-pattern-description": "Letters and digits.", "examples": ["it's"],
                },
                "map": {"type": "object"},
                "password": {"type": "string", "writeOnly": true},
                "tries": {"type": "integer", "minimum": 1, "maximum": 5, "default": 2},
                "way": {"enum": ["fast", "safe"]},
            },
        })));
        assert_eq!(
            told,
            "Copy: Copies [2J a folder.\n\
             \n\
             Usage: milepost run copy [--input KEY=VALUE]... [OPTIONS]\n\
             \n\
             Inputs:\n  \
             folder (required)\n          \
             What to copy.\n          \
             Text, 1 to 9 characters\n          \
             Letters and digits.\n          \
             Such as: it's\n  \
             tries (required)\n          \
             Whole number, 1 to 5\n          \
             Default: 2\n  \
             dry\n          \
             true or false\n  \
             files\n          \
             List of strings as JSON, such as [\"a\", \"b\"], at least 1 entries\n  \
             password\n          \
             Text\n          \
             Secret: it is never shown again.\n  \
             way\n          \
             One of: fast, safe\n  \
             As JSON: map\n\
             \n\
             Example:\n  \
             milepost run copy --input 'folder=it'\\''s' --input tries=2 --follow\n\
             \n\
             `milepost run --help` tells of the options.\n"
        );
    }

    #[test]
    fn a_kind_without_inputs_says_so() {
        let told = help(&kind(json!({"type": "object"})));
        assert!(told.contains("This kind has no inputs."), "{told}");
        assert!(told.contains("\n  milepost run copy --follow\n"), "{told}");
    }
}
