//! CSV as a table: its first rows and columns.

use milepost_app::viewers::Preview;

use milepost::html::{Html, escape, put};
use milepost_dataset as dataset;

use super::{ViewError, text_of};

const MAX_ROWS: usize = 200;
const MAX_COLUMNS: usize = 50;
const MAX_CHARS: usize = 200;

/// Renders the first record as the header and the next ones as rows.
pub(super) fn view(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let (text, is_whole) = text_of(beginning, usize::MAX);
    let mut reader = dataset::records(&text);
    let mut record = csv::StringRecord::new();
    let (mut rows, mut unshown, mut wider) = (0_usize, 0, false);
    html.push_str("<div class=\"sheet\" tabindex=\"0\"><table><thead><tr>");
    while !html.is_full() && reader.read_record(&mut record).unwrap_or(false) {
        if rows > MAX_ROWS {
            unshown = 1;
            break;
        }
        wider |= record.len() > MAX_COLUMNS;
        let tag = if rows == 0 { "th" } else { "td" };
        if rows > 0 {
            html.push_str("<tr>");
        }
        for cell in record.iter().take(MAX_COLUMNS) {
            let (cell, dots) = short(cell);
            put!(html, "<{tag}>{}{dots}</{tag}>", escape(cell));
        }
        html.push_str(if rows == 0 { "</tr></thead><tbody>" } else { "</tr>" });
        rows += 1;
    }
    if rows == 0 {
        return Err(ViewError::Malformed("there is no row in it".to_owned()));
    }
    html.push_str("</tbody></table></div>");
    let shown = rows - 1;
    while reader.read_record(&mut record).unwrap_or(false) {
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
        assert!(matches!(shown(view, b""), Err(ViewError::Malformed(_))));
    }
}
