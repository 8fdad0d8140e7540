//! Merges the sources of settings and records the source of each value.

mod secret_files;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::Serialized,
    util::nest,
    value::{Dict, Map, Value},
};

use milepost_command::Commands;

use super::{
    ConfigError, Settings,
    file::{Lines, SettingsFile, readable, text},
    kinds::built_in_names,
};

/// Settings given on the command line.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--addr`
    pub addr: Option<String>,
    /// `--data`
    pub data_dir: Option<PathBuf>,
    /// `--database`
    pub database: Option<String>,
    /// `--database-file`
    pub database_file: Option<PathBuf>,
    /// `--site`
    pub site_dir: Option<PathBuf>,
    /// `--output-dir`
    pub output_dir: Option<PathBuf>,
    /// `--concurrency`
    pub concurrency: Option<u32>,
    /// `--no-worker`
    pub no_worker: bool,
    /// `--open`
    pub open: bool,
}

/// The effective settings with their sources.
#[derive(Debug)]
pub struct Configuration {
    /// The settings.
    pub settings: Settings,
    /// `[commands.<name>]`, from the file only.
    pub commands: Commands,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Warnings that do not prevent the start, such as unknown variables.
    pub remarks: Vec<String>,
    /// Warnings about secrets visible to others; logged once the program is ready.
    pub exposed: Vec<String>,
    figment: Figment,
    /// Line numbers of the file's keys.
    lines: Lines,
}

/// Source of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built-in default.
    Default,
    /// The development server, `cargo leptos`.
    CargoLeptos,
    /// A file.
    File(PathBuf),
    /// The setting's variable.
    Variable,
    /// The command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::CargoLeptos => f.write_str("cargo leptos"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable => f.write_str("environment"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

const PREFIX: &str = "MILEPOST_";
/// Variables of the client commands and of the command line, which are not settings.
const OTHERS: [&str; 4] = ["URL", "TOKEN", "TOKEN_FILE", "CONFIG"];
const CARGO_LEPTOS: &str = "cargo leptos";
const ENVIRONMENT: &str = "environment";
const COMMAND_LINE: &str = "command line";

impl Configuration {
    /// Reads all sources. Without `file`, reads `milepost.toml` in the current folder if it exists.
    ///
    /// # Errors
    /// If the file cannot be read, a key is unknown, or a value is invalid.
    pub fn load(
        file: Option<&Path>,
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file = readable(file)?;
        let read: Option<(String, &Path)> =
            file.map(|path| text(path).map(|text| (text, path))).transpose()?;
        let read = read.as_ref().map(|(text, path)| (text.as_str(), *path));
        Self::of(read, flags, variables)
    }

    /// [`Configuration::load`] from the text of a file, if any, and its path.
    ///
    /// # Errors
    /// As [`Configuration::load`].
    pub fn of(
        file: Option<(&str, &Path)>,
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::default();
        let defaults = serde_json::to_value(&settings).unwrap_or_default();
        let variables: Vec<_> = variables.into_iter().collect();
        let mut figment =
            Figment::from(Serialized::defaults(&settings)).merge(cargo_leptos(&variables));
        let (mut commands, mut lines) = (Commands::default(), Lines::default());
        if let Some((text, path)) = file {
            figment = figment.merge(SettingsFile::read(text, path)?);
            commands = Commands::read(text, path, &built_in_names())?;
            lines = Lines::of(text);
        }
        let (environment, remarks) = environment(&defaults, variables)?;
        figment = figment.merge(environment).merge(command_line(flags));
        let file = file.map(|(_, path)| path.to_owned());
        let exposed = Vec::new();
        let configuration = Self { settings, commands, file, remarks, exposed, figment, lines };
        configuration.refuse_unknown(&defaults)?;
        let configuration = configuration.with_secret_files()?.extract()?;
        Ok(configuration.with_exposed_secrets())
    }

