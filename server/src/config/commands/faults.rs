//! Faults of a configuration file, with their lines.

use std::ops::Range;

use crate::config::ConfigError;

/// Collects what is wrong.
pub(super) struct Faults<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<String>,
}

impl<'t> Faults<'t> {
    pub(super) const fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// Something is wrong at this place: the key, and what would be right.
    pub(super) fn at(&mut self, span: &Range<usize>, key: &str, what: &str) {
        self.found.push(format!("{}:{}: `{key}`: {what}", self.file, self.line(span)));
    }

    /// The text is no TOML, or something has the wrong type or an unknown name.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let what = error.message().trim_end().replace('\n', "; ");
        self.found.push(match error.span() {
            Some(span) => format!("{}:{}: {what}", self.file, self.line(&span)),
            None => format!("{}: {what}", self.file),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) const fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn into_error(self) -> ConfigError {
        ConfigError::new(self.found)
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}
