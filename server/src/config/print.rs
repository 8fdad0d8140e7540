//! `milepost config`: what is in force and where it came from, as a file that could be used.

use std::fmt::Write as _;

use super::{Configuration, layers};

/// Every setting as TOML, each with its variable and its source. Secrets are not shown.
pub fn print(configuration: &Configuration) -> String {
    let tree = serde_json::to_value(&configuration.settings).unwrap_or_default();
    let mut text = String::new();
    for (section, values) in tree.as_object().into_iter().flatten() {
        let start = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{start}[{section}]");
        for key in layers::keys(values, section) {
            let short = key.strip_prefix(section.as_str()).unwrap_or(&key).trim_start_matches('.');
            let pointer = format!("/{}", key.replace('.', "/"));
            let value = tree.pointer(&pointer).unwrap_or(&serde_json::Value::Null);
            let note = format!("# {}; {}", layers::variable(&key), configuration.source(&key));
            let _ = writeln!(text, "{} {note}", line(short, value));
        }
    }
    text + &super::commands::print(&configuration.commands)
}

fn line(key: &str, value: &serde_json::Value) -> String {
    let secret = ["key", "token", "secret", "password"]
        .iter()
        .any(|word| key == *word || key.ends_with(&format!("_{word}")));
    match value {
        serde_json::Value::Null => format!("# {key} is not set"),
        _ if secret => format!("# {key} is set and not shown"),
        // The JSON of texts, numbers, booleans and lists of them is TOML too.
        value => format!("{key} = {value}"),
    }
}
