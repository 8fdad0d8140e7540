//! Result of a command: how it ended and its output, as JSON and as part of a page.

use milepost::task::plain;
use serde::{Deserialize, Serialize};

use milepost::html::{Html, escape, put};

use super::counted;

/// Media type of a [`Report`].
pub const MEDIA_TYPE: &str = "application/vnd.milepost.command+json";

/// How a command ended. Fields are added, never removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Exit code.
    pub exit_code: i32,
    /// Run time in milliseconds.
    pub duration_ms: u64,
    /// Total size of standard output and standard error in bytes.
    pub output_bytes: u64,
    /// Number of those bytes that are missing in `output`.
    pub omitted_bytes: u64,
    /// Output in order of arrival; if it was too long, with a marked gap.
    pub output: String,
    /// Names of the collected files.
    #[serde(default)]
    pub files: Vec<String>,
}

/// Writes the report as HTML that is safe for any output.
pub fn write_html(html: &mut Html, report: &Report) {
    html.push_str("<dl>");
    let seconds = report.duration_ms as f64 / 1000.0;
    let facts = [
        ("Exit code", report.exit_code.to_string()),
        ("Duration", format!("{seconds:.1} s")),
        ("Output", counted(report.output_bytes, "byte", "bytes")),
    ];
    for (name, value) in facts {
        put!(html, "<dt>{name}</dt><dd>{value}</dd>");
    }
    html.push_str("</dl>");
    if !report.files.is_empty() {
        html.push_str("<ul>");
        for name in &report.files {
            put!(html, "<li>{}</li>", harmless(name));
        }
        html.push_str("</ul>");
    }
    if report.output.is_empty() {
        html.push_str("<p>No output</p>");
    } else {
        let output = harmless(&at_the_end(&report.output));
        put!(html, "<pre class=\"plain\" tabindex=\"0\">\n{output}</pre>");
    }
}

/// The output as a terminal would finally show it: last states of overwritten lines, without escape
/// sequences.
fn at_the_end(output: &str) -> String {
    let last = |line: &str| {
        let line = line.trim_end_matches('\r');
        plain(line.rsplit('\r').next().unwrap_or(line))
    };
    output.split('\n').map(last).collect::<Vec<_>>().join("\n")
}

/// Makes control characters visible and removes direction marks, which would affect the text around
/// them.
fn harmless(text: &str) -> String {
    let seen = |c: char| match c {
        '\n' | '\t' => Some(c),
        '\r' => None,
        '\0'..='\u{1f}' => Some(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c => Some(c),
    };
    escape(&text.chars().filter_map(seen).collect::<String>()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_command_writes_is_markup() {
        let report = Report {
            exit_code: 0,
            duration_ms: 1234,
            output_bytes: 9,
            omitted_bytes: 0,
            output: "</code></pre><script>alert(1)</script>\x1b[2J\u{202e}&amp;\r\n\"'".to_owned(),
            files: vec!["<img src=x onerror=alert(1)>.csv".to_owned()],
        };
        let mut html = Html::new(milepost::html::HtmlLimits::default(), "");
        write_html(&mut html, &report);
        let html = html.finish();
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;"), "{html}");
        assert!(html.contains("script&gt;&amp;amp;\n&quot;&#39;"), "{html}");
        assert!(html.contains("<dd>1.2 s</dd>"), "{html}");
    }

    #[test]
    fn lines_are_shown_as_a_terminal_would_show_them_at_the_end() {
        let output = "10%\r 20%\r30% done\r\n\u{1b}[31mred\u{1b}[0m\n\u{1b}]0;a title\u{7}\tlast\n";
        assert_eq!(at_the_end(output), "30% done\nred\n\tlast\n");
    }
}
