//! Statistics of a column, collected row by row.

use super::{
    judgement::{Evidence, Judged, Verdict},
    marked::Marked,
    markers::Markers,
    profile::{ColumnProfile, DataType, Lengths, Numeric, ReadAs, Scalar, TypeCounts},
    reading::{FORMS, Reading},
    spread::Spread,
    tally::Tally,
    value::{Cell, classify},
    values::{Budget, Entry, Values},
    warnings::{Warnings, shorten},
};

/// Maximum length of a text for comparisons; a profile shows less.
const MAX_COMPARED: usize = 1 << 10;

/// Statistics of one column so far.
#[derive(Default)]
pub(super) struct Column {
    empty: i64,
    /// Number of values that were quoted.
    quoted: i64,
    marked: Marked,
    tally: Tally,
    values: Values,
    texts: Texts,
    /// Line and text of the first number, boolean, date and text.
    firsts: [Option<(u64, String)>; 4],
    judged: Judged,
}

/// A cell of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellText<'r> {
    pub(super) text: &'r str,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    /// Whether all characters of the row are ASCII, so that each is one byte.
    pub(super) is_ascii: bool,
    /// Line where the row begins.
    pub(super) line: u64,
}

/// How cells are read, by what was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) markers: Markers,
    /// Decimal sign, if it was given.
    pub(super) decimal: Option<char>,
}

/// Extremes of values as texts.
#[derive(Debug, Default)]
struct Texts {
    least: Option<Box<str>>,
    greatest: Option<Box<str>>,
    shortest: Option<i64>,
    longest: i64,
    characters: i64,
}

impl Texts {
    fn add(&mut self, text: &str, is_ascii: bool, count: i64) {
        let length = if is_ascii { text.len() } else { text.chars().count() };
        let length = i64::try_from(length).unwrap_or(i64::MAX);
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
}

impl Texts {
    fn lengths(&self, count: i64) -> Lengths {
        Lengths {
            min: self.shortest.unwrap_or_default(),
            max: self.longest,
            mean: self.characters as f64 / count as f64,
        }
    }
}

impl Column {
    /// Adds the cell of one row; `None` if the row is too short.
    pub(super) fn add(&mut self, cell: Option<CellText<'_>>, rules: &Rules, budget: &mut Budget) {
        let Some(CellText { text, quoted, is_ascii, line }) = cell else {
            self.empty += 1;
            return;
        };
        let text = text.trim();
        let mut cell = classify(text);
        if cell == Cell::Missing {
            self.empty += 1;
            return;
        }
        if (cell == Cell::Text || rules.markers.are_given())
            && let Some(marker) = rules.markers.find(text)
        {
            self.marked.add(marker, quoted, line);
            return;
        }
        if rules.decimal == Some(',') && matches!(cell, Cell::Number(_)) {
            cell = Cell::Text;
        }
        self.quoted += i64::from(quoted);
        self.add_value(cell, text, (is_ascii, Entry { count: 1, line }), budget);
    }

    fn add_value(
        &mut self,
        cell: Cell,
        text: &str,
        (is_ascii, entry): (bool, Entry),
        budget: &mut Budget,
    ) {
        let group = match cell {
            Cell::Missing | Cell::Time(_) => return,
            Cell::Integer(_) | Cell::Number(_) => 0,
            Cell::Boolean => 1,
            Cell::Date(_) => 2,
            Cell::Text => 3,
        };
        if self.firsts[group].is_none() {
            self.firsts[group] = Some((entry.line, shorten(text)));
        }
        self.tally.add(cell, text, entry.count);
        let number = cell.number().filter(|_| self.tally.is_ordered());
        self.texts.add(text, is_ascii, i64::try_from(entry.count).unwrap_or(i64::MAX));
        self.values.add(text, number, entry, budget);
    }

    /// Looks at all values; `evidence` gets what they tell about the other columns.
    pub(super) fn judge(&mut self, evidence: &mut Evidence) {
        self.judged = Judged::of(&self.tally.types, &self.values);
        evidence.note(&self.judged);
        if self.has_figures() {
            self.marked.note(evidence);
        }
    }

    /// Whether the values are something else than texts, as far as they tell.
    fn has_figures(&self) -> bool {
        match self.tally.types.data_type() {
            DataType::Empty => false,
            DataType::Text => !self.judged.is_text(),
            _ => true,
        }
    }

