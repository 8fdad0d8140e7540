//! Statistics of a column, collected row by row.

use super::{
    counted::Entry,
    doubt::{About, Doubt},
    judgement::{Evidence, Judged, Verdict},
    marked::{Marked, ValueMarkers, is_infinite},
    markers::Markers,
    profile::{ColumnProfile, DataType, MarkerCount, Numeric, ReadAs, Scalar, TypeCounts},
    reading::{FORMS, Reading},
    spread::Spread,
    tally::Tally,
    value::{Cell, classify},
    values::{Budget, Values},
    warnings::{Warnings, shorten},
};

/// Statistics of one column so far.
#[derive(Default)]
pub(super) struct Column {
    empty: i64,
    /// Number of values that were quoted.
    quoted: i64,
    marked: Marked,
    tally: Tally,
    values: Values,
    /// Line and text of the first number, boolean, date and text.
    firsts: [Option<(u64, String)>; 4],
    judged: Judged,
}

/// Figures of a column that is still being read.
pub(super) struct FirstFigures {
    pub(super) data_type: DataType,
    pub(super) count: i64,
    pub(super) missing: i64,
    pub(super) min: Option<Scalar>,
    pub(super) max: Option<Scalar>,
}

/// A cell of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellText<'r> {
    pub(super) text: &'r str,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
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

impl Column {
    /// Adds the cell of one row; `None` if the row is too short.
    pub(super) fn add(&mut self, cell: Option<CellText<'_>>, rules: &Rules, budget: &mut Budget) {
        let Some(CellText { text, quoted, line }) = cell else {
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
        self.add_value(cell, text, Entry { count: 1, line }, budget);
    }

    fn add_value(&mut self, cell: Cell, text: &str, entry: Entry, budget: &mut Budget) {
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
        self.values.add(text, number, entry, budget);
    }

    /// What the cells so far look like.
    pub(super) fn first_figures(&self) -> FirstFigures {
        let data_type = self.tally.types.data_type();
        let (min, max) = self.tally.extremes(data_type);
        let (count, missing) = (self.tally.types.total(), self.empty);
        FirstFigures { data_type, count, missing, min, max }
    }

    /// Whether no cell has a text.
    pub(super) fn is_empty(&self) -> bool {
        self.firsts.iter().all(Option::is_none) && self.marked.is_empty()
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
        let (markers, retained) = self.resolve_markers(rules, evidence, &verdict);
        if !retained.is_empty() && matches!(verdict, Verdict::Read(_)) {
            verdict = Verdict::Plain(DataType::Text);
        }
        for (marker, entry) in retained {
            self.add_value(Cell::Text, rules.markers.text(marker), entry, budget);
        }
        let data_type = match &verdict {
            Verdict::Plain(_) => self.tally.types.data_type(),
            Verdict::Codes(_) => DataType::Text,
            Verdict::Read(found) => found.tally.types.data_type(),
        };
        let count = self.tally.types.total();
        self.warn_of_letters(&name, rules, &markers, warnings);
        if let Some(doubt) = &doubt {
            self.warn_of_doubt(&name, doubt, warnings);
        } else if data_type == DataType::Text && !matches!(verdict, Verdict::Codes(_)) {
            self.warn_of_odd_values(&name, warnings);
        }
        let missing = markers.iter().filter(|count| count.missing).map(|count| count.count);
        let missing = self.empty + missing.sum::<i64>();
        let read_as = verdict.describe(data_type, doubt.is_some()).map(|description| ReadAs {
            description,
            matching: count,
            unsure: doubt.is_some(),
        });
        ColumnProfile { markers, missing, read_as, ..self.figures(name, data_type, &verdict) }
    }

    fn resolve_markers(
        &self,
        rules: &Rules,
        evidence: &Evidence,
        verdict: &Verdict,
    ) -> (Vec<MarkerCount>, ValueMarkers) {
        let is_text =
            matches!(verdict, Verdict::Plain(DataType::Text | DataType::Empty) | Verdict::Codes(_));
        let is_empty = self.tally.types.total() == 0;
        let are_quoted = self.quoted > self.tally.types.total() / 2;
        let known = (!is_text, is_empty, are_quoted);
        self.marked.resolve(&rules.markers, evidence, known, &self.values)
    }

    /// The figures of the values.
    fn figures(self, name: String, data_type: DataType, verdict: &Verdict) -> ColumnProfile {
        let (tally, unit) = match verdict {
            Verdict::Read(found) => (&found.tally, found.reading.unit()),
            _ => (&self.tally, None),
        };
        let count = tally.types.total();
        let texts = (data_type == DataType::Text).then(|| self.values.texts());
        let (min, max) = match &texts {
            Some(texts) => (texts.first(), texts.last()),
            None => tally.extremes(data_type),
        };
        let lengths = texts.map(|texts| texts.lengths(count));
        let is_plain = matches!(verdict, Verdict::Plain(_)) && self.tally.is_ordered();
        let values = self.values.summary(is_plain);
        let spread = match verdict {
            Verdict::Read(found) => Some(&found.spread),
            Verdict::Plain(_) => values.spread.as_ref(),
            Verdict::Codes(_) => None,
        };
        let spread = spread.filter(|_| data_type.is_ordered());
        let is_number = matches!(data_type, DataType::Integer | DataType::Number);
        let distinct = i64::try_from(values.distinct).unwrap_or(i64::MAX);
        let estimate = values.estimate.map(|(estimate, _)| estimate.round() as i64);
        ColumnProfile {
            name,
            data_type,
            count,
            missing: 0,
            markers: Vec::new(),
            read_as: None,
            unit: unit.map(str::to_owned),
            distinct,
            distinct_exact: values.estimate.is_none(),
            distinct_estimate: estimate.map(|estimate| estimate.clamp(distinct, count)),
            distinct_error: values.estimate.map(|(_, error)| error),
            types: tally.types,
            min,
            max,
            numeric: is_number.then(|| numeric(tally, spread)),
            lengths,
            top: values.top,
            top_error: values.top_error.map(|error| i64::try_from(error).unwrap_or(i64::MAX)),
            rank_error: spread.and_then(Spread::rank_error),
            histogram: spread
                .map(|spread| spread.histogram(data_type != DataType::Number))
                .unwrap_or_default(),
        }
    }

    /// Approximate memory of the values in bytes, for tests.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.values.bytes()
    }

