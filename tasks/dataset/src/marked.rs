//! Cells of a column that hold a marker of a missing value.

use super::{
    counted::Entry,
    judgement::Evidence,
    markers::{Marker, Markers, Strength},
    profile::MarkerCount,
    values::Values,
};

/// Markers so far, with their numbers of cells and first lines.
#[derive(Debug, Default)]
pub(super) struct Marked {
    found: Vec<(Marker, bool, Entry)>,
}

/// Markers that are values after all.
pub(super) type ValueMarkers = Vec<(Marker, Entry)>;

impl Marked {
    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds a cell.
    pub(super) fn add(&mut self, marker: Marker, quoted: bool, line: u64) {
        let known = |found: &&mut (Marker, bool, Entry)| (found.0, found.1) == (marker, quoted);
        match self.found.iter_mut().find(known) {
            Some((_, _, entry)) => entry.count += 1,
            None => self.found.push((marker, quoted, Entry { count: 1, line })),
        }
    }

    /// Tells the other columns which markers stand in this one among figures.
    pub(super) fn note(&self, evidence: &mut Evidence) {
        evidence.markers.extend(self.found.iter().map(|(marker, ..)| *marker));
    }

    /// The letters and infinities among the markers, which might be values: number of cells and first
    /// line.
    pub(super) fn letters<'m>(
        &self,
        markers: &'m Markers,
    ) -> impl Iterator<Item = (&'m str, Entry)> {
        let known = self.found.iter().filter(|_| !markers.are_given());
        let named = known.map(|(marker, _, entry)| (markers.text(*marker), *entry));
        named.filter(|(text, _)| matches!(*text, "x" | "X") || is_infinite(text))
    }

    /// Decides which markers are missing values, and which are values.
    ///
    /// `is_figures`: whether the values are something else than texts; `is_empty`: whether there
    /// are none; `are_quoted`: whether most values were quoted, so that quotes around figures mean
    /// nothing, and their absence around a marker among texts means much.
    pub(super) fn resolve(
        &self,
        markers: &Markers,
        evidence: &Evidence,
        (is_figures, is_empty, are_quoted): (bool, bool, bool),
        values: &Values,
    ) -> (Vec<MarkerCount>, ValueMarkers) {
        let (mut are_codes, mut are_short) = (None, None);
        let mut counts: Vec<MarkerCount> = Vec::new();
        let mut retained = Vec::new();
        for (marker, quoted, entry) in &self.found {
            let strength = markers.strength(*marker);
            let is_code = !markers.are_given()
                && markers.text(*marker) == "X"
                && *are_short.get_or_insert_with(|| short_codes(values));
            let is_missing = markers.are_given()
                || !is_code
                    && match (*quoted, strength) {
                        (true, _) => is_figures && are_quoted,
                        _ if is_figures => true,
                        (false, Strength::Always) => true,
                        (false, Strength::Figures) if is_empty => true,
                        (false, Strength::Figures) => {
                            are_quoted
                                || evidence.markers.contains(marker)
                                    && !*are_codes.get_or_insert_with(|| codes(values))
                        }
                        (false, Strength::Signs) => false,
                    };
            if !is_missing {
                retained.push((*marker, *entry));
            }
            let count = i64::try_from(entry.count).unwrap_or(i64::MAX);
            let text = markers.text(*marker);
            let same =
                |known: &&mut MarkerCount| known.marker == text && known.missing == is_missing;
            match counts.iter_mut().find(same) {
                Some(known) => known.count += count,
                None => {
                    counts.push(MarkerCount { marker: text.to_owned(), count, missing: is_missing })
                }
            }
        }
        (counts, retained)
    }
}

/// Whether a marker is an infinite number.
pub(super) fn is_infinite(text: &str) -> bool {
    let text = text.trim_start_matches('-');
    ["inf", "infinity"].iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// Whether all values are numbers of two digits at most, among which `X` may be one more code, as
/// of a chromosome or a size.
fn short_codes(values: &Values) -> bool {
    let is_code = |text: &str| text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    values.distinct().is_some_and(|distinct| distinct.iter().all(|(text, _)| is_code(text)))
}

/// Whether all values are codes of two or three capitals, among which `NA` is one more.
fn codes(values: &Values) -> bool {
    let is_code = |text: &str| {
        (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    values.distinct().is_some_and(|distinct| distinct.iter().all(|(text, _)| is_code(text)))
}
