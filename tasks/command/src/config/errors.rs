//! Errors of a configuration file, with their lines.

use std::{ops::Range, path::Path};

use super::positions::Positions;

/// Invalid commands, with all errors found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", errors.join("\n"))]
pub struct CommandsError {
    errors: Vec<String>,
}

impl CommandsError {
    /// One text for each error: file, line, key, and what would be valid.
    pub fn into_errors(self) -> Vec<String> {
        self.errors
    }
}

/// Collects errors.
pub(super) struct Errors<'t> {
    file: &'t Path,
    text: &'t str,
    found: Vec<String>,
}

impl<'t> Errors<'t> {
    pub(super) const fn new(file: &'t Path, text: &'t str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// Adds an error at a position: the key, and what would be valid.
    pub(super) fn at(&mut self, span: &Range<usize>, key: &str, what: &str) {
        let (file, line) = (self.file.display(), self.line(span));
        self.found.push(format!("{file}:{line}: `{key}`: {what}"));
    }

    /// Adds a syntax error, a wrong type or an unknown key.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let what = error.message().trim_end().replace('\n', "; ");
        let Some(span) = error.span() else {
            return self.found.push(format!("{}: {what}", self.file.display()));
        };
        match Positions::of(self.text).key_at(&span) {
            Some(key) => self.at(&span, key, &what),
            None => {
                self.found.push(format!("{}:{}: {what}", self.file.display(), self.line(&span)));
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) const fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn into_error(self) -> CommandsError {
        CommandsError { errors: self.found }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}
