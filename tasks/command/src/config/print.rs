//! The commands in `milepost config`.

use std::fmt::Write as _;

use toml::Spanned;

use super::raw::RawCommand;

/// Prints the commands as TOML. Values of variables may be secrets and are hidden.
pub(super) fn print(commands: &[(String, RawCommand)]) -> String {
    let mut text = String::new();
    for (name, raw) in commands {
        let shown = toml::to_string(&hidden(raw)).unwrap_or_default();
        let _ = writeln!(text, "\n[commands.{name}]");
        // Sub-tables get the prefix of this command.
        for line in shown.lines() {
            let table = line.trim_start_matches('[');
            let brackets = &line[..line.len() - table.len()];
            if brackets.is_empty() {
                let _ = writeln!(text, "{line}");
            } else {
                let _ = writeln!(text, "{brackets}commands.{name}.{table}");
            }
        }
    }
    text
}

fn hidden(raw: &RawCommand) -> RawCommand {
    let mut raw = raw.clone();
    for value in raw.set_env.iter_mut().flat_map(|set| set.values_mut()) {
        *value = Spanned::new(0..0, "***".to_owned());
    }
    raw
}
