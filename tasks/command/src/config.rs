//! `[commands.<name>]`: reads and validates the commands of a configuration file.
//!
//! Errors name the line and what would be valid.

mod check;
mod env;
mod errors;
mod names;
mod params;
mod positions;
mod print;
mod raw;
mod streams;

use std::{path::Path, sync::Arc};

use serde::Deserialize;

pub use errors::CommandsError;

use self::{check::Checker, errors::Errors, positions::Positions, raw::Document};
use crate::{
    definition::Definition,
    progress::{RawRules, Rules},
};

/// The commands of a configuration file, in its order.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// The declared commands.
    pub definitions: Vec<Arc<Definition>>,
    raw: Vec<(String, raw::RawCommand)>,
}

impl Commands {
    /// Reads the commands from the text of a configuration file and ignores everything else in it.
    /// Relative paths start in the folder of `file`. No command may have one of the `reserved`
    /// names, which belong to other kinds.
    ///
    /// # Errors
    /// Lists every error with its line.
    pub fn read(text: &str, file: &Path, reserved: &[&str]) -> Result<Self, CommandsError> {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Self::read_in(absolute.parent().unwrap_or(Path::new("/")), text, file, reserved)
    }

    /// [`Commands::read`] with the folder in which relative paths start.
    fn read_in(
        folder: &Path,
        text: &str,
        file: &Path,
        reserved: &[&str],
    ) -> Result<Self, CommandsError> {
        let mut errors = Errors::new(file, text);
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                errors.syntax(&error);
                return Err(errors.into_error());
            }
        };
        let positions = Positions::of(text);
        let mut commands: Vec<_> = document.commands.into_iter().collect();
        commands.sort_by_key(|(_, command)| command.span().start);
        let mut read = Self::default();
        for (name, raw) in commands {
            let span = raw.span();
            let raw = raw.into_inner();
            let checker =
                Checker { name: &name, raw: &raw, span, folder, reserved, positions: &positions };
            if let Some(definition) = checker.check(&mut errors) {
                read.definitions.push(Arc::new(definition));
            }
            read.raw.push((name, raw));
        }
        if errors.is_empty() { Ok(read) } else { Err(errors.into_error()) }
    }

    /// The commands as TOML that can be read again. Values of variables may be secrets and are
    /// hidden.
    pub fn to_toml(&self) -> String {
        print::print(&self.raw)
    }
}

/// Reads `progress = …` from the text of a file, as in a command's table; `None`: it has none.
///
/// # Errors
/// Names the line and the key.
pub fn read_rules(text: &str, file: &Path) -> Result<Option<Rules>, CommandsError> {
    #[derive(Deserialize)]
    struct RulesFile {
        progress: Option<RawRules>,
    }
    let mut errors = Errors::new(file, text);
    match toml::from_str(text) {
        Ok(RulesFile { progress: None }) => return Ok(None),
        Ok(RulesFile { progress: Some(raw) }) => match raw.compile() {
            Ok(rules) => return Ok(Some(rules)),
            Err(error) => {
                let key = error.key("progress");
                errors.at(&Positions::of(text).span(&key), &key, &error.detail);
            }
        },
        Err(error) => errors.syntax(&error),
    }
    Err(errors.into_error())
}

#[cfg(test)]
mod tests;