    /// Completes the profile of the column.
    pub(super) fn finish(
        mut self,
        name: String,
        (rules, evidence): (&Rules, &Evidence),
        budget: &mut Budget,
        warnings: &mut Warnings,
    ) -> ColumnProfile {
        let plain = self.tally.types.data_type();
        let judged = std::mem::take(&mut self.judged);
        let (mut verdict, doubt) = judged.decide(&name, plain, &self.values, evidence);
        let is_figures = !matches!(
            verdict,
            Verdict::Plain(DataType::Text | DataType::Empty) | Verdict::Codes(_)
        );
        let are_quoted = self.quoted > self.tally.types.total() / 2;
        let (counts, values) = self.marked.resolve(
            &rules.markers,
            evidence,
            (is_figures, plain == DataType::Empty, are_quoted),
            &self.values,
        );
        let missing = counts.iter().filter(|count| count.missing).map(|count| count.count);
        let missing = self.empty + missing.sum::<i64>();
        if !values.is_empty() && matches!(verdict, Verdict::Read(_)) {
            verdict = Verdict::Plain(DataType::Text);
        }
        for (marker, entry) in values {
            let text = rules.markers.text(marker);
            self.add_value(Cell::Text, text, (false, entry), budget);
        }
        let (data_type, read) = match verdict {
            Verdict::Plain(_) => (self.tally.types.data_type(), None),
            Verdict::Codes(_) => (DataType::Text, None),
            Verdict::Read(ref found) => (found.tally.types.data_type(), Some(found)),
        };
        let count = self.tally.types.total();
        if let Some((code, doubt)) = &doubt {
            let first = self.firsts.iter().flatten().map(|(line, _)| *line).min();
            warnings.add(code, first, || {
                format!("Column “{name}”: {count} of {count} values {doubt}.")
            });
        } else if data_type == DataType::Text && !matches!(verdict, Verdict::Codes(_)) {
            self.warn_of_odd_values(&name, warnings);
        }
        let read_as = match &verdict {
            Verdict::Plain(_) if doubt.is_none() => None,
            Verdict::Plain(_) => Some("numbers with a decimal point".to_owned())
                .filter(|_| data_type != DataType::Text),
            Verdict::Codes(codes) => Some(codes.clone()),
            Verdict::Read(found) => Some(found.reading.describe()),
        };
        let read_as = read_as.map(|description| ReadAs {
            description,
            matching: count,
            unsure: doubt.is_some(),
        });
        let unit = read.and_then(|found| found.reading.unit()).map(str::to_owned);
        let tally = read.map_or(&self.tally, |found| &found.tally);
        let (mut min, mut max) = tally.extremes(data_type);
        if data_type == DataType::Text {
            let text =
                |text: &Option<Box<str>>| text.as_deref().map(|text| Scalar::Text(shorten(text)));
            (min, max) = (text(&self.texts.least), text(&self.texts.greatest));
        }
        let lengths = (data_type == DataType::Text).then(|| self.texts.lengths(count));
        let is_plain = matches!(verdict, Verdict::Plain(_)) && self.tally.is_ordered();
        let values = std::mem::take(&mut self.values).summary(is_plain);
        let spread = match &verdict {
            Verdict::Read(found) => Some(&found.spread),
            Verdict::Plain(_) => values.spread.as_ref(),
            Verdict::Codes(_) => None,
        };
        let spread = spread.filter(|_| data_type.is_ordered());
        let numeric = match data_type {
            DataType::Integer | DataType::Number => Some(numeric(tally, spread)),
            _ => None,
        };
        let whole = data_type != DataType::Number;
        let distinct = i64::try_from(values.distinct).unwrap_or(i64::MAX);
        ColumnProfile {
            name,
            data_type,
            count,
            missing,
            markers: counts,
            read_as,
            unit,
            distinct,
            distinct_exact: values.estimate.is_none(),
            distinct_estimate: values
                .estimate
                .map(|(estimate, _)| (estimate.round() as i64).clamp(distinct, count)),
            distinct_error: values.estimate.map(|(_, error)| error),
            types: tally.types,
            min,
            max,
            numeric,
            lengths,
            top: values.top,
            top_error: values.top_error.map(|error| i64::try_from(error).unwrap_or(i64::MAX)),
            rank_error: spread.and_then(Spread::rank_error),
            histogram: spread.map(|spread| spread.histogram(whole)).unwrap_or_default(),
        }
    }

    /// Approximate memory of the values in bytes, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.values.bytes()
    }

    /// Warns if a column is text only because of a few values, which are probably damaged.
    fn warn_of_odd_values(&self, name: &str, warnings: &mut Warnings) {
        let TypeCounts { integer, number, boolean, date, .. } = self.tally.types;
        let count = self.tally.types.total();
        let groups = [(integer + number, "numbers"), (boolean, "booleans"), (date, "dates")];
        let usual = groups.iter().position(|(of, _)| of.saturating_mul(10) >= count * 9);
        let (of, what, first) = match usual {
            Some(usual) => {
                let others = self.firsts.iter().enumerate().filter(|(group, _)| *group != usual);
                let first = others.filter_map(|(_, first)| first.clone());
                let first = first.min_by_key(|(line, _)| *line);
                (groups[usual].0, groups[usual].1.to_owned(), first)
            }
            None => match self.nearly(count) {
                Some(found) => found,
                None => return,
            },
        };
        if let Some((line, value)) = first {
            warnings.add("mixed_types", Some(line), || {
                format!(
                    "Column “{name}”: {of} of {count} values are {what}; the first that is not is \
                     “{value}”. The column is read as text."
                )
            });
        }
    }

    /// The form that fits nine of ten values: how many, what they are, and the first that is not.
    fn nearly(&self, count: i64) -> Option<(i64, String, Option<(u64, String)>)> {
        let distinct = self.values.distinct()?;
        let allowed = count / 10;
        let found = FORMS.into_iter().filter_map(|form| {
            let (mut reading, mut odd, mut first) = (Reading::new(form), 0, None);
            for (text, entry) in &distinct {
                if reading.take(text).is_none() {
                    odd += i64::try_from(entry.count).unwrap_or(i64::MAX);
                    first.get_or_insert_with(|| (entry.line, shorten(text)));
                    if odd > allowed {
                        return None;
                    }
                }
            }
            let is_odd = odd > 0 && reading.is_plausible();
            is_odd.then(|| (count - odd, reading.describe(), first))
        });
        found.max_by_key(|(of, ..)| *of)
    }
}

fn numeric(tally: &Tally, spread: Option<&Spread>) -> Numeric {
    let [q25, median, q75] = spread.map(Spread::quartiles).unwrap_or_default();
    let (mean, std_dev) = (tally.moments.mean(), tally.moments.std_dev());
    Numeric { mean, std_dev, q25, median, q75 }
}
