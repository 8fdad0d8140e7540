//! The end of a table: totals, notes, and empty rows, as spreadsheets write them.
//! Whether a record belongs to the end is known once no row follows, so such records are held back.

use super::{
    class::{Class, class},
    column::Rules,
    notes::{Likeness, goes_on, likeness},
    record::{Record, StoredRecord},
    rows::Rows,
    text,
    warnings::{Warnings, shorten},
};

/// Maximum number of records that are held back, not counting empty ones.
const MAX_HELD: usize = 20;
/// What stands before totals, in lower case.
const TOTALS: [&str; 42] = [
    "total",
    "totals",
    "grand total",
    "overall total",
    "total sum",
    "sum",
    "sums",
    "sum total",
    "all",
    "summe",
    "gesamt",
    "endsaldo",
    "closing balance",
    "gesamtsumme",
    "gesamtergebnis",
    "endsumme",
    "insgesamt",
    "total général",
    "total general",
    "somme",
    "ensemble",
    "suma",
    "suma total",
    "totale",
    "totale generale",
    "totaal",
    "eindtotaal",
    "summa",
    "totalt",
    "i alt",
    "sum totalt",
    "yhteensä",
    "razem",
    "ogółem",
    "celkem",
    "spolu",
    "összesen",
    "toplam",
    "genel toplam",
    "итого",
    "всего",
    "合計",
];

/// Records that may be the end of the table.
#[derive(Default)]
pub(super) struct Ending {
    held: Vec<Held>,
    /// Number of those that are not empty.
    stored: usize,
    /// Whether a row with such a label was followed by others, so that it is one of them.
    has_totals_within: bool,
    /// Whether cells of rows begin with a blank.
    has_blanks: bool,
    /// The first record that was held back as a note and was followed by rows.
    note_within: Option<(u64, String)>,
    /// The last row, if it might be a note.
    doubtful: Option<(u64, String)>,
}

enum Held {
    /// Empty records of one width: line of the first, cells of each, and their number.
    Empty { line: u64, cells: usize, count: u64 },
    /// The totals.
    Totals(StoredRecord),
    /// A record below the totals or the table.
    Note(StoredRecord),
}

impl Ending {
    /// Adds a record to the rows, or holds it back.
    pub(super) fn add(
        &mut self,
        record: &Record<'_>,
        (rows, rules): (&mut Rows, &Rules),
        warnings: &mut Warnings,
    ) {
        let has_totals = self.held.iter().any(|held| matches!(held, Held::Totals(_)));
        if is_empty(record) {
            return self.hold_empty(record.line, record.len());
        }
        if !has_totals && !self.has_totals_within && rows.count > 0 && is_totals(record) {
            self.stored += 1;
            return self.held.push(Held::Totals(record.store()));
        }
        let likeness = if rows.count > 0 && self.note_within.is_none() {
            likeness(record, rows.columns.len(), self.has_blanks)
        } else {
            Likeness::Row
        };
        let has_note = self.held.iter().any(|held| matches!(held, Held::Note(_)));
        let is_more = has_totals && is_note(record)
            || has_note && (is_note(record) || !self.has_blanks && goes_on(record));
        if (is_more || likeness == Likeness::Note) && self.stored < MAX_HELD {
            self.stored += 1;
            return self.held.push(Held::Note(record.store()));
        }
        self.release((rows, rules), warnings);
        self.has_totals_within |= has_totals;
        self.has_blanks |= goes_on(record);
        let is_doubtful = likeness != Likeness::Row;
        self.doubtful = is_doubtful.then(|| (record.line, begin(record)));
        rows.add(record, rules, warnings);
    }

    fn hold_empty(&mut self, line: u64, cells: usize) {
        if let Some(Held::Empty { cells: before, count, .. }) = self.held.last_mut()
            && *before == cells
        {
            *count += 1;
        } else {
            self.held.push(Held::Empty { line, cells, count: 1 });
        }
    }

    /// Adds what was held back to the rows.
    fn release(&mut self, (rows, rules): (&mut Rows, &Rules), warnings: &mut Warnings) {
        self.stored = 0;
        for held in self.held.drain(..) {
            match held {
                Held::Empty { line, cells, count } => {
                    for line in (line..).zip(0..count).map(|(line, _)| line) {
                        rows.add(&StoredRecord::empty(line, cells).record(), rules, warnings);
                    }
                }
                Held::Totals(record) => rows.add(&record.record(), rules, warnings),
                Held::Note(record) => {
                    let record = record.record();
                    self.note_within.get_or_insert_with(|| (record.line, begin(&record)));
                    rows.add(&record, rules, warnings);
                }
            }
        }
    }

    /// Ends the table: what is held back now is no row.
    pub(super) fn finish(self, warnings: &mut Warnings) {
        let (mut empty, mut first_empty) = (0_u64, None);
        let mut above = "table";
        for held in &self.held {
            match held {
                Held::Empty { line, count, .. } => {
                    empty += count;
                    first_empty = first_empty.or(Some(*line));
                }
                Held::Totals(record) => {
                    above = "totals";
                    let record = record.record();
                    let message = format!(
                        "The last row holds totals (“{}”); it is not counted as a row.",
                        label(&record).unwrap_or_default()
                    );
                    warnings.add_whole("totals", Some(record.line), message);
                }
                Held::Note(record) => {
                    let message = format!("A note below the {above} is not counted as a row.");
                    warnings.add_whole("note", Some(record.record().line), message);
                }
            }
        }
        let within = self.note_within.map(|found| (found, "A row within the table"));
        let last = self.doubtful.map(|found| (found, "The last row"));
        for ((line, begin), which) in within.into_iter().chain(last) {
            let message =
                format!("{which} begins like a note (“{begin}”); it is counted as a row.");
            warnings.add_whole("note", Some(line), message);
        }
        if let Some(line) = first_empty {
            let rows = text::count(i64::try_from(empty).unwrap_or(i64::MAX), "empty row");
            let verb = if empty == 1 { "is" } else { "are" };
            let message = format!("{rows} at the end of the table {verb} not counted.");
            warnings.add_whole("empty_rows", Some(line), message);
        }
    }
}

/// Whether all cells are empty, and none is in quotes.
fn is_empty(record: &Record<'_>) -> bool {
    record.len() > 1
        && (0..record.len()).all(|index| !record.is_quoted(index))
        && record.iter().all(|cell| cell.trim().is_empty())
}

/// The first cell with a text.
fn label<'r>(record: &Record<'r>) -> Option<&'r str> {
    (0..record.len()).filter_map(|index| record.get(index)).map(str::trim).find(|it| !it.is_empty())
}

/// The first cell with a text, as it is shown.
fn begin(record: &Record<'_>) -> String {
    shorten(label(record).unwrap_or_default())
}

/// Whether a record has a label such as `Total:`, and otherwise only figures.
fn is_totals(record: &Record<'_>) -> bool {
    let Some(label) = label(record) else { return false };
    let name = label.trim_matches(['*', ':', '.', ' ', '\u{a0}']).to_lowercase();
    if !TOTALS.contains(&name.as_str()) {
        return false;
    }
    let others = record.iter().map(str::trim).filter(|cell| !cell.is_empty()).skip(1);
    let classes: Vec<_> = others.map(class).collect();
    let is_figure = |class: &Class| matches!(class, Class::Number | Class::Empty);
    classes.contains(&Class::Number) && classes.iter().all(is_figure)
}

/// Whether a record has one cell with a text.
fn is_note(record: &Record<'_>) -> bool {
    record.iter().filter(|cell| !cell.trim().is_empty()).count() == 1
}