    /// Warns that values are doubtful: all, or those with a sign.
    fn warn_of_doubt(&self, name: &str, doubt: &Doubt, warnings: &mut Warnings) {
        let count = self.tally.types.total();
        let mut line = self.firsts.iter().flatten().map(|(line, _)| *line).min();
        let mut of = Some(count);
        if !matches!(doubt.about, About::All) {
            of = self.values.distinct().map(|distinct| {
                let meant = || distinct.iter().filter(|(text, _)| doubt.about.has(text));
                line = meant().map(|(_, entry)| entry.line).min().or(line);
                let counts = meant().map(|(_, entry)| entry.count).sum::<u64>();
                i64::try_from(counts).unwrap_or(i64::MAX)
            });
        }
        warnings.add(doubt.code, line, || {
            let of = of.map_or_else(|| "some".to_owned(), |of| of.to_string());
            format!("Column “{name}”: {of} of {count} values {}.", doubt.text)
        });
    }

    /// Warns of letters that count as missing, but might be values.
    fn warn_of_letters(
        &self,
        name: &str,
        rules: &Rules,
        markers: &[MarkerCount],
        warnings: &mut Warnings,
    ) {
        for (letter, entry) in self.marked.letters(&rules.markers) {
            let is_missing = |known: &MarkerCount| known.marker == letter && known.missing;
            if markers.iter().any(is_missing) {
                let count = entry.count;
                let (code, but) = if is_infinite(letter) {
                    ("infinite", "no figure is made of it")
                } else {
                    ("ambiguous_missing", "but might be a code")
                };
                warnings.add(code, Some(entry.line), || {
                    format!(
                        "Column “{name}”: “{letter}” in {count} of its cells counts as a missing \
                         value, {but}."
                    )
                });
            }
        }
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
    fn nearly(&self, count: i64) -> Option<Nearly> {
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

/// Number of values that fit a form, what they look like, and line and text of the first other one.
type Nearly = (i64, String, Option<(u64, String)>);

fn numeric(tally: &Tally, spread: Option<&Spread>) -> Numeric {
    let [q25, median, q75] = spread.map(Spread::quartiles).unwrap_or_default();
    let (mean, std_dev) = (tally.moments.mean(), tally.moments.std_dev());
    Numeric { mean, std_dev, q25, median, q75 }
}