    /// Source of a key such as `http.addr`.
    pub fn source(&self, key: &str) -> Source {
        self.figment.find_metadata(key).map_or(Source::Default, source_of)
    }

    fn extract(self) -> Result<Self, ConfigError> {
        // Lossy: variables are texts, and `MILEPOST_ENGINE_CONCURRENCY=4` means a number.
        let settings: Settings = self.figment.extract_lossy().map_err(|errors| {
            let describe = |error: figment::Error| {
                let source = error.metadata.as_ref().map_or(Source::Default, source_of);
                self.describe(&source, &error.path.join("."), &error.kind.to_string())
            };
            ConfigError::new(errors.into_iter().map(describe).collect())
        })?;
        let invalid = settings.invalid();
        if invalid.is_empty() {
            return Ok(Self { settings, ..self });
        }
        let describe = |(key, right): (String, String)| {
            self.describe(&self.source(&key), &key, &format!("must be {right}"))
        };
        Err(ConfigError::new(invalid.into_iter().map(describe).collect()))
    }

    /// Formats an error with its position: the line, the variable or at least the source.
    fn describe(&self, source: &Source, key: &str, what: &str) -> String {
        let line = self.lines.line(key);
        match (source, line, &self.file) {
            (Source::Variable, ..) => format!("{}: {what}", variable(key)),
            (Source::File(path), Some(line), _) => {
                format!("{}:{line}: `{key}`: {what}", path.display())
            }
            // Another key in its table makes the default invalid.
            (Source::Default, Some(line), Some(path)) => {
                format!("{}:{line}: `{key}` (not set here): {what}", path.display())
            }
            (source, ..) => format!("{source}: `{key}`: {what}"),
        }
    }

    /// Reports all unknown keys at once, with the existing keys.
    fn refuse_unknown(&self, defaults: &serde_json::Value) -> Result<(), ConfigError> {
        let mut errors = Vec::new();
        let data = self.figment.data().map_err(|error| ConfigError::one(error.to_string()))?;
        for dict in data.values() {
            self.find_unknown(dict, defaults, "", &mut errors);
        }
        if errors.is_empty() { Ok(()) } else { Err(ConfigError::new(errors)) }
    }

    fn find_unknown(
        &self,
        dict: &Dict,
        known: &serde_json::Value,
        path: &str,
        errors: &mut Vec<String>,
    ) {
        for (key, value) in dict {
            let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match (known.get(key), value) {
                (Some(inner @ serde_json::Value::Object(_)), Value::Dict(_, dict)) => {
                    self.find_unknown(dict, inner, &full, errors);
                }
                (Some(_), _) => {}
                (None, _) => {
                    let keys = known.as_object().into_iter().flat_map(|object| object.keys());
                    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
                    keys.extend(path.is_empty().then_some("commands"));
                    let noun = match path {
                        "" => "sections",
                        "kinds" => "kinds",
                        _ => "keys",
                    };
                    let right = format!("unknown; known {noun} here: {}", keys.join(", "));
                    errors.push(self.describe(&self.source(&full), &full, &right));
                }
            }
        }
    }
}

/// The variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace(['.', '-'], "_").to_uppercase())
}

fn source_of(metadata: &Metadata) -> Source {
    match (&*metadata.name, &metadata.source) {
        (CARGO_LEPTOS, _) => Source::CargoLeptos,
        (ENVIRONMENT, _) => Source::Variable,
        (COMMAND_LINE, _) => Source::Flag,
        (_, Some(figment::Source::File(path))) => Source::File(path.clone()),
        _ => Source::Default,
    }
}

/// Values from one source.
struct Layer {
    name: &'static str,
    values: Dict,
}

impl Layer {
    const fn new(name: &'static str) -> Self {
        Self { name, values: Dict::new() }
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        let layer = nest(key, value.into());
        if let Value::Dict(_, dict) = layer {
            merge(&mut self.values, dict);
        }
    }
}

