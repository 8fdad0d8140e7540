//! Faults of a configuration file, with their lines.

use std::{ops::Range, path::Path};

use crate::config::ConfigError;

/// Collects faults.
pub(in crate::config) struct Faults<'t> {
    file: &'t Path,
    text: &'t str,
    found: Vec<String>,
}

impl<'t> Faults<'t> {
    pub(in crate::config) const fn new(file: &'t Path, text: &'t str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// Adds a fault at a position: the key, and what would be valid.
    pub(in crate::config) fn at(&mut self, span: &Range<usize>, key: &str, what: &str) {
        let (file, line) = (self.file.display(), self.line(span));
        self.found.push(format!("{file}:{line}: `{key}`: {what}"));
    }

    /// Adds a syntax error, a wrong type or an unknown key.
    pub(in crate::config) fn syntax(&mut self, error: &toml::de::Error) {
        let what = error.message().trim_end().replace('\n', "; ");
        self.found.push(match error.span() {
            Some(span) => format!("{}:{}: {what}", self.file.display(), self.line(&span)),
            None => format!("{}: {what}", self.file.display()),
        });
    }

    pub(in crate::config) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(in crate::config) const fn count(&self) -> usize {
        self.found.len()
    }

    pub(in crate::config) fn into_error(self) -> ConfigError {
        ConfigError::new(self.found)
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}
