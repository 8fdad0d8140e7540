//! What stands above a table with as many cells as its rows: titles, comments, facts about a file.

use super::{
    class::{Class, class},
    sample::{JUDGED, SampleRow, Votes},
};

/// Maximum number of rows above a header.
const MAX_ABOVE: usize = 50;

/// Whether a row is a title that was split at its comma, above a header of single words.
fn is_prose(rows: &[SampleRow], at: usize) -> bool {
    let [row, header, below @ ..] = &rows[at..] else { return false };
    let has_blank = |cell: &(String, bool)| cell.0.trim().contains(' ');
    row.cells.iter().any(|(cell, quoted)| !quoted && cell.starts_with(' '))
        && row.cells.iter().any(has_blank)
        && !header.cells.iter().any(|cell| cell.0.contains(' '))
        && header.len == row.len
        && below.len() > 1
        && Votes::on(header, below).is_header()
        && Votes::on(row, &rows[at + 1..]).data == 0
}

/// The row where the table begins, after titles and comments that have as many cells as it.
pub(super) fn after_titles(rows: &[SampleRow], start: usize, width: usize) -> usize {
    if let Some(header) = below_facts(rows, start, width) {
        return header;
    }
    let votes = |at: usize| Votes::on(&rows[at], &rows[at + 1..]);
    let mut found = start;
    for (at, row) in rows.iter().enumerate().skip(start).take(MAX_ABOVE) {
        if row.len != width {
            continue;
        }
        let is_title = width > 1 && row.filled() * 3 <= width.max(3)
            || row.starts_with('#')
            || is_prose(rows, at);
        if !is_title {
            found = at;
            break;
        }
    }
    let is_comment = rows[start].starts_with('#');
    if found > start && (votes(found).is_header() || width > 2 && !is_comment) {
        found
    } else if found > start && is_comment && width > 1 {
        below_comments(rows, start, found)
    } else {
        start
    }
}

/// The header among comments with as many cells as the first row below them, or that row.
fn below_comments(rows: &[SampleRow], start: usize, found: usize) -> usize {
    // A sentence that was cut at its comma.
    let is_cut = |row: &SampleRow| {
        row.cells.iter().skip(1).any(|(cell, quoted)| !quoted && cell.starts_with(' '))
    };
    let width = rows[found].len;
    let comments = (start..found).rev().filter(|at| {
        rows[*at].len == width && rows[*at].starts_with('#') && !rows[*at].starts_with_text("##")
    });
    let nearest = comments.clone().next().unwrap_or(start);
    match comments.clone().find(|at| !is_cut(&rows[*at])) {
        Some(names) => names,
        None if Votes::on(&rows[found], &rows[found + 1..]).is_data() || is_cut(&rows[found]) => {
            nearest
        }
        None => found,
    }
}

/// Number of cells up to the last one with a text.
fn extent(row: &SampleRow) -> usize {
    row.cells.iter().rposition(|(cell, _)| !cell.trim().is_empty()).map_or(0, |last| last + 1)
}

/// The header below facts that are padded to the width of the table, such as `Account,123,,`.
fn below_facts(rows: &[SampleRow], start: usize, width: usize) -> Option<usize> {
    let fitting = || rows.iter().enumerate().skip(start).filter(|(_, row)| row.len == width);
    let mut extents: Vec<usize> = fitting().take(JUDGED).map(|(_, row)| extent(row)).collect();
    extents.sort_unstable();
    let usual = extents.get(extents.len() / 2).copied()?;
    let (at, header) = fitting().take(MAX_ABOVE).find(|(_, row)| extent(row) >= usual)?;
    let (above, below) = (&rows[start..at], &rows[at + 1..]);
    let is_figure = |(cell, _): &(String, bool)| matches!(class(cell), Class::Number | Class::Date);
    let has_figures = above.iter().any(|row| row.cells.iter().any(is_figure));
    // A name above several columns is no fact.
    if !has_figures && above.len() < 2 || below.len() < 2 || header.filled() + 1 < usual {
        return None;
    }
    let votes = Votes::on(header, below);
    (votes.is_header() && votes.data == 0).then_some(at)
}

/// Whether a row below the header is rather one: texts above figures, with no row of figures before it.
pub(super) fn has_header_below(rows: &[SampleRow], start: usize, width: usize) -> bool {
    for (at, row) in rows.iter().enumerate().skip(start + 1).take(MAX_ABOVE) {
        let votes = Votes::on(row, &rows[at + 1..]);
        if rows.len() - at < 3 || votes.is_data() {
            return false;
        }
        let are_names = row.len == width
            && row.cells.iter().all(|(cell, _)| class(cell) == Class::Text)
            && votes.data == 0
            && votes.header > 1;
        if are_names {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{cells::Dialect, sample::split, table::Table};

    fn found(text: &str) -> (usize, bool) {
        let table = Table::find(&split(text, Dialect::of(Some(b','))));
        (table.start, table.is_doubtful || table.has_second_header)
    }

    #[test]
    fn facts_that_are_padded_to_the_width_are_no_header() {
        let rows = "Date,Desc,Amount,Balance\n2024-01-01,Rent,-1.50,100.00\n\
                    2024-01-02,Food,-2.50,97.50\n2024-01-03,,3,100.50\n";
        for (above, expected) in [
            ("Account,123,,\nPeriod,2024,,\n,,,\n", (3, false)),
            ("Account,123,,\n", (1, false)),
            ("Owner,Roe,,\nBank,Ing,,\n", (2, false)),
            ("My bank,,,\nAccount,123,,\n,,,\n", (3, false)),
            ("Name,Roe,a,b\nAccount,123,c,d\n", (0, true)),
            ("", (0, false)),
        ] {
            assert_eq!(found(&format!("{above}{rows}")), expected, "{above:?}");
        }
    }

    #[test]
    fn rows_below_a_header_are_none() {
        for text in [
            "a,b,\n1,2,\n3,4,5\n5,6,7\n",
            "a,b,c\nx,,\ny,1,2\nz,3,4\n",
            "name,city\nAnn,Bonn\nBob,Rome\nCid,Ulm\n",
            "id,v\n1,oops\n2,5\n3,6\n4,7\n5,8\n6,9\n",
        ] {
            assert_eq!(found(text), (0, false), "{text:?}");
        }
    }
}
