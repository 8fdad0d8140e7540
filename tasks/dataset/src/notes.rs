//! Notes below a table: where the figures come from, and when.

use super::record::Record;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Nothing like a note.
    Row,
    /// It begins like a note, but fits as a row.
    Perhaps,
    /// It begins like a note, and does not fit as a row.
    Note,
}

/// Words before the colon of a note, in lower case.
const WORDS: [&str; 57] = [
    "source",
    "sources",
    "data source",
    "data sources",
    "note",
    "notes",
    "footnote",
    "footnotes",
    "remark",
    "remarks",
    "disclaimer",
    "copyright",
    "license",
    "licence",
    "as of",
    "last updated",
    "last update",
    "updated",
    "downloaded",
    "retrieved",
    "accessed",
    "exported",
    "generated",
    "created",
    "quelle",
    "quellen",
    "datenquelle",
    "hinweis",
    "hinweise",
    "anmerkung",
    "anmerkungen",
    "fußnote",
    "stand",
    "datenstand",
    "erstellt am",
    "abgerufen am",
    "letzte aktualisierung",
    "lizenz",
    "fuente",
    "fuentes",
    "nota",
    "notas",
    "fonte",
    "fonti",
    "remarque",
    "remarques",
    "bron",
    "noot",
    "kilde",
    "kilder",
    "källa",
    "lähde",
    "źródło",
    "zdroj",
    "forrás",
    "kaynak",
    "источник",
];

/// How much a record is like a note below a table of so many columns; `has_blanks`: cells of rows
/// begin with a blank, too.
pub(super) fn likeness(record: &Record<'_>, columns: usize, has_blanks: bool) -> Likeness {
    let mut cells = record.iter().map(str::trim).filter(|cell| !cell.is_empty());
    let Some(label) = cells.next() else { return Likeness::Row };
    let filled = 1 + cells.count();
    if is_footnote(label) && filled == 1 && columns > 1 {
        return if record.len() == 1 { Likeness::Note } else { Likeness::Perhaps };
    }
    if !is_label(label) {
        return Likeness::Row;
    }
    let is_cut = !has_blanks && goes_on(record);
    if filled < columns || record.len() != columns || is_cut {
        Likeness::Note
    } else if columns > 1 {
        Likeness::Perhaps
    } else {
        Likeness::Row
    }
}

/// Whether a cell after the first begins with a blank, as where a sentence was cut at its comma.
pub(super) fn goes_on(record: &Record<'_>) -> bool {
    let is_part = |index: usize| {
        !record.is_quoted(index) && record.get(index).is_some_and(|cell| cell.starts_with(' '))
    };
    (1..record.len()).any(is_part)
}

/// Whether a text begins like a note: `Source: the office`, `© The office`.
fn is_label(text: &str) -> bool {
    let text = text.trim_start_matches(['*', '(', '[', '"', '“']);
    if text.starts_with('©') || text.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("(c) ")) {
        return true;
    }
    text.split_once(':').is_some_and(|(word, _)| {
        let word = word.trim().trim_end_matches("(n)").to_lowercase();
        WORDS.contains(&word.as_str())
    })
}

/// Whether a text begins with a mark of footnotes: `* provisional`, `1) without the islands`.
fn is_footnote(text: &str) -> bool {
    let rest = text.trim_start_matches(['*', '†', '‡', '¹', '²', '³']);
    let number = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let is_numbered = number.len() < text.len() && text.len() - number.len() < 3;
    rest.len() < text.len() && rest.chars().any(char::is_alphabetic)
        || is_numbered && number.starts_with(") ")
}
