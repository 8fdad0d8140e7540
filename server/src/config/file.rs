//! The configuration file: its settings and their lines.

use std::{collections::BTreeMap, path::Path};

use figment::{
    Metadata, Profile, Provider,
    value::{Dict, Map},
};
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// Settings of the file; commands are read separately.
pub(super) struct SettingsFile {
    metadata: Metadata,
    data: Map<Profile, Dict>,
}

impl SettingsFile {
    pub(super) fn read(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut settings: Dict =
            toml::from_str(text).map_err(|error| syntax_error(text, path, &error))?;
        settings.remove("commands");
        let metadata = Metadata::from("file", path);
        Ok(Self { metadata, data: Map::from([(Profile::Default, settings)]) })
    }
}

fn syntax_error(text: &str, path: &Path, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map(|span| {
        let before = text.as_bytes().iter().take(span.start);
        format!(":{}", before.filter(|byte| **byte == b'\n').count() + 1)
    });
    let what = error.message().trim_end().replace('\n', "; ");
    ConfigError::one(format!("{}{}: {what}", path.display(), line.unwrap_or_default()))
}

impl Provider for SettingsFile {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(self.data.clone())
    }
}

/// Line numbers of the keys in a file.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Reads the line numbers of a text; empty if it is not valid TOML.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            let ends: Vec<_> = text.match_indices('\n').map(|(at, _)| at).collect();
            lines.note(table.get_ref(), "", &ends);
        }
        lines
    }

    fn note(&mut self, table: &DeTable<'_>, path: &str, ends: &[usize]) {
        for (key, value) in table {
            let dot = if path.is_empty() { "" } else { "." };
            let full = format!("{path}{dot}{}", key.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.note(inner, &full, ends);
            }
            let line = ends.partition_point(|end| *end < key.span().start) + 1;
            self.0.insert(full, line);
        }
    }

    /// The line of a key, or else of the nearest enclosing table.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            match self.0.get(key) {
                Some(line) => return Some(*line),
                None => key = key.rsplit_once('.')?.0,
            }
        }
    }
}
