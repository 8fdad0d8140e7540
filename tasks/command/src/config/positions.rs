//! Positions of the values in a TOML text, by their keys.

use std::{collections::BTreeMap, ops::Range};

use toml::de::{DeTable, DeValue};

/// Position of each value by its key, such as `commands.a.progress.stages[1].pattern`.
#[derive(Debug, Default)]
pub(super) struct Positions(BTreeMap<String, Range<usize>>);

impl Positions {
    /// Reads the positions of a text; empty if it is not valid TOML.
    pub(super) fn of(text: &str) -> Self {
        let mut positions = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            positions.add_table(table.get_ref(), "");
        }
        positions
    }

    fn add_table(&mut self, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let dot = if path.is_empty() { "" } else { "." };
            self.add(&format!("{path}{dot}{}", key.get_ref()), value.get_ref(), value.span());
        }
    }

    fn add(&mut self, path: &str, value: &DeValue<'_>, span: Range<usize>) {
        match value {
            DeValue::Table(table) => self.add_table(table, path),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(&format!("{path}[{index}]"), item.get_ref(), item.span());
                }
            }
            _ => {}
        }
        self.0.insert(path.to_owned(), span);
    }

    /// The key of the value at exactly this position; an error about a type has the value's.
    pub(super) fn key_at(&self, span: &Range<usize>) -> Option<&str> {
        self.0.iter().find(|(_, value)| *value == span).map(|(key, _)| key.as_str())
    }

    /// Position of a value, or else of the nearest value around it.
    pub(super) fn span(&self, key: &str) -> Range<usize> {
        let mut key = key;
        loop {
            if let Some(span) = self.0.get(key) {
                return span.clone();
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return 0..0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_to_its_value_or_to_what_is_around_it() {
        let text = "[a.b]\nc = ['x',\n'y']\n[[a.d]]\ne = 1\n";
        let positions = Positions::of(text);
        let at = |key: &str| &text[positions.span(key)];
        assert_eq!((at("a.b.c[1]"), at("a.d[0].e")), ("'y'", "1"));
        assert_eq!((at("a.b.c[7].z"), at("none")), ("['x',\n'y']", ""));
        assert_eq!(Positions::of("= =").span("a"), 0..0);
    }
}
