//! Configuration errors: position, error, and what would be valid.

use std::fmt;

use milepost_command::CommandsError;

/// Invalid configuration, with all errors found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    errors: Vec<String>,
}

impl ConfigError {
    pub(super) fn new(errors: Vec<String>) -> Self {
        Self { errors: errors.into_iter().map(|error| one_line(&error)).collect() }
    }

    pub(super) fn one(error: impl Into<String>) -> Self {
        Self::new(vec![error.into()])
    }
}

impl From<CommandsError> for ConfigError {
    fn from(error: CommandsError) -> Self {
        Self::new(error.into_errors())
    }
}

/// Escapes control characters of keys and values, which a terminal would interpret.
fn one_line(error: &str) -> String {
    let mut line = String::with_capacity(error.len());
    for c in error.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        f.write_str(&self.errors.join("\nconfiguration: "))
    }
}

impl std::error::Error for ConfigError {}
