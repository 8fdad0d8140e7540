//! CSV as a table: its first rows and columns.

use milepost_app::viewers::Preview;

use milepost::html::{Html, escape, put};
use milepost_dataset::Sheet;

use super::{ViewError, text, text_of};

const MAX_ROWS: usize = 200;
const MAX_COLUMNS: usize = 50;
const MAX_CHARS: usize = 200;

/// Renders the names of the columns and the first rows; as text where there is no table.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let (text, is_whole) = text_of(beginning, usize::MAX);
    let Some(mut sheet) = Sheet::of(&text) else { return text::view(beginning, html) };
    let above = sheet.lines_above();
    if above > 0 {
        let lines = if above == 1 { "line" } else { "lines" };
        put!(html, "<p>The table begins below {above} {lines} of other text.</p>");
    }
    html.push_str("<div class=\"sheet\" tabindex=\"0\"><table><thead>");
    let mut wider = row(html, "th", sheet.header().iter().map(String::as_str));
    html.push_str("</thead><tbody>");
    let (mut shown, mut unshown) = (0_usize, 0_usize);
    while shown < MAX_ROWS
        && !html.is_full()
        && let Some(cells) = sheet.next_row()
    {
        wider |= row(html, "td", cells);
        shown += 1;
    }
    html.push_str("</tbody></table></div>");
    while sheet.next_row().is_some() {
        unshown += 1;
    }
    let all = shown + unshown;
    let more = !is_whole || unshown > 0;
    let count = if all == 1 { "1 row" } else { &format!("{all} rows") };
    match (more, is_whole) {
        (false, _) => put!(html, "<p>{count}.</p>"),
        (true, true) => put!(html, "<p>{count}; the first {shown} of them are shown.</p>"),
        (true, false) => {
            put!(html, "<p>More than {count}; the first {shown} of them are shown.</p>")
        }
    }
    if wider {
        put!(html, "<p>Of each row the first {MAX_COLUMNS} cells are shown.</p>");
    }
    if more || wider {
        html.is_only_the_beginning();
    }
    Ok(())
}

/// Writes the first cells of a row; returns whether it has more.
fn row<'c>(html: &mut Html, tag: &str, mut cells: impl Iterator<Item = &'c str>) -> bool {
    html.push_str("<tr>");
    for cell in cells.by_ref().take(MAX_COLUMNS) {
        let (cell, dots) = short(cell);
        put!(html, "<{tag}>{}{dots}</{tag}>", escape(cell));
    }
    html.push_str("</tr>");
    cells.next().is_some()
}

/// The beginning of a cell, and an ellipsis if it continues.
fn short(cell: &str) -> (&str, &'static str) {
    match cell.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => (&cell[..end], "…"),
        None => (cell, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{shown, view_beginning},
        *,
    };

    #[test]
    fn the_first_rows_are_a_table_whose_cells_are_no_markup() {
        let html = shown(view, b"\xef\xbb\xbfa;<b>\n1;\"x;\n<script>\"\n2\n").unwrap();
        assert_eq!(
            html,
            "<div class=\"sheet\" tabindex=\"0\"><table><thead><tr><th>a</th><th>&lt;b&gt;</th></tr>\
             </thead><tbody><tr><td>1</td><td>x;\n&lt;script&gt;</td></tr><tr><td>2</td></tr>\
             </tbody></table></div><p>2 rows.</p>"
        );
    }

    #[test]
    fn a_table_is_that_of_the_profile() {
        let html = shown(view, b"Sales of May\n\nday;sum\n1;20\n2;30\n").unwrap();
        assert!(html.starts_with("<p>The table begins below 2 lines of other text.</p>"), "{html}");
        assert!(html.contains("<th>day</th><th>sum</th>") && html.contains("<p>2 rows.</p>"));
        let html = shown(view, b"1,2\n3,4\n5,6\n").unwrap();
        assert!(html.contains("<th>column_1</th>") && html.contains("<p>3 rows.</p>"), "{html}");
        let html = shown(view, b"<!doctype html>\n<p>Sign in</p>\n").unwrap();
        assert!(html.starts_with("<pre"), "{html}");
    }

    #[test]
    fn what_is_left_out_is_told() {
        let long = format!("a\n{}", "1\n".repeat(300));
        let html = shown(view, long.as_bytes()).unwrap();
        assert!(html.contains("<p>300 rows; the first 200 of them are shown.</p>"), "{html}");
        let html = view_beginning(view, b"a\n1\n").unwrap();
        assert!(html.contains("<p>More than 1 row; the first 1 of them are shown.</p>"), "{html}");
        for (rows, expected) in
            [(0, "0 rows."), (1, "1 row."), (200, "200 rows."), (201, "201 rows; ")]
        {
            let html = shown(view, format!("a\n{}", "1\n".repeat(rows)).as_bytes()).unwrap();
            assert!(html.contains(&format!("<p>{expected}")), "{rows}: {html}");
        }
        let utf_16: Vec<u8> =
            "\u{feff}a;ü\n1;2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(shown(view, &utf_16).unwrap().contains("<th>ü</th>"));
        assert!(shown(view, b"a;b\nM\xfcller;2\n").unwrap().contains("<td>Müller</td>"));
        let wide = ["x"; 60].join(",");
        assert!(shown(view, wide.as_bytes()).unwrap().contains("the first 50 cells"));
        let cell = "y".repeat(300);
        assert!(shown(view, cell.as_bytes()).unwrap().contains('…'));
        assert!(shown(view, b"\n").unwrap().starts_with("<pre"));
    }
}
