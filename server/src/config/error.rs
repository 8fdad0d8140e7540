//! What is wrong with a configuration: where, what, and what would be right.

use std::fmt;

/// A configuration that cannot be used; every fault that was found.
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

/// Keys and values may hold anything; a terminal obeys nothing of it.
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
