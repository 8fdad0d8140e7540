//! `[commands.<word>]`: programs of this machine that people may start as tasks.
//!
//! Read again on SIGHUP. What is wrong is told with its line and with what would be right; then none
//! of them is taken over.

mod check;
mod env;
mod params;
mod print;
mod raw;

use std::{path::Path, sync::Arc};

pub(super) use print::print;

use self::{check::Checker, raw::Document};
use super::{
    ConfigError,
    faults::{self, Faults},
};
use crate::tasks::command::Definition;

/// The commands of one configuration file, in its order.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// What is declared.
    pub definitions: Vec<Arc<Definition>>,
    raw: Vec<(String, raw::RawCommand)>,
}

impl Commands {
    /// Reads the commands again: of this file, else of `milepost.toml`, if it is there.
    ///
    /// # Errors
    /// Every fault with its line.
    pub fn again(file: Option<&Path>) -> Result<Self, ConfigError> {
        match super::layers::readable(file)? {
            Some(path) => Self::of(&super::layers::text(path)?, path),
            None => Ok(Self::default()),
        }
    }

    /// Reads the commands of a file. Nothing else in it is looked at.
    pub(super) fn of(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self::read(text, path, absolute.parent().unwrap_or(Path::new("/")))
    }

    /// Reads the commands of a text that stands in `folder`.
    fn read(text: &str, file: &Path, folder: &Path) -> Result<Self, ConfigError> {
        let mut faults = Faults::new(file, text);
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                faults.syntax(&error);
                return Err(faults.into_error());
            }
        };
        let mut commands: Vec<_> = document.commands.into_iter().collect();
        commands.sort_by_key(|(_, command)| command.span().start);
        let mut read = Self::default();
        for (word, raw) in commands {
            let span = raw.span();
            let raw = raw.into_inner();
            let checker = Checker { word: &word, raw: &raw, span, folder };
            if let Some(definition) = checker.check(&mut faults) {
                read.definitions.push(Arc::new(definition));
            }
            read.raw.push((word, raw));
        }
        if faults.is_empty() { Ok(read) } else { Err(faults.into_error()) }
    }
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
