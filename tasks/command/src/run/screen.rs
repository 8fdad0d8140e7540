//! The last lines of a command's output, shown while it runs.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use milepost::{engine::Context, task::plain};

/// Number of lines that are shown.
const MAX_LINES: usize = 24;
/// Maximum length of a shown line, in characters.
const MAX_LINE_CHARS: usize = 400;
/// Minimum time between two previews.
const INTERVAL: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Default)]
pub(super) struct Screen {
    lines: VecDeque<String>,
    is_shown: bool,
    shown_at: Option<Instant>,
}

impl Screen {
    /// Adds a line of which secrets are hidden.
    pub(super) fn push(&mut self, line: &str) {
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.chars().take(MAX_LINE_CHARS).collect());
        self.is_shown = false;
    }

    /// Shows the lines if there are new ones, and the last time was long enough ago.
    pub(super) fn show(&mut self, ctx: &Context, now: Instant) {
        let early = self.shown_at.is_some_and(|at| now.saturating_duration_since(at) < INTERVAL);
        if self.is_shown || early || self.lines.is_empty() {
            return;
        }
        (self.is_shown, self.shown_at) = (true, Some(now));
        ctx.preview("text/plain", self.text());
    }

    /// The lines, each with its end.
    fn text(&self) -> String {
        self.lines.iter().map(|line| plain(line) + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown_without_colours_and_cut() {
        let mut screen = Screen::default();
        for number in 1..=30 {
            screen.push(&format!("\u{1b}[31mline {number}\u{1b}[0m"));
        }
        screen.push(&"x".repeat(1_000));
        let text = screen.text();
        assert!(text.starts_with("line 8\nline 9\n"), "{text}");
        assert_eq!(text.lines().count(), MAX_LINES);
        assert!(text.ends_with(&format!("\n{}\n", "x".repeat(MAX_LINE_CHARS))), "{text}");
    }
}
