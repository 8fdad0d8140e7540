//! Lengths and order of values as texts.

use std::collections::HashMap;

use ahash::RandomState;

use super::{
    counted::Entry,
    profile::{Lengths, Scalar},
    warnings::shorten,
};

/// Maximum length of a text for comparisons; a profile shows less.
const MAX_COMPARED: usize = 1 << 10;

/// Extremes of values as texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    first: Option<Box<str>>,
    last: Option<Box<str>>,
    min_length: Option<i64>,
    max_length: i64,
    characters: i64,
}

impl Texts {
    /// The extremes of distinct values.
    pub(super) fn of(values: &HashMap<Box<str>, Entry, RandomState>) -> Self {
        let mut texts = Self::default();
        values.iter().for_each(|(text, entry)| texts.add(text, entry.count));
        texts
    }

    /// Adds a value that occurs `count` times.
    pub(super) fn add(&mut self, text: &str, count: u64) {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.min_length = Some(self.min_length.map_or(length, |min_length| min_length.min(length)));
        self.max_length = self.max_length.max(length);
        self.characters = self.characters.saturating_add(length.saturating_mul(count));
        let text = &text[..text.floor_char_boundary(MAX_COMPARED)];
        if self.first.as_deref().is_none_or(|first| text < first) {
            self.first = Some(text.into());
        }
        if self.last.as_deref().is_none_or(|last| text > last) {
            self.last = Some(text.into());
        }
    }

    /// First text by code point.
    pub(super) fn first(&self) -> Option<Scalar> {
        self.first.as_deref().map(|text| Scalar::Text(shorten(text)))
    }

    /// Last text by code point.
    pub(super) fn last(&self) -> Option<Scalar> {
        self.last.as_deref().map(|text| Scalar::Text(shorten(text)))
    }

    /// Lengths of so many values.
    pub(super) fn lengths(&self, count: i64) -> Lengths {
        Lengths {
            min: self.min_length.unwrap_or_default(),
            max: self.max_length,
            mean: self.characters as f64 / count.max(1) as f64,
        }
    }
}
