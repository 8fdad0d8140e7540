//! `milepost config`: the effective configuration with its sources, as a usable file.

use std::fmt::Write as _;

use milepost::client::hide_secrets_in_urls;

use super::{Configuration, layers};

/// Prints every setting as TOML with its variable and its source. Secrets are hidden.
pub fn print(configuration: &Configuration) -> String {
    let tree = serde_json::to_value(&configuration.settings).unwrap_or_default();
    let mut text = String::new();
    for (section, values) in tree.as_object().into_iter().flatten() {
        table(&mut text, section, values, configuration);
    }
    text.push_str(&configuration.commands.to_toml());
    hide_secrets_in_urls(&text)
}

/// Every setting with its variable and its source as one JSON document; secrets are hidden. Names of
/// settings are those of `milepost.toml`, with dots.
pub fn json(configuration: &Configuration, isolation: &str) -> String {
    let tree = serde_json::to_value(&configuration.settings).unwrap_or_default();
    let mut settings = serde_json::Map::new();
    flatten("", &tree, configuration, &mut settings);
    let commands: Vec<_> = configuration
        .commands
        .definitions
        .iter()
        .map(|command| serde_json::json!({ "name": command.name, "title": command.title }))
        .collect();
    let file = configuration.file.as_ref().map(|file| file.display().to_string());
    let document = serde_json::json!({
        "file": file, "settings": settings, "commands": commands, "isolation": isolation,
    });
    hide_secrets_in_urls(&document.to_string())
}

fn flatten(
    path: &str,
    value: &serde_json::Value,
    configuration: &Configuration,
    into: &mut serde_json::Map<String, serde_json::Value>,
) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if value.is_object() {
            flatten(&full, value, configuration, into);
            continue;
        }
        let hidden = is_secret(key, value) && !value.is_null();
        let entry = serde_json::json!({
            "value": if hidden { &serde_json::Value::Null } else { value },
            "hidden": hidden,
            "variable": layers::variable(&full),
            "source": configuration.source(&full).to_string(),
        });
        into.insert(full, entry);
    }
}

/// Whether a setting must not be shown. JSON that is sent along may have a field with a secret.
fn is_secret(key: &str, value: &serde_json::Value) -> bool {
    let is_named = |key: &str| {
        ["key", "token", "secret", "password", "extra_headers"]
            .iter()
            .any(|name| key == *name || key.ends_with(&format!("_{name}")))
    };
    let json = value.as_str().filter(|_| key == "extra_body");
    let json = json.and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
    is_named(key) || json.is_some_and(|json| has_secret(&json, &is_named))
}

/// Whether a field at any depth has such a name.
fn has_secret(json: &serde_json::Value, is_named: &impl Fn(&str) -> bool) -> bool {
    match json {
        serde_json::Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| is_named(&key.to_lowercase()) || has_secret(value, is_named)),
        serde_json::Value::Array(values) => values.iter().any(|value| has_secret(value, is_named)),
        _ => false,
    }
}

/// Prints a table: its values, then its sub-tables.
fn table(text: &mut String, path: &str, values: &serde_json::Value, configuration: &Configuration) {
    let (tables, plain): (Vec<_>, Vec<_>) =
        values.as_object().into_iter().flatten().partition(|(_, value)| value.is_object());
    if !plain.is_empty() {
        let start = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{start}[{path}]");
    }
    for (key, value) in plain {
        let full = format!("{path}.{key}");
        let note = format!("# {}; {}", layers::variable(&full), configuration.source(&full));
        let _ = writeln!(text, "{} {note}", line(key, value));
    }
    for (key, values) in tables {
        table(text, &format!("{path}.{key}"), values, configuration);
    }
}

fn line(key: &str, value: &serde_json::Value) -> String {
    let secret = is_secret(key, value);
    match value {
        serde_json::Value::Null => format!("# {key} is not set"),
        _ if secret => format!("# {key} is set and not shown"),
        // The JSON of texts, numbers, booleans and lists of them is valid TOML.
        value => format!("{key} = {value}"),
    }
}
