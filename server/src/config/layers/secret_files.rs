//! Secrets in separate files, so that neither the command line nor the environment exposes them.

use std::path::PathBuf;

use figment::{
    Metadata, Profile, Provider,
    util::nest,
    value::{Dict, Map, Value},
};

use super::{ConfigError, Configuration, Source};
use milepost_cli::secrets;

/// Settings that may hold a secret, and the settings that name a file with it instead.
const FILES: [(&str, &str); 4] = [
    ("auth.oidc.client_secret", "auth.oidc.client_secret_file"),
    ("storage.database", "storage.database_file"),
    ("storage.direct_database", "storage.direct_database_file"),
    ("narrator.key", "narrator.key_file"),
];

impl Configuration {
    /// Reads the secrets from the files that settings name. The source with higher precedence wins:
    /// a flag with the value overrides a variable with a file.
    pub(super) fn with_secret_files(mut self) -> Result<Self, ConfigError> {
        let mut errors = Vec::new();
        for (key, file_key) in FILES {
            let Some(path) = self.text_of(file_key).map(PathBuf::from) else { continue };
            let source = self.source(file_key);
            if self.text_of(key).is_some() {
                let other = self.source(key);
                if other.rank() > source.rank() {
                    continue;
                }
                if other.rank() == source.rank() {
                    let what = format!("`{key}` is set there as well; leave one of the two out");
                    errors.push(self.describe(&source, file_key, &what));
                    continue;
                }
            }
            match secrets::read_file(&path) {
                Ok((secret, remark)) => {
                    self.exposed.extend(remark);
                    let layer = SecretFile { path, values: nest(key, secret.into()) };
                    self.figment = self.figment.merge(layer);
                }
                Err(what) => errors.push(self.describe(&source, file_key, &what)),
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(ConfigError::new(errors)) }
    }

    /// Adds a warning if a secret is on the command line.
    pub(super) fn with_exposed_secrets(mut self) -> Self {
        let database = self.settings.storage.database.as_ref();
        if database.is_some_and(|url| url.has_password())
            && self.source("storage.database") == Source::Flag
        {
            self.exposed.push(
                "the password of the database stands on the command line, where everybody on this \
                 machine can read it; name a file with the address instead (--database-file or \
                 MILEPOST_STORAGE_DATABASE_FILE), or put the password into PGPASSFILE"
                    .to_owned(),
            );
        }
        self
    }

    /// Value of a key; empty texts count as unset.
    fn text_of(&self, key: &str) -> Option<String> {
        let value = self.figment.find_value(key).ok()?;
        value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

impl Source {
    /// Precedence; the higher one wins.
    const fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::CargoLeptos => 1,
            Self::File(_) => 2,
            Self::Variable => 3,
            Self::Flag => 4,
        }
    }
}

/// A layer with the value from a file.
struct SecretFile {
    path: PathBuf,
    values: Value,
}

impl Provider for SecretFile {
    fn metadata(&self) -> Metadata {
        Metadata::from("file", self.path.as_path())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let values = self.values.clone().into_dict().unwrap_or_default();
        Ok(Map::from([(Profile::Default, values)]))
    }
}