fn merge(into: &mut Dict, from: Dict) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, into)), Value::Dict(_, from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

fn cargo_leptos(variables: &[(String, String)]) -> Layer {
    let mut layer = Layer::new(CARGO_LEPTOS);
    for (name, value) in variables {
        match name.as_str() {
            "LEPTOS_SITE_ADDR" => layer.set("http.addr", value.as_str()),
            "LEPTOS_SITE_ROOT" => layer.set("http.site_dir", value.as_str()),
            _ => {}
        }
    }
    layer
}

fn environment(
    defaults: &serde_json::Value,
    variables: Vec<(String, String)>,
) -> Result<(Layer, Vec<String>), ConfigError> {
    let (mut layer, mut remarks, mut errors) = (Layer::new(ENVIRONMENT), Vec::new(), Vec::new());
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let lower = rest.to_lowercase();
        if let Some((key, default)) = find(defaults, &lower) {
            if default.is_array() {
                let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
                layer.set(&key, items.map(str::to_owned).collect::<Vec<_>>());
            } else {
                layer.set(&key, value);
            }
        } else if let Some(section) = section_of(defaults, &lower) {
            let known: Vec<String> = keys(&defaults[section], section);
            let known: Vec<String> = known.iter().map(|key| variable(key)).collect();
            errors.push(format!("{name}: unknown; known variables: {}", known.join(", ")));
        } else if !OTHERS.contains(&rest) && !is_orchestrators(rest) {
            remarks.push(format!("unknown variable {name}; ignored"));
        }
    }
    if errors.is_empty() { Ok((layer, remarks)) } else { Err(ConfigError::new(errors)) }
}

/// Kubernetes sets these in every container next to a service called `milepost`.
fn is_orchestrators(rest: &str) -> bool {
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

/// Finds the key whose path, joined by `_`, is `name`, and its default. Names of variables contain
/// no `-`.
fn find<'v>(tree: &'v serde_json::Value, name: &str) -> Option<(String, &'v serde_json::Value)> {
    tree.as_object()?.iter().find_map(|(key, value)| {
        let rest = name.strip_prefix(&*key.replace('-', "_"))?;
        if rest.is_empty() {
            return (!value.is_object()).then(|| (key.clone(), value));
        }
        let (inner, default) = find(value, rest.strip_prefix('_')?)?;
        Some((format!("{key}.{inner}"), default))
    })
}

fn section_of<'v>(tree: &'v serde_json::Value, name: &str) -> Option<&'v str> {
    let belongs =
        |key: &&String| name.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('_'));
    tree.as_object()?.keys().find(belongs).map(String::as_str)
}

/// Full paths of all keys below `tree`.
fn keys(tree: &serde_json::Value, path: &str) -> Vec<String> {
    match tree.as_object() {
        None => vec![path.to_owned()],
        Some(object) => {
            object.iter().flat_map(|(key, value)| keys(value, &format!("{path}.{key}"))).collect()
        }
    }
}

fn command_line(flags: &Flags) -> Layer {
    let mut layer = Layer::new(COMMAND_LINE);
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let values = [
        ("http.addr", flags.addr.clone()),
        ("http.site_dir", flags.site_dir.as_ref().map(text)),
        ("storage.data_dir", flags.data_dir.as_ref().map(text)),
        ("storage.database", flags.database.clone()),
        ("storage.database_file", flags.database_file.as_ref().map(text)),
        ("storage.output_dir", flags.output_dir.as_ref().map(text)),
    ];
    for (key, value) in values {
        if let Some(value) = value {
            layer.set(key, value);
        }
    }
    if let Some(concurrency) = flags.concurrency {
        layer.set("engine.concurrency", concurrency);
    }
    if flags.open {
        layer.set("auth.open", true);
    }
    if flags.no_worker {
        layer.set("engine.worker", false);
    }
    layer
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
