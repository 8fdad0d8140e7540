//! What serde reports, in plain words.

use std::{borrow::Cow, fmt};

use serde::de::{self, Expected, Unexpected};
use serde_json::Value;

/// An error of serde. Never contains the value that was found.
#[derive(Debug)]
pub(super) enum Fault {
    /// What is wrong with the value.
    Wrong(String),
    /// The field is missing.
    Missing(&'static str),
    /// The structure has no such field.
    Unknown {
        /// The sender's name for it.
        name: String,
        /// The fields of the structure.
        known: &'static [&'static str],
    },
}

impl Fault {
    fn wrong(expected: &dyn Expected, found: impl fmt::Display) -> Self {
        Self::Wrong(format!("must be {}{found}", in_words(&expected.to_string())))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(detail) => f.write_str(detail),
            Self::Missing(name) => write!(f, "{name} is required"),
            Self::Unknown { known, .. } => write!(f, "unknown; there are: {}", known.join(", ")),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        // The message of a derived implementation names the Rust type; any other is the author's.
        if message.starts_with("data did not match any variant of untagged enum") {
            return Self::Wrong("has none of the accepted forms".to_owned());
        }
        Self::Wrong(message)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(expected, format_args!(", not {}", kind(&found)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(expected, "")
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::wrong(expected, format_args!(", not of {length}"))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::Wrong(format!("must be one of: {}", known.join(", ")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::Unknown { name: name.to_owned(), known }
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Wrong(format!("{name} is given twice"))
    }
}

const fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a decimal number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a text",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "another value",
    }
}

/// The kind of a value, with its article.
pub const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Beginnings of what serde's own and derived implementations expect, and their meaning in JSON.
const DERIVED: [(&str, &str); 16] = [
    ("struct variant ", "an object"),
    ("struct ", "an object"),
    ("internally tagged enum ", "an object"),
    ("adjacently tagged enum ", "an object"),
    ("a map", "an object"),
    ("map", "an object"),
    ("tuple ", "a list"),
    ("a tuple of size", "a list of the right length"),
    ("an array of length", "a list of the right length"),
    ("an empty array", "an empty list"),
    ("a sequence", "a list"),
    ("sequence", "a list"),
    ("unit", "null"),
    ("enum", "one of the accepted names, or an object with one of them"),
    ("variant ", "one of the accepted names"),
    ("newtype ", "another value"),
];

/// Converts what a visitor expects. Texts that are not serde's are their authors' own words.
fn in_words(expected: &str) -> Cow<'_, str> {
    if let Some(number) = number(expected) {
        return number;
    }
    let words = match expected {
        "a boolean" => "true or false",
        "a string" | "string" | "str" | "a borrowed string" => "a text",
        "a character" | "char" => "a single character",
        "any value" | "any valid JSON value" => "another value",
        "byte array" | "a borrowed byte array" => "a list of bytes",
        _ => {
            let derived = DERIVED.iter().find(|(beginning, _)| expected.starts_with(beginning));
            match derived {
                Some((_, words)) => words,
                // "2 elements in sequence", "fewer elements in map".
                None if expected.contains(" in sequence") => "a list of another length",
                None if expected.contains(" in map") => "an object of another size",
                None => return Cow::Borrowed(expected),
            }
        }
    };
    Cow::Borrowed(words)
}

/// Converts a number type: `u8`, `a nonzero i64`, `f32`.
fn number(expected: &str) -> Option<Cow<'static, str>> {
    let (nonzero, name) = match expected.strip_prefix("a nonzero ") {
        Some(name) => (true, name),
        None => (false, expected),
    };
    let bounds = match name {
        "f32" | "f64" => return Some(Cow::Borrowed("a number")),
        "u8" => "from 0 to 255",
        "u16" => "from 0 to 65535",
        "u32" => "from 0 to 4294967295",
        "u64" | "u128" | "usize" => "from 0",
        "i8" => "from -128 to 127",
        "i16" => "from -32768 to 32767",
        "i32" => "from -2147483648 to 2147483647",
        "i64" | "i128" | "isize" => "within 64 bits",
        _ => return None,
    };
    let zero = if nonzero { ", but not 0" } else { "" };
    Some(Cow::Owned(format!("a whole number {bounds}{zero}")))
}
