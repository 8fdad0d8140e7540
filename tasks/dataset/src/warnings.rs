//! Collects warnings: a limited number of row warnings, the rest as a count. Warnings about the
//! whole file come first and are never omitted.

use super::profile::Warning;

/// Warnings so far.
#[derive(Clone, Debug)]
pub(super) struct Warnings {
    whole: Vec<Warning>,
    items: Vec<Warning>,
    total: i64,
    limit: usize,
}

impl Warnings {
    pub(super) const fn new(limit: usize) -> Self {
        Self { whole: Vec::new(), items: Vec::new(), total: 0, limit }
    }

    /// Adds a row warning; calls `message` only if it is stored.
    pub(super) fn add(&mut self, code: &str, line: Option<u64>, message: impl FnOnce() -> String) {
        self.total += 1;
        if self.items.len() < self.limit {
            let line = line.map(|line| i64::try_from(line).unwrap_or(i64::MAX));
            self.items.push(Warning { code: code.to_owned(), line, message: message() });
        }
    }

    /// Adds a warning about the whole file; there are only a few of them.
    pub(super) fn add_whole(&mut self, code: &str, line: Option<u64>, message: String) {
        self.total += 1;
        let line = line.map(|line| i64::try_from(line).unwrap_or(i64::MAX));
        self.whole.push(Warning { code: code.to_owned(), line, message });
    }

    pub(super) fn into_parts(self) -> (Vec<Warning>, i64) {
        let Self { mut whole, items, total, .. } = self;
        whole.extend(items);
        (whole, total)
    }
}

/// Truncates an untrusted text to what a page can show.
pub(super) fn shorten(text: &str) -> String {
    const LIMIT: usize = 120;
    match text.char_indices().nth(LIMIT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_limit_warnings_are_only_counted() {
        let mut warnings = Warnings::new(1);
        warnings.add("a", Some(3), || "first".to_owned());
        warnings.add("b", None, || unreachable!("not kept, so not written"));
        warnings.add_whole("c", None, "whole".to_owned());
        let (items, total) = warnings.into_parts();
        assert_eq!((items.len(), total), (2, 3));
        assert_eq!((items[0].code.as_str(), items[1].line), ("c", Some(3)));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("é"), "é");
        let cut = shorten(&"é".repeat(121));
        assert_eq!(cut.chars().count(), 121);
        assert!(cut.ends_with('…'));
    }
}
