//! Lines of a log as HTML, made on the server: what a task or a command has said is text and never
//! markup.

use std::fmt::Write as _;

use milepost::{
    engine::{Caller, Service, ServiceError},
    task::{AnsiStyle, LogLine, LogStream, TaskId, ansi_spans},
    view::text,
};

use crate::api::LogPiece;

/// Lines that a page takes in at once; of more, the latest.
const MOST_LINES: u32 = 500;

/// The lines after one, at most so many of the latest, and what is missing before them. `None` where
/// there is no task that this caller may see.
pub(crate) async fn read_on(
    service: &Service,
    caller: &Caller,
    id: TaskId,
    after: i64,
) -> Result<Option<LogPiece>, ServiceError> {
    Ok(service.log_since(caller, id, after, MOST_LINES).await?.map(|lines| piece(&lines, after)))
}

fn piece(lines: &[LogLine], after: i64) -> LogPiece {
    let mut html = String::new();
    for line in lines {
        write_line(&mut html, line);
    }
    LogPiece { html, seq: lines.last().map_or(after, |line| line.seq) }
}

fn write_line(html: &mut String, line: &LogLine) {
    if line.left_out > 0 {
        html.push_str("<span class=\"gap\">");
        // Writing to a text cannot fail.
        let _ = write!(html, "{} lines are not shown here", line.left_out);
        html.push_str("</span>");
    }
    html.push_str("<span><time>");
    escape(html, text::clock(&line.at));
    html.push_str("</time> ");
    if line.stream == LogStream::Stderr {
        html.push_str("<b>err</b> ");
    }
    for (style, text) in ansi_spans(&line.text) {
        let classes = classes(style);
        if classes.is_empty() {
            escape(html, &text);
        } else {
            let _ = write!(html, "<span class=\"{classes}\">");
            escape(html, &text);
            html.push_str("</span>");
        }
    }
    html.push_str("\n</span>");
}

/// `a1`: text in colour 1; `bg g4`: on colour 4; and the first letters of the emphases.
fn classes(style: AnsiStyle) -> String {
    let AnsiStyle { bold, faint, italic, underline, inverse, text, background } = style;
    // Exchanged, the page's own colours need names, too: 7 on 0 is what they are on a terminal.
    let (text, background) = match inverse {
        true => (Some(background.unwrap_or(0)), Some(text.unwrap_or(7))),
        false => (text, background),
    };
    let mut classes = Vec::new();
    classes.extend(text.map(|colour| format!("a{colour}")));
    classes.extend(background.map(|colour| format!("bg g{colour}")));
    for (is, class) in [(bold, "ab"), (faint, "af"), (italic, "ai"), (underline, "au")] {
        classes.extend(is.then(|| class.to_owned()));
    }
    classes.join(" ")
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: i64, left_out: i64, stream: LogStream, text: &str) -> LogLine {
        let at = "2026-11-25T14:02:11.123Z".to_owned();
        LogLine { seq, at, stream, left_out, text: text.to_owned() }
    }

    #[test]
    fn a_line_is_text_with_its_time_and_colours() {
        let text = "\u{1b}[31mred\u{1b}[0m <img src=x onerror=alert(1)> & '\"";
        let piece = piece(&[line(7, 0, LogStream::Stderr, text)], 3);
        assert_eq!(piece.seq, 7);
        assert_eq!(
            piece.html,
            "<span><time>14:02:11</time> <b>err</b> <span class=\"a1\">red</span> \
             &lt;img src=x onerror=alert(1)&gt; &amp; &#39;&quot;\n</span>"
        );
    }

    #[test]
    fn a_gap_is_named_before_the_line_that_follows_it() {
        let piece = piece(&[line(9, 94, LogStream::Task, "x")], 3);
        assert!(piece.html.starts_with("<span class=\"gap\">94 lines are not shown here</span>"));
        assert_eq!(super::piece(&[], 3), LogPiece { html: String::new(), seq: 3 });
    }

    #[test]
    fn no_sequence_makes_a_class_of_its_own() {
        let text = "\u{1b}[7mx\u{1b}[38;5;\"><script>mx\u{1b}[1;3;4;2my";
        let html = piece(&[line(1, 0, LogStream::Task, text)], 0).html;
        assert!(html.contains("<span class=\"a0 bg g7\">x"), "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("class=\"a0 bg g7 ab af ai au\">y"), "{html}");
    }
}
