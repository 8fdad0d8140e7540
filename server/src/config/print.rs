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
    let secret = ["key", "token", "secret", "password", "extra_headers"]
        .iter()
        .any(|word| key == *word || key.ends_with(&format!("_{word}")));
    match value {
        serde_json::Value::Null => format!("# {key} is not set"),
        _ if secret => format!("# {key} is set and not shown"),
        // The JSON of texts, numbers, booleans and lists of them is valid TOML.
        value => format!("{key} = {value}"),
    }
}
