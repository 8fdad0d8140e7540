//! `[commands.<name>]`: programs of this machine that can be started as tasks.
//!
//! Reloaded on SIGHUP. Errors name the line and what would be valid; a file with errors changes
//! nothing.

mod check;
mod env;
mod names;
mod params;
mod print;
mod raw;
mod streams;

use std::{path::Path, sync::Arc};

pub(super) use print::print;

use milepost_command::Definition;

use self::{check::Checker, raw::Document};
use super::{
    ConfigError,
    faults::{self, Faults},
};

/// The commands of a configuration file, in its order.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// The declared commands.
    pub definitions: Vec<Arc<Definition>>,
    raw: Vec<(String, raw::RawCommand)>,
}

impl Commands {
    /// Reloads the commands from this file, or else from `milepost.toml`, if it exists.
    ///
    /// # Errors
    /// Lists every fault with its line.
    pub fn again(file: Option<&Path>) -> Result<Self, ConfigError> {
        match super::layers::readable(file)? {
            Some(path) => Self::of(&super::layers::text(path)?, path),
            None => Ok(Self::default()),
        }
    }

    /// Reads the commands of a file and ignores everything else in it.
    pub(super) fn of(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self::read(text, path, absolute.parent().unwrap_or(Path::new("/")))
    }

    /// Reads the commands of a text; `folder` is the folder of its file.
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
