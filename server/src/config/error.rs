//! What is wrong with a configuration: where, what, and what would be right.

use std::fmt;

/// A configuration that cannot be used; every fault that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<String>,
}

impl ConfigError {
    pub(super) const fn new(faults: Vec<String>) -> Self {
        Self { faults }
    }

    pub(super) fn one(fault: impl Into<String>) -> Self {
        Self { faults: vec![fault.into()] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        f.write_str(&self.faults.join("\nconfiguration: "))
    }
}

impl std::error::Error for ConfigError {}
