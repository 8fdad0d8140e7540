//! CSV as a table: the first rows and columns of it.

use milepost_app::viewers::Beginning;

use super::ViewError;
use crate::{
    html::{escape, put},
    tasks::dataset,
};

const MOST_ROWS: usize = 200;
const MOST_COLUMNS: usize = 50;
const MOST_CHARACTERS: usize = 200;

/// The first record as the head, and the next ones as rows.
pub(super) fn view(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    let text = String::from_utf8_lossy(beginning.bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = dataset::records(text);
    let mut record = csv::StringRecord::new();
    let (mut rows, mut more, mut wider) = (0, !beginning.is_whole, false);
    let mut html = String::from("<div class=\"sheet\" tabindex=\"0\"><table><thead><tr>");
    while reader.read_record(&mut record).unwrap_or(false) {
        if rows > MOST_ROWS {
            more = true;
            break;
        }
        wider |= record.len() > MOST_COLUMNS;
        let tag = if rows == 0 { "th" } else { "td" };
        if rows > 0 {
            html.push_str("<tr>");
        }
        for cell in record.iter().take(MOST_COLUMNS) {
            put!(html, "<{tag}>{}</{tag}>", escape(&short(cell)));
        }
        html.push_str(if rows == 0 { "</tr></thead><tbody>" } else { "</tr>" });
        rows += 1;
    }
    if rows == 0 {
        return Err(ViewError::Malformed("there is no row in it".to_owned()));
    }
    html.push_str("</tbody></table></div>");
    if more {
        put!(html, "<p>The first {} rows are shown.</p>", rows - 1);
    }
    if wider {
        put!(html, "<p>Of each row the first {MOST_COLUMNS} cells are shown.</p>");
    }
    Ok(html)
}

fn short(cell: &str) -> String {
    match cell.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{begun, shown},
        *,
    };

    #[test]
    fn the_first_rows_are_a_table_whose_cells_are_no_markup() {
        let html = shown(view, b"\xef\xbb\xbfa;<b>\n1;\"x;\n<script>\"\n2\n").unwrap();
        assert_eq!(
            html,
            "<div class=\"sheet\" tabindex=\"0\"><table><thead><tr><th>a</th><th>&lt;b&gt;</th></tr>\
             </thead><tbody><tr><td>1</td><td>x;\n&lt;script&gt;</td></tr><tr><td>2</td></tr>\
             </tbody></table></div>"
        );
    }

    #[test]
    fn what_is_left_out_is_told() {
        let long = format!("a\n{}", "1\n".repeat(300));
        assert!(shown(view, long.as_bytes()).unwrap().contains("The first 200 rows are shown"));
        assert!(begun(view, b"a\n1\n").unwrap().contains("The first 1 rows are shown"));
        let wide = ["x"; 60].join(",");
        assert!(shown(view, wide.as_bytes()).unwrap().contains("the first 50 cells"));
        let cell = "y".repeat(300);
        assert!(shown(view, cell.as_bytes()).unwrap().contains('…'));
        assert!(matches!(shown(view, b""), Err(ViewError::Malformed(_))));
    }
}
