//! Renders log lines as HTML on the server. Output of tasks and commands is always text, never
//! markup.

use std::{fmt::Write as _, iter::Peekable, ops::Range};

use milepost::{
    engine::{Caller, FoundLines, Service, ServiceError},
    html::{Html, HtmlLimits},
    task::{AnsiStyle, LogLine, LogStream, TaskId, ansi_spans, hits_in_line},
    view::text,
};

use crate::wire::LogPiece;

/// Maximum number of lines that a page shows at once; of more, the latest.
const MAX_LINES: u32 = 500;

/// Placeholder until a line contains the searched text.
pub(crate) const NOTHING_FOUND: &str = "<span class=\"gap\">No line contains this so far</span>";

/// Renders the lines after `after`, limited to the latest, with a note about omitted lines. If
/// `find` is not empty, only lines that contain it. `None` if the caller has no such task.
pub(crate) async fn read_on(
    service: &Service,
    caller: &Caller,
    id: TaskId,
    after: i64,
    find: &str,
    limits: HtmlLimits,
) -> Result<Option<LogPiece>, ServiceError> {
    if find.is_empty() {
        let lines = service.log_since(caller, id, after, MAX_LINES).await?;
        return Ok(lines.map(|lines| piece(&lines, after, find, limits)));
    }
    let found = service.log_end_with(caller, id, after, find, MAX_LINES).await?;
    Ok(found.map(|FoundLines { lines, seq, .. }| LogPiece {
        seq,
        ..piece(&lines, after, find, limits)
    }))
}

/// Renders the lines after `after` within the page's limits; if not all fit, the latest.
fn piece(lines: &[LogLine], after: i64, find: &str, limits: HtmlLimits) -> LogPiece {
    let html = render(lines, find, limits).into_iter().map(|(_, html)| html).collect();
    LogPiece { html, seq: lines.last().map_or(after, |line| line.seq) }
}

/// [`render`] for the answer of a poll: each line after its number and a blank.
pub(crate) fn numbered(lines: &[LogLine], find: &str, limits: HtmlLimits) -> Vec<String> {
    let lines = render(lines, find, limits).into_iter();
    lines.map(|(seq, html)| format!("{seq} {html}")).collect()
}

/// Renders each line, by its number, with the note about lines omitted before it. If not all are within the limits,
/// the latest.
fn render(lines: &[LogLine], find: &str, limits: HtmlLimits) -> Vec<(i64, String)> {
    let first = lines.len().saturating_sub(MAX_LINES as usize);
    let (mut room, mut shown) = (limits.max_bytes, Vec::new());
    for line in lines[first..].iter().rev() {
        let mut html = Html::part(limits.with(|limits| limits.max_bytes = room));
        write_line(&mut html, line, find);
        let is_full = html.is_full();
        // The latest line is always shown, at least its beginning.
        if is_full && !shown.is_empty() {
            break;
        }
        let html = html.finish() + if is_full { "…\n" } else { "" };
        room = room.saturating_sub(html.len() + MAX_GAP_BYTES);
        shown.push(html);
    }
    let (missing, lines_shown) = lines.split_at(lines.len() - shown.len());
    let mut left_out = missing.iter().map(|line| line.left_out.saturating_add(1)).sum::<i64>();
    let with_gap = |(line, text): (&LogLine, String)| {
        let mut html = gap(line.left_out.saturating_add(std::mem::take(&mut left_out)));
        html.push_str(&text);
        (line.seq, html)
    };
    lines_shown.iter().zip(shown.into_iter().rev()).map(with_gap).collect()
}

/// Room for the note about omitted lines, in bytes.
const MAX_GAP_BYTES: usize = 80;

/// The note about omitted lines; empty for none.
fn gap(lines: i64) -> String {
    match lines {
        ..=0 => String::new(),
        1 => "<span class=\"gap\">1 line is not shown here</span>".to_owned(),
        _ => format!("<span class=\"gap\">{lines} lines are not shown here</span>"),
    }
}

fn write_line(html: &mut Html, line: &LogLine, find: &str) {
    html.push_str("<span><time datetime=\"");
    put_text(html, &line.at);
    html.push_str("\">");
    put_text(html, text::clock(&line.at));
    html.push_str("</time> ");
    if line.stream == LogStream::Stderr {
        html.push_str("<b>err</b> ");
    }
    let (mut hits, mut place) = (hits_in_line(&line.text, find).into_iter().peekable(), 0);
    for (style, text) in ansi_spans(&line.text) {
        let classes = classes(style);
        if !classes.is_empty() {
            let _ = write!(html, "<span class=\"{classes}\">");
        }
        place = mark(html, &text, place, &mut hits);
        if !classes.is_empty() {
            html.push_str("</span>");
        }
    }
    html.push_str("\n</span>");
}

/// Writes a text; a full page ignores it.
fn put_text(html: &mut Html, text: &str) {
    let _ = html.text(text);
}

