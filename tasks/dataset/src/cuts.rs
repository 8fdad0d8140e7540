//! Whether a delimiter would cut values in two: a time at its colon, a date at its blanks.

use std::net::{IpAddr, SocketAddr};

use super::{
    class::{Class, class},
    number,
    sample::SampleRow,
    table::Table,
};

/// Whether all lines are values as a whole that this delimiter would cut: dates and times at a colon
/// or a blank, numbers with a sign between thousands at their comma.
pub(super) fn would_cut(lines: &[SampleRow], delimiter: u8) -> bool {
    let mut cells = lines.iter().filter_map(|line| line.cells.first()).map(|(cell, _)| cell);
    match delimiter {
        _ if lines.len() < 2 => false,
        b':' | b' ' => cells.all(|cell| matches!(class(cell), Class::Date | Class::Time)),
        b',' => cells.clone().any(|cell| is_grouped(cell)) && cells.all(|cell| has_cents(cell)),
        _ => false,
    }
}

/// What nearly all lines have as often between texts, though no delimiter of one character
/// separates them: several blanks, or `::`.
pub(super) fn wide_separator(lines: &[SampleRow]) -> Option<&'static str> {
    [("several blanks", "  "), ("“::”", "::")].into_iter().find_map(|(name, sign)| {
        let parts = |line: &SampleRow| {
            let text = line.cells.first().map_or("", |(text, _)| text.trim());
            // `1::2` may be two cells, `fe80::1` is an address.
            let is_address = text.find(':') == Some(4) && text.parse::<IpAddr>().is_ok();
            if is_address { 0 } else { text.split(sign).filter(|it| !it.trim().is_empty()).count() }
        };
        let usual = lines.first().map(parts).filter(|usual| *usual > 1)?;
        let even = lines.iter().filter(|line| parts(line) == usual).count();
        (lines.len() > 2 && even * 10 >= lines.len() * 9).then_some(name)
    })
}

/// Whether a text is a number with two decimals at most, such as `1.234,56` or `12,00`.
fn has_cents(text: &str) -> bool {
    [',', '.'].into_iter().any(|decimal| {
        let decimals = text.trim().rsplit_once(decimal).map(|(_, decimals)| decimals.len());
        number::parse(text.trim(), decimal).is_some() && matches!(decimals, Some(1 | 2))
    })
}

/// Whether a text is a number with a point and a comma, of which only one can be the decimal sign.
fn is_grouped(text: &str) -> bool {
    text.contains('.') && text.contains(',') && has_cents(text)
}

/// Whether colons stand within times or addresses in more than one of ten rows of a table.
///
/// `lines` are the rows without a delimiter. A row that is a value as a whole may also be a row of
/// numbers, below a header with as many cells that is none.
pub(super) fn are_cut(lines: &[SampleRow], rows: &[SampleRow], table: &Table) -> bool {
    let is_named = table.votes.is_header() && rows[table.start].len == table.width;
    let lines = lines.get(table.start..).unwrap_or_default();
    let Some((header, below)) = lines.split_first() else { return false };
    let is_named = is_named && !has_whole(header, false);
    let cut = below.iter().filter(|line| has_whole(line, is_named)).count();
    let cut = cut + usize::from(!is_named && has_whole(header, false));
    cut * 10 > lines.len()
}

/// Whether a line has a value with a colon outside of quotes; unless it is nothing else, if
/// `may_be_row`.
fn has_whole(line: &SampleRow, may_be_row: bool) -> bool {
    let Some((text, _)) = line.cells.first() else { return false };
    let text = text.trim();
    if may_be_row && !text.contains(' ') {
        return text.contains("://");
    }
    text.split('"').step_by(2).any(|part| {
        let words = part.split(|char: char| char.is_whitespace() || ",;|=()<>".contains(char));
        words.filter(|word| word.contains(':')).any(is_whole)
    })
}

fn is_whole(word: &str) -> bool {
    let word = word.trim_matches(['\'', '.']).trim_end_matches(':');
    let inner = word.trim_matches(['[', ']']);
    let is_hardware = || {
        let parts: Vec<&str> = inner.split(':').collect();
        let is_part = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
        parts.len() == 6 && parts.iter().all(is_part)
    };
    inner.contains(':')
        && (matches!(class(inner), Class::Date | Class::Time)
            || word.contains("://")
            || word.parse::<SocketAddr>().is_ok()
            || inner.parse::<IpAddr>().is_ok()
            || is_hardware())
}
