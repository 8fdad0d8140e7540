//! Lengths and order of values as texts.

use super::profile::Lengths;

/// Maximum length of a text for comparisons; a profile shows less.
const MAX_COMPARED: usize = 1 << 10;

/// Extremes of values as texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) least: Option<Box<str>>,
    pub(super) greatest: Option<Box<str>>,
    shortest: Option<i64>,
    longest: i64,
    characters: i64,
}

impl Texts {
    /// Adds a value that occurs `count` times.
    pub(super) fn add(&mut self, text: &str, count: u64) {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
        self.longest = self.longest.max(length);
        self.characters = self.characters.saturating_add(length.saturating_mul(count));
        let text = &text[..text.floor_char_boundary(MAX_COMPARED)];
        if self.least.as_deref().is_none_or(|least| text < least) {
            self.least = Some(text.into());
        }
        if self.greatest.as_deref().is_none_or(|greatest| text > greatest) {
            self.greatest = Some(text.into());
        }
    }

    /// Lengths of so many values.
    pub(super) fn lengths(&self, count: i64) -> Lengths {
        Lengths {
            min: self.shortest.unwrap_or_default(),
            max: self.longest,
            mean: self.characters as f64 / count.max(1) as f64,
        }
    }
}