/// Writes a text that begins at character `place` of its line, and marks the search hits in it.
/// Returns the position after it.
fn mark(
    html: &mut Html,
    text: &str,
    mut place: usize,
    hits: &mut Peekable<impl Iterator<Item = Range<usize>>>,
) -> usize {
    let mut letters = text.chars();
    let mut rest = text.chars().count();
    while rest > 0 {
        while hits.next_if(|hit| hit.end <= place).is_some() {}
        let (end, marked) = match hits.peek() {
            Some(hit) if hit.start <= place => (hit.end, true),
            Some(hit) => (hit.start, false),
            None => (usize::MAX, false),
        };
        let count = rest.min(end - place);
        let run: String = letters.by_ref().take(count).collect();
        html.push_str(if marked { "<mark>" } else { "" });
        put_text(html, &run);
        html.push_str(if marked { "</mark>" } else { "" });
        (rest, place) = (rest - count, place + count);
    }
    place
}

/// CSS classes: `a1` for text in colour 1, `bg g4` for background colour 4, letters for emphasis.
fn classes(style: AnsiStyle) -> String {
    let AnsiStyle { bold, faint, italic, underline, inverse, text, background, .. } = style;
    // When colours are swapped, the default colours need names, too: 7 on 0, as on a terminal.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(lines: &[LogLine], after: i64, find: &str) -> LogPiece {
        super::piece(lines, after, find, HtmlLimits::default())
    }

    #[test]
    fn of_lines_that_are_more_than_a_page_the_latest_are_shown_and_the_others_counted() {
        let loud = "\u{1b}[1mx\u{1b}[0mx".repeat(200);
        let lines: Vec<_> = (1..=500).map(|seq| line(seq, 0, LogStream::Task, &loud)).collect();
        let limits = HtmlLimits::default().with(|limits| limits.max_bytes = 100_000);
        let piece = super::piece(&lines, 0, "x", limits);
        assert!(piece.html.len() <= limits.max_bytes, "{}", piece.html.len());
        let shown = piece.html.matches("<time ").count();
        assert!((1..500).contains(&shown), "{shown}");
        let gap = format!("<span class=\"gap\">{} lines are not shown here", 500 - shown);
        assert!(piece.html.starts_with(&gap), "{}", &piece.html[..100]);
        assert_eq!(piece.seq, 500);
        let one = super::piece(&lines[..1], 0, "", limits.with(|limits| limits.max_bytes = 500));
        assert!(one.html.len() <= 510 && one.html.ends_with("…\n"), "{}", one.html);
    }

    fn line(seq: i64, left_out: i64, stream: LogStream, text: &str) -> LogLine {
        LogLine::new(seq, "2026-11-25T14:02:11.123Z", text).with(|line| {
            line.stream = stream;
            line.left_out = left_out;
        })
    }

    #[test]
    fn a_line_is_text_with_its_time_and_colours() {
        let text = "\u{1b}[31mred\u{1b}[0m <img src=x onerror=alert(1)> & '\"";
        let piece = piece(&[line(7, 0, LogStream::Stderr, text)], 3, "");
        assert_eq!(piece.seq, 7);
        assert_eq!(
            piece.html,
            "<span><time datetime=\"2026-11-25T14:02:11.123Z\">14:02:11</time> <b>err</b> <span class=\"a1\">red</span> \
             &lt;img src=x onerror=alert(1)&gt; &amp; &#39;&quot;\n</span>"
        );
    }

    #[test]
    fn a_gap_is_named_before_the_line_that_follows_it() {
        let gap = piece(&[line(9, 94, LogStream::Task, "x")], 3, "");
        assert!(gap.html.starts_with("<span class=\"gap\">94 lines are not shown here</span>"));
        assert_eq!(piece(&[], 3, ""), LogPiece { html: String::new(), seq: 3 });
    }

    #[test]
    fn no_sequence_makes_a_class_of_its_own() {
        let text = "\u{1b}[7mx\u{1b}[38;5;\"><script>mx\u{1b}[1;3;4;2my";
        let html = piece(&[line(1, 0, LogStream::Task, text)], 0, "").html;
        assert!(html.contains("<span class=\"a0 bg g7\">x"), "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("class=\"a0 bg g7 ab af ai au\">y"), "{html}");
    }

    #[test]
    fn what_is_looked_for_is_marked_whatever_its_case_and_colours() {
        let html =
            |text: &str, find: &str| piece(&[line(1, 0, LogStream::Task, text)], 0, find).html;
        let told = html("Er\u{1b}[31mror <b> error\u{1b}[0m end", "ERROR");
        let right = "</time> <mark>Er</mark><span class=\"a1\"><mark>ror</mark> &lt;b&gt; \
                     <mark>error</mark></span> end\n";
        assert!(told.contains(right), "{told}");
        assert!(html("a <b", "<b").contains("a <mark>&lt;b</mark>"));
        assert!(!html("abc", "x").contains("<mark>"));
    }
}
