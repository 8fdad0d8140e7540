//! Configuration errors: position, fault, and what would be valid.

use std::fmt;

/// Invalid configuration, with all faults found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<String>,
}

impl ConfigError {
    pub(super) fn new(faults: Vec<String>) -> Self {
        Self { faults: faults.into_iter().map(|fault| one_line(&fault)).collect() }
    }

    pub(super) fn one(fault: impl Into<String>) -> Self {
        Self::new(vec![fault.into()])
    }
}

/// Escapes control characters of keys and values, which a terminal would interpret.
fn one_line(fault: &str) -> String {
    let mut line = String::with_capacity(fault.len());
    for c in fault.chars() {
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
        f.write_str(&self.faults.join("\nconfiguration: "))
    }
}

impl std::error::Error for ConfigError {}
